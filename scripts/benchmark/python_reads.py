#!/usr/bin/env python3
"""What people do with a store in Python, as the libraries alone do it (before) and by the package mzgrid (after).

    python scripts/benchmark/python_reads.py STORE [--rows STORE_WITH_ROWS] [--times 3]

Each operation runs in a process of its own, so that its peak of memory is its own; the least of the times is told, and the
seconds of processors beside it, since other programs may run on the machine. STORE is one of `mzgrid convert`, csc."""

import argparse
import json
import subprocess
import sys

PRELUDE = """
import sys, time, warnings, json
warnings.simplefilter("ignore")
store = sys.argv[1]
def clock():
    return time.perf_counter(), time.process_time()
def told(begin, note=""):
    end = clock()
    peak = next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(json.dumps([end[0] - begin[0], end[1] - begin[1], peak, note]))
"""

OPEN_BEFORE = """
import spatialdata, numpy as np
sdata = spatialdata.read_zarr(store)
table = next(iter(sdata.tables.values()))
mz = table.var["mz"].to_numpy()
strongest = table.var["mean_intensity"].to_numpy().argsort()[::-1]
def image_of(peak):
    columns = np.flatnonzero(abs(mz - peak) < 0.02)
    values = np.full(table.obs["instance_key"].max() + 1, np.nan)
    values[table.obs["instance_key"]] = np.asarray(table.X[:, columns].sum(axis=1)).ravel()
    return values[np.asarray(next(iter(sdata.labels.values())))]
"""
OPEN_AFTER = """
import mzgrid
d = mzgrid.open(store)
"""
PEAKS = """
peaks = [mz[k] for k in strongest[:{n}]]
"""

# Name; preparation, which is not measured, and what is: before and after.
OPERATIONS = [
    ("import", ("", "import spatialdata"), ("", "import mzgrid")),
    ("open", ("", OPEN_BEFORE), ("import mzgrid", OPEN_AFTER)),
    ("one ion image", (OPEN_BEFORE, "image_of(mz[strongest[0]])"), (OPEN_AFTER, "d.ion_image(798.54, da=0.02)")),
    ("a second one", (None, None), (OPEN_AFTER + "d.ion_image(616.18, da=0.02)", "d.ion_image(798.54, da=0.02)")),
    (
        "50 ion images",
        (OPEN_BEFORE + PEAKS.format(n=50), "[image_of(p) for p in peaks]"),
        (OPEN_AFTER + "p = d.peaks(50)", "d.ion_image(p['mz'], da=0.02)"),
    ),
    (
        "a table of 50 peaks",
        (OPEN_BEFORE, "table[:, sorted(strongest[:50])].copy()"),
        (OPEN_AFTER + "p = d.peaks(50)", "d.table(p, ppm=10)"),
    ),
    (
        "a spectrum, columns alone",
        (OPEN_BEFORE, "table.X[table.n_obs // 2].toarray()"),
        (OPEN_AFTER, "d.spectrum(x=500, y=500)"),
    ),
    ("a spectrum, csc+csr", (None, None), (OPEN_AFTER.replace("store", "rows"), "d.spectrum(x=500, y=500)")),
    (
        "spatialdata-plot of a bin",
        (
            OPEN_BEFORE + "import matplotlib; matplotlib.use('Agg')\nimport spatialdata_plot",
            "sdata.pl.render_labels(next(iter(sdata.labels)), color=table.var_names[strongest[0]])"
            ".pl.show(save='/dev/null')",
        ),
        (
            OPEN_AFTER + "import matplotlib; matplotlib.use('Agg')\nimport spatialdata_plot",
            "s = d.to_spatialdata([798.54], da=0.02)\n"
            "s.pl.render_labels(next(iter(s.labels)), color='798.5400').pl.show(save='/dev/null')",
        ),
    ),
    ("the same as a PNG of the package", (None, None), (OPEN_AFTER, "d.save_png('/dev/null', 798.54, da=0.02)")),
]


def measure(prepare, measured, store, rows, times):
    """The least of wall seconds, seconds of processors, and MiB; or what an operation that failed said last."""
    code = f"{PRELUDE}\nrows = sys.argv[2]\n{prepare}\nbegin = clock()\n{measured}\ntold(begin)\n"
    results = []
    for _ in range(times):
        done = subprocess.run(
            [sys.executable, "-c", code, store, str(rows)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            return (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1][:60]
        results.append(json.loads(done.stdout.strip().splitlines()[-1]))
    return tuple(min(r[i] for r in results) for i in range(3))


def run(prepare, measured, store, rows, times):
    if prepare is None or ("rows" in prepare and rows is None):
        return None
    found = measure(prepare, measured, store, rows, times)
    if isinstance(found, str):
        return found
    wall, cpu, peak = found
    return f"{number(wall)} | {number(cpu)} | {peak:,.0f}"


def number(seconds):
    return f"{seconds:.1f}" if seconds >= 10 else f"{seconds:.2f}" if seconds >= 0.1 else f"{seconds:.3f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    parser.add_argument("--rows", help="the same input with --layout csc+csr")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--only", help="operations whose name has this text")
    parser.add_argument("--after", action="store_true", help="without the libraries alone")
    arguments = parser.parse_args()
    print("| operation | before: s | CPU s | MiB | after: s | CPU s | MiB |\n|---|--:|--:|--:|--:|--:|--:|")
    for name, before, after in OPERATIONS:
        if arguments.only and arguments.only not in name:
            continue
        cells = [
            None if arguments.after else run(*before, arguments.store, arguments.rows, 1),
            run(*after, arguments.store, arguments.rows, arguments.times),
        ]
        row = [c if c and "|" in c else f"{c or '–'} | | " for c in cells]
        print(f"| {name} | {row[0]} | {row[1]} |", flush=True)


if __name__ == "__main__":
    main()
