"""Talks to the program `numerics` (tests/support/numerics.c), which resamples spectra through the C API."""
import os
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

LAWS = ["constant", "linear_tof", "reflector_tof", "orbitrap", "fticr", "tof"]
METHODS = ["nearest_neighbor", "linear", "cubic", "pchip", "tic_preserving", "overlap"]


@dataclass
class Axis:
    law: str
    lo: float
    hi: float
    width: float = 0.0
    reference: float = 0.0
    bins: int = 0
    a: float = 2.0
    b: float = 0.001


@dataclass
class Built:
    step: float
    edges: np.ndarray
    centers: np.ndarray


@dataclass
class Row:
    n_points: int
    dropped: int
    outside: int
    unsorted: bool
    merged: bool
    by_nearest: bool
    tic: float
    base_mz: float
    base_intensity: float
    bins: np.ndarray
    values: np.ndarray

    def dense(self, n):
        row = np.zeros(n)
        row[self.bins] = self.values
        return row


class Numerics:
    def __init__(self, path):
        self.path = path

    def __call__(self, axis, method, spectra, max_gap=0.0, sampling=(0.0, 0.0), shared=False):
        """The axis, and a row for each (m/z, intensity) pair."""
        return self._parse(self._ask(axis, method, spectra, max_gap, sampling, shared, False), len(spectra))

    def fit(self, spectra):
        """Scale, exponent and agreement of the sampling step."""
        answer = self._ask(Axis("constant", 1, 2, bins=1), "linear", spectra, 0.0, (0.0, 0.0), False, True)
        return struct.unpack("<3d", answer)

    def _ask(self, axis, method, spectra, max_gap, sampling, shared, fits):
        request = struct.pack(
            "<q4dq2dq3dqqq",
            LAWS.index(axis.law), axis.lo, axis.hi, axis.width, axis.reference, axis.bins, axis.a, axis.b,
            METHODS.index(method), max_gap, *sampling, shared, len(spectra), fits,
        )
        parts = [request]
        for mz, intensity in spectra:
            parts += [struct.pack("<q", len(mz)), np.asarray(mz, "<f8").tobytes(), np.asarray(intensity, "<f8").tobytes()]
        done = subprocess.run([self.path], input=b"".join(parts), capture_output=True, timeout=300)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    @staticmethod
    def _parse(answer, n_spectra):
        place = 0

        def take(kind, count):
            nonlocal place
            found = np.frombuffer(answer, kind, count, place)
            place += 8 * count
            return found

        n = int(take("<i8", 1)[0])
        built = Built(float(take("<f8", 1)[0]), take("<f8", n + 1), take("<f8", n))
        rows = []
        for _ in range(n_spectra):
            counts = [int(x) for x in take("<i8", 6)]
            numbers = [float(x) for x in take("<f8", 3)]
            size = int(take("<i8", 1)[0])
            rows.append(Row(*counts[:3], *map(bool, counts[3:]), *numbers, take("<i8", size), take("<f8", size)))
        assert place == len(answer)
        return built, rows


def find_numerics(name="numerics"):
    build = Path(os.environ.get("MZGRID_BUILD", Path(__file__).resolve().parents[2] / "build/release")).resolve()
    done = subprocess.run(["cmake", "--build", build, "--target", name], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.fail(f"cannot build the program {name} in {build}:\n{done.stdout}{done.stderr}")
    return Numerics(build / "tests" / name)
