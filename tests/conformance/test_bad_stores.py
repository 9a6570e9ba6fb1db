"""`mzgrid peaks` and `mzgrid merge` on stores that are odd or damaged: one clear line, and the store as it was."""
import shutil
import subprocess

import anndata
import numpy as np
import pytest
import zarr

import stores
import test_merge
from conftest import mpi_environment
from peaks_reference import whole
from peaks_stores import made, store  # fixtures
from stops import shim
from writer import Pixel, write_imzml

TABLE = "tables/msi_dataset_z0"


def set_values(path, node, at, value):
    array = zarr.open_array(path / TABLE / node, mode="r+")
    values = array[...]
    values.reshape(-1)[at] = value
    array[...] = values


def assert_refused(mzgrid, path, line, *options, ranks=1):
    before = stores.tree(path)
    run = mzgrid("peaks", path, "-q", *options, ranks=ranks)
    assert run.status == 1 and run.err.count("\n") == 1 and line in run.err, str(run)
    assert stores.tree(path) == before
    assert not list(path.parent.glob("*.part")) and not list(path.parent.glob("*.owner"))


# What is not there, by test_merge.py, that peaks does not need: it reads one table.
NEEDED = {
    test_merge.old_version: "container version 0.1; expected 0.2",
    test_merge.no_spatialdata: "not a SpatialData store",
    test_merge.zarr_2: "a store of Zarr 2",
    test_merge.half_written: "half-written",
    test_merge.lacks_a_node: "list 'tables/msi_dataset_z0/obs/tic', which is not there",
    test_merge.no_elements: "tables: it cannot be listed",
    test_merge.empty_directory: "half-written",
}


@pytest.mark.parametrize("damage", NEEDED, ids=lambda d: d.__name__)
@pytest.mark.parametrize("ranks", [1, 2])
def test_stores_of_other_versions_and_halves_get_no_peaks(mzgrid, store, damage, ranks):
    path = store("small")
    damage(path)
    assert_refused(mzgrid, path, NEEDED[damage], ranks=ranks)


@pytest.mark.parametrize("layout", ["csc", "csr", "dense"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_get_no_peaks(mzgrid, store, tmp_path, layout, value):
    """In the fullest bin, which a peak holds; elsewhere they are not looked at."""
    path = store("small", "--layout", layout, "--bin-width", "0.5")
    table = anndata.read_zarr(path / TABLE)
    bin_ = int(np.argmax(table.var["n_pixels"]))
    dense = whole(table.X)
    dense[np.flatnonzero(dense[:, bin_])[0], bin_] = -1
    if layout == "dense":
        at = np.flatnonzero(dense.reshape(-1) == -1)
    else:
        x = table.X.copy()
        x.data = np.arange(1, x.nnz + 1, dtype=float)
        at = [int(x.tocsr()[np.argwhere(dense == -1)[0][0], bin_]) - 1]
    set_values(path, "X" if layout == "dense" else "X/data", at, value)
    (tmp_path / "list").write_text(f"{table.var['mz'].iloc[bin_]!r}\n".replace("np.float64(", "").replace(")", ""))
    assert_refused(mzgrid, path, "X: a value in one of the peaks is not finite", "--peak-list", tmp_path / "list", ranks=2)


@pytest.mark.parametrize("column", ["mean_intensity", "max_intensity"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_statistics_that_are_not_finite_get_no_peaks(mzgrid, store, column, value):
    path = store("small")
    filled = int(np.argmax(anndata.read_zarr(path / TABLE).var["n_pixels"]))
    set_values(path, f"var/{column}", filled, value)
    assert_refused(mzgrid, path, f"n_pixels of bin {filled} contradict each other, or are not finite")


@pytest.mark.parametrize("options", [["--mass-axis-type", "native"], ["--bin-width", "0.5"],
                                     ["--bin-width", "0.5", "--layout", "csr"], ["--bin-width", "0.5", "--layout", "dense"]])
def test_one_spectrum_has_peaks_and_is_merged(mzgrid, tmp_path, options):
    """All its bins are peaks of their own; merged with itself under another name, it stands there twice."""
    mz, intensity = np.array([200.25, 300.75, 800.5]), np.array([3.0, 1, 2])
    write_imzml(tmp_path / "a.imzML", [Pixel(1, 1, mz, intensity)])
    path, other, study = (tmp_path / f"{name}.zarr" for name in ("a", "b", "study"))
    mzgrid.convert(tmp_path / "a.imzML", path, "-q", "--interpolation-method", "nearest_neighbor", "--min-mz", 200, "--max-mz", 801, *options)
    (tmp_path / "list").write_text("".join(f"{m}\n" for m in mz))
    for more in ([], ["--peak-list", tmp_path / "list", "--replace"]):
        run = mzgrid("peaks", path, "-q", *more)
        assert run.status == 0, str(run)
        found = anndata.read_zarr(path / f"{TABLE}_peaks")
        assert np.array_equal(whole(found.X), np.float32([intensity]))
    shutil.copytree(path, other)
    run = mzgrid("merge", "--concat", path, other, "-o", study, "--rename", "*={sample}_{name}", "-q")
    assert run.status == 0, str(run)
    merged = whole(anndata.read_zarr(study / "tables/all_samples").X)
    assert np.array_equal(merged[:, merged.any(axis=0)], np.float32([intensity, intensity]))


WORDS = ["resampling/spectrum_type", "resampling/values", "mass_axis/type"]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_how_peaks_are_picked_is_not_guessed(mzgrid, store, word, at):
    """By words in uns: one whose chunk was lost (0), or that cannot be read (its first and second call), says nothing."""
    path = store("small")
    node = path / TABLE / "uns/mzgrid" / word
    if at == 0:
        (node / "c").unlink()
        assert_refused(mzgrid, path, f"uns/mzgrid/{word}: it has no word")
        return
    before = stores.tree(path)
    values = {**mpi_environment(), "LD_PRELOAD": str(shim(mzgrid.path)), "MZG_FAULT_CALL": "pread", "MZG_FAULT_AT": str(at),
              "MZG_FAULT_AS": "EIO", "MZG_FAULT_PATHS": str(node)}
    run = subprocess.run([mzgrid.path, "peaks", path, "-q"], env=values, capture_output=True, text=True, timeout=60)
    assert run.returncode == 1 and run.stderr.count("\n") == 1 and f"uns/mzgrid/{word}" in run.stderr, run
    assert stores.tree(path) == before
