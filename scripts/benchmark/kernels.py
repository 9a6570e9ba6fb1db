"""The suite kernels: the resampling methods on one core, beside a plain loop, a binary search, memcpy, numpy and scipy."""

import json
import os
import pathlib
import subprocess

from . import report
from .measure import BenchError

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LAWS = ["constant", "linear_tof", "reflector_tof", "orbitrap", "fticr", "tof"]
METHODS = ["nearest_neighbor", "linear", "cubic", "pchip", "tic_preserving", "overlap"]
BESIDE = ["plain_loop", "binary_search", "memcpy"]
SECONDS = 0.3

NOTES = """\
Processor time on one core, the fastest of many passes over a few spectra that stay in the caches: what the kernels
do, not what the memory does. "centroids": 1,500 points on 500,000 bins; "profile": 5,000 points, 250 peaks with their zeros
trimmed, on 100,000 bins; "continuous": 20,000 points that share their m/z, on 20,000 bins. mzgrid's times include
cleaning, total intensity and base peak. GB/s count the 16 bytes of each point. `plain_loop` is a loop with the closed
form of the law and a division, `binary_search` one that searches the edges; both only add to a row. The last column is the
time of numpy (`searchsorted` with `add.reduceat`, `interp`) or scipy over that of mzgrid."""


def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchError(f"{pathlib.Path(command[0]).name} ended with status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def time_kernels(program, path, law, workload, shared):
    """Name -> seconds, points and values of one pass."""
    words = [program, path, law, workload["low"], workload["high"], workload["bins"], int(shared), SECONDS]
    lines = [line.split() for line in run(words).splitlines()]
    return {name: (float(seconds), int(points), int(values)) for name, seconds, points, values in lines}


def table(workload, kernels):
    rows = []
    for name in METHODS + BESIDE:
        seconds, points, values = kernels[name]
        reference = workload["seconds"].get(name)
        rows.append(
            [
                f"`{name}`",
                f"{points / seconds / 1e6:,.1f}",
                f"{points * 16 / seconds / 1e9:.2f}",
                f"{values / seconds / 1e6:,.0f}" if name in METHODS else "",
                f"{reference / seconds:.1f}" if reference else "",
            ]
        )
    return report.table(["", "million points/s", "GB/s", "million values/s", "× numpy, scipy"], rows)


def run_suite(options):
    build = options.program.parent
    run(["cmake", "--build", build, "--target", "kernels"])
    program = build / "tests/kernels"
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
    laws = report.table(["", "`nearest_neighbor`, million points/s", "`plain_loop`"], rows)
    parts.append(f"## The laws, on centroids\n\n{laws}")
    return {"title": "Resampling kernels", "text": "\n\n".join(parts), "runs": runs}
