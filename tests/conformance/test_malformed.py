"""Every damaged set gives what its README expects, on 1 and on 3 ranks: the same outcome, the same words, the same bytes.

Refused: exit status 1, one line that says what and where, and nothing left behind. Else the store holds the pixels that
remain, with the values of the undamaged set, and uns["skipped_pixels"] and the log name the others.
"""
from dataclasses import dataclass, field

import numpy as np
import pytest

import reference
import stores
from writer import Pixel, write_imzml

RANKS = (1, 3)
AXES = {"mut": (100.0, 800.0), "tims": (880.0, 890.0), "i2nca": (50.0, 300.0), "thyra": (100.0, 600.0)}
BINS = 700


@dataclass
class Refused:
    name: str
    says: list  # parts of the error
    options: list = field(default_factory=list)

    def __str__(self):
        return "-".join([self.name, *(o.strip("-") for o in self.options)])


@dataclass
class Converted:
    name: str
    source: str | None  # the undamaged set; None: compared with the damaged one as decoded here
    skipped: list  # 1-based spectra that cannot be used
    says: list  # parts of the warnings
    spectra: int  # of the source that are there
    options: list = field(default_factory=list)

    __str__ = Refused.__str__


PROCESSED, CONTINUOUS, TIMS = "example-processed", "example-continuous", "tims-tsf-profile-cont-zlib-f32"

CONVERTED = [
    Converted("mut-wrong-uuid", PROCESSED, [], ["UUID", "00000000000000000000000000000000"], 9),
    Converted("mut-truncated-ibd", PROCESSED, [5, 6, 7, 8, 9], ["5 of 9 pixels", "302372"], 9),
    Converted("mut-offset-past-eof", PROCESSED, [1], ["spectrum 1", "99999999999", "604744"], 9),
    Converted("mut-negative-offset", PROCESSED, [1], ["spectrum 1", "-16", "m/z array"], 9),
    Converted("mut-huge-length", PROCESSED, [1], ["spectrum 1", "9223372036854775807", "604744"], 9),
    Converted("mut-missing-intensity", PROCESSED, [1], ["spectrum 1", "no intensity array"], 9),
    Converted("mut-dup-coords", None, [], ["3 pixels have more than one spectrum"], 9),
    Converted("mut-coord-zero", None, [], [], 9),
    Converted("mut-count-mismatch", CONTINUOUS, [], ["12", "9"], 9),
    Converted("mut-truncated-xml", PROCESSED, [], ["15952", "4 complete"], 4, ["--allow-truncated"]),
    Converted("mut-zlib-pixel", TIMS, [5], ["spectrum 5", "(5,1)"], 400),
    Converted("i2nca-cc-length-mismatch", None, [2, 3, 4], ["1999", "1997", "1990", "1998", "spectrum 4"], 4),
    Converted("thyra-two-precision-terms", None, [], ["32-bit float", "64-bit float", "prove"], 4),
    Converted("mut-flipped-byte", None, [], [], 9),
]

REFUSED = [
    Refused("mut-empty-ibd", ["mut-empty-ibd.ibd", "empty"]),
    Refused("mut-missing-ibd", ["mut-missing-ibd.ibd"]),
    Refused("mut-truncated-xml", ["mut-truncated-xml.imzML", "15952", "4 complete", "--allow-truncated"]),
    Refused("mut-entity-bomb", ["mut-entity-bomb.imzML", "document type"]),
    Refused("mut-zlib-corrupt", ["m/z array"]),
    Refused("galaxy-text-ibd", ["galaxy-text-ibd.ibd", "text"]),
    Refused("spectralanalysis-lfs-pointer", ["Git LFS pointer", "git lfs pull"]),
    Refused("mut-wrong-uuid", ["UUID"], ["--strict"]),
    Refused("mut-truncated-ibd", ["spectrum 5"], ["--strict"]),
    Refused("thyra-two-precision-terms", ["32-bit float", "64-bit float"], ["--strict"]),
    Refused("mut-flipped-byte", ["SHA-1"], ["--strict"]),
    Refused("mut-offset-past-eof", ["spectrum 1", "(1,1)", "99999999999"], ["--on-error", "fail"]),
    Refused("mut-zlib-pixel", ["spectrum 5", "(5,1)"], ["--on-error", "fail"]),
    Refused("mut-offset-past-eof", ["1 of 9", "--max-skipped", "--keep-going"], ["--max-skipped", "0"]),
    Refused("mut-truncated-ibd", ["5 of 9", "--max-skipped", "--keep-going"], ["--max-skipped", "4"]),
    Refused("mut-zlib-pixel", ["1 pixel", "--max-skipped", "--keep-going"], ["--max-skipped", "0"]),
    Refused("mut-dup-coords", ["3 pixels", "--duplicates"], ["--duplicates", "error"]),
]


def axis_range(name):
    """The range of m/z of a damaged set; that of a set that holds none does not matter."""
    kind = "tims" if "zlib" in name else name.partition("-")[0]
    return AXES.get(kind, AXES["mut"])


def path_of(malformed, name):
    return malformed / name / f"{name}.imzML"


def converted(mzgrid, source, path, low, high, options=(), *, ranks, status=0):
    axis = ["--mass-axis-type", "constant", "--min-mz", low, "--max-mz", high, "--bins", BINS]
    method = ["--interpolation-method", "nearest_neighbor", "--layout", "csr"]
    run = mzgrid("convert", source, path, *axis, *method, *options, "--progress", "none", ranks=ranks)
    assert run.status == status, str(run)
    return run


def warnings_of(run):
    return "\n".join(line for line in run.err.splitlines() if "warning:" in line or "skipped" in line)


@pytest.mark.parametrize("case", CONVERTED, ids=str)
def test_converted(mzgrid, data, malformed, tmp_path, case):
    low, high = axis_range(case.name)
    for ranks in RANKS:
        path = tmp_path / f"{ranks}.zarr"
        run = converted(mzgrid, path_of(malformed, case.name), path, low, high, case.options, ranks=ranks)
        assert all(part in warnings_of(run) for part in case.says), str(run)
        assert run.err.count("; skipped\n") == len(case.skipped), str(run)
        if not case.says:
            assert "spectrum" not in warnings_of(run), str(run)
    stores.assert_same_tree(tmp_path / "1.zarr", path)
    store = stores.open_store(path, check=True)
    damaged = reference.read_imzml(path_of(malformed, case.name))
    assert len(damaged.spectra) == case.spectra
    axis = reference.axis("constant", low, high, bins=BINS)
    expected = stores.assert_store(
        store, damaged, axis, "nearest_neighbor", "csr", size=reference.pixel_size(damaged)
    )
    assert [s[0] + 1 for s in expected.skipped] == case.skipped
    if case.source:
        whole = reference.read_imzml(data / case.source / f"{case.source}.imzML")
        whole.spectra = [s for s in whole.spectra[: case.spectra] if s.ordinal + 1 not in case.skipped]
        rows = [reference.decode(whole, s) for s in whole.spectra]
        assert list(store.table.obs["spectrum_index"]) == [s.ordinal for s in whole.spectra]
        for row, (mz, intensity) in zip(store.table.X, rows):
            want = np.histogram(mz, axis.edges, weights=intensity)[0]
            np.testing.assert_allclose(row.toarray()[0], want, rtol=1e-6, atol=1e-9 * intensity.sum())


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused(mzgrid, malformed, tmp_path, case):
    low, high = axis_range(case.name)
    said = set()
    for ranks in RANKS:
        source = path_of(malformed, case.name)
        run = converted(mzgrid, source, tmp_path / "a.zarr", low, high, case.options, ranks=ranks, status=1)
        errors = [line for line in run.err.splitlines() if "error:" in line]
        assert len(errors) == 1 and errors[0].startswith("mzgrid: error: "), str(run)
        assert run.err.splitlines()[-1] == errors[0], str(run)
        assert run.out == ""
        assert all(part in errors[0] for part in case.says), str(run)
        assert case.name in errors[0]
        assert not list(tmp_path.iterdir()), "something was left behind"
        said.add(errors[0])
    assert len(said) == 1, said
    quiet = converted(mzgrid, source, tmp_path / "a.zarr", low, high, [*case.options, "-q"], ranks=2, status=1)
    *others, last = quiet.err.splitlines()
    assert last == errors[0] and all(line.startswith("mzgrid: warning: ") for line in others), str(quiet)


def test_values_of_the_sum_of_duplicates(mzgrid, data, malformed, tmp_path):
    """Summed spectra lose nothing: all intensities together are those of the source."""
    path = tmp_path / "a.zarr"
    converted(mzgrid, path_of(malformed, "mut-dup-coords"), path, 100, 800, ranks=2)
    store = stores.open_store(path)
    assert list(store.table.obs["n_spectra"]) == [2, 1] * 3
    source = reference.read_imzml(data / PROCESSED / f"{PROCESSED}.imzML")
    total = sum(reference.decode(source, s)[1].sum() for s in source.spectra)
    assert store.table.obs["tic"].sum() == pytest.approx(total, rel=1e-12)
    assert store.table.X.sum(dtype=np.float64) == pytest.approx(total, rel=1e-6)
    assert not store.sdata.labels[store.region].values[:, 1].any()


def test_no_pixel_is_lost_at_coordinate_zero(mzgrid, malformed, tmp_path):
    path = tmp_path / "a.zarr"
    converted(mzgrid, path_of(malformed, "mut-coord-zero"), path, 100, 800, ranks=2)
    store = stores.open_store(path)
    assert store.sdata.labels[store.region].values.tolist() == [[1, 0, 2, 3], [4, 0, 5, 6], [7, 0, 8, 9]]
    assert store.table.obs["spatial_x"].min() == 50.0


def many_faults(path, n, faulty):
    """`n` pixels in rows of ten, the first `faulty` of them unreadable."""
    mz = np.linspace(100.0, 200.0, 20)
    pixels = [Pixel(i % 10 + 1, i // 10 + 1, mz, np.ones(20) * i) for i in range(n)]
    for p in pixels[:faulty]:
        p.fault = "lengths"
    return write_imzml(path, pixels)


@pytest.mark.parametrize("n, limit", [(100, 10), (300, 15)])
def test_limit_of_skipped_pixels(mzgrid, tmp_path, n, limit):
    """The larger of 10 pixels and 5 % are allowed; one more ends the run, or makes it exit with 3 under --keep-going."""
    source = many_faults(tmp_path / "in.imzML", n, limit)
    out = tmp_path / "out"
    out.mkdir()
    converted(mzgrid, source, out / "a.zarr", 100, 200, ranks=2)
    source = many_faults(tmp_path / "in.imzML", n, limit + 1)
    run = converted(mzgrid, source, out / "b.zarr", 100, 200, ranks=2, status=1)
    assert f"{limit + 1} of {n} pixels" in run.err and "--keep-going" in run.err
    assert not (out / "b.zarr").exists() and not list(out.glob("b*"))
    converted(mzgrid, source, out / "c.zarr", 100, 200, ["--max-skipped", limit + 1], ranks=2)
    for ranks in RANKS:
        converted(mzgrid, source, out / f"{ranks}.zarr", 100, 200, ["--keep-going"], ranks=ranks, status=3)
        store = stores.open_store(out / f"{ranks}.zarr")
        assert list(store.table.uns["skipped_pixels"]["spectrum_index"]) == list(range(limit + 1))
        assert list(store.table.obs["instance_key"]) == list(range(limit + 2, n + 1))


@pytest.mark.parametrize("options", [[], ["--keep-going"], ["--max-skipped", 100]], ids=str)
@pytest.mark.parametrize("fault", ["lengths", "zlib"])
def test_nothing_left_is_refused(mzgrid, tmp_path, fault, options):
    pixels = [Pixel(x, 1, np.arange(100.0, 200.0), np.arange(100.0), fault=fault) for x in range(1, 8)]
    source = write_imzml(tmp_path / "in.imzML", pixels, compressed=fault == "zlib")
    for ranks in RANKS:
        run = converted(mzgrid, source, tmp_path / "a.zarr", 100, 200, options, ranks=ranks, status=1)
        assert "in.imzML: no" in run.err.splitlines()[-1], str(run)
        assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("n, faulty", [(100, 11), (40, 40)])
def test_faults_found_while_streaming_end_the_run(mzgrid, tmp_path, n, faulty):
    """Broken compression shows only when a spectrum is decoded: the limit holds all the same."""
    rng = np.random.default_rng(5)
    pixels = [Pixel(i % 10 + 1, i // 10 + 1, np.arange(100.0, 200.0), rng.random(100)) for i in range(n)]
    for p in pixels[n - faulty :]:
        p.fault = "zlib"
    source = write_imzml(tmp_path / "in.imzML", pixels, compressed=True)
    for ranks in RANKS:
        run = converted(mzgrid, source, tmp_path / "a.zarr", 100, 200, ["--chunk-size", 4], ranks=ranks, status=1)
        assert "--max-skipped" in run.err.splitlines()[-1], str(run)
        assert len(list(tmp_path.iterdir())) == 2


def test_skipped_pixels_are_logged_and_counted(mzgrid, tmp_path):
    """Spectrum, position, place and reason of each; all in the log file, whatever the terminal gets to see."""
    source = many_faults(tmp_path / "in.imzML", 200, 10)
    log = tmp_path / "log"
    run = converted(mzgrid, source, tmp_path / "a.zarr", 100, 200, ["--log-file", log], ranks=3)
    lines = [line for line in log.read_text().splitlines() if line.endswith("; skipped")]
    assert len(lines) == 10
    assert "pixel (3,1), spectrum 3, " in lines[2] and "20 values" in lines[2] and " 19" in lines[2]
    assert "190 (10 skipped)" in " ".join(run.err.split())
    skipped = stores.open_store(tmp_path / "a.zarr").table.uns["skipped_pixels"]
    assert set(skipped["reason"]) == {"lengths of m/z and intensity differ"}
    assert all("20 values" in detail and " 19" in detail and "byte" in detail for detail in skipped["detail"])


def test_a_pixel_without_a_position_is_told_as_such(mzgrid, tmp_path):
    """2^31 is a whole number, but no coordinate; what stands for none is not shown."""
    pixels = [Pixel(x, 1, np.array([300.25]), np.array([1.0])) for x in (1, 2**31, 3)]
    run = mzgrid.convert(write_imzml(tmp_path / "a.imzML", pixels), tmp_path / "a.zarr", "--bins", 10)
    assert "pixel without a position, spectrum 2" in run.err and "beyond 32 bits" in run.err, str(run)
    assert "(-2147483648" not in run.err
    run = mzgrid("convert", tmp_path / "a.imzML", tmp_path / "b.zarr", "--bins", 10, "--on-error", "fail")
    assert run.status == 1 and "pixel without a position, spectrum 2" in run.err, str(run)
    assert "(-2147483648" not in run.err
