"""What readers warn of when they open stores of mzgrid as their users do.

usage: reader_warnings.py MZGRID

Converts a small sample in each layout, opens it in all usual ways, and prints each different warning, Python's and the log's, as
one line of JSON at the end. Warnings of libraries about themselves (a function of another library that will go) are not of the
store: they come when an empty SpatialData object is written and read as well, and are left out.
"""
import json
import logging
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import anndata
    import anndata.experimental
    import numpy as np
    import pandas
    import scipy.sparse
    import spatialdata
    import zarr
    from spatialdata.models import Image2DModel, Labels2DModel, TableModel

ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
SAID_OF_ALL = ("no parent found for",)  # ome-zarr says that of all labels that belong to no image


class Records(logging.Handler):
    def __init__(self, found):
        super().__init__(logging.WARNING)
        self.found = found

    def emit(self, record):
        if not record.getMessage().startswith(SAID_OF_ALL):
            self.found.append(f"log of {record.name}: {record.getMessage()}")


def watched(action):
    """What is said while `action` runs."""
    found = []
    handler = Records(found)
    loggers = [logging.getLogger(), *(logging.getLogger(name) for name in logging.root.manager.loggerDict)]
    loggers = [logger for logger in loggers if logger is logging.root or not logger.propagate]
    for logger in loggers:
        logger.addHandler(handler)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        action()
    for logger in loggers:
        logger.removeHandler(handler)
    found += [f"{w.category.__name__}: {w.message}".splitlines()[0] for w in caught if not issubclass(w.category, ResourceWarning)]
    return set(found)


def use(store, name):
    """Everything that a user does with a store."""
    sdata = spatialdata.read_zarr(store)
    table = sdata.tables[f"{name}_z0"]
    str(sdata), str(table)
    values = np.zeros(table.obs["instance_key"].max() + 1)
    values[table.obs["instance_key"]] = np.asarray(table.X[:, [0, 1]].sum(axis=1)).ravel()
    values[np.asarray(sdata.labels[f"{name}_z0_pixels"])]
    if scipy.sparse.issparse(table.X):  # which rasterize_bins wants
        table.X = table.X.tocsc()
    spatialdata.rasterize_bins(sdata, f"{name}_z0_pixels", f"{name}_z0", "x", "y", value_key=table.var_names[0])
    anndata.concat([table, table], join="outer", index_unique="-")
    group = zarr.open_group(store, mode="r")
    anndata.read_zarr(store / "tables" / f"{name}_z0")
    lazy = anndata.experimental.read_lazy(store / "tables" / f"{name}_z0")
    lazy.X[:, 0:2].compute()
    group[f"tables/{name}_z0/var/mz"][:]
    with tempfile.TemporaryDirectory() as copy:
        sdata.write(Path(copy) / "copy.zarr")


def own(store, name):
    """A store that spatialdata itself writes of the same kind of elements."""
    labels = Labels2DModel.parse(np.arange(1, 13, dtype=np.int32).reshape(3, 4), dims=("y", "x"))
    image = Image2DModel.parse(np.ones((1, 3, 4), np.float32), dims=("c", "y", "x"))
    obs = {"instance_key": np.arange(1, 13, dtype=np.int32), "x": np.tile(np.arange(1, 5), 3), "y": np.repeat(np.arange(1, 4), 4)}
    frame = pandas.DataFrame(obs, index=[str(k) for k in range(1, 13)])
    frame["region"] = pandas.Categorical([f"{name}_z0_pixels"] * 12)
    var = pandas.DataFrame({"mz": np.arange(5.0)}, index=[f"{m:.1f}" for m in range(5)])
    table = anndata.AnnData(scipy.sparse.csc_matrix(np.ones((12, 5), np.float32)), obs=frame, var=var)
    table = TableModel.parse(table, region=f"{name}_z0_pixels", region_key="region", instance_key="instance_key")
    elements = {"images": {f"{name}_z0_tic": image}, "labels": {f"{name}_z0_pixels": labels}, "tables": {f"{name}_z0": table}}
    spatialdata.SpatialData(**elements).write(store)


def main(program):
    with tempfile.TemporaryDirectory() as directory:
        directory = Path(directory)
        own(directory / "own.zarr", "own")
        usual = watched(lambda: use(directory / "own.zarr", "own"))
        found = set()
        for layout in ("csc", "csr", "dense", "csc+csr"):
            store = directory / f"{layout}.zarr"
            command = [program, "convert", "synthetic:8x6:60:profile", store, "--layout", layout, "--dataset-id", "own", "-q"]
            subprocess.run(command, check=True, env={**os.environ, **ROOT}, stderr=subprocess.DEVNULL)
            found |= {f"{layout}: {text}" for text in watched(lambda: use(store, "own")) - usual}
    print(json.dumps(sorted(found)))


main(*sys.argv[1:])
