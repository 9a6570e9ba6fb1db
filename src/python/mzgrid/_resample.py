"""MassAxis and resample(): the numbers of the program, for spectra that are already in Python."""

from __future__ import annotations

import ctypes
import os
from ctypes import byref, c_double, c_int32
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from . import _axis, _native
from ._errors import UsageError

Law = Literal["constant", "linear_tof", "reflector_tof", "orbitrap", "fticr", "tof"]
Method = Literal["nearest_neighbor", "linear", "cubic", "pchip", "tic_preserving", "overlap"]
UNITS = {"mda": 1e-3, "da": 1.0, "ppm": None, "": 1.0}


class MassAxis:
    """The bins that the program would make of the same options, to the last bit.

    Either `bin_width`, at `reference_mz`, in Da or as "5mDa" or "10ppm"; or `bins`, their number."""

    def __init__(
        self,
        law: Law,
        min_mz: float,
        max_mz: float,
        *,
        bin_width: float | str | None = None,
        bins: int | None = None,
        reference_mz: float = 1000.0,
        tof_law: tuple[float, float] | None = None,
    ) -> None:
        if (bin_width is None) == (bins is None):
            raise UsageError("an axis is made by bin_width or by bins: give one of them")
        spec = _native.AxisSpec(type=_native.number_of("axis_type", law), min_mz=min_mz, max_mz=max_mz)
        if bins is not None:
            spec.bins = bins
        else:
            spec.bin_width, spec.reference_mz = width_in_da(bin_width, reference_mz), reference_mz
        if tof_law is not None:
            spec.tof_a, spec.tof_b = tof_law
        self._build("mzg_axis_build", byref(spec))

    @classmethod
    def native(cls, mz: npt.ArrayLike) -> MassAxis:
        """The axis whose bins are these m/z, ascending."""
        values = _native.doubles("mz", mz)
        return cls._made("mzg_axis_build_native", values.ctypes.data, len(values))

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> MassAxis:
        """The axis of a file of `mzgrid axis`, or of :meth:`write`."""
        return cls._made("mzg_axis_read", os.fsencode(path))

    @classmethod
    def _made(cls, function: str, *arguments: Any) -> MassAxis:
        axis = cls.__new__(cls)
        axis._build(function, *arguments)
        return axis

    def _build(self, function: str, *arguments: Any) -> None:
        self._built = _native.BuiltAxis(function, *arguments)
        self._axis = self._built.struct
        self._resamplers: dict[Any, _native.Handle] = {}

    def __len__(self) -> int:
        return int(self._axis.n_bins)

    def __repr__(self) -> str:
        return f"<mzgrid.MassAxis {self.law}, {len(self):,} bins, m/z {self.edges[0]:.6g} to {self.edges[-1]:.6g}>"

    @property
    def law(self) -> str:
        name: bytes = _native.library().mzg_axis_type_name(self._axis.spec.type)
        return name.decode()

    @property
    def edges(self) -> npt.NDArray[np.float64]:
        """One more than there are bins."""
        return _native.view(self._axis.edges, len(self) + 1, c_double, self._built)

    @property
    def centers(self) -> npt.NDArray[np.float64]:
        return _native.view(self._axis.centers, len(self), c_double, self._built)

    @property
    def digest(self) -> str:
        """The SHA-256 of the edges, as `info["mass_axis"]["edges_sha256"]` of a store on this axis."""
        text = (ctypes.c_char * 65)()
        _native.call("mzg_axis_digest", byref(self._axis), text)
        return text.value.decode()

    def locate(self, mz: float) -> int | None:
        """The bin that holds `mz`; None outside of the axis."""
        found = int(_native.library().mzg_axis_locate(byref(self._axis), _axis.as_number("m/z", mz)))
        return found if found >= 0 else None

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes the file that ``convert(mass_axis_file=...)`` takes."""
        _native.call("mzg_axis_write", byref(self._axis), os.fsencode(path))

    def _resampler(self, method: str, max_gap: float, sampling: tuple[float, float] | None) -> _native.Handle:
        key = (method, max_gap, sampling)
        if key not in self._resamplers:
            options = _native.ResamplerOptions(method=_native.number_of("method", method), max_gap=max_gap)
            if sampling is not None:
                options.sampling = _native.Sampling(*sampling)
            made = _native.Handle(
                "mzg_resampler_new", "mzg_resampler_free", byref(options), byref(self._axis), holds=self._built
            )
            self._resamplers.setdefault(key, made)
        return self._resamplers[key]


@dataclass(frozen=True)
class Resampled:
    """Values on the bins that a spectrum touches: `bins` ascending, all others are 0."""

    bins: npt.NDArray[np.int32]
    values: npt.NDArray[np.float64]
    n_bins: int
    summary: dict[str, Any]

    def dense(self) -> npt.NDArray[np.float64]:
        """A value for each bin of the axis."""
        values = np.zeros(self.n_bins)
        values[self.bins] = self.values
        return values


def resample(
    mz: npt.ArrayLike,
    intensity: npt.ArrayLike,
    axis: MassAxis,
    method: Method = "nearest_neighbor",
    *,
    max_gap: float = 0.0,
    sampling: tuple[float, float] | None = None,
) -> Resampled:
    """Resamples one spectrum as the program does, to the last bit. Threads may call it at the same time: it does not hold
    the GIL. Arrays of contiguous doubles are read where they are, and the result is not copied either.

    Intervals wider than `max_gap` sampling steps are read as zeros that were trimmed away (0: none); the step at m is
    ``scale * m**exponent`` with `sampling` = (scale, exponent). Both are in info["resampling"] of a store."""
    x, y = _native.doubles("mz", mz), _native.doubles("intensity", intensity)
    if len(x) != len(y):
        raise UsageError(f"there are {len(x)} m/z and {len(y)} intensities, expected as many")
    if max_gap and sampling is None:
        raise UsageError("max_gap counts sampling steps: give sampling=(scale, exponent) with it")
    resampler = axis._resampler(method, float(max_gap), sampling)
    workspace = _native.Handle("mzg_workspace_new", "mzg_workspace_free")
    spectrum = _native.Spectrum(x.ctypes.data, y.ctypes.data, len(x))
    summary, row = _native.Summary(), _native.SparseRow()
    _native.call("mzg_resample", resampler.pointer, workspace.pointer, byref(spectrum), byref(summary), byref(row))
    owner = (workspace, resampler)
    told = {name: getattr(summary, name) for name, *_ in summary._fields_}
    return Resampled(
        bins=_native.view(row.bins, row.n, c_int32, owner),
        values=_native.view(row.values, row.n, c_double, owner),
        n_bins=len(axis),
        summary={**told, "outside_intensity": tuple(summary.outside_intensity)},
    )


def width_in_da(width: float | str | None, reference_mz: float) -> float:
    if not isinstance(width, str):
        return _axis.as_number("bin_width", width)
    text = width.strip()
    digits = text.rstrip("aADdMmPp ")
    unit = text[len(digits) :].strip().lower()
    if unit not in UNITS:
        raise UsageError(f"bin_width is {width!r}, expected a width such as 0.005, '5mDa' or '10ppm'")
    value = _axis.as_number("bin_width", digits)
    factor = UNITS[unit]
    # The very operations of the program, in their order: the result is the same to the last bit.
    if factor is None:
        return value * reference_mz / 1e6
    return value / 1000 if unit == "mda" else value
