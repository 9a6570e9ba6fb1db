"""A dataset: one table of a store, opened without reading its matrix."""

from __future__ import annotations

import numbers
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union

import numpy as np
import numpy.typing as npt

from . import _axis, _elements
from ._axis import Axis, Edges, Window
from ._errors import StoreError
from ._matrix import Floats, Matrix, Reduce
from ._raster import Raster, count_regions, open_raster, whole

if TYPE_CHECKING:
    from pathlib import Path

    import anndata
    import matplotlib.axes
    import pandas as pd
    import spatialdata
    import xarray as xr
    import zarr

Normalize = Union[Literal["tic", "rms", "median"], "pd.Series[Any]", npt.ArrayLike, None]
NORMALIZERS = {"tic": "tic", "rms": "rms", "median": "median_intensity"}

T = TypeVar("T")


class Dataset:
    """One table of a store. Made by :func:`open`. What is read once, as m/z and positions, is kept; the matrix never is.

    Several threads may use one object. Sent to another process, it is opened there anew."""

    def __init__(self, root: zarr.Group, name: str, source: str, storage_options: dict[str, Any] | None) -> None:
        self._root = root
        self._name = name
        self._source = source
        self._storage_options = storage_options
        self._kept: dict[str, Any] = {}
        self._table: zarr.Group = root[f"tables/{name}"]  # type: ignore[assignment]
        self._mark = _elements.mark(self._table)
        var, obs = (_elements.member(self._table, part) for part in ("var", "obs"))
        bins = _elements.array(var, "mz").shape[0]
        pixels = _elements.array(obs, "x").shape[0]
        self._matrix = Matrix(self._table, pixels, bins)

    def __repr__(self) -> str:
        pixels, bins = self.shape
        return (
            f"<mzgrid.Dataset {self._name!r} of {self._source}: {pixels:,} pixels × {bins:,} bins, "
            f"m/z {self._axis.range[0]:.6g} to {self._axis.range[1]:.6g}, {self._matrix.layout}>"
        )

    def __reduce__(self) -> tuple[Callable[..., Dataset], tuple[Any, ...]]:
        where = self._source if _can_be_opened(self._source) else self._root
        return _reopen, (where, self._name, self._storage_options)

    # Threads may compute one thing twice at the same time; whoever comes last is kept, and both are the same. A lock
    # would be held for ever in a child that was forked at the wrong moment.
    def _once(self, name: str, make: Callable[[], T]) -> T:
        if name not in self._kept:
            made = make()
            _elements.check_same(self._table, self._mark)
            self._kept[name] = made
        found: T = self._kept[name]
        return found

    @property
    def name(self) -> str:
        """The name of the table."""
        return self._name

    @property
    def shape(self) -> tuple[int, int]:
        """Pixels, bins."""
        return self._matrix.pixels, self._matrix.bins

    @property
    def mz(self) -> npt.NDArray[np.float64]:
        """The centres of the bins, ascending."""
        return self._axis.mz

    @property
    def obs(self) -> pd.DataFrame:
        """One row for each pixel: position, TIC, base peak and more."""
        return self._once("obs", lambda: _elements.dataframe(_elements.member(self._table, "obs")))

    @property
    def var(self) -> pd.DataFrame:
        """One row for each bin: m/z, edges, mean and maximum."""
        return self._once("var", lambda: _elements.dataframe(_elements.member(self._table, "var")))

    @property
    def mean_spectrum(self) -> pd.Series[float]:
        """The mean over all pixels, by m/z."""
        return self._series("mean_intensity")

    @property
    def max_spectrum(self) -> pd.Series[float]:
        """The maximum over all pixels, by m/z."""
        return self._series("max_intensity")

    @property
    def z_planes(self) -> list[int]:
        """The z of the planes, as in the file."""
        return self._raster.planes

    @property
    def info(self) -> dict[str, Any]:
        """What the store is and how it was made, as plain values. A table over several regions has no image_shape."""
        made = self._made
        regions = count_regions(self._table)
        raster = self._raster if regions == 1 else None
        return {
            "name": self._name,
            "source": self._source,
            "pixels": self.shape[0],
            "bins": self.shape[1],
            "mz_range": self._axis.range,
            "regions": regions,
            "image_shape": raster and (raster.shape if raster.shape[0] > 1 else raster.shape[1:]),
            "z_planes": raster and raster.planes,
            "pixel_size": raster and (raster.scale[1], raster.scale[0]),
            "unit": raster and raster.unit,
            "layout": self._matrix.layout,
            "dtype": str(self._matrix.dtype),
            "values_stored": self._matrix.stored,
            "mzgrid_version": made.get("version"),
            "mass_axis": made.get("mass_axis", {}),
            "resampling": made.get("resampling", {}),
            "options": made.get("options", {}),
        }

    @property
    def skipped_pixels(self) -> pd.DataFrame:
        """Pixels of the input that could not be read, with the reason."""
        import zarr

        found = _elements.member(self._table, "uns/skipped_pixels")
        if not isinstance(found, zarr.Group):
            raise StoreError(f"{self._table.store_path}: does not tell which pixels were skipped")
        return _elements.dataframe(found)

    def ion_image(
        self,
        mz: float | Iterable[float],
        ppm: float | None = None,
        da: float | None = None,
        *,
        normalize: Normalize = None,
        reduce: Reduce = "sum",
        z: int | None = None,
    ) -> xr.DataArray:
        """An image (y, x) in micrometres, of NaN where there is no pixel; of several m/z (mz, y, x).

        It is the sum, or the maximum, over the bins whose centres lie within `ppm` or `da` of `mz`; without either that
        of the one bin that holds `mz`. `normalize` divides each pixel by its "tic", "rms" or "median", or by a number
        for each pixel. Of a store with several planes the result has a dimension z, unless `z` chooses one. `attrs`
        tells bins and range. A window without a bin is a ValueError that names the nearest."""
        single = np.ndim(mz) == 0  # type: ignore[arg-type]
        masses: list[Any] = [mz] if single else list(mz)  # type: ignore[arg-type]
        windows = self._axis.windows(masses, ppm, da)
        plane = self._raster.plane(z)
        shape = self._raster.shape[0 if plane is None else 1 :]
        out = np.full((len(windows), *shape), np.nan, dtype=np.result_type(self._matrix.dtype, np.float32))

        def keep(i: int, values: Floats) -> None:
            self._raster.fill(values, out[i], plane)

        self._images(windows, reduce, normalize, keep)
        attributes = self._describe(windows, single, reduce, normalize)
        if single:
            return self._raster.array(out[0], None, plane, attributes)
        return self._raster.array(out, [w.mz for w in windows], plane, attributes)

    def spectrum(
        self,
        mask: xr.DataArray | npt.ArrayLike | None = None,
        *,
        x: int | None = None,
        y: int | None = None,
        z: int | None = None,
        reduce: Literal["mean", "sum"] = "mean",
    ) -> pd.Series[float]:
        """A spectrum by m/z: of the pixel at x, y (as in the file), or the mean or sum over the pixels of a mask.

        The mask is a raster of booleans, such as ``d.ion_image(...) > 5``, or a boolean for each row of obs. Fast where
        the store has rows (csr, csc+csr); else all values are read, and a CostWarning says how many."""
        import pandas as pd

        if reduce not in ("mean", "sum"):
            raise ValueError(f"reduce is {reduce!r}, expected 'mean' or 'sum'")
        if (mask is None) == (x is None and y is None):
            raise ValueError("give either a mask, or x and y of one pixel; mean_spectrum is that of all pixels")
        pixels = self._chosen(mask) if mask is not None else self._pixel(x, y, z)
        if not pixels.size:
            raise ValueError("the mask chooses no pixel")
        values = self._matrix.spectrum(pixels)
        _elements.check_same(self._table, self._mark)
        if reduce == "mean":
            values /= pixels.size
        return pd.Series(values, index=pd.Index(self.mz, name="mz"), name="intensity")

    def peaks(self, n: int = 50, *, ppm: float = 10, by: Literal["mean", "max"] = "mean") -> pd.DataFrame:
        """The rows of var with the `n` strongest peaks of the mean or the maximum spectrum, strongest first: bins above
        both their neighbours, of which no stronger one lies within `ppm`."""
        if not isinstance(n, numbers.Integral) or n < 1:
            raise ValueError(f"n is {n!r}, expected a whole number of 1 or more")
        if by not in ("mean", "max"):
            raise ValueError(f"by is {by!r}, expected 'mean' or 'max'")
        tops = _axis.strongest(
            self._axis, self._series(f"{by}_intensity").to_numpy(), int(n), _axis.not_negative("ppm", ppm)
        )
        return self._bin_rows(tops)

    def table(
        self,
        mz: pd.DataFrame | Iterable[float],
        ppm: float | None = None,
        da: float | None = None,
        *,
        normalize: Normalize = None,
        reduce: Reduce = "sum",
    ) -> anndata.AnnData:
        """A small AnnData in memory: a column for each m/z (or row of :meth:`peaks`), named by it. Needs anndata."""
        from ._viewers import small_table

        return small_table(self, mz, ppm, da, normalize, reduce)

    def to_spatialdata(
        self,
        mz: pd.DataFrame | Iterable[float] | None = None,
        ppm: float | None = None,
        da: float | None = None,
        *,
        normalize: Normalize = None,
        reduce: Reduce = "sum",
    ) -> spatialdata.SpatialData:
        """Labels, TIC image and a small table, as viewers want them; without `mz` of the 50 strongest peaks. Needs
        spatialdata."""
        from ._viewers import small_spatialdata

        return small_spatialdata(self, mz, ppm, da, normalize, reduce)

    def lazy(self) -> anndata.AnnData:
        """The whole table as a lazy AnnData: nothing is read before it is asked for. Needs anndata and dask."""
        from ._viewers import lazy_table

        return lazy_table(self)

    def plot(
        self,
        mz: float,
        ppm: float | None = None,
        da: float | None = None,
        *,
        normalize: Normalize = None,
        reduce: Reduce = "sum",
        z: int | None = None,
        percentile: float = 99.5,
        colormap: str = "viridis",
        ax: matplotlib.axes.Axes | None = None,
    ) -> matplotlib.axes.Axes:
        """Draws an ion image, brightest at the given percentile of its pixels. Needs matplotlib."""
        from ._pictures import draw

        image = self.ion_image(mz, ppm, da, normalize=normalize, reduce=reduce, z=z)
        return draw(image, percentile, colormap, ax)

    def save_png(
        self,
        path: str | os.PathLike[str],
        mz: float,
        ppm: float | None = None,
        da: float | None = None,
        *,
        normalize: Normalize = None,
        reduce: Reduce = "sum",
        z: int | None = None,
        percentile: float = 99.5,
        colormap: str = "viridis",
        dpi: float = 150,
    ) -> Path:
        """Saves the picture of :meth:`plot`. Needs matplotlib."""
        from ._pictures import save_png

        image = self.ion_image(mz, ppm, da, normalize=normalize, reduce=reduce, z=z)
        return save_png(image, path, percentile, colormap, dpi)

    def save_tiff(
        self,
        path: str | os.PathLike[str],
        mz: float | Iterable[float],
        ppm: float | None = None,
        da: float | None = None,
        *,
        normalize: Normalize = None,
        reduce: Reduce = "sum",
        z: int | None = None,
        fill: float = 0.0,
    ) -> Path:
        """Saves ion images as OME-TIFF, a channel for each m/z, with the size of a pixel, for QuPath and Fiji. Cells
        without a pixel become `fill`. Needs tifffile."""
        from ._pictures import save_tiff

        masses: Any = [mz] if np.ndim(mz) == 0 else mz  # type: ignore[arg-type]
        images = self.ion_image(masses, ppm, da, normalize=normalize, reduce=reduce, z=z)
        return save_tiff(images, path, fill)

    @property
    def _axis(self) -> Axis:
        return self._once("axis", self._read_axis)

    def _read_axis(self) -> Axis:
        mz = self._bins("mz").astype(np.float64, copy=False)
        if not mz.size or not (mz[1:] > mz[:-1]).all():
            raise StoreError(f"{self._table.store_path}/var/mz: is not ascending, this is no table of mzgrid")
        var = _elements.member(self._table, "var")
        of_peaks = _elements.member(var, "mz_lower") is None  # a feature table of `mzgrid peaks`
        lower, upper = (
            _elements.array(var, n) for n in (("mz_min", "mz_max") if of_peaks else ("mz_lower", "mz_upper"))
        )
        return Axis(
            mz,
            Edges(lambda begin, end: _elements.read(lower, begin, end)),
            Edges(lambda begin, end: _elements.read(upper, begin, end)),
        )

    @property
    def _raster(self) -> Raster:
        return self._once("raster", lambda: open_raster(self._root, self._table))

    @property
    def _made(self) -> dict[str, Any]:
        """uns/mzgrid: how the table was made."""

        def read() -> dict[str, Any]:
            found = _elements.member(self._table, "uns/mzgrid")
            tree = _elements.tree(found) if found is not None else {}
            return tree if isinstance(tree, dict) else {}

        return self._once("made", read)

    @property
    def _link(self) -> dict[str, Any]:
        """uns/spatialdata_attrs: the labels that the table annotates."""
        found = _elements.member(self._table, "uns/spatialdata_attrs")
        tree = _elements.tree(found) if found is not None else {}
        return tree if isinstance(tree, dict) else {}

    def _bins(self, name: str) -> npt.NDArray[Any]:
        """A column of var."""
        return _elements.read(_elements.array(_elements.member(self._table, "var"), name))

    def _pixels(self, name: str) -> npt.NDArray[Any]:
        """A column of obs."""
        return _elements.read(_elements.array(_elements.member(self._table, "obs"), name))

    def _series(self, name: str) -> pd.Series[float]:
        import pandas as pd

        values = self._once(name, lambda: self._bins(name))
        column = _elements.array(_elements.member(self._table, "var"), name)
        # All may be 0 in a store that is whole: the greatest values, if those of X are negative.
        if (
            self._matrix.dense is None
            and self._matrix.stored
            and not values.any()
            and _elements.absent(column, values) is not None
        ):
            raise _elements.incomplete(column)
        return pd.Series(values, index=pd.Index(self.mz, name="mz"), name=name, copy=True)

    def _bin_rows(self, bins: list[int]) -> pd.DataFrame:
        import pandas as pd

        var = _elements.member(self._table, "var")
        names = [str(n) for n in var.attrs["column-order"]]
        return pd.DataFrame({n: self._bins(n)[bins] for n in names})

    def _chosen(self, mask: xr.DataArray | npt.ArrayLike) -> npt.NDArray[np.int64]:
        """The rows that a mask chooses: a boolean for each pixel, or a raster of them."""
        chosen = np.asarray(mask)
        if chosen.dtype == bool and chosen.shape == (self.shape[0],):
            return np.flatnonzero(chosen)
        return self._raster.pixels(chosen)

    def _pixel(self, x: int | None, y: int | None, z: int | None) -> npt.NDArray[np.int64]:
        if x is None or y is None:
            raise ValueError("a pixel is chosen by x and y: give both")
        row = self._raster.at(whole("x", x), whole("y", y), None if z is None else whole("z", z))
        if row is None:
            planes, height, width = self._raster.shape
            z0, y0, x0 = self._raster.origin
            depth = f", z {z0} to {z0 + planes - 1}" if planes > 1 else ""
            raise ValueError(
                f"there is no pixel at x = {x}, y = {y}{'' if z is None else f', z = {z}'}; those of the store have x "
                f"{x0} to {x0 + width - 1}, y {y0} to {y0 + height - 1}{depth}, as in obs"
            )
        return np.array([row], dtype=np.int64)

    def _images(
        self, windows: list[Window], reduce: Reduce, normalize: Normalize, keep: Callable[[int, Floats], None]
    ) -> None:
        """keep(i, a value for each pixel) for each window."""
        if reduce not in ("sum", "max"):
            raise ValueError(f"reduce is {reduce!r}, expected 'sum' or 'max'")
        divisor = self._divisor(normalize)

        def divide(i: int, values: Floats) -> None:
            keep(i, values if divisor is None else values / divisor)

        self._matrix.images(windows, reduce, divide)
        _elements.check_same(self._table, self._mark)

    def _divisor(self, normalize: Normalize) -> npt.NDArray[np.float64] | None:
        """A number for each pixel, NaN where it is not above 0."""
        if normalize is None:
            return None
        if isinstance(normalize, str):
            if normalize not in NORMALIZERS:
                raise ValueError(f"normalize is {normalize!r}, expected one of {', '.join(NORMALIZERS)}, or numbers")
            values = self._pixels(NORMALIZERS[normalize]).astype(np.float64)
            column = _elements.array(_elements.member(self._table, "obs"), NORMALIZERS[normalize])
            # The median of a spectrum with values may be 0, and so may all be in an empty table.
            if normalize != "median" and self._matrix.stored and _elements.absent(column, values) is not None:
                raise _elements.incomplete(column)
        else:
            values = self._aligned(normalize)
        return np.where(values > 0, values, np.nan)

    def _aligned(self, numbers: pd.Series[Any] | npt.ArrayLike) -> npt.NDArray[np.float64]:
        import pandas as pd

        pixels = self.shape[0]
        if isinstance(numbers, pd.Series):
            names = self.obs.index if numbers.index.dtype.kind not in "iu" else self._pixels("instance_key")
            found = numbers.reindex(names)
            if found.isna().all():
                raise ValueError("normalize: no name of the Series is one of obs (its index, or instance_key)")
            return np.asarray(found, dtype=np.float64)
        values = np.asarray(numbers, dtype=np.float64)
        if values.shape != (pixels,):
            raise ValueError(f"normalize has the shape {values.shape}, expected a number for each of {pixels} pixels")
        return values

    def _describe(self, windows: list[Window], single: bool, reduce: Reduce, normalize: Normalize) -> dict[str, Any]:
        """What was added up, in terms that files of xarray can hold."""
        columns: dict[str, list[Any]] = {
            "mz": [w.mz for w in windows],
            "window_low": [w.low for w in windows],
            "window_high": [w.high for w in windows],
            "first_bin": [w.first for w in windows],
            "n_bins": [w.end - w.first for w in windows],
            "mz_lower": [self._axis.lower[w.first] for w in windows],
            "mz_upper": [self._axis.upper[w.end - 1] for w in windows],
        }
        what = "none" if normalize is None else normalize if isinstance(normalize, str) else "numbers"
        attributes: dict[str, Any] = {"reduce": reduce, "normalize": what, "dataset": self._name}
        if count_regions(self._table) == 1:
            attributes["pixel_size_unit"] = self._raster.unit
            attributes["pixel_size_x"], attributes["pixel_size_y"] = self._raster.scale[1], self._raster.scale[0]
        return {**{k: v[0] if single else v for k, v in columns.items()}, **attributes}


def open(
    store: str | os.PathLike[str] | zarr.Group,
    table: str | None = None,
    *,
    storage_options: dict[str, Any] | None = None,
) -> Dataset:
    """Opens a store that mzgrid wrote: a path, a URL (by fsspec, with its `storage_options`), or a zarr group.

    Reads the metadata and m/z, so that a store whose bins are damaged is refused here. `table` chooses one if there are
    several, with or without the `_z0` at its end."""
    import pandas  # noqa: F401  the images and tables need both: better now than in the first of them
    import xarray  # noqa: F401

    from ._open import find_table, open_root

    root, source = open_root(store, storage_options)
    opened = Dataset(root, find_table(root, table, source), source, storage_options)
    opened.mz  # noqa: B018
    return opened


def _can_be_opened(source: str) -> bool:
    return "://" in source or os.path.isdir(source)


def _reopen(store: Any, name: str, storage_options: dict[str, Any] | None) -> Dataset:
    return open(store, name, storage_options=storage_options)
