"""Each call of an export fails once: it then ends with one sentence and leaves nothing, or ends with the right files. The
store that it reads is as it was.

A case is written FORM/RANKS/VICTIM/CALL/NUMBER/HOW, as in imzml/2/1/pwrite/1/ENOSPC; CALL and HOW are those of sweep.py.
"""
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import harness
import sweep

FORMS = {"imzml": ["--imzml"], "processed": ["--processed"], "csv": ["--csv"], "peak-list": ["--peak-list"]}
OUTPUT = {"imzml": "x.imzML", "processed": "x.imzML", "csv": "x.csv", "peak-list": "x.csv"}
CONFIGURATIONS = [("imzml", 1, 0), ("processed", 1, 0), ("csv", 1, 0), ("peak-list", 1, 0), ("imzml", 2, 0), ("processed", 2, 1)]
SAMPLE = 24  # cases of the usual run


def store_of(program):
    """A store with a feature table, made once."""
    store = program.work / "exported.zarr"
    if not store.exists():
        place = program.folder()
        convert = ["convert", "synthetic:12x10:300:centroid:7:full", store, "-q", "--bins", "900", "--threads", "1", "--peaks"]
        command, extra = program.command(1, convert)
        result = harness.run(command, harness.environment(place, extra), 120)
        if result.status != 0:
            raise SystemExit(f"exports: the store cannot be made: {result.lines}")
    return store


def export(program, place, form, *more):
    threads = ["--threads", "1"] if form in ("imzml", "processed") else []
    return ["export", store_of(program), *FORMS[form], "-o", place / "out" / OUTPUT[form], "-q", *threads, *more]


def settings(program, place, call, number, how, victim):
    values = sweep.settings(place, call, number, how, victim)
    if "MZG_FAULT_PATHS" in values:
        values["MZG_FAULT_PATHS"] += f":{store_of(program)}"
    return values


def reference(program, form):
    key = "export", form
    if key not in program.references:
        place = program.folder()
        command, extra = program.command(1, export(program, place, form))
        result = harness.run(command, harness.environment(place, extra), 120)
        if result.status != 0:
            raise SystemExit(f"exports: {form} fails without a fault: {result.lines}")
        program.references[key] = harness.tree(place / "out")
    return program.references[key]


def plan(program, seed, most, ways_each):
    chance = random.Random(seed)
    cases = []
    for form, ranks, victim in CONFIGURATIONS:
        counts = sweep.count_calls(
            program, f"exports: {form}", ranks, victim, lambda place, form=form: export(program, place, form),
            lambda place, victim=victim: settings(program, place, "none", 0, "EIO", victim),
        )
        for call, total in counts.items():
            numbers = range(1, total + 1)
            if most is not None and total > most:
                numbers = sorted(chance.sample(numbers, most))
            for number in numbers:
                ways = sweep.ways_of(call)
                for how in ways if ways_each is None else chance.sample(ways, min(ways_each, len(ways))):
                    cases.append((form, ranks, victim, call, number, how))
    chance.shuffle(cases)
    return cases


def after_it(program, place, form):
    """What the next run of the same output leaves of what this one could not remove."""
    command, extra = program.command(1, export(program, place, form, "--overwrite"))
    result = harness.run(command, harness.environment(place, extra), 60)
    right = result.status == 0 and harness.tree(place / "out") == reference(program, form)
    return [] if right else [f"the next run: status {result.status}, {harness.listing(place / 'out')}"]


def judge(program, place, form, call, result, fired, before):
    problems = []
    out = harness.tree(place / "out")
    if result.hangs:
        return "hang", ["hangs"]
    if harness.tree(store_of(program)) != before:
        problems.append("THE STORE IS ANOTHER ONE")
    if result.status == 0:
        if out != reference(program, form):
            wrong = [name for name, digest in reference(program, form).items() if out.get(name) != digest]
            problems += [f"status 0 and WRONG {wrong}"] if wrong else []
            problems += after_it(program, place, form) if call in sweep.REMOVING else [f"left: {harness.listing(place / 'out')}"]
        return "right" if fired else "not reached", problems
    if result.status not in (1, 2):
        problems.append(f"status {result.status}")
    if len(result.errors) != 1:
        problems.append(f"{len(result.errors)} error lines")
    strange = [line for line in result.lines if not line.startswith(("mzgrid: error: ", "mzgrid: warning: "))]
    problems += [f"{len(strange)} other lines, such as '{strange[0][:100]}'"] if strange else []
    if out and (call in sweep.REMOVING or call.startswith("MPI_")):  # MPI ends the job at once, as a kill does
        problems += after_it(program, place, form)
    elif out:
        problems.append(f"left behind: {sorted(out)}")
    return "refused", problems


def one(program, case):
    return harness.tried(attempt, program, case)


def attempt(program, case):
    form, ranks, victim, call, number, how = case
    place = program.folder()
    before = harness.tree(store_of(program))
    shim = program.mpi_shim if call.startswith("MPI_") else program.shim
    command, extra = program.command(ranks, export(program, place, form), shim)
    values = settings(program, place, call, number, how, victim)
    result = harness.run(command, harness.environment(place, extra, values), 40)
    log = place / "fired"
    fired = call.startswith("MPI_") or (log.read_text().strip() if log.exists() else "")
    outcome, problems = judge(program, place, form, call, result, fired, before)
    detail = f"{str(fired).replace(str(place), '')} | {' // '.join(result.lines)[:300].replace(str(place), '')}"
    harness.discard(place)
    return outcome, problems, detail, result.mpirun_failed


def campaign(program, options):
    tally = harness.Tally("exports")
    for form in FORMS:
        reference(program, form)
    if options.only:
        cases = [(f, int(r), int(v), c, int(n), h) for f, r, v, c, n, h in (text.split("/") for text in options.only)]
    else:
        cases = plan(program, options.seed, options.most if options.full else 2, options.ways or 1)
    cases = cases[: options.count or (None if options.full or options.only else SAMPLE)]
    lock = threading.Lock()

    def work(case):
        if options.end():
            return
        outcome, problems, detail = one(program, case)
        with lock:
            tally.note(outcome, problems, "/".join(map(str, case)), detail if problems or options.only else "")
            if options.only:
                print(f"{'/'.join(map(str, case))}: {outcome} | {detail}", flush=True)

    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(work, cases))
    return tally
