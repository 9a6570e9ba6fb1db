"""Where pixels lie: positions in the file, cells of the raster, micrometres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _elements
from ._errors import StoreError

if TYPE_CHECKING:
    import xarray as xr
    import zarr


def whole(name: str, value: Any) -> int:
    """A position, which is never rounded; 30.0 is as good as 30."""
    number = value.item() if getattr(value, "size", 0) == 1 else value  # of numpy, xarray or pandas
    if not isinstance(number, (int, float)) or not float(number).is_integer():
        raise ValueError(f"{name} is {value!r}, expected a whole number")
    return int(number)


@dataclass(frozen=True)
class Raster:
    """The box of the pixels. Cell (k, i, j) is z_min + k, y_min + i, x_min + j; `cell` is its ordinal for each pixel."""

    origin: tuple[int, int, int]  # z, y, x of the first cell
    shape: tuple[int, int, int]  # z, y, x
    cell: npt.NDArray[np.int64]
    scale: tuple[float, float]  # y, x: size of a cell
    offset: tuple[float, float]  # y, x: where the first cell begins
    unit: str

    @property
    def planes(self) -> list[int]:
        return list(range(self.origin[0], self.origin[0] + self.shape[0]))

    def at(self, x: int, y: int, z: int | None) -> int | None:
        """The row of the pixel at a position, or None."""
        if z is None:
            if self.shape[0] > 1:
                raise ValueError(f"the store has {self.shape[0]} planes: give z, one of {self.planes}")
            z = self.origin[0]
        place = [v - o for v, o in zip((z, y, x), self.origin, strict=True)]
        if any(not 0 <= p < n for p, n in zip(place, self.shape, strict=True)):
            return None
        rows = np.flatnonzero(self.cell == np.ravel_multi_index(tuple(place), self.shape))
        return int(rows[0]) if rows.size else None

    def plane(self, z: int | None) -> int | None:
        """The ordinal of plane z; None: all of them, if there are several."""
        if z is None:
            return 0 if self.shape[0] == 1 else None
        if z not in self.planes:
            raise ValueError(f"the store has no plane z = {z}, only {self.planes}")
        return z - self.origin[0]

    def coordinates(self) -> dict[str, npt.NDArray[np.floating]]:
        """The centres of rows and columns of cells."""
        (sy, sx), (oy, ox) = self.scale, self.offset
        return {
            "y": oy + (np.arange(self.shape[1]) + 0.5) * sy,
            "x": ox + (np.arange(self.shape[2]) + 0.5) * sx,
        }

    def array(
        self,
        values: npt.NDArray[np.floating],
        mz: list[float] | None,
        plane: int | None,
        attributes: dict[str, Any],
    ) -> xr.DataArray:
        """Images with their coordinates: [mz,] [z,] y, x. Variables made by the fast path, which believes that these are
        arrays: to find out, xarray would import dask, for a second, the first time."""
        import pandas as pd
        import xarray as xr

        coordinates: dict[str, Any] = dict(self.coordinates())
        dims = ["y", "x"]
        if plane is None:
            dims.insert(0, "z")
            coordinates["z"] = np.array(self.planes)
        if mz is not None:
            dims.insert(0, "mz")
            coordinates["mz"] = np.array(mz)
        index: Any = xr.IndexVariable
        units = {"y": self.unit, "x": self.unit} if self.unit == "micrometer" else {}
        variables = {
            n: index(n, pd.Index(c, name=n), {"units": units[n]} if n in units else None, fastpath=True)
            for n, c in coordinates.items()
        }
        data = xr.Variable(dims, values, fastpath=True)
        return xr.DataArray(data, variables, name="intensity", attrs=attributes)

    def fill(self, values: npt.NDArray[np.floating], out: npt.NDArray[np.floating], plane: int | None) -> None:
        """Puts a value of each pixel into its cell of `out`, (y, x) or (z, y, x)."""
        flat = out.reshape(-1)
        if plane is None or self.shape[0] == 1:
            flat[self.cell] = values
            return
        size = self.shape[1] * self.shape[2]
        inside = np.flatnonzero(self.cell // size == plane)
        flat[self.cell[inside] - plane * size] = values[inside]

    def pixels(self, mask: xr.DataArray | npt.ArrayLike) -> npt.NDArray[np.int64]:
        """The rows of the pixels that a raster of booleans chooses."""
        chosen = np.asarray(mask)
        if chosen.dtype != bool:
            raise ValueError(f"the mask has the type {chosen.dtype}, expected booleans, as from image > 5")
        wanted = self.shape if self.shape[0] > 1 else self.shape[1:]
        if chosen.shape not in (wanted, self.shape):
            raise ValueError(
                f"the mask has the shape {chosen.shape}, expected that of an image, {wanted}, or a boolean for "
                f"each of {len(self.cell)} pixels"
            )
        return np.flatnonzero(chosen.reshape(-1)[self.cell])


def open_raster(root: zarr.Group, table: zarr.Group) -> Raster:
    """From obs; the size of a pixel from the options that uns keeps."""
    n_regions = count_regions(table)
    if n_regions > 1:
        raise StoreError(
            f"{table.store_path}: holds {n_regions} regions, each with positions of its own; {tables_of_one_region(root)}"
        )
    obs = _elements.member(table, "obs")
    labels = labels_of(root, table)
    positions = [_elements.read(_elements.array(obs, name)) for name in "yx"]
    if not positions[0].size:
        raise StoreError(f"{table.store_path}: has no pixel")
    if _elements.member(obs, "z") is not None:
        one_plane = labels is not None and labels.ndim == 2  # then all pixels have the same z
        positions.insert(0, _elements.read(_elements.array(obs, "z"), 0, 1 if one_plane else None))
    else:
        positions.insert(0, np.zeros(1, dtype=np.int32))
    z, y, x = positions
    first = tuple(int(p.min()) for p in positions)
    nz, ny, nx = (int(p.max()) - o + 1 for p, o in zip(positions, first, strict=True))
    check_extent(labels, table, (nz, ny, nx))
    # In place and in few passes, for it is large: the first ion image waits for it.
    cell = np.multiply(y, nx, dtype=np.int64)
    cell += x
    cell -= first[1] * nx + first[2]
    if nz > 1:
        cell += (z.astype(np.int64) - first[0]) * (ny * nx)

    options = _elements.member(table, "uns/mzgrid/options")
    size_x, size_y, unit = (
        _elements.read(found).item() if options is not None and (found := _elements.member(options, name)) else standard
        for name, standard in (("pixel_size_x", 1.0), ("pixel_size_y", 1.0), ("pixel_unit", "unit"))
    )
    scale = (float(size_y), float(size_x))
    offset = [0.0, 0.0]
    for i, (name, position) in enumerate((("spatial_y", y), ("spatial_x", x))):
        centre = _elements.member(obs, name)
        if centre is not None:
            at = float(_elements.read(centre, 0, 1)[0])
            offset[i] = at - (float(position[0] - first[1 + i]) + 0.5) * scale[i]
    return Raster((first[0], first[1], first[2]), (nz, ny, nx), cell, scale, (offset[0], offset[1]), str(unit))


def labels_of(root: zarr.Group, table: zarr.Group) -> zarr.Array[Any] | None:
    """The raster of the labels that the table annotates."""
    region = table.attrs.get("region")
    region = region[0] if isinstance(region, list) and len(region) == 1 else region
    found: zarr.Array[Any] | None = _elements.member(root, f"labels/{region}/0") if isinstance(region, str) else None
    return found


def check_extent(labels: zarr.Array[Any] | None, table: zarr.Group, shape: tuple[int, int, int]) -> None:
    """That positions take as much room as the labels: those of a chunk that was lost read as 0."""
    if labels is not None and labels.shape not in (shape, shape[1:]):
        raise StoreError(
            f"{table.store_path}: positions of obs take {' × '.join(map(str, shape))} cells and the labels "
            f"{' × '.join(map(str, labels.shape))}: {_elements.lost(table)}"
        )


def count_regions(table: zarr.Group) -> int:
    """How many regions the rows lie in: several, if `mzgrid merge --concat` made the table."""
    region = table.attrs.get("region")
    return len(region) if isinstance(region, list) else 1


def tables_of_one_region(root: zarr.Group) -> str:
    """What to open instead."""
    import zarr

    tables = _elements.member(root, "tables")
    names = [
        name
        for name, table in (sorted(tables.groups()) if isinstance(tables, zarr.Group) else [])
        if count_regions(table) == 1 and _elements.member(table, "var/mz") is not None
    ]
    if names:
        return f"open the table of one sample: {', '.join(names)}"
    return "open the store of one sample, or merge without --concat"
