"""The suite peers: the same input, axis, method and layout by mzgrid on two ranks and by Thyra, the nearest program.

Thyra comes from PyPI, in a virtual environment of its own in the cache. It needs Python 3.12 or newer: the first
python3.12 … python3.14 that is found, or the one that the variable PEER_PYTHON names.
"""

import dataclasses
import os
import shutil
import subprocess

from . import end_to_end, report, workloads
from .measure import BenchError, empty_job_seconds, run, tree_bytes

VERSION = "4.6.0"
RANKS = 2
RANGE = (100, 1000)  # m/z: given to both, so that neither looks for it

NOTES = """\
Both have the same m/z range, number of bins, law and layout (`csc`). Thyra is one process with one thread; mzgrid runs
on {ranks} ranks with one thread each, and {start:.2f} s of its wall time are the start of an empty MPI job. Input lies in the
page cache. Medians of {runs} interleaved runs, least and greatest in brackets; memory is the largest sum of the
proportional set sizes of all processes, sampled ten times a second. Thyra stores values as float64, mzgrid as
float32."""

# Thyra's name for the method of a workload. It has no plain linear interpolation: `tic_preserving` is linear, then one
# factor per spectrum.
METHODS = {"nearest_neighbor": "nearest_neighbor", "linear": "tic_preserving", "tic_preserving": "tic_preserving"}


def find_python():
    named = os.environ.get("PEER_PYTHON")
    candidates = [named] if named else [f"python3.{minor}" for minor in (12, 13, 14)]
    for candidate in candidates:
        path = shutil.which(candidate)
        if path and subprocess.run([path, "-c", "import venv, ensurepip"], capture_output=True).returncode == 0:
            return path
    raise BenchError(f"Thyra {VERSION} needs Python 3.12 or newer, and none of {', '.join(candidates)} is here; "
                     "name one in the variable PEER_PYTHON")


def install(cache):
    """The program `thyra`, installed unless it is there."""
    environment = cache / f"thyra-{VERSION}"
    program = environment / "bin" / "thyra"
    if program.exists():
        return program
    print(f"installing Thyra {VERSION}", flush=True)
    for command in (
        [find_python(), "-m", "venv", "--clear", environment],
        [environment / "bin" / "pip", "-q", "install", f"thyra=={VERSION}"],
    ):
        done = run(command)
        if done.status != 0:
            raise BenchError(f"cannot install Thyra {VERSION}: {done.message}")
    return program


def convert_by_thyra(program, path, workload):
    store = path.with_name(f"{workload.name}-thyra.zarr")
    shutil.rmtree(store, ignore_errors=True)
    options = [
        "--resample-method", METHODS[workload.method], "--mass-axis-type", workload.axis,
        "--resample-bins", str(workload.bins), "--resample-min-mz", str(RANGE[0]), "--resample-max-mz", str(RANGE[1]),
    ]  # fmt: skip
    done = run([program, *options, path, store])
    if done.status != 0 or not store.is_dir():
        raise BenchError(f"Thyra ended with status {done.status} on {path.name}: {done.message[-400:]}")
    result = {
        "workload": workload.name,
        "program": "thyra",
        "seconds": round(done.seconds, 3),
        "processor_seconds": round(done.processor_seconds, 3),
        "peak_pss": done.peak_pss,
        "store_bytes": tree_bytes(store),
    }
    shutil.rmtree(store)
    return result


@dataclasses.dataclass(frozen=True)
class Ranged(workloads.Workload):
    """A workload whose range is given."""

    def convert_options(self):
        return [*super().convert_options(), "--min-mz", str(RANGE[0]), "--max-mz", str(RANGE[1])]


def rows(workload, runs):
    by = {p: [r for r in runs if r["program"] == p and r["workload"] == workload.name] for p in ("thyra", "mzgrid")}
    peer = report.median([r["seconds"] for r in by["thyra"]])
    for program, mine in by.items():
        seconds = report.median([r["seconds"] for r in mine])
        yield [
            f"{workload.name}, {program}",
            f"{workload.pixels / seconds:,.0f}",
            report.spread([r["seconds"] for r in mine]),
            f"{peer / seconds:.1f}×",
            f"{report.median([r['peak_pss'] for r in mine]) / 1e6:,.0f}",
            f"{mine[0]['store_bytes'] / 1e6:,.0f}",
        ]


def run_suite(options):
    thyra = install(options.cache)
    ours = [Ranged(**dataclasses.asdict(w)) for w in options.workloads]
    inputs = {w: workloads.prepare(w, options.program, options.cache)[0] for w in ours}
    runs = []
    for _ in range(options.runs):
        for workload in ours:
            workloads.warm(inputs[workload])
            mine = end_to_end.convert(options.program, inputs[workload], workload, RANKS, 1)
            runs.append({**mine, "program": "mzgrid"})
            runs.append(convert_by_thyra(thyra, inputs[workload], workload))
            print(f"{workload.name}: mzgrid {runs[-2]['seconds']:.2f} s, Thyra {runs[-1]['seconds']:.2f} s", flush=True)
    head = ["workload, program", "pixels/s", "wall s", "speed", "memory MB", "store MB"]
    methods = [
        f"- {w.title}; Thyra: {METHODS[w.method]}" if METHODS[w.method] != w.method else f"- {w.title}" for w in ours
    ]
    start = empty_job_seconds(options.program, RANKS, options.runs)
    body = report.table(head, [r for w in ours for r in rows(w, runs)])
    notes = NOTES.format(ranks=RANKS, start=start, runs=options.runs)
    return {"title": f"Beside Thyra {VERSION}", "text": "\n".join([*methods, "", body, "", notes]), "runs": runs}
