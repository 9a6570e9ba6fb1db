"""The mass axis as its contract says, with 50 digits, rounded once; a part of reference.py."""
from dataclasses import dataclass
from functools import lru_cache

import mpmath
import numpy as np

EXPONENTS = {"constant": 0.0, "linear_tof": 0.5, "reflector_tof": 1.0, "orbitrap": 1.5, "fticr": 2.0}
LAWS = list(EXPONENTS)


def _transforms(law, tof):
    m = mpmath
    if law == "tof":
        a, b = m.mpf(tof[0]), m.mpf(tof[1])
        return (
            lambda x: 2 / m.sqrt(b) * m.asinh(m.sqrt(b * x / a)),
            lambda t: a / b * m.sinh(t * m.sqrt(b) / 2) ** 2,
            lambda r: m.sqrt(a * r + b * r * r),
        )
    return {
        "constant": (lambda x: x, lambda t: t, lambda r: m.mpf(1)),
        "linear_tof": (lambda x: 2 * m.sqrt(x), lambda t: t * t / 4, m.sqrt),
        "reflector_tof": (m.log, m.exp, lambda r: r),
        "orbitrap": (lambda x: -2 / m.sqrt(x), lambda t: 4 / (t * t), lambda r: r * m.sqrt(r)),
        "fticr": (lambda x: -1 / x, lambda t: -1 / t, lambda r: r * r),
    }[law]


@dataclass(frozen=True)
class Axis:
    n: int
    edges: np.ndarray  # n + 1, correctly rounded
    centers: np.ndarray  # n


def _measure(law, low, high, width, reference, bins, tof):
    """The inverse of T, where the first edge lies in T, h and N."""
    transform, inverse, scale = _transforms(law, tof)
    start, end = transform(mpmath.mpf(low)), transform(mpmath.mpf(high))
    if bins is not None:
        return inverse, start, (end - start) / bins, bins
    # A window on the endless grid T^-1(k h).
    step, tolerance = mpmath.mpf(width) / scale(mpmath.mpf(reference)), mpmath.mpf("1e-9")
    first = mpmath.floor(start / step + tolerance)
    last = max(first + 1, mpmath.ceil(end / step - tolerance))
    return inverse, first * step, step, int(last - first)


def count_bins(law, low, high, width, reference=1000.0, tof=None):
    with mpmath.workdps(50):
        return _measure(law, low, high, width, reference, None, tof)[3]


@lru_cache(maxsize=64)
def axis(law, low, high, width=None, reference=1000.0, bins=None, tof=None):
    """Strategy A where `width` (Da) is given, else B."""
    with mpmath.workdps(50):
        inverse, start, step, n = _measure(law, low, high, width, reference, bins, tof)
        edges = [float(inverse(start + k * step)) for k in range(n + 1)]
        centers = [float(inverse(start + (k + mpmath.mpf(0.5)) * step)) for k in range(n)]
    edges[0] = low if bins is not None else min(low, edges[0])
    edges[n] = high if bins is not None else max(high, edges[n])
    return Axis(n, np.array(edges), np.array(centers))


def ulps(a, b):
    """The largest distance of two arrays of positive doubles, in units in the last place."""
    return int(np.abs(np.asarray(a).view(np.int64) - np.asarray(b).view(np.int64)).max(initial=0))
