"""The suite reads: one conversion with `--layout csc+csr` beside the same with `csc` and with `csr`, and how long one ion image and
one spectrum take from the disk, read by zarr-python.

The script that reads runs in the environment of the tests.
"""

import json
import os
import pathlib
import subprocess

from . import end_to_end, report
from .measure import BenchError, discard, touch_memory

HERE = pathlib.Path(__file__).resolve().parent
LAYOUTS = ["csc", "csr", "csc+csr"]
RANKS = 2
READS = 21

NOTES = """\
Conversions of synthetic input, made in memory, on {ranks} ranks with one thread each, medians of {runs}. Reads with
zarr-python from the store of `csc+csr`: {reads} each, of `indptr`, `indices` and `data` of one column or row, in an open
store; "cold" after the files of that matrix were taken out of the page cache, before each read. Milliseconds: the median,
the least and the greatest."""


def read_store(python, store):
    done = subprocess.run([python, HERE / "read_store.py", store, str(READS)], capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchError(f"cannot read {store.name}: {done.stderr.strip()[-400:]}")
    return json.loads(done.stdout)


def measure(options, python, path, workload):
    """One round: a conversion of each layout, and the reads of the last one."""
    runs = []
    for layout in LAYOUTS:
        touch_memory()
        more = ["--layout", layout]
        done = end_to_end.convert(options.program, path, workload, RANKS, 1, source=workload.description(), more=more,
                                  keep=layout == LAYOUTS[-1])  # fmt: skip
        runs.append({**done, "layout": layout})
        print(f"{workload.name}, {layout}: {done['seconds']:.2f} s", flush=True)
    store = path.with_name(f"{path.stem}.zarr")
    runs[-1]["reads"] = read_store(python, store)
    discard(store)
    return runs


def run_suite(options):
    python = pathlib.Path(os.environ.get("MZGRID_VENV", HERE.parent.parent / ".venv")) / "bin/python"
    if not python.exists():
        raise BenchError(f"{python}: no such program; scripts/setup --tests makes the Python environment")
    workload = max(options.workloads, key=lambda w: w.pixels)
    options.cache.mkdir(parents=True, exist_ok=True)
    path = options.cache / "reads"
    runs = [run for _ in range(options.runs) for run in measure(options, python, path, workload)]
    of = {layout: [r for r in runs if r["layout"] == layout] for layout in LAYOUTS}
    conversions = report.table(
        ["layout", "wall s", "store MB"],
        [[f"`{layout}`", report.spread([r["seconds"] for r in mine]), f"{mine[0]['store_bytes'] / 1e6:,.0f}"]
         for layout, mine in of.items()],
    )  # fmt: skip
    together = {title: {kind: [t for r in of["csc+csr"] for t in r["reads"][title][kind]] for kind in ("cold", "warm")}
                for title in runs[-1]["reads"]}  # fmt: skip
    reads = report.table(
        ["read", "cold ms", "warm ms"],
        [[title, report.spread(t["cold"], 1), report.spread(t["warm"], 1)] for title, t in together.items()],
    )
    notes = NOTES.format(ranks=RANKS, runs=report.runs(options.runs), reads=READS * options.runs)
    text = "\n".join([f"- {workload.title}", "", conversions, "", reads, "", notes])
    return {"title": "Both ways fast", "text": text, "runs": runs}
