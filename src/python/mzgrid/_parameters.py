"""The options of `convert` as the parameters of libmzgrid, for conversions that run in this process.

They are read as the program reads them; what they ask for together is checked by the library. Options of the program alone,
such as `log_file`, are refused."""

from __future__ import annotations

import ctypes
import math
import operator
import os
import re
import typing
from collections.abc import Callable, Mapping
from ctypes import POINTER, c_bool, c_char_p, c_double, c_int, c_int32, c_int64, c_size_t
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from . import _options
from ._errors import UsageError
from ._imzml import Box
from ._native import AxisSpec

MOST_MZ = 1e6
QUANTITY = re.compile(r"(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:[ \t]*([A-Za-z]+))?", re.ASCII)

# What the library calls otherwise; what follows belongs to it.
NAMES = {
    "axis.type": "mass_axis_type",
    "axis.bin_width": "bin_width",
    "axis.bins": "bins",
    "axis.min_mz": "min_mz",
    "axis.max_mz": "max_mz",
    "axis.reference_mz": "reference_mz",
    "axis_file": "mass_axis_file",
    "bin_steps 1": "bin_width='1step'",
    "method": "interpolation_method",
    "mobility_sum": "mobility='sum'",
    "fail_on_error = false": "on_error='skip'",
    "peaks.list": "peak_list",
    "peaks.snr": "snr",
    "peaks.tolerance": "tolerance",
    "pixels_file": "pixels",
}


class PeaksOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("table", c_char_p),
        ("list", c_char_p),
        ("snr", c_double),
        ("tolerance", c_double),
        ("tolerance_in_da", c_bool),
        ("layout", c_int),
        ("replace", c_bool),
        ("memory_limit", c_int64),
    ]


class ConvertOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("input", c_char_p),
        ("output", c_char_p),
        ("axis", AxisSpec),
        ("bin_steps", c_double),
        ("axis_type_auto", c_bool),
        ("axis_file", c_char_p),
        ("scan_range", c_bool),
        ("method_auto", c_bool),
        ("method", c_int),
        ("high_accuracy", c_bool),
        ("max_gap", c_double),
        ("spectrum_type", c_int),
        ("min_intensity", c_double),
        ("layout", c_int),
        ("dtype", c_int),
        ("dataset_id", c_char_p),
        ("pixel_size", c_double * 2),
        ("ignore_position_offset", c_bool),
        ("z_spacing", c_double),
        ("duplicates", c_int),
        ("allow_large_grid", c_bool),
        ("overwrite", c_bool),
        ("region", Box),
        ("pixels_file", c_char_p),
        ("ms_level", c_int64),
        ("polarity", c_int),
        ("mobility_sum", c_bool),
        ("strict", c_bool),
        ("verify", c_bool),
        ("allow_truncated", c_bool),
        ("fail_on_error", c_bool),
        ("max_skipped", c_int64),
        ("keep_going", c_bool),
        ("compression", c_char_p),
        ("memory_limit", c_int64),
        ("streaming", c_int),
        ("chunk_size", c_int64),
        ("dry_run", c_bool),
        ("keep_hdf5", c_bool),
        ("temp_dir", c_char_p),
        ("metrics", c_char_p),
        ("peaks", POINTER(PeaksOptions)),
        ("mpi_info", c_char_p),
    ]


@dataclass
class Settings:
    """What the options say. `convert` points into what `peaks` and the attributes of ctypes keep alive."""

    convert: ConvertOptions
    peaks: PeaksOptions
    with_peaks: bool = False
    threads: int = 0
    verbose: int = 0
    quiet: bool = False
    given: set[str] = field(default_factory=set)
    unit: str = ""  # of what stands in bin_width until `combine`


Setter = Callable[[Settings, str, Any], None]


def read(options: Mapping[str, Any], convert: ConvertOptions, peaks: PeaksOptions) -> Settings:
    """`convert` and `peaks` come with the defaults of the library."""
    settings = Settings(convert, peaks)
    for name, value in options.items():
        if name not in ("memory_limit", "dry_run") and name not in _options.NAMES:
            _options.arguments({name: value})  # which tells what may be meant
        if value is None or (name in _options.FLAGS and value is False):
            continue
        if name not in SETTERS:
            raise UsageError(
                f"{name} is an option for files, which the program converts; a reader is converted without it"
            )
        settings.given.add(name)
        SETTERS[name](settings, name, value)
    combine(settings)
    return settings


def combine(settings: Settings) -> None:
    """What only options together say; see src/cli/convert_options.c."""
    given, axis = settings.given, settings.convert.axis
    if (axis.type == choices("mass_axis_type").index("tof") - 1 and "mass_axis_type" in given) != ("tof_law" in given):
        raise UsageError("mass_axis_type='tof' and tof_law need each other")
    if {"bin_width", "resolution"} <= given:
        raise UsageError("bin_width and resolution both say how wide a bin is: give one of them")
    if "reference_mz" in given and not given & {"bin_width", "resolution"}:
        raise UsageError("reference_mz needs bin_width or resolution, because it says at which m/z they hold")
    if settings.convert.bin_steps and "reference_mz" in given:
        raise UsageError("bin_width in steps follows the data at every m/z: leave out reference_mz")
    if given & {"bin_width", "resolution"} and not settings.convert.bin_steps:
        if "reference_mz" not in given:
            axis.reference_mz = 1000
        width, unit = settings.convert.axis.bin_width, settings.unit
        # The operations of the program, in their order: the result is the same to the last bit.
        if unit == "resolution":
            axis.bin_width = axis.reference_mz / width
        elif unit == "ppm":
            axis.bin_width = width * axis.reference_mz / 1e6
    if "snr" in given and "peak_list" in given:
        raise UsageError("snr is for peaks that are picked, and peak_list names them")
    if "tolerance" in given and "peak_list" not in given:
        raise UsageError("tolerance is for peaks that peak_list names")
    if settings.with_peaks or given & {"snr", "peak_list"}:
        settings.convert.peaks = ctypes.pointer(settings.peaks)
    if settings.quiet and settings.verbose:
        raise UsageError("quiet and verbose contradict each other")


def named(text: str) -> str:
    """A sentence of the library with the names that the options have here."""
    pattern = "|".join(re.escape(name) for name in sorted(NAMES, key=len, reverse=True))
    return re.sub(rf"(?<![\w.'])({pattern})(?![\w'])", lambda found: NAMES[found[1]], text)


@cache
def choices(name: str) -> tuple[str, ...]:
    """In the order of the library's own numbers; a test of the options holds it."""
    return typing.get_args(typing.get_type_hints(_options.Options)[name])


def choice(name: str, value: Any) -> int:
    words = choices(name)
    found = [i for i, word in enumerate(words) if isinstance(value, str) and word == value.strip().lower()]
    if not found:
        raise UsageError(f"{name} is {value!r}, expected one of {', '.join(words)}")
    return found[0]


def number(name: str, value: Any, low: float = 0, above: bool = False, high: float = math.inf) -> float:
    try:
        result = float(quantity(value)[0]) if isinstance(value, str) else float(value)
    except (TypeError, ValueError):
        result = math.nan
    if isinstance(value, bool) or not math.isfinite(result) or not low <= result <= high or (above and result == low):
        most = f" and at most {high:g}" if high < math.inf else ""
        raise UsageError(f"{name} is {value!r}, expected a number {'above' if above else 'of at least'} {low:g}{most}")
    return result


def integer(name: str, value: Any, least: int, most: int) -> int:
    try:
        result = operator.index(value)
    except TypeError:
        exact = number(name, value, -math.inf) if isinstance(value, (str, float)) else math.nan
        result = int(exact) if exact == exact // 1 else least - 1
    if isinstance(value, bool) or not least <= result <= most:
        raise UsageError(f"{name} is {value!r}, expected a whole number from {least} to {most}")
    return result


def quantity(value: str) -> tuple[str, str]:
    """A number and its unit, in lower case."""
    found = QUANTITY.fullmatch(value.strip())
    if not found:
        raise ValueError
    return found[1], (found[2] or "").lower()


def split(name: str, value: Any, units: tuple[str, ...], example: str) -> tuple[float, str]:
    """A value above 0 with one of these units."""
    try:
        digits, unit = quantity(value) if isinstance(value, str) else (value, "")
    except ValueError:
        digits, unit = value, "?"
    if unit not in units:
        raise UsageError(f"{name} is {value!r}, expected a value such as {example}")
    return number(name, digits, above=True), unit


def pair(name: str, value: Any) -> tuple[float, float]:
    """Two numbers above 0; one stands for both."""
    parts = value.split(":") if isinstance(value, str) else [value] if not isinstance(value, (tuple, list)) else value
    if len(parts) not in (1, 2):
        raise UsageError(f"{name} is {value!r}, expected two numbers above 0")
    first, second = (number(name, part, above=True) for part in (parts[0], parts[-1]))
    return first, second


def flag(member: str) -> Setter:
    def set_flag(settings: Settings, name: str, value: Any) -> None:
        if not isinstance(value, bool):
            raise UsageError(f"{name} is {value!r}, expected True or False")
        setattr(settings.convert, member, value)

    return set_flag


def path(member: str) -> Setter:
    def set_path(settings: Settings, name: str, value: Any) -> None:
        if not isinstance(value, (str, bytes, os.PathLike)):
            raise UsageError(f"{name} is {value!r}, expected a text or a path")
        setattr(settings.convert, member, os.fsencode(value))

    return set_path


def chosen(member: str) -> Setter:
    def set_choice(settings: Settings, name: str, value: Any) -> None:
        setattr(settings.convert, member, choice(name, value))

    return set_choice


def real(member: str, above: bool = False) -> Setter:
    def set_number(settings: Settings, name: str, value: Any) -> None:
        setattr(settings.convert, member, number(name, value, above=above))

    return set_number


def whole(member: str, least: int, most: int) -> Setter:
    def set_integer(settings: Settings, name: str, value: Any) -> None:
        setattr(settings.convert, member, integer(name, value, least, most))

    return set_integer


def mz(member: str) -> Setter:
    def set_mz(settings: Settings, name: str, value: Any) -> None:
        setattr(settings.convert.axis, member, number(name, value, above=True, high=MOST_MZ))

    return set_mz


def set_axis_type(settings: Settings, name: str, value: Any) -> None:
    found = choice(name, value)
    settings.convert.axis_type_auto = found == 0
    settings.convert.axis.type = max(found - 1, 0)


def set_method(settings: Settings, name: str, value: Any) -> None:
    found = choice(name, value)
    settings.convert.method_auto = found == 0
    settings.convert.method = max(found - 1, 0)


def set_tof_law(settings: Settings, name: str, value: Any) -> None:
    if isinstance(value, (str, tuple, list)) and len(value.split(":") if isinstance(value, str) else value) == 2:
        settings.convert.axis.tof_a, settings.convert.axis.tof_b = pair(name, value)
    else:
        raise UsageError(f"{name} is {value!r}, expected two numbers above 0")


def set_bin_width(settings: Settings, name: str, value: Any) -> None:
    width, unit = split(name, value, ("", "da", "mda", "ppm", "step", "steps"), "0.005, '5mDa', '10ppm' or '1step'")
    if unit in ("step", "steps"):
        settings.convert.bin_steps = width
    else:
        settings.convert.axis.bin_width = width / 1000 if unit == "mda" else width
        if unit == "ppm":
            settings.unit = "ppm"


def set_resolution(settings: Settings, name: str, value: Any) -> None:
    settings.convert.axis.bin_width = number(name, value, above=True)
    settings.unit = "resolution"


def set_bins(settings: Settings, name: str, value: Any) -> None:
    settings.convert.axis.bins = integer(name, value, 1, 2**31 - 1)


def set_region(settings: Settings, name: str, value: Any) -> None:
    sentence = f"{name} is {value!r}, expected ((x0, x1), (y0, y1)), or with (z0, z1) behind them, the lower end first"
    parts = [part.split(":") for part in value.split(",")] if isinstance(value, str) else value
    if not isinstance(parts, (tuple, list)) or len(parts) not in (2, 3):
        raise UsageError(sentence)
    ends = []
    for part in parts:
        if not isinstance(part, (tuple, list)) or len(part) != 2:
            raise UsageError(sentence)
        low, high = (integer(name, end, 1 - 2**31, 2**31 - 1) for end in part)
        if low > high:
            raise UsageError(sentence)
        ends.append((low, high))
    ends = [*ends, (-(2**31), 2**31 - 1)][:3]
    settings.convert.region = Box(True, *((c_int32 * 3)(*(end[i] for end in ends)) for i in (0, 1)))


def set_max_gap(settings: Settings, name: str, value: Any) -> None:
    word = value.strip().lower() if isinstance(value, str) else ""
    steps = {"none": 0.0, "auto": -1.0}.get(word)
    settings.convert.max_gap = number(name, value, 1) if steps is None else steps


def set_pixel_size(settings: Settings, name: str, value: Any) -> None:
    settings.convert.pixel_size[:] = pair(name, value)


def set_size(settings: Settings, name: str, value: Any) -> None:
    if isinstance(value, str):
        try:
            digits, unit = quantity(value)
        except ValueError:
            digits, unit = "", "?"
        power = "kmgt".find(unit[:1]) + 1 if unit and unit != "b" else 0
        if (power == 0 and unit not in ("", "b")) or unit[1:] not in ("", "b", "ib") or digits[:1] in ("", "-"):
            raise UsageError(f"{name} is {value!r}, expected a size such as '512M', '1.5G' or '16GB'")
        bytes_ = int(float(digits) * (1000**power if unit[1:] == "b" else 1024**power))
    else:
        bytes_ = integer(name, value, 0, 2**63 - 1)
    settings.convert.memory_limit = integer(name, bytes_, 0, 2**63 - 1)


def set_chunk_size(settings: Settings, name: str, value: Any) -> None:
    is_auto = isinstance(value, str) and value.strip().lower() == "auto"
    settings.convert.chunk_size = 0 if is_auto else integer(name, value, 1, 2**63 - 1)


def set_tolerance(settings: Settings, name: str, value: Any) -> None:
    tolerance, unit = split(name, value, ("ppm", "mda", "da"), "'10ppm' or '5mDa'")
    settings.peaks.tolerance = tolerance / 1000 if unit == "mda" else tolerance
    settings.peaks.tolerance_in_da = unit != "ppm"


def set_peak_list(settings: Settings, name: str, value: Any) -> None:
    settings.peaks.list = os.fsencode(value)


def set_snr(settings: Settings, name: str, value: Any) -> None:
    settings.peaks.snr = number(name, value, above=True)


def set_own(member: str, least: int, most: int) -> Setter:
    def set_member(settings: Settings, name: str, value: Any) -> None:
        setattr(settings, member, integer(name, int(value) if isinstance(value, bool) else value, least, most))

    return set_member


SETTERS: dict[str, Setter] = {
    "mass_axis_type": set_axis_type,
    "tof_law": set_tof_law,
    "bin_width": set_bin_width,
    "resolution": set_resolution,
    "reference_mz": mz("reference_mz"),
    "bins": set_bins,
    "min_mz": mz("min_mz"),
    "max_mz": mz("max_mz"),
    "scan_range": flag("scan_range"),
    "mass_axis_file": path("axis_file"),
    "region": set_region,
    "pixels": path("pixels_file"),
    "ms_level": whole("ms_level", 1, 15),
    "polarity": chosen("polarity"),
    "interpolation_method": set_method,
    "accuracy": chosen("high_accuracy"),
    "max_gap": set_max_gap,
    "spectrum_type": chosen("spectrum_type"),
    "min_intensity": real("min_intensity"),
    "mobility": chosen("mobility_sum"),
    "layout": chosen("layout"),
    "dtype": chosen("dtype"),
    "compression": path("compression"),
    "dataset_id": path("dataset_id"),
    "pixel_size": set_pixel_size,
    "ignore_position_offset": flag("ignore_position_offset"),
    "z_spacing": real("z_spacing", above=True),
    "duplicates": chosen("duplicates"),
    "allow_large_grid": flag("allow_large_grid"),
    "overwrite": flag("overwrite"),
    "strict": flag("strict"),
    "verify": flag("verify"),
    "allow_truncated": flag("allow_truncated"),
    "on_error": chosen("fail_on_error"),
    "max_skipped": whole("max_skipped", 0, 2**63 - 1),
    "keep_going": flag("keep_going"),
    "streaming": chosen("streaming"),
    "chunk_size": set_chunk_size,
    "threads": set_own("threads", 1, 4096),
    "keep_hdf5": flag("keep_hdf5"),
    "peaks": set_own("with_peaks", 0, 1),
    "peak_list": set_peak_list,
    "tolerance": set_tolerance,
    "snr": set_snr,
    "temp_dir": path("temp_dir"),
    "mpi_info": path("mpi_info"),
    "verbose": set_own("verbose", 0, 99),
    "quiet": set_own("quiet", 0, 1),
    "metrics": path("metrics"),
    "memory_limit": set_size,
    "dry_run": flag("dry_run"),
}
