"""What viewers and the libraries of SpatialData want: small tables, and the whole one without reading it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ._matrix import Floats, Reduce

if TYPE_CHECKING:
    import anndata
    import pandas as pd
    import spatialdata

    from ._dataset import Dataset, Normalize


def masses_of(mz: pd.DataFrame | Iterable[float]) -> list[float]:
    import pandas as pd

    if isinstance(mz, pd.DataFrame):
        if "mz" not in mz:
            raise ValueError("the table of peaks has no column 'mz'")
        mz = mz["mz"]
    elif np.ndim(mz) == 0:  # type: ignore[arg-type]
        mz = [mz]  # type: ignore[list-item]
    masses = list(mz)
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
    data, indices = (np.concatenate([c[part] for c in columns]) for part in (1, 0))
    small = indptr[-1] < 2**31
    x = sp.csc_matrix(
        (data, indices, indptr.astype(np.int32) if small else indptr), shape=(d.shape[0], len(windows))
    )
    what = d._describe(windows, False, reduce, normalize)
    var = pd.DataFrame(
        {name: what[name] for name in ("mz", "window_low", "window_high", "mz_lower", "mz_upper", "n_bins")},
        index=pd.Index(names, dtype=object),
    )
    obs = d.obs.copy()
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
    import spatialdata

    table = small_table(d, d.peaks() if mz is None else mz, ppm, da, normalize, reduce)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = spatialdata.read_zarr(d._root, selection=("images", "labels"))
    region = str(table.uns["spatialdata_attrs"]["region"]) if "spatialdata_attrs" in table.uns else None
    image = f"{d.name}_tic"
    return spatialdata.SpatialData(
        images={n: e for n, e in whole.images.items() if n == image},
        labels={n: e for n, e in whole.labels.items() if n == region},
        tables={d.name: table},
    )


def lazy_table(d: Dataset) -> anndata.AnnData:
    from anndata.experimental import read_lazy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the interface is experimental is known
        table: anndata.AnnData = read_lazy(d._table)
    return table
