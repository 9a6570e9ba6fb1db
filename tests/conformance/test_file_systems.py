"""Hints for MPI-IO, and what follows from the file system that the files lie on. Lustre and GPFS cannot be had here: a preloaded
library makes statfs() and getxattr() answer as they do."""
import os
import struct

import h5py
import pytest

MIB = 1 << 20
LUSTRE = "0bd00bd0"
# layouts of Lustre: magic, pattern, object, size and number of stripes, generation
ONE_SERVER = struct.pack("<II16xIHH", 0x0BD10BD0, 1, MIB, 1, 0).hex()
WIDE = struct.pack("<II16xIHH", 0x0BD10BD0, 1, 4 * MIB, 16, 0).hex()
SAMPLE = ("synthetic:40x25:1500", "--mass-axis-type constant --min-mz 100 --max-mz 1000 --bins 20000 --compression none --no-report".split())


def preload(monkeypatch, mzgrid, name, **variables):
    library = mzgrid.path.parent / "tests" / f"lib{name}.so"
    assert library.exists(), f"{library} is not built: build the target conformance_programs"
    monkeypatch.setenv("LD_PRELOAD", str(library))
    for key, value in variables.items():
        monkeypatch.setenv(key, value)


def convert(mzgrid, path, *more, ranks=2):
    return mzgrid.convert(SAMPLE[0], path, *SAMPLE[1], "--streaming", "hdf5", "--keep-hdf5", *more, ranks=ranks)


def places(path):
    """Where the chunks of each array lie."""
    with h5py.File(path) as file:
        return {
            name: [file[name].id.get_chunk_info(i).byte_offset for i in range(file[name].id.get_num_chunks())]
            for name in ("X/data", "X/indices", "X/indptr")
        }


def arrays(path):
    with h5py.File(path) as file:
        return [file[name][()].tobytes() for name in ("X/data", "X/indices", "X/indptr")]


@pytest.fixture(scope="module")
def plain(mzgrid, tmp_path_factory):
    path = tmp_path_factory.mktemp("plain")
    convert(mzgrid, path / "plain.zarr")
    return path / "plain.h5ad"


def test_hints_reach_mpi_io(mzgrid, plain, tmp_path, monkeypatch):
    told = tmp_path / "told"
    preload(monkeypatch, mzgrid, "told_hints", MZG_TOLD_HINTS=str(told))
    more = ["--mpi-info", "striping_factor=8", "--mpi-info=striping_unit=4194304"]
    run = convert(mzgrid, tmp_path / "hinted.zarr", *more)
    assert told.read_text().split("\n") == ["striping_factor=8 striping_unit=4194304", ""]  # once, on one rank
    assert "mca_" not in run.err
    assert sorted(p.name for p in tmp_path.iterdir() if "part" in p.name or "lock" in p.name) == []
    assert arrays(tmp_path / "hinted.h5ad") == arrays(plain)
    assert (tmp_path / "hinted.h5ad").stat().st_mode == plain.stat().st_mode
    monkeypatch.setenv("MZGRID_MPI_INFO", "a=1\nb=2")
    convert(mzgrid, tmp_path / "variable.zarr", ranks=1)
    convert(mzgrid, tmp_path / "typed.zarr", "--mpi-info", "c=3", ranks=1)  # in place of the variable
    assert told.read_text().split("\n")[1:] == ["a=1 b=2", "c=3", ""]


def test_bad_hints_are_refused(mzgrid, tmp_path):
    for hint, sentence in {
        "striping_factor": "--mpi-info: 'striping_factor' is not KEY=VALUE, such as striping_factor=8",
        "=8": "--mpi-info: '=8' is not KEY=VALUE, such as striping_factor=8",
    }.items():
        run = mzgrid("convert", SAMPLE[0], tmp_path / "out.zarr", "--mpi-info", hint)
        assert run.status == 2 and sentence in run.err and run.err.count("\n") == 1
    deep = tmp_path / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    run = mzgrid("convert", SAMPLE[0], tmp_path / "out.zarr", "--mpi-info", "a=b", "--streaming", "hdf5", "--temp-dir", deep, ranks=2)
    assert run.status == 2 and "can have a path of 200 bytes" in run.err
    assert os.listdir(deep) == [] and not (tmp_path / "out.zarr").exists()


@pytest.mark.parametrize(
    "kind, variables, alignment",
    [
        ("Lustre", dict(MZG_FS_TYPE=LUSTRE, MZG_FS_LOV=ONE_SERVER), MIB),
        ("Lustre wide", dict(MZG_FS_TYPE=LUSTRE, MZG_FS_LOV=WIDE), 4 * MIB),
        ("GPFS", dict(MZG_FS_TYPE="47504653", MZG_FS_BLOCK=str(16 * MIB)), 4 * MIB),
    ],
)
def test_chunks_begin_where_servers_change(mzgrid, plain, tmp_path, monkeypatch, kind, variables, alignment):
    preload(monkeypatch, mzgrid, "other_file_system", **variables)
    convert(mzgrid, tmp_path / "there.zarr")
    usual, there = places(plain), places(tmp_path / "there.h5ad")
    values = there["X/data"] + there["X/indices"]
    assert len(values) >= 4 and [p % alignment for p in values] == [0] * len(values)
    assert any(p % alignment for p in usual["X/data"] + usual["X/indices"])
    assert arrays(tmp_path / "there.h5ad") == arrays(plain)
    lost = (tmp_path / "there.h5ad").stat().st_size - plain.stat().st_size
    assert lost <= 3 * alignment


def test_advice(mzgrid, tmp_path, monkeypatch):
    def told(*more):
        run = convert(mzgrid, tmp_path / "out.zarr", "--overwrite", *more, ranks=1)
        return [line for line in run.err.splitlines() if "setstripe" in line or "--temp-dir" in line or "file system of" in line]

    assert told("-v") == []
    preload(monkeypatch, mzgrid, "other_file_system", MZG_FS_TYPE=LUSTRE, MZG_FS_LOV=ONE_SERVER)
    (line,) = told()
    assert "Lustre, stripes of 1 MiB on 1 server; one large file" in line and "lfs setstripe -c -1" in line
    assert len(told("-v")) == 3
    monkeypatch.setenv("MZG_FS_LOV", WIDE)
    (line,) = told()
    assert "Lustre, stripes of 4 MiB on 16 servers; a store is many files" in line and "lfs setstripe -c 1" in line
    run = mzgrid("topology", cwd=tmp_path)
    assert "Files of this directory: Lustre, stripes of 4 MiB on 16 servers\n  ! here: Lustre" in run.out
    monkeypatch.setenv("MZG_FS_TYPE", "6969")
    (line,) = told()
    assert "NFS, one server for all nodes" in line
