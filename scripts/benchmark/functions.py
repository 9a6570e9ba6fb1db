"""The suite functions: in which functions whole conversions spend the processors' time, by perf."""

import functools
import shutil
import subprocess
import tempfile

from . import report, workloads
from .end_to_end import convert
from .measure import BenchError

RANKS = 2
RATE = 1999  # samples a second, prime
LEAST = 0.02  # share of a workload, from which a function has a row

NOTES = """\
Shares of all samples of both ranks, by `perf record -e cpu-clock`, one thread each, from the start of the program to its end;
a rank that waits for the other one polls, and is counted as Open MPI. Functions with at least {least:.0%} in one of the workloads;
libraries that come without names are one line each, and all else is summed in the last one. The sum of {runs}."""

# Libraries by the names of their files: their functions are not told apart.
LIBRARIES = {
    "libblosc": "c-blosc (shuffling)",
    "libzstd": "zstd",
    "libxml2": "libxml2",
    "libcrypto": "OpenSSL",
    "libmpi": "Open MPI",
    "libopen-": "Open MPI",
    "libevent": "Open MPI",
    "libpmix": "Open MPI",
    "mca_": "Open MPI",
}


def under_perf(data, command):
    return ["perf", "record", "-q", "-e", "cpu-clock", "-F", RATE, "-o", data, "--", *command]


def name_of(library, symbol):
    """Under which name a sample is counted. `symbol` is as perf prints it: a letter for where it runs, and its name."""
    for begin, name in LIBRARIES.items():
        if library.startswith(begin):
            return name
    where, _, function = symbol.partition(" ")
    function = function.split(".")[0]  # without what the compiler appends to its clones
    if where == "[k]":
        return f"`{function}` (kernel)"
    return f"`{function}`" if library == "mzgrid" else f"`{function}` ({library.split('.')[0]})"


def read_samples(data):
    """Name -> samples of the ranks."""
    command = ["perf", "report", "-i", data, "--stdio", "-q", "--comm", "mzgrid", "-F", "sample,dso,symbol", "-t", "|"]
    done = subprocess.run(command, capture_output=True, text=True)
    samples = {}
    for line in done.stdout.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) >= 3 and fields[0].isdigit():
            name = name_of(fields[1], fields[2])
            samples[name] = samples.get(name, 0) + int(fields[0])
    if not samples:
        raise BenchError(f"perf has no samples of mzgrid: {done.stderr.strip()[-400:]}")
    return samples


def measure(options, path, workload):
    """One conversion under perf."""
    with tempfile.NamedTemporaryFile(dir=options.cache) as data:
        workloads.warm(path)
        wrap = functools.partial(under_perf, data.name)
        done = convert(options.program, path, workload, RANKS, 1, wrap=wrap, sample=False)
        return {**done, "samples": read_samples(data.name)}


def shares(runs, workload):
    """Name -> share of all samples of a workload."""
    sums = {}
    for run in runs:
        if run["workload"] == workload.name:
            for name, n in run["samples"].items():
                sums[name] = sums.get(name, 0) + n
    total = sum(sums.values())
    return {name: n / total for name, n in sums.items()}


def rows_of(all_shares):
    names = {name for found in all_shares for name, share in found.items() if share >= LEAST}
    ordered = sorted(names, key=lambda name: -sum(found.get(name, 0) for found in all_shares))
    rows = [[name, *(found.get(name, 0) for found in all_shares)] for name in ordered]
    rows.append(["all else", *(1 - sum(row[i + 1] for row in rows) for i in range(len(all_shares)))])
    return [[row[0], *(f"{100 * share:.1f}" for share in row[1:])] for row in rows]


def run_suite(options):
    if not shutil.which("perf"):
        raise BenchError("perf is not installed; apt-get install linux-perf")
    inputs = {w: workloads.prepare(w, options.program, options.cache)[0] for w in options.workloads}
    runs = []
    for _ in range(options.runs):
        for workload, path in inputs.items():
            runs.append(measure(options, path, workload))
            print(f"{workload.name}: {sum(runs[-1]['samples'].values())} samples", flush=True)
    table = report.table(["%", *(w.name for w in inputs)], rows_of([shares(runs, w) for w in inputs]))
    parts = [*(f"- {w.title}" for w in inputs), "", table, "", NOTES.format(least=LEAST, runs=report.runs(options.runs))]
    return {"title": "Where the processors' time goes", "text": "\n".join(parts), "runs": runs}
