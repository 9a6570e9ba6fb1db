"""Each call of a small run fails once: the run then ends with one sentence and leaves nothing, or ends with the right store.

A case is written MODE/RANKS/VICTIM/CALL/NUMBER/HOW, as in hdf5/2/1/pwrite/7/EIO: of a run in that mode on two ranks, the
seventh pwrite of rank 1 fails with EIO. HOW may end in '+': every call from that one on fails. Calls of MPI are written
MPI_Allreduce, and are raised or returned (tests/support/fail_mpi.c).
"""
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import harness

WAYS = {
    "write": ["EIO", "ENOSPC", "EDQUOT", "SHORT", "EINTR", "ENOSPC+", "EIO+"],
    "pwrite": ["EIO", "ENOSPC", "EDQUOT", "SHORT", "EINTR", "EDQUOT+", "EIO+"],
    "read": ["EIO", "SHORT", "EINTR"],
    "pread": ["EIO", "SHORT", "EINTR", "EIO+"],
    "fsync": ["EIO", "ENOSPC", "EDQUOT"],
    "syncfs": ["EIO", "ENOSPC"],
    "rename": ["EIO", "ENOSPC", "EDQUOT"],
    "link": ["EIO", "EOPNOTSUPP"],
    "mkdir": ["EIO", "ENOSPC", "EDQUOT"],
    "ftruncate": ["EIO", "ENOSPC", "EINTR"],
    "fallocate": ["EIO", "ENOSPC", "EDQUOT", "EINTR", "EOPNOTSUPP"],
    "mmap": ["ENOMEM"],
    "malloc": ["ENOMEM"],
    "aligned_alloc": ["ENOMEM"],
    "open": ["EIO", "ENOSPC", "EMFILE", "EINTR"],
    "opendir": ["EIO", "EMFILE"],
    "close": ["EIO", "EDQUOT", "EINTR"],
    "fclose": ["EIO", "ENOSPC"],
    "unlink": ["EIO", "EACCES"],
    "rmdir": ["EIO"],
    "flock": ["EIO", "ENOLCK", "ENOSYS"],
}
# Removing is done by these: if one of them fails, something may stay, until the next run of the same output.
REMOVING = {"unlink", "rmdir", "opendir", "open"}
SAMPLE = 70  # cases of the usual run
MPI_WAYS = ["return", "raise"]
CONFIGURATIONS = [(mode, ranks, victim) for mode in harness.MODES for ranks, victim in ((1, 0), (2, 0), (2, 1))]


def settings(place, call, number, how, victim):
    if call.startswith("MPI_"):
        return {"FAIL_MPI": f"{call.removeprefix('MPI_')}:{number}:{victim}", "FAIL_MPI_HOW": how, "FAIL_MPI_OF": "program"}
    sticky = how.endswith("+")
    values = {
        "MZG_FAULT_CALL": call, "MZG_FAULT_AT": number, "MZG_FAULT_AS": how.rstrip("+"), "MZG_FAULT_RANK": victim,
        "MZG_FAULT_PATHS": f"{place}/out:{place}/temp:memfd:/mzgrid-", "MZG_FAULT_LOG": place / "fired",
    }
    if sticky:
        values["MZG_FAULT_STICKY"] = "1"
    return values


def count_calls(program, what, ranks, victim, arguments_of, settings_of):
    """How many calls of each kind the victim makes in a run of the program with arguments_of(place)."""
    place = program.folder()
    command, extra = program.command(ranks, arguments_of(place), program.shim)
    values = {**settings_of(place), "MZG_FAULT_COUNTS": place / "counts"}
    result = harness.run(command, harness.environment(place, extra, values), 120)
    if result.status != 0:
        raise SystemExit(f"{what} on {ranks} ranks fails without a fault: {result.lines}")
    words = (place / "counts").read_text().split()
    counts = {name: int(value) for name, value in (word.split("=") for word in words) if name in WAYS}
    harness.discard(place)
    if program.mpi_shim and ranks > 1:
        place = program.folder()
        command, extra = program.command(ranks, arguments_of(place), program.mpi_shim)
        values = {"FAIL_MPI_COUNTS": place / "mpi-counts", "FAIL_MPI_OF": "program"}
        harness.run(command, harness.environment(place, extra, values), 120)
        for line in (place / f"mpi-counts.{victim}").read_text().splitlines():
            name, value = line.split()
            counts[f"MPI_{name}"] = int(value)
        harness.discard(place)
    return counts


def ways_of(call):
    return MPI_WAYS if call.startswith("MPI_") else WAYS[call]


def plan(program, seed, most, ways_each, wanted=None):
    """The cases to run, as (mode, ranks, victim, call, number, how). `most`: of each kind of call in each configuration at
    most so many numbers, spread over all (None: every one); `ways_each`: in how many ways each fails (None: in all)."""
    chance = random.Random(seed)
    strata = []
    for mode, ranks, victim in CONFIGURATIONS:
        if wanted and not any(f"{mode}/{ranks}/{victim}".startswith(w[: len(f'{mode}/{ranks}/{victim}')]) for w in wanted):
            continue
        counts = count_calls(
            program, f"sweep: {mode}", ranks, victim, lambda place, mode=mode: program.convert(place / "out" / "out.zarr", mode),
            lambda place, victim=victim: settings(place, "none", 0, "EIO", victim),
        )
        for call, total in counts.items():
            numbers = list(range(1, total + 1))
            if most is not None and len(numbers) > most:
                edges = [len(numbers) * i // most for i in range(most + 1)]
                numbers = [chance.choice(numbers[a:b]) for a, b in zip(edges, edges[1:])]
            stratum = []
            for number in numbers:
                ways = ways_of(call)
                chosen = ways if ways_each is None else chance.sample(ways, min(ways_each, len(ways)))
                stratum += [(mode, ranks, victim, call, number, how) for how in chosen]
            chance.shuffle(stratum)
            strata.append(stratum)
    chance.shuffle(strata)
    cases = []
    while any(strata):  # in turn, so that any beginning of the plan is spread over all kinds
        cases += [stratum.pop() for stratum in strata if stratum]
        strata = [stratum for stratum in strata if stratum]
    return cases


def after_it(program, place, mode):
    """What the next run of the same output leaves of what this one could not remove."""
    command, extra = program.command(1, program.convert(place / "out" / "out.zarr", mode, "--overwrite"))
    result = harness.run(command, harness.environment(place, extra), 60)
    left = sorted(set(harness.listing(place / "out")) - set(harness.listing(program.reference(mode))))
    return [f"the next run: status {result.status}, left {left}"] if result.status != 0 or left else []


def judge(program, place, mode, call, result, fired):
    """The outcome in a word, and what is wrong with it."""
    reference = program.reference(mode)
    output = place / "out" / "out.zarr"
    left = [name for name in harness.listing(place / "out") + harness.listing(place / "temp")]
    problems = []
    if result.hangs:
        return "hang", ["hangs"]
    if result.status == 0:
        if harness.tree(output) != harness.tree(reference / "out.zarr"):
            problems.append("status 0 and WRONG STORE")
        kept = "out.h5ad"
        if mode == "keep" and not (place / "out" / kept).exists():
            problems.append("status 0 without the kept file")
        elif mode == "keep" and not harness.same_h5ad(place / "out" / kept, reference / kept):
            problems.append("status 0 and WRONG .h5ad")
        more = sorted(set(left) - set(harness.listing(reference)))
        if more and call in REMOVING:
            problems += after_it(program, place, mode)
        elif more:
            problems.append(f"left beside the store: {more}")
        if "out.zarr.run.json" not in left and not result.warnings:
            problems.append("no run record and no warning")
        if "out.zarr.report.html" not in left and not result.warnings:
            problems.append("no report and no warning")
        return "right" if fired else "not reached", problems
    if result.status not in (1, 2, 3):  # 2: what was asked for cannot be had here
        problems.append(f"status {result.status}")
    if len(result.errors) != 1:
        problems.append(f"{len(result.errors)} error lines")
    strange = [line for line in result.lines if not line.startswith(("mzgrid: error: ", "mzgrid: warning: "))]
    if strange:
        problems.append(f"{len(strange)} other lines, such as '{strange[0][:100]}'")
    # After the rename nothing but MPI itself can fail.
    if output.exists() and not (call.startswith("MPI_") and harness.tree(output) == harness.tree(reference / "out.zarr")):
        complete = harness.tree(output) == harness.tree(reference / "out.zarr")
        problems.append(f"status {result.status}, but a {'complete' if complete else 'INCOMPLETE'} store under the name")
    if left and call in REMOVING:
        problems += after_it(program, place, mode)
    # A failing call of MPI ends the job at once, as a kill does; the next run then takes the rest away.
    if left and call not in REMOVING and not call.startswith("MPI_"):
        problems.append(f"left behind: {sorted(left)}")
    if result.seconds > 30:
        problems.append(f"took {result.seconds:.0f} s")
    return "refused", problems


def one(program, case):
    return harness.tried(attempt, program, case)


def attempt(program, case):
    mode, ranks, victim, call, number, how = case
    place = program.folder()
    shim = program.mpi_shim if call.startswith("MPI_") else program.shim
    command, extra = program.command(ranks, program.convert(place / "out" / "out.zarr", mode), shim)
    values = settings(place, call, number, how, victim)
    result = harness.run(command, harness.environment(place, extra, values), 40)
    log = place / "fired"
    fired = log.read_text().strip() if log.exists() else ""
    outcome, problems = judge(program, place, mode, call, result, fired)
    where = fired.replace(str(place), "").split(" ", 2)[-1] if fired else ""
    said = " // ".join(result.lines)[:300].replace(str(place), "")
    harness.discard(place)
    return outcome, problems, f"{where} | {said}", result.mpirun_failed


def name_of(case):
    return "/".join(map(str, case))


def parse(text):
    mode, ranks, victim, call, number, how = text.split("/")
    return mode, int(ranks), int(victim), call, int(number), how


def campaign(program, options):
    tally = harness.Tally("faults")
    for mode in harness.MODES:
        program.reference(mode)
    if options.only:
        cases = [parse(text) for text in options.only]
    elif options.full:
        cases = plan(program, options.seed, options.most, options.ways or 1)
    else:
        cases = plan(program, options.seed, 1, 1)
    count = options.count or (None if options.full or options.only else SAMPLE)
    cases = cases[:count]
    lock = threading.Lock()
    end = options.end

    def work(case):
        if end():
            return
        outcome, problems, detail = one(program, case)
        with lock:
            tally.note(outcome, problems, name_of(case), detail if problems or options.only else "")
            if options.only:
                print(f"{name_of(case)}: {outcome} | {detail}", flush=True)

    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(work, cases))
    return tally
