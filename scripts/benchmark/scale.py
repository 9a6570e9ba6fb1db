"""The suite scale: the streaming stage on more threads and ranks and with more pixels, and the index of the XML."""

import dataclasses

from . import report, workloads
from .end_to_end import convert
from .measure import BenchError

ALONE, THREADS, RANKS = (1, 1), (1, 2), (2, 1)  # ranks, threads of each
PLACEMENTS = [ALONE, THREADS, RANKS]
SPEEDUP, SIZE_RATIO, INDEX_RATE = 1.8, 0.9, 700  # to reach, the last one in MB/s

NOTES = """\
All times are of stages, from the run record, without the start of the job; the input lies in the page cache. The stage
`open`, in which the index is built, holds a few more things that take milliseconds. Medians of {runs}, the
least and the greatest in brackets. "streaming" reads, decodes, resamples and stages all pixels."""


def of(runs, workload, placement):
    return [r for r in runs if (r["workload"], r["ranks"], r["threads"]) == (workload.name, *placement)]


def stage(runs, name):
    return [r["stages"][name] for r in runs]


def is_reached(value, least):
    return "yes" if value >= least else "no"


def speedups(runs, chosen):
    """Streaming on one core and on two."""
    rows = []
    for workload in chosen:
        alone = stage(of(runs, workload, ALONE), "stream")
        for placement, name in ((THREADS, "1 rank × 2 threads"), (RANKS, "2 ranks × 1 thread")):
            together = stage(of(runs, workload, placement), "stream")
            ratio = report.median(alone) / report.median(together)
            rows.append([f"{workload.name}, {name}", report.spread(alone), report.spread(together), f"{ratio:.2f}",
                         is_reached(ratio, SPEEDUP)])  # fmt: skip
    head = ["streaming", "1 × 1, s", "s", "times as fast", f"≥ {SPEEDUP}"]
    return report.table(head, rows)


def sizes(runs, small, large):
    """Streaming at a tenth of the pixels and at all of them."""
    rates = {w: [w.pixels / s for s in stage(of(runs, w, RANKS), "stream")] for w in (small, large)}
    ratio = report.median(rates[large]) / report.median(rates[small])
    rows = [[f"{w.pixels:,} pixels, 2 ranks", report.spread(rates[w], 0), "", ""] for w in (small, large)]
    rows[1][2:] = [f"{ratio:.2f}", is_reached(ratio, SIZE_RATIO)]
    return report.table(["streaming", "pixels/s", "of the smaller one's", f"≥ {SIZE_RATIO}"], rows)


def index(runs, workload, xml_bytes):
    """The XML, as fast as its index is built."""
    rows = []
    for placement in PLACEMENTS:
        seconds = stage(of(runs, workload, placement), "open")
        rate = xml_bytes / report.median(seconds) / 1e6
        name = f"{placement[0]} rank{'s' * (placement[0] > 1)} × {placement[1]} thread{'s' * (placement[1] > 1)}"
        verdict = is_reached(rate, INDEX_RATE) if placement != ALONE else ""
        rows.append([name, report.spread(seconds), f"{rate:,.0f}", verdict])
    return report.table([f"index of {xml_bytes / 1e6:,.0f} MB of XML", "s", "MB/s", f"≥ {INDEX_RATE}"], rows)


def smaller(workload):
    """The same with a tenth of the pixels."""
    return dataclasses.replace(workload.scaled(0.1), name=f"{workload.name}-tenth")


def run_suite(options):
    if not any(w.name in ("centroid", "profile", "million") for w in options.workloads):
        raise BenchError("the suite scale measures the workloads centroid, profile and million only")
    named = {w.name: w for w in options.workloads}
    chosen = [w for name, w in named.items() if name in ("centroid", "profile")]
    large = named.get("million")
    jobs = [(w, p) for w in chosen for p in PLACEMENTS]
    if large:
        small = smaller(large)
        jobs += [(large, p) for p in PLACEMENTS] + [(small, RANKS)]
    inputs = {w: workloads.prepare(w, options.program, options.cache)[0] for w, _ in jobs}
    runs = []
    for _ in range(options.runs):
        for workload, (ranks, threads) in jobs:
            workloads.warm(inputs[workload])
            runs.append(convert(options.program, inputs[workload], workload, ranks, threads))
            print(f"{workload.name}, {ranks} × {threads}: {runs[-1]['stages']}", flush=True)
    parts = [f"- {w.title}" for w in {w: None for w, _ in jobs}] + [""]
    if chosen:
        parts += [speedups(runs, chosen), ""]
    if large:
        parts += [sizes(runs, small, large), "", index(runs, large, inputs[large].stat().st_size), ""]
    parts.append(NOTES.format(runs=report.runs(options.runs)))
    return {"title": "More cores, more pixels", "text": "\n".join(parts), "runs": runs}
