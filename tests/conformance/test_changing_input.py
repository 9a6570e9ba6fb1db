"""An input that another program changes while it is read: the run says so, and leaves nothing. The run stops itself at one of
its reads of the .ibd, the file is changed, and the run goes on."""
import os
import shutil

import pytest

from conftest import mpi_environment
from stops import Stopped


@pytest.fixture(scope="module")
def source(mzgrid, tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "in.imzML"
    run = mzgrid("generate", path, "--size", "15x15", "--points", "200", "--kind", "centroid")
    assert run.status == 0, str(run)
    return path


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
# Which read of the .ibd it is, of spectra and no longer of its head, when all ranks have opened it; and whose: by ranks that
# read few spectra, validate reads none.
READS = {"convert": (10, -1), "strict": (10, -1), "validate": (3, 0), "axis": (10, 0)}
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
    at, rank = READS[command]
    with Stopped(line, mpi_environment(), mzgrid.path, "pread", tmp_path / "in.ibd", at=at, rank=rank % ranks) as run:
        change(path)
        status, out, err = run.end()
    assert status == 1, out + err
    last = err.splitlines()[-1]
    assert f"{path}: changed while it was read" in last and WORDS[change] in last, out + err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.ibd", "in.imzML"]


def test_an_input_that_stays_is_converted(mzgrid, source, tmp_path):
    """Through a link, and while others read it."""
    (tmp_path / "in.imzML").symlink_to(source)
    (tmp_path / "in.ibd").symlink_to(source.with_suffix(".ibd"))
    with open(source.with_suffix(".ibd"), "rb") as other:
        other.read(1000)
        mzgrid.convert(tmp_path / "in.imzML", tmp_path / "out.zarr", "--bins", 50, "--strict", "--verify", ranks=2)
