"""Fixtures of the tests of the Python package: the program, and stores that it made, each in every layout."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import anndata
import numpy as np
import own_folder
import pytest
import scipy.sparse as sp
import writer

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("MZGRID_BUILD", REPOSITORY / "build/release")).resolve() / "mzgrid"
LAYOUTS = ("csc", "csr", "csc+csr", "dense")

os.environ["MZGRID_PROGRAM"] = str(PROGRAM)
# Jobs of MPI have a directory of their own, as in tests/conformance/conftest.py; and run as root in a container.
JOBS = own_folder.make("mzg-")
os.environ["OMPI_MCA_orte_tmpdir_base"] = JOBS
os.environ["OMPI_ALLOW_RUN_AS_ROOT"] = os.environ["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="run what takes minutes as well")


@pytest.fixture(scope="session")
def full(request):
    """Skips the test unless it was asked for."""
    if not request.config.getoption("--full"):
        pytest.skip("takes minutes: pytest --full")


def pytest_unconfigure():
    own_folder.remove(JOBS)


@pytest.fixture(scope="session", autouse=True)
def program():
    if not PROGRAM.exists():
        pytest.exit(f"{PROGRAM} does not exist: build it, or name the build directory in MZGRID_BUILD", returncode=2)
    return PROGRAM


@dataclass
class Made:
    """A store, and the same table as anndata reads it: what the tests hold the package against."""

    path: Path
    table: anndata.AnnData

    @property
    def x(self):
        return self.table.X.toarray() if sp.issparse(self.table.X) else np.asarray(self.table.X)

    def raster(self, values):
        """A value for each pixel, laid out by x and y of obs, one cell after the other."""
        x, y = self.table.obs["x"].to_numpy(), self.table.obs["y"].to_numpy()
        image = np.full((y.max() - y.min() + 1, x.max() - x.min() + 1), np.nan)
        for i, j, v in zip(y - y.min(), x - x.min(), values):
            image[i, j] = v
        return image


def make(source, store, *options):
    done = subprocess.run([PROGRAM, "convert", source, store, "-q", *map(str, options)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (table,) = (Path(store) / "tables").glob("*_z0")
    return Made(Path(store), anndata.read_zarr(table))


@pytest.fixture(scope="session")
def folder():
    """In memory, where there is room: stores are synced to the disk."""
    memory = Path("/dev/shm")
    base = memory if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 28 else None
    path = Path(own_folder.make("mzgrid-python-", base))
    yield path
    own_folder.remove(path)


@pytest.fixture(scope="session", params=LAYOUTS)
def made(request, folder):
    """Tissue with empty cells around it, in pixels of 20 × 10 µm."""
    layout = request.param
    return make(
        "synthetic:25x19:150", folder / f"{layout}.zarr", "--layout", layout, "--bins", 700, "--pixel-size", "20:10"
    )


@pytest.fixture(scope="session")
def csc(folder):
    return make("synthetic:25x19:150", folder / "one.zarr", "--bins", 700, "--pixel-size", "20:10")


@pytest.fixture(scope="session")
def native(folder):
    return make(
        "synthetic:12x9:80:continuous", folder / "native.zarr", "--mass-axis-type", "native", "--dtype", "float64"
    )


@pytest.fixture(scope="session")
def planes(folder):
    """Two planes of different outlines, negative and missing values, an offset on the slide."""
    rng = np.random.default_rng(5)
    pixels = [
        writer.Pixel(x, y, np.array([100.0, 150.0, 200.0]), rng.normal(3, 2, 3).astype(np.float32), z=z)
        for z, y, x in [(1, 2, 3), (1, 2, 4), (1, 5, 3), (2, 2, 3), (2, 3, 6)]
    ]
    source = writer.write_imzml(folder / "planes.imzML", pixels, continuous=True, pixel_size=(50, 40))
    return make(source, folder / "planes.zarr", "--mass-axis-type", "native")


@pytest.fixture(scope="session")
def file(program, folder):
    """An imzML file, and its store."""
    from readers import AXIS

    import mzgrid  # after the environment above

    path, store = folder / "feed.imzML", folder / "feed.zarr"
    words = [program, "generate", path, "--size", "20x15", "--points", "60", "--kind", "centroid", "-q"]
    subprocess.run(words, check=True)
    mzgrid.convert(path, store, progress=False, scan_range=True, **AXIS)
    return path
