"""What can be converted beside files: spectra that come from Python.

A list, or whatever else has a length and spectra by number, is asked for them as often as the engine needs them, on
each rank for those of this rank. Anything else that gives one spectrum after the other is read once (see `_spool`)."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from ._errors import InputError, UsageError
from ._imzml import Chunk, Spectrum

MOST_POINTS = 1 << 16  # of a block, unless one spectrum has more
MOST_SPECTRA = 1024
COORDINATES = 2**31 - 1
TYPES = {"": 0, "centroid": 1, "profile": 2}
POLARITIES = {"": 0, "positive": 1, "negative": 2}

# Analysers as Thyra calls them, which tell the law of an axis.
ANALYSERS = {
    "fourier transform ion cyclotron resonance mass spectrometer": "MS:1000079",
    "orbitrap": "MS:1000484",
    "time-of-flight": "MS:1000084",
    "quadrupole": "MS:1000081",
    "quadrupole ion trap": "MS:1000082",
    "radial ejection linear ion trap": "MS:1000083",
    "axial ejection linear ion trap": "MS:1000078",
}


class SpectrumSequence(Protocol):
    """Spectra by their number: a list of them, or a file that can be read at any place."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> Any: ...


class ThyraReader(Protocol):
    """The methods of Thyra's readers that are used: spectra as ((x, y, z) from 0, m/z, intensities), and what they are."""

    def iter_spectra(self) -> Iterable[Any]: ...

    def get_essential_metadata(self) -> Any: ...


Readable: TypeAlias = "Iterable[Any] | SpectrumSequence | ThyraReader | Callable[[], Iterable[Any]]"

Plain = tuple[int, int, int, npt.NDArray[np.float64], npt.NDArray[np.float64], str | None]


@dataclass(frozen=True)
class Facts:
    """What an input says of itself."""

    pixel_size: tuple[float, float] = (0.0, 0.0)  # 0: it does not say
    spectrum_type: int = 0
    polarity: int = 0
    metadata: bytes = b"{}"


@dataclass
class Block:
    """Some spectra: spectrum i has the points begin[i] to begin[i + 1] - 1, if it has no fault."""

    positions: npt.NDArray[np.int32]
    begin: npt.NDArray[np.int64]
    mz: npt.NDArray[np.float64]
    intensity: npt.NDArray[np.float64]
    faults: list[str | None] | None = None

    def __len__(self) -> int:
        return len(self.positions)


class Batch:
    """Spectra that become a block."""

    def __init__(self) -> None:
        self.spectra: list[Plain] = []
        self.points = 0

    def add(self, spectrum: Plain) -> None:
        self.spectra.append(spectrum)
        self.points += len(spectrum[3])

    @property
    def is_full(self) -> bool:
        return self.points >= MOST_POINTS or len(self.spectra) >= MOST_SPECTRA

    def block(self) -> Block:
        x, y, z, mz, intensity, faults = zip(*self.spectra)
        begin = np.zeros(len(x) + 1, dtype=np.int64)
        np.cumsum([len(part) for part in mz], out=begin[1:])
        return Block(
            positions=np.column_stack([x, y, z]).astype(np.int32, order="C"),
            begin=begin,
            mz=np.concatenate(mz),
            intensity=np.concatenate(intensity),
            faults=list(faults) if any(fault is not None for fault in faults) else None,
        )


class Input:
    """What is converted: its name in messages and the store, and its facts."""

    kind = "python"

    def __init__(self, label: str, facts: Facts) -> None:
        self.label = label
        self.facts = facts

    @property
    def path(self) -> str:
        return f"{self.kind}:{self.label}"


class Sequence(Input):
    """Spectra by number, which the caller's thread has to ask for."""

    def __init__(self, label: str, facts: Facts, spectra: SpectrumSequence) -> None:
        super().__init__(label, facts)
        self.spectra = spectra
        self.n = len(spectra)

    def read(self, first: int, n: int) -> Block:
        """From one to n spectra."""
        batch = Batch()
        for number in range(first, first + n):
            for plain in plain_spectra(self.spectra[number], number, self.path, is_one=True):
                batch.add(plain)
            if batch.is_full:
                break
        return batch.block()


class Stream(Input):
    """Spectra one after the other, once."""

    def __init__(self, label: str, facts: Facts, spectra: Callable[[], Iterable[Any]], n: int | None = None) -> None:
        super().__init__(label, facts)
        self.spectra = spectra
        self.n = n  # None: unknown

    def blocks(self) -> Iterator[Block]:
        batch, number = Batch(), 0
        for item in self.spectra():
            for plain in plain_spectra(item, number, self.path):
                number += 1
                batch.add(plain)
                if batch.is_full:
                    yield batch.block()
                    batch = Batch()
        if batch.spectra:
            yield batch.block()


class ThyraStream(Stream):
    kind = "thyra"


def open_input(src: Any) -> Sequence | Stream:
    """What can be made of `src`, which is no path."""
    if isinstance(src, (Sequence, Stream)):  # of `mzgrid.thyra`
        return src
    if hasattr(src, "iter_spectra"):
        return open_thyra(src)
    label = type(src).__name__
    if isinstance(src, (bytes, bytearray, memoryview, Mapping)):
        refuse(src)
    facts = facts_of(src, label)
    if hasattr(src, "__len__") and hasattr(src, "__getitem__"):
        return Sequence(label, facts, src)
    if hasattr(src, "__iter__"):
        return Stream(label, facts, lambda: src, len(src) if hasattr(src, "__len__") else None)
    if callable(src) and not isinstance(src, type):
        label = getattr(src, "__name__", label)
        return Stream(label, facts, lambda: called(src, label))
    return refuse(src)


def refuse(src: Any) -> NoReturn:
    shown = repr(src)
    raise UsageError(
        f"{shown if len(shown) < 60 else type(src).__name__} is no input: expected a path, or spectra (x, y, z, mz, "
        "intensity) in a list, from an iterator or from a function that returns one, or a reader of Thyra"
    )


def called(function: Callable[[], Any], label: str) -> Iterable[Any]:
    found = function()
    if not hasattr(found, "__iter__"):
        raise UsageError(f"{label}() returned {type(found).__name__}, expected an iterator of (x, y, z, mz, intensity)")
    return found  # type: ignore[no-any-return]


def plain_spectra(item: Any, number: int, path: str, is_one: bool = False) -> Iterator[Plain]:
    """What came for spectrum `number`, checked: one spectrum, or a chunk if it may be more."""
    if isinstance(item, Chunk) and not is_one:
        for i, spectrum in enumerate(item):
            yield plain_spectrum(spectrum, number + i, path)
    else:
        yield plain_spectrum(item, number, path)


def plain_spectrum(item: Any, number: int, path: str) -> Plain:
    fault = None
    place = f"{path}: spectra[{number}]"
    parts = tuple(item) if isinstance(item, (tuple, list)) else ()
    if len(parts) == 3 and isinstance(parts[0], (tuple, list)) and len(parts[0]) == 3:
        parts = (*parts[0], *parts[1:])
    if len(parts) == 6:
        fault = parts[5]
    if len(parts) not in (5, 6) or not (fault is None or isinstance(fault, str)):
        what = f"{type(item).__name__} of {len(parts)}" if parts else type(item).__name__
        raise InputError(f"{place} is a {what}, expected (x, y, z, mz, intensity)")
    x, y, z = (coordinate(value, name, place) for value, name in zip(parts, "xyz"))
    place = f"{place} at ({x}, {y}, {z})"
    mz, intensity = points(parts[3], "m/z", place), points(parts[4], "intensities", place)
    if fault is not None:
        mz = intensity = np.empty(0)
    if len(mz) != len(intensity):
        raise InputError(f"{place}: there are {len(mz)} m/z and {len(intensity)} intensities, expected as many")
    return x, y, z, mz, intensity, fault


def coordinate(value: Any, name: str, place: str) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise InputError(f"{place}: {name} is {value!r}, expected a whole number") from None
    if not -COORDINATES <= number <= COORDINATES:
        raise InputError(f"{place}: {name} is {number}, expected a number of 32 bits")
    return number


def points(values: Any, what: str, place: str) -> npt.NDArray[np.float64]:
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as fault:  # lists of lists that are not of one length
        raise InputError(f"{place}: {what} are no row of numbers: {fault}") from None
    if array.ndim != 1:
        raise InputError(f"{place}: {what} have {array.ndim} dimensions, expected one")
    if array.dtype.kind not in "fiu" and array.size:
        raise InputError(f"{place}: {what} are of type {array.dtype}, expected real numbers")
    return np.ascontiguousarray(array, dtype=np.float64)


def facts_of(src: Any, label: str) -> Facts:
    """By the attributes pixel_size, spectrum_type, polarity and metadata, if it has them."""
    size = getattr(src, "pixel_size", None)
    if size is not None:
        try:
            x, y = (float(part) for part in (size if isinstance(size, (tuple, list)) else (size, size)))
        except (TypeError, ValueError):
            x = y = -1
        if not (0 < x < np.inf and 0 < y < np.inf):
            raise UsageError(f"pixel_size of {label} is {size!r}, expected micrometres above 0, or two of them")
        size = x, y
    return Facts(
        pixel_size=size or (0.0, 0.0),
        spectrum_type=word(src, "spectrum_type", TYPES, label),
        polarity=word(src, "polarity", POLARITIES, label),
        metadata=as_json(getattr(src, "metadata", None), label),
    )


def word(src: Any, name: str, known: Mapping[str, int], label: str) -> int:
    value = getattr(src, name, None)
    text = "" if value is None else str(value).lower().removesuffix(" spectrum")
    if text not in known or (value is not None and not text):
        raise UsageError(f"{name} of {label} is {value!r}, expected {' or '.join(repr(k) for k in known if k)}")
    return known[text]


def as_json(metadata: Any, label: str) -> bytes:
    if metadata is None:
        return b"{}"
    if not isinstance(metadata, Mapping):
        raise UsageError(f"metadata of {label} is {type(metadata).__name__}, expected a dict")
    try:
        return json.dumps(dict(metadata), allow_nan=False).encode()
    except (TypeError, ValueError) as fault:
        raise UsageError(f"metadata of {label} cannot be JSON: {fault}") from None


def open_thyra(reader: ThyraReader, sample: Mapping[str, Any] | None = None) -> ThyraStream:
    """Positions are those of the source: Thyra counts from 0, and tells what it subtracted."""
    label = str(getattr(reader, "data_path", type(reader).__name__))
    essential = reader.get_essential_metadata()
    offsets = getattr(essential, "coordinate_offsets", None) or (1, 1, 1)
    shift = offsets[0], offsets[1], offsets[2] or 1
    kind = str(getattr(essential, "spectrum_type", None) or "").lower().removesuffix(" spectrum")
    size = getattr(essential, "pixel_size", None)
    comprehensive = getattr(reader, "get_comprehensive_metadata", lambda: None)()
    acquisition = getattr(comprehensive, "acquisition_params", None) or {}
    facts = Facts(
        pixel_size=(float(size[0]), float(size[1])) if size and min(size) > 0 else (0.0, 0.0),
        spectrum_type=TYPES.get(kind, 0),
        polarity=POLARITIES.get(str(acquisition.get("polarity") or "").lower(), 0),
        metadata=thyra_metadata(
            type(reader).__name__, getattr(comprehensive, "instrument_info", None) or {}, sample or {}
        ),
    )

    def spectra() -> Iterator[Spectrum]:
        for (x, y, z), mz, intensity in reader.iter_spectra():
            yield Spectrum(x + shift[0], y + shift[1], z + shift[2], mz, intensity, None)

    return ThyraStream(label, facts, spectra, int(getattr(essential, "n_spectra", 0)) or None)


def thyra_metadata(reader: str, instrument: Mapping[str, Any], sample: Mapping[str, Any]) -> bytes:
    """What the store keeps of it. Names and analyser of the instrument also help to choose the law of the axis."""
    texts = {str(key): str(value) for key, value in instrument.items() if isinstance(value, (str, int, float))}
    kept = {
        key: value for key, value in texts.items() if 0 < len(key.encode()) <= 100 and key[0] != "." and "/" not in key
    }
    told = {
        "reader": reader,
        **sample,
        "instrument": kept,
        "instrument_names": [
            value for key, value in kept.items() if any(part in key for part in ("name", "model", "type"))
        ],
        "instrument_accessions": [ANALYSERS[value.lower()] for value in kept.values() if value.lower() in ANALYSERS],
    }
    return json.dumps(told).encode()
