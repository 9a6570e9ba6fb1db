"""What a power cut leaves: the calls of a run, recorded by the shim, are applied again up to some point, in memory.

Each prefix of the record is tried, and for some points also what a file system may have made of the calls since the last
sync: data missing, cut or zero, and names as they were before. What bears the output's name is then complete, or there
is nothing (with --overwrite: the old store, the new one, or, between two renames, the old one as OUT.zarr.old).
Some of these states are written to the disk, and the run is repeated there.
"""
import hashlib
import os
import random
from pathlib import Path

import harness

OUTPUT = "out.zarr"
DATA = {"write", "truncate", "extend", "punch"}
SYNCS = {"fsync", "syncfs"}


class File:
    def __init__(self, content=b""):
        self.content = bytearray(content)


class Disk:
    """A tree of names: dictionaries are directories. Calls that no longer make sense, as something before them is missing,
    do nothing."""

    def __init__(self, root=None):
        self.root = root if root is not None else {}
        self.files = {}

    def find(self, path):
        node = self.root
        for name in path:
            if not isinstance(node, dict) or name not in node:
                return None
            node = node[name]
        return node

    def parent(self, path):
        node = self.find(path[:-1])
        return node if isinstance(node, dict) else None

    def file_of(self, call):
        return self.files.get(call.inode) or self.adopt(call)

    def adopt(self, call):
        """A file that was there before the record began."""
        node = self.find(call.path)
        if isinstance(node, File) and node not in self.files.values():
            self.files[call.inode] = node
            return node
        return None

    def apply(self, call, data):
        if call.what in DATA:
            file = self.file_of(call)
            if file:
                change(file.content, call, data)
            return
        if call.what in SYNCS:
            return
        parent = self.parent(call.path)
        if parent is None:
            return
        name = call.path[-1]
        if call.what == "create":
            self.files[call.inode] = parent.setdefault(name, File())
        elif call.what == "mkdir":
            parent.setdefault(name, {})
        elif call.what == "unlink":
            if isinstance(parent.get(name), File):
                del parent[name]
        elif call.what == "rmdir":
            if parent.get(name) == {}:
                del parent[name]
        elif call.what in ("rename", "link", "exchange"):
            other = self.parent(call.other)
            if other is None or name not in parent:
                return
            target = other.get(call.other[-1])
            if call.what == "exchange":
                if target is not None:
                    parent[name], other[call.other[-1]] = target, parent[name]
                return
            if isinstance(target, dict) and target:
                return
            other[call.other[-1]] = parent[name]
            if call.what == "rename":
                del parent[name]


def change(content, call, data):
    if call.what == "write":
        if len(content) < call.offset:
            content.extend(bytes(call.offset - len(content)))
        content[call.offset : call.offset + len(data)] = data
    elif call.what == "truncate":
        del content[call.offset :]
        content.extend(bytes(call.offset - len(content)))
    elif call.what == "extend":
        content.extend(bytes(max(0, call.offset - len(content))))
    elif call.what == "punch":
        end = min(len(content), call.offset + call.size)
        content[call.offset : end] = bytes(max(0, end - call.offset))


class Call:
    def __init__(self, line, root):
        what, inode, path, *rest = line.split("\t")
        self.what, self.inode = what, int(inode)
        self.path = parts_below(path, root)
        self.other = self.offset = self.size = self.place = None
        if what in DATA | SYNCS | {"create"}:
            self.offset, self.size, self.place = map(int, rest)
        elif rest[0]:
            self.other = parts_below(rest[0], root)


def parts_below(path, root):
    return tuple(part for part in os.path.relpath(os.path.normpath(path), root).split("/") if part != ".")


def record(program, mode, ranks, overwrite):
    """The calls of a run and their data, the tree in which it began and that in which it ended, and its folder."""
    place = program.folder()
    out = place / "out"
    if overwrite:
        command, extra = program.command(1, program.convert(out / OUTPUT, mode, source=harness.OLD_INPUT))
        if harness.run(command, harness.environment(place, extra), 60).status != 0:
            raise SystemExit("replay: the old store cannot be made")
    begin = load(out)
    (place / "record").mkdir()
    values = {"MZG_FAULT_RECORD": place / "record", "MZG_FAULT_PATHS": f"{out}"}
    more = ["--overwrite"] if overwrite else []
    command, extra = program.command(ranks, program.convert(out / OUTPUT, mode, *more), program.shim)
    result = harness.run(command, harness.environment(place, extra, values), 120)
    if result.status != 0:
        raise SystemExit(f"replay: the recorded run failed: {result.lines}")
    data = (place / "record" / "data").read_bytes()
    # Files that stdio writes are not in the record; none of them is in the store.
    calls = [Call(line, out) for line in (place / "record" / "calls").read_text(errors="surrogateescape").splitlines()]
    return calls, data, begin, load(out), place


def load(folder):
    """A tree on the disk as dictionaries."""
    found = {}
    for entry in os.scandir(folder):
        found[entry.name] = load(entry.path) if entry.is_dir(follow_symlinks=False) else File(Path(entry.path).read_bytes())
    return found


def store(node, folder):
    for name, child in node.items():
        if isinstance(child, dict):
            (folder / name).mkdir()
            store(child, folder / name)
        else:
            (folder / name).write_bytes(child.content)


def copy(node):
    return {name: copy(child) if isinstance(child, dict) else File(child.content) for name, child in node.items()}


def digest(node):
    """Names and contents below a node, as a number that is equal if they are."""
    if node is None:
        return None
    if isinstance(node, File):
        return hashlib.sha256(node.content).hexdigest()
    text = "\n".join(f"{name}\0{digest(child)}" for name, child in sorted(node.items()))
    return hashlib.sha256(b"dir" + text.encode("utf8", "surrogateescape")).hexdigest()


def bytes_of(call, data):
    return data[call.place : call.place + call.size] if call.what == "write" else b""


def durable(calls, end):
    """For each of the first `end` calls, whether a sync that came after it holds it."""
    held = [False] * end
    everything = False
    synced = set()
    names_held = False
    for i in range(end - 1, -1, -1):
        call = calls[i]
        if call.what == "syncfs":
            everything = True
        elif call.what == "fsync":
            synced.add(call.inode)
            names_held = True  # journals keep the order of names: the sync of one brings those before it
        if everything or (call.what in DATA and call.inode in synced) or (call.what not in DATA and names_held):
            held[i] = True
    return held


def after_a_cut(calls, data, begin, end, chance):
    """The tree after a power cut behind the first `end` calls, as a file system may have it: data that no sync holds is there
    in full, in part, as zeros or not at all; of the names that no sync holds those before some moment are there."""
    held = durable(calls, end)
    open_names = [i for i in range(end) if not held[i] and calls[i].what not in DATA]
    cut = chance.choice([end, chance.choice(open_names)]) if open_names else end
    fate = {}
    disk = Disk(copy(begin))
    for i in range(end):
        call = calls[i]
        piece = bytes_of(call, data)
        if not held[i]:
            if call.what not in DATA:
                if i >= cut:
                    continue
            else:
                # A file mostly shares one fate; now and then each of its pages has its own.
                choice = fate.setdefault(call.inode, chance.choice(["all", "none", "each"]))
                if choice == "each":
                    choice = chance.choice(["all", "none", "part", "zeros"])
                if choice == "none":
                    continue
                if choice == "part" and call.what == "write":
                    piece = piece[: chance.randrange(len(piece) + 1)]
                if choice == "zeros" and call.what == "write":
                    piece = bytes(len(piece))
        disk.apply(call, piece)
    return disk.root


def judge(root, old, new, overwrite):
    """The outcome in a word; what is wrong, if anything."""
    state = digest(root.get(OUTPUT))
    if state == new:
        return "new", []
    if state is None:
        if not overwrite:
            return "absent", []
        # Between two renames; its name is made of the output's.
        if any(name.startswith(OUTPUT) and name.endswith(".old") and digest(node) == old for name, node in root.items()):
            return "old beside", []
        return "lost", ["the old store is neither under its name nor beside it"]
    if old is not None and state == old:
        return "old", []
    return "incomplete", ["INCOMPLETE under the output's name"]


def again(program, place, mode, root, overwrite, new):
    """The same run after the cut, in the same folder: it succeeds, and nothing of the first is left. One that fails before it
    does not take the old store away."""
    harness.discard(place / "out")
    (place / "out").mkdir()
    store(root, place / "out")
    if judge(root, None, new, False)[0] == "absent" and overwrite:
        command, extra = program.command(1, program.convert(place / "out" / OUTPUT, mode, "--overwrite", source=place / "no.imzML"))
        harness.run(command, harness.environment(place, extra), 60)
        stores = {digest(node) for node in load(place / "out").values() if isinstance(node, dict)}
        if not {digest(node) for name, node in root.items() if name.endswith(".old")} <= stores:
            return ["a run that fails after the cut removes the old store"]
    more = ["--overwrite"] if overwrite or OUTPUT in root else []
    command, extra = program.command(1, program.convert(place / "out" / OUTPUT, mode, *more))
    result = harness.run(command, harness.environment(place, extra), 60)
    expected = {OUTPUT, OUTPUT + ".run.json", OUTPUT + ".report.html"} | ({"out.h5ad"} if mode == "keep" else set())
    problems = []
    if result.status != 0:
        problems.append(f"the next run: status {result.status}, {' // '.join(result.lines)[:200]}".replace(str(place), ""))
    else:
        if digest(load(place / "out").get(OUTPUT)) != new:
            problems.append("the next run: WRONG STORE")
        left = sorted(set(harness.listing(place / "out")) - expected)
        if left:
            problems.append(f"the next run leaves {left}")
    return problems


def campaign(program, options):
    tally = harness.Tally("power cuts")
    chance = random.Random(options.seed)
    if options.full:
        cases = [(mode, ranks, overwrite) for mode in harness.MODES for ranks in (1, 2) for overwrite in (False, True)]
    else:
        cases = [("off", 2, False), ("keep", 2, True)]
    if options.only:
        cases = [(mode, int(ranks), how == "overwrite") for mode, ranks, how in (text.split("/") for text in options.only)]
    reorderings = 20000 if options.full else 400
    for mode, ranks, overwrite in cases:
        if options.end():
            break
        calls, data, begin, final, place = record(program, mode, ranks, overwrite)
        name = f"{mode}/{ranks}/{'overwrite' if overwrite else 'fresh'}"
        new = digest(final[OUTPUT])
        if harness.tree(program.reference(mode) / OUTPUT) is None or digest(load(program.reference(mode))[OUTPUT]) != new:
            tally.note("wrong", ["the recorded run has another store than the reference"], name)
        old = digest(begin.get(OUTPUT)) if overwrite else None
        disk = Disk(copy(begin))
        states = {}
        for i, call in enumerate(calls):
            disk.apply(call, bytes_of(call, data))
            outcome, problems = judge(disk.root, old, new, overwrite) if OUTPUT in disk.root or overwrite else ("absent", [])
            tally.note(outcome, problems, f"{name}, first {i + 1} of {len(calls)} calls", f"{call.what} {'/'.join(call.path)}")
            if i % max(1, len(calls) // (24 if options.full else 3)) == 0 or i > len(calls) - (12 if options.full else 2):
                states[f"first {i + 1} calls"] = copy(disk.root)
        if digest(disk.root.get(OUTPUT)) != new:
            tally.note("wrong", ["the whole record does not give the store: something is written past the shim"], name)
        tail = max(0, len(calls) - 700)  # most of what matters happens near the end
        for k in range(reorderings // len(cases)):
            end = chance.randrange(tail, len(calls)) + 1 if k % 2 else chance.randrange(len(calls)) + 1
            root = after_a_cut(calls, data, begin, end, chance)
            outcome, problems = judge(root, old, new, overwrite)
            tally.note(outcome, problems, f"{name}, power cut {k} behind call {end} of {len(calls)}",
                       f"{calls[end - 1].what} {'/'.join(calls[end - 1].path)}")
            if k < (20 if options.full else 1):
                states[f"power cut {k}"] = root
        # Without its syncs the same run has to be caught.
        careless = [call for call in calls if call.what not in SYNCS]
        cuts = (after_a_cut(careless, data, begin, len(careless), chance) for _ in range(40))
        if not any(judge(root, old, new, overwrite)[0] == "incomplete" for root in cuts):
            tally.note("wrong", ["a run without syncs is not told from this one"], name)
        for what, root in states.items():
            if not options.end():
                tally.note("next run", again(program, place, mode, root, overwrite, new), f"{name}, run after {what}")
        harness.discard(place)
    return tally
