"""Kills at random moments: the output is absent or complete (or the old one), no process stays, and the next run of the same
command succeeds and leaves nothing of the first behind."""
import json
import random
import signal
import time

import harness

SOURCE = "synthetic:60x60:300:centroid:3"
PHASES = ["open", "axis", "stream", "assemble", "finish"]
VICTIMS = ["all", "one", "first"]  # the whole job, one rank, mpirun (on one rank: the program) alone


def phases(metrics):
    """The phases that are over, with their seconds."""
    found = {}
    try:
        for line in metrics.read_text(errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if entry.get("event") == "stage":
                found[entry["stage"]] = entry["seconds"]
    except OSError:
        pass
    return found


def wait_for(process, metrics, phase, lengths, chance):
    """Until a random moment of that phase."""
    if phase in ("start", "whole"):
        time.sleep(chance.random() * (0.5 if phase == "start" else 1.05 * lengths["whole"]))
        return
    while process.poll() is None and len(phases(metrics)) < PHASES.index(phase):
        time.sleep(0.0005)
    time.sleep(chance.random() * lengths.get(phase, 0.05))


def strike(process, mark, victim, number, chance):
    """Kills whom it should hit; False if the run was over before."""
    if process.poll() is not None:
        return False
    ranks = harness.ranks_of(mark)
    if victim == "all":
        harness.kill(harness.processes(mark), number)
    elif victim == "first" or not ranks:
        harness.kill([process.pid], number)
    else:
        harness.kill([chance.choice(ranks)], number)
    return True


def strike_and_finish(process, mark, victim, number, chance):
    """Whether it was struck before it was over, what still ran 5 s later, as problems, and how it ended."""
    struck = strike(process, mark, victim, number, chance)
    begun = time.monotonic()
    while harness.processes(mark) and time.monotonic() - begun < 5:
        process.poll()
        time.sleep(0.02)
    left = harness.processes(mark)
    problems = [f"still runs 5 s later: {sorted(filter(None, map(harness.name_of, left)))}"] if left else []
    harness.kill(left)
    return struck, problems, harness.finish(process, 20, mark)


class Kill:
    def __init__(self, program, chance, lengths):
        self.program, self.lengths = program, lengths
        self.mode = chance.choice(list(harness.MODES))
        self.ranks = chance.choice([1, 2, 2, 3, 4])
        self.overwrite = chance.random() < 0.3
        self.victim = chance.choice(VICTIMS)
        self.number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
        self.phase = chance.choice([*PHASES, "start", "whole"])
        self.temp = chance.random() < 0.3 and not self.mode.startswith("direct")
        self.chance = random.Random(chance.random())
        self.name = (f"{self.mode}/{self.ranks}/{'overwrite' if self.overwrite else 'fresh'}{'/temp' if self.temp else ''}, "
                     f"{signal.Signals(self.number).name} to {self.victim} at {self.phase}")

    def arguments(self, place, *more):
        extra = ["--metrics", place / "metrics", *more]
        if self.temp:
            extra += ["--temp-dir", place / "temp"]
        return self.program.convert(place / "out" / "out.zarr", self.mode, *extra, source=SOURCE)

    def length(self):
        """The seconds of the phases of such a run, from a first one."""
        key = self.mode, self.ranks
        if key not in self.lengths:
            place = self.program.folder()
            command, extra = self.program.command(self.ranks, self.arguments(place))
            result = harness.run(command, harness.environment(place, extra), 120)
            self.lengths[key] = {**phases(place / "metrics"), "whole": result.seconds}
            harness.discard(place)
        return self.lengths[key]

    def run(self):
        """The outcome in a word and what was wrong."""
        place = self.program.folder()
        output = place / "out" / "out.zarr"
        reference = harness.tree(self.program.reference(self.mode, SOURCE) / "out.zarr")
        old = None
        more = []
        if self.overwrite:
            command, extra = self.program.command(1, self.program.convert(output, "off", source=harness.OLD_INPUT))
            harness.run(command, harness.environment(place, extra), 60)
            old = harness.tree(output)
            more = ["--overwrite"]
        lengths = self.length()
        memory = set(harness.shared_memory())
        command, extra = self.program.command(self.ranks, self.arguments(place, *more))
        values = harness.environment(place, extra)
        process = harness.start(command, values)
        wait_for(process, place / "metrics", self.phase, lengths, self.chance)
        struck, problems, result = strike_and_finish(process, values[harness.MARK], self.victim, self.number, self.chance)
        state = harness.tree(output)
        outcome = "new" if state == reference else "absent" if state is None else "old" if state == old else "BAD"
        if outcome == "BAD":
            problems.append("INCOMPLETE under the output's name")
        if old and outcome == "absent":
            problems.append("the old store is gone")
        if result.status == 0 and outcome != "new":
            problems.append("status 0 without the store")
        problems += self.again(place, reference, outcome, memory)
        harness.discard(place)
        return outcome if struck else f"{outcome}, over before", problems

    def again(self, place, reference, outcome, memory):
        more = ["--overwrite"] if self.overwrite or outcome == "new" else []
        command, extra = self.program.command(self.ranks, self.arguments(place, *more))
        result = harness.run(command, harness.environment(place, extra), 120)
        if result.status != 0:
            return [f"the next run: status {result.status}, {' // '.join(result.lines)[:200]}".replace(str(place), "")]
        problems = []
        if harness.tree(place / "out" / "out.zarr") != reference:
            problems.append("the next run: WRONG STORE")
        kept = {"out.h5ad"} if self.mode == "keep" else set()
        left = set(harness.listing(place / "out")) - {"out.zarr", "out.zarr.run.json", "out.zarr.report.html"} - (set() if self.temp else kept)
        left |= set(harness.listing(place / "temp")) - (kept if self.temp else set())
        if left:
            problems.append(f"the next run leaves {sorted(left)}")
        memory = set(harness.shared_memory()) - memory
        if memory:
            problems.append(f"left in /dev/shm: {sorted(memory)[:3]}")
        return problems


def go_through(name, options, sample, case_of):
    """Runs the cases that case_of(i, chance) makes, a sample of them unless all or a number are asked for."""
    tally = harness.Tally(name)
    chance = random.Random(options.seed)
    for i in range(options.count or (200 if options.full else sample)):
        case = case_of(i, chance)
        if options.only and str(i) not in options.only:
            continue
        if options.end():
            break
        outcome, problems = case.run()
        tally.note(outcome, problems, f"{i}: {case.name}")
    return tally


def campaign(program, options):
    lengths = {}
    return go_through("kills", options, 6, lambda _, chance: Kill(program, chance, lengths))
