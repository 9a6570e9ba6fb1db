"""Kills at random moments of `mzgrid peaks` and `mzgrid merge`: at any of them the store that stood before opens with the table
that it had, no process stays, and the next run of the same command gives what a run without a kill gives, and leaves nothing."""
import random
import shutil
import signal
import time

import harness
from kills import VICTIMS, go_through, strike_and_finish

SOURCES = {"a": "synthetic:60x60:300:centroid:3:full", "b": "synthetic:50x60:300:centroid:4:full"}
AXIS = ["--mass-axis-type", "constant", "--bin-width", "0.5"]  # one grid for both, which --concat needs
OTHER = {"peaks": ["--snr", "40"], "merge": ["--coordinate-systems", "shared"]}  # options of the store that --replace, --overwrite find
KINDS = ["peaks", "peaks --replace", "merge", "merge --overwrite", "merge --concat"]


def without_records(place):
    return {name: digest for name, digest in harness.tree(place).items() if not name.endswith((".run.json", ".report.html"))}


class Samples:
    """The stores that are worked on, and what an undisturbed run makes of them, each made once."""

    def __init__(self, program):
        self.program, self.kept, self.lengths = program, {}, {}
        self.folder = program.folder()
        for name, source in SOURCES.items():
            self.go(1, ["convert", source, self.store(name), "-q", "--progress", "none", "--threads", "1", "--dataset-id", name, *AXIS])

    def store(self, name):
        return self.folder / "out" / f"{name}.zarr"

    def go(self, ranks, arguments):
        command, extra = self.program.command(ranks, arguments)
        result = harness.run(command, harness.environment(self.folder, extra), 120)
        if result.status != 0:
            raise SystemExit(f"store-kills: a run without a kill fails: {result.lines}")
        return result.seconds

    def arguments(self, kind, output, *more):
        """The command that works on `output`: peaks on the store that is there, merge towards it."""
        words = kind.split()
        if words[0] == "peaks":
            return ["peaks", output, "-q", "--threads", "1", *words[1:], *more]
        return ["merge", self.store("a"), self.store("b"), "-o", output, "-q", "--threads", "1", *words[1:], *more]

    def begin(self, kind, output):
        """What is there before the run that is killed."""
        if kind.startswith("peaks"):
            shutil.copytree(self.store("a"), output)
        if kind in ("peaks --replace", "merge --overwrite"):
            self.go(1, self.arguments(kind.split()[0], output, *OTHER[kind.split()[0]]))

    def of(self, kind):
        """The tree before and after an undisturbed run."""
        if kind not in self.kept:
            place = self.program.folder()
            output = place / "out" / "out.zarr"
            self.begin(kind, output)
            old = harness.tree(output)
            self.go(1, self.arguments(kind, output))
            self.kept[kind] = old, harness.tree(output)
            harness.discard(place)
        return self.kept[kind]

    def length(self, kind, ranks):
        if (kind, ranks) not in self.lengths:
            place = self.program.folder()
            self.begin(kind, place / "out" / "out.zarr")
            self.lengths[kind, ranks] = self.go(ranks, self.arguments(kind, place / "out" / "out.zarr"))
            harness.discard(place)
        return self.lengths[kind, ranks]


def opened(output, old):
    """What is wrong with a store of which `peaks` was killed: it opens, its table with bins is as before but for the column
    `is_peak`, and a table of peaks that its metadata name is whole."""
    import numpy as np
    import spatialdata

    tables = [n[: -len("/zarr.json")] for n in old if n.startswith("tables/") and n.endswith("/zarr.json") and n.count("/") == 2]
    table = next(name for name in tables if not name.endswith("_peaks"))
    state = harness.tree(output)
    changed = [n for n in old if n.startswith((f"{table}/X", f"{table}/obs", "labels/", "images/")) and state.get(n) != old[n]]
    problems = [f"changed: {changed[:3]}"] if changed else []
    try:
        sdata = spatialdata.read_zarr(output)
        bins = sdata.tables[table.partition("/")[2]]
        for name, found in sdata.tables.items():
            if name.endswith("_peaks"):
                if found.n_obs != bins.n_obs or found.n_vars == 0 or not np.isfinite(found.X.sum()):
                    problems.append(f"{name} is not whole")
    except Exception as error:
        problems.append(f"DOES NOT OPEN: {type(error).__name__}: {error}"[:300])
    return problems


class StoreKill:
    def __init__(self, samples, kind, chance):
        self.samples, self.program, self.kind = samples, samples.program, kind
        self.ranks = chance.choice([1, 1, 2, 3])
        self.victim = chance.choice(VICTIMS)
        self.number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
        self.phase = chance.choice(["whole", "writing", "writing"])
        self.chance = random.Random(chance.random())
        self.name = f"{kind}/{self.ranks}, {signal.Signals(self.number).name} to {self.victim} at {self.phase}"

    def wait(self, process, place, before):
        """Until a random moment of the run, or of what follows its first new file."""
        whole = self.samples.length(self.kind, self.ranks)
        if self.phase == "whole":
            time.sleep(self.chance.random() * 1.05 * whole)
            return
        watched = [place / "out", place / "out" / "out.zarr" / "tables"]
        while process.poll() is None and [harness.listing(folder) for folder in watched] == before:
            time.sleep(0.0005)
        time.sleep(self.chance.random() ** 2 * 0.3 * whole)

    def run(self):
        old, new = self.samples.of(self.kind)
        self.samples.length(self.kind, self.ranks)
        place = self.program.folder()
        output = place / "out" / "out.zarr"
        self.samples.begin(self.kind, output)
        inputs = without_records(self.samples.folder / "out")
        before = [harness.listing(folder) for folder in (place / "out", output / "tables")]
        command, extra = self.program.command(self.ranks, self.samples.arguments(self.kind, output))
        values = harness.environment(place, extra)
        process = harness.start(command, values)
        self.wait(process, place, before)
        struck, problems, result = strike_and_finish(process, values[harness.MARK], self.victim, self.number, self.chance)
        state = harness.tree(output)
        outcome = "new" if state == new else "absent" if state is None else "old" if state == old else "between"
        is_peaks = self.kind.startswith("peaks")
        if outcome == "between" and not is_peaks:
            problems.append("INCOMPLETE under the output's name")
        if outcome == "absent" and old:
            problems.append("the old store is gone")
        if result.status == 0 and outcome != "new":
            problems.append("status 0 without the result")
        if is_peaks and state is not None:
            problems += opened(output, old)
        if without_records(self.samples.folder / "out") != inputs:
            problems.append("a sample CHANGED")
        problems += self.again(place, output, state, new)
        harness.discard(place)
        return outcome if struck else f"{outcome}, over before", problems

    def again(self, place, output, state, new):
        """The next run of the command."""
        more = "--replace" if self.kind.startswith("peaks") else "--overwrite"
        words = [] if more in self.kind or state is None else [more]
        command, extra = self.program.command(self.ranks, self.samples.arguments(self.kind, output, *words))
        result = harness.run(command, harness.environment(place, extra), 120)
        if result.status != 0:
            return [f"the next run: status {result.status}, {' // '.join(result.lines)[:200]}".replace(str(place), "")]
        problems = []
        if harness.tree(output) != new:
            problems.append("the next run: WRONG STORE")
        left = set(harness.listing(place / "out")) - {"out.zarr", "out.zarr.run.json", "out.zarr.report.html"}
        if left:
            problems.append(f"the next run leaves {sorted(left)}")
        return problems


def campaign(program, options):
    samples = Samples(program)
    return go_through("store-kills", options, len(KINDS), lambda i, chance: StoreKill(samples, KINDS[i % len(KINDS)], chance))
