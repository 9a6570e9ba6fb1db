"""Finding the store and the table in it, and saying clearly why there is none."""

from __future__ import annotations

import os
from glob import escape, glob
from typing import TYPE_CHECKING, Any

from . import _elements
from ._errors import StoreError

if TYPE_CHECKING:
    import zarr


def open_root(
    store: str | os.PathLike[str] | zarr.Group, storage_options: dict[str, Any] | None
) -> tuple[zarr.Group, str]:
    """The root group and how it is called."""
    import zarr

    if isinstance(store, zarr.Group):
        return store, str(store.store_path)
    place = os.fspath(store)
    remote = "://" in place
    source = place if remote else os.path.abspath(place)
    if not remote:
        check_directory(source)
    try:
        options = {"storage_options": storage_options} if storage_options else {}
        root = zarr.open_group(source, mode="r", **options)  # type: ignore[arg-type]
    except ImportError as fault:
        how = "; pip install 'mzgrid[remote]' brings what URLs need" if remote else ""
        raise StoreError(f"{source}: needs a package that is not installed: {fault}{how}") from fault
    except FileNotFoundError as fault:  # GroupNotFoundError of zarr is one
        raise StoreError(f"{source}: no store is there: it has no zarr.json{unfinished(source)}") from fault
    except Exception as fault:
        raise StoreError(f"{source}: cannot be opened as a Zarr store: {fault}") from fault
    return root, source


def check_directory(path: str) -> None:
    if not os.path.exists(path):
        raise StoreError(f"{path}: there is no such store{unfinished(path)}")
    if not os.path.isdir(path):
        raise StoreError(
            f"{path}: is a file, expected the directory of a store; mzgrid.convert makes one of an imzML file"
        )


def unfinished(path: str) -> str:
    """What to say if a conversion of this name is under way, or was killed."""
    parts = glob(escape(path.rstrip("/")) + ".*.part") if "://" not in path else []
    if path.rstrip("/").endswith(".part"):
        return "; it is half of one: its conversion is under way, or was killed"
    if parts:
        return f"; {parts[0]} is half of one: its conversion is under way, or was killed"
    return ""


def tables_of(root: zarr.Group) -> dict[str, zarr.Group]:
    """All tables."""
    import zarr

    tables = _elements.member(root, "tables")
    return dict(sorted(tables.groups())) if isinstance(tables, zarr.Group) else {}


def has_mz(table: zarr.Group) -> bool:
    import zarr

    return isinstance(_elements.member(table, "var/mz"), zarr.Array)


def was_converted(table: zarr.Group) -> bool:
    """Whether a conversion made it; else it may be one of peaks, which tells the width of each peak."""
    return _elements.member(table, "uns/mzgrid/mass_axis") is not None


def find_table(root: zarr.Group, wanted: str | None, source: str) -> str:
    """The name of the table: the one asked for, or the only one that a conversion made.

    A table of peaks is no substitute for one of bins, and no table is the only one if another is damaged."""
    there = tables_of(root)
    tables = {name: table for name, table in there.items() if has_mz(table)}
    if not tables:
        version = root.attrs.get("spatialdata_attrs")
        what = (
            "a SpatialData store, but none of its tables has m/z" if version else "no store of mzgrid: it has no tables"
        )
        raise StoreError(f"{source}: is {what}")
    if wanted is not None:
        for name in (wanted, f"{wanted}_z0"):
            if name in tables:
                return name
        raise StoreError(f"{source}: has no table {wanted!r}, only {', '.join(tables)}")
    for name, table in there.items():
        if name not in tables and was_converted(table):
            raise StoreError(
                f"{source}/tables/{name}: is damaged, it has no var/mz; convert again, or name another table: "
                f"{', '.join(tables)}"
            )
    made = [name for name, table in tables.items() if was_converted(table)]
    candidates = made or [name for name, table in tables.items() if _elements.member(table, "var/mz_min") is None]
    if not candidates:
        raise StoreError(
            f"{source}: its table of bins is missing or damaged, only peaks are there; name them: {', '.join(tables)}"
        )
    if len(candidates) > 1:
        raise StoreError(
            f"{source}: has several tables, {', '.join(candidates)}: name one, as in open(store, {candidates[0]!r})"
        )
    return candidates[0]
