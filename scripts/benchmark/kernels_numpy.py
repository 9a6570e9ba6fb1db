"""Makes the spectra that the kernels are timed on, and times numpy and scipy on them. Run by the suite kernels, in the
environment of the tests: `kernels_numpy.py DIRECTORY SECONDS`. Prints JSON: seconds for one pass over all spectra.
"""
import json
import struct
import sys
import time
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator

LOW, HIGH, GRID = 100.0, 2000.0, 100_000
STEP = (np.sqrt(HIGH) - np.sqrt(LOW)) / GRID


def centroids(rng):
    return np.sort(rng.uniform(LOW, HIGH, 1500)), rng.lognormal(3, 1, 1500)


def profile(rng):
    """250 peaks of 18 points on a grid in the square root of m/z, one zero kept on either side."""
    starts = np.sort(rng.choice(GRID // 40, 250, replace=False)) * 40
    place = np.arange(20)
    shape = np.where((place > 0) & (place < 19), np.exp(-(((place - 9.5) / 4) ** 2)), 0.0)
    grid = (starts[:, None] + place).ravel()
    return (np.sqrt(LOW) + STEP * (grid + 0.37)) ** 2, np.outer(rng.lognormal(5, 1, 250), shape).ravel()


def continuous(rng):
    return np.linspace(np.sqrt(LOW), np.sqrt(HIGH), 20_000) ** 2, rng.lognormal(1, 1, 20_000)


# How they are made, how many, law and bins of the axis, and the sampling step at m/z 1 where zeros were trimmed.
WORKLOADS = {
    "centroids": (centroids, 20, "reflector_tof", 500_000, 0.0),
    "profile": (profile, 8, "linear_tof", 100_000, 2 * STEP),
    "continuous": (continuous, 4, "linear_tof", 20_000, 0.0),
}


def write(path, spectra):
    parts = [struct.pack("<q", len(spectra))]
    for mz, intensity in spectra:
        parts += [struct.pack("<q", len(mz)), mz.astype("<f8").tobytes(), intensity.astype("<f8").tobytes()]
    path.write_bytes(b"".join(parts))


def edges_of(law, bins):
    share = np.arange(bins + 1) / bins
    if law == "linear_tof":
        return (np.sqrt(LOW) + share * (np.sqrt(HIGH) - np.sqrt(LOW))) ** 2
    return LOW * (HIGH / LOW) ** share


def seconds_of(function, spectra, budget):
    best, end = np.inf, time.process_time() + budget
    while time.process_time() < end:
        begin = time.process_time()
        for mz, intensity in spectra:
            function(mz, intensity)
        best = min(best, time.process_time() - begin)
    return best


def measure(spectra, law, bins, budget):
    edges = edges_of(law, bins)
    centres = (edges[1:] + edges[:-1]) / 2

    def nearest(mz, intensity):
        found = np.searchsorted(edges, mz, side="right") - 1
        return np.add.reduceat(intensity, np.flatnonzero(np.r_[True, found[1:] != found[:-1]]))

    functions = {
        "nearest_neighbor": nearest,
        "linear": lambda mz, y: np.interp(centres, mz, y, left=0, right=0),
        "cubic": lambda mz, y: CubicSpline(mz, y)(centres),
        "pchip": lambda mz, y: PchipInterpolator(mz, y)(centres),
    }
    return {name: seconds_of(f, spectra, budget) for name, f in functions.items()}


def main():
    directory, budget = Path(sys.argv[1]), float(sys.argv[2])
    rng = np.random.default_rng(1)
    result = {}
    for name, (make, count, law, bins, step) in WORKLOADS.items():
        spectra = [make(rng) for _ in range(count)]
        write(directory / f"{name}.bin", spectra)
        seconds = measure(spectra, law, bins, budget)
        result[name] = {"law": law, "bins": bins, "low": LOW, "high": HIGH, "step": step, "seconds": seconds}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
