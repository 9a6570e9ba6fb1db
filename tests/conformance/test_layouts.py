"""The same matrix in all layouts and by all ways of writing it; what a dense one looks like on the disk."""

import json
import math

import anndata
import numpy as np
import pytest
import scipy.sparse as sp
import tensorstore
import zarr

import stores
from writer import Pixel, write_imzml

N_PIXELS, N_BINS = 400, 5000
BAND = 128  # rows of a dense chunk
AXIS = f"--mass-axis-type reflector_tof --bins {N_BINS}".split()
RUNS = [  # ranks, threads, chunk size, streaming, memory limit
    (2, 1, 100, "hdf5", "1G"),
    (1, 2, 400, "off", "1G"),
    (1, 1, 150, "direct", "1G"),
    (2, 2, 7, "direct", "200M"),
    (3, 1, 64, "direct", "1G"),
    (4, 1, 1, "direct", "1G"),
]


@pytest.fixture(scope="module")
def source(mzgrid, tmp_path_factory):
    path = tmp_path_factory.mktemp("sample") / "sample.imzML"
    mzgrid("generate", path, "--size", "20x20", "--kind", "centroid", "--points", 300, "--full", "-q")
    return path


@pytest.fixture(scope="module")
def csc(mzgrid, source, tmp_path_factory):
    path = tmp_path_factory.mktemp("csc") / "out.zarr"
    mzgrid.convert(source, path, *AXIS)
    return stores.open_store(path).table


def dense_files(path, name):
    x = path / "tables" / name / "X"
    described = json.loads((x / "zarr.json").read_text())
    return described, sorted(str(p.relative_to(x / "c")) for p in (x / "c").rglob("*") if p.is_file())


@pytest.mark.parametrize("layout, dtype", [("csr", "float64"), ("dense", "float32")])
def test_bytes_do_not_depend_on_the_way(mzgrid, source, csc, tmp_path, layout, dtype):
    first, again = tmp_path / "first.zarr", tmp_path / "again.zarr"
    how = [*AXIS, "--layout", layout, "--dtype", dtype]
    mzgrid.convert(source, first, *how, "--chunk-size", 33, "--streaming", "hdf5")
    store = stores.open_store(first, check=True)
    X = store.table.X
    assert X.dtype == dtype and X.shape == (N_PIXELS, N_BINS)
    assert (sp.csr_matrix(X).astype(np.float32) != csc.X.tocsr()).nnz == 0
    stores.assert_var_statistics(store)
    for ranks, threads, chunk, streaming, limit in RUNS:
        run = ["--chunk-size", chunk, "--streaming", streaming, "--memory-limit", limit, "--overwrite"]
        mzgrid.convert(source, again, *how, *run, ranks=ranks, threads=threads)
        stores.assert_same_tree(first, again)


def test_dense_on_disk(mzgrid, source, csc, tmp_path):
    """Bands of whole pixels, cut into ranges of bins, in shards; zarr and tensorstore read it as well."""
    path = tmp_path / "out.zarr"
    mzgrid.convert(source, path, *AXIS, "--layout", "dense", "--keep-hdf5", "--streaming", "direct", ranks=2)
    name = stores.open_store(path).name
    described, files = dense_files(path, name)
    assert described["attributes"] == {"encoding-type": "array", "encoding-version": "0.2.0"}
    assert described["shape"] == [N_PIXELS, N_BINS]
    sharding = described["codecs"][0]
    assert sharding["name"] == "sharding_indexed"
    assert sharding["configuration"]["chunk_shape"] == [BAND, (1 << 18) // BAND]
    assert described["chunk_grid"]["configuration"]["chunk_shape"] == [BAND, 3 * (1 << 18) // BAND]
    assert files == [f"{band}/0" for band in range(math.ceil(N_PIXELS / BAND))]
    X = csc.X.toarray()
    array = path / "tables" / name / "X"
    assert np.array_equal(zarr.open_array(array)[:], X)
    opened = tensorstore.open({"driver": "zarr3", "kvstore": f"file://{array}"}).result()
    assert np.array_equal(opened[100:300, 17].read().result(), X[100:300, 17])
    kept = anndata.read_h5ad(tmp_path / "out.h5ad")  # whose X is sparse, in rows
    assert kept.X.format == "csr" and (kept.X != csc.X.tocsr()).nnz == 0


@pytest.mark.parametrize("streaming", ["off", "direct"])
def test_chunks_without_values_are_left_out(mzgrid, source, tmp_path, streaming):
    """Nothing of the spectra lies in the last nine tenths of the axis. An axis beside all of them is refused."""
    bins = f"--mass-axis-type constant --bins {10 * (1 << 18) // BAND}".split()
    how = ["--layout", "dense", "--streaming", streaming, "--compression", "none"]
    path = tmp_path / "a.zarr"
    mzgrid.convert(source, path, *bins, "--min-mz", 100, "--max-mz", 11000, *how)
    store = stores.open_store(path, check=True)
    x = path / "tables" / store.name / "X"
    size = sum(p.stat().st_size for p in x.rglob("*") if p.is_file() and p.name != "zarr.json")
    assert size == math.ceil(N_PIXELS / BAND) * ((1 << 18) * 4 + 16 * 10 + 4)
    assert store.table.X.any()
    run = mzgrid("convert", source, tmp_path / "b.zarr", *bins, "--min-mz", 5000, "--max-mz", 6000, *how)
    assert run.status == 1 and "has no data" in run.err and not (tmp_path / "b.zarr").exists(), str(run)


def test_many_bins_make_low_bands(mzgrid, source, tmp_path):
    """A band has at most 8 Mi values: 16 rows of 300,000 bins."""
    axis = "--mass-axis-type constant --bins 300000".split()
    for streaming, ranks in (("off", 1), ("direct", 3)):
        path = tmp_path / f"{streaming}.zarr"
        mzgrid.convert(source, path, *axis, "--layout", "dense", "--streaming", streaming, ranks=ranks)
    stores.assert_same_tree(tmp_path / "off.zarr", tmp_path / "direct.zarr")
    name = "msi_dataset_z0"
    described, files = dense_files(path, name)
    assert described["codecs"][0]["configuration"]["chunk_shape"] == [16, 1 << 14]
    assert len(files) == N_PIXELS / 16
    counts = zarr.open_array(path / "tables" / name / "var" / "n_pixels")[:]
    X = zarr.open_array(path / "tables" / name / "X")
    assert sum(np.count_nonzero(X[first : first + 80]) for first in range(0, N_PIXELS, 80)) == counts.sum()


def test_columns_cannot_be_written_as_rows_come(mzgrid, source, tmp_path):
    run = mzgrid("convert", source, tmp_path / "out.zarr", *AXIS, "--streaming", "direct", ranks=2)
    assert run.status == 2
    assert "csr" in run.err and "dense" in run.err and "hdf5" in run.err and "off" in run.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("more", [["--dry-run"], []])
def test_dense_says_what_opening_it_takes(mzgrid, tmp_path, more):
    """2 points in each of 12 pixels, and 50,000 bins: 12 × 50,000 × 4 bytes with all zeros."""
    pixels = [Pixel(x, y, np.array([150.0, 350.0]), np.ones(2)) for y in (1, 2, 3) for x in (1, 2, 3, 4)]
    source = write_imzml(tmp_path / "in.imzML", pixels, pixel_size=(20, 20))
    axis = "--mass-axis-type constant --min-mz 100 --max-mz 400 --bins 50000 --interpolation-method nearest_neighbor".split()
    run = mzgrid("convert", source, tmp_path / "a.zarr", *axis, "--layout", "dense", *more)
    assert run.status == 0
    assert "opened whole, X takes 2.4 MB of memory, its zeros included" in run.err, run.err
    if more:
        assert "at most 4.4 MB in the store" in run.err, run.err  # with 50,000 bins in var
    else:
        assert stores.open_store(tmp_path / "a.zarr").table.X.nbytes == 2400000


def files_below(path):
    return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def plain(mzgrid, source, tmp_path, layout, dtype="float32"):
    """The files of X in a store of that layout alone."""
    path = tmp_path / f"plain-{layout}.zarr"
    mzgrid.convert(source, path, *AXIS, "--layout", layout, "--dtype", dtype)
    return files_below(path / "tables" / "msi_dataset_z0" / "X")


TWICE = [  # ranks, threads, chunk size, streaming, memory limit
    (1, 2, 400, "off", "1G"),  # two blocks of a rank, or one that all shards lie in
    (2, 1, 100, "hdf5", "1G"),
    (2, 2, 7, "off", "200M"),
    (3, 1, 64, "auto", "1G"),
    (4, 1, 1, "off", "1G"),
    (2, 2, 33, "hdf5", "200M"),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_columns_and_rows(mzgrid, source, tmp_path, dtype):
    """X has the bytes of csc's X, and the layer those of csr's, by all ways of writing them."""
    csc, csr = (plain(mzgrid, source, tmp_path, layout, dtype) for layout in ("csc", "csr"))
    first, again = tmp_path / "first.zarr", tmp_path / "again.zarr"
    how = [*AXIS, "--layout", "csc+csr", "--dtype", dtype]
    mzgrid.convert(source, first, *how)
    table = first / "tables" / "msi_dataset_z0"
    assert files_below(table / "X") == csc
    assert files_below(table / "layers" / "csr") == csr
    store = stores.open_store(first, check=True, rewrite=True)
    X, rows = store.table.X, store.table.layers["csr"]
    assert (X.format, rows.format) == ("csc", "csr") and (X.tocsr() != rows).nnz == 0
    assert store.table.uns["mzgrid"]["options"]["layout"] == "csc+csr"
    for ranks, threads, chunk, streaming, limit in TWICE:
        run = ["--chunk-size", chunk, "--streaming", streaming, "--memory-limit", limit, "--overwrite"]
        mzgrid.convert(source, again, *how, *run, ranks=ranks, threads=threads)
        stores.assert_same_tree(first, again)


def test_columns_and_rows_with_a_kept_file(mzgrid, source, csc, tmp_path):
    path = tmp_path / "out.zarr"
    mzgrid.convert(source, path, *AXIS, "--layout", "csc+csr", "--keep-hdf5", ranks=2)
    stores.open_store(path, check=True)
    kept = anndata.read_h5ad(tmp_path / "out.h5ad")
    assert kept.X.format == "csr" and (kept.X != csc.X.tocsr()).nnz == 0 and not kept.layers


def test_columns_and_rows_take_twice_the_room(mzgrid, source, csc, tmp_path):
    """Each point of the input is at most one value of 8 bytes, in each of both."""
    once = csc.obs["n_points"].sum() * 8 / 1e6
    how = [*AXIS, "--interpolation-method", "nearest_neighbor", "--dry-run"]
    said = [mzgrid("convert", source, tmp_path / "out.zarr", *how, "--layout", layout).err for layout in ("csc", "csc+csr")]
    sizes = [float(text.split("at most ")[1].split(" MB in the store")[0]) for text in said]
    opened = [float(text.split("opened whole, ")[1].split("at most ")[1].split(" MB")[0]) for text in said]
    assert opened[0] == pytest.approx(once, abs=0.06) and opened[1] == pytest.approx(2 * once, abs=0.06)
    assert sizes[1] - sizes[0] == pytest.approx(once, abs=0.16)
    assert "X and layers/csr together take at most" in said[1]


def test_columns_and_rows_cannot_be_written_as_rows_come(mzgrid, source, tmp_path):
    run = mzgrid("convert", source, tmp_path / "out.zarr", *AXIS, "--layout", "csc+csr", "--streaming", "direct")
    assert run.status == 2 and "--layout csc+csr does not allow" in run.err, run.err
    assert not list(tmp_path.iterdir())
