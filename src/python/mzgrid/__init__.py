"""Ion images, spectra and tables from the stores that mzgrid writes, and the conversion that makes them.

    d = mzgrid.open("tissue.zarr")
    d.ion_image(798.54, ppm=10)

Importing this takes no time: what a call needs is imported by that call."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._convert import convert
    from ._dataset import Dataset, open
    from ._errors import (
        ConversionError,
        ConversionWarning,
        CostWarning,
        InputError,
        InterruptedConversion,
        MzgridError,
        OutOfMemory,
        ProgramError,
        ReaderFailed,
        SkippedTooMany,
        StoreError,
        SystemFailure,
        UsageError,
    )
    from ._imzml import Chunk, ImzML, Spectrum, read_imzml
    from ._resample import MassAxis, Resampled, resample

    __version__: str

_HOMES = {
    "_convert": ("convert",),
    "_dataset": ("Dataset", "open"),
    "_errors": (
        "ConversionError",
        "ConversionWarning",
        "CostWarning",
        "InputError",
        "InterruptedConversion",
        "MzgridError",
        "OutOfMemory",
        "ProgramError",
        "ReaderFailed",
        "SkippedTooMany",
        "StoreError",
        "SystemFailure",
        "UsageError",
    ),
    "_imzml": ("Chunk", "ImzML", "Spectrum", "read_imzml"),
    "_resample": ("MassAxis", "Resampled", "resample"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Chunk",
    "ConversionError",
    "ConversionWarning",
    "CostWarning",
    "Dataset",
    "ImzML",
    "InputError",
    "InterruptedConversion",
    "MassAxis",
    "MzgridError",
    "OutOfMemory",
    "ProgramError",
    "ReaderFailed",
    "Resampled",
    "SkippedTooMany",
    "Spectrum",
    "StoreError",
    "SystemFailure",
    "UsageError",
    "__version__",
    "convert",
    "open",
    "read_imzml",
    "resample",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from ._version import version

        value: Any = version()
    elif name in _HOME_OF:
        value = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
    else:
        raise AttributeError(f"module 'mzgrid' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
