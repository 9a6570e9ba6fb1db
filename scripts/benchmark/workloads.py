"""What is converted: generated data of the three kinds and of a million pixels, each with the axis and method that suit it."""

import dataclasses
import json
import math
import os

from .measure import BenchError, launch, run, touch_memory


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    kind: str  # of `mzgrid generate`
    width: int
    height: int
    points: int
    axis: str
    bins: int
    method: str

    @property
    def pixels(self):
        return self.width * self.height

    @property
    def title(self):
        return (
            f"{self.name}: {self.pixels:,} px × {self.points:,} points → {self.bins:,} bins {self.axis}, {self.method}"
        )

    def scaled(self, share):
        """The same with about this share of the pixels."""
        side = math.sqrt(share)
        return dataclasses.replace(
            self, width=max(1, round(self.width * side)), height=max(1, round(self.height * side))
        )

    def description(self):
        """The same spectra without a file."""
        return f"synthetic:{self.width}x{self.height}:{self.points}:{self.kind}:1:full"

    def generator_options(self):
        return f"--size {self.width}x{self.height} --kind {self.kind} --points {self.points} --seed 1 --full".split()

    def convert_options(self):
        return (
            f"--mass-axis-type {self.axis} --bins {self.bins} --interpolation-method {self.method} --progress none -q"
        ).split()


ALL = [
    Workload("centroid", "centroid", 200, 200, 1500, "reflector_tof", 100_000, "nearest_neighbor"),
    Workload("profile", "profile", 100, 100, 5000, "linear_tof", 100_000, "nearest_neighbor"),
    Workload("continuous", "continuous", 100, 100, 20000, "linear_tof", 50_000, "tic_preserving"),
    Workload("million", "centroid", 1000, 1000, 300, "reflector_tof", 100_000, "nearest_neighbor"),
]


@dataclasses.dataclass(frozen=True)
class OwnAxis(Workload):
    """A workload whose spectra share their m/z, converted without a single option: onto these m/z."""

    is_processed: bool = False  # each spectrum states its m/z by itself

    @property
    def title(self):
        mode = "processed mode, m/z shared" if self.is_processed else "continuous mode"
        return f"{self.name}: {self.pixels:,} px × {self.points:,} points, {mode} → as many bins, defaults"

    def convert_options(self):
        return "--progress none -q".split()


# For the suite peers: by default mzgrid takes the m/z of the file, as Thyra does without resampling.
OWN_AXIS = [
    OwnAxis("continuous-own-axis", "continuous", 100, 100, 5000, "native", 5000, "nearest_neighbor"),
    OwnAxis("processed-own-axis", "continuous", 100, 100, 5000, "native", 5000, "nearest_neighbor", True),
    # Of the smaller ones the start of an MPI job is a third.
    OwnAxis("continuous-own-axis-40k", "continuous", 200, 200, 5000, "native", 5000, "nearest_neighbor"),
    OwnAxis("processed-own-axis-40k", "continuous", 200, 200, 5000, "native", 5000, "nearest_neighbor", True),
]


def prepare(workload, program, cache):
    """The input of a workload: the path of its imzML and the bytes of both files. Generated unless it is there."""
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"{workload.kind}-{workload.width}x{workload.height}-{workload.points}.imzML"
    made_with = path.with_suffix(".json")
    options = workload.generator_options()
    if not (made_with.exists() and path.exists() and json.loads(made_with.read_text()) == options):
        print(f"generating {workload.name} ({workload.pixels:,} spectra)", flush=True)
        done = run(launch(program, os.cpu_count(), ["generate", path, *options, "--overwrite", "-q"]))
        if done.status != 0:
            raise BenchError(f"cannot generate {path.name}: {done.message}")
        made_with.write_text(json.dumps(options))
    files = [path, path.with_suffix(".ibd")]
    return path, sum(f.stat().st_size for f in files)


def warm(path):
    """Makes the machine ready for a run: free memory, and the page cache, into which both files of the input are read."""
    touch_memory()
    for name in (path, path.with_suffix(".ibd")):
        with open(name, "rb", buffering=0) as file:
            while file.read(1 << 24):
                pass
