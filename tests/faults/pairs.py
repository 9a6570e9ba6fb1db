"""Two runs at once: each that ends with 0 has a right store under its name at that time, none harms the other, and nothing
stays."""
import os
import random
import threading
import time

import harness

SIZE = "synthetic:60x60:300:centroid"
KINDS = ["same output", "same name, one temporary directory", "out.zarr and out", "dry run beside a run",
         "overwrite beside a reader", "same output without locks", "same name without locks", "overwrite twice"]


def plain(program, source):
    return harness.tree(program.reference("hdf5", source) / "out.zarr")


class Pair:
    def __init__(self, program, kind, chance):
        self.program, self.kind = program, kind
        self.delay = chance.choice([0, 0.05, 0.2, 0.4, 0.7])
        self.mode = chance.choice(["hdf5", "hdf5", "keep", "off"])
        self.ranks = chance.choice([(1, 1), (1, 1), (2, 1), (1, 2)])
        self.sources = f"{SIZE}:1", f"{SIZE}:2"
        self.place = program.folder()
        self.problems = []
        self.statuses = [None, None]
        self.name = f"{kind}, {self.mode}, {self.ranks[0]} and {self.ranks[1]} ranks, {self.delay} s apart"

    def go(self, index, output, more, expected):
        """One of the two, and what its store is at the moment it ends."""
        preload = self.program.shim if "without locks" in self.kind else None
        arguments = self.program.convert(output, self.mode, *more, source=self.sources[index])
        command, extra = self.program.command(self.ranks[index], arguments, preload)
        extra = dict(extra)
        if preload:
            extra.update(MZG_FAULT_CALL="flock", MZG_FAULT_AT="1", MZG_FAULT_STICKY="1", MZG_FAULT_AS="ENOSYS",
                         MZG_FAULT_PATHS=str(self.place))
        result = harness.run(command, harness.environment(self.place, extra), 60)
        self.statuses[index] = result.status
        if result.hangs:
            self.problems.append(f"run {index} hangs")
        if result.status == 0 and "--dry-run" not in more and harness.tree(output) not in expected:
            self.problems.append(f"run {index}: status 0 and WRONG STORE")
        if result.status != 0 and len(result.errors) != 1:
            self.problems.append(f"run {index}: status {result.status}, {len(result.errors)} error lines")
        self.said[index] = " // ".join(result.lines)[:200].replace(str(self.place), "")

    def run(self):
        out = self.place / "out"
        a, b = plain(self.program, self.sources[0]), plain(self.program, self.sources[1])
        outputs = [out / "out.zarr", out / "out.zarr"]
        more = [[], []]
        expected = [[a], [b]]
        must = []  # which of the two has to end with 0
        reader = None
        if "same name" in self.kind:
            outputs = [out / "a" / "out.zarr", out / "b" / "out.zarr"]
            for output in outputs:
                output.parent.mkdir()
            more = [["--temp-dir", self.place / "temp"]] * 2
            if self.mode != "keep":  # whose kept files have one name
                must = [0, 1]
        elif self.kind == "out.zarr and out":
            outputs[1] = out / "out"
            if self.mode != "keep":  # as above
                must = [0, 1]
        elif self.kind == "dry run beside a run":
            more[1] = ["--dry-run"]
            must = [0]
        elif self.kind.startswith("overwrite"):
            # The one may replace what the other has just published.
            expected = [[a, b], [a, b]]
            command, extra = self.program.command(1, self.program.convert(outputs[0], "off", source=self.sources[1]))
            harness.run(command, harness.environment(self.place, extra), 60)
            more = [["--overwrite"], ["--overwrite"]]
            if self.kind == "overwrite beside a reader":
                reader = Reader(outputs[0], [a, b])
                must = [0]
        self.said = ["", ""]
        first = threading.Thread(target=self.go, args=(0, outputs[0], more[0], expected[0]))
        first.start()
        if reader:
            reader.watch(first)
            self.problems += reader.problems
        else:
            time.sleep(self.delay)
            self.go(1, outputs[1], more[1], expected[1])
        first.join()
        self.check(outputs, must, [a, b])
        harness.discard(self.place)
        outcome = " and ".join("-" if s is None else "done" if s == 0 else "refused" for s in self.statuses)
        return outcome, self.problems, " | ".join(self.said) if self.problems else ""

    def check(self, outputs, must, stores):
        for index in must:
            # Who comes second may be refused, whichever of the two it is.
            if self.statuses[index] != 0 and "another run" not in self.said[index]:
                self.problems.append(f"run {index} was harmed: status {self.statuses[index]}")
        if not must and 0 not in self.statuses:
            self.problems.append("neither run succeeded")
        for index, output in enumerate(outputs):
            state = harness.tree(output)
            if self.statuses[index] == 0 and "dry run" not in self.kind and state not in stores:
                self.problems.append(f"in the end {output.name} is not a right store")
        names = {output.name for output in outputs}
        for folder in {output.parent for output in outputs} | {self.place / "temp"}:
            for name in harness.listing(folder):
                if name not in names and not name.endswith((".run.json", ".report.html", ".h5ad")) and not (folder / name).is_dir():
                    self.problems.append(f"left: {name}")
                if (folder / name).is_dir() and name not in names | {"a", "b"}:
                    self.problems.append(f"left: {name}")


class Reader:
    """Opens the store again and again: it finds the old or the new one, never one of both. Between the two renames there may
    be none."""

    def __init__(self, output, stores):
        self.output, self.stores, self.problems, self.absent = output, stores, [], 0

    def watch(self, run):
        while run.is_alive():
            try:
                before = os.stat(self.output).st_ino
                state = harness.tree(self.output)
                if os.stat(self.output).st_ino != before:
                    continue  # it was replaced meanwhile
            except FileNotFoundError:  # as above, or moved away while it is read
                self.absent += 1
                continue
            if state not in self.stores:
                self.problems.append("a reader saw an incomplete store under the output's name")
                return


def campaign(program, options):
    tally = harness.Tally("pairs")
    chance = random.Random(options.seed)
    for i in range(options.count or (40 if options.full else len(KINDS))):
        pair = Pair(program, KINDS[i % len(KINDS)], chance)
        if (options.only and str(i) not in options.only) or options.end():
            harness.discard(pair.place)
            continue
        outcome, problems, detail = pair.run()
        tally.note(outcome, problems, f"{i}: {pair.name}", detail)
    return tally
