"""`mzgrid peaks` on stores that are damaged, without memory, and with calls that fail: the store that stands is kept."""
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import anndata
import numpy as np
import pytest
import spatialdata

import stores
from conftest import REPOSITORY, measured, mpi_environment
from peaks_reference import assert_sums, whole
from peaks_stores import PROFILE, made, peaks, store  # two of them fixtures
from stops import Stopped, shim

sys.path.insert(0, str(REPOSITORY / "scripts"))
from benchmark import measure  # noqa: E402


def damage(path, how):
    if how == "nothing":
        shutil.rmtree(path)
    elif how == "a file":
        shutil.rmtree(path)
        path.write_text("no store")
    elif how == "half-written":
        (path / "zarr.json").unlink()
    elif how == "another program's":
        shutil.rmtree(path / "tables/msi_dataset_z0/uns/mzgrid")
    elif how == "an older version's":
        shutil.rmtree(path / "tables/msi_dataset_z0/var/n_pixels")
    elif how == "no SpatialData":
        (path / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group", "attributes": {}}')
    elif how == "no table":
        shutil.rmtree(path / "tables")
    elif how == "X cut":
        shard = sorted((path / "tables/msi_dataset_z0/X/indices/c").iterdir())[-1]
        shard.write_bytes(shard.read_bytes()[:-40])
    else:
        shutil.rmtree(path / "tables/msi_dataset_z0" / how / "c")


@pytest.mark.parametrize("how, line", [
    ("nothing", "it cannot be read: No such file or directory"),
    ("a file", "it is not a directory; expected a SpatialData store"),
    ("half-written", "it has no zarr.json: it is not a SpatialData store, or one that is half-written"),
    ("another program's", "it has no table that mzgrid converted"),
    ("an older version's", "var/n_pixels"),
    ("no SpatialData", "not a SpatialData store: its root has no 'spatialdata_attrs'"),
    ("no table", "tables"),
    ("X cut", "X/indices"),
    ("X/data", "X/data: chunk c/0 is missing; the store is incomplete, copy it again"),
    ("X/indices", "X/indices: chunk c/0 is missing"),
    ("X/indptr", "X/indptr"),
    ("var/mean_intensity", "copy it again"),
    ("var/n_pixels", "copy it again"),
])
@pytest.mark.parametrize("ranks", [1, 2])
def test_stores_that_are_not_whole_or_not_ours_are_refused_and_left_alone(mzgrid, store, how, line, ranks):
    path = store("profile")
    damage(path, how)
    before = stores.tree(path) if path.is_dir() else None
    run = mzgrid("peaks", path, ranks=ranks)
    assert run.status == 1 and run.err.count("\n") == 1 and line in run.err, str(run)
    assert (stores.tree(path) if path.is_dir() else None) == before
    assert not [p for p in path.parent.iterdir() if p != path], "leftovers"


def test_a_list_beyond_the_memory_limit_is_refused(mzgrid, store, tmp_path):
    path = store("profile")
    listed = tmp_path / "list.txt"
    listed.write_text("".join(f"{100 + i / 1000:.3f}\n" for i in range(200000)))
    run = mzgrid("peaks", path, "--peak-list", listed, "--memory-limit", "16M")
    assert run.status == 1 and run.err.count("\n") == 1 and "times as much memory; the limit is" in run.err, str(run)


def test_reading_a_list_takes_the_memory_that_is_said(mzgrid, store, tmp_path):
    """Of the shortest lines each byte takes more than fifty times as much; those that fit are read within what they may take."""
    path, listed = store("profile"), tmp_path / "list.txt"

    def run(n, *options):
        listed.write_text("".join(f"{400 + i % 9}\n" for i in range(n // 2)) + "1\n" * (n // 2))
        status, said, _, peak = measured([mzgrid.path, "peaks", path, "--replace", "-q", "--threads", "1", "--peak-list", listed, *options])
        return status, said, peak

    status, said, _ = run(2_000_000, "--memory-limit", "150M")
    assert status == 1 and said.count("\n") == 1 and "times as much memory; the limit is" in said, said
    _, _, little = run(10)
    status, said, much = run(2_000_000)
    size = listed.stat().st_size
    assert status == 0 and 12 * size < much - little < 5 * size + 2_000_000 * 112 + (8 << 20), (little, much, size)


def test_indices_that_are_no_rows_are_refused(mzgrid, tmp_path):
    """A store whose X points beyond its pixels, as no sane program writes it."""
    path = tmp_path / "a.zarr"
    mzgrid.convert(PROFILE, path, "-q", "--compression", "none", "--layout", "csc")
    shard = path / "tables/msi_dataset_z0/X/indices/c/0"
    raw = bytearray(shard.read_bytes())
    at = len(raw) // 4 // 2 * 4  # some index; the shard has no checksum of its chunks
    for i in range(0, min(len(raw) - 200, 200000), 4):
        raw[i : i + 4] = (1 << 30).to_bytes(4, "little")
    shard.write_bytes(bytes(raw))
    run = mzgrid("peaks", path)
    assert run.status == 1 and run.err.count("\n") == 1 and "X/indices" in run.err, str(run)
    assert not (path / "tables/msi_dataset_z0_peaks").exists() and at


def test_a_store_that_cannot_be_written_is_said_to_be(mzgrid, store):
    path = store("profile")
    path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        run = mzgrid("peaks", path)
    finally:
        path.chmod(0o755)
    if run.status == 0:
        pytest.skip("root writes to read-only directories")
    assert run.status == 1 and "cannot be written to" in run.err


def test_too_little_memory_is_said_with_the_number_that_is_enough(mzgrid, tmp_path):
    """A dense table of rows lies in memory: 40 MB of it."""
    path, listed = tmp_path / "a.zarr", tmp_path / "list.txt"
    mzgrid.convert("synthetic:200x100:30:centroid", path, "-q", "--bin-width", "20mDa", "--layout", "csr")
    listed.write_text("".join(f"{200 + i}\n" for i in range(500)))
    options = ["peaks", path, "-q", "--peak-list", listed, "--layout", "dense", "--threads", 1, "--memory-limit"]
    before = stores.tree(path)
    run = mzgrid(*options, "30M")
    said = re.search(r"500 peaks of \d+ pixels need (\d+) MiB for each of 1 ranks; raise --memory-limit", run.err)
    assert run.status == 1 and said and stores.tree(path) == before, str(run)
    # Up to 10 MB of the libraries are in the number also if programs beside this one have a share of them.
    assert mzgrid(*options, f"{int(said[1]) - 20}M").status == 1
    run = mzgrid(*options, f"{int(said[1]) + 1}M")
    assert run.status == 0, str(run)


@pytest.fixture(scope="module")
def large(mzgrid, tmp_path_factory):
    """8,000,000 values in columns that are not compressed, 64 MB."""
    path = tmp_path_factory.mktemp("large") / "a.zarr"
    options = ["--bins", 20000, "--compression", "none", "--no-report"]
    mzgrid.convert("synthetic:100x80:1000:centroid:1:full", path, "-q", *options)
    yield path
    shutil.rmtree(path)


@pytest.mark.parametrize("ranks, limit", [(1, 96), (2, 180)])
def test_the_sampled_memory_keeps_to_the_limit(mzgrid, large, monkeypatch, ranks, limit):
    """What a rank is made of counts for more if no other process shares its libraries."""
    monkeypatch.setattr(measure, "PERIOD", 0.02)
    command = ["peaks", large, "--replace", "-q", "--threads", 1, "--memory-limit", f"{limit}M"]
    run = measure.run(measure.launch(mzgrid.path, ranks, command))
    assert run.status == 0, run.log
    assert 0 < run.peak_pss <= limit << 20, run.peak_pss / (1 << 20)


def bytes_read(mzgrid, ranks, command, folder):
    """By each rank, as the system counts them for a shell and what it waited for."""
    counted = 'n=$1; shift; "$@" && grep rchar: /proc/$$/io >"$n/${OMPI_COMM_WORLD_RANK:-0}"'
    launcher = measure.launch(mzgrid.path, ranks, [])[:-1]
    for leftover in folder.glob("[0-9]"):
        leftover.unlink()
    run = [*launcher, "bash", "-c", counted, "bash", folder, mzgrid.path, *command]
    subprocess.run(list(map(str, run)), env=mpi_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return [int((folder / str(rank)).read_text().split()[1]) for rank in range(ranks)]


@pytest.mark.parametrize("ranks, threads", [(1, 1), (1, 2), (2, 1)])
def test_columns_are_read_once(mzgrid, large, ranks, threads):
    """Peaks that cover every bin: all values of X are read, and none twice, but where the work of two threads or ranks
    meets. Each rank reads some of them."""
    table = anndata.read_zarr(large / "tables/msi_dataset_z0")
    listed = large.parent / "list.txt"
    listed.write_text("".join(f"{mz}\n" for mz in np.linspace(table.var["mz"].iloc[0], table.var["mz"].iloc[-1], 200)))
    half = (table.var["mz"].iloc[-1] - table.var["mz"].iloc[0]) / 199 / 2
    values = sum(p.stat().st_size for part in ("data", "indices") for p in (large / "tables/msi_dataset_z0/X" / part).rglob("c/*"))
    command = ["peaks", large, "--replace", "-q", "--threads", threads, "--peak-list", listed, "--tolerance", f"{half}Da"]
    read = bytes_read(mzgrid, ranks, command, large.parent)
    found = anndata.read_zarr(large / "tables/msi_dataset_z0_peaks")
    assert np.isclose(found.X.sum(dtype="f8"), table.X.sum(dtype="f8"), rtol=1e-5), "the peaks cover all bins"
    assert 60_000_000 < values < sum(read) < 1.1 * values, (read, values)
    assert min(read) > 0.2 * values, (read, values)


# Whatever happens on the way, the old store opens.

CALLS = ["rename", "open", "mkdir", "fsync", "write", "unlink"]


def under(mzgrid, library, path, call, at, how, counts=None, options=()):
    values = {**mpi_environment(), "LD_PRELOAD": str(library), "MZG_FAULT_CALL": call, "MZG_FAULT_AT": str(at), "MZG_FAULT_AS": how,
              "MZG_FAULT_PATHS": str(path.parent)}
    if counts:
        values["MZG_FAULT_COUNTS"] = str(counts)
    return subprocess.run([str(mzgrid.path), "peaks", str(path), "-q", "--threads", "1", *options], env=values, capture_output=True,
                          text=True, timeout=60)


def assert_opens(path, reference):
    """The store opens with the table that it had, and peaks, if it has some, are whole: those of before or of after."""
    sdata = spatialdata.read_zarr(path)
    table = sdata.tables["msi_dataset_z0"]
    assert np.array_equal(whole(table.X), whole(reference.tables["msi_dataset_z0"].X))
    anndata.read_zarr(path / "tables/msi_dataset_z0")
    if "msi_dataset_z0_peaks" in sdata.tables:
        found = sdata.tables["msi_dataset_z0_peaks"]
        assert found.X.shape == (table.n_obs, found.n_vars) and found.n_vars > 0
        assert_sums(table, found)


@pytest.mark.parametrize("replace", [False, True])
def test_killed_at_any_renaming_the_store_opens_and_the_next_run_makes_it_right(mzgrid, store, tmp_path, tmp_path_factory, replace):
    library = shim(mzgrid.path)
    expected = tmp_path / "expected.zarr"
    path = store("small")
    reference = spatialdata.read_zarr(path)
    shutil.copytree(path, expected)
    peaks(mzgrid, expected, "-q")
    options = ["--replace"] if replace else []
    begun = tmp_path_factory.mktemp("begun") / "small.zarr"
    shutil.copytree(path, begun)
    if replace:
        peaks(mzgrid, begun, "-q", "--snr", 40)
    for at in range(1, 20):
        shutil.rmtree(path)
        shutil.copytree(begun, path)
        run = under(mzgrid, library, path, "rename", at, "KILL", options=options)
        assert_opens(path, reference)
        if run.returncode == 0:
            break
        assert run.returncode == -9, run
        peaks(mzgrid, path, "-q", "--replace")
        stores.assert_same_tree(path, expected)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["expected.zarr", "small.zarr"]
    assert 6 <= at <= 12, "so many renamings: the table, the column, three metadata, and what --replace needs"
    stores.assert_same_tree(path, expected)


@pytest.mark.parametrize("call", CALLS)
def test_calls_that_fail_leave_the_store_as_it_was(mzgrid, store, tmp_path, full, call):
    library = shim(mzgrid.path)
    path = store("small")
    before = stores.tree(path)
    counts = tmp_path / "counts"
    assert under(mzgrid, library, path, call, 0, "EIO", counts).returncode == 0
    numbers = dict(pair.split("=") for pair in counts.read_text().split() if "=" in pair)
    total = int(numbers.get(call, 0)) or 40
    counts.unlink()
    for at in range(1, total + 1, 1 if full or total < 16 else total // 12):
        path = store("small")
        run = under(mzgrid, library, path, call, at, "ENOSPC" if call == "write" else "EIO")
        lines = [line for line in run.stderr.splitlines() if line.startswith("mzgrid: error")]
        if run.returncode == 0:
            continue  # it did not matter
        assert run.returncode == 1 and len(lines) == 1, run
        left = {name: digest for name, digest in stores.tree(path).items()}
        assert left == before, (call, at, sorted(left.items() ^ before.items())[:4])


@pytest.mark.parametrize("command", ["peaks", "merge", "export", "generate", "convert"])
def test_what_cannot_be_removed_at_the_end_is_said(mzgrid, store, tmp_path, command):
    """The last file that goes is the claim of the run."""
    library = shim(mzgrid.path)

    def run(*faults):
        path, out = store("small"), tmp_path / "out.zarr"
        shutil.rmtree(out, ignore_errors=True)
        arguments = {
            "peaks": ["peaks", path, "--snr", "5"],
            "merge": ["merge", path, other, "-o", out, "--rename", "*={sample}_{name}"],
            "export": ["export", path, "--imzml", "-o", tmp_path / "out.imzML", "--overwrite"],
            "generate": ["generate", tmp_path / "out.imzML", "--size", "3x2", "--points", "20", "--overwrite"],
            "convert": ["convert", "synthetic:3x2:20", out, "--bins", "50", "--streaming", "hdf5"],
        }[command]
        values = {**mpi_environment(), "LD_PRELOAD": str(library), "MZG_FAULT_PATHS": str(tmp_path), **dict(faults)}
        return subprocess.run([str(mzgrid.path), *map(str, arguments), "--threads", "1"], env=values, capture_output=True, text=True, timeout=60)

    other = tmp_path / "other.zarr"
    shutil.copytree(store("small"), other)
    counts = tmp_path / "counts"
    done = run(("MZG_FAULT_CALL", "unlink"), ("MZG_FAULT_AT", "0"), ("MZG_FAULT_COUNTS", str(counts)))
    assert done.returncode == 0, done
    total = int(dict(pair.split("=") for pair in counts.read_text().split() if "=" in pair)["unlink"])
    done = run(("MZG_FAULT_CALL", "unlink"), ("MZG_FAULT_AT", str(total)), ("MZG_FAULT_AS", "EIO"))
    said = [line for line in done.stderr.splitlines() if ".owner: cannot remove it" in line]
    assert done.returncode == 0 and len(said) == 1 and said[0].startswith("mzgrid: warning: "), done
    assert len(list(tmp_path.glob("*.owner"))) == 1
    done = run()
    assert done.returncode == 0 and not list(tmp_path.glob("*.owner")), done


@pytest.mark.parametrize("layout", ["csc", "csr"])
def test_what_a_conversion_cannot_remove_of_its_peaks_does_not_stay_in_the_store(mzgrid, tmp_path, layout):
    """Peaks are built inside of the store before it has its name: a store in which something of that stays is not the right one."""
    library = shim(mzgrid.path)
    place, counts = tmp_path / "out", tmp_path / "counts"
    path = place / "out.zarr"

    def run(call, at):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        values = {**mpi_environment(), "LD_PRELOAD": str(library), "MZG_FAULT_PATHS": ".part", "MZG_FAULT_CALL": call, "MZG_FAULT_AT": str(at),
                  "MZG_FAULT_AS": "EIO"}
        if at == 0:
            values["MZG_FAULT_COUNTS"] = str(counts)
        return subprocess.run([str(mzgrid.path), "convert", "synthetic:6x5:80", str(path), "--bins", "200", "--snr", "2", "--layout", layout, "-q",
                               "--threads", "1"], env=values, capture_output=True, text=True, timeout=60)

    done = run("rmdir", 0)
    assert done.returncode == 0 and (path / "tables/msi_dataset_z0_peaks").exists(), done
    expected = stores.tree(path)
    numbers = dict(pair.split("=") for pair in counts.read_text().split() if "=" in pair)
    refused = 0
    for call in ("rmdir", "unlink"):
        for at in range(1, int(numbers[call]) + 1):
            done = run(call, at)
            if done.returncode == 0:
                assert stores.tree(path) == expected, (call, at, done.stderr)
                continue
            refused += 1
            assert done.returncode == 1 and done.stderr.count("\n") == 1 and "cannot remove" in done.stderr, (call, at, done)
            assert not path.exists() and not list(place.iterdir()), (call, at, list(place.iterdir()))
    assert refused >= 1


def test_where_names_cannot_change_places_a_table_is_replaced_all_the_same(mzgrid, store, tmp_path, tmp_path_factory):
    """File systems such as NFS have no exchange of two names: the call fails, one after the other."""
    library = shim(mzgrid.path)
    expected, outcomes = tmp_path / "expected.zarr", set()
    shutil.copytree(store("small"), expected)
    peaks(mzgrid, expected, "-q")
    begun = tmp_path_factory.mktemp("begun") / "small.zarr"
    shutil.copytree(store("small"), begun)
    peaks(mzgrid, begun, "-q", "--snr", 40)
    before = stores.tree(begun)
    path = tmp_path / "small.zarr"
    for at in range(1, 10):
        shutil.rmtree(path)
        shutil.copytree(begun, path)
        run = under(mzgrid, library, path, "rename", at, "ENOSYS", options=["--replace"])
        outcomes.add(run.returncode)
        if run.returncode == 0:
            stores.assert_same_tree(path, expected)
        else:
            assert stores.tree(path) == before
        assert sorted(p.name for p in tmp_path.iterdir()) == ["expected.zarr", "small.zarr"]
    assert 0 in outcomes


@pytest.mark.parametrize("call, layout", [("pread", "csc"), ("pread", "csr"), ("open", "dense")])
def test_what_the_last_rank_alone_meets_ends_all(mzgrid, store, tmp_path, call, layout):
    library = shim(mzgrid.path)
    path = store("small", "--layout", layout)
    before = stores.tree(path)
    values = {**mpi_environment(), "MZG_FAULT_CALL": call, "MZG_FAULT_AT": "1", "MZG_FAULT_AS": "EIO", "MZG_FAULT_RANK": "1",
              "MZG_FAULT_PATHS": str(path.parent), "MZG_FAULT_STICKY": "1"}
    run = subprocess.run(["mpirun", "-q", "--oversubscribe", "--bind-to", "none", "-x", f"LD_PRELOAD={library}", "-n", "2", str(mzgrid.path),
                          "peaks", str(path), "-q", "--threads", "1", "--layout", "csc"], env=values, capture_output=True, text=True, timeout=60)
    lines = [line for line in run.stderr.splitlines() if line.startswith("mzgrid: error")]
    assert run.returncode == 1 and len(lines) == 1, run
    assert stores.tree(path) == before and [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", ["directory", "file", "link"])
def test_what_lies_at_the_place_of_the_table_and_is_not_ours_is_left_alone(mzgrid, store, kind):
    path = store("small")
    place = path / "tables/msi_dataset_z0_peaks"
    if kind == "directory":
        place.mkdir()
        (place / "thesis").write_text("mine")
    elif kind == "file":
        place.write_text("mine")
    else:
        place.symlink_to(path.parent)
    for option in ([], ["--replace"]):
        run = mzgrid("peaks", path, "-q", *option)
        assert run.status == 1 and "is not a feature table of mzgrid; move it away" in run.err, str(run)
    assert kind != "directory" or (place / "thesis").read_text() == "mine"
    assert kind != "file" or place.read_text() == "mine"
    assert kind != "link" or place.is_symlink()


def test_a_store_that_is_replaced_while_it_is_read_gets_no_feature_table(mzgrid, made, tmp_path):
    """The run stops itself as it opens its list, and another store of the same form takes the place meanwhile."""
    path, lines = tmp_path / "s.zarr", tmp_path / "list.txt"
    shutil.copytree(made("small"), path)
    lines.write_text("".join(f"{100.2 + i / 10:.1f}\n" for i in range(6000)))
    command = [mzgrid.path, "peaks", path, "-q", "--peak-list", lines]
    with Stopped(command, mpi_environment(), mzgrid.path, "open", lines) as run:
        shutil.move(path, tmp_path / "old.zarr")
        shutil.copytree(tmp_path / "old.zarr", path)
        before = stores.tree(path)
        status, _, said = run.end()
    assert status == 1 and "changed while it was read" in said, said
    assert stores.tree(path) == before and sorted(p.name for p in tmp_path.iterdir()) == ["list.txt", "old.zarr", "s.zarr"]
