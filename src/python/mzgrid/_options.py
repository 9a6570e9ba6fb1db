"""The options of `mzgrid convert`, by their names, as keyword arguments. A test holds them against the program's help."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from ._errors import UsageError

Path = str | os.PathLike[str]


class Options(TypedDict, total=False):
    """What `convert` takes beside its own arguments; `mzgrid convert --help` says what each means."""

    mass_axis_type: Literal["auto", "constant", "linear_tof", "reflector_tof", "orbitrap", "fticr", "tof", "native"]
    tof_law: str | tuple[float, float]
    bin_width: str | float
    resolution: float
    reference_mz: float
    bins: int
    min_mz: float
    max_mz: float
    scan_range: bool
    mass_axis_file: Path
    region: str | tuple[tuple[int, int], ...]
    pixels: Path
    ms_level: int
    polarity: Literal["auto", "positive", "negative"]
    interpolation_method: Literal["auto", "nearest_neighbor", "linear", "cubic", "pchip", "tic_preserving", "overlap"]
    accuracy: Literal["normal", "high"]
    max_gap: str | float
    spectrum_type: Literal["auto", "centroid", "profile"]
    min_intensity: float
    mobility: Literal["skip", "sum"]
    layout: Literal["csc", "csr", "dense", "csc+csr"]
    dtype: Literal["float32", "float64"]
    compression: str
    dataset_id: str
    pixel_size: str | float | tuple[float, float]
    ignore_position_offset: bool
    z_spacing: float
    duplicates: Literal["sum", "first", "error"]
    allow_large_grid: bool
    overwrite: bool
    strict: bool
    verify: bool
    allow_truncated: bool
    on_error: Literal["skip", "fail"]
    max_skipped: int
    keep_going: bool
    streaming: Literal["auto", "hdf5", "direct", "off"]
    chunk_size: str | int
    threads: int
    keep_hdf5: bool
    peaks: bool
    peak_list: Path
    tolerance: str
    snr: float
    temp_dir: Path
    mpi_info: str
    verbose: int
    quiet: bool
    log_file: Path
    preview: Path
    no_report: bool
    metrics: Path
    config: Path


FLAGS = frozenset(
    [
        "scan_range",
        "ignore_position_offset",
        "allow_large_grid",
        "overwrite",
        "strict",
        "verify",
        "allow_truncated",
        "keep_going",
        "keep_hdf5",
        "peaks",
        "no_report",
        "quiet",
    ]
)
NAMES = tuple(Options.__annotations__)
# What others call them.
OTHERS = {
    "n_jobs": "threads",
    "jobs": "threads",
    "workers": "threads",
    "ppm": "bin_width",
    "step": "bin_width",
    "n_bins": "bins",
    "method": "interpolation_method",
    "mz_range": "min_mz",
    "force": "overwrite",
    "exist_ok": "overwrite",
    "max_memory": "memory_limit",
    "tmpdir": "temp_dir",
}


def arguments(options: Mapping[str, Any]) -> list[str]:
    """The words of the command line. None, and False of what is a flag, stand for "not given"."""
    words: list[str] = []
    for name, value in options.items():
        if name not in NAMES:
            near = OTHERS.get(name) or next(iter(difflib.get_close_matches(name, NAMES, 1)), None)
            raise TypeError(f"convert has no option {name!r}{f', did you mean {near!r}?' if near else ''}")
        option = f"--{name.replace('_', '-')}"
        if value is None:
            continue
        if name in FLAGS:
            if not isinstance(value, bool):
                raise UsageError(f"{name} is {value!r}, expected True or False")
            words += [option] if value else []
        elif name == "verbose":
            words += ["--verbose"] * int(value)
        else:
            words.append(f"{option}={text(name, value)}")
    return words


def text(name: str, value: Any) -> str:
    """A value as the program reads it: numbers in full, pairs with colons, ranges with commas between them."""
    if isinstance(value, bool):
        raise UsageError(f"{name} is {value}, expected a value")
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    if isinstance(value, (tuple, list)):
        return ("," if name == "region" else ":").join(
            ":".join(str(v) for v in part) if isinstance(part, (tuple, list)) else number(part) for part in value
        )
    return number(value)


def number(value: Any) -> str:
    if hasattr(value, "item"):  # of numpy
        value = value.item()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return repr(value)
