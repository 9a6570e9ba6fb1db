"""The mass axis over a wide range: every law, both strategies and all ways to tell a width, within 4 ulp of 50 digits."""
import numpy as np
import pytest

import reference
import stores
from writer import Pixel, write_imzml

LOW, HIGH = 53.1, 4999.7


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """m/z over the whole range, and some that are edges of the axes below to the last bit, or next to one."""
    mz = np.geomspace(LOW, HIGH, 400)
    for law in reference.LAWS:
        edges = reference.axis(law, LOW, HIGH, bins=3001).edges[1:-1:500]
        mz = np.concatenate([mz, edges, np.nextafter(edges, 0), np.nextafter(edges, 9999)])
    mz = np.unique(mz[(mz >= LOW) & (mz <= HIGH)])
    pixels = [Pixel(x, 1, mz, np.arange(1.0, len(mz) + 1)) for x in (1, 2)]
    return write_imzml(tmp_path_factory.mktemp("axis") / "in.imzML", pixels)


def check(mzgrid, source, path, axis, law, options, ranks=1):
    """The axis; and every point in the bin that the edges say, also where it is an edge itself."""
    range_ = ["--min-mz", LOW, "--max-mz", HIGH, "--interpolation-method", "nearest_neighbor"]
    mzgrid.convert(source, path, "--mass-axis-type", law, *range_, *options, ranks=ranks)
    store = stores.open_store(path)
    edges, centers = stores.assert_axis(store, axis)
    assert edges[0] <= LOW < edges[1]
    expected = reference.table(reference.read_imzml(source), edges, centers, "nearest_neighbor")
    stores.assert_rows(store.table.X, "csc", expected)


@pytest.mark.parametrize("law", reference.LAWS)
def test_number_of_bins(mzgrid, source, tmp_path, law):
    axis = reference.axis(law, LOW, HIGH, bins=3001)
    assert axis.edges[0] == LOW and axis.edges[-1] == HIGH
    check(mzgrid, source, tmp_path / "a.zarr", axis, law, ["--bins", 3001])


WIDTHS = {"constant": "2Da", "linear_tof": "700mDa", "reflector_tof": "900ppm", "orbitrap": "0.45", "fticr": "400mDa"}
DALTON = {"constant": 2.0, "linear_tof": 0.7, "reflector_tof": 0.45, "orbitrap": 0.45, "fticr": 0.4}


@pytest.mark.parametrize("law", reference.LAWS)
def test_width_of_bins(mzgrid, source, tmp_path, law):
    axis = reference.axis(law, LOW, HIGH, width=DALTON[law], reference=500.0)
    assert axis.n > 2000 and axis.edges[-1] >= HIGH > axis.edges[-2]
    options = ["--bin-width", WIDTHS[law], "--reference-mz", 500]
    check(mzgrid, source, tmp_path / "a.zarr", axis, law, options, ranks=2)


@pytest.mark.parametrize("law", reference.LAWS)
def test_windows_share_their_bins(mzgrid, source, tmp_path, law):
    """Two ranges that overlap have the same bins and values there, to the last bit."""
    tables = []
    for name, low, high in (("a", 60.7, 1200.3), ("b", 411.1, 4444.4)):
        path = tmp_path / f"{name}.zarr"
        options = ["--mass-axis-type", law, "--bin-width", WIDTHS[law], "--reference-mz", 500, "--min-mz", low, "--max-mz", high]
        mzgrid.convert(source, path, *options, "--interpolation-method", "nearest_neighbor", ranks=2)
        tables.append(stores.open_store(path).table)
    a, b = tables
    first = int(np.searchsorted(a.var["mz_lower"], b.var["mz_lower"].iloc[0]))
    shared = a.n_vars - first
    assert shared > 100
    for column in ("mz", "mz_lower", "mz_upper", "mean_intensity"):
        assert np.array_equal(a.var[column].to_numpy()[first:], b.var[column].to_numpy()[:shared]), column
    assert np.array_equal(a.X.toarray()[:, first:], b.X.toarray()[:, :shared])


def test_resolution(mzgrid, source, tmp_path):
    axis = reference.axis("orbitrap", LOW, HIGH, width=400.0 / 800, reference=400.0)
    options = ["--resolution", 800, "--reference-mz", 400]
    check(mzgrid, source, tmp_path / "a.zarr", axis, "orbitrap", options)


@pytest.mark.parametrize("options", [["--bins", 2000], ["--bin-width", "0.9", "--reference-mz", 700]], ids=["bins", "width"])
def test_two_term_law(mzgrid, source, tmp_path, options):
    how = {"bins": 2000} if options[0] == "--bins" else {"width": 0.9, "reference": 700.0}
    axis = reference.axis("tof", LOW, HIGH, tof=(1.0, 0.002), **how)
    check(mzgrid, source, tmp_path / "a.zarr", axis, "tof", [*options, "--tof-law", "1:0.002"])


@pytest.mark.parametrize("law, width", [("constant", (0.005, 1000.0)), ("linear_tof", (0.017, 300.0))])
def test_default_width(mzgrid, source, tmp_path, law, width):
    """Without a strategy: 5 mDa at m/z 1000, or 17 mDa at 300 for a linear TOF."""
    axis = reference.axis(law, 500.0, 520.0, width=width[0], reference=width[1])
    cut = ["--min-mz", 500, "--max-mz", 520]
    mzgrid.convert(source, tmp_path / "a.zarr", "--mass-axis-type", law, *cut)
    stores.assert_axis(stores.open_store(tmp_path / "a.zarr"), axis)


@pytest.mark.parametrize(
    "options",
    [
        ["--bins", 10, "--bin-width", "5mDa"],
        ["--min-mz", 500, "--max-mz", 400],
        ["--min-mz", 500, "--max-mz", 500],
        ["--bins", 0],
        ["--bin-width", 0],
        ["--bin-width", "-1"],
        ["--bin-width", "5 furlongs"],
        ["--bins", 2**31],
        ["--mass-axis-type", "cubic"],
        ["--interpolation-method", "magic"],
        ["--reference-mz", 0],
        ["--min-mz", "nan"],
    ],
    ids=lambda o: " ".join(map(str, o)),
)
def test_impossible_options(mzgrid, source, tmp_path, options):
    """A usage error: exit status 2 and one line, on any number of ranks."""
    said = set()
    for ranks in (1, 3):
        run = mzgrid("convert", source, tmp_path / "a.zarr", *options, ranks=ranks)
        assert run.status == 2 and run.err.count("\n") == 1, str(run)
        said.add(run.err)
    assert len(said) == 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize("options", [["--bin-width", "1e-12"], ["--min-mz", 100, "--max-mz", 100.0000000001, "--bins", 10**4]], ids=str)
def test_axis_that_cannot_be(mzgrid, source, tmp_path, options):
    """More bins than can be numbered, and edges that doubles cannot tell apart, are refused with the numbers."""
    for ranks in (1, 2):
        run = mzgrid("convert", source, tmp_path / "a.zarr", *options, ranks=ranks)
        assert run.status == 1 and run.err.splitlines()[-1].startswith("mzgrid: error: "), str(run)
        assert "bins" in run.err.splitlines()[-1]
        assert not list(tmp_path.iterdir())
