"""AnnData elements as they lie in Zarr, read without anndata: https://anndata.readthedocs.io/en/latest/fileformat-prose.html

Reading has its errors in one place: what zarr and codecs raise becomes a StoreError with the path of the array."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._errors import StoreError

if TYPE_CHECKING:
    import pandas as pd
    import zarr


def read(array: zarr.Array[Any], begin: int | None = None, end: int | None = None) -> npt.NDArray[Any]:
    """The elements [begin, end) along the first axis, or all."""
    try:
        return np.asarray(array[begin:end] if array.ndim else array[()])
    except MemoryError:
        raise
    except Exception as fault:
        raise StoreError(f"{array.store_path}: cannot be read, the store is damaged: {fault}") from fault


def is_absent(array: zarr.Array[Any], *number: int) -> bool:
    """Whether the file of a chunk, or of a shard, is not there, so that it reads as zeros."""
    from zarr.core.sync import sync

    return not sync((array.store_path / array.metadata.encode_chunk_key(number)).exists())


def absent(array: zarr.Array[Any], values: npt.NDArray[Any], begin: int = 0) -> int | None:
    """The first file of a list that is not there, of those that `values`, read from `begin` on, come from; else None.

    Only files are looked for that would have held nothing but zeros here, so that it costs nothing where there are none."""
    size = (array.shards or array.chunks)[0]
    if values.all():
        return None
    for number in range(begin // size, (begin + len(values) - 1) // size + 1):
        part = values[max(0, number * size - begin) : (number + 1) * size - begin]
        if not part.any() and is_absent(array, number):
            return number
    return None


def lost(node: zarr.Array[Any] | zarr.Group) -> str:
    """What to say of chunks that are not there: the store may be gone since it was opened."""
    root = getattr(node.store, "root", None)
    if root is not None and not os.path.exists(root):
        return "the store is no longer there: it was removed or replaced, open it again"
    return "chunks are missing; the store is incomplete, copy it again"


def mark(table: zarr.Group) -> list[tuple[int, int]]:
    """The folders of a store and of a table in it, which another run replaces as a whole; [] if they are none or gone."""
    root = getattr(table.store, "root", None)
    try:
        found = [] if root is None else [os.stat(path) for path in (root, os.path.join(root, table.path))]
    except OSError:
        return []
    return [(folder.st_dev, folder.st_ino) for folder in found]


def check_same(table: zarr.Group, opened: list[tuple[int, int]]) -> None:
    """Refuses what was read if it does not belong to the store that was opened."""
    now = mark(table)
    if opened and now != opened:
        gone = lost(table) if not now else "another run replaced the store since it was opened, open it again"
        raise StoreError(f"{table.store_path}: {gone}")


def incomplete(array: zarr.Array[Any]) -> StoreError:
    return StoreError(f"{array.store_path}: {lost(array)}")


def member(group: zarr.Group, name: str) -> Any:
    """The array or group `name`, or None."""
    try:
        return group[name]
    except KeyError:
        return None


def array(group: zarr.Group, name: str) -> zarr.Array[Any]:
    """The array `name`, which has to be there."""
    import zarr

    found = member(group, name)
    if not isinstance(found, zarr.Array):
        raise StoreError(f"{group.store_path}: has no array {name}, so this is no table of mzgrid, or a damaged one")
    return found


def column(group: zarr.Group, name: str) -> npt.NDArray[Any] | pd.Categorical:
    """A column of a dataframe."""
    import pandas as pd
    import zarr

    found = member(group, name)
    if isinstance(found, zarr.Group) and found.attrs.get("encoding-type") == "categorical":
        categories = strings(read(array(found, "categories")))
        codes = read(array(found, "codes"))
        return pd.Categorical.from_codes(codes, categories=categories, ordered=bool(found.attrs.get("ordered")))
    values = read(array(group, name))
    return strings(values) if values.dtype.kind not in "biufc" else values


def strings(values: npt.NDArray[Any]) -> npt.NDArray[np.object_]:
    return values.astype(object)


def dataframe(group: zarr.Group) -> pd.DataFrame:
    import pandas as pd

    names = group.attrs.get("column-order")
    if not isinstance(names, list):
        raise StoreError(f"{group.store_path}: is no dataframe of AnnData, so this is no table of mzgrid")
    index = column(group, str(group.attrs.get("_index", "_index")))
    return pd.DataFrame({str(name): column(group, str(name)) for name in names}, index=pd.Index(index))


def tree(element: Any) -> Any:
    """A tree of `uns` as dicts, lists and scalars of Python."""
    import zarr

    if isinstance(element, zarr.Group):
        if element.attrs.get("encoding-type") == "dataframe":
            return dataframe(element)
        return {name: tree(part) for name, part in sorted(element.members())}
    return read(element).tolist()
