"""The range of the mass axis, on the inputs of data-wild and on inputs of our own: what the ends of arrays and the range
that a file states are worth, and what becomes of points that an axis does not hold. The right values of data-wild are
literals, from the README of these inputs."""
import json

import anndata
import numpy as np
import pytest

import reference
from writer import Pixel, write_imzml

RANKS = [1, 3]
COARSE = ["--mass-axis-type", "constant", "--bin-width", "0.5", "--layout", "csr", "--dtype", "float64"]


def case(wild, name):
    return wild / name / f"{name}.imzML"


def table_of(store):
    return anndata.read_zarr(store / "tables" / "msi_dataset_z0")


def assert_refused(run, store, *words):
    assert run.status == 1 and not store.exists(), str(run)
    lines = run.err.splitlines()
    assert all(word in lines[-1] for word in words), str(run)


# Name, lowest and highest m/z, sum of all intensities.
CASES = [
    ("mobility_order", 110.5, 989.5, 215346),
    ("mz_out_of_order_ends", 120.5, 950.5, 105508),
    ("range_f32_out", 120.299995, 950.70001, 105508),
    ("range_rounded", 120.12344, 950.98766, 105508),
    ("range_f32", 120.00000762939453, 950.0, 105508),
    ("range_nominal", 99.9879, 1000.2158, 105508),
]


@pytest.mark.parametrize("ranks", RANKS)
@pytest.mark.parametrize("name, low, high, total", CASES, ids=[c[0] for c in CASES])
def test_no_point_is_lost(mzgrid, wild, tmp_path, name, low, high, total, ranks):
    options = ["--mobility", "sum"] if ranks > 1 and name == "mobility_order" else []
    run = mzgrid.convert(case(wild, name), tmp_path / "out.zarr", *COARSE, *options, ranks=ranks)
    table = table_of(tmp_path / "out.zarr")
    axis = table.uns["mzgrid"]["mass_axis"]
    assert table.X.sum() == total, str(run)
    assert axis["min_mz"] <= low < axis["min_mz"] + 1 and axis["max_mz"] - 1 < high <= axis["max_mz"]
    assert "outside the mass axis" not in run.err


@pytest.mark.parametrize("ranks", RANKS)
def test_empty_spectra_state_no_range(mzgrid, wild, tmp_path, ranks):
    """Two of twelve are empty and state 0 to 0; the others state what they have."""
    run = mzgrid.convert(case(wild, "range_zero"), tmp_path / "out.zarr", *COARSE, ranks=ranks)
    document = reference.read_imzml(case(wild, "range_zero"))
    total = sum(reference.decode(document, s)[1].sum() for s in document.spectra)
    assert table_of(tmp_path / "out.zarr").X.sum() == total > 0
    assert "that every spectrum states" in run.err


@pytest.mark.parametrize("name", ["mobility_order", "mz_out_of_order_ends"])
def test_axis_of_arrays_out_of_order(mzgrid, wild, tmp_path, name):
    low, high = {c[0]: c[1:3] for c in CASES}[name]
    run = mzgrid("axis", case(wild, name), "-o", tmp_path / "axis.json", "--bins", 100)
    assert run.status == 0, str(run)
    axis = json.loads((tmp_path / "axis.json").read_text())
    assert (axis["min_mz"], axis["max_mz"]) == (low, high)


@pytest.mark.parametrize("name", ["range_f32_out", "range_rounded", "range_f32", "range_zero", "range_nominal"])
def test_validate_allows_for_rounding(mzgrid, wild, name):
    run = mzgrid("validate", case(wild, name), "--json")
    assert run.status == 0 and json.loads(run.out)["findings"] == [], str(run)


def test_validate_tells_a_range_that_does_not_hold(mzgrid, tmp_path):
    pixels = [Pixel(x, 1, np.array([100.0, 200.01]), np.ones(2), stated=("100.0", "200.0")) for x in (1, 2)]
    assert mzgrid("validate", write_imzml(tmp_path / "a.imzML", pixels)).status == 0
    pixels[1].mz[1] = 200.11
    report = mzgrid("validate", write_imzml(tmp_path / "b.imzML", pixels), "--json")
    assert [f["kind"] for f in json.loads(report.out)["findings"]] == ["mz_outside_range"]


@pytest.mark.parametrize("ranks", RANKS)
def test_shared_mz_in_descending_order(mzgrid, wild, tmp_path, ranks):
    """The same as ascending, to the last value."""
    document = reference.read_imzml(case(wild, "shared_descending"))
    spectra = [(s.position, *reference.decode(document, s)) for s in document.spectra]
    assert (np.diff(spectra[0][1]) < 0).all()
    pixels = [Pixel(*position[:2], mz[::-1], y[::-1]) for position, mz, y in spectra]
    ascending = write_imzml(tmp_path / "a.imzML", pixels, continuous=True, profile=True)
    tables = []
    for source in (ascending, case(wild, "shared_descending")):
        mzgrid.convert(source, tmp_path / f"{source.stem}.zarr", "--mass-axis-type", "constant", ranks=ranks)
        tables.append(table_of(tmp_path / f"{source.stem}.zarr"))
    up, down = tables
    assert (up.X != down.X).nnz == 0 and up.X.nnz > 0
    assert np.array_equal(up.var["mz"], down.var["mz"])
    for key in ("method", "method_reason"):
        assert up.uns["mzgrid"]["resampling"][key] == down.uns["mzgrid"]["resampling"][key]


def many(n=600, **changes):
    """n pixels in a line at m/z 100.5 to 199.5, of which the first is none that a sample of 256 looks at."""
    return [
        Pixel(x, 1, np.array([100.5, 150.5, 199.5]), np.array([10.0, 80.0, 10.0]), **changes) for x in range(1, n + 1)
    ]


def lose(pixels, how, mz, intensity):
    """The first pixel gets a point outside the range that is told: stated, or by the ends of its array."""
    first = pixels[0]
    if how == "ends":
        first.mz, first.intensity = np.insert(first.mz, 1, mz), np.insert(first.intensity, 1, intensity)
    else:
        at = np.searchsorted(first.mz, mz)
        first.mz, first.intensity = np.insert(first.mz, at, mz), np.insert(first.intensity, at, intensity)
    return pixels


@pytest.mark.parametrize("ranks", RANKS)
@pytest.mark.parametrize("how", ["stated", "ends"])
@pytest.mark.parametrize("mz", [50.25, 400.75])
def test_a_loss_is_told_and_a_large_one_refused(mzgrid, tmp_path, how, mz, ranks):
    stated = ("100.5", "199.5") if how == "stated" else None
    store = tmp_path / "out.zarr"
    options = [*COARSE, "--threads", 1, "--chunk-size", 50, "--overwrite"]
    small = write_imzml(tmp_path / "small.imzML", lose(many(stated=stated), how, mz, 59.0))
    run = mzgrid.convert(small, store, *options, ranks=ranks)
    share = 100 * 59 / 60059
    assert f"1 points with {share:.3g} % of the intensity lie outside the mass axis and were dropped" in run.err
    assert "--scan-range keeps them; first: spectrum 1" in run.err
    assert table_of(store).X.sum() == 60000

    large = write_imzml(tmp_path / "large.imzML", lose(many(stated=stated), how, mz, 61.0))
    low, high = min(mz, 100.5), max(mz, 199.5)
    for streaming in ("auto", "hdf5", "direct"):
        refused = tmp_path / f"{streaming}.zarr"
        run = mzgrid("convert", large, refused, *options, "--streaming", streaming, ranks=ranks)
        assert_refused(run, refused, "0.102 % of the intensity", f"m/z {low:.10g} to {high:.10g}", "--scan-range")

    run = mzgrid.convert(large, store, *options, "--scan-range", ranks=ranks)
    assert table_of(store).X.sum() == 60061 and "outside" not in run.err
    run = mzgrid.convert(large, store, *options, "--min-mz", 100, "--max-mz", 200, ranks=ranks)
    assert table_of(store).X.sum() == 60000 and "dropped, as was asked" in run.err
    side, other = (["--min-mz", 100], ["--max-mz", 200])[:: 1 if mz < 100 else -1]
    mzgrid.convert(large, store, *options, *side, ranks=ranks)
    assert_refused(mzgrid("convert", large, refused, *options, *other, ranks=ranks), refused, "--scan-range")


@pytest.mark.parametrize("ranks", RANKS)
def test_a_sample_that_contradicts_means_a_scan(mzgrid, tmp_path, ranks):
    """The stated range is stale in the second half; a point beyond all that the sample has is found too."""
    pixels = lose(many(stated=("100.5", "199.5")), "stated", 700.5, 1000.0)
    for p in pixels[300:]:
        p.mz = p.mz + 40.0
    run = mzgrid.convert(write_imzml(tmp_path / "in.imzML", pixels), tmp_path / "out.zarr", *COARSE, ranks=ranks)
    assert table_of(tmp_path / "out.zarr").X.sum() == 61000
    assert "from a scan of every m/z, because what the spectra state does not hold" in run.err


@pytest.mark.parametrize("ranks", RANKS)
def test_one_array_with_contradicting_ends_means_a_scan(mzgrid, tmp_path, ranks):
    """The ends of the first array are in the wrong order; another one hides its highest m/z in the middle."""
    pixels = many()
    pixels[0].mz = pixels[0].mz[::-1].copy()
    middle = next(i for i in range(2, 600) if i not in {600 * (2 * k + 1) // 512 for k in range(256)})
    pixels[middle].mz[1] = 900.5
    run = mzgrid.convert(write_imzml(tmp_path / "in.imzML", pixels), tmp_path / "out.zarr", *COARSE, ranks=ranks)
    assert table_of(tmp_path / "out.zarr").X.sum() == 60000
    assert "from a scan of every m/z, because those of spectrum 1 are unsorted" in run.err


@pytest.mark.parametrize("ranks", RANKS)
def test_a_range_without_data_is_refused(mzgrid, tmp_path, ranks):
    source = write_imzml(tmp_path / "in.imzML", many(40))
    store = tmp_path / "out.zarr"
    shape = ["--mass-axis-type", "constant", "--bin-width", "0.5"]
    for asked in (["--min-mz", 2000, "--max-mz", 3000], ["--min-mz", 2000], ["--max-mz", 50]):
        run = mzgrid("convert", source, store, *shape, *asked, ranks=ranks)
        assert_refused(run, store, "has no data: they lie at m/z 100.5 to 199.5")
    # Between the points: known once all have been looked at.
    run = mzgrid("convert", source, store, *shape, "--min-mz", 101, "--max-mz", 149, ranks=ranks)
    assert_refused(run, store, "none of its 120 points lies on the mass axis", "m/z 100.5 to 199.5")
    other = write_imzml(tmp_path / "other.imzML", [Pixel(1, 1, np.array([700.0, 800.0]), np.ones(2))])
    assert mzgrid("axis", other, "-o", tmp_path / "axis.json", *shape).status == 0
    run = mzgrid("convert", source, store, "--mass-axis-file", tmp_path / "axis.json", ranks=ranks)
    assert_refused(run, store, "has no data: they lie at m/z 100.5 to 199.5")


def test_spectra_that_are_all_empty_make_no_store(mzgrid, tmp_path):
    """A table without any value is nobody's wish, whatever is asked for; nothing is left."""
    none = np.array([])
    source = write_imzml(tmp_path / "in.imzML", [Pixel(x, 1, none, none) for x in (1, 2)])
    before = sorted(tmp_path.iterdir())
    wide = ["--min-mz", 100, "--max-mz", 200, "--bins", 10]
    for options in ([], wide, [*wide, "--streaming", "hdf5"], [*wide, "--streaming", "direct", "--layout", "csr"],
                    ["--mass-axis-type", "native"]):
        for ranks in (1, 2):
            run = mzgrid("convert", source, tmp_path / "out.zarr", *options, "-q", ranks=ranks)
            assert run.status == 1 and len(run.err.splitlines()) <= 2, str(run)
            assert "no m/z that is finite" in run.err or "nothing to write" in run.err, str(run)
            assert sorted(tmp_path.iterdir()) == before


def test_values_that_are_all_too_small_make_no_store(mzgrid, tmp_path):
    source = write_imzml(tmp_path / "in.imzML", [Pixel(x, 1, np.array([150.0]), np.array([2.0])) for x in (1, 2)])
    run = mzgrid("convert", source, tmp_path / "out.zarr", "--min-intensity", 5, "-q")
    assert run.status == 1 and "--min-intensity may be too high" in run.err, str(run)
    assert not (tmp_path / "out.zarr").exists()
