"""`convert` without a single option on every real set, in every layout, held against an independent decoder: X is what the spectra
say, copied where they share their m/z, resampled where they do not; and the bytes of the defaults depend neither on ranks,
threads and chunks nor on where rows wait."""
import numpy as np
import pytest
import scipy.sparse as sp

import reference
import stores
from sets import SETS
from test_native import assert_is, expected
from writer import Pixel, write_imzml



def overlap(points, edges, _):
    """Each intensity spread evenly over its cell, which reaches to the middles to its neighbours; on bins of equal width."""
    row = np.zeros(len(edges) - 1)
    middle = (points.mz[1:] + points.mz[:-1]) / 2
    left = np.append(2 * points.mz[0] - middle[0], middle)
    right = np.append(middle, 2 * points.mz[-1] - middle[-1])
    for y, a, b in zip(points.intensity, left, right):
        row += y * np.clip(np.minimum(b, edges[1:]) - np.maximum(a, edges[:-1]), 0, None) / (b - a)
    return row


TYPES = {"csc": sp.csc_matrix, "csr": sp.csr_matrix, "dense": np.ndarray, "csc+csr": sp.csc_matrix}


@pytest.mark.parametrize("name", SETS)
def test_x_is_what_the_spectra_say(mzgrid, data, tmp_path, monkeypatch, name):
    """Positions, obs and the statistics of bins as well. The layouts take turns."""
    assert_x_is_what_the_spectra_say(mzgrid, reference.read_imzml(data / name / f"{name}.imzML"), tmp_path, monkeypatch, SETS.index(name))


# Derived from real sets and from what users report: see ../shared/data-wild/README.md. Two are refused without an option
# (test_wild_kinds.py); of two the file does not say what is right, literal values do (there, too).
WILD = """
absolute_offset far_spot float16 m2aia52 meander_nil_uuid mobility_order mz_out_of_order_ends named_value pixel_area_alone
pixel_area_no_count pixel_dim_only raman range_f32 range_f32_out range_nominal range_rounded range_zero rows_as_y1
shared_descending
""".split()
REFUSED, LITERAL = ["physical_positions", "polarity_lines"], ["maldiquant21", "ms1_ms2"]


@pytest.mark.parametrize("name", WILD)
def test_x_of_wild_sets_is_what_the_spectra_say(mzgrid, wild, tmp_path, monkeypatch, name):
    """Sizes that the file contradicts itself about are literal, and so is the place of an image on its slide (test_wild_words.py)."""
    size = (100, 100) if name in ("pixel_area_no_count", "pixel_dim_only") else None
    document = reference.read_imzml(wild / name / f"{name}.imzML")
    assert_x_is_what_the_spectra_say(mzgrid, document, tmp_path, monkeypatch, WILD.index(name), size, name == "absolute_offset")


def test_every_wild_set_is_converted(wild):
    assert sorted(p.name for p in wild.iterdir() if p.is_dir()) == sorted([*WILD, *REFUSED, *LITERAL])


def assert_x_is_what_the_spectra_say(mzgrid, document, tmp_path, monkeypatch, number, size=None, has_own_place=False):
    layout = list(TYPES)[number % len(TYPES)]
    run = mzgrid("convert", document.path, tmp_path / "a.zarr", "--layout", layout, ranks=1 + number % 3)
    assert run.status == 0, str(run)
    store = stores.open_store(tmp_path / "a.zarr")
    assert isinstance(store.table.X, TYPES[layout])
    if layout == "csc+csr":
        assert (store.table.layers["csr"].tocsc() != store.table.X).nnz == 0
    store.table.X = sp.csc_matrix(store.table.X)
    how = store.table.uns["mzgrid"]
    edges = np.append(store.table.var["mz_lower"], store.table.var["mz_upper"].iloc[-1:])
    if how["mass_axis"]["type"] == "native":
        assert_is(store.table, *expected(document))
    method = "nearest_neighbor" if how["mass_axis"]["type"] == "native" else how["resampling"]["method"]
    assert how["resampling"]["max_gap"] == 0 and method in ("nearest_neighbor", "overlap")
    monkeypatch.setitem(reference.METHODS, "overlap", overlap)
    want = reference.table(document, edges, store.table.var["mz"].to_numpy(), method, size=size or reference.pixel_size(document))
    stores.assert_rows(store.table.X, "csc", want)
    if not has_own_place:
        stores.assert_obs(store, want)
    stores.assert_var_statistics(store)


NATIVE = ["example-processed", "cardinal-picked", "dgmm-400px", "i2nca-pc-71k"]
MADE = ["i2nca-cp", "tims-tsf-line-proc-zlib"]
WAYS = [  # ranks, options
    (1, ["--streaming", "direct"]),
    (2, ["--streaming", "direct", "--threads", "2"]),
    (3, ["--streaming", "hdf5", "--chunk-size", "3"]),
    (4, ["--streaming", "off", "--chunk-size", "1"]),
    (2, ["--streaming", "off", "--memory-limit", "300M"]),
]


@pytest.mark.parametrize("layout", TYPES)
@pytest.mark.parametrize("name", NATIVE + MADE)
def test_bytes_do_not_depend_on_the_way(mzgrid, data, tmp_path, name, layout):
    source = data / name / f"{name}.imzML"
    mzgrid.convert(source, tmp_path / "first.zarr", "--layout", layout, "--max-gap", "auto")
    kind = stores.open_store(tmp_path / "first.zarr").table.uns["mzgrid"]["mass_axis"]["type"]
    assert (kind == "native") == (name in NATIVE)
    for ranks, options in WAYS:
        if "direct" in options and layout.startswith("csc"):
            continue
        mzgrid.convert(source, tmp_path / "again.zarr", "--layout", layout, "--max-gap", "auto", "--overwrite", *options, ranks=ranks)
        stores.assert_same_tree(tmp_path / "first.zarr", tmp_path / "again.zarr")


@pytest.mark.parametrize("continuous", [False, True])
@pytest.mark.parametrize("layout", TYPES)
def test_rows_without_values_are_rows(mzgrid, tmp_path, layout, continuous):
    """Most spectra are empty or all zero, at the begin, at the end and between; with csc+csr the layer has them, too."""
    rng = np.random.default_rng(4)
    mz = np.arange(100.0, 400.0, 2.0)
    full = {3, 17, 18, 40}
    pixels = [Pixel(1 + i % 8, 1 + i // 8, mz, rng.uniform(1, 9, len(mz)) if i in full else np.zeros(len(mz))) for i in range(48)]
    if not continuous:
        for i in set(range(0, 48, 2)) - full:
            pixels[i].mz = pixels[i].intensity = np.empty(0)
    source = write_imzml(tmp_path / "in.imzML", pixels, continuous=continuous)
    for ranks, options in [(1, []), *WAYS]:
        if "direct" in options and layout.startswith("csc"):
            continue
        mzgrid.convert(source, tmp_path / f"{ranks}.zarr", "--layout", layout, "--overwrite", *options, ranks=ranks)
        stores.assert_same_tree(tmp_path / "1.zarr", tmp_path / f"{ranks}.zarr")
    store = stores.open_store(tmp_path / "1.zarr", check=True)
    by_row = store.table.layers["csr"] if layout == "csc+csr" else store.table.X
    counts = np.asarray((by_row != 0).sum(axis=1)).ravel()
    assert set(np.flatnonzero(counts)) == full and set(counts) == {0, len(mz)}
    store.table.X = sp.csc_matrix(store.table.X)
    assert_is(store.table, *expected(reference.read_imzml(source)))


def test_empty_spectra_that_state_no_range_cost_no_scan(mzgrid, tmp_path):
    """All that have points state theirs: the range is taken from there, whatever the empty ones leave out."""
    rng = np.random.default_rng(6)
    pixels = []
    for i in range(60):
        mz = np.sort(rng.uniform(120, 480, 0 if i % 3 else 50))
        stated = (f"{mz[0]:.6f}", f"{mz[-1]:.6f}") if len(mz) else None
        pixels.append(Pixel(1 + i % 10, 1 + i // 10, mz, np.ones(len(mz)), stated=stated))
    source = write_imzml(tmp_path / "in.imzML", pixels)
    bins = ["--bins", 500]
    run = mzgrid("convert", source, tmp_path / "a.zarr", *bins, "-v")
    assert run.status == 0 and "that every spectrum states" in run.err and "scanning the m/z range" not in run.err, str(run)
    pixels[0].stated = None  # one with points that does not: now it takes a scan
    source = write_imzml(tmp_path / "other.imzML", pixels)
    run = mzgrid("convert", source, tmp_path / "b.zarr", *bins, "-v")
    assert run.status == 0 and "scanning the m/z range" in run.err, str(run)
    pixels = [Pixel(1 + i, 1, np.empty(0), np.empty(0)) for i in range(5)]
    run = mzgrid("convert", write_imzml(tmp_path / "none.imzML", pixels), tmp_path / "c.zarr", "-q", ranks=2)
    assert run.status == 1 and run.err.count("error: ") == 1 and not (tmp_path / "c.zarr").exists(), str(run)
