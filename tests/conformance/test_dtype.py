"""--dtype float64: values arrive as they were computed, and everything that follows from them is exact."""

from fractions import Fraction

import anndata
import numpy as np
import pytest
import scipy.sparse as sp

import reference
import stores
from sets import LAYOUTS
from test_bytes import AXIS, options, sample
from writer import Pixel, write_imzml

RUNS = [  # ranks, threads, chunk size, streaming, memory limit
    (2, 2, 12, "off", "1G"),
    (4, 1, 8, "hdf5", "1G"),
    (1, 2, 100, "off", "160M"),
]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return sample(tmp_path_factory.mktemp("sample") / "sample.imzML", continuous=False)


def assert_exact_means(store):
    X = sp.csc_matrix(store.table.X)
    means = store.table.var["mean_intensity"].to_numpy()
    for k in range(0, X.shape[1], 7):
        total = sum((Fraction(float(v)) for v in X.data[X.indptr[k] : X.indptr[k + 1]]), Fraction(0))
        assert means[k] == float(total) / X.shape[0]


@pytest.mark.parametrize("method, layout", [("tic_preserving", LAYOUTS[0]), ("nearest_neighbor", LAYOUTS[1])])
def test_values_are_those_computed(mzgrid, source, tmp_path, method, layout):
    first, again = tmp_path / "first.zarr", tmp_path / "again.zarr"
    how = [*options(method, layout), "--dtype", "float64"]
    mzgrid.convert(source, first, *how, "--chunk-size", 3, "--keep-hdf5")
    store = stores.open_store(first, check=True)
    document = reference.read_imzml(source)
    axis = reference.axis(AXIS["law"], AXIS["low"], AXIS["high"], bins=AXIS["bins"])
    if method == "nearest_neighbor":
        stores.assert_store(store, document, axis, method, layout, size=(20.0, 30.0), dtype=np.float64)
    assert store.table.X.dtype == np.float64 and store.table.var["max_intensity"].dtype == np.float64
    assert store.table.uns["mzgrid"]["options"]["dtype"] == "float64"
    assert store.sdata.images[f"{store.name}_tic"].dtype == np.float32
    assert_exact_means(store)

    kept = anndata.read_h5ad(tmp_path / "first.h5ad")
    assert kept.X.dtype == np.float64 and kept.var["max_intensity"].dtype == np.float64
    assert (sp.csr_matrix(store.table.X) != kept.X).nnz == 0

    mzgrid.convert(source, tmp_path / "narrow.zarr", *options(method, layout))
    narrow = stores.open_store(tmp_path / "narrow.zarr").table.X
    assert np.array_equal(narrow.data, store.table.X.data.astype(np.float32))
    assert not np.array_equal(narrow.data, store.table.X.data)
    for ranks, threads, chunk, streaming, limit in RUNS:
        run = ["--chunk-size", chunk, "--streaming", streaming, "--memory-limit", limit, "--overwrite"]
        mzgrid.convert(source, again, *how, *run, ranks=ranks, threads=threads)
        stores.assert_same_tree(first, again)


def test_values_beyond_the_type_are_cut_and_counted(mzgrid, tmp_path):
    mz = np.array([150.25, 150.5, 250.5, 350.5])
    intensities = [[1.7e308, 1.7e308, 1e300, 1.0], [-1.7e308, -1.7e308, -1e39, 2.0], [5e-324, 1e-320, 1e-300, 0.5]]
    pixels = [Pixel(x + 1, 1, mz, np.array(y)) for x, y in enumerate(intensities)]
    source = write_imzml(tmp_path / "in.imzML", pixels, mz_type="<f8", intensity_type="<f8")
    axis = "--mass-axis-type constant --min-mz 100 --max-mz 400 --bins 3".split()
    how = [*axis, "--interpolation-method", "nearest_neighbor", "--spectrum-type", "centroid"]
    found = {}
    for dtype, beyond in (("float32", 4), ("float64", 2)):
        run = mzgrid.convert(source, tmp_path / f"{dtype}.zarr", *how, "--dtype", dtype, ranks=2)
        assert f"{beyond} values were beyond what the stored type holds" in run.err
        found[dtype] = stores.open_store(tmp_path / f"{dtype}.zarr").table
    most, most32 = np.finfo(np.float64).max, np.finfo(np.float32).max
    wide = [[most, 1e300, 1.0], [-most, -1e39, 2.0], [5e-324 + 1e-320, 1e-300, 0.5]]
    assert found["float64"].X.toarray().tolist() == wide
    narrow = [[most32, most32, 1.0], [-most32, -most32, 2.0], [0.0, 0.0, 0.5]]
    assert found["float32"].X.toarray().tolist() == narrow
    assert found["float64"].var["mean_intensity"].tolist() == [
        float(sum(Fraction(row[k]) for row in wide)) / 3 for k in range(3)
    ]
    assert found["float64"].var["max_intensity"].tolist() == [most, 1e300, 2.0]
