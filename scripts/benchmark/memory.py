"""The suite memory: whole conversions within a limit, at a tenth of a million pixels and at all of them, and of a synthetic
input larger than memory, whose rate should not change while it runs."""

import dataclasses
import json
import re
import shutil
import time

from . import report, workloads
from .end_to_end import convert
from .measure import BenchError, launch, run, touch_memory, tree_bytes
from .scale import smaller

RANKS = 2
GIB = 1 << 30
LIMIT = 1 * GIB
GROWTH = 1.2  # of the memory at a million pixels, its index left out, over that at a tenth: at most

# The input made in memory: 1500 points of 12 bytes each, and how it is converted.
BIG = workloads.Workload("synthetic", "centroid", 1060, 1060, 1500, "reflector_tof", 100_000, "nearest_neighbor")
BIG_LIMIT = 2 * GIB
POINT_BYTES = 12
SLICES = 10  # of the time of a phase, in each of which the rate is taken
FLAT = 0.8  # the rate of the slowest slice, and of the larger run, over what it is held against: at least
WHOLE, MINUTES = 100e9, 30  # bytes that should take no longer

NOTES = """\
`--streaming hdf5`, layout `csc`, {ranks} ranks with one thread each. Memory is the largest sum of the proportional set sizes of
the ranks, sampled up to ten times a second, in MiB. The index takes as many bytes for each pixel as stated, once a node; "without
index" is the memory less that. Medians of {runs}, the least and the greatest in brackets.

The synthetic input is made where it is decoded, so that no disk is read. Its bytes are those that its arrays would take in an
`.ibd`. Rates are of these bytes; while pixels stream, that of the whole phase, and the least and the greatest in a tenth of its
time over it, by the pixels that `--metrics` counts. The larger run takes longer by as much as its input is larger, if rates are flat; the last column
is what {whole:.0f} GB would take at the rate of the whole run, in minutes. "disk" is the most that all files took at once."""


class Watch:
    """The most disk that the files in a directory take while a job runs."""

    def __init__(self, directory):
        self.directory = directory
        self.disk = 0
        self.looked = 0.0

    def __call__(self):
        now = time.monotonic()
        if now - self.looked > 0.5:
            self.looked = now
            try:
                self.disk = max(self.disk, sum(tree_bytes(p) if p.is_dir() else p.stat().st_size
                                               for p in self.directory.iterdir()))  # fmt: skip
            except OSError:  # a file went away
                pass


def reached(samples, seconds):
    """What was done until then, between two samples of (seconds, done) as on a straight line."""
    before = max((s for s in samples if s[0] <= seconds), default=(0.0, 0))
    after = min((s for s in samples if s[0] > seconds), default=before)
    share = (seconds - before[0]) / (after[0] - before[0]) if after[0] > before[0] else 0
    return before[1] + share * (after[1] - before[1])


def slices(samples, begin, end):
    """The rate in each slice of that time, over that of the whole."""
    edges = [reached(samples, begin + i * (end - begin) / SLICES) for i in range(SLICES + 1)]
    mean = (edges[-1] - edges[0]) / SLICES
    return [round((b - a) / mean, 3) if mean else 0 for a, b in zip(edges, edges[1:])]


def streamed(metrics):
    """Pixels resampled as time goes by, from the lines that --metrics wrote while they streamed."""
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    rounds = [line for line in lines if line["event"] == "round" and line["stage"] == "stream"]
    samples, pixels = [(rounds[0]["at"] - rounds[0]["seconds"], 0)] if rounds else [(0.0, 0)], 0
    for line in rounds:
        pixels += line["pixels"]
        samples.append((line["at"], pixels))
    return samples


def index_bytes(program, path, workload):
    """Of one pixel, as the plan says."""
    done = run(launch(program, RANKS, ["convert", path, path.with_suffix(".zarr"), "--dry-run", "--bins", 10]))
    told = re.search(r"index: (\d+) bytes per pixel", done.log)
    if done.status != 0 or not told:
        raise BenchError(f"--dry-run tells no bytes per pixel of the index: {done.message}")
    return int(told.group(1))


def of_files(options, sizes):
    """Conversions of generated files within LIMIT, interleaved."""
    inputs = {w: workloads.prepare(w, options.program, options.cache)[0] for w in sizes}
    index = {w: index_bytes(options.program, inputs[w], w) for w in sizes}
    runs = []
    for _ in range(options.runs):
        for w in sizes:
            workloads.warm(inputs[w])
            done = convert(options.program, inputs[w], w, RANKS, 1,
                           more=["--memory-limit", LIMIT, "--streaming", "hdf5"])  # fmt: skip
            runs.append({**done, "limit": LIMIT, "index_bytes_per_pixel": index[w]})
            print(f"{w.name}: {done['peak_pss'] / (1 << 20):,.0f} MiB, {done['seconds']:.1f} s", flush=True)
    return runs


def table_of_files(runs, sizes):
    rows, bare = [], []
    for w in sizes:
        mine = [r for r in runs if r["workload"] == w.name]
        peaks = [r["peak_pss"] / (1 << 20) for r in mine]
        index = mine[0]["index_bytes_per_pixel"]
        bare.append(report.median(peaks) - index * w.pixels / (1 << 20))
        rows.append([f"{w.pixels:,} pixels", f"{LIMIT >> 20:,}", report.spread(peaks, 0),
                     "yes" if max(peaks) < LIMIT >> 20 else "no", index, f"{bare[-1]:,.0f}", "",
                     report.spread([r["seconds"] for r in mine], 1)])  # fmt: skip
    ratio = bare[1] / bare[0]
    rows[1][6] = f"{ratio:.2f} ({'yes' if ratio <= GROWTH else 'no'}: ≤ {GROWTH})"
    head = ["", "limit MiB", "memory MiB", "within", "index B/pixel", "without index", "growth", "wall s"]
    return report.table(head, rows)


def of_synthetic(options, workload):
    """One run of the input made in memory, with its rates."""
    directory = options.cache / "memory"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    n_bytes = workload.pixels * workload.points * POINT_BYTES
    needed = 1.5 * n_bytes  # two thirds staged, then its columns and the store beside it
    if shutil.disk_usage(directory).free < needed:
        raise BenchError(f"{n_bytes / 1e9:.0f} GB of synthetic input need {needed / 1e9:.0f} GB of disk; try --scale")
    watch = Watch(directory)
    metrics = directory / "metrics.json"
    touch_memory()
    done = convert(options.program, directory / "big", workload, RANKS, 1, source=workload.description(), watch=watch,
                   more=["--memory-limit", BIG_LIMIT, "--streaming", "hdf5", "--metrics", metrics])  # fmt: skip
    samples = streamed(metrics)
    shutil.rmtree(directory)
    print(f"{n_bytes / 1e9:.1f} GB: {done['seconds']:.1f} s, {done['peak_pss'] / (1 << 20):,.0f} MiB", flush=True)
    return {**done, "input_bytes": n_bytes, "limit": BIG_LIMIT, "disk_bytes": watch.disk,
            "stream_slices": slices(samples, samples[0][0], samples[-1][0])}  # fmt: skip


def table_of_synthetic(runs):
    rows = []
    for r in runs:
        phases, n = r["stages"], r["input_bytes"]
        rows.append([f"{n / 1e9:.1f} GB, {r['pixels']:,} pixels", f"{r['limit'] >> 20:,}", f"{r['peak_pss'] / (1 << 20):,.0f}",
                     f"{n / phases['stream'] / 1e6:,.0f}",
                     f"{min(r['stream_slices']):.2f}–{max(r['stream_slices']):.2f}",
                     f"{n / phases['assemble'] / 1e6:,.0f}", f"{n / r['seconds'] / 1e6:,.0f}",
                     f"{r['disk_bytes'] / 1e9:.1f}", f"{r['seconds'] * WHOLE / n / 60:.1f}"])  # fmt: skip
    head = ["synthetic input", "limit MiB", "memory MiB", "streaming MB/s", "in tenths", "assembling MB/s", "whole MB/s",
            "disk GB", f"{WHOLE / 1e9:.0f} GB, min"]  # fmt: skip
    small, large = runs
    ratio = (large["input_bytes"] / large["seconds"]) / (small["input_bytes"] / small["seconds"])
    minutes = large["seconds"] * WHOLE / large["input_bytes"] / 60
    flat = ratio >= FLAT and min(large["stream_slices"]) >= FLAT
    said = (f"The larger run has {ratio:.2f} of the rate of the smaller one: {'flat' if flat else 'not flat'}. "
            f"{WHOLE / 1e9:.0f} GB within {MINUTES} minutes: {'yes' if minutes <= MINUTES else 'no'}. "
            f"Memory within the limit: {'yes' if max(r['peak_pss'] for r in runs) < BIG_LIMIT else 'no'}.")  # fmt: skip
    return f"{report.table(head, rows)}\n\n{said}"


def run_suite(options):
    million = next((w for w in options.workloads if w.name == "million"), None)
    if not million:
        raise BenchError("the suite memory measures the workload million only")
    sizes = [smaller(million), million]
    runs = of_files(options, sizes)
    big = BIG.scaled(options.scale)
    quarter = dataclasses.replace(big.scaled(0.25), name="synthetic-quarter")
    synthetic = [of_synthetic(options, w) for w in (quarter, big)]
    text = "\n".join([f"- {w.title}" for w in (*sizes, big)] + [
        "", table_of_files(runs, sizes), "", table_of_synthetic(synthetic), "",
        NOTES.format(ranks=RANKS, runs=report.runs(options.runs), whole=WHOLE / 1e9)])  # fmt: skip
    return {"title": "Memory", "text": text, "runs": runs + synthetic}
