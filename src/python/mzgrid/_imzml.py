"""read_imzml(): spectra as mzgrid reads them, through libmzgrid.

The library works with MPI, which belongs to the thread that starts it, and binds that thread to a core: so one thread,
which does nothing else, makes all calls."""

from __future__ import annotations

import ctypes
import json
import numbers
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ctypes import POINTER, byref, c_bool, c_char_p, c_double, c_int, c_int32, c_int64, c_size_t, c_void_p
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from . import _native
from ._errors import UsageError

T = TypeVar("T")
CHUNK = 256  # pixels
TYPES = (None, "centroid", "profile")


class Box(ctypes.Structure):
    _fields_ = [("given", c_bool), ("min", c_int32 * 3), ("max", c_int32 * 3)]


class SpectraOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("memory_limit", c_int64),
        ("region", Box),
        ("pixels_file", c_char_p),
        ("ms_level", c_int64),
        ("polarity", c_int),
        ("allow_truncated", c_bool),
    ]


class Facts(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("n_pixels", c_int64),
        ("n_spectra", c_int64),
        ("n_points", c_int64),
        ("most_points", c_int64),
        ("min", c_int32 * 3),
        ("max", c_int32 * 3),
        ("pixel_size", c_double * 2),
        ("type", c_int),
        ("shares_mz", c_bool),
    ]


class Spectra(ctypes.Structure):
    _fields_ = [
        ("n", c_int64),
        ("positions", c_void_p),
        ("begin", c_void_p),
        ("mz", c_void_p),
        ("intensity", c_void_p),
        ("faults", POINTER(c_char_p)),
    ]


SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "mzg_context_new_world": (c_int, [c_void_p, POINTER(c_void_p), POINTER(_native.Error)]),
    "mzg_spectra_open": (
        c_int,
        [c_void_p, c_char_p, POINTER(SpectraOptions), POINTER(c_void_p), POINTER(_native.Error)],
    ),
    "mzg_spectra_close": (None, [c_void_p]),
    "mzg_spectra_facts": (c_int, [c_void_p, POINTER(Facts), POINTER(_native.Error)]),
    "mzg_spectra_metadata": (c_int, [c_void_p, POINTER(c_void_p), POINTER(_native.Error)]),
    "mzg_spectra_read": (c_int, [c_void_p, c_int64, c_int64, POINTER(Spectra), POINTER(_native.Error)]),
    "mzg_free": (None, [c_void_p]),
    "mzg_version": (c_char_p, []),
}


@cache
def worker() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="mzgrid")


serving: int | None = None  # the thread that gives spectra to a conversion, which has the worker until it ends


def on_worker(work: Callable[[], T]) -> T:
    if serving == threading.get_ident():
        raise UsageError(
            "libmzgrid converts what this reader gives, and does one thing at a time: a reader cannot ask it for spectra; "
            "give convert the path of the file, or an iterator, which is read before the conversion"
        )
    return worker().submit(after_closing, work).result()


# Readers to which nothing points any more. They are given back by the worker before its next task: who collects garbage
# may stand anywhere, also where the executor holds its lock, and a task handed over from there waits for ever.
lost: deque[c_void_p] = deque()


def after_closing(work: Callable[[], T]) -> T:
    while lost:
        context()[0].mzg_spectra_close(lost.popleft())
    return work()


@cache
def context() -> tuple[ctypes.CDLL, c_void_p]:
    """The library and its context, for the life of the process. On the worker."""
    library = _native.load("libmzgrid.so.0", SIGNATURES)
    made = c_void_p()
    _native.check(library.mzg_context_new_world, None, byref(made))
    return library, made


class Spectrum(NamedTuple):
    """One spectrum, as it lies in the file. If it cannot be read, `fault` says why, and there are no points."""

    x: int
    y: int
    z: int
    mz: npt.NDArray[np.float64]
    intensity: npt.NDArray[np.float64]
    fault: str | None


@dataclass(frozen=True)
class Chunk:
    """Spectra side by side: spectrum i has the points begin[i] to begin[i + 1] - 1."""

    x: npt.NDArray[np.int32]
    y: npt.NDArray[np.int32]
    z: npt.NDArray[np.int32]
    begin: npt.NDArray[np.int64]
    mz: npt.NDArray[np.float64]
    intensity: npt.NDArray[np.float64]
    faults: list[str | None]

    def __len__(self) -> int:
        return len(self.x)

    def __iter__(self) -> Iterator[Spectrum]:
        for i, fault in enumerate(self.faults):
            points = slice(int(self.begin[i]), int(self.begin[i + 1]))
            place = int(self.x[i]), int(self.y[i]), int(self.z[i])
            yield Spectrum(*place, self.mz[points], self.intensity[points], fault)


class ImzML:
    """An open input. Iterating gives its spectra, :meth:`chunks` many at a time; both may be done again."""

    def __init__(self, path: str | os.PathLike[str], options: SpectraOptions) -> None:
        self.path = os.fspath(path)
        self._reader = c_void_p()
        self._facts = Facts(size=ctypes.sizeof(Facts))
        self._metadata: dict[str, Any] = {}
        on_worker(lambda: self._open(options))

    def _open(self, options: SpectraOptions) -> None:
        library, ranks = context()
        options.size = ctypes.sizeof(options)
        name = os.fsencode(self.path)
        _native.check(library.mzg_spectra_open, ranks, name, byref(options), byref(self._reader))
        _native.check(library.mzg_spectra_facts, self._reader, byref(self._facts))
        text = c_void_p()
        _native.check(library.mzg_spectra_metadata, self._reader, byref(text))
        if text.value is not None:
            self._metadata = json.loads(ctypes.string_at(text.value).decode())
            library.mzg_free(text)

    def __len__(self) -> int:
        """The number of spectra."""
        return int(self._facts.n_spectra)

    def __repr__(self) -> str:
        return f"<mzgrid.ImzML {self.path}: {len(self):,} spectra of {self.n_pixels:,} pixels>"

    @property
    def n_pixels(self) -> int:
        return int(self._facts.n_pixels)

    @property
    def pixel_size(self) -> tuple[float, float] | None:
        """Width and height in micrometres; None if the file does not tell."""
        x, y = self._facts.pixel_size
        return (x, y) if x and y else None

    @property
    def spectrum_type(self) -> str | None:
        """ "centroid", "profile", or None if the file does not tell."""
        return TYPES[self._facts.type] if self._facts.type < len(TYPES) else None

    @property
    def shares_mz(self) -> bool:
        """Whether all spectra have one m/z array."""
        return bool(self._facts.shares_mz)

    @property
    def metadata(self) -> dict[str, Any]:
        """What the file says about itself."""
        return self._metadata

    def chunks(self, pixels: int = CHUNK) -> Iterator[Chunk]:
        """The spectra of `pixels` pixels at a time, in the order of the file; memory is needed for these alone."""
        if not isinstance(pixels, numbers.Integral) or pixels < 1:
            raise UsageError(f"pixels is {pixels!r}, expected a whole number of 1 or more")
        pixels = int(pixels)
        for first in range(0, self.n_pixels, pixels):
            n = min(pixels, self.n_pixels - first)
            yield on_worker(lambda first=first, n=n: self._read(first, n))

    def _read(self, first: int, n: int) -> Chunk:
        if not self._reader:
            raise UsageError(f"{self.path}: is closed")
        library, _ = context()
        got = Spectra()
        _native.check(library.mzg_spectra_read, self._reader, first, n, byref(got))
        size = int(got.n)
        # Copies: the next call takes the memory again.
        positions = _native.view(got.positions, 3 * size, c_int32, None).reshape(size, 3)
        begin = _native.view(got.begin, size + 1, c_int64, None).copy()
        points = int(begin[-1])
        faults: list[str | None] = [None] * size
        if got.faults:
            faults = [text.decode(errors="replace") if text else None for text in got.faults[:size]]
        x, y, z = (positions[:, i].copy() for i in range(3))
        mz, intensity = (_native.view(part, points, c_double, None).copy() for part in (got.mz, got.intensity))
        return Chunk(x, y, z, begin, mz, intensity, faults)

    def __iter__(self) -> Iterator[Spectrum]:
        for chunk in self.chunks():
            yield from chunk

    def close(self) -> None:
        """Gives back what it holds; done at the end of a `with` as well. If nothing points to it any more, it is done
        before the next file is opened or read."""
        if self._reader:
            on_worker(self._close)

    def _close(self) -> None:
        library, _ = context()
        if self._reader:
            library.mzg_spectra_close(self._reader)
        self._reader = c_void_p()

    def __enter__(self) -> ImzML:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_reader", None):
            lost.append(self._reader)


def read_imzml(
    path: str | os.PathLike[str],
    *,
    region: tuple[tuple[int, int], ...] | None = None,
    ms_level: int | None = None,
    polarity: str | None = None,
    allow_truncated: bool = False,
) -> ImzML:
    """Opens an imzML file (or synthetic input) to read its spectra, with all that mzgrid knows of odd files.

    `region` is ((x0, x1), (y0, y1)[, (z0, z1)]), both ends included. What cannot be opened is an exception with one
    sentence; a spectrum that cannot be read has a `fault`."""
    options = SpectraOptions(ms_level=ms_level or 0, allow_truncated=allow_truncated)
    if region is not None:
        if len(region) not in (2, 3):
            raise UsageError(f"region is {region!r}, expected ((x0, x1), (y0, y1)) or with (z0, z1) behind them")
        ends = [*region, (-(2**31), 2**31 - 1)][:3]
        options.region = Box(True, *((c_int32 * 3)(*(end[i] for end in ends)) for i in (0, 1)))
    if polarity is not None:
        if polarity not in ("positive", "negative"):
            raise UsageError(f"polarity is {polarity!r}, expected 'positive' or 'negative'")
        options.polarity = 1 if polarity == "positive" else 2
    return ImzML(path, options)
