"""The suite limit: conversions beside what the machine allows, a plain program that reads, compresses and writes as much."""

import json
import subprocess

from . import end_to_end, report, workloads
from .measure import BenchError, build, discard, empty_job_seconds

RANKS = 2
TARGET, GOAL = 5, 3  # times the limit, at most

NOTES = """\
The limit (`tests/bench/limit.c`) reads both files of the input once from the page cache, and compresses and writes as many
bytes as the whole store has, with the same codec, on {ranks} threads; what it compresses are chunks of that store. It parses,
decodes, resamples and transposes nothing, and leaves its files in the page cache; how much longer it takes until they are
on the disk, which mzgrid waits for, stands under "to disk". mzgrid runs on {ranks} ranks with one thread each, in the wall time of
`mpirun`, {start:.2f} s of which an empty job takes. Times are medians of {runs}, least and greatest in
brackets. To reach: at most {target} times the limit with a million pixels; the goal is {goal} times."""


def codec_of(store):
    """The arguments of the plain program that tell how X was compressed, and the files of its arrays."""
    matrix = next((store / "tables").glob("*/X"))
    metadata = json.loads((matrix / "data" / "zarr.json").read_text())
    sharding = metadata["codecs"][0]["configuration"]
    chunks = metadata["chunk_grid"]["configuration"]["chunk_shape"][0] // sharding["chunk_shape"][0]
    codec = next((c for c in sharding["codecs"] if c["name"] != "bytes"), {"name": "none", "configuration": {}})
    settings = codec["configuration"]
    name = f"blosc-{settings['cname']}" if codec["name"] == "blosc" else codec["name"]
    level = settings.get("clevel", settings.get("level", 0))
    shards = sorted(p for array in ("indices", "data") for p in (matrix / array / "c").iterdir())
    return [name, level, chunks], shards


def run_limit(program, path, store, wanted):
    """One measured run of the plain program."""
    output = path.with_name(f"{path.stem}.limit")
    codec, shards = codec_of(store)
    words = [program, output, *codec, RANKS, wanted, f"{path},{path.with_suffix('.ibd')}", *shards]
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    for number in range(RANKS):
        output.with_name(f"{output.name}.{number}").unlink(missing_ok=True)
    if done.returncode != 0:
        raise BenchError(f"the plain program ended with status {done.returncode}: {done.stderr.strip()}")
    return {"codec": f"{codec[0]}:{codec[1]}", **json.loads(done.stdout)}


def measure(options, program, path, workload):
    """Both, one after the other."""
    workloads.warm(path)
    mine = end_to_end.convert(options.program, path, workload, RANKS, 1, keep=True)
    store = path.with_name(f"{path.stem}.zarr")
    workloads.warm(path)
    limit = run_limit(program, path, store, mine["store_bytes"])
    discard(store)
    print(f"{workload.name}: mzgrid {mine['seconds']:.2f} s, limit {limit['seconds']:.2f} s", flush=True)
    return {**mine, "limit": limit}


def row(workload, n_bytes, runs):
    mine = [r["seconds"] for r in runs]
    limit = [r["limit"]["seconds"] for r in runs]
    synced = report.median([r["limit"]["sync_seconds"] for r in runs])
    ratio = report.median(mine) / report.median(limit)
    verdict = "goal" if ratio <= GOAL else "yes" if ratio <= TARGET else "no"
    return [
        workload.name,
        f"{n_bytes / 1e6:,.0f}",
        f"{runs[0]['store_bytes'] / 1e6:,.0f}",
        report.spread(mine),
        report.spread(limit),
        f"{report.median([r['limit']['read_seconds'] for r in runs]):.2f}",
        f"{synced:.2f}",
        f"{ratio:.1f}",
        verdict,
    ]


def run_suite(options):
    program = build(options.program, "limit")
    inputs = {w: workloads.prepare(w, options.program, options.cache) for w in options.workloads}
    runs = []
    for _ in range(options.runs):
        runs += [measure(options, program, inputs[w][0], w) for w in options.workloads]
    rows = [row(w, inputs[w][1], [r for r in runs if r["workload"] == w.name]) for w in options.workloads]
    head = ["workload", "input MB", "store MB", "mzgrid s", "limit s", "of it reading", "to disk s", "mzgrid / limit", "reached"]
    titles = [f"- {w.title}; {runs[0]['limit']['codec']}" for w in options.workloads]
    start = empty_job_seconds(options.program, RANKS, options.runs)
    notes = NOTES.format(ranks=RANKS, start=start, runs=report.runs(options.runs), target=TARGET, goal=GOAL)
    text = "\n".join([*titles, "", report.table(head, rows), "", notes])
    return {"title": "Beside what the machine allows", "text": text, "runs": runs}
