"""How many files a store has, and how often each rank asks the file system for names: parallel file systems serve names by few
servers. Counted by the library that scripts/faults preloads (tests/faults/shim)."""
import re

import pytest
from stops import shim

RANKS = 4
NAMES = ("open", "mkdir", "unlink", "rename", "link", "rmdir", "opendir")


def counts_of(path):
    """Of each rank, in the order of their ends, how many calls there were; rank 0 makes most directories."""
    ranks = [{k: int(n) for k, n in re.findall(r"(\w+)=(\d+)", line)} for line in path.read_text().splitlines()]
    return sorted(ranks, key=lambda rank: -rank["mkdir"])


@pytest.mark.parametrize("layout, streaming", [("csc", "hdf5"), ("csr", "direct")])
def test_names_asked_for(mzgrid, tmp_path, monkeypatch, layout, streaming):
    monkeypatch.setenv("LD_PRELOAD", str(shim(mzgrid.path)))
    monkeypatch.setenv("MZG_FAULT_COUNTS", str(tmp_path / "counts"))
    monkeypatch.setenv("MZG_FAULT_PATHS", "out.zarr")
    axis = "--mass-axis-type reflector_tof --bins 20000 --no-report --compression none".split()
    options = [*axis, "--layout", layout, "--streaming", streaming]
    mzgrid.convert("synthetic:50x40:1000", tmp_path / "out.zarr", *options, ranks=RANKS)
    files = [p for p in (tmp_path / "out.zarr").rglob("*") if p.is_file()]
    directories = [p for p in (tmp_path / "out.zarr").rglob("*") if p.is_dir()]
    shards = [p for p in files if "/X/" in str(p) and "/c/" in str(p)]
    ranks = counts_of(tmp_path / "counts")
    assert len(ranks) == RANKS
    # A file is made, at times looked for in vain because its directory is not there yet, and opened to be synced.
    assert sum(rank["open"] for rank in ranks) <= 3 * len(files) + 20 * RANKS
    assert sum(rank[name] for rank in ranks for name in NAMES if name != "open") <= 2 * len(directories) + 20
    for rank in ranks[1:]:
        assert rank["open"] <= 2 * -(-len(shards) // RANKS) + 20
        assert rank["rename"] == rank["unlink"] == rank["fsync"] == 0
