"""Stores to which test_peaks.py and test_peaks_safety.py add feature tables."""
import shutil

import pytest

PROFILE = "synthetic:24x20:600:profile"
SOURCES = {
    "profile": (PROFILE, []),
    "heights": (PROFILE, ["--interpolation-method", "linear", "--bin-width", "20mDa"]),
    "float64": (PROFILE, ["--dtype", "float64"]),
    "continuous": ("synthetic:24x20:3000:continuous", []),
    "centroid": ("synthetic:30x30:300:centroid", []),
    "sparse": ("synthetic:12x10:150:centroid:4", ["--bin-width", "2mDa"]),
    "small": ("synthetic:12x10:150:centroid:4", ["--bin-width", "20mDa"]),  # soon read again
}
KEPT = {}


@pytest.fixture(scope="module")
def made(mzgrid, tmp_path_factory):
    """made(name) is a store of one of the SOURCES without peaks; not to be changed."""

    def make(name, *more):
        if (name, more) not in KEPT:
            source, options = SOURCES[name]
            path = tmp_path_factory.mktemp("store") / "a.zarr"
            mzgrid.convert(source, path, "-q", *options, *more)
            KEPT[name, more] = path
        return KEPT[name, more]

    yield make
    KEPT.clear()


@pytest.fixture
def store(made, tmp_path):
    """store(name) is a copy of such a store."""

    def copy(name, *more):
        path = tmp_path / f"{name}.zarr"
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(made(name, *more), path)
        return path

    return copy


def peaks(mzgrid, path, *options, **more):
    run = mzgrid("peaks", path, *options, **more)
    assert run.status == 0, str(run)
    return run
