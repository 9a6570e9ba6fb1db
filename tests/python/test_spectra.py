"""Spectra, peaks and tables against the matrix as anndata reads it."""

import anndata
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import mzgrid

quiet = pytest.mark.filterwarnings("ignore::mzgrid.CostWarning")


@quiet
def test_the_spectrum_of_a_pixel(made):
    d = mzgrid.open(made.path)
    for row in (0, 100, len(made.table) - 1):
        at = made.table.obs.iloc[row]
        spectrum = d.spectrum(x=at.x, y=at.y)
        assert isinstance(spectrum, pd.Series) and spectrum.index.name == "mz"
        np.testing.assert_array_equal(spectrum.index, made.table.var["mz"])
        np.testing.assert_array_equal(spectrum, made.x[row])
    for kind in (float, np.array, pd.Series, xr.DataArray):  # whatever holds one whole number
        np.testing.assert_array_equal(d.spectrum(x=kind(at.x), y=kind(at.y)), made.x[row])


@quiet
def test_the_spectrum_of_a_mask(made):
    d = mzgrid.open(made.path)
    image = d.ion_image(500.0, da=2)
    rows = made.table.obs[["y", "x"]].to_numpy() - made.table.obs[["y", "x"]].to_numpy().min(axis=0)
    raster = image > float(image.median())
    chosen = raster.to_numpy()[rows[:, 0], rows[:, 1]]
    assert 10 < chosen.sum() < len(chosen) - 10
    expected = made.x[chosen].astype(float)
    for mask in (raster, raster.to_numpy(), chosen, pd.Series(chosen)):
        np.testing.assert_allclose(d.spectrum(mask), expected.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(d.spectrum(mask, reduce="sum"), expected.sum(axis=0), rtol=1e-12)


def test_rows_are_read_where_the_store_has_them(made):
    d = mzgrid.open(made.path)
    if d.info["layout"] == "csc":
        with pytest.warns(
            mzgrid.CostWarning, match=r"a spectrum reads all [\d,]+ values .* by columns only; .*'csc\+csr'"
        ):
            d.spectrum(x=10, y=10)
    else:
        d.spectrum(x=10, y=10)  # a CostWarning would be an error here


@quiet
@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(x=1, y=99), r"no pixel at x = 1, y = 99; those of the store have x 1 to \d+, y 1 to \d+"),
        (dict(x=-3, y=10), "no pixel at x = -3"),
        (dict(x=10), "give both"),
        (dict(), "give either a mask, or x and y"),
        (dict(mask=np.ones((2, 2), bool), x=1, y=1), "give either a mask, or x and y"),
        (dict(mask=np.ones((2, 2), bool)), r"the mask has the shape \(2, 2\), expected that of an image"),
        (dict(mask=np.ones(7)), "the mask has the type float64, expected booleans"),
        (dict(x=1.5, y=1), r"x is 1\.5, expected a whole number"),
        (dict(x=1, y="2"), "y is '2', expected a whole number"),
        (dict(x=1, y=1, reduce="max"), "reduce is 'max', expected 'mean' or 'sum'"),
    ],
)
def test_what_is_not_possible(csc, arguments, message):
    with pytest.raises(ValueError, match=message):
        mzgrid.open(csc.path).spectrum(**arguments)


@quiet
def test_an_empty_cell_is_no_pixel(csc):
    d = mzgrid.open(csc.path)
    i, j = np.argwhere(np.isnan(d.ion_image(500.0).to_numpy()))[0]
    with pytest.raises(ValueError, match="there is no pixel at"):
        d.spectrum(x=int(csc.table.obs["x"].min() + j), y=int(csc.table.obs["y"].min() + i))
    mask = np.zeros(d.info["image_shape"], bool)
    mask[i, j] = True
    with pytest.raises(ValueError, match="the mask chooses no pixel"):
        d.spectrum(mask)


@quiet
def test_planes_have_pixels_of_their_own(planes):
    d = mzgrid.open(planes.path)
    np.testing.assert_array_equal(d.spectrum(x=3, y=2, z=1), planes.x[0])
    np.testing.assert_array_equal(d.spectrum(x=3, y=2, z=2), planes.x[3])
    with pytest.raises(ValueError, match=r"2 planes: give z, one of \[1, 2\]"):
        d.spectrum(x=3, y=2)
    with pytest.raises(ValueError, match="no pixel at x = 4, y = 2, z = 2"):
        d.spectrum(x=4, y=2, z=2)


def test_what_var_and_obs_hold(made):
    d = mzgrid.open(made.path)
    assert d.shape == made.table.shape
    np.testing.assert_array_equal(d.mz, made.table.var["mz"])
    np.testing.assert_array_equal(d.mean_spectrum, made.table.var["mean_intensity"])
    np.testing.assert_array_equal(d.max_spectrum, made.table.var["max_intensity"])
    np.testing.assert_array_equal(d.mean_spectrum.index, d.mz)
    pd.testing.assert_frame_equal(
        d.obs, made.table.obs, check_categorical=False, check_index_type=False, check_names=False
    )
    pd.testing.assert_frame_equal(d.var, made.table.var, check_index_type=False, check_names=False)
    assert len(d.skipped_pixels) == 0
    info = d.info
    assert (info["pixels"], info["bins"]) == made.table.shape
    assert info["mz_range"] == (made.table.var["mz_lower"].iloc[0], made.table.var["mz_upper"].iloc[-1])
    assert info["pixel_size"] == (20, 10) and info["unit"] == "micrometer"
    assert info["layout"] == made.table.uns["mzgrid"]["options"]["layout"] and info["dtype"] == "float32"
    assert info["mass_axis"]["n_bins"] == 700


def peaks_by_definition(mz, intensity, n, ppm):
    """Straight from the words: strongest first, each above its neighbours, none within ppm of one taken before."""
    padded = [-1, *intensity, -1]
    tops = [k for k in range(len(mz)) if padded[k] < padded[k + 1] >= padded[k + 2] and intensity[k] > 0]
    taken = []
    for k in sorted(tops, key=lambda k: -intensity[k]):
        if len(taken) < n and all(abs(mz[k] - mz[j]) > mz[j] * ppm * 1e-6 for j in taken):
            taken.append(k)
    return taken


@pytest.mark.parametrize("n, ppm", [(5, 10), (50, 10), (50, 20000), (10**6, 0)])
def test_peaks(csc, n, ppm):
    var = csc.table.var
    d = mzgrid.open(csc.path)
    for by in ("mean", "max"):
        expected = peaks_by_definition(var["mz"].to_numpy(), var[f"{by}_intensity"].to_numpy(), n, ppm)
        found = d.peaks(n, ppm=ppm, by=by)
        pd.testing.assert_frame_equal(found, var.iloc[expected].reset_index(drop=True), check_names=False)
    with pytest.raises(ValueError, match="n is 0"):
        d.peaks(0)
    with pytest.raises(ValueError, match="n is '5', expected a whole number of 1 or more"):
        d.peaks("5")


@quiet
def test_a_table_of_peaks(made):
    d = mzgrid.open(made.path)
    peaks = d.peaks(6)
    table = d.table(peaks, ppm=4000)
    assert isinstance(table, anndata.AnnData) and table.shape == (len(made.table), 6)
    for k, mz in enumerate(peaks["mz"]):
        near = np.flatnonzero(abs(made.table.var["mz"].to_numpy() - mz) <= mz * 4e-3)
        assert table.var["n_bins"].iloc[k] == len(near) > 1
        np.testing.assert_allclose(
            table.X[:, [k]].toarray().ravel(), made.x[:, near].sum(axis=1, dtype=float), rtol=1e-6
        )
    assert list(table.var_names) == [f"{mz:.4f}" for mz in peaks["mz"]]
    assert list(table.obs_names) == list(made.table.obs_names)
    np.testing.assert_array_equal(table.obsm["spatial"], made.table.obsm["spatial"])
    assert table.uns["spatialdata_attrs"] == dict(made.table.uns["spatialdata_attrs"])
    one = d.table([500.0], da=1, normalize="tic")
    np.testing.assert_allclose(
        one.X.toarray().ravel(),
        made.x[:, abs(made.table.var["mz"].to_numpy() - 500) <= 1].sum(axis=1, dtype=float) / made.table.obs["tic"],
        rtol=1e-6,
    )


def test_names_of_columns_tell_them_apart(csc):
    table = mzgrid.open(csc.path).table([500.0, 500.00001], da=1)
    assert list(table.var_names) == ["500.00000", "500.00001"]
    with pytest.raises(ValueError, match="an m/z is given twice"):
        mzgrid.open(csc.path).table([500.0, 500.0], da=1)
    with pytest.raises(ValueError, match="no m/z is given"):
        mzgrid.open(csc.path).table([])
    with pytest.raises(ValueError, match="no column 'mz'"):
        mzgrid.open(csc.path).table(pd.DataFrame({"mass": [500.0]}))
