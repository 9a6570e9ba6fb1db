"""Ion images of every layout against the matrix as anndata reads it."""

import re
import warnings

import numpy as np
import pytest
import xarray as xr
from xarray.plot.utils import label_from_attrs

import mzgrid

pytestmark = pytest.mark.filterwarnings("ignore::mzgrid.CostWarning")


def columns(made, low, high):
    mz = made.table.var["mz"].to_numpy()
    return np.flatnonzero((mz >= low) & (mz <= high))


@pytest.mark.parametrize("window", [{"ppm": 3000}, {"da": 2.5}])
@pytest.mark.parametrize("reduce", ["sum", "max"])
def test_an_image_is_the_sum_or_maximum_of_the_bins_in_the_window(made, window, reduce):
    mz = 500.0
    half = window.get("da", window.get("ppm", 0) * mz * 1e-6)
    chosen = columns(made, mz - half, mz + half)
    assert len(chosen) > 1
    x = made.x[:, chosen].astype(float)
    expected = made.raster(x.sum(axis=1) if reduce == "sum" else x.max(axis=1))
    image = mzgrid.open(made.path).ion_image(mz, **window, reduce=reduce)
    assert isinstance(image, xr.DataArray) and image.dims == ("y", "x") and image.dtype == np.float32
    np.testing.assert_allclose(image, expected, rtol=1e-6)
    assert np.isnan(image.values).any() and np.nanmax(image.values) > 0
    assert (image.attrs["first_bin"], image.attrs["n_bins"]) == (chosen[0], len(chosen))
    assert image.attrs["mz_lower"] == made.table.var["mz_lower"].iloc[chosen[0]]
    assert image.attrs["mz_upper"] == made.table.var["mz_upper"].iloc[chosen[-1]]
    assert (image.attrs["window_low"], image.attrs["window_high"]) == (mz - half, mz + half)


def test_coordinates_are_the_centres_of_pixels_in_micrometres(made):
    image = mzgrid.open(made.path).ion_image(500.0)
    obs = made.table.obs
    for axis, size in (("x", 20), ("y", 10)):
        assert np.allclose(np.diff(image[axis]), size)
        at = image[axis].to_numpy()[obs[axis].to_numpy() - obs[axis].min()]
        np.testing.assert_allclose(at, obs[f"spatial_{axis}"], rtol=1e-12)
    assert image.attrs["pixel_size_unit"] == image["x"].attrs["units"] == "micrometer"
    # What xarray writes at axes and colour bars: micrometres are the unit of places, not of intensities.
    assert [label_from_attrs(a) for a in (image["x"], image)] == ["x [micrometer]", "intensity"]
    assert (image.attrs["pixel_size_x"], image.attrs["pixel_size_y"]) == (20, 10)


def test_without_a_tolerance_it_is_the_bin_that_holds_the_mz(made):
    var = made.table.var
    k = int(var["mean_intensity"].argmax())
    d = mzgrid.open(made.path)
    for mz in (var["mz_lower"].iloc[k], var["mz"].iloc[k], np.nextafter(var["mz_upper"].iloc[k], 0)):
        image = d.ion_image(mz)
        assert (image.attrs["first_bin"], image.attrs["n_bins"]) == (k, 1)
        np.testing.assert_array_equal(image, made.raster(made.x[:, k]))
    assert d.ion_image(var["mz_upper"].iloc[-1]).attrs["first_bin"] == len(var) - 1  # the last bin is closed


def test_a_list_gives_a_stack(made):
    masses = [300.0, 120.0, 300.0]
    d = mzgrid.open(made.path)
    stack = d.ion_image(masses, da=1)
    assert stack.dims == ("mz", "y", "x") and list(stack["mz"]) == masses
    for i, mz in enumerate(masses):
        np.testing.assert_array_equal(stack[i], d.ion_image(mz, da=1))
    assert stack.attrs["n_bins"] == [d.ion_image(mz, da=1).attrs["n_bins"] for mz in masses]


@pytest.mark.parametrize("name, column", [("tic", "tic"), ("rms", "rms"), ("median", "median_intensity")])
def test_normalization_divides_by_what_obs_has(made, name, column):
    chosen = columns(made, 499, 501)
    divisor = made.table.obs[column].to_numpy()
    expected = np.where(
        divisor > 0, made.x[:, chosen].astype(float).sum(axis=1) / np.where(divisor > 0, divisor, 1), np.nan
    )
    image = mzgrid.open(made.path).ion_image(500.0, da=1, normalize=name)
    np.testing.assert_allclose(image, made.raster(expected), rtol=1e-6)
    assert image.attrs["normalize"] == name


def test_normalization_by_numbers_follows_the_names_of_a_series(made):
    obs = made.table.obs
    weights = obs["tic"] + 1
    d = mzgrid.open(made.path)
    expected = d.ion_image(500.0, da=1, normalize=weights.to_numpy())
    assert expected.attrs["normalize"] == "numbers"
    np.testing.assert_array_equal(d.ion_image(500.0, da=1, normalize=weights.sample(frac=1, random_state=1)), expected)
    by_key = weights.set_axis(obs["instance_key"].to_numpy()).iloc[::-1]
    np.testing.assert_array_equal(d.ion_image(500.0, da=1, normalize=by_key), expected)
    part = d.ion_image(500.0, da=1, normalize=weights.iloc[:10])
    assert np.isfinite(part.values).sum() == 10


def test_native_axis_and_float64(native):
    d = mzgrid.open(native.path)
    assert d.info["mass_axis"]["type"] == "native"
    k = int(native.table.var["max_intensity"].argmax())
    image = d.ion_image(native.table.var["mz"].iloc[k])
    assert image.dtype == np.float64
    np.testing.assert_array_equal(image, native.raster(native.x[:, k]))


def test_planes(planes):
    d = mzgrid.open(planes.path)
    assert d.z_planes == [1, 2] and d.info["image_shape"] == (2, 4, 4)
    values = planes.x[:, 1]
    both = d.ion_image(150.0)
    assert both.dims == ("z", "y", "x") and list(both["z"]) == [1, 2]
    expected = np.full((2, 4, 4), np.nan)
    for v, (z, y, x) in zip(values, planes.table.obs[["z", "y", "x"]].to_numpy()):
        expected[z - 1, y - 2, x - 3] = v
    np.testing.assert_array_equal(both, expected)
    for z in (1, 2):
        np.testing.assert_array_equal(d.ion_image(150.0, z=z), expected[z - 1])
    assert list(both["x"]) == [125, 175, 225, 275] and list(both["y"]) == [60, 100, 140, 180]
    with pytest.raises(ValueError, match=r"no plane z = 3, only \[1, 2\]"):
        d.ion_image(150.0, z=3)


def test_the_maximum_of_negative_values_counts_what_is_not_stored(planes):
    d = mzgrid.open(planes.path)
    np.testing.assert_array_equal(
        d.ion_image(150.0, da=60, reduce="max", z=1), d.ion_image([100.0, 150.0, 200.0], z=1).max("mz", skipna=False)
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            dict(mz=500.0, ppm=0.001),
            r"no bin has its centre within 0\.001 ppm of m/z 500 .*the nearest bin is at m/z \d+",
        ),
        (dict(mz=50.0, ppm=10), r"nearest bin is at m/z 100\..*axis runs from 100\.\d+ to 999\."),
        (dict(mz=1e4), r"no bin holds m/z 10000; the nearest bin is at m/z 99\d"),
        (dict(mz=1e4), r"m/z 99\d[.\d]*, 900\d\.\d Da away, and the axis runs from"),
        (dict(mz=float("nan")), "m/z is nan, expected a finite number"),
        (dict(mz=float("inf"), ppm=1), "m/z is inf"),
        (dict(mz=-5.0), "m/z is -5, expected a number above 0"),
        (dict(mz="many"), "m/z is 'many', expected a number"),
        (dict(mz=[500.0, np.nan]), "m/z is nan"),
        (dict(mz=500.0, ppm=-1), "ppm is -1, expected 0 or more"),
        (dict(mz=500.0, da=np.nan), "da is nan"),
        (dict(mz=500.0, ppm=1, da=1), "give one of them"),
        (dict(mz=500.0, reduce="mean"), "reduce is 'mean', expected 'sum' or 'max'"),
        (dict(mz=500.0, normalize="TIC"), "normalize is 'TIC', expected one of tic, rms, median"),
        (dict(mz=500.0, normalize=[1, 2]), r"normalize has the shape \(2,\), expected a number for each of"),
        (dict(mz=500.0, z=9), "no plane z = 9"),
    ],
)
def test_what_is_not_possible_is_a_value_error_that_says_so(csc, arguments, message):
    with pytest.raises(ValueError, match=message):
        mzgrid.open(csc.path).ion_image(**arguments)


def test_the_nearest_bin_is_named_right(csc):
    mz = csc.table.var["mz"].to_numpy()
    target = 0.4 * mz[9] + 0.6 * mz[10]
    with pytest.raises(ValueError, match=f"nearest bin is at m/z {mz[10]:.10g}, {mz[10] - target:.3g} Da"):
        mzgrid.open(csc.path).ion_image(target, ppm=0.01)


def test_reading_all_rows_for_an_image_is_told(made):
    d = mzgrid.open(made.path)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        d.ion_image(500.0, da=1)
    if d.info["layout"] == "csr":
        (one,) = told
        assert one.category is mzgrid.CostWarning
        assert one.filename == __file__
        assert re.match(r"an ion image reads all [\d,]+ values of the store .* by rows only", str(one.message))
    else:
        assert not told


def test_blocks_make_no_difference(made, monkeypatch):
    d = mzgrid.open(made.path)
    whole = d.ion_image([300.0, 500.0], da=30), d.ion_image([300.0, 500.0], da=30, reduce="max")
    rows = made.table.obs["x"].to_numpy() > 8
    spectrum = d.spectrum(rows)
    monkeypatch.setattr("mzgrid._matrix.BLOCK", 97)
    np.testing.assert_array_equal(d.ion_image([300.0, 500.0], da=30), whole[0])
    np.testing.assert_array_equal(d.ion_image([300.0, 500.0], da=30, reduce="max"), whole[1])
    np.testing.assert_allclose(d.spectrum(rows), spectrum, rtol=1e-13)
