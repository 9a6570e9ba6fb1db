"""More ranks than cores, and than pixels: ranks without work, on this machine one core for many of them. The store is that of a
single rank."""

import filecmp
import os
from pathlib import Path

import pytest

AXIS = "--mass-axis-type reflector_tof --bins 5000 --no-report -q".split()


def files(store):
    return sorted(str(p.relative_to(store)) for p in Path(store).rglob("*") if p.is_file())


def assert_same(store, other):
    assert files(store) == files(other)
    different = [name for name in files(store) if not filecmp.cmp(store / name, other / name, shallow=False)]
    assert different == []


@pytest.mark.parametrize(
    "source, ranks, options",
    [
        ("synthetic:3x2:100:centroid:1:full", 16, ("--layout", "csc", "--streaming", "hdf5")),
        ("synthetic:3x2:100:centroid:1:full", 16, ("--layout", "csr", "--streaming", "direct")),
        ("synthetic:3x1:100:centroid:1:full", 8, ("--layout", "csc+csr", "--streaming", "off", "--peaks")),
    ],
)
def test_more_ranks_than_pixels(mzgrid, tmp_path, source, ranks, options):
    mzgrid.convert(source, tmp_path / "one.zarr", *AXIS, *options)
    mzgrid.convert(source, tmp_path / "many.zarr", *AXIS, *options, ranks=ranks)
    assert_same(tmp_path / "one.zarr", tmp_path / "many.zarr")


def test_32_ranks_on_the_sample_of_the_quickstart(mzgrid, tmp_path, full):
    """As scripts/quickstart makes it; a sixteenth of its pixels unless all is tried."""
    size = "200x200" if full else "50x50"
    run = mzgrid("generate", tmp_path / "in.imzML", "--size", size, "--kind", "centroid", "--points", 1000)
    assert run.status == 0, str(run)
    mzgrid.convert(tmp_path / "in.imzML", tmp_path / "one.zarr", *AXIS)
    mzgrid.convert(tmp_path / "in.imzML", tmp_path / "many.zarr", *AXIS, ranks=32, timeout=600)
    assert_same(tmp_path / "one.zarr", tmp_path / "many.zarr")


def naps_of(mzgrid, monkeypatch, tmp_path, cores):
    """Of two ranks that share `cores`: how often each of them slept."""
    library = mzgrid.path.parent / "tests/libtold_naps.so"
    assert library.exists(), f"{library} is not built: build the target conformance_programs"
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("MZG_TOLD_NAPS", str(tmp_path / "naps"))
    monkeypatch.setenv("OMPI_MCA_mpi_yield_when_idle", "1")
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        mzgrid.convert("synthetic:30x20:200:centroid:1:full", tmp_path / "out.zarr", *AXIS, "--layout", "csr", ranks=2)
    finally:
        os.sched_setaffinity(0, mine)
    return [int(line) for line in (tmp_path / "naps").read_text().split()]


def test_ranks_that_wait_for_their_core_nap(mzgrid, monkeypatch, tmp_path):
    """They hand it round by sched_yield() otherwise, hundred thousands of times a second."""
    naps = naps_of(mzgrid, monkeypatch, tmp_path, {min(os.sched_getaffinity(0))})
    assert len(naps) == 2 and sum(naps) > 0


def test_ranks_with_a_core_each_stay_awake(mzgrid, monkeypatch, tmp_path):
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        pytest.skip("there is one core only")
    assert naps_of(mzgrid, monkeypatch, tmp_path, set(cores[:2])) == [0, 0]
