"""The matrix of pixels × bins in each of its layouts, read in blocks, so that memory does not grow with what is read.

Two questions are asked of it: *images*, sums or maxima over ranges of bins for every pixel, and the *spectrum*, the sum
over chosen pixels for every bin. Columns answer the first at once, rows the second, an array in chunks both. If a store
has only the other of the two, all values are read, and a CostWarning says so before."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from . import _elements
from ._axis import Window
from ._errors import CostWarning, StoreError

if TYPE_CHECKING:
    import zarr

Reduce = Literal["sum", "max"]
Floats = npt.NDArray[np.floating]

BLOCK = 1 << 20  # values that are read at a time


@dataclass(frozen=True)
class Compressed:
    """The matrix by columns (csc) or by rows (csr): *lines* of stored values, each at a *place* in the other axis."""

    group: zarr.Group
    data: zarr.Array[Any]
    indices: zarr.Array[Any]
    indptr: zarr.Array[Any]
    lines: int
    places: int

    @classmethod
    def open(cls, group: zarr.Group, lines: int, places: int) -> Compressed:
        parts = {name: _elements.array(group, name) for name in ("data", "indices", "indptr")}
        if parts["indptr"].shape != (lines + 1,) or parts["indices"].shape != parts["data"].shape:
            raise StoreError(f"{group.store_path}: the sizes of indptr, indices and data contradict each other")
        return cls(group=group, lines=lines, places=places, **parts)

    def bounds(self, first: int, end: int) -> npt.NDArray[np.int64]:
        """Where the lines [first, end) begin and the last of them ends."""
        bounds = _elements.read(self.indptr, first, end + 1).astype(np.int64)
        if (np.diff(bounds) < 0).any() or bounds[0] < 0 or bounds[-1] > self.data.shape[0]:
            raise StoreError(f"{self.indptr.store_path}: is not ascending, the store is damaged")
        if _elements.absent(self.indptr, bounds, first) is not None and not self._begins_with_zeros():
            raise _elements.incomplete(self.indptr)
        return bounds

    def _begins_with_zeros(self) -> bool:
        """Whether files of indptr that are not there hold the zeros of lines without values before the first one that has
        some. If they were lost, the line behind them has the values of several, at places that do not ascend."""
        bounds = _elements.read(self.indptr).astype(np.int64)
        if bounds[-1] != self.data.shape[0] or (np.diff(bounds) < 0).any():
            return False
        end = int(bounds[np.flatnonzero(bounds)[0]]) if bounds.any() else 0
        return end <= self.places and bool((np.diff(_elements.read(self.indices, 0, end).astype(np.int64)) > 0).all())

    def blocks(self, first: int, end: int) -> Iterator[tuple[int, npt.NDArray[np.integer], Floats]]:
        """The stored values [first, end): where each block begins, places, values."""
        while first < end:
            stop = min(end, (first // BLOCK + 1) * BLOCK)
            places = _elements.read(self.indices, first, stop)
            if places.size and (places.min() < 0 or places.max() >= self.places):
                raise StoreError(f"{self.indices.store_path}: has an index outside the table, the store is damaged")
            values = _elements.read(self.data, first, stop)
            # No value that is stored is 0, and neither are all places of a chunk.
            if _elements.absent(self.data, values, first) is not None:
                raise _elements.incomplete(self.data)
            if (
                self.places > 1
                and self.indices.chunks[0] > 1
                and _elements.absent(self.indices, places, first) is not None
            ):
                raise _elements.incomplete(self.indices)
            yield first, places, values
            first = stop

    def tell_cost(self, what: str, layout: str) -> None:
        stored = int(self.data.shape[0])
        size = stored * (self.data.dtype.itemsize + self.indices.dtype.itemsize)
        warnings.warn(
            f"{what} reads all {stored:,} values of the store ({size / 1e6:,.0f} MB unpacked): it has them by "
            f"{'rows' if layout == 'csc' else 'columns'} only; convert with layout='csc+csr' to have both",
            CostWarning,
            stacklevel=find_caller(),
        )


def find_caller() -> int:
    """How many frames up the first one outside of this package is, so that a warning names the user's own line."""
    import sys

    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith("mzgrid."):
        level, frame = level + 1, frame.f_back
    return level


class Accumulator:
    """Sums or maxima of what is added at places, in double; what is not stored counts as 0."""

    def __init__(self, reduce: Reduce, places: int, bins: int) -> None:
        self.reduce, self.places, self.bins = reduce, places, bins
        self.sums: npt.NDArray[np.float64] | None = None  # those of the first block, to which others are added
        self.highest = np.full(places, -np.inf) if reduce == "max" else None
        self.stored = np.zeros(places, dtype=np.int64) if reduce == "max" else None

    def add(self, places: npt.NDArray[np.integer], values: Floats) -> None:
        if self.highest is not None and self.stored is not None:
            np.maximum.at(self.highest, places, values)
            self.stored += np.bincount(places, minlength=self.places)
            return
        sums = np.asarray(np.bincount(places, weights=values, minlength=self.places), dtype=np.float64)
        if self.sums is None:
            self.sums = sums
        else:
            self.sums += sums

    def result(self) -> npt.NDArray[np.float64]:
        if self.highest is not None and self.stored is not None:
            return np.where(self.stored < self.bins, np.maximum(self.highest, 0), self.highest)
        return self.sums if self.sums is not None else np.zeros(self.places)


class Matrix:
    """X, and the layer `csr` if there is one."""

    def __init__(self, table: zarr.Group, pixels: int, bins: int) -> None:
        import zarr

        self.pixels, self.bins = pixels, bins
        self.columns: Compressed | None = None
        self.rows: Compressed | None = None
        self.dense: zarr.Array[Any] | None = None
        self.table = table
        self.counted: set[tuple[int, int]] = set()  # bins of a dense X, from first to end, that lack no chunk
        x = _elements.member(table, "X")
        layer = _elements.member(table, "layers/csr")
        if isinstance(x, zarr.Array):
            self.dense, shape = x, x.shape
        elif isinstance(x, zarr.Group):
            shape = tuple(x.attrs.get("shape", ()))  # type: ignore[arg-type]
        else:
            raise StoreError(f"{table.store_path}: has no X, so this is no table of mzgrid, or half of one")
        if shape != (pixels, bins):
            raise StoreError(f"{x.store_path}: has the shape {shape}, obs and var are {pixels} × {bins}")
        for group in (x, layer):
            if not isinstance(group, zarr.Group):
                continue
            encoding = group.attrs.get("encoding-type")
            if encoding == "csc_matrix":
                self.columns = Compressed.open(group, bins, pixels)
            elif encoding == "csr_matrix":
                self.rows = Compressed.open(group, pixels, bins)
            elif group is x:
                raise StoreError(f"{x.store_path}: is stored as {encoding!r}, which this version does not know")

    @property
    def layout(self) -> str:
        if self.dense is not None:
            return "dense"
        return "+".join(n for n, part in (("csc", self.columns), ("csr", self.rows)) if part is not None)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._data.dtype

    @property
    def _data(self) -> zarr.Array[Any]:
        part = self.columns or self.rows
        found = part.data if part is not None else self.dense
        assert found is not None
        return found

    @property
    def stored(self) -> int:
        """How many values are stored."""
        return int(np.prod(self._data.shape))

    def images(self, windows: Sequence[Window], reduce: Reduce, keep: Callable[[int, Floats], None]) -> None:
        """Calls keep(i, vector over the pixels) for each window; a few at a time are in memory."""
        if self.columns is not None:
            for i, window in enumerate(windows):
                bounds = self.columns.bounds(window.first, window.end)
                sums = Accumulator(reduce, self.pixels, window.end - window.first)
                for _, places, values in self.columns.blocks(int(bounds[0]), int(bounds[-1])):
                    sums.add(places, values)
                keep(i, sums.result())
        elif self.dense is not None:
            for i, window in enumerate(windows):
                keep(i, self._dense_image(window, reduce))
        else:
            self._images_by_rows(windows, reduce, keep)

    def _row_blocks(self, columns: int) -> Iterator[slice]:
        assert self.dense is not None
        step = self.dense.chunks[0]
        rows = max(1, BLOCK // max(1, columns) // step) * step
        for first in range(0, self.pixels, rows):
            yield slice(first, min(self.pixels, first + rows))

    def _dense_image(self, window: Window, reduce: Reduce) -> npt.NDArray[np.float64]:
        assert self.dense is not None
        image = np.zeros(self.pixels)
        chunk = self.dense.chunks[1]
        for rows in self._row_blocks(-(-(window.end - window.first) // chunk) * chunk):
            part = np.asarray(self.dense[rows, window.first : window.end], dtype=np.float64)
            image[rows] = part.sum(axis=1) if reduce == "sum" else part.max(axis=1)
            self._check_dense(rows, window.first, window.end, part)
        return image

    def _check_dense(self, rows: slice, first: int, end: int, part: npt.NDArray[Any]) -> None:
        """Chunks that are not there hold zeros, if as many pixels have values as var tells for each bin."""
        assert self.dense is not None
        height, width = self.dense.shards or self.dense.chunks
        for column in range(first // width, -(-end // width)):
            bins = slice(max(first, column * width), min(end, (column + 1) * width))
            if part[:, bins.start - first : bins.stop - first].any():
                continue
            for row in range(rows.start // height, -(-rows.stop // height)):
                if _elements.is_absent(self.dense, row, column):
                    self._count_dense(bins)
                    break

    def _count_dense(self, bins: slice) -> None:
        assert self.dense is not None
        if (bins.start, bins.stop) in self.counted:  # by another block of rows
            return
        told = _elements.member(self.table, "var/n_pixels")
        seen = np.zeros(bins.stop - bins.start, dtype=np.int64)
        for rows in self._row_blocks(bins.stop - bins.start):
            seen += np.count_nonzero(self.dense[rows, bins], axis=0)
        if told is None or (seen < _elements.read(told, bins.start, bins.stop)).any():
            raise _elements.incomplete(self.dense)
        self.counted.add((bins.start, bins.stop))

    def _images_by_rows(self, windows: Sequence[Window], reduce: Reduce, keep: Callable[[int, Floats], None]) -> None:
        rows = self.rows
        assert rows is not None
        rows.tell_cost("an ion image", "csc")
        bounds = rows.bounds(0, self.pixels)
        sums = [Accumulator(reduce, self.pixels, w.end - w.first) for w in windows]
        for first, bins, values in rows.blocks(0, int(bounds[-1])):
            for window, one in zip(windows, sums, strict=True):
                inside = np.flatnonzero((bins >= window.first) & (bins < window.end))
                pixels = np.searchsorted(bounds, first + inside, "right") - 1
                one.add(pixels, values[inside])
        for i, one in enumerate(sums):
            keep(i, one.result())

    def spectrum(self, pixels: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """The sum over the rows `pixels` (ascending, each once) for each bin."""
        if self.rows is not None:
            return self._spectrum_of_rows(self.rows, pixels)
        if self.dense is not None:
            total = np.zeros(self.bins)
            wanted = np.zeros(self.pixels, dtype=bool)
            wanted[pixels] = True
            for rows in self._row_blocks(self.bins):
                inside = np.flatnonzero(wanted[rows])
                if inside.size:
                    chosen = slice(int(rows.start + inside[0]), int(rows.start + inside[-1] + 1))
                    part = np.asarray(self.dense[chosen])
                    self._check_dense(chosen, 0, self.bins, part)
                    total += part[inside - inside[0]].sum(axis=0, dtype=np.float64)
            return total
        return self._spectrum_by_columns(pixels)

    def _spectrum_of_rows(self, rows: Compressed, pixels: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        total = np.zeros(self.bins)
        for run in np.split(pixels, np.flatnonzero(np.diff(pixels) != 1) + 1):
            if run.size:
                bounds = rows.bounds(int(run[0]), int(run[-1]) + 1)
                for _, bins, values in rows.blocks(int(bounds[0]), int(bounds[-1])):
                    total += np.bincount(bins, weights=values, minlength=self.bins)
        return total

    def _spectrum_by_columns(self, pixels: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        columns = self.columns
        assert columns is not None
        columns.tell_cost("a spectrum", "csr")
        wanted = np.zeros(self.pixels, dtype=bool)
        wanted[pixels] = True
        bounds = columns.bounds(0, self.bins)
        total = np.zeros(self.bins)
        for first, places, values in columns.blocks(0, int(bounds[-1])):
            inside = np.flatnonzero(wanted[places])
            bins = np.searchsorted(bounds, first + inside, "right") - 1
            total += np.bincount(bins, weights=values[inside], minlength=self.bins)
        return total
