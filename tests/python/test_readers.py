"""convert() of spectra that come from Python: the store of the same spectra in a file, and odd spectra."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from readers import AXIS, FAST, SAME, left, one, script

import mzgrid
from mzgrid import _feed


def same(one, other):
    done = subprocess.run([sys.executable, SAME, one, other], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


WAYS = {
    "list": lambda spectra: list(spectra),
    "iterator": lambda spectra: iter(spectra),
    "function": lambda spectra: lambda: iter(spectra),
    "positions-first": lambda spectra: [((s.x, s.y, s.z), s.mz, s.intensity) for s in spectra],
    "with-faults": lambda spectra: [tuple(s) for s in spectra],
}


@pytest.mark.parametrize("way", WAYS)
def test_the_store_is_that_of_the_file(file, folder, way):
    spectra = list(mzgrid.read_imzml(file))
    d = mzgrid.convert(WAYS[way](spectra), folder / f"{way}.zarr", progress=False, spectrum_type="centroid", **AXIS)
    assert d.shape[0] == len(spectra)
    same(folder / "feed.zarr", folder / f"{way}.zarr")


def test_an_open_file_says_what_it_is(file, folder):
    options = {key: value for key, value in AXIS.items() if key != "pixel_size"}
    with mzgrid.read_imzml(file) as opened:
        mzgrid.convert(opened, folder / "opened.zarr", progress=False, pixel_size=50, **options)
        mzgrid.convert(opened.chunks(7), folder / "chunks.zarr", progress=False, spectrum_type="centroid", **AXIS)
    same(folder / "feed.zarr", folder / "opened.zarr")
    same(folder / "feed.zarr", folder / "chunks.zarr")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("centroid", {}),
        ("profile", {}),
        ("continuous", {}),
        ("centroid", dict(layout="csr", compression="zstd:3", dtype="float64", bins=5000, scan_range=True)),
        ("profile", dict(layout="csc+csr", bins=30000, scan_range=True, peaks=True, streaming="hdf5")),
    ],
)
def test_what_is_chosen_is_chosen_as_for_files(program, folder, kind, options):
    """Axis, width, method and layout, without an option that names them."""
    path, name = folder / f"kinds-{kind}.imzML", f"{kind}{len(options)}"
    words = [program, "generate", path, "--size", "12x9", "--points", "150", "--kind", kind, "-q", "--overwrite"]
    subprocess.run(words, check=True)
    mzgrid.convert(path, folder / f"{name}-file.zarr", progress=False, **options)
    mzgrid.convert(mzgrid.read_imzml(path), folder / f"{name}-feed.zarr", progress=False, **options)
    same(folder / f"{name}-file.zarr", folder / f"{name}-feed.zarr")


RANKS = """
import sys, mzgrid
spectra = [tuple(s) for s in mzgrid.read_imzml(sys.argv[1])]
options = dict(mass_axis_type="reflector_tof", bin_width="10mDa", reference_mz=500, pixel_size=50)
for name, source in ("l", spectra), ("i", iter(spectra)):
    d = mzgrid.convert(source, f"{sys.argv[2]}-{name}.zarr", progress=False, spectrum_type="centroid", **options)
    assert d.shape[0] == len(spectra)
"""


@pytest.mark.parametrize("ranks", [3])
def test_on_several_ranks(file, folder, ranks):
    done = script(RANKS, file, folder / f"r{ranks}", ranks=ranks)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for name in "li":
        same(folder / "feed.zarr", folder / f"r{ranks}-{name}.zarr")
    assert not list(folder.glob(".*.spectra"))


def test_what_a_reader_says_of_itself(tmp_path):
    class Reader:
        pixel_size = 20, 10
        spectrum_type = "centroid"
        polarity = "negative"
        metadata = None

        def __iter__(self):
            return (one(i) for i in range(5))

    d = mzgrid.convert(Reader(), tmp_path / "a.zarr", progress=False)
    image = d.ion_image(110.0)
    assert (np.diff(image.x) == 20).all()
    Reader.metadata = 5
    with pytest.raises(mzgrid.UsageError, match="metadata of Reader is int, expected a dict"):
        mzgrid.convert(Reader(), tmp_path / "b.zarr", progress=False)
    Reader.metadata = {"a": float("nan")}
    with pytest.raises(mzgrid.UsageError, match="metadata of Reader cannot be JSON"):
        mzgrid.convert(Reader(), tmp_path / "b.zarr", progress=False)
    Reader.metadata, Reader.polarity = None, "both"
    with pytest.raises(mzgrid.UsageError, match="polarity of Reader is 'both', expected 'positive' or 'negative'"):
        mzgrid.convert(Reader(), tmp_path / "b.zarr", progress=False)
    Reader.polarity, Reader.pixel_size = None, -1
    with pytest.raises(mzgrid.UsageError, match="pixel_size of Reader is -1, expected micrometres above 0"):
        mzgrid.convert(Reader(), tmp_path / "b.zarr", progress=False)
    assert left(tmp_path) == ["a.zarr"]


FAULTS = {
    "ragged": (
        (2, 1, 1, [1.0, 2.0], [1.0]),
        r"spectra\[3\] at \(2, 1, 1\): there are 2 m/z and 1 intensities, expected as many",
    ),
    "nested": ((2, 1, 1, [[1.0], [1.0, 2.0]], [1.0, 1.0]), r"at \(2, 1, 1\): m/z are no row of numbers"),
    "matrix": ((2, 1, 1, np.ones((2, 2)), np.ones(4)), "m/z have 2 dimensions, expected one"),
    "text": ((2, 1, 1, ["a", "b"], [1, 2]), "m/z are of type <U1, expected real numbers"),
    "complex": ((2, 1, 1, [1.0, 2.0], [1j, 2j]), "intensities are of type complex128, expected real numbers"),
    "none": ((2, 1, 1, None, [1.0]), "m/z have 0 dimensions"),
    "real-place": ((2.5, 1, 1, [1.0], [1.0]), r"spectra\[3\]: x is 2.5, expected a whole number"),
    "far": ((2, 1 << 40, 1, [1.0], [1.0]), r"spectra\[3\]: y is 1099511627776, expected a number of 32 bits"),
    "short": ((2, 1, [1.0], [1.0]), r"spectra\[3\] is a tuple of 4, expected \(x, y, z, mz, intensity\)"),
    "number": (5, r"spectra\[3\] is a int, expected \(x, y, z, mz, intensity\)"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("way", [list, iter])
def test_spectra_that_cannot_be(tmp_path, fault, way):
    wrong, sentence = FAULTS[fault]
    with pytest.raises(mzgrid.InputError, match=f"^python:.*{sentence}"):
        mzgrid.convert(way([one(0), one(1), one(2), wrong]), tmp_path / "a.zarr", **FAST)
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("source", "kind", "sentence"),
    [
        ([], mzgrid.InputError, "python:list: no spectra"),
        (iter([]), mzgrid.InputError, "python:list_iterator: no spectra"),
        (5, mzgrid.UsageError, r"5 is no input: expected a path, or spectra \(x, y, z, mz, intensity\)"),
        (b"a.imzML", mzgrid.UsageError, "is no input"),
        ({"a": 1}, mzgrid.UsageError, "is no input"),
        (lambda: 7, mzgrid.UsageError, r"<lambda>\(\) returned int, expected an iterator"),
        (mzgrid.MassAxis, mzgrid.UsageError, "is no input"),
    ],
)
def test_what_is_no_reader(tmp_path, source, kind, sentence):
    with pytest.raises(kind, match=sentence):
        mzgrid.convert(source, tmp_path / "a.zarr", **FAST)
    assert left(tmp_path) == []


def test_odd_spectra_are_treated_as_those_of_files(tmp_path):
    """Unsorted m/z, what is no number, places below 1, places twice, nothing at all, and a fault."""
    odd = [
        (0, -3, 1, [150.0, 110.0], [2.0, 1.0]),
        (1, -3, 1, [110.0, np.nan, 120.0], [1.0, 5.0, np.inf]),
        (1, -2, 1, [], []),
        (0, -2, 1, np.array([110, 190], dtype=np.int32), np.array([3, 4], dtype=np.float16)),
        (0, -2, 1, np.array([110.0], dtype=np.float32), [1]),
        (2, -3, 1, [1.0], [1.0], "the well is dry"),
    ]
    with pytest.warns(mzgrid.ConversionWarning) as told:
        d = mzgrid.convert(odd, tmp_path / "a.zarr", layout="csr", **FAST)
    texts = " | ".join(str(w.message) for w in told)
    for word in (
        "2 points with an m/z or intensity that is not finite",
        "1 spectra had unsorted m/z",
        "the well is dry",
    ):
        assert word in texts, texts
    assert d.shape == (4, 50)
    assert sorted(zip(d.obs["x"], d.obs["y"])) == [(0, -3), (0, -2), (1, -3), (1, -2)]
    row = d.spectrum(x=0, y=-2)
    assert row.sum() == 8 and row.iloc[5] == 4
    assert d.spectrum(x=0, y=-3).sum() == 3


def test_directories_and_outputs(tmp_path):
    with pytest.raises(mzgrid.SystemFailure, match="cannot be kept here while they are converted: No such file"):
        mzgrid.convert(iter([one(0)]), tmp_path / "none" / "a.zarr", **FAST)
    mzgrid.convert(iter([one(0)]), tmp_path / "a.zarr", **FAST)
    never = iter([one(0)])
    with pytest.raises(mzgrid.SystemFailure, match=r"a\.zarr exists; use overwrite to replace it"):
        mzgrid.convert(never, tmp_path / "a.zarr", **FAST)
    assert len(list(never)) == 1  # nothing was read
    (tmp_path / "temp").mkdir()
    d = mzgrid.convert(iter([one(0)] * 2), tmp_path / "a.zarr", overwrite=True, temp_dir=tmp_path / "temp", **FAST)
    assert d.shape == (1, 50)
    assert left(tmp_path) == ["a.zarr", "temp"] and left(tmp_path / "temp") == []
    with pytest.raises(mzgrid.UsageError, match="ranks=2 is for files"):
        mzgrid.convert([one(0)], tmp_path / "b.zarr", ranks=2)


def test_a_plan_a_bar_and_a_log(tmp_path, capfd, caplog):
    plan = mzgrid.convert((one(i) for i in range(50)), tmp_path / "a.zarr", dry_run=True, **FAST)
    assert "pixels" in plan and left(tmp_path) == []
    options = {**FAST, "progress": True, "verbose": 1}
    mzgrid.convert((one(i) for i in range(3000)), tmp_path / "a.zarr", chunk_size=100, **options)
    told = capfd.readouterr()
    assert told.out == ""
    for word in ("reading:", "resampling:", "writing:", "mzgrid: plan: 50 bins"):
        assert word in told.err, told.err


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path):
    """With several ranks the file has a name until all have it open."""
    from mzgrid import _spool

    running = _spool.Kept(str(tmp_path), "a.zarr")
    (tmp_path / ".a.zarr.12345678.spectra").write_bytes(b"left")
    (tmp_path / ".a.zarr.mine.spectra").write_bytes(b"no such name is ours")
    mzgrid.convert(iter([one(0)]), tmp_path / "a.zarr", **FAST)
    assert left(tmp_path) == sorted([".a.zarr.mine.spectra", Path(running.path).name, "a.zarr"])
    running.close()


def test_too_many_faults(tmp_path):
    source = [(i + 1, 1, 1, [], [], "the well is dry" if i else None) for i in range(30)]
    with pytest.raises(mzgrid.SkippedTooMany, match="29 of 30 pixels cannot be read"):
        mzgrid.convert(source, tmp_path / "a.zarr", **FAST)
    assert left(tmp_path) == []


def test_blocks_of_a_spool(tmp_path):
    """Large spectra, faults between blocks, and any range."""
    from mzgrid import _spool

    spectra = [(i, 1, 1, np.arange(i * 997 % 40000, dtype=float), np.ones(i * 997 % 40000), None) for i in range(40)]
    spectra[7] = (7, 1, 1, [1.0], [1.0], "dry")
    stream = _feed.open_input(iter(spectra))
    kept = _spool.Kept(str(tmp_path), "a.zarr")
    kept.take(stream, lambda n: None)
    spool = _spool.Spool(stream, os.dup(kept.file), kept.n, kept.finish())
    kept.close()
    assert left(tmp_path) == [] and len(kept.table) > 3 and spool.n == 40
    for first in (39, 0, 7, 20, 21, 3):
        block = spool.read(first, 40 - first)
        assert 1 <= len(block) <= 40 - first
        for i in range(len(block)):
            expected = spectra[first + i]
            points = slice(block.begin[i], block.begin[i + 1])
            assert tuple(block.positions[i]) == expected[:3]
            np.testing.assert_array_equal(block.mz[points], [] if first + i == 7 else expected[3])
            assert (block.faults[i] if block.faults else None) == expected[5]
    spool.close()
