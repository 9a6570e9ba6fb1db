"""Folders of a run of tests in /dev/shm or /tmp. A run that is killed leaves its own, and the next one that begins removes it: only
those of runs at work are locked."""

import fcntl
import os
import shutil
import tempfile
import uuid
from pathlib import Path


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)
    Path(f"{folder}.lock").unlink(missing_ok=True)


def remove_left(prefix, parent):
    """What runs left that are gone."""
    for lock in Path(parent).glob(f"{prefix}*.lock"):
        try:
            with lock.open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(lock.with_suffix(""))
        except OSError:  # it is at work, gone, or somebody else's
            continue


def make(prefix, parent=None):
    """An empty folder, until remove(), or until this process has ended and another one makes a folder."""
    parent = Path(parent or tempfile.gettempdir())
    remove_left(prefix, parent)
    folder = parent / f"{prefix}{uuid.uuid4().hex[:8]}"
    # Kept open until the process ends; what it starts does not inherit it.
    lock = os.open(f"{folder}.lock", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    folder.mkdir(mode=0o700)
    return str(folder)
