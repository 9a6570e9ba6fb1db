"""What a program that was killed could not remove. The program itself removes it with the next run of the same output,
by the rule of src/core/own_file.h; here it goes with the exception. Only claims of processes of this machine that are
dead count, and only names of such a claim are removed."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from pathlib import Path

OWNER = re.compile(r"(?P<stem>.+)\.[0-9a-f]{8}-[0-9a-f]{8}\.owner")
CUT = 40  # bytes that a name has at least in its stem, however long it is


def remove(target: str, *directories: str | os.PathLike[str] | None) -> None:
    """The leftovers of `target`, beside it and in other directories that its run was given."""
    place = Path(os.path.abspath(target))
    for directory in {place.parent, *(Path(d) for d in directories if d)}:
        try:
            names = os.listdir(directory)
        except OSError:
            continue
        for owner in names:
            found = OWNER.fullmatch(owner)
            if found and is_of(found["stem"], place.name) and is_dead(directory / owner):
                claim = owner.removesuffix("owner")
                for name in (n for n in names if n.startswith(claim) and n != owner):
                    remove_one(directory / name)
                remove_one(directory / owner)  # at last, for without it nobody knows whose the others are


def is_of(stem: str, name: str) -> bool:
    return stem == name or (len(os.fsencode(stem)) >= CUT and name.startswith(stem))


def is_dead(owner: Path) -> bool:
    """Whether the process that locked the file ran on this machine, and has ended."""
    try:
        # Of a pipe of this name nobody waits for a writer.
        file = os.open(owner, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        said = dict(line.split(" ", 1) for line in os.read(file, 1024).decode().splitlines() if " " in line)
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        here = said["boot"] == boot and said["space"] == os.readlink("/proc/self/ns/pid")
        return here and start_of(int(said["pid"])) != said["start"]
    except (OSError, ValueError, KeyError):
        return False
    finally:
        os.close(file)


def start_of(pid: int) -> str | None:
    """When a process began, in ticks; None if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def remove_one(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
    except OSError:
        pass
