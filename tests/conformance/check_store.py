#!/usr/bin/env python3
"""Check a SpatialData Zarr store with the libraries that its users have.

usage: check_store.py STORE.zarr [--beside OTHER.zarr] [--rewrite]

As a module: check(store, rewrite=False, beside=None) returns a Report; its `errors` are what a user would run into.

1. Files: every group and array has its zarr.json, the consolidated metadata say the same, every chunk file lies in the
   grid of its array.
2. zarr-python and tensorstore read the same values from every numeric array.
3. spatialdata opens it, and the model of each element validates.
4. Tables: unique names, matrix indices sorted and in range (of layers, too; the layer "csr" equals X), finite values, increasing m/z; each row has its label and each label
   its row; obsm["spatial"] lies at the centres of the pixels.
5. What users do with a whole table works: scipy's operations on X, read_lazy without a warning, rasterize_bins onto its labels.
6. Two samples as one: anndata.concat (inner and outer) and spatialdata.concatenate lose no value and keep the m/z. The other sample
   is OTHER.zarr, or made of this one: the upper half of its bins, with twice the values.
7. --rewrite: the opened object can be saved, and the copy opened (some stores can be read, not saved).
"""
import argparse
import json
import logging
import sys
import tempfile
import warnings
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import anndata  # noqa: E402
import anndata.experimental  # noqa: E402
import numpy as np  # noqa: E402
import scipy.sparse as sp  # noqa: E402
import spatialdata  # noqa: E402
import tensorstore  # noqa: E402
import zarr  # noqa: E402
from spatialdata.models import TableModel, get_model  # noqa: E402
from spatialdata.transformations import get_transformation  # noqa: E402

ELEMENTS = ("images", "labels", "points", "shapes")
MOST_BESIDE = 2e7  # values of both tables, zeros included, that are compared
FLOAT32_MAX = float(np.finfo("f4").max)


@dataclass
class Report:
    errors: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    sdata: object = None

    def error(self, text):
        self.errors.append(text)

    def warning(self, text):
        self.warnings.append(text)


def find_nodes(store):
    """Path in the store → metadata, of all groups and arrays below the root that readers can reach."""
    nodes, pending = {}, [store]
    while pending:
        directory = pending.pop()
        metadata = json.loads((directory / "zarr.json").read_text())
        if directory != store:
            nodes[directory.relative_to(store).as_posix()] = metadata
        if metadata["node_type"] == "group":
            pending += [d for d in directory.iterdir() if (d / "zarr.json").is_file()]
    return nodes


def check_files(report, store):
    for directory in store.rglob("*"):
        if not directory.is_dir() or (directory / "zarr.json").is_file():
            continue
        parents = [p for p in directory.parents if p == store or store in p.parents]
        if not any(_is_array(p) for p in parents):
            report.error(f"{directory.relative_to(store)}: no zarr.json; readers do not see what is below")
    nodes = find_nodes(store)
    check_consolidated(report, json.loads((store / "zarr.json").read_text()), nodes, "")
    for path in [p for p in nodes if p.startswith("tables/") and p.count("/") == 1]:
        below = {p.removeprefix(path + "/"): m for p, m in nodes.items() if p.startswith(path + "/")}
        check_consolidated(report, nodes[path], below, f"{path}: ")
    for path, metadata in nodes.items():
        if metadata["node_type"] == "array":
            check_chunk_files(report, store / path, path, metadata)
        indices = nodes.get(path.removesuffix("indptr") + "indices")
        if path.endswith("/indptr") and indices and metadata["data_type"] != indices["data_type"]:
            report.error(f"{path} is {metadata['data_type']}, indices are {indices['data_type']}: operations fail")
    return nodes


def check_consolidated(report, group, nodes, where):
    """Of the root and of each table, which anndata opens alone, lists all that lies below."""
    consolidated = group.get("consolidated_metadata")
    if consolidated is None:
        report.warning(f"{where}the metadata are not consolidated")
        return
    listed = consolidated["metadata"]
    for path in sorted(nodes.keys() - listed.keys()):
        report.error(f"{where}consolidated metadata lack {path}: it is invisible to readers")
    for path in sorted(listed.keys() - nodes.keys()):
        report.error(f"{where}consolidated metadata list {path}, which does not exist")
    for path in sorted(nodes.keys() & listed.keys()):
        if {k: v for k, v in nodes[path].items() if k != "consolidated_metadata"} != listed[path]:
            report.error(f"{where}consolidated metadata of {path} differ from its zarr.json")


def _is_array(directory):
    file = directory / "zarr.json"
    return file.is_file() and json.loads(file.read_text())["node_type"] == "array"


def check_chunk_files(report, directory, path, metadata):
    chunk_shape = metadata["chunk_grid"]["configuration"]["chunk_shape"]
    grid = [ceil(n / c) for n, c in zip(metadata["shape"], chunk_shape)]
    for file in directory.rglob("*"):
        if not file.is_file() or file.name == "zarr.json":
            continue
        key = file.relative_to(directory).parts
        inside = key[0] == "c" and len(key) == 1 + len(grid) and all(k.isdigit() for k in key[1:])
        if not inside or any(int(k) >= n for k, n in zip(key[1:], grid)):
            report.error(f"{path}/{'/'.join(key)}: not a chunk of its array")


def read_tensorstore(store, path):
    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": str(store / path)}}
    return tensorstore.open(spec, open=True).result().read().result()


def check_numeric_arrays(report, store, nodes):
    group = zarr.open_group(store, mode="r")
    for path, metadata in nodes.items():
        if metadata["node_type"] != "array" or metadata["data_type"] == "string":
            continue
        if np.prod(metadata["shape"], dtype=float) > 1e8:
            report.warning(f"{path}: too large to be compared")
            continue
        try:
            one, other = group[path][...], read_tensorstore(store, path)
        except Exception as x:
            report.error(f"{path}: {type(x).__name__}: {x}")
            continue
        if not np.array_equal(one, other, equal_nan=other.dtype.kind == "f"):
            report.error(f"{path}: zarr-python and tensorstore read different values")


def validate(report, sdata):
    for kind in ELEMENTS:
        for name, element in getattr(sdata, kind).items():
            try:
                get_model(element)().validate(element)
            except Exception as x:
                report.error(f"{kind}/{name}: {type(x).__name__}: {x}")
    for name, table in sdata.tables.items():
        try:
            TableModel().validate(table)
        except Exception as x:
            report.error(f"tables/{name}: {type(x).__name__}: {x}")


def check_matrix(report, where, x):
    values = x.data if sp.issparse(x) else np.asarray(x)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        report.error(f"{where}: values not finite")
    if not sp.issparse(x):
        return
    major, minor = x.shape if x.format == "csr" else x.shape[::-1]
    begins, indices = x.indptr.astype(np.int64), x.indices.astype(np.int64)
    if len(begins) != major + 1 or begins[0] != 0 or begins[-1] != len(indices) or len(indices) != len(x.data):
        report.error(f"{where}: indptr does not fit the {len(indices)} values")
        return
    if (np.diff(begins) < 0).any():
        report.error(f"{where}: indptr decreases")
        return
    if len(indices) and (indices.min() < 0 or indices.max() >= minor):
        report.error(f"{where}: index outside 0..{minor - 1}")
    line = np.repeat(np.arange(major), np.diff(begins))
    if ((np.diff(indices) <= 0) & (np.diff(line) == 0)).any():
        report.error(f"{where}: indices not strictly increasing within a row or column")
    if (values == 0).any():
        report.error(f"{where}: {int((values == 0).sum())} stored zeros")


def check_rows(report, where, table):
    """The layer "csr" holds the values of X, by rows."""
    rows, columns = table.layers["csr"], sp.csc_matrix(table.X)
    if not sp.issparse(rows) or rows.format != "csr":
        report.error(f"{where}/layers/csr is no csr_matrix")
    elif rows.dtype != columns.dtype or rows.nnz != columns.nnz or (rows.tocsc() != columns).nnz:
        report.error(f"{where}/layers/csr holds other values than X")


def raster_of(element):
    """The full-size array of an image or labels element."""
    if hasattr(element, "subtree"):
        element = next(iter(element["scale0"].ds.data_vars.values()))
    return element


def check_table(report, sdata, name, table):
    where = f"tables/{name}"
    if not table.obs_names.is_unique:
        report.error(f"{where}: obs names are not unique")
    if not table.var_names.is_unique:
        report.error(f"{where}: var names are not unique")
    check_matrix(report, f"{where}/X", table.X)
    for key, layer in table.layers.items():
        check_matrix(report, f"{where}/layers/{key}", layer)
    if "csr" in table.layers:
        check_rows(report, where, table)
    if "mz" in table.var and not (np.diff(table.var["mz"].to_numpy()) > 0).all():
        report.error(f"{where}: var['mz'] is not strictly increasing")

    attrs = table.uns.get("spatialdata_attrs")
    if not attrs:
        report.error(f"{where}: no uns/spatialdata_attrs, annotates nothing")
        return
    regions, ids = np.atleast_1d(attrs["region"]).tolist(), table.obs[attrs["instance_key"]].to_numpy()
    of_row = table.obs[attrs["region_key"]].astype(str).to_numpy()
    if len(ids) and set(of_row) != set(regions):
        report.error(f"{where}: obs[{attrs['region_key']!r}] is not always one of {regions}, or lacks one")
    for region in regions:
        rows = of_row == region
        if len(np.unique(ids[rows])) != rows.sum():
            report.error(f"{where}: instance ids of {region!r} occur twice")
        if region not in sdata.labels:
            report.error(f"{where}: annotates {region!r}, which is not among the labels")
        else:
            spatial = np.asarray(table.obsm["spatial"])[rows] if "spatial" in table.obsm else None
            check_labels(report, f"{where} of {region}", spatial, ids[rows], sdata[region])


def check_labels(report, where, spatial, ids, labels):
    element = raster_of(labels)
    raster = np.asarray(element.values)
    position = np.argwhere(raster)
    present = raster[tuple(position.T)]
    for missing in np.setdiff1d(ids, present)[:1]:
        report.error(f"{where}: instance ids without a label, such as {missing}")
    for extra in np.setdiff1d(present, ids)[:1]:
        report.warning(f"{where}: labels without a row, such as {extra}")
    if len(np.unique(present)) != len(present):
        report.error(f"{where}: labels of several cells")
        return
    if not np.isin(ids, present).all():
        return
    order = np.argsort(present)
    at = position[order[np.searchsorted(present, ids, sorter=order)]]
    centre = np.stack([at[:, -1] + 0.5, at[:, -2] + 0.5, np.ones(len(at))])
    if spatial is None:
        return  # of a table that mzgrid did not write
    systems = get_transformation(element, get_all=True)
    affine = next(iter(systems.values())).to_affine_matrix(("x", "y"), ("x", "y"))
    far = np.abs((affine @ centre)[:2].T - spatial).max(initial=0)
    if far > 1e-6 * max(1.0, np.abs(affine).max() * max(raster.shape)):
        report.error(f"{where}: obsm['spatial'] is up to {far:g} away from the centres of the labels")


def check_window(report, store, name, table):
    """What viewers show of the TIC at first: 0 to the value that 99.5 % of the pixels do not exceed."""
    where = f"images/{name}_tic"
    attributes = json.loads((store / where / "zarr.json").read_text())["attributes"]
    channels = attributes["ome"]["omero"]["channels"]
    values = np.sort(table.obs["tic"].to_numpy().clip(-FLOAT32_MAX, FLOAT32_MAX).astype("f4").astype("f8"))
    low, most, end = 0.0, 1.0, 1.0
    if len(values):
        low = min(0.0, values[0])
        bright = values[-(-995 * len(values) // 1000) - 1]
        if values[-1] > 0:
            most = values[-1]
            end = bright if bright > 0 else most
    window = {"min": low, "max": most, "start": 0.0, "end": end}
    if channels != [{"label": "tic", "color": "FFFFFF", "active": True, "window": window}]:
        report.error(f"{where}: omero tells of {channels}, not of one channel with {window}")


def check_use(report, path, where, table):
    """On the whole table as it was read: a view has other, repaired arrays."""
    x = table.X
    if np.prod(table.shape, dtype=float) > 1e8:
        report.warning(f"{where}: too large to be worked with")
        return
    total = float(np.sum(x, dtype=np.float64))
    operations = {}
    if sp.issparse(x):
        rows = np.full((x.shape[0], 1), 2.0, dtype=x.dtype)
        operations = {"tocoo": lambda: x.tocoo() * 2, "multiply": lambda: x.multiply(rows), "add": lambda: x + x}
    for name, operation in operations.items():
        try:
            twice = float(np.sum(operation(), dtype=np.float64))
        except Exception as error:
            report.error(f"{where}: {name}: {type(error).__name__}: {error}")
            continue
        if not np.isclose(twice, 2 * total, rtol=1e-5):
            report.error(f"{where}: {name} loses values: they sum up to {twice:g}, not {2 * total:g}")
    try:
        row, column = x.nonzero()
        if len(row) != (x != 0).sum() or len(row) and not np.all(np.asarray(x[row[:9], column[:9]]) != 0):
            report.error(f"{where}: nonzero finds other values")
    except Exception as error:
        report.error(f"{where}: nonzero: {type(error).__name__}: {error}")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        lazy = anndata.experimental.read_lazy(path)
    for warning in caught:
        if issubclass(warning.category, (ResourceWarning, DeprecationWarning)):
            continue  # of what was collected meanwhile, of one library about another: not of the store
        report.error(f"{where}: read_lazy warns: {warning.message}")
    if list(lazy.var_names) != list(table.var_names):
        report.error(f"{where}: read_lazy finds other names of bins")


def dense(x):
    return x.toarray() if sp.issparse(x) else np.asarray(x)


def check_raster(report, sdata, name, table):
    """An ion image that spatialdata makes has each value at the label of its row."""
    attrs = table.uns.get("spatialdata_attrs", {})
    region = attrs.get("region")
    if not isinstance(region, str) or region not in sdata.labels or not {"x", "y"} <= set(table.obs):
        return  # of several samples, or not one of mzgrid
    labels = np.asarray(raster_of(sdata[region]).values)
    fullest = table.var_names[int((dense((table.X != 0).sum(axis=0))).argmax())]
    if labels.ndim != 2:
        return  # which rasterize_bins does not know
    if sp.issparse(table.X) and table.X.format == "csr":  # of which it says to make a csc
        table = table.copy()
        table.X = table.X.tocsc()
        sdata = spatialdata.SpatialData(labels={region: sdata.labels[region]}, tables={name: table})
    try:
        image = spatialdata.rasterize_bins(sdata, region, name, "x", "y", value_key=fullest).values[0]
    except Exception as error:
        report.error(f"tables/{name}: rasterize_bins: {type(error).__name__}: {error}")
        return
    if image.shape != labels.shape:
        report.error(f"tables/{name}: rasterize_bins makes {image.shape} of labels of {labels.shape}")
        return
    ids = table.obs[attrs["instance_key"]].to_numpy()
    expected = np.zeros(1 + max(int(labels.max(initial=0)), int(ids.max(initial=0))))
    expected[ids] = dense(table[:, fullest].X)[:, 0]
    if not np.array_equal(image[labels > 0], expected[labels[labels > 0]]):
        report.error(f"tables/{name}: rasterize_bins puts values beside their labels")


def make_other(sdata):
    """Another sample of the same grid: the upper half of the bins of each table, with twice the values."""
    tables = {}
    for name, table in sdata.tables.items():
        tables[name] = table[:, table.n_vars // 2 :].copy()
        tables[name].X = tables[name].X * 2
    return spatialdata.SpatialData(images=dict(sdata.images), labels=dict(sdata.labels), tables=tables)


def check_two_tables(report, where, tables):
    """As one table, by names of bins: the values of both, those of bins that both have, and each at its m/z."""
    mz = [dict(zip(table.var_names, table.var["mz"])) for table in tables]
    shared = [name for name in mz[0] if name in mz[1]]
    inner = anndata.concat(tables, join="inner", merge="same", index_unique="-")
    outer = anndata.concat(tables, join="outer", merge="first", index_unique="-", fill_value=0)
    if list(inner.var_names) != shared or shared and list(inner.var.get("mz", [])) != [mz[0][name] for name in shared]:
        report.error(f"{where}: anndata.concat inner loses the m/z")
    elif not np.array_equal(dense(inner.X), np.concatenate([dense(table[:, shared].X) for table in tables])):
        report.error(f"{where}: anndata.concat inner has other values")
    if set(outer.var_names) != mz[0].keys() | mz[1].keys():
        report.error(f"{where}: anndata.concat outer has other bins")
        return
    first = 0
    for table, of in zip(tables, mz):  # anndata keeps columns of var for the bins of the first; the names are there for all
        rows = outer[first : first + table.n_obs]
        first += table.n_obs
        if not np.array_equal(dense(rows[:, list(of)].X), dense(table.X)) or np.count_nonzero(dense(rows.X)) != np.count_nonzero(dense(table.X)):
            report.error(f"{where}: anndata.concat outer has other values")
        if "mzgrid" in table.uns and "mz_upper" in table.var:  # peaks have bounds in their place
            far = np.abs(np.array([float(name) for name in of]) - list(of.values()))
            if (far > 0.5 * (table.var["mz_upper"] - table.var["mz_lower"]).to_numpy()).any():
                report.error(f"{where}: the name of a bin is not its m/z")
    kept = outer.var["mz"].dropna()
    if len(kept) < len(mz[0]) or any(value != mz[0].get(name, mz[1].get(name)) for name, value in kept.items()):
        report.error(f"{where}: anndata.concat outer loses the m/z")


def check_two(report, sdata, other):
    """Two samples in one object; tables of one name are compared, too."""
    names = [(name, name) for name in sdata.tables if name in other.tables]
    if not names and len(sdata.tables) == len(other.tables):
        names = list(zip(sorted(sdata.tables), sorted(other.tables)))
    if not names:
        report.error("the other store has no table to be put beside one of this")
    for name, beside in names:
        tables = [sdata.tables[name], other.tables[beside]]
        if not all("mz" in table.var and table.n_obs and table.n_vars for table in tables):
            continue
        if sum(np.prod(table.shape, dtype=float) for table in tables) > MOST_BESIDE:
            continue
        try:
            check_two_tables(report, f"tables/{name}", tables)
        except Exception as error:
            report.error(f"tables/{name}: anndata.concat: {type(error).__name__}: {error}")
    try:
        study = spatialdata.concatenate({"one": sdata, "two": other}, concatenate_tables=False)
    except Exception as error:
        report.error(f"spatialdata.concatenate: {type(error).__name__}: {error}")
        return
    for sample, name in [("one", name) for name in sdata.tables] + [("two", name) for name in other.tables]:
        table, was = study.tables[f"{name}-{sample}"], (sdata if sample == "one" else other).tables[name]
        if (np.prod(was.shape, dtype=float) < MOST_BESIDE and (dense(table.X) != dense(was.X)).any()) or list(table.var_names) != list(was.var_names):
            report.error(f"tables/{name}: spatialdata.concatenate has other values")
        for region in np.atleast_1d(table.uns.get("spatialdata_attrs", {"region": []})["region"]):
            if region not in study.labels:
                report.error(f"tables/{name}: spatialdata.concatenate loses the labels {region}")


def check_rewrite(report, sdata):
    original = sdata.path
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "copy.zarr"
        try:
            sdata.write(copy)
            spatialdata.read_zarr(copy)
        except Exception as x:
            report.error(f"cannot be written again: {type(x).__name__}: {x}")
    sdata.path = original  # writing moved it to the copy


def check(store, rewrite=False, beside=None):
    store, report = Path(store), Report()
    if not (store / "zarr.json").is_file():
        report.error(f"{store}: no zarr.json, this is no Zarr v3 store")
        return report
    nodes = check_files(report, store)
    check_numeric_arrays(report, store, nodes)
    try:
        report.sdata = spatialdata.read_zarr(store)
    except Exception as x:
        report.error(f"spatialdata cannot open it: {type(x).__name__}: {x}")
        return report
    validate(report, report.sdata)
    if not report.sdata.tables or not report.sdata.labels or not report.sdata.images:
        report.error("the store lacks a table, labels or an image")
    for name, table in report.sdata.tables.items():
        check_table(report, report.sdata, name, table)
        if f"{name}_tic" in report.sdata.images and "mzgrid" in table.uns:
            check_window(report, store, name, table)
        if table.n_obs and table.n_vars:
            check_use(report, store / "tables" / name, f"tables/{name}", table)
            check_raster(report, report.sdata, name, table)
    if not report.errors:  # spatialdata.concatenate renames what it is given: both are read for it
        other = spatialdata.read_zarr(beside or store)
        check_two(report, spatialdata.read_zarr(store), other if beside else make_other(other))
    if rewrite:
        check_rewrite(report, report.sdata)
    return report


def main():
    parser = argparse.ArgumentParser(description="Check a SpatialData Zarr store.")
    parser.add_argument("store")
    parser.add_argument("--beside", metavar="OTHER", help="another sample, to be put beside it (default: one made of it)")
    parser.add_argument("--rewrite", action="store_true", help="also save the opened object and open the copy")
    options = parser.parse_args()
    report = check(options.store, options.rewrite, options.beside)
    if report.sdata is not None:
        print(report.sdata)
    for text in report.warnings:
        print("warning:", text)
    for text in report.errors:
        print("error:", text)
    print(f"{len(report.errors)} errors" if report.errors else "OK")
    return 1 if report.errors else 0


if __name__ == "__main__":
    sys.exit(main())
