"""A small file that claims to hold far more than the memory limit: refused before anything of that size is read, by
whatever reads spectra."""
import re
import zlib

import pytest

from conftest import measured
from writer import Pixel, write_imzml

import numpy as np

LIMIT = 300 << 20


def claim(path, points, shared):
    """Two pixels of zeros, whose arrays inflate to `points` values each. Not shared: two copies of the m/z array. The
    intensities are one array for both."""
    pixels = [Pixel(x, 1, np.ones(1), np.ones(1)) for x in (1, 2)]
    write_imzml(path, pixels, mz_type="<f4", compressed=True)
    pack = zlib.compressobj(9)
    stored = b"".join(pack.compress(bytes(1 << 22)) for _ in range(4 * points >> 22)) + pack.flush()
    ibd = path.with_suffix(".ibd")
    ibd.write_bytes(ibd.read_bytes()[:16] + 3 * stored)
    intensities = 16 + 2 * len(stored)
    offsets = iter([16, intensities, 16 if shared else 16 + len(stored), intensities])
    text = path.read_text()
    text = re.sub(r'(IMS:1000103"[^>]*value=)"\d+"', rf'\1"{points}"', text)
    text = re.sub(r'(IMS:1000104"[^>]*value=)"\d+"', rf'\1"{len(stored)}"', text)
    path.write_text(re.sub(r'(IMS:1000102"[^>]*value=)"\d+"', lambda m: f'{m[1]}"{next(offsets)}"', text))
    assert ibd.stat().st_size < 2 << 20
    return path


@pytest.fixture(scope="module", params=[False, True], ids=["own", "shared"])
def hungry(request, tmp_path_factory):
    """128 million values in a megabyte."""
    return claim(tmp_path_factory.mktemp("claims") / "in.imzML", 128 << 20, request.param)


COMMANDS = {
    "convert": ["convert", "IN", "OUT"],
    "dry-run": ["convert", "IN", "OUT", "--dry-run", "--scan-range"],
    "given": ["convert", "IN", "OUT", "--min-mz", "100", "--max-mz", "200", "--bins", "10"],
    "axis": ["axis", "IN", "-o", "OUT", "--scan-range"],
    "decisions": ["info", "IN", "--decisions"],
    "validate": ["validate", "IN"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_claims_are_held_against_the_limit(mzgrid, hungry, tmp_path, name):
    words = {"IN": hungry, "OUT": tmp_path / "out"}
    command = [mzgrid.path, *(words.get(a, a) for a in COMMANDS[name]), "--memory-limit", "300M"]
    status, err, _, peak = measured(command)
    assert status == 1 and "the memory limit of 300 MiB per node is too small" in err.splitlines()[-1], err
    assert re.search(r"its largest spectrum has 134217728 points, and the program takes \d+ MiB as it reads such", err), err
    assert peak < LIMIT, f"{peak >> 20} MiB"
    assert not any(tmp_path.iterdir())


def test_all_ranks_refuse(mzgrid, hungry, tmp_path):
    run = mzgrid("validate", hungry, "--memory-limit", "300M", ranks=3)
    assert run.status == 1 and "is too small" in run.err, str(run)


def test_what_fits_is_read(mzgrid, tmp_path):
    """A million values: their m/z are 0, and so they are all dropped."""
    source = claim(tmp_path / "in.imzML", 1 << 20, False)
    run = mzgrid("validate", source, "--memory-limit", "300M", "--threads", 1)
    assert run.status == 1 and "mz_not_positive" in run.out, str(run)
    run = mzgrid("convert", source, tmp_path / "out.zarr", "--min-mz", 100, "--max-mz", 200, "--bins", 10, "--memory-limit", "300M")
    assert run.status == 1 and "points with an m/z or intensity that is not finite" in run.err, str(run)
    assert "none of its spectra has a value" in run.err and not (tmp_path / "out.zarr").exists(), str(run)


def test_an_index_beyond_the_limit_is_refused(mzgrid, tmp_path):
    """20,000 spectra of 64 bytes, twice for a moment."""
    none = np.array([])
    source = write_imzml(tmp_path / "in.imzML", [Pixel(x, 1, none, none) for x in range(1, 20001)])
    run = mzgrid("validate", source, "--memory-limit", "2M")
    assert run.status == 1 and "the index of its 20000 spectra takes 2 MiB" in run.err, str(run)
