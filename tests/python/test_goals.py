"""What reading promises of time and memory (docs/performance/python.md), on a store of a million pixels. With --full."""

import importlib.util
import subprocess

import pytest
from conftest import REPOSITORY

AXIS = ("--mass-axis-type", "reflector_tof", "--bin-width", "5mDa")
IMAGE_SECONDS, IMAGE_MIB, IMPORT_SECONDS = 0.060, 250, 0.3


@pytest.fixture(scope="module")
def reads():
    """scripts/benchmark/python_reads.py"""
    spec = importlib.util.spec_from_file_location("reads", REPOSITORY / "scripts/benchmark/python_reads.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def million(full, program, tmp_path_factory):
    store = tmp_path_factory.mktemp("goals") / "million.zarr"
    words = [program, "convert", "synthetic:1000x1000:300:centroid:1:full", store, *AXIS, "-q", "--no-report"]
    subprocess.run(words, check=True)
    return store


def measured(reads, name, store, times):
    """The least of seconds, seconds of processors and MiB."""
    ((_, _, after),) = [o for o in reads.OPERATIONS if o[0] == name]
    found = reads.measure(*after, store, None, times)
    assert not isinstance(found, str), found
    return found


@pytest.fixture(autouse=True)
def path(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "src/python"))


def test_an_ion_image_of_a_million_pixels(reads, million):
    """The least of many, because other tests run beside this one; of processors, because they take turns."""
    _, seconds, mib = measured(reads, "one ion image", million, 15)
    assert seconds <= IMAGE_SECONDS
    assert mib <= IMAGE_MIB
    assert measured(reads, "import", million, 5)[1] <= IMPORT_SECONDS


def test_the_measurement_measures(reads, csc):
    """On a small store, without a look at the seconds."""
    seconds, processors, mib = measured(reads, "import", csc.path, 1)
    assert 0 < seconds < 60 and 0 < processors < 60
    assert 3 < mib < 100
