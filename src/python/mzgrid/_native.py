"""libmzgrid-resample by ctypes: the axes and methods of the program, on arrays of numpy.

The structs are those of include/mzgrid/*.h. Calls do not hold the GIL. What the library hands out is not copied: an array
keeps alive what it points into."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from ctypes import POINTER, byref, c_bool, c_char, c_double, c_int, c_int64, c_size_t, c_void_p
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import (
    ConversionError,
    InputError,
    InterruptedConversion,
    OutOfMemory,
    ProgramError,
    SkippedTooMany,
    SystemFailure,
    UsageError,
)
from ._version import version

STATUS: dict[int, type[ConversionError]] = {
    1: UsageError,
    2: OutOfMemory,
    3: SystemFailure,
    4: InputError,
    5: InputError,
    6: SkippedTooMany,
    7: InterruptedConversion,
}


class Error(ctypes.Structure):
    _fields_ = [("status", c_int), ("text", c_char * 1020)]


class AxisSpec(ctypes.Structure):
    _fields_ = [
        ("type", c_int),
        ("min_mz", c_double),
        ("max_mz", c_double),
        ("bin_width", c_double),
        ("reference_mz", c_double),
        ("bins", c_int64),
        ("tof_a", c_double),
        ("tof_b", c_double),
    ]


class Axis(ctypes.Structure):
    _fields_ = [
        ("spec", AxisSpec),
        ("first_edge", c_double),
        ("t_min", c_double),
        ("step", c_double),
        ("n_bins", c_int64),
        ("edges", c_void_p),
        ("centers", c_void_p),
    ]


class Sampling(ctypes.Structure):
    _fields_ = [("scale", c_double), ("exponent", c_double)]


class ResamplerOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("method", c_int),
        ("max_gap", c_double),
        ("sampling", Sampling),
        ("shared_mz", c_void_p),
        ("n_shared", c_int64),
    ]

    def __init__(self, **members: Any) -> None:
        super().__init__(size=ctypes.sizeof(type(self)), **members)


class Spectrum(ctypes.Structure):
    _fields_ = [("mz", c_void_p), ("intensity", c_void_p), ("n", c_int64)]


class Summary(ctypes.Structure):
    _fields_ = [
        ("n_points", c_int64),
        ("dropped_points", c_int64),
        ("negative_points", c_int64),
        ("outside_points", c_int64),
        ("clean_points", c_int64),
        ("min_mz", c_double),
        ("max_mz", c_double),
        ("outside_intensity", c_double * 2),
        ("intensity_size", c_double),
        ("tic", c_double),
        ("base_peak_mz", c_double),
        ("base_peak_intensity", c_double),
        ("unsorted", c_bool),
        ("merged", c_bool),
        ("by_nearest", c_bool),
    ]


class SparseRow(ctypes.Structure):
    _fields_ = [("bins", c_void_p), ("values", c_void_p), ("n", c_int64)]


SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "mzg_axis_type_parse": (c_int, [ctypes.c_char_p, POINTER(c_int), POINTER(Error)]),
    "mzg_axis_type_name": (ctypes.c_char_p, [c_int]),
    "mzg_axis_build": (c_int, [POINTER(AxisSpec), POINTER(Axis), POINTER(Error)]),
    "mzg_axis_build_native": (c_int, [c_void_p, c_int64, POINTER(Axis), POINTER(Error)]),
    "mzg_axis_destroy": (None, [POINTER(Axis)]),
    "mzg_axis_digest": (c_int, [POINTER(Axis), c_char * 65, POINTER(Error)]),
    "mzg_axis_write": (c_int, [POINTER(Axis), ctypes.c_char_p, POINTER(Error)]),
    "mzg_axis_read": (c_int, [ctypes.c_char_p, POINTER(Axis), POINTER(Error)]),
    "mzg_axis_locate": (c_int64, [POINTER(Axis), c_double]),
    "mzg_method_parse": (c_int, [ctypes.c_char_p, POINTER(c_int), POINTER(Error)]),
    "mzg_resampler_new": (c_int, [POINTER(ResamplerOptions), POINTER(Axis), POINTER(c_void_p), POINTER(Error)]),
    "mzg_resampler_free": (None, [c_void_p]),
    "mzg_workspace_new": (c_int, [POINTER(c_void_p), POINTER(Error)]),
    "mzg_workspace_free": (None, [c_void_p]),
    "mzg_resample": (
        c_int,
        [c_void_p, c_void_p, POINTER(Spectrum), POINTER(Summary), POINTER(SparseRow), POINTER(Error)],
    ),
    "mzg_version": (ctypes.c_char_p, []),
}


def candidates(name: str) -> list[Path]:
    """Where a library may lie: named, in this package, beside a program that was just built, installed with it."""
    named = os.environ.get("MZGRID_LIBRARIES")
    if named:
        return [Path(named) / name]
    places = [Path(__file__).with_name(name)]
    program = os.environ.get("MZGRID_PROGRAM")
    if program:
        places += [Path(program).parent / name, Path(program).parent.parent / "lib" / name]
    return [*places, Path(sys.prefix) / "lib" / name]


def load(name: str, signatures: Mapping[str, tuple[Any, list[Any]]]) -> ctypes.CDLL:
    """The library of that name, of this very version, with the types of its functions."""
    places = candidates(name)
    place = str(places[0]) if len(places) == 1 else next((str(p) for p in places if p.exists()), name)
    try:
        loaded = ctypes.CDLL(place)
        for function, (result, arguments) in signatures.items():
            found = getattr(loaded, function)
            found.restype, found.argtypes = result, arguments
    except (OSError, AttributeError) as fault:
        raise ProgramError(
            f"the library {name} cannot be loaded ({fault}); install the package with it (pip install .), or name its "
            "directory in MZGRID_LIBRARIES"
        ) from fault
    told = loaded.mzg_version().decode()
    if version() not in ("0", told):
        raise ProgramError(f"{place}: is version {told}, this package is {version()}; install both from one source")
    return loaded


@cache
def library() -> ctypes.CDLL:
    return load("libmzgrid-resample.so.0", SIGNATURES)


def check(function: Any, *arguments: Any) -> None:
    """Calls a function that fills an error, and raises that."""
    error = Error()
    if function(*arguments, byref(error)):
        raise STATUS.get(error.status, ConversionError)(error.text.decode(errors="replace"))


def call(name: str, *arguments: Any) -> None:
    """A function of libmzgrid-resample that can fail."""
    check(getattr(library(), name), *arguments)


def number_of(kind: str, name: str) -> int:
    """The number of the law or method of that name."""
    found = c_int()
    call(f"mzg_{kind}_parse", name.encode(), byref(found))
    return found.value


class BuiltAxis:
    """A struct mzg_axis with its arrays, which are freed when nothing points to it any more."""

    def __init__(self, make: str, *arguments: Any) -> None:
        self.struct = Axis()
        self._destroy = library().mzg_axis_destroy
        call(make, *arguments, byref(self.struct))

    def __del__(self) -> None:
        if hasattr(self, "_destroy"):
            self._destroy(byref(self.struct))


class Handle:
    """Something of the library that is given back when nothing points to it any more; it holds what it looks at."""

    def __init__(self, make: str, free: str, *arguments: Any, holds: object = None) -> None:
        self.pointer = c_void_p()
        self.holds = holds
        self._free = getattr(library(), free)
        call(make, *arguments, byref(self.pointer))

    def __del__(self) -> None:
        if getattr(self, "pointer", None):
            self._free(self.pointer)


def view(address: int | None, n: int, kind: Any, owner: object) -> npt.NDArray[Any]:
    """An array over memory of the library, which `owner` holds; it cannot be written."""
    buffer: Any = (kind * n).from_address(address) if address and n else (kind * 0)()
    buffer.owner = owner
    array = np.frombuffer(buffer, dtype=np.dtype(kind))
    array.flags.writeable = False
    return array


def doubles(name: str, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The very array if it is one of contiguous doubles, else a copy."""
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise UsageError(f"{name} has {array.ndim} dimensions, expected a vector")
    return array
