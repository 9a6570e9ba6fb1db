"""MassAxis and resample() against the stores and axis files of the program, to the last bit."""

import gc
import subprocess
import threading

import anndata
import numpy as np
import pytest
import writer

import mzgrid

METHODS = ("nearest_neighbor", "linear", "cubic", "pchip", "tic_preserving", "overlap")


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(3)
    return [(np.sort(rng.uniform(100, 1000, 80)), rng.gamma(2, 50, 80)) for _ in range(12)]


@pytest.fixture(scope="module")
def source(arrays, folder):
    pixels = [writer.Pixel(i % 4 + 1, i // 4 + 1, *pair) for i, pair in enumerate(arrays)]
    return writer.write_imzml(folder / "doubles.imzML", pixels, intensity_type="<f8", pixel_size=(10, 10))


@pytest.mark.parametrize("method", METHODS)
def test_the_numbers_are_those_of_the_program(program, source, arrays, folder, method):
    store = folder / f"{method}.zarr"
    options = ["--mass-axis-type", "orbitrap", "--bin-width", "30mDa", "--reference-mz", "400", "--min-mz", "99"]
    options += ["--max-mz", "1001", "--interpolation-method", method, "--dtype", "float64", "--max-gap", "none"]
    subprocess.run([program, "convert", source, store, "--layout", "csr", "-q", *options], check=True)
    table = anndata.read_zarr(store / "tables/msi_dataset_z0")
    axis = mzgrid.MassAxis("orbitrap", 99, 1001, bin_width="30mDa", reference_mz=400)
    assert axis.digest == table.uns["mzgrid"]["mass_axis"]["edges_sha256"]
    np.testing.assert_array_equal(axis.centers, table.var["mz"])
    np.testing.assert_array_equal(axis.edges[:-1], table.var["mz_lower"])
    for row, (mz, intensity) in enumerate(arrays):
        made = mzgrid.resample(mz, intensity, axis, method)
        np.testing.assert_array_equal(made.dense(), table.X[[row]].toarray().ravel())
        assert made.summary["tic"] == table.obs["tic"].iloc[row]
        assert made.summary["base_peak_mz"] == table.obs["base_peak_mz"].iloc[row]
        assert made.bins.dtype == np.int32
        assert (np.diff(made.bins) > 0).all()


def test_gaps_are_those_of_the_run(program, folder):
    """A profile with its zeros trimmed, as the program fitted its steps."""
    rng = np.random.default_rng(4)
    step = np.arange(200.0, 260.0, 0.02)
    keep = (np.sin(step) > 0.3) & (step % 7 > 1)
    arrays = [(step[keep], rng.gamma(2, 50, keep.sum())) for _ in range(6)]
    pixels = [writer.Pixel(i + 1, 1, *a) for i, a in enumerate(arrays)]
    source = writer.write_imzml(folder / "gaps.imzML", pixels, profile=True, intensity_type="<f8", pixel_size=(10, 10))
    store = folder / "gaps.zarr"
    words = ["--mass-axis-type", "constant", "--bin-width", "0.01", "--interpolation-method", "linear"]
    subprocess.run(
        [program, "convert", source, store, "-q", "--dtype", "float64", "--layout", "csr", *words], check=True
    )
    table = anndata.read_zarr(store / "tables/msi_dataset_z0")
    how = mzgrid.open(store).info["resampling"]
    lower, upper = table.var["mz_lower"].iloc[0], table.var["mz_upper"].iloc[-1]
    axis = mzgrid.MassAxis("constant", lower, upper, bin_width=0.01)
    np.testing.assert_allclose(axis.centers, table.var["mz"])
    sampling = (how["sampling_scale"], how["sampling_exponent"])
    assert how["max_gap"] == 3
    filled = mzgrid.resample(*arrays[0], axis, "linear").dense()
    made = mzgrid.resample(*arrays[0], axis, "linear", max_gap=how["max_gap"], sampling=sampling).dense()
    np.testing.assert_array_equal(made, table.X[[0]].toarray().ravel())
    assert (filled != made).any()


def test_axes_go_to_the_program_and_come_from_it(program, source, folder):
    mine, theirs = folder / "mine.json", folder / "theirs.json"
    axis = mzgrid.MassAxis("fticr", 100, 1000, bins=5000)
    axis.write(mine)
    d = mzgrid.convert(source, folder / "mine.zarr", mass_axis_file=mine, progress=False)
    assert d.info["mass_axis"]["edges_sha256"] == axis.digest
    np.testing.assert_array_equal(d.mz, axis.centers)
    words = ["--mass-axis-type", "reflector_tof", "--bin-width", "7ppm"]
    subprocess.run([program, "axis", source, "-o", theirs, "-q", *words], check=True)
    read = mzgrid.MassAxis.read(theirs)
    made = mzgrid.MassAxis("reflector_tof", *read_range(theirs), bin_width="7 ppm")
    assert read.digest == made.digest
    assert read.law == "reflector_tof"
    assert repr(axis) == f"<mzgrid.MassAxis fticr, 5,000 bins, m/z {axis.edges[0]:.6g} to 1000>"


def read_range(path):
    import json

    def find(value, name):
        if isinstance(value, dict):
            return value.get(name) or next((f for v in value.values() if (f := find(v, name))), None)
        return None

    text = json.loads(path.read_text())
    return find(text, "min_mz"), find(text, "max_mz")


def test_native_axes(arrays):
    mz, intensity = arrays[0]
    axis = mzgrid.MassAxis.native(mz)
    np.testing.assert_array_equal(axis.centers, mz)
    np.testing.assert_array_equal(mzgrid.resample(mz, intensity, axis).dense(), intensity)
    assert axis.locate(mz[7]) == 7
    assert axis.locate(50.0) is None


def test_nothing_is_copied_and_nothing_goes_too_early(arrays):
    mz, intensity = arrays[0]
    axis = mzgrid.MassAxis("constant", 100, 1000, bins=1000)
    made = mzgrid.resample(mz, intensity, axis)
    values, bins, edges, expected = made.values, made.bins, axis.edges, made.dense()
    assert values.base is not None
    with pytest.raises(ValueError, match="read-only"):
        values[0] = 1
    del made, axis
    gc.collect()
    others = [mzgrid.resample(mz, intensity[::-1], mzgrid.MassAxis("fticr", 100, 1000, bins=999)) for _ in range(50)]
    dense = np.zeros(1000)
    dense[bins] = values
    np.testing.assert_array_equal(dense, expected)
    np.testing.assert_allclose(edges, np.linspace(100, 1000, 1001))
    assert len(others) == 50


def test_other_types_strides_and_odd_points():
    axis = mzgrid.MassAxis("constant", 100, 200, bins=100)
    mz, intensity = np.array([150, 101, np.nan, 101, 999]), np.array([1, 2, 3, 4, 5], dtype=np.int16)
    made = mzgrid.resample(mz[:].astype(np.float32), intensity, axis)
    assert dict(zip(made.bins.tolist(), made.values.tolist())) == {1: 6, 50: 1}
    assert (made.summary["unsorted"], made.summary["merged"]) == (True, True)
    assert (made.summary["dropped_points"], made.summary["outside_points"]) == (1, 1)
    both = np.array([[101.0, 1], [102, 2], [103, 3]])
    assert mzgrid.resample(both[:, 0], both[:, 1], axis).values.tolist() == [1, 2, 3]
    nothing = mzgrid.resample([], [], axis)
    assert nothing.values.size == 0
    assert not nothing.dense().any()


def test_threads_share_an_axis(arrays):
    axis = mzgrid.MassAxis("orbitrap", 100, 1000, bins=20000)
    expected = [mzgrid.resample(*a, axis, "pchip").dense() for a in arrays]
    faults = []

    def work():
        for _ in range(20):
            for a, e in zip(arrays, expected):
                if not np.array_equal(mzgrid.resample(*a, axis, "pchip").dense(), e):
                    faults.append(a)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mzgrid.MassAxis("constant", 100, 200), "by bin_width or by bins: give one of them"),
        (lambda: mzgrid.MassAxis("magic", 100, 200, bins=5), "'magic'"),
        (lambda: mzgrid.MassAxis("constant", 200, 100, bins=5), "200"),
        (lambda: mzgrid.MassAxis("constant", float("nan"), 100, bins=5), "m/z|nan"),
        (
            lambda: mzgrid.MassAxis("constant", 100, 200, bin_width="5 miles"),
            "expected a width such as|expected a number",
        ),
        (lambda: mzgrid.MassAxis.native([3.0, 2.0]), "m/z"),
        (
            lambda: mzgrid.resample([1.0], [1.0, 2.0], mzgrid.MassAxis("constant", 1, 2, bins=5)),
            "1 m/z and 2 intensities",
        ),
        (lambda: mzgrid.resample([[1.0]], [[1.0]], mzgrid.MassAxis("constant", 1, 2, bins=5)), "mz has 2 dimensions"),
        (lambda: mzgrid.resample([1.0], [1.0], mzgrid.MassAxis("constant", 1, 2, bins=5), "best"), "'best'"),
        (lambda: mzgrid.resample([1.0], [1.0], mzgrid.MassAxis("constant", 1, 2, bins=5), max_gap=3), "give sampling="),
    ],
)
def test_what_is_not_possible(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_library_that_is_not_there(monkeypatch, tmp_path):
    from mzgrid import _native

    monkeypatch.setenv("MZGRID_LIBRARIES", str(tmp_path))
    _native.library.cache_clear()
    try:
        with pytest.raises(mzgrid.ProgramError, match=r"libmzgrid-resample\.so\.0 cannot be loaded"):
            mzgrid.MassAxis("constant", 100, 200, bins=5)
    finally:
        monkeypatch.undo()
        _native.library.cache_clear()
    with pytest.raises(mzgrid.SystemFailure, match=r"axis\.json"):
        mzgrid.MassAxis.read(tmp_path / "axis.json")
