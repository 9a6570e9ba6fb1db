"""From an m/z and a tolerance to a range of bins."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FEW = 4  # windows whose edges are read one by one


@dataclass(frozen=True)
class Window:
    """The bins [first, end) whose centres lie in [low, high]."""

    mz: float
    low: float
    high: float
    first: int
    end: int


class Edges:
    """A column of edges: one is read if few are wanted, and all if many are."""

    def __init__(self, column: Callable[[int | None, int | None], npt.NDArray[np.float64]]) -> None:
        self.column = column
        self.whole: npt.NDArray[np.float64] | None = None

    def load(self) -> npt.NDArray[np.float64]:
        if self.whole is None:
            self.whole = self.column(None, None)
        return self.whole

    def __getitem__(self, bin: int) -> float:
        if self.whole is not None:
            return float(self.whole[bin])
        return float(self.column(bin, bin + 1)[0])


@dataclass(frozen=True)
class Axis:
    """Centres and edges of the bins, ascending."""

    mz: npt.NDArray[np.float64]
    lower: Edges
    upper: Edges

    @property
    def range(self) -> tuple[float, float]:
        return self.lower[0], self.upper[len(self.mz) - 1]

    def window(self, mz: float, ppm: float | None = None, da: float | None = None) -> Window:
        """The bins with their centre within the tolerance; without a tolerance the one that holds `mz`."""
        mz = positive("m/z", mz)
        if ppm is None and da is None:
            return self._bin_of(mz)
        if ppm is not None and da is not None:
            raise ValueError("ppm and da both say how wide the window is: give one of them")
        half = not_negative("ppm", ppm) * mz * 1e-6 if ppm is not None else not_negative("da", da)
        window = self._between(mz, mz - half, mz + half)
        if window.first == window.end:
            width = f"{ppm:g} ppm" if ppm is not None else f"{da:g} Da"
            raise ValueError(
                f"no bin has its centre within {width} of m/z {mz:.10g} ({window.low:.8g} to {window.high:.8g}); "
                f"{self._nearest(mz)}"
            )
        return window

    def windows(self, mz: Iterable[float], ppm: float | None = None, da: float | None = None) -> list[Window]:
        masses = list(mz)
        if len(masses) > FEW:
            self.lower.load()
            self.upper.load()
        return [self.window(one, ppm, da) for one in masses]

    def _between(self, mz: float, low: float, high: float) -> Window:
        first = int(np.searchsorted(self.mz, low, "left"))
        end = int(np.searchsorted(self.mz, high, "right"))
        return Window(mz, low, high, first, max(first, end))

    def _bin_of(self, mz: float) -> Window:
        above = int(np.searchsorted(self.mz, mz))  # the bin is this one, or that below it
        for k in (above, above - 1):
            if 0 <= k < len(self.mz) and self.lower[k] <= mz < self.upper[k]:
                return Window(mz, self.lower[k], self.upper[k], k, k + 1)
        last = len(self.mz) - 1
        if mz == self.upper[last]:  # the last bin is closed
            return Window(mz, self.lower[last], self.upper[last], last, last + 1)
        raise ValueError(f"no bin holds m/z {mz:.10g}; {self._nearest(mz)}")

    def _nearest(self, mz: float) -> str:
        k = int(np.searchsorted(self.mz, mz))
        near = min((i for i in (k - 1, k) if 0 <= i < len(self.mz)), key=lambda i: abs(self.mz[i] - mz))
        centre, (low, high) = float(self.mz[near]), self.range
        away = abs(centre - mz)
        far = f"{away:.1f} Da" if away >= 1 else f"{away:.3g} Da ({away / mz * 1e6:.3g} ppm)"
        return f"the nearest bin is at m/z {centre:.10g}, {far} away, and the axis runs from {low:.8g} to {high:.8g}"


def positive(name: str, value: object) -> float:
    number = as_number(name, value)
    if not number > 0:
        raise ValueError(f"{name} is {number:g}, expected a number above 0")
    return number


def not_negative(name: str, value: object) -> float:
    number = as_number(name, value)
    if not number >= 0:
        raise ValueError(f"{name} is {number:g}, expected 0 or more")
    return number


def as_number(name: str, value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {value!r}, expected a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} is {number}, expected a finite number")
    return number


def strongest(axis: Axis, intensity: npt.NDArray[np.floating], n: int, ppm: float) -> list[int]:
    """The bins of the `n` strongest peaks, strongest first: local maxima of which no stronger one lies within ppm."""
    padded = np.concatenate([[-np.inf], intensity, [-np.inf]])
    tops = np.flatnonzero((intensity > padded[:-2]) & (intensity >= padded[2:]) & (intensity > 0))
    order = tops[np.argsort(-intensity[tops], kind="stable")]
    taken: list[int] = []
    free = np.ones(len(axis.mz), dtype=bool)
    for k in order.tolist():
        if len(taken) == n:
            break
        if free[k]:
            taken.append(k)
            half = axis.mz[k] * ppm * 1e-6
            free[np.searchsorted(axis.mz, axis.mz[k] - half) : np.searchsorted(axis.mz, axis.mz[k] + half, "right")] = (
                False
            )
    return taken
