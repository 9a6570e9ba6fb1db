"""--keep-hdf5 leaves OUT.h5ad, which AnnData opens and which says the same as the store."""

import anndata
import h5py
import numpy as np
import pytest

import stores
from sets import LAYOUTS, METHODS
from test_bytes import options, sample


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return sample(tmp_path_factory.mktemp("sample") / "sample.imzML", continuous=False)


@pytest.mark.parametrize("ranks, method, layout", [(1, *METHODS[:1], "csr"), (2, "linear", "csc"), (3, METHODS[0], "csc")])
def test_kept_file_equals_the_store(mzgrid, source, tmp_path, ranks, method, layout):
    path = tmp_path / "out.zarr"
    more = ["--keep-hdf5", "--chunk-size", 8]
    mzgrid.convert(source, path, *options(method, layout), *more, ranks=ranks)
    assert sorted(p.suffix for p in tmp_path.iterdir() if p.is_dir() or p.suffix == ".h5ad") == [".h5ad", ".zarr"]
    kept = anndata.read_h5ad(tmp_path / "out.h5ad")
    store = stores.open_store(path)
    assert kept.X.format == "csr"
    with h5py.File(tmp_path / "out.h5ad") as file:  # scipy makes them one type when it reads them
        assert file["X/indices"].dtype == file["X/indptr"].dtype == np.int32
    assert store.table.X.format == layout
    store.table.X = store.table.X.tocsr()
    store.table.X.sort_indices()
    uns = dict(store.table.uns)
    uns.pop("spatialdata_attrs", None), kept.uns.pop("spatialdata_attrs", None)
    store.table.uns = uns
    stores.assert_same_table(kept, store.table)


def test_kept_file_lies_where_asked(mzgrid, source, tmp_path):
    elsewhere = tmp_path / "scratch"
    elsewhere.mkdir()
    more = ["--keep-hdf5", "--temp-dir", elsewhere]
    mzgrid.convert(source, tmp_path / "out.zarr", *options("linear", "csc"), *more, ranks=2)
    assert [p.name for p in elsewhere.iterdir()] == ["out.h5ad"]
    with h5py.File(elsewhere / "out.h5ad") as file:
        assert file["X"].attrs["encoding-type"] == "csr_matrix"


def test_nothing_is_kept_by_default(mzgrid, source, tmp_path):
    mzgrid.convert(source, tmp_path / "out.zarr", *options("linear", "csc"), ranks=2)
    assert [p.name for p in tmp_path.iterdir() if not p.name.endswith((".json", ".html"))] == ["out.zarr"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_table_with_a_single_value_can_be_kept(mzgrid, tmp_path, layout):
    """All other intensities are 0, and so all other rows are empty."""
    from writer import Pixel, write_imzml

    pixels = [Pixel(x + 1, 1, np.linspace(100, 200, 50), np.zeros(50)) for x in range(5)]
    pixels[3].intensity[7] = 2.0
    source = write_imzml(tmp_path / "in.imzML", pixels)
    axis = "--mass-axis-type constant --min-mz 100 --max-mz 200 --bins 10 --spectrum-type centroid".split()
    mzgrid.convert(source, tmp_path / "out.zarr", *axis, "--keep-hdf5", "--layout", layout, ranks=2)
    kept = anndata.read_h5ad(tmp_path / "out.h5ad")
    store = stores.open_store(tmp_path / "out.zarr")
    assert kept.shape == store.table.shape == (5, 10)
    assert kept.X.nnz == store.table.X.nnz == 1
