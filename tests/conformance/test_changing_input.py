"""An input that another program changes while it is read: the run says so, and leaves nothing. The run is stopped by a
signal once it has the .ibd open, the file is changed, and the run goes on."""
import os
import shutil
import signal
import subprocess
import time

import pytest

from conftest import mpi_environment

DEADLINE = 60


@pytest.fixture(scope="module")
def source(mzgrid, tmp_path_factory):
    """As large as that a run takes some tenths of a second."""
    path = tmp_path_factory.mktemp("source") / "in.imzML"
    run = mzgrid("generate", path, "--size", "100x100", "--points", "200", "--kind", "centroid")
    assert run.status == 0, str(run)
    return path


def has_open(pid, path):
    """Whether a process has the file open; of one that ends meanwhile, no."""
    try:
        descriptors = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return False
    for descriptor in descriptors:
        try:
            if os.readlink(f"/proc/{pid}/fd/{descriptor}") == str(path):
                return True
        except OSError:  # it was closed meanwhile
            continue
    return False


def opened_by(path):
    """The processes that have the file open."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and has_open(name, path)]


def stop(pids):
    """Stops them; those that are stopped, without one that ended before."""
    stopped = []
    for pid in pids:
        try:
            os.kill(pid, signal.SIGSTOP)
            stopped.append(pid)
        except ProcessLookupError:
            continue
    return stopped


def change_under(command, ibd, ranks, change):
    """Starts the command, stops its ranks once all have the ibd open, changes a file, and lets them go on."""
    process = subprocess.Popen(
        command, env=mpi_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + DEADLINE
    opened = []
    while len(opened) < ranks and process.poll() is None and time.monotonic() < end:
        opened = opened_by(ibd)
    stopped = stop(opened)
    reached = len(stopped) == ranks and process.poll() is None
    if reached:
        change()
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    out, err = process.communicate(timeout=DEADLINE)
    assert reached, f"it was over before it could be stopped: {out}{err}"
    return process.returncode, out, err


def touch(path):
    os.utime(path)


def append(path):
    with open(path, "ab") as file:
        file.write(b"more")


def cut(path):
    os.truncate(path, path.stat().st_size * 2 // 3)


def replace(path):
    """The same bytes and times, another file."""
    shutil.copy2(path, path.with_name("copy"))
    os.replace(path.with_name("copy"), path)


WORDS = {touch: "it was written to", append: "it became longer", cut: "it became shorter", replace: "another file has its name"}
COMMANDS = {
    "convert": ["--chunk-size", "1", "--streaming", "hdf5", "--bins", "50"],
    "strict": ["--chunk-size", "1", "--strict", "--verify", "--bins", "50"],
    "validate": [],
    "axis": ["--scan-range", "--bins", "50"],
}
CASES = [
    *(("convert", 1, change, kind) for change in WORDS for kind in (".ibd", ".imzML")),
    *(("convert", 3, change, ".ibd") for change in WORDS),
    ("strict", 1, touch, ".ibd"),
    ("strict", 3, touch, ".imzML"),
    *(("validate", ranks, change, ".ibd") for ranks in (1, 3) for change in (touch, cut)),
    *(("axis", 1, change, kind) for change, kind in ((touch, ".ibd"), (replace, ".imzML"))),
]


@pytest.mark.parametrize(
    "command, ranks, change, kind", CASES, ids=[f"{c[0]}-{c[1]}-{c[2].__name__}{c[3]}" for c in CASES]
)
def test_a_change_fails_the_run(mzgrid, source, tmp_path, command, ranks, change, kind):
    for suffix in (".imzML", ".ibd"):
        shutil.copy2(source.with_suffix(suffix), tmp_path / f"in{suffix}")
    path = tmp_path / f"in{kind}"
    output = tmp_path / "out.zarr"
    name = "convert" if command == "strict" else command
    where = {"convert": [output], "validate": [], "axis": ["-o", output]}[name]
    line = [mzgrid.path, name, tmp_path / "in.imzML", *where, *COMMANDS[command]]
    if ranks > 1:
        line = ["mpirun", "-q", "--oversubscribe", "--bind-to", "none", "-n", ranks, *line]
    status, out, err = change_under([str(a) for a in line], tmp_path / "in.ibd", ranks, lambda: change(path))
    assert status == 1, out + err
    last = err.splitlines()[-1]
    if change is cut and kind == ".imzML" and "ends early" in last:
        return  # cut before its index was read to the end
    assert f"{path}: changed while it was read" in last and WORDS[change] in last, out + err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.ibd", "in.imzML"]


def test_an_input_that_stays_is_converted(mzgrid, source, tmp_path):
    """Through a link, and while others read it."""
    (tmp_path / "in.imzML").symlink_to(source)
    (tmp_path / "in.ibd").symlink_to(source.with_suffix(".ibd"))
    with open(source.with_suffix(".ibd"), "rb") as other:
        other.read(1000)
        mzgrid.convert(tmp_path / "in.imzML", tmp_path / "out.zarr", "--bins", 50, "--strict", "--verify", ranks=2)
