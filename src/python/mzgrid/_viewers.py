"""What viewers and the libraries of SpatialData want: small tables, and the whole one without reading it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _elements
from ._extras import require
from ._matrix import Floats, Reduce

if TYPE_CHECKING:
    import anndata
    import pandas as pd
    import spatialdata

    from ._dataset import Dataset, Normalize


def masses_of(mz: pd.DataFrame | Iterable[float]) -> list[float]:
    import pandas as pd

    given: Any = mz
    if isinstance(given, pd.DataFrame):
        if "mz" not in given:
            raise ValueError("the table of peaks has no column 'mz'")
        given = given["mz"]
    elif np.ndim(given) == 0:
        given = [given]
    masses = list(given)
    if not masses:
        raise ValueError("no m/z is given")
    return masses


def names_of(masses: list[float]) -> list[str]:
    """Four digits, or as many as tell them apart."""
    for digits in range(4, 17):
        names = [f"{mz:.{digits}f}" for mz in masses]
        if len(set(names)) == len(names):
            return names
    raise ValueError("an m/z is given twice")


def small_table(
    d: Dataset,
    mz: pd.DataFrame | Iterable[float],
    ppm: float | None,
    da: float | None,
    normalize: Normalize,
    reduce: Reduce,
) -> anndata.AnnData:
    require("anndata", "spatialdata")
    import anndata
    import pandas as pd
    import scipy.sparse as sp

    masses = masses_of(mz)
    windows = d._axis.windows(masses, ppm, da)
    names = names_of([w.mz for w in windows])
    dtype = np.result_type(d._matrix.dtype, np.float32)
    columns: list[Any] = [None] * len(windows)

    def keep(i: int, values: Floats) -> None:
        rows = np.flatnonzero(values).astype(np.int32)
        columns[i] = (rows, values[rows].astype(dtype))

    d._images(windows, reduce, normalize, keep)
    indptr = np.cumsum([0, *(len(rows) for rows, _ in columns)], dtype=np.int64)
    indices = np.concatenate([rows for rows, _ in columns])
    columns = [values for _, values in columns]  # each half is given back once it is joined
    data = np.concatenate(columns)
    small = indptr[-1] < 2**31
    x = sp.csc_matrix((data, indices, indptr.astype(np.int32) if small else indptr), shape=(d.shape[0], len(windows)))
    what = d._describe(windows, False, reduce, normalize)
    var = pd.DataFrame(
        {name: what[name] for name in ("mz", "window_low", "window_high", "mz_lower", "mz_upper", "n_bins")},
        index=pd.Index(names, dtype=object),
    )
    obs = _elements.dataframe(_elements.member(d._table, "obs"))
    table = anndata.AnnData(x, obs=obs, var=var)
    table.obsm["spatial"] = obs[["spatial_x", "spatial_y"]].to_numpy()
    table.uns["mzgrid"] = {"reduce": reduce, "normalize": what["normalize"], "dataset": d.name}
    link = d._link
    if link:
        table.uns["spatialdata_attrs"] = link
    return table


def small_spatialdata(
    d: Dataset,
    mz: pd.DataFrame | Iterable[float] | None,
    ppm: float | None,
    da: float | None,
    normalize: Normalize,
    reduce: Reduce,
) -> spatialdata.SpatialData:
    require("spatialdata", "spatialdata")
    import spatialdata

    _ = d._raster  # of several regions there is none, and the sentence of that
    table = small_table(d, d.peaks() if mz is None else mz, ppm, da, normalize, reduce)
    # Of labels that are no part of an image, as ours, ome_zarr logs a warning that means nothing.
    said = logging.getLogger("ome_zarr.reader")
    said.addFilter(says_something)
    try:
        whole = spatialdata.read_zarr(d._root, selection=("images", "labels"))
    finally:
        said.removeFilter(says_something)
    region = str(table.uns["spatialdata_attrs"]["region"]) if "spatialdata_attrs" in table.uns else None
    image = f"{d.name}_tic"
    return spatialdata.SpatialData(
        images={n: e for n, e in whole.images.items() if n == image},
        labels={n: e for n, e in whole.labels.items() if n == region},
        tables={d.name: table},
    )


def says_something(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith("no parent found")


def lazy_table(d: Dataset) -> anndata.AnnData:
    require("anndata", "spatialdata")
    from anndata.experimental import read_lazy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the interface is experimental is known
        table: anndata.AnnData = read_lazy(d._table)
    return table
