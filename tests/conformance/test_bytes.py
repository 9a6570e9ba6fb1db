"""The bytes of a store follow from the input and the options alone: not from ranks, threads, chunks, or where rows wait.

The sample has 100 pixels, so that 4 ranks with chunks of 3, 8 or 12 pixels make 9, 4 or 3 rounds, and more than 262,144
values, so that data and indices are several shards. The 24th and the 49th pixel, at borders of chunks of all three
sizes, cannot be read; beside them lie pixels with two spectra, one of them far off in the file. It has everything else
that can be odd in a spectrum as well: none or one point, NaN, infinite and negative values, m/z of 0 and below, unsorted
and repeated m/z.
"""
import json
import math
from itertools import product

import numpy as np
import pytest

import reference
import stores
from sets import LAYOUTS, METHODS
from writer import Pixel, write_imzml

RUNS = [  # ranks, threads, chunk size, streaming
    (1, 1, 8, "hdf5"),
    (2, 1, 12, "hdf5"),
    (3, 2, 8, "off"),
    (4, 1, 3, "hdf5"),
    (4, 2, 12, "off"),
    (1, 2, 3, "off"),
    (2, 2, 8, "auto"),
]
DIRECT_RUNS = [(2, 2, 8, "direct"), (4, 1, 3, "direct")]  # rows in order only
ALL_RUNS = list(product((1, 2, 3, 4), (1, 2), (3, 8, 12), ("hdf5", "off")))
ALL_DIRECT_RUNS = list(product((1, 2, 3, 4), (1, 2), (3, 8, 12), ("direct",)))
N_PIXELS = 100
POINTS = 6000  # of most spectra
AXIS = {"law": "reflector_tof", "low": 100.0, "high": 900.0, "bins": 5000}
AXIS_OPTIONS = "--mass-axis-type reflector_tof --min-mz 100 --max-mz 900 --bins 5000".split()


def odd_pixels(pixels):
    """Makes some spectra odd, in place; all keep more than one value at the borders of chunks."""
    for p in pixels[10:14]:
        p.intensity[[3, 50, -1]] = np.nan, np.inf, -np.inf
    for p in pixels[23:50:2]:
        p.intensity[::7] = 0.0
    pixels[60].intensity[::3] *= -1
    pixels[61].intensity[:] = 0.0
    pixels[62].intensity[:] = -1.0


def sample(path, continuous):
    rng = np.random.default_rng(7)
    places = [(x, y) for y in range(10) for x in range(3, 13)]
    shared = np.sort(rng.uniform(90.0, 910.0, POINTS))
    pixels = []
    for x, y in places:
        mz = shared if continuous else np.sort(rng.uniform(90.0, 910.0, POINTS))
        pixels.append(Pixel(x, y, mz.copy(), rng.lognormal(3.0, 2.0, len(mz))))
    odd_pixels(pixels)
    pixels[23].fault, pixels[48].fault = "beyond", "lengths"
    if not continuous:
        for p in pixels[14:18]:
            order = rng.permutation(len(p.mz))
            p.mz, p.intensity = p.mz[order], p.intensity[order]
        pixels[18].mz[100:105] = pixels[18].mz[100]
        pixels[19].mz[[0, 5, 9]] = 0.0, np.nan, -3.0
        for i, n in ((24, 40), (30, 0), (31, 1), (47, 2)):
            pixels[i].mz, pixels[i].intensity = pixels[i].mz[:n], pixels[i].intensity[:n]
        pixels[31].mz[:] = 500.0
    # Second spectra: beside its first behind one border, far off before the other. And far off of two neighbours that
    # only chunks of 3 part: the damaged one of the first stands behind the damaged first one of the second.
    again = []
    for p in pixels:
        mz = shared if continuous else p.mz[::-1].copy()
        again.append(Pixel(p.x, p.y, mz, np.full(len(mz), 2.5)))
    again[74].fault = pixels[75].fault = "beyond"
    pixels = pixels[:25] + [again[24]] + pixels[25:] + [again[47], again[74], again[75]]
    return write_imzml(path, pixels, continuous=continuous, pixel_size=(20, 30), mz_type="<f8")


@pytest.fixture(scope="module", params=[False, True], ids=["processed", "continuous"])
def source(request, tmp_path_factory):
    return sample(tmp_path_factory.mktemp("sample") / "sample.imzML", request.param)


def options(method, layout):
    return [*AXIS_OPTIONS, "--interpolation-method", method, "--layout", layout]


@pytest.mark.parametrize("method, layout", product(METHODS, LAYOUTS))
def test_bytes_do_not_depend_on_the_run(mzgrid, source, tmp_path, full, method, layout):
    first = tmp_path / "first.zarr"
    (ranks, threads, chunk, streaming), *others = ALL_RUNS if full else RUNS
    if layout == "csr":
        others = others[::2] + DIRECT_RUNS if not full else others + ALL_DIRECT_RUNS
    how = ["--chunk-size", chunk, "--streaming", streaming]
    mzgrid.convert(source, first, *options(method, layout), *how, ranks=ranks, threads=threads)
    check_sample(source, first, method, layout)
    for ranks, threads, chunk, streaming in others:
        again = tmp_path / "again.zarr"
        how = ["--chunk-size", chunk, "--streaming", streaming, "--overwrite"]
        mzgrid.convert(source, again, *options(method, layout), *how, ranks=ranks, threads=threads)
        stores.assert_same_tree(first, again)


@pytest.mark.parametrize("method", ["cubic", "pchip", "tic_preserving", "overlap"])
def test_bytes_of_the_other_methods(mzgrid, source, tmp_path, full, method):
    """Their values are compared with references elsewhere; here, with gaps, only from run to run."""
    first = tmp_path / "first.zarr"
    for ranks, threads, chunk, streaming in ALL_RUNS if full else [RUNS[0], RUNS[2], RUNS[3]]:
        again = tmp_path / "again.zarr"
        how = ["--chunk-size", chunk, "--streaming", streaming, "--spectrum-type", "profile", "--max-gap", 2, "--overwrite"]
        mzgrid.convert(source, again, *options(method, "csc"), *how, ranks=ranks, threads=threads)
        if not first.exists():
            again.rename(first)
        else:
            stores.assert_same_tree(first, again)
    assert stores.open_store(first).table.X.nnz > 0


def check_sample(source, path, method, layout):
    """The values are right, and the sample is as hard as it is meant to be."""
    document = reference.read_imzml(source)
    store = stores.open_store(path, check=True)
    axis = reference.axis(AXIS["law"], AXIS["low"], AXIS["high"], bins=AXIS["bins"])
    expected = stores.assert_store(store, document, axis, method, layout, size=(20.0, 30.0))
    obs = store.table.obs
    assert len(obs) == N_PIXELS - 2
    assert [s[0] for s in expected.skipped] == [23, 49, 102, 76]
    assert set(obs.index[obs["n_spectra"] == 2]) == {"25", "48"}
    assert obs.loc["75", "n_spectra"] == 1 and obs.loc["76", "spectrum_index"] == 103
    assert expected.outside > 0 and obs["dropped_points"].sum() >= 12
    for name in ("data", "indices"):
        array = path / "tables" / store.name / "X" / name
        described = json.loads((array / "zarr.json").read_text())
        shard = described["chunk_grid"]["configuration"]["chunk_shape"][0]
        n = store.table.X.nnz
        # Rows are written before the number of their values is known: what they can have at most counts.
        most = POINTS * len(document.spectra) if method == "nearest_neighbor" else N_PIXELS * AXIS["bins"]
        expected = n if layout == "csc" else most
        assert described["shape"] == [n] and shard % 262144 == 0
        assert shard == min(math.ceil(math.ceil(expected / 64) / 262144) * 262144, 32 << 20)
        files = sorted(int(p.name) for p in (array / "c").iterdir())
        assert files == list(range(math.ceil(n / shard))) and len(files) >= 2


@pytest.mark.parametrize("layout", LAYOUTS)
def test_small_values_are_not_stored(mzgrid, source, tmp_path, layout):
    """--min-intensity drops values below it, and they count in none of the statistics."""
    path = tmp_path / "a.zarr"
    mzgrid.convert(source, path, *options("nearest_neighbor", layout), "--min-intensity", 20, ranks=2)
    store = stores.open_store(path)
    axis = reference.axis(AXIS["law"], AXIS["low"], AXIS["high"], bins=AXIS["bins"])
    edges, centers = stores.assert_axis(store, axis)
    document = reference.read_imzml(source)
    expected = reference.table(document, edges, centers, "nearest_neighbor", size=(20.0, 30.0))
    expected.X[expected.X.astype(np.float32) < 20] = 0.0
    stores.assert_rows(store.table.X, layout, expected)
    stores.assert_obs(store, expected)
    stores.assert_var_statistics(store)


@pytest.mark.parametrize("choice", ["first", "sum"])
def test_duplicates(mzgrid, source, tmp_path, choice):
    path = tmp_path / "a.zarr"
    run = mzgrid.convert(source, path, *options("linear", "csr"), "--duplicates", choice, ranks=3)
    assert "4 pixels have more than one spectrum" in run.err
    axis = reference.axis(AXIS["law"], AXIS["low"], AXIS["high"], bins=AXIS["bins"])
    document = reference.read_imzml(source)
    stores.assert_store(stores.open_store(path), document, axis, "linear", "csr", duplicates=choice, size=(20.0, 30.0))


def test_duplicates_can_be_an_error(mzgrid, source, tmp_path):
    run = mzgrid("convert", source, tmp_path / "a.zarr", "--duplicates", "error", ranks=2)
    assert run.status == 1 and "4 pixels have more than one spectrum" in run.err
    assert not list(tmp_path.iterdir())


def test_range_is_found_by_scanning(mzgrid, source, tmp_path):
    """--scan-range looks at every m/z, so unsorted spectra and useless m/z at their ends do not matter."""
    document = reference.read_imzml(source)
    low, high = reference.scanned_range(document)
    for ranks in (1, 4):
        path = tmp_path / f"{ranks}.zarr"
        mzgrid.convert(source, path, "--scan-range", "--bins", 100, "--mass-axis-type", "orbitrap", ranks=ranks)
        edges, _ = stores.assert_axis(stores.open_store(path), reference.axis("orbitrap", low, high, bins=100))
        assert (edges[0], edges[-1]) == (low, high)
