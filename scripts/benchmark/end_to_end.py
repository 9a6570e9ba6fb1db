"""The suite end-to-end: whole conversions of the workloads, on one and two ranks, with the time of each phase."""

import json

from . import report, workloads
from .measure import BenchError, discard, empty_job_seconds, launch, run, tree_bytes

PLACEMENTS = [(1, 1), (1, 2), (2, 1)]  # ranks, threads of each
PHASES = ["open", "axis", "stream", "assemble", "finish"]

NOTES = """\
Wall time is that of `mpirun`; an empty job (`info --decisions` of 4 pixels) takes {start}. Rates are of
the whole: pixels, and bytes of both input files, over the median wall time. CPU time is that of all ranks, user and
system, their waiting for each other included. Stages are in seconds, from the run record. The input lies in the page
cache. Times are medians of {runs}, with the least and the greatest wall time in brackets. Memory is the
largest sum of the proportional set sizes of all ranks and their files in memory, sampled up to ten times a second; in brackets, the sum of their
high-water marks as mzgrid reports it. MB are decimal."""


def convert(program, path, workload, ranks, threads, *, more=(), source=None, watch=None, keep=False, wrap=None, sample=True):
    """One measured conversion: a dictionary for the JSON. `path` is its input, beside which the store is written, unless
    `source` names another one; `more` are further options; `keep` leaves the store, STEM.zarr; `wrap` makes the command that is run
    of that of the MPI job; `sample` as for run()."""
    store = path.with_name(f"{path.stem}.zarr")
    record = path.with_name(f"{path.stem}.zarr.run.json")
    discard(store)
    record.unlink(missing_ok=True)
    options = [*workload.convert_options(), "--threads", threads, *more]
    command = launch(program, ranks, ["convert", source or path, store, *options], threads)
    done = run(wrap(command) if wrap else command, watch, sample)
    if done.status != 0:
        raise BenchError(f"converting {path.name} on {ranks} ranks ended with status {done.status}: {done.message}")
    told = json.loads(record.read_text())["report"]
    if told["pixels"] != workload.pixels or told["skipped"] != 0:
        raise BenchError(f"{path.name}: {told['pixels']} pixels, {told['skipped']} skipped; expected {workload.pixels}, 0")
    result = {
        "workload": workload.name,
        "pixels": workload.pixels,
        "ranks": ranks,
        "threads": threads,
        "seconds": round(done.seconds, 3),
        "processor_seconds": round(done.processor_seconds, 3),
        "peak_pss": done.peak_pss,
        "peak_reported": told["peak_memory"],
        "stages": {phase: round(told["seconds"][phase], 3) for phase in PHASES},
        "non_zeros": told["non_zeros"],
        "store_bytes": tree_bytes(store),
    }
    record.unlink()
    path.with_name(f"{path.stem}.zarr.report.html").unlink(missing_ok=True)
    if not keep:
        discard(store)
    return result


def row(workload, n_bytes, ranks, threads, runs):
    seconds = report.median([r["seconds"] for r in runs])
    phases = [f"{report.median([r['stages'][phase] for r in runs]):.2f}" for phase in PHASES]
    return [
        f"{workload.name}, {ranks} × {threads}",
        f"{workload.pixels / seconds:,.0f}",
        f"{n_bytes / seconds / 1e6:,.0f}",
        report.spread([r["seconds"] for r in runs]),
        f"{report.median([r['processor_seconds'] for r in runs]):.2f}",
        *phases,
        f"{report.median([r['peak_pss'] for r in runs]) / 1e6:,.0f} "
        f"({report.median([r['peak_reported'] for r in runs]) / 1e6:,.0f})",
        f"{runs[0]['store_bytes'] / 1e6:,.0f}",
    ]


def run_interleaved(options):
    """All runs of all workloads, round by round; the bytes of each input beside."""
    inputs = {w: workloads.prepare(w, options.program, options.cache) for w in options.workloads}
    runs = []
    for _ in range(options.runs):
        for workload in options.workloads:
            workloads.warm(inputs[workload][0])
            for ranks, threads in PLACEMENTS:
                runs.append(convert(options.program, inputs[workload][0], workload, ranks, threads))
                print(f"{workload.name}, {ranks} × {threads}: {runs[-1]['seconds']:.2f} s", flush=True)
    return {w: n_bytes for w, (_, n_bytes) in inputs.items()}, runs


def expect_equal_stores(runs):
    """A placement that computes something else is no match for the others."""
    for key in ("non_zeros", "store_bytes"):
        found = {r[key] for r in runs}
        if len(found) > 1:
            raise BenchError(f"{runs[0]['workload']}: {key} differ between the runs: {sorted(found)}")


def run_suite(options):
    sizes, runs = run_interleaved(options)
    rows = []
    for workload in options.workloads:
        expect_equal_stores([r for r in runs if r["workload"] == workload.name])
        for ranks, threads in PLACEMENTS:
            mine = [r for r in runs if (r["workload"], r["ranks"], r["threads"]) == (workload.name, ranks, threads)]
            rows.append(row(workload, sizes[workload], ranks, threads, mine))
    head = ["workload, ranks × threads", "pixels/s", "MB/s", "wall s", "CPU s", *PHASES, "memory MB", "store MB"]
    start = " and ".join(
        f"{empty_job_seconds(options.program, ranks, options.runs):.2f} s on {ranks} rank{'s' * (ranks > 1)}"
        for ranks in (1, 2)
    )
    inputs = [f"- {w.title}; {sizes[w] / 1e6:,.0f} MB of input" for w in options.workloads]
    text = "\n".join([*inputs, "", report.table(head, rows), "", NOTES.format(start=start, runs=report.runs(options.runs))])
    return {"title": "Whole conversions", "text": text, "runs": runs}
