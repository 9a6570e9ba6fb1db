"""The suite peers: the same input, axis, method and layout by mzgrid on two ranks, by Thyra, the nearest program, and by a
script of pyimzML and numpy.

Thyra comes from PyPI, in a virtual environment of its own in the cache. It needs Python 3.12 or newer (scripts/pythons.py). The
script runs in the environment of the tests.
"""

import dataclasses
import json
import os
import pathlib
import subprocess

import pythons

from . import end_to_end, report, workloads
from .measure import BenchError, discard, empty_job_seconds, run, tree_bytes

VERSION = "4.6.0"
RANKS = 2
RANGE = (100, 1000)  # m/z: given to all, so that none looks for it
HERE = pathlib.Path(__file__).resolve().parent
MZGRID, ALONE, THYRA, SCRIPT = "mzgrid", "mzgrid without mpirun", "Thyra", "pyimzML, numpy"
PROGRAMS = [MZGRID, THYRA, SCRIPT]

# To reach beside Thyra: times as fast, at least, with the goal where there is one; the bytes of the store, at most.
SPEED = {"million": (20, 40)}
USUAL_SPEED = (10, 10)
STORE = 0.85
OWN_AXIS_SPEED, OWN_AXIS_STORE = (15, 15), 0.8
LONG = 300  # seconds; workloads of which one run of all programs takes longer are run once
AGREE = 0.999  # of the values looked at, at least, or the programs did not do the same

NOTES = """\
All have the same m/z range, number of bins, law, method and layout (`csc`). The peers are one process each; mzgrid runs
on {ranks} ranks with one thread each, and {start:.2f} s of its wall time are the start of an empty MPI job. "Without mpirun" is
one process with a thread for each core, as a user starts it first. Input lies in the page cache. Medians of {runs}, or of one if the programs take longer than {long} minutes together, least and greatest in
brackets. Memory is the largest sum of the proportional set sizes of all processes and their files in memory, sampled up
to ten times a second. Thyra stores values as float64, mzgrid and the script as float32. "agree" is the share of the
values of about {columns} columns, spread over the whole matrix, that are the same in mzgrid's store and in the peer's,
within {tolerance:g} of themselves. If curves are looked up, it is within that of the largest, because Thyra looks in
the middle between two edges, not quite the centre that the law gives. To reach beside Thyra: 20 times as fast with a
million pixels (goal: 40) and 10 times on the others, with stores of at most {store} of its bytes. On the spectra's own
axis mzgrid runs without an option that decides the result, Thyra with `--no-resample`: 15 times as fast, with at most
{own_store} of the bytes."""


def install(cache):
    """The program `thyra`, installed unless it is there."""
    environment = cache / f"thyra-{VERSION}"
    program = environment / "bin" / "thyra"
    if program.exists():
        return program
    python = pythons.find_newer()
    if not python:
        raise BenchError(f"Thyra {VERSION} needs Python 3.12 or newer, and there is none; name one in the variable PEER_PYTHON")
    print(f"installing Thyra {VERSION}", flush=True)
    for command in (
        [python, "-m", "venv", "--clear", environment],
        [environment / "bin" / "pip", "-q", "install", f"thyra=={VERSION}"],
    ):
        done = run(command)
        if done.status != 0:
            raise BenchError(f"cannot install Thyra {VERSION}: {done.message}")
    return program


@dataclasses.dataclass(frozen=True)
class Ranged(workloads.Workload):
    """A workload whose range is given."""

    def convert_options(self):
        return [*super().convert_options(), "--min-mz", str(RANGE[0]), "--max-mz", str(RANGE[1])]


def is_own_axis(workload):
    return isinstance(workload, workloads.OwnAxis)


def programs_for(workload):
    """The script knows axes of laws only. Where no option is given, mzgrid runs as a user starts it first, too: alone, with a
    thread for each core."""
    return [MZGRID, ALONE, THYRA] if is_own_axis(workload) else PROGRAMS


def prepare(workload, options, python):
    """The input: the path of its imzML. In processed mode it is written anew from that in continuous mode."""
    path = workloads.prepare(workload, options.program, options.cache)[0]
    if not is_own_axis(workload) or not workload.is_processed:
        return path
    processed = path.with_name(f"processed-{path.name}")
    if not processed.exists():
        done = run([python, HERE / "write_processed.py", path, processed])
        if done.status != 0:
            raise BenchError(f"cannot write {processed.name}: {done.message[-400:]}")
    return processed


def peer_command(name, tools, path, store, workload):
    low, high = map(str, RANGE)
    if is_own_axis(workload):
        return [tools[THYRA], "--no-resample", "--pixel-size", 50, path, store]  # which pyimzML does not write
    if name == THYRA:
        return [tools[THYRA], "--resample-method", workload.method, "--mass-axis-type", workload.axis,
                "--resample-bins", workload.bins, "--resample-min-mz", low, "--resample-max-mz", high, path, store]  # fmt: skip
    return [tools[SCRIPT], HERE / "peer_pyimzml.py", path, store, workload.axis, workload.bins, workload.method, low, high]


def convert_by_peer(name, tools, path, store, workload):
    discard(store)
    done = run(peer_command(name, tools, path, store, workload))
    if done.status != 0 or not store.is_dir():
        raise BenchError(f"{name} ended with status {done.status} on {path.name}: {done.message[-400:]}")
    return {
        "workload": workload.name,
        "pixels": workload.pixels,
        "seconds": round(done.seconds, 3),
        "processor_seconds": round(done.processor_seconds, 3),
        "peak_pss": done.peak_pss,
        "store_bytes": tree_bytes(store),
    }


def compare(python, ours, other, method, what):
    """How far two stores agree; that they do not ends the bench."""
    done = subprocess.run([python, HERE / "compare_stores.py", ours, other, method], capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchError(f"cannot compare the stores of mzgrid and {what}: {done.stderr.strip()[-400:]}")
    found = json.loads(done.stdout)
    if found["agree"] < AGREE or found["values"] == 0:
        raise BenchError(f"the stores of mzgrid and {what} differ: {found}")
    return found


def measure(options, tools, path, workload, must_compare):
    """One run of each program; with `must_compare` their stores are held against each other."""
    workloads.warm(path)
    ours = path.with_name(f"{path.stem}.zarr")
    mine = end_to_end.convert(options.program, path, workload, RANKS, 1, keep=True)
    runs = [{**mine, "program": MZGRID}]
    if ALONE in programs_for(workload):
        workloads.warm(path)
        alone = end_to_end.convert(options.program, path, workload, 0, os.cpu_count(), keep=True)
        if alone["store_bytes"] != mine["store_bytes"]:
            raise BenchError(f"{path.name}: with and without mpirun the stores differ")
        runs.append({**alone, "program": ALONE})
    for name in [THYRA, SCRIPT]:
        if name not in programs_for(workload):
            continue
        store = path.with_name(f"{path.stem}-peer.zarr")
        workloads.warm(path)
        done = {**convert_by_peer(name, tools, path, store, workload), "program": name}
        if must_compare:
            done["compared"] = compare(tools[SCRIPT], ours, store, workload.method, name)
        discard(store)
        runs.append(done)
        print(f"{workload.name}: mzgrid {mine['seconds']:.2f} s, {name} {done['seconds']:.2f} s", flush=True)
    discard(ours)
    return runs


def rows(workload, runs):
    by = {p: [r for r in runs if r["program"] == p and r["workload"] == workload.name] for p in programs_for(workload)}
    seconds = {p: report.median([r["seconds"] for r in mine]) for p, mine in by.items()}
    stored = {p: mine[0]["store_bytes"] for p, mine in by.items()}
    for program, mine in by.items():
        compared = mine[0].get("compared")
        yield [
            f"{workload.name}, {program}",
            f"{workload.pixels / seconds[program]:,.0f}",
            report.spread([r["seconds"] for r in mine]),
            f"{report.median([r['peak_pss'] for r in mine]) / 1e6:,.0f}",
            f"{stored[program] / 1e6:,.0f}",
            f"{seconds[program] / seconds[MZGRID]:.1f}×" if compared else "",
            f"{stored[MZGRID] / stored[program]:.2f}" if compared else "",
            f"{100 * compared['agree']:.3f} %" if compared else "",
            verdict(workload, seconds[THYRA] / seconds[MZGRID], stored[MZGRID] / stored[THYRA]) if program == THYRA
            else f"{seconds[THYRA] / seconds[ALONE]:.1f}× Thyra" if program == ALONE else "",
        ]  # fmt: skip


def in_short(workload, runs):
    """A row of the table in docs/performance/README.md."""
    mine = {p: [r for r in runs if r["program"] == p and r["workload"] == workload.name] for p in (THYRA, MZGRID, ALONE)}
    seconds = {p: report.median([r["seconds"] for r in found]) for p, found in mine.items()}
    times = [f"{seconds[THYRA] / seconds[p]:.1f}" for p in (MZGRID, ALONE)]
    share = mine[MZGRID][0]["store_bytes"] / mine[THYRA][0]["store_bytes"]
    mode = "processed, m/z shared" if workload.is_processed else "continuous"
    return [f"{mode}, {workload.pixels:,} px", f"{seconds[THYRA]:.2f} s", f"{seconds[MZGRID]:.2f} s", times[0],
            f"{seconds[ALONE]:.2f} s", times[1], f"{share:.2f}"]  # fmt: skip


def verdict(workload, speed, store):
    least, goal = OWN_AXIS_SPEED if is_own_axis(workload) else SPEED.get(workload.name, USUAL_SPEED)
    most = OWN_AXIS_STORE if is_own_axis(workload) else STORE
    fast = "goal" if speed >= goal else "yes" if speed >= least else "no"
    return f"{fast}, {'yes' if store <= most else 'no'}"


def run_suite(options):
    python = pathlib.Path(os.environ.get("MZGRID_VENV", HERE.parent.parent / ".venv")) / "bin/python"
    if not python.exists():
        raise BenchError(f"{python}: no such program; scripts/setup --tests makes the Python environment")
    tools = {THYRA: install(options.cache), SCRIPT: python}
    ours = [Ranged(**dataclasses.asdict(w)) for w in options.workloads] + options.own_axis
    inputs = {w: prepare(w, options, python) for w in ours}
    runs = []
    took = dict.fromkeys(ours, 0)
    for turn in range(options.runs):
        for workload in ours:
            if took[workload] <= LONG:
                runs += measure(options, tools, inputs[workload], workload, turn == 0)
                took[workload] = sum(r["seconds"] for r in runs[-len(programs_for(workload)):])
    head = ["workload, program", "pixels/s", "wall s", "memory MB", "store MB", "mzgrid is faster", "its store",
            "agree", "reached: speed, store"]  # fmt: skip
    start = empty_job_seconds(options.program, RANKS, options.runs)
    body = report.table(head, [r for w in ours for r in rows(w, runs)])
    if options.own_axis:
        short = ["", "Thyra", "2 ranks", "times", "without mpirun", "times", "store"]
        body += "\n\n" + report.table(short, [in_short(w, runs) for w in options.own_axis])
    notes = NOTES.format(ranks=RANKS, start=start, runs=report.runs(options.runs), long=LONG // 60, columns=60, tolerance=1e-5,
                         store=STORE, own_store=OWN_AXIS_STORE)  # fmt: skip
    titles = [f"- {w.title}" for w in ours]
    return {"title": f"Beside Thyra {VERSION} and a script", "text": "\n".join([*titles, "", body, "", notes]), "runs": runs}
