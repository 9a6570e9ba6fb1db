"""The bytes of compressed arrays, as literals: what nobody meant to change stays as it is. They belong to versions of zstd and
c-blosc; with others the values are the same and the bytes are not, so that there is nothing to compare."""

import hashlib
import re
import subprocess

import pytest

VERSIONS = {"zstd": "1.5.4", "c-blosc": "1.21.3"}  # of Debian 12
AXIS = "--mass-axis-type reflector_tof --bins 5000 --interpolation-method nearest_neighbor --no-report".split()
GOLDEN = {
    ("csc", "blosc-zstd"): "dba90dd79f7af97f",
    ("csc", "blosc-zstd:fast"): "c1d81ff81c8454ce",
    ("csr", "blosc-lz4"): "9a41de052a618a26",
    ("csr", "zstd:3"): "42db1eef1fe73b7e",
    ("csr", "none"): "179e1812eb5334ea",
}


def versions_of(program):
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return {name: re.search(rf"{name} ([\d.]+)", text)[1] for name in VERSIONS}


@pytest.mark.parametrize("layout, codec", GOLDEN)
def test_bytes(mzgrid, tmp_path, layout, codec):
    if codec != "none" and versions_of(mzgrid.path) != VERSIONS:
        pytest.skip(f"golden bytes are those of {VERSIONS}, this program has {versions_of(mzgrid.path)}")
    mzgrid.convert("synthetic:20x15:300:centroid:1:full", tmp_path / "out.zarr", *AXIS, "--layout", layout, "--compression", codec)
    digest = hashlib.sha256()
    x = tmp_path / "out.zarr/tables/msi_dataset_z0/X"
    for name in ("data", "indices", "indptr"):
        for path in sorted((x / name / "c").rglob("*")):
            digest.update(path.read_bytes() if path.is_file() else b"")
    assert digest.hexdigest()[:16] == GOLDEN[layout, codec]
