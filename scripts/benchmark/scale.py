"""The suite scale: the streaming phase on more threads and ranks and with more pixels, and the index of the XML."""

import concurrent.futures
import dataclasses
import functools

from . import report, workloads
from .end_to_end import convert
from .measure import BenchError, on_core

ALONE, THREADS, RANKS = (1, 1), (1, 2), (2, 1)  # ranks, threads of each
PLACEMENTS = [ALONE, THREADS, RANKS]
APART = "apart"  # two conversions that share nothing, at the same time, each on a core of its own
SPEEDUP, SIZE_RATIO, INDEX_RATE = 1.8, 0.9, 700  # to reach, the last one in MB/s

NOTES = """\
All times are of phases, from the run record, without the start of the job; the input lies in the page cache. The phase
`open`, in which the index is built, holds a few more things that take milliseconds. Medians of {runs}, the
least and the greatest in brackets. "streaming" reads, decodes, resamples and stages all pixels. How many times as fast
is the median of the ratios of runs that followed each other, because a shared host may change its pace in between.
"two jobs apart" are two conversions of the whole input at the same time, each on a core of its own: what the machine
gives to programs that wait for nothing of each other. Memory is not sampled here, because that takes some of a core."""


def of(runs, workload, placement):
    return [r for r in runs if (r["workload"], r["ranks"], r["threads"]) == (workload.name, *placement)]


def phase(runs, name):
    return [r["stages"][name] for r in runs]


def is_reached(value, least):
    return "yes" if value >= least else "no"


def run_apart(program, path, workload):
    """Two conversions at the same time; their streaming took what it took on average."""
    workloads.warm(path)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        jobs = [
            pool.submit(convert, program, path.with_name(f"{path.stem}-core-{core}{path.suffix}"), workload, *ALONE,
                        source=path, wrap=functools.partial(on_core, core), sample=False)
            for core in range(2)
        ]  # fmt: skip
        both = [job.result() for job in jobs]
    result = {**both[0], "placement": APART, "seconds": max(job["seconds"] for job in both)}
    result["stages"] = {name: round(sum(job["stages"][name] for job in both) / 2, 4) for name in both[0]["stages"]}
    return result


def speedups(runs, chosen):
    """Streaming on one core and on two."""
    rows = []
    for workload in chosen:
        alone = phase([r for r in of(runs, workload, ALONE) if "placement" not in r], "stream")
        apart = phase([r for r in runs if r["workload"] == workload.name and "placement" in r], "stream")
        for name, together, work in (
            ("1 rank × 2 threads", phase(of(runs, workload, THREADS), "stream"), 1),
            ("2 ranks × 1 thread", phase(of(runs, workload, RANKS), "stream"), 1),
            ("two jobs apart", apart, 2),
        ):
            ratios = [work * a / b for a, b in zip(alone, together)]
            verdict = "" if work > 1 else is_reached(report.median(ratios), SPEEDUP)
            rows.append([f"{workload.name}, {name}", report.spread(alone), report.spread(together), report.spread(ratios), verdict])
    head = ["streaming", "1 × 1, s", "s", "times as fast", f"≥ {SPEEDUP}"]
    return report.table(head, rows)


def sizes(runs, small, large):
    """Streaming at a tenth of the pixels and at all of them."""
    rates = {w: [w.pixels / s for s in phase(of(runs, w, RANKS), "stream")] for w in (small, large)}
    ratio = report.median(rates[large]) / report.median(rates[small])
    rows = [[f"{w.pixels:,} pixels, 2 ranks", report.spread(rates[w], 0), "", ""] for w in (small, large)]
    rows[1][2:] = [f"{ratio:.2f}", is_reached(ratio, SIZE_RATIO)]
    return report.table(["streaming", "pixels/s", "of the smaller one's", f"≥ {SIZE_RATIO}"], rows)


def index(runs, workload, xml_bytes):
    """The XML, as fast as its index is built."""
    rows = []
    for placement in PLACEMENTS:
        seconds = phase(of(runs, workload, placement), "open")
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
            runs.append(convert(options.program, inputs[workload], workload, ranks, threads, sample=False))
            print(f"{workload.name}, {ranks} × {threads}: {runs[-1]['stages']}", flush=True)
            if workload in chosen and (ranks, threads) == PLACEMENTS[-1]:
                runs.append(run_apart(options.program, inputs[workload], workload))
                print(f"{workload.name}, {APART}: {runs[-1]['stages']}", flush=True)
    parts = [f"- {w.title}" for w in {w: None for w, _ in jobs}] + [""]
    if chosen:
        parts += [speedups(runs, chosen), ""]
    if large:
        parts += [sizes(runs, small, large), "", index(runs, large, inputs[large].stat().st_size), ""]
    parts.append(NOTES.format(runs=report.runs(options.runs)))
    return {"title": "More cores, more pixels", "text": "\n".join(parts), "runs": runs}
