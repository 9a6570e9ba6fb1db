"""Nothing is left behind when convert() ends, however it ends: no process, no zombie, no thread, no open file, and no
file beside the output."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

import mzgrid

LARGE = "synthetic:3000x3000:300"
OPTIONS = dict(progress=False, threads=1, chunk_size=500)


def children():
    """All, zombies too: they stay in /proc until somebody waits for them."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        if entry.name.isdigit() and int(fields[1]) == os.getpid():
            found[int(entry.name)] = fields[0]
    return found


def here():
    """What may be left: children with their states, threads, open files."""
    threads = {t for t in threading.enumerate() if not t.name.startswith(("asyncio", "zarr"))}
    return children(), threads, len(os.listdir("/proc/self/fd"))


def programs(store):
    """The processes that convert to the store, mpirun left out."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if entry.name.isdigit() and os.fsencode(store) in words and words[0].endswith(b"/mzgrid"):
            found.append(int(entry.name))
    return found


def when_it_writes(store, do):
    """Calls `do` in a thread as soon as the run has begun its output, for each rank that may fall."""

    def wait():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if list(store.parent.glob(f"{store.name}.*.part")) and programs(store):
                do()
                return
            time.sleep(0.01)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def kill_all(store):
    for pid in programs(store):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


@pytest.fixture
def clean(tmp_path, monkeypatch):
    """A store's name in an empty folder; and the check that all is as before."""
    mzgrid.convert("synthetic:4x4:50", tmp_path / "first.zarr", bins=50, progress=False)  # what stays is there now
    store = tmp_path / "out.zarr"
    before = here()
    names = set(os.listdir(tmp_path))
    yield store
    left = here()
    assert left[0] == before[0], "children"
    assert left[1] == before[1], "threads"
    assert left[2] <= before[2], "open files"
    assert set(os.listdir(tmp_path)) == names
    assert not programs(store)


@pytest.mark.parametrize("ranks", [1, 2])
def test_after_a_failure(clean, ranks):
    with pytest.raises(mzgrid.ConversionError):
        mzgrid.convert("synthetic:4x4:50", clean, ranks=ranks, progress=False, min_mz=5000, max_mz=5001, bins=3)
    with pytest.raises(mzgrid.SystemFailure):
        mzgrid.convert(clean.parent / "none.imzML", clean, ranks=ranks, progress=False)


@pytest.mark.parametrize("ranks", [1, 2])
def test_after_a_kill(clean, ranks):
    """By the system, which kills all of them if memory is short: none can remove what it began."""
    killer = when_it_writes(clean, lambda: kill_all(clean))
    with pytest.raises(mzgrid.ProgramError, match="SIGKILL"):
        mzgrid.convert(LARGE, clean, ranks=ranks, **OPTIONS)
    killer.join()


@pytest.mark.parametrize("ranks", [1, 2])
def test_after_ctrl_c(clean, ranks, monkeypatch):
    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        thread = when_it_writes(clean, lambda: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            mzgrid.convert(LARGE, clean, ranks=ranks, **OPTIONS)
        thread.join()
    finally:
        signal.signal(signal.SIGINT, old)


def test_what_others_have_stays(tmp_path):
    """A claim of a process that lives, one of another machine, one of another output, and what is no claim."""
    from mzgrid import _leftovers

    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    space = os.readlink("/proc/self/ns/pid")
    start = _leftovers.start_of(os.getpid())

    def claim(name, **fields):
        rows = dict(host="here", boot=boot, space=space, pid=os.getpid(), start=start, job="-", locked=1) | fields
        text = "".join(f"{key} {value}\n" for key, value in rows.items())
        (tmp_path / f"{name}.owner").write_text(f"mzgrid owner 1\n{text}")
        (tmp_path / f"{name}.part").mkdir()
        (tmp_path / f"{name}.part" / "zarr.json").write_text("{}")

    claim("a.zarr.11111111-00000001")
    claim("a.zarr.11111111-00000002", boot="another")
    claim("b.zarr.11111111-00000003", start=1)
    claim("a.zarr.11111111-00000004", start=1)
    (tmp_path / "a.zarr.part").mkdir()
    os.mkfifo(tmp_path / "a.zarr.11111111-00000005.owner")
    _leftovers.remove(str(tmp_path / "a.zarr"))
    assert sorted(os.listdir(tmp_path)) == [
        "a.zarr.11111111-00000001.owner",
        "a.zarr.11111111-00000001.part",
        "a.zarr.11111111-00000002.owner",
        "a.zarr.11111111-00000002.part",
        "a.zarr.11111111-00000005.owner",
        "a.zarr.part",
        "b.zarr.11111111-00000003.owner",
        "b.zarr.11111111-00000003.part",
    ]
