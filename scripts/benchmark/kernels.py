"""The suite kernels: the resampling methods on one core, beside a plain loop, a binary search, memcpy, numpy and scipy."""

import json
import os
import pathlib
import subprocess

from . import report
from .measure import BenchError, build

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LAWS = ["constant", "linear_tof", "reflector_tof", "orbitrap", "fticr", "tof"]
BESIDE = ["plain_loop", "binary_search", "linear_search", "memcpy"]
SECONDS = 0.3

# What is to be reached on one core: which rate, on which spectra, by which method, at least how much.
TO_NUMPY = "times as fast as numpy or scipy"
TO_MEMCPY = "of the bytes per second of memcpy"
RATE = "million points/s on a core with AVX-512"
TARGETS = [
    ("nearest_neighbor", "centroids", TO_NUMPY, 8),
    ("nearest_neighbor", "profile", TO_NUMPY, 8),
    ("linear", "profile", TO_NUMPY, 40),
    ("cubic", "profile", TO_NUMPY, 20),
    ("pchip", "profile", TO_NUMPY, 20),
    ("linear", "continuous", TO_MEMCPY, 1 / 3),
    *[("nearest_neighbor", law, RATE, 250) for law in LAWS[:5]],
]

NOTES = """\
Processor time on one core, the fastest of many passes over a few spectra that stay in the caches: what the kernels
do, not what the memory does. "centroids": 1,500 points on 500,000 bins; "profile": 5,000 points, 250 peaks with their zeros
trimmed, on 100,000 bins; "continuous": 20,000 points that share their m/z, on 20,000 bins. mzgrid's times include
cleaning, total intensity and base peak. GB/s count the 16 bytes of each point. "gaps" are rows with gaps cut out, as
`mzgrid convert` does for such profiles; without, the curve goes on between peaks, as numpy and scipy have it.

`plain_loop` adds points to a row, by the closed form of the law and a division; `binary_search` does it by a search in the
edges; `linear_search` looks the polyline up at each centre, by a search in the points. None of them cleans or sums. The
last columns are the times of the plain loop by search, and of numpy (`searchsorted` with `add.reduceat`, `interp`) or scipy
(`CubicSpline`, `PchipInterpolator`), over that of mzgrid."""

# Which plain loop does the same as a method.
SEARCHES = {"nearest_neighbor": "binary_search", "linear": "linear_search"}


def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchError(f"{pathlib.Path(command[0]).name} ended with status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def time_kernels(program, path, law, workload, shared):
    """Name -> seconds, points and values of one pass."""
    words = [program, path, law, workload["low"], workload["high"], workload["bins"], int(shared), workload["step"], SECONDS]
    lines = [line.split() for line in run(words).splitlines()]
    return {name: (float(seconds), int(points), int(values)) for name, seconds, points, values in lines}


def table(workload, kernels):
    rows = []
    for name, (seconds, points, values) in kernels.items():
        reference = workload["seconds"].get(name)
        search = kernels.get(SEARCHES.get(name))
        rows.append(
            [
                f"`{name}`".replace(",gaps`", "`, gaps"),
                f"{points / seconds / 1e6:,.1f}",
                f"{points * 16 / seconds / 1e9:.2f}",
                f"{values / seconds / 1e6:,.0f}" if name not in BESIDE else "",
                f"{search[0] / seconds:,.1f}" if search else "",
                f"{reference / seconds:.1f}" if reference else "",
            ]
        )
    head = ["", "million points/s", "GB/s", "million values/s", "× plain loop by search", "× numpy, scipy"]
    return report.table(head, rows)


def reached(method, kernels, reference, unit):
    seconds, points, _ = kernels[method]
    if unit == TO_NUMPY:
        return reference[method] / seconds
    if unit == TO_MEMCPY:
        return kernels["memcpy"][0] / seconds
    return points / seconds / 1e6


def targets(runs):
    """What was to be reached, and what was."""
    found = {run["workload"]: run for run in runs if "reference" in run}
    found |= {run["law"]: run for run in runs if "reference" not in run}
    rows = []
    for method, where, unit, least in TARGETS:
        value = reached(method, found[where]["kernels"], found[where].get("reference"), unit)
        digits = 2 if least < 1 else 0 if least > 100 else 1
        verdict = "yes" if value >= least else "no"
        rows.append([f"`{method}`, {where}, {unit}", f"{least:.{2 if least < 1 else 0}f}", f"{value:.{digits}f}", verdict])
    return report.table(["", "to reach", "reached", ""], rows)


def run_suite(options):
    program = build(options.program, "kernels")
    python = pathlib.Path(os.environ.get("MZGRID_VENV", ROOT / ".venv")) / "bin/python"
    if not python.exists():
        raise BenchError(f"{python}: no such program; scripts/setup --tests makes the Python environment")
    directory = options.cache / "kernels"
    directory.mkdir(parents=True, exist_ok=True)
    workloads = json.loads(run([python, HERE / "kernels_numpy.py", directory, SECONDS]))

    parts, runs = [NOTES], []
    for name, workload in workloads.items():
        kernels = time_kernels(program, directory / f"{name}.bin", workload["law"], workload, name == "continuous")
        runs.append({"workload": name, "law": workload["law"], "kernels": kernels, "reference": workload["seconds"]})
        parts.append(f"## {name}, `{workload['law']}`\n\n{table(workload, kernels)}")
    rows = []
    for law in LAWS:
        kernels = time_kernels(program, directory / "centroids.bin", law, workloads["centroids"], False)
        runs.append({"workload": "centroids", "law": law, "kernels": kernels})
        rates = [kernels[k][1] / kernels[k][0] / 1e6 for k in ("nearest_neighbor", "plain_loop")]
        rows.append([f"`{law}`", *(f"{rate:,.0f}" for rate in rates)])
    parts.insert(1, f"## Targets\n\n{targets(runs)}")
    laws = report.table(["", "`nearest_neighbor`, million points/s", "`plain_loop`"], rows)
    parts.append(f"## The laws, on centroids\n\n{laws}")
    return {"title": "Resampling kernels", "text": "\n\n".join(parts), "runs": runs}
