"""--memory-limit against the memory of real conversions, sampled while they run: the sum of the proportional set sizes of all
ranks, twenty times a second."""
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import zarr
from conftest import REPOSITORY, mpi_environment
from stores import tree
from writer import Pixel, write_imzml

sys.path.insert(0, str(REPOSITORY / "scripts"))
from benchmark import measure  # noqa: E402

MIB = 1 << 20


def convert(mzgrid, source, store, limit, *options, ranks):
    measure.PERIOD = 0.05
    command = ["convert", source, store, "--memory-limit", limit, "--progress", "none", *options]
    return measure.run(measure.launch(mzgrid.path, ranks, command))


@pytest.mark.parametrize(
    "source, ranks, options",
    [
        ("synthetic:100x100:3000:centroid:1:full", 2, "--bins 60000 --layout csc"),
        ("synthetic:100x100:3000:centroid:1:full", 4, "--bins 60000 --layout csc --streaming hdf5"),
        ("synthetic:100x100:3000:centroid:1:full", 1, "--bins 60000 --layout csr --threads 2 --dtype float64"),
        ("synthetic:60x60:4000:profile:1:full", 3, "--bins 20000 --interpolation-method linear --streaming off"),
        ("synthetic:60x60:4000:profile:1:full", 2, "--bins 20000 --interpolation-method tic_preserving --layout dense"),
        ("synthetic:100x100:3000:centroid:1:full", 2, "--bins 60000 --layout csr --streaming direct"),
    ],
)
def test_a_conversion_keeps_to_256_mib(mzgrid, tmp_path, source, ranks, options):
    run = convert(mzgrid, source, tmp_path / "a.zarr", "256M", *options.split(), ranks=ranks)
    assert run.status == 0, run.log
    assert 0 < run.peak_pss <= 256 * MIB, run.peak_pss / MIB
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith("a.zarr")] == []


def test_a_limit_that_is_too_small_is_refused_with_the_number_that_is_not(mzgrid, tmp_path):
    source = "synthetic:150x150:200:centroid:1:full"
    run = convert(mzgrid, source, tmp_path / "a.zarr", "16M", "--bins", 50000, ranks=2)
    assert run.status == 1
    message = re.search(
        r"memory limit of 16 MiB per node is too small: 2 ranks, 22500 pixels \((\d+) bytes each in the index.*"
        r"need (\d+) MiB",
        run.log,
    )
    assert message, run.log
    assert list(tmp_path.iterdir()) == []
    needed = int(message[2])
    run = convert(mzgrid, source, tmp_path / "a.zarr", f"{needed}M", "--bins", 50000, ranks=2)
    assert run.status == 0, run.log
    assert run.peak_pss <= needed * MIB, run.peak_pss / MIB


@pytest.mark.parametrize("ranks", [1, 2])
def test_one_spectrum_far_larger_than_all_others(mzgrid, tmp_path, ranks):
    """It gets a chunk of its own, and no other pixel is lost for it. Where it cannot fit, that is said at once."""
    pixels = [Pixel(x, 1, np.linspace(100, 200, 50), np.arange(50.0) + x) for x in range(1, 41)]
    large = 3 << 18
    pixels[17] = Pixel(18, 1, np.linspace(100, 200, large), np.ones(large))
    path = tmp_path / "a.imzML"
    write_imzml(path, pixels)
    options = ["--bins", 1000, "--interpolation-method", "nearest_neighbor", "--mass-axis-type", "constant"]
    run = convert(mzgrid, path, tmp_path / "a.zarr", "256M", *options, ranks=ranks)
    assert run.status == 0, run.log
    assert run.peak_pss <= 256 * MIB, run.peak_pss / MIB
    tic = zarr.open_array(tmp_path / "a.zarr/tables/msi_dataset_z0/obs/tic", mode="r")[:]
    assert list(tic) == [large if x == 18 else sum(range(50)) + 50 * x for x in range(1, 41)]

    run = convert(mzgrid, path, tmp_path / "b.zarr", "80M", *options, ranks=ranks)
    assert run.status == 1
    assert f"its largest spectrum has {large} points" in run.log, run.log


@pytest.mark.parametrize("streaming", ["off", "hdf5"])
def test_few_pixels_with_nearly_all_points(mzgrid, tmp_path, streaming):
    """250 of 20,000 spectra hold nine tenths of the points and stand side by side: as many rows as take the memory on
    average are far more than it where they lie."""
    rng = np.random.default_rng(5)
    dense, sparse = np.linspace(100, 200, 70000), np.sort(rng.uniform(100, 200, 50))
    pixels = []
    for i in range(20000):
        mz = dense if 3000 <= i < 3250 else sparse
        pixels.append(Pixel(i % 200 + 1, i // 200 + 1, mz, np.full(len(mz), 1.0 + i % 7)))
    path = tmp_path / "a.imzML"
    write_imzml(path, pixels)
    options = ["--bins", 70000, "--interpolation-method", "nearest_neighbor", "--mass-axis-type", "constant"]
    run = convert(mzgrid, path, tmp_path / "a.zarr", "160M", *options, "--streaming", streaming, ranks=2)
    assert run.status == 0, run.log
    assert 0 < run.peak_pss <= 160 * MIB, run.peak_pss / MIB
    tic = zarr.open_array(tmp_path / "a.zarr/tables/msi_dataset_z0/obs/tic", mode="r")[:]
    assert tic.sum() == sum(p.intensity.sum() for p in pixels)


@pytest.mark.parametrize(
    "streaming, n_pixels, needed_at_least",
    [("direct", 260, 2 * 6 * 58), ("hdf5", 260, 2 * 58 * 3 / 2), ("auto", 200, 2 * 58 * 3 / 2)],
)
def test_a_dense_matrix_is_packed_in_bands_that_the_plan_counts(mzgrid, tmp_path, streaming, n_pixels, needed_at_least):
    """A band is 128 rows of 60,000 values of 8 bytes with their bins, 58 MiB, however low the limit is: the run took 630 of
    256 MiB. 200 rows take 92 MiB, less than a third of the limit that is enough, but have no room beside the bands: they
    wait in a file."""
    mz = np.linspace(100, 1000, 60001)
    intensity = np.random.default_rng(1).random(60001) + 1
    pixels = [Pixel(1 + i % 20, 1 + i // 20, mz, intensity) for i in range(n_pixels)]
    source = write_imzml(tmp_path / "in.imzML", pixels, continuous=True, profile=True)
    options = ["--mass-axis-type", "constant", "--bins", 60000, "--interpolation-method", "linear", "--layout", "dense",
               "--streaming", streaming, "--no-report"]
    run = convert(mzgrid, source, tmp_path / "a.zarr", "160M", *options, ranks=2)
    needed = int(re.search(r"need (\d+) MiB", run.log)[1])
    assert run.status == 1 and needed >= needed_at_least
    run = convert(mzgrid, source, tmp_path / "a.zarr", f"{needed}M", *options, ranks=2)
    assert run.status == 0, run.log
    assert run.peak_pss <= needed * MIB, run.peak_pss / MIB


def test_the_plan_is_told_and_nothing_is_made(mzgrid, tmp_path):
    source = "synthetic:100x100:300:centroid:1:full"
    run = mzgrid("convert", source, tmp_path / "a.zarr", "--bins", 5000, "--dry-run", "--streaming", "hdf5", "--memory-limit", "200M", ranks=2)  # fmt: skip
    assert run.status == 0, str(run)
    assert list(tmp_path.iterdir()) == []
    rounds, size = map(int, re.search(r"5000 bins; about (\d+) rounds of up to (\d+) pixels", run.err).groups())
    assert (rounds - 1) * 2 * size < 10000 <= rounds * 2 * size
    assert "memory limit 200 MiB for 2 ranks" in run.err
    store, temporary = (float(n) for n in re.search(r"at most ([\d.]+) MB in the store .* at most ([\d.]+) MB", run.err).groups())
    points = 3e6  # lognormal around 300 for each pixel
    assert 0.5 * 8 * points < 1e6 * store < 2 * 8 * points
    assert temporary <= 2.2 * store
    assert re.search(r"[\d.]+ MB of disk free", run.err)
    for buffer in ("in use", "statistics", "chunks", "spectra being decoded", "columns", "table"):
        assert re.search(rf"{buffer} [\d.]+", run.err), buffer


def test_the_plan_counts_whole_tiles_of_a_node(mzgrid, tmp_path):
    """An image of 2048 x 2048 cells is one tile, so one of eight nodes has all of it: 48 bytes a cell, instead of its
    records, and 32 MiB for pieces."""
    preload = mzgrid.path.parent / "tests/libmany_nodes.so"
    assert preload.exists(), "build the target conformance_programs"
    command = ["mpirun", "-q", "--oversubscribe", "--bind-to", "none", "-n", "8", "-x", f"LD_PRELOAD={preload}", "-x",
               "MANY_NODES=8", mzgrid.path, "convert", "synthetic:2048x2048:2:centroid:1:full", tmp_path / "a.zarr",
               "--bins", "100", "--max-gap", "none", "--dry-run", "--threads", "1"]
    done = subprocess.run(list(map(str, command)), env=mpi_environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    table, rasters = map(float, re.search(r"table ([\d.]+) MiB, rasters ([\d.]+) MiB", done.stderr).groups())
    assert 48 * 4 <= table + rasters - 32 < 48 * 4 + 10


PEAK = """
import os, resource, subprocess, sys
status = subprocess.call(sys.argv[1:], env=os.environ | {"MALLOC_MMAP_THRESHOLD_": "131072"})  # what is given back shows
with open(os.environ["MZG_PEAKS"] + os.environ["OMPI_COMM_WORLD_RANK"], "w") as told:  # mpirun may lose what is printed at the end
    print(1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=told)
sys.exit(status)
"""


def peaks_of_ranks(prefix, command):
    """The largest resident sets of four ranks, in bytes."""
    run = measure.run(measure.launch("env", 4, [f"MZG_PEAKS={prefix}", sys.executable, "-c", PEAK, *command]))
    assert run.status == 0, run.log
    return [int(prefix.with_name(f"{prefix.name}{rank}").read_text()) for rank in range(4)]


def test_no_rank_holds_what_grows_with_all_pixels(mzgrid, tmp_path):
    """Of 600,000 pixels more, four ranks hold a quarter of the records each, twice while they are dealt, and then one rank
    the cells of the only tile instead, in bytes a pixel: 2 x 88 / 4, or 48. All columns of obs on one rank take 140 more."""

    def peaks(side):
        command = [mzgrid.path, "convert", f"synthetic:{side}x{side}:2:centroid:1:full", tmp_path / f"{side}.zarr"]
        options = ["--bins", 100, "--layout", "csr", "--streaming", "hdf5", "--threads", 1, "-q", "--no-report"]
        return peaks_of_ranks(tmp_path / f"peak-{side}-", [*command, *options])

    few, many = peaks(447), peaks(894)
    growth = [(b - a) / (894 * 894 - 447 * 447) for a, b in zip(few, many, strict=True)]
    assert growth[0] < 48 + 8, growth
    assert max(growth[1:]) < 44 + 8, growth


def test_rows_of_obs_of_a_merge_lie_on_all_ranks(mzgrid, tmp_path):
    """180,000 rows are three pieces, of ranks 0 to 2. If rank 0 had all of obs, it would have 34 MB more than rank 1."""
    options = ["--bins", "50", "--mass-axis-type", "constant", "--interpolation-method", "nearest_neighbor", "--no-report", "-q"]
    mzgrid.convert("synthetic:300x300:2:centroid:1:full", tmp_path / "a.zarr", *options)
    shutil.copytree(tmp_path / "a.zarr", tmp_path / "b.zarr")
    merge = ["merge", "--concat", tmp_path / "a.zarr", tmp_path / "b.zarr", "--rename", "msi_dataset={sample}", "-q", "-o"]
    run = mzgrid(*merge, tmp_path / "one.zarr")
    assert run.status == 0, str(run)
    peaks = peaks_of_ranks(tmp_path / "peak-", [mzgrid.path, *merge, tmp_path / "four.zarr"])
    assert peaks[0] < peaks[1] + 16 * MIB, peaks
    assert tree(tmp_path / "one.zarr") == tree(tmp_path / "four.zarr")
