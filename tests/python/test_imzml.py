"""read_imzml() against what was written, and against pyimzML."""

import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import writer
from pyimzml.ImzMLParser import ImzMLParser

import mzgrid
from mzgrid import _imzml

SOURCE = Path(mzgrid.__file__).parents[1]


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(8)
    sizes = rng.integers(0, 40, 30)
    return [(np.sort(rng.uniform(100, 900, n)), rng.gamma(2, 50, n).astype(np.float32)) for n in sizes]


@pytest.fixture(scope="module")
def path(arrays, folder):
    pixels = [
        writer.Pixel(i % 6 + 1, i // 6 + 3, mz, intensity, fault="beyond" if i == 17 else None)
        for i, (mz, intensity) in enumerate(arrays)
    ]
    return writer.write_imzml(folder / "read.imzML", pixels, pixel_size=(20, 30))


def test_spectra_are_those_that_were_written(path, arrays):
    with mzgrid.read_imzml(path) as file:
        assert (len(file), file.n_pixels) == (30, 30)
        assert file.pixel_size == (20, 30)
        assert (file.spectrum_type, file.shares_mz) == ("centroid", False)
        assert isinstance(file.metadata, dict)
        assert repr(file) == f"<mzgrid.ImzML {path}: 30 spectra of 30 pixels>"
        for _ in range(2):  # as often as one likes
            spectra = list(file)
            assert [(s.x, s.y) for s in spectra] == [(i % 6 + 1, i // 6 + 3) for i in range(30)]
            for i, (spectrum, (mz, intensity)) in enumerate(zip(spectra, arrays)):
                if i == 17:
                    assert "beyond the ibd" in spectrum.fault
                    assert spectrum.mz.size == spectrum.intensity.size == 0
                else:
                    assert spectrum.fault is None
                    np.testing.assert_array_equal(spectrum.mz, mz)
                    np.testing.assert_array_equal(spectrum.intensity, intensity)


@pytest.mark.parametrize("pixels", [1, 7, 30, 1000])
def test_chunks_hold_the_same(path, pixels):
    file = mzgrid.read_imzml(path)
    whole = list(file)
    chunks = list(file.chunks(pixels))
    assert [len(c) for c in chunks] == [pixels] * (30 // pixels) + ([30 % pixels] if 30 % pixels else [])
    for one, other in zip(whole, [s for c in chunks for s in c], strict=True):
        np.testing.assert_array_equal(one.mz, other.mz)
        np.testing.assert_array_equal(one.intensity, other.intensity)
        assert one[:3] == other[:3]


def test_pyimzml_reads_the_same(program, folder):
    for kind in ("centroid", "profile", "continuous"):
        path = folder / f"{kind}.imzML"
        words = [program, "generate", path, "--size", "12x9", "--points", "60", "--kind", kind, "-q"]
        subprocess.run(words, check=True)
        parser = ImzMLParser(str(path))
        file = mzgrid.read_imzml(path)
        assert file.shares_mz == (kind == "continuous")
        assert len(file) == len(parser.coordinates)
        for i, spectrum in enumerate(file):
            mz, intensity = parser.getspectrum(i)
            assert tuple(parser.coordinates[i]) == (spectrum.x, spectrum.y, spectrum.z)
            np.testing.assert_array_equal(spectrum.mz, mz)
            np.testing.assert_array_equal(spectrum.intensity, intensity)


def test_resampling_what_is_read_makes_the_store(folder):
    """The parts of the package together: file, axis and method give the rows that the program writes."""
    source = "synthetic:12x9:60"
    axis = mzgrid.MassAxis("reflector_tof", 100, 1000, bins=3000)
    axis.write(folder / "axis.json")
    options = dict(mass_axis_file=folder / "axis.json", layout="csr", dtype="float64", progress=False)
    d = mzgrid.convert(source, folder / "rows.zarr", interpolation_method="nearest_neighbor", **options)
    for row, spectrum in enumerate(mzgrid.read_imzml(source)):
        made = mzgrid.resample(spectrum.mz, spectrum.intensity, axis).dense()
        if row % 10 == 0:
            np.testing.assert_array_equal(made, d.spectrum(x=spectrum.x, y=spectrum.y))


def test_parts_of_a_file(path):
    part = mzgrid.read_imzml(path, region=((2, 4), (4, 5)))
    assert [(s.x, s.y) for s in part] == [(x, y) for y in (4, 5) for x in (2, 3, 4)]
    with pytest.raises(mzgrid.UsageError, match="region is"):
        mzgrid.read_imzml(path, region=((1, 2),))
    with pytest.raises(mzgrid.UsageError, match="polarity is 'both'"):
        mzgrid.read_imzml(path, polarity="both")


def test_many_files_threads_and_closing(path):
    file = mzgrid.read_imzml(path)
    expected = sum(float(s.intensity.sum()) for s in file)
    sums = []

    def work():
        with mzgrid.read_imzml(path) as own:
            sums.append(sum(float(s.intensity.sum()) for s in own))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [expected] * 6
    for _ in range(50):
        mzgrid.read_imzml(path)
    gc.collect()
    before = os.sched_getaffinity(0)
    file.close()
    file.close()
    with pytest.raises(mzgrid.UsageError, match=r"read\.imzML: is closed"):
        next(file.chunks())
    with pytest.raises(mzgrid.UsageError, match="pixels is 0"):
        next(file.chunks(0))
    assert os.sched_getaffinity(0) == before
    assert before == os.sched_getaffinity(os.getpid())


def open_files(path):
    links = [Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
    return sum(link.is_symlink() and os.path.realpath(link) == os.path.realpath(path) for link in links)


def test_a_file_is_forgotten_anywhere(path):
    """Garbage is collected where a thread is made, too, while the executor holds its lock."""
    ibd = path.with_suffix(".ibd")
    gc.collect()
    mzgrid.read_imzml(path).close()
    before = open_files(ibd)
    file = [mzgrid.read_imzml(path)]
    assert open_files(ibd) == before + 1

    def forget():
        with _imzml.worker()._shutdown_lock:
            file.clear()

    thread = threading.Thread(target=forget, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    mzgrid.read_imzml(path).close()
    assert open_files(ibd) == before


def test_what_cannot_be_opened(folder):
    with pytest.raises(mzgrid.SystemFailure, match=r"none\.imzML: cannot open"):
        mzgrid.read_imzml(folder / "none.imzML")
    bad = folder / "bad.imzML"
    bad.write_text("nothing of the kind")
    bad.with_suffix(".ibd").write_bytes(bytes(16))
    with pytest.raises(mzgrid.InputError, match=r"bad\.imzML"):
        mzgrid.read_imzml(bad)


SCRIPT = """
import sys, mzgrid
file = mzgrid.read_imzml(sys.argv[1])
print(len(file), sum(len(s.mz) for s in file))
"""


def test_a_process_of_its_own_ends_quietly(path, arrays):
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, path], env=environment, capture_output=True, text=True, timeout=60
    )
    points = sum(len(mz) for i, (mz, _) in enumerate(arrays) if i != 17)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"30 {points}\n", "")
