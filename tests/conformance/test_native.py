"""`--mass-axis-type native`: the bins are the distinct m/z of the spectra and X is what the file says, to the bit of
float32, on real sets decoded by numpy; the same bytes on any number of ranks."""
import json

import numpy as np
import pytest

import reference
import stores
from sets import SETS
from writer import Pixel, write_imzml

NATIVE = ["--mass-axis-type", "native"]


def readable(document, ordinals):
    """The arrays of those spectra that have no fault."""
    for i in ordinals:
        try:
            yield reference.decode(document, document.spectra[i])
        except reference.Fault:
            pass


def expected(document, low=0.0, high=np.inf):
    """The m/z of all spectra, and a row for each pixel: what the spectra of its position say, added in double."""
    rows = []
    for _, ordinals in reference.pixels(document):
        spectra = [reference.clean(*arrays) for arrays in readable(document, ordinals)]
        if not spectra:
            continue
        rows.append([(s.mz[(s.mz >= low) & (s.mz <= high)], s.intensity[(s.mz >= low) & (s.mz <= high)]) for s in spectra])
    arrays = [mz for row in rows for mz, _ in row]
    axis = np.unique(np.concatenate(arrays)) if arrays else np.array([])
    X = np.zeros((len(rows), len(axis)))
    for i, row in enumerate(rows):
        for mz, intensity in row:
            X[i, np.searchsorted(axis, mz)] += intensity
    return axis, X.astype(np.float32)


def assert_is(table, axis, X):
    assert np.array_equal(table.var["mz"].to_numpy(), axis)
    edges = np.append(table.var["mz_lower"], table.var["mz_upper"].iloc[-1:])
    if len(axis) > 1:
        assert np.array_equal(edges[1:-1], axis[:-1] + np.diff(axis) / 2)
        assert edges[0] == axis[0] - (edges[1] - axis[0]) and edges[-1] == axis[-1] + (axis[-1] - edges[-2])
    assert np.array_equal(table.X.toarray(), X)


@pytest.mark.parametrize("name", SETS)
def test_x_is_what_the_file_says(mzgrid, data, tmp_path, name):
    document = reference.read_imzml(data / name / f"{name}.imzML")
    for ranks in (1, 3):
        mzgrid.convert(document.path, tmp_path / f"{ranks}.zarr", *NATIVE, ranks=ranks)
    stores.assert_same_tree(tmp_path / "1.zarr", tmp_path / "3.zarr")
    assert_is(stores.open_store(tmp_path / "1.zarr").table, *expected(document))


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two files whose m/z partly agree, in processed mode, some out of order or twice in a spectrum."""
    rng = np.random.default_rng(3)
    paths = []
    for name, grid in (("a", np.arange(100.0, 900.0, 0.5)), ("b", np.arange(400.0, 1200.0, 0.75))):
        pixels = []
        for i in range(24):
            mz = rng.choice(grid, 200)
            pixels.append(Pixel(1 + i % 6, 1 + i // 6, mz if i % 5 == 0 else np.sort(mz), rng.uniform(1, 9, len(mz))))
        paths.append(write_imzml(tmp_path_factory.mktemp("native") / f"{name}.imzML", pixels))
    return paths


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_a_range_cuts_the_union(mzgrid, pair, tmp_path, ranks):
    mzgrid.convert(pair[0], tmp_path / "a.zarr", *NATIVE, "--min-mz", 200.25, "--max-mz", 700, ranks=ranks)
    document = reference.read_imzml(pair[0])
    assert_is(stores.open_store(tmp_path / "a.zarr").table, *expected(document, 200.25, 700.0))


@pytest.mark.parametrize("options", [["--streaming", "hdf5"], ["--streaming", "direct", "--layout", "csr"], ["--chunk-size", "3", "--threads", "2"]], ids=str)
def test_values_do_not_depend_on_the_way(mzgrid, pair, tmp_path, options):
    mzgrid.convert(pair[0], tmp_path / "a.zarr", *NATIVE, *options, ranks=2)
    assert_is(stores.open_store(tmp_path / "a.zarr").table, *expected(reference.read_imzml(pair[0])))


def test_a_method_makes_no_difference(mzgrid, pair, tmp_path):
    for name, options in (("a", []), ("b", ["--interpolation-method", "linear"])):
        mzgrid.convert(pair[0], tmp_path / f"{name}.zarr", *NATIVE, *options)
    a, b = (stores.open_store(tmp_path / f"{name}.zarr").table for name in "ab")
    assert np.array_equal(a.X.toarray(), b.X.toarray())


def test_an_axis_file_holds_the_union_of_several_files(mzgrid, pair, tmp_path):
    run = mzgrid("axis", *pair, "-o", tmp_path / "axis.json", *NATIVE, ranks=2)
    assert run.status == 0, str(run)
    documents = [reference.read_imzml(p) for p in pair]
    union = np.union1d(*(expected(d)[0] for d in documents))
    assert f"native (given), {len(union)} different m/z together with" in run.err and "m/z 0 to 0" not in run.err, str(run)
    assert json.loads((tmp_path / "axis.json").read_text())["mz"] == union.tolist()
    for i, document in enumerate(documents):
        mzgrid.convert(document.path, tmp_path / f"{i}.zarr", "--mass-axis-file", tmp_path / "axis.json", ranks=1 + i)
        axis, X = expected(document)
        wide = np.zeros((len(X), len(union)), np.float32)
        wide[:, np.searchsorted(union, axis)] = X
        assert_is(stores.open_store(tmp_path / f"{i}.zarr").table, union, wide)


def test_what_cannot_be_is_refused(mzgrid, pair, tmp_path):
    for options, status, words in (
        (["--bins", 5], 2, "leave out --bin-width"),
        (["--bin-width", "5mDa"], 2, "leave out --bin-width"),
        (["--min-mz", 5000, "--max-mz", 6000], 1, "range asked for"),
    ):
        run = mzgrid("convert", pair[0], tmp_path / "x.zarr", *NATIVE, *options, ranks=2)
        assert run.status == status and words in run.err, str(run)
        assert not list(tmp_path.iterdir())


def test_more_mz_than_memory_allows_is_refused_with_the_numbers(mzgrid, tmp_path):
    """m/z that never repeat: 4 million of them do not fit what the limit leaves."""
    for ranks in (1, 2):
        run = mzgrid("convert", "synthetic:200x200:100", tmp_path / "x.zarr", *NATIVE, "--memory-limit", "90M", "--threads", 2, ranks=ranks)
        assert run.status == 1 and "different m/z" in run.err and "--bin-width" in run.err, str(run)
        assert not list(tmp_path.iterdir())


def test_more_mz_than_a_native_axis_may_have_are_refused_with_the_number(mzgrid, full, tmp_path):
    """20 million of them, with all the memory that they need."""
    if not full:
        pytest.skip("seconds of a processor; with --full")
    run = mzgrid("convert", "synthetic:300x250:300", tmp_path / "x.zarr", *NATIVE, "-q", "--memory-limit", "4G", timeout=600)
    assert run.status == 1 and "more than 10000000 different m/z" in run.err and "--bin-width" in run.err, str(run)
    assert run.err.count("\n") == 1 and not list(tmp_path.iterdir())


def last_bit(pixels):
    pixels[-1].mz[40] = np.nextafter(np.float32(pixels[-1].mz[40]), np.float32(0))


def one_less(pixels):
    pixels[-1].mz, pixels[-1].intensity = pixels[-1].mz[:-1], pixels[-1].intensity[:-1]


def other_order(pixels):
    pixels[-1].mz[[3, 4]] = pixels[-1].mz[[4, 3]]


def first_differs(pixels):
    pixels[0].mz, pixels[0].intensity = pixels[0].mz[::2], pixels[0].intensity[::2]


def descending(pixels):
    for p in pixels:
        p.mz = p.mz[::-1].copy()


def repeated(pixels):
    for p in pixels:
        p.mz[10] = p.mz[11]


def no_mz(pixels):
    for p in pixels:
        p.mz[10] = np.nan


def empty(pixels):
    for p in pixels[1::3]:
        p.mz, p.intensity = p.mz[:0], p.intensity[:0]


def broken(pixels):
    pixels[5].fault, pixels[-1].fault = "beyond", "lengths"


def twice(pixels):
    pixels += [Pixel(p.x, p.y, p.mz, p.intensity * 2) for p in pixels[3:7]]


def not_finite(pixels):
    pixels[7].intensity[[0, 3, 9]] = np.nan, np.inf, -1


DIFFERENT = [last_bit, one_less, other_order, first_differs, descending, repeated, no_mz]
EACH_THE_SAME = [empty, broken, twice, not_finite]
FORMS = [{}, {"mz_type": "<f4"}, {"compressed": True}]


@pytest.mark.parametrize("change", EACH_THE_SAME + DIFFERENT, ids=lambda c: c.__name__)
def test_arrays_that_are_the_same_are_decoded_once_and_only_these(mzgrid, tmp_path, change):
    """In processed mode each spectrum has its m/z by itself. That all have the same array is seen while they are gathered;
    one that differs, on whichever rank, counts."""
    rng = np.random.default_rng(4)
    mz = np.sort(rng.uniform(100, 900, 90)).astype(np.float32).astype(float)
    pixels = [Pixel(1 + i % 8, 1 + i // 8, mz.copy(), rng.integers(0, 4, len(mz)).astype(float)) for i in range(40)]
    change(pixels)
    how = FORMS[(EACH_THE_SAME + DIFFERENT).index(change) % 3]
    source = write_imzml(tmp_path / "in.imzML", pixels, **how)
    for ranks in (1, 3):
        run = mzgrid.convert(source, tmp_path / f"{ranks}.zarr", *NATIVE, "-v", "--max-skipped", 3, ranks=ranks)
        assert ("all have the same array" in run.err) == (change in EACH_THE_SAME), str(run)
    stores.assert_same_tree(tmp_path / "1.zarr", tmp_path / "3.zarr")
    stored = stores.open_store(tmp_path / "1.zarr").table
    assert_is(stored, *expected(reference.read_imzml(source)))


SHARED = "synthetic:20x15:3000:continuous:1:full"
RESAMPLED = ["--mass-axis-type", "linear_tof", "--bins", "3000"]


def levels(store):
    """The levels of zstd that blosc's metadata tell, of values and of rows."""
    x = store / "tables/msi_dataset_z0/X"
    found = [json.loads((x / name / "zarr.json").read_text())["codecs"][0] for name in ("data", "indices")]
    codecs = [c["configuration"]["codecs"][1] for c in found]
    assert [(c["name"], c["configuration"]["cname"]) for c in codecs] == [("blosc", "zstd")] * 2
    return [c["configuration"]["clevel"] for c in codecs]


def test_numbers_that_are_copied_are_compressed_fast(mzgrid, tmp_path):
    """By default, and no others; the option has the last word, and all hold the same numbers."""
    runs = {
        "native": [],
        "asked": ["--compression", "blosc-zstd:fast"],
        "usual": ["--compression", "blosc-zstd"],
        "resampled": RESAMPLED,
        "resampled-usual": [*RESAMPLED, "--compression", "blosc-zstd"],
    }
    for name, options in runs.items():
        mzgrid.convert(SHARED, tmp_path / name, *options, "--no-report")
    assert levels(tmp_path / "native") == [1, 1]
    assert levels(tmp_path / "usual") == levels(tmp_path / "resampled") == [1, 2]
    stores.assert_same_tree(tmp_path / "native", tmp_path / "asked")
    stores.assert_same_tree(tmp_path / "resampled", tmp_path / "resampled-usual")
    fast, usual = (stores.open_store(tmp_path / name).table.X for name in ("native", "usual"))
    assert fast.nnz > 10_000 and (fast != usual).nnz == 0
