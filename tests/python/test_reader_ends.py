"""convert() of spectra that come from Python, as it ends early: faults of readers, signals, ranks, memory, disks."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from readers import AXIS, CTRL_C, FAST, SOURCE, left, one, script

import mzgrid


class Broken(Exception):
    pass


def broken(n):
    for i in range(n):
        yield one(i)
    raise Broken("in the middle")


def test_what_a_reader_raises_comes_out(tmp_path):
    with pytest.raises(Broken, match="in the middle") as caught:
        mzgrid.convert(broken(3000), tmp_path / "a.zarr", **FAST)
    assert caught.traceback[-1].name == "broken"
    assert left(tmp_path) == []

    class Later:
        """Breaks when spectra are read again, after the index was made."""

        reads = 0

        def __len__(self):
            return 30

        def __getitem__(self, i):
            self.reads += 1
            if self.reads > 40:
                raise Broken("later")
            return one(i)

    with pytest.raises(Broken, match="later"):
        mzgrid.convert(Later(), tmp_path / "a.zarr", **FAST)
    assert left(tmp_path) == []
    d = mzgrid.convert([one(i) for i in range(30)], tmp_path / "a.zarr", **FAST)  # and the next one works
    assert d.shape == (30, 50)


def test_a_reader_that_changes_its_mind(tmp_path):
    class Other:
        reads = 0

        def __len__(self):
            return 30

        def __getitem__(self, i):
            self.reads += 1
            return one(i, y=1 + self.reads // 31)

    with pytest.raises(mzgrid.SystemFailure, match="differently before"):
        mzgrid.convert(Other(), tmp_path / "a.zarr", **FAST)
    assert left(tmp_path) == []


def test_a_reader_belongs_to_its_thread(tmp_path):
    """As connections of sqlite3, by which vendors' files are read."""
    data = sqlite3.connect(":memory:")
    data.execute("create table spectra (x integer, mz real)")
    data.executemany("insert into spectra values (?, ?)", [(i + 1, 110.0 + i) for i in range(20)])

    class Reader:
        def __len__(self):
            return data.execute("select count(*) from spectra").fetchone()[0]

        def __getitem__(self, i):
            x, mz = data.execute("select x, mz from spectra order by x limit 1 offset ?", (i,)).fetchone()
            return x, 1, 1, [mz], [1.0]

    assert mzgrid.convert(Reader(), tmp_path / "a.zarr", **FAST).shape == (20, 50)
    found = []
    thread = threading.Thread(
        target=lambda: found.append(mzgrid.convert((one(i) for i in range(9)), tmp_path / "b.zarr", **FAST).shape)
    )
    thread.start()
    thread.join()
    assert found == [(9, 50)]


def test_a_reader_that_asks_the_library(file, tmp_path):
    class Reader:
        def __len__(self):
            return 5

        def __getitem__(self, i):
            return next(iter(mzgrid.read_imzml(file)))

    with pytest.raises(mzgrid.UsageError, match="a reader cannot ask it for spectra"):
        mzgrid.convert(Reader(), tmp_path / "a.zarr", **FAST)
    options = dict(AXIS, spectrum_type="centroid", progress=False)
    d = mzgrid.convert((s for s in mzgrid.read_imzml(file)), tmp_path / "a.zarr", **options)
    assert len(d.obs) == len(mzgrid.read_imzml(file))


def test_a_pipe_with_the_name_of_kept_spectra_stays(tmp_path):
    os.mkfifo(tmp_path / ".a.zarr.12345678.spectra")
    mzgrid.convert((one(i) for i in range(9)), tmp_path / "a.zarr", **FAST)
    assert left(tmp_path) == [".a.zarr.12345678.spectra", "a.zarr"]


ENDLESS = """
import itertools, os, sys, mzgrid
def spectra():
    for i in itertools.count():
        if i == 5000: print("reading", flush=True)
        yield (i + 1, 1, 1, [110.0, 120.0], [1.0, 2.0])
try:
    mzgrid.convert(spectra(), sys.argv[1], progress=False)
except BaseException as fault:
    print(type(fault).__name__, flush=True)
    raise
"""


@pytest.mark.parametrize("ranks", [None, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_reader_that_never_ends_is_ended(tmp_path, number, ranks):
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    start = ["mpirun", "-q", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)] if ranks else []
    started = time.monotonic()
    process = subprocess.Popen(
        [*CTRL_C, *start, sys.executable, "-c", ENDLESS, tmp_path / "a.zarr"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "reading\n"
    begin = time.monotonic()
    soon = max(10, 5 * (begin - started))  # on a machine that is slow, or has much else to do
    process.send_signal(number)
    try:
        out, err = process.communicate(timeout=3 * soon)
    finally:
        process.kill()  # one that does not end would run for ever
    assert time.monotonic() - begin < soon
    assert process.returncode != 0
    if ranks is None:
        assert process.returncode == -number
        assert ("KeyboardInterrupt" in out) == (number == signal.SIGINT), (out, err)
    assert left(tmp_path) == []


INTERRUPTED_LATER = """
import os, signal, sys, threading, mzgrid
class Reader:
    n = 0
    def __len__(self): return 4000
    def __getitem__(self, i):
        self.n += 1
        if self.n == 4500: os.kill(os.getpid(), signal.SIGINT)
        return (i + 1, 1, 1, [110.0, 120.0], [1.0, 2.0])
try:
    mzgrid.convert(Reader(), sys.argv[1], progress=False, pixel_size=1, bins=50)
except KeyboardInterrupt:
    print("interrupted")
d = mzgrid.convert([(1, 1, 1, [110.0, 120.0], [1.0, 2.0])], sys.argv[1], progress=False, pixel_size=1, bins=50)
print(d.shape, signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


def test_ctrl_c_while_the_engine_runs(tmp_path):
    done = script(INTERRUPTED_LATER, tmp_path / "a.zarr")
    assert (done.returncode, done.stdout) == (0, "interrupted\n(1, 50) True\n"), done.stderr
    assert left(tmp_path) == ["a.zarr"]


FAILING = """
import sys, mzgrid
rank = int(__import__("os").environ["OMPI_COMM_WORLD_RANK"])
where, kind, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3]
class Reader:
    n = 0
    def __len__(self):
        return 40
    def __getitem__(self, i):
        self.n += 1
        if rank == where and self.n > (3 if kind == "early" else 25):
            raise LookupError("gone")
        return (i + 1, 1, 1, [110.0, 120.0], [1.0, 2.0])
def stream():
    yield from [(1, 1, 1, [1.0], [1.0])] * 2000
    raise LookupError("gone")
class Shut:
    def __len__(self):
        if rank == where: raise LookupError("gone")
        return 40
    __getitem__ = Reader.__getitem__
    n = 0
source = stream() if kind == "stream" else Shut() if kind == "shut" else Reader()
try:
    mzgrid.convert(source, folder + "/a.zarr", progress=False, pixel_size=1, bins=50)
    text = "converted"
except BaseException as fault:
    text = f"{type(fault).__name__}: {fault}"
open(f"{folder}/told{rank}", "w").write(text)
"""


@pytest.mark.parametrize(("where", "kind"), [(1, "early"), (1, "late"), (1, "shut"), (0, "stream")])
def test_a_rank_that_fails_ends_all(tmp_path, where, kind):
    done = script(FAILING, where, kind, tmp_path, ranks=2)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / f"told{where}").read_text() == "LookupError: 'gone'" or "gone" in (
        tmp_path / f"told{where}"
    ).read_text()
    other = (tmp_path / f"told{1 - where}").read_text()
    assert other == f"ReaderFailed: the reader failed on rank {where}: LookupError: gone"
    assert left(tmp_path) == ["told0", "told1"]


MEMORY = """
import sys, numpy as np, mzgrid
def resident():
    fields = dict(line.split(":") for line in open("/proc/self/status") if ":" in line)
    return int(fields["RssAnon"].split()[0]) >> 10
n, peaks = int(sys.argv[2]), 400
base = np.linspace(100, 900, peaks)
seen = []
def spectra():
    for i in range(n):
        if i % 1000 == 0: seen.append(resident())
        yield (i % 500 + 1, i // 500 + 1, 1, base + i % 7 / 100, np.ones(peaks, dtype=np.float32))
mzgrid.convert(spectra(), sys.argv[1], progress=False, bins=2000, pixel_size=1, memory_limit="300M")
print(max(seen) - seen[0])
"""


def test_memory_does_not_grow_with_the_stream(tmp_path):
    """8,000 spectra of 400 points are 51 MB."""
    done = script(MEMORY, tmp_path / "a.zarr", 8_000)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 20


def test_the_disk_is_full(tmp_path):
    text = ENDLESS.replace("[110.0, 120.0], [1.0, 2.0]", "[110.0] * 1000, [1.0] * 1000").replace(
        "raise\n", "print(fault)\n"
    )
    text = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); " + (
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 22, 1 << 22))\n" + text.lstrip()
    )
    done = script(text, tmp_path / "a.zarr")
    assert "SystemFailure" in done.stdout, done.stderr
    assert f"{tmp_path}: the spectra cannot be kept here while they are converted: File too large" in done.stdout
    assert left(tmp_path) == []
