"""Looking into a finished store with the libraries its users have, and holding it against the reference."""
import hashlib
from dataclasses import dataclass
from pathlib import Path

import anndata
import numpy as np
import pandas
import scipy.sparse as sp
import spatialdata
from spatialdata.transformations import get_transformation

import check_store
import reference

MAX_ULPS = 4  # by which an edge or a centre may miss the exact one


def tree(store):
    """Every file below a directory: relative name -> digest of its bytes. Empty directories count as well."""
    store = Path(store)
    return {
        str(p.relative_to(store)): hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else "directory"
        for p in store.rglob("*")
    }


def assert_same_tree(store, other):
    a, b = tree(store), tree(other)
    assert sorted(a) == sorted(b), f"{store} and {other} hold different files: {sorted(a.keys() ^ b.keys())[:10]}"
    differing = sorted(name for name in a if a[name] != b[name])
    assert not differing, f"{store} and {other} differ in {len(differing)} files: {differing[:10]}"


@dataclass
class Store:
    path: Path
    sdata: spatialdata.SpatialData
    table: anndata.AnnData
    name: str  # of the table

    @property
    def region(self):
        return f"{self.name}_pixels"


def open_store(path, *, dataset="msi_dataset", check=False, rewrite=False):
    """Opens a store with spatialdata; the table once more with anndata alone, which must say the same. `check`: all of
    check_store.py as well, which reads every numeric array with tensorstore too; `rewrite`: and saves a copy."""
    name = f"{dataset}_z0"
    if check or rewrite:
        report = check_store.check(path, rewrite)
        assert not report.errors and not report.warnings, report
        sdata = report.sdata
    else:
        sdata = spatialdata.read_zarr(path)
    assert list(sdata.tables) == [name]
    assert list(sdata.labels) == [f"{name}_pixels"]
    assert list(sdata.images) == [f"{name}_tic"]
    table = anndata.read_zarr(Path(path) / "tables" / name)
    assert_same_table(table, sdata.tables[name])
    return Store(Path(path), sdata, table, name)


def assert_same_table(a, b):
    """X, obs, var, obsm and uns of two AnnData objects are equal."""
    assert type(a.X) is type(b.X) and a.X.dtype == b.X.dtype and a.shape == b.shape
    if sp.issparse(a.X):
        for part in ("data", "indices", "indptr"):
            assert getattr(a.X, part).dtype == getattr(b.X, part).dtype, part
            assert np.array_equal(getattr(a.X, part), getattr(b.X, part)), part
    else:
        assert np.array_equal(a.X, b.X)
    for frame in ("obs", "var"):
        one, other = getattr(a, frame), getattr(b, frame)
        assert list(one.columns) == list(other.columns) and list(one.index) == list(other.index)
        for column in one:
            assert one[column].dtype == other[column].dtype, column
            assert np.array_equal(one[column].to_numpy(), other[column].to_numpy()), column
    assert list(a.obsm) == list(b.obsm)
    for key in a.obsm:
        assert np.array_equal(a.obsm[key], b.obsm[key])
    assert_same_tree_of_values(a.uns, b.uns, "uns")


def assert_same_tree_of_values(a, b, where):
    if hasattr(a, "keys") and not hasattr(a, "columns"):
        assert sorted(a) == sorted(b), where
        for key in a:
            assert_same_tree_of_values(a[key], b[key], f"{where}/{key}")
    elif hasattr(a, "columns"):
        assert list(a.columns) == list(b.columns) and list(a.index) == list(b.index), where
        for column in a:
            one, other = a[column], b[column]
            is_number = pandas.api.types.is_numeric_dtype(one)  # strings are objects or strings, as the reader likes
            assert is_number == pandas.api.types.is_numeric_dtype(other), f"{where}/{column}"
            assert not is_number or one.dtype == other.dtype, f"{where}/{column}"
            assert np.array_equal(one.to_numpy(), other.to_numpy()), f"{where}/{column}"
    else:
        assert np.array_equal(np.asarray(a), np.asarray(b)), where


def assert_axis(store, axis):
    """var holds the axis, each number within MAX_ULPS of the exact one. Returns the store's own edges and centres, with
    which a point on the border of two bins is no longer a matter of rounding."""
    var = store.table.var
    assert len(var) == axis.n
    lower, upper, centers = (var[c].to_numpy() for c in ("mz_lower", "mz_upper", "mz"))
    # The m/z, with digits to a seventh of the bin: the last of them counts seven or more from name to name.
    digits = np.maximum(0, np.ceil(np.log10(7 / (upper - lower)))).astype(int)
    assert list(var.index) == [f"{c:.{d}f}" for c, d in zip(centers, digits)]
    assert var.index.is_unique
    assert lower.dtype == upper.dtype == centers.dtype == np.float64
    assert np.array_equal(lower[1:], upper[:-1])
    edges = np.append(lower, upper[-1:])
    assert (np.diff(edges) > 0).all()
    assert reference.ulps(edges, axis.edges) <= MAX_ULPS
    assert reference.ulps(centers, axis.centers) <= MAX_ULPS
    return edges, centers


def assert_rows(X, layout, expected, dtype=np.float32):
    """X holds the expected values, each within the rounding of its type; zeros are not stored."""
    assert sp.issparse(X) and X.format == layout and X.dtype == dtype and X.shape == expected.X.shape
    assert X.indices.dtype == X.indptr.dtype == np.int32
    assert not (X.data == 0).any()
    got = X.toarray().astype(np.float64)
    rounding = np.abs(expected.X) * 2.0**-24 if dtype == np.float32 else 0.0
    tolerance = rounding * (1 + 1e-9) + 2.0**-149 + 1e-13 * expected.scale[:, None]
    wrong = np.abs(got - expected.X) > tolerance
    assert not wrong.any(), (
        f"{wrong.sum()} values of {np.unique(np.nonzero(wrong)[0]).size} rows differ, the first at "
        f"{np.argwhere(wrong)[0]}: {got[wrong][0]!r} instead of {expected.X[wrong][0]!r}"
    )
    assert not (got[expected.X == 0] != 0).any(), "values where there should be none"


def assert_obs(store, expected):
    obs = store.table.obs
    want = expected.obs
    assert list(obs.index) == [str(k) for k in want["instance_key"]]
    assert obs["region"].dtype == "category" and set(obs["region"]) == {store.region}
    for column in ("instance_key", "x", "y", "z"):
        assert obs[column].dtype == np.int32, column
        assert np.array_equal(obs[column], want[column]), column
    assert obs["spectrum_index"].dtype == np.int64
    for column in ("spectrum_index", "n_spectra", "n_points", "dropped_points"):
        assert np.array_equal(obs[column], want[column]), column
    assert obs["rms"].dtype == np.float64
    np.testing.assert_allclose(obs["rms"], want["rms"], rtol=1e-13, atol=0)
    for column in ("median_intensity", "base_peak_mz", "base_peak_intensity"):
        assert obs[column].dtype == np.float64
        assert np.array_equal(obs[column], want[column]), column
    for column in ("spatial_x", "spatial_y"):
        np.testing.assert_allclose(obs[column], want[column], rtol=1e-14, atol=0, err_msg=column)
    assert obs["tic"].dtype == np.float64
    assert (np.abs(obs["tic"] - want["tic"]) <= 1e-12 * expected.scale).all()
    assert np.array_equal(store.table.obsm["spatial"], obs[["spatial_x", "spatial_y"]].to_numpy())


def assert_var_statistics(store):
    """The columns that follow from the stored values."""
    mean, largest, count = reference.columns(sp.csc_matrix(store.table.X))
    var = store.table.var
    assert np.array_equal(var["mean_intensity"], mean)
    assert np.array_equal(store.table.uns["average_spectrum"], mean)
    assert np.array_equal(var["max_intensity"], largest)
    assert np.array_equal(var["n_pixels"], count)


def assert_rasters(store, document, expected, size=(None, None)):
    """Labels and TIC image, and the place of both in micrometre."""
    positions = list(zip(*(expected.obs[c] for c in "xyz")))
    labels = store.sdata.labels[store.region]
    want = reference.raster(positions, expected.obs["instance_key"], np.int32)
    assert labels.dtype == np.int32 and labels.dims == ("z", "y", "x")[-want.ndim :]
    assert np.array_equal(labels.values, want)

    image = store.sdata.images[f"{store.name}_tic"]
    want = reference.raster(positions, expected.obs["tic"], np.float64)
    assert image.dtype == np.float32 and image.dims == ("c", "z", "y", "x")[:1] + ("z", "y", "x")[-want.ndim :]
    np.testing.assert_allclose(image.values[0], want, rtol=2.0**-23, atol=0)

    sx, sy = (s or 1.0 for s in size)
    first, (indexed, _) = np.min(positions, axis=0), reference.box(document)
    tx, ty = ((m - min(1, i)) * s for m, i, s in zip(first, indexed, (sx, sy)))
    for element in (labels, image):
        affine = get_transformation(element, "global").to_affine_matrix(("x", "y"), ("x", "y"))
        np.testing.assert_allclose(affine, [[sx, 0, tx], [0, sy, ty], [0, 0, 1]], rtol=1e-14)


def assert_store(store, document, axis, method, layout, dtype=np.float32, **options):
    """Everything that follows from the input and the options."""
    edges, centers = assert_axis(store, axis)
    size = options.get("size", (None, None))
    expected = reference.table(document, edges, centers, method, own_edges=axis.edges, **options)
    assert_rows(store.table.X, layout, expected, dtype)
    assert_obs(store, expected)
    assert_var_statistics(store)
    assert_rasters(store, document, expected, size)
    skipped = store.table.uns["skipped_pixels"]
    assert list(skipped["spectrum_index"]) == [s[0] for s in expected.skipped]
    assert [tuple(row) for row in skipped[["x", "y", "z"]].to_numpy()] == [s[1] for s in expected.skipped]
    assert all(skipped["reason"].astype(str))
    return expected
