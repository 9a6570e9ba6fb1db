"""Pictures, OME-TIFF and what viewers are given, looked at with the libraries that read them."""

import logging
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import mzgrid

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


def test_a_plot(csc):
    d = mzgrid.open(csc.path)
    ax = d.plot(500.0, da=1, percentile=90)
    (picture,) = ax.images
    image = d.ion_image(500.0, da=1)
    np.testing.assert_array_equal(picture.get_array().filled(np.nan), image)
    low, high = picture.get_clim()
    assert low == 0 and high == pytest.approx(np.nanpercentile(image, 90))
    left, right, bottom, top = picture.get_extent()
    obs = csc.table.obs
    assert (left, right) == pytest.approx((obs["spatial_x"].min() - 10, obs["spatial_x"].max() + 10))
    assert (top, bottom) == pytest.approx((obs["spatial_y"].min() - 5, obs["spatial_y"].max() + 5))
    assert ax.get_xlabel() == "x [µm]" and ax.get_title().startswith("m/z 500.0000 ± 1.0000 (")
    with pytest.raises(ValueError, match="percentile is 0"):
        d.plot(500.0, percentile=0)


@pytest.mark.parametrize(("colormap", "background"), [("viridis", "white"), ("gray", "#dce8f5"), ("Greys", "#dce8f5")])
def test_a_cell_without_a_pixel_has_the_colour_of_no_value(csc, colormap, background):
    d = mzgrid.open(csc.path)
    (picture,) = d.plot(500.0, da=1, colormap=colormap).images
    shown = picture.to_rgba(picture.get_array())
    empty = np.isnan(d.ion_image(500.0, da=1).to_numpy())
    assert empty.any() and not empty.all()
    drawn = np.where(shown[..., 3:] > 0, shown[..., :3], 1)  # on white
    assert np.allclose(drawn[empty], matplotlib.colors.to_rgb(background))
    if colormap != "viridis":
        assert not np.isclose(drawn[~empty], matplotlib.colors.to_rgb(background)).all(axis=1).any()
    matplotlib.pyplot.close("all")


def test_a_colormap_that_does_not_exist_and_one_of_ones_own(csc):
    d = mzgrid.open(csc.path)
    with pytest.raises(ValueError, match="viridsi"):
        d.plot(500.0, da=1, colormap="viridsi")
    own = matplotlib.colors.ListedColormap(["black", "red"], name="own")
    (picture,) = d.plot(500.0, da=1, colormap=own).images
    assert picture.get_cmap()(1.0) == (1, 0, 0, 1)
    matplotlib.pyplot.close("all")


def test_a_name_promises_what_is_written(csc, tmp_path):
    d = mzgrid.open(csc.path)
    with pytest.raises(
        ValueError, match=r"a\.jpg: expected a name that ends in \.png, because that is what is written"
    ):
        d.save_png(tmp_path / "a.jpg", 500.0, da=1)
    with pytest.raises(ValueError, match=r"a\.png: expected a name that ends in \.tif or \.tiff"):
        d.save_tiff(tmp_path / "a.png", 500.0, da=1)
    assert list(tmp_path.iterdir()) == []


def test_axes_and_bar_tell_their_scale(csc):
    from mzgrid._pictures import locator

    assert list(locator(80, 1100, 2).tick_values(80, 1100)) == [0, 500, 1000, 1500]
    ax = mzgrid.open(csc.path).plot(500.0, da=1, normalize="tic")
    assert "intensity / TIC" in [a.get_ylabel() for a in [*ax.get_figure().axes, *ax.child_axes]]
    matplotlib.pyplot.close("all")


def test_a_title_says_where_the_window_lies():
    from mzgrid._pictures import title

    even = {"mz": 885.5461, "window_low": 885.543762, "window_high": 885.548401, "n_bins": 1}
    assert title(even) == "m/z 885.5461 ± 0.0023 (1 bin)"
    uneven = {"mz": 1105.6152, "window_low": 1101.592590, "window_high": 1106.103577, "n_bins": 1}  # of a native axis
    assert title(uneven) == "m/z 1105.6152, 1101.5926 to 1106.1036 (1 bin)"
    near = {"mz": 500.002, "window_low": 500.0, "window_high": 500.005, "n_bins": 1}  # in a bin whose middle is another
    assert title(near) == "m/z 500.0020, 500.0000 to 500.0050 (1 bin)"


def test_a_png(csc, tmp_path):
    path = mzgrid.open(csc.path).save_png(tmp_path / "a.png", 500.0, da=1, normalize="tic", dpi=100)
    picture = matplotlib.image.imread(path)
    assert picture.shape == (480, 640, 4)
    assert len(np.unique(picture.reshape(-1, 4), axis=0)) > 50


def is_seen(label, window):
    """Whether it stands beside the image: matplotlib keeps numbers of ticks outside as well."""
    x, y = label.get_transform().transform(label.get_position())
    return window.x0 <= x <= window.x1 or window.y0 <= y <= window.y1


@pytest.mark.parametrize(("width", "height"), [(40, 30), (120, 3), (3, 120), (120, 1), (1, 1)])
def test_numbers_have_room_and_the_bar_is_as_high_as_the_image(tmp_path, width, height):
    import writer

    mz = np.array([100.0, 150.0])
    pixels = [
        writer.Pixel(i, j, mz, np.array([i + j, 1], np.float32))
        for j in range(1, height + 1)
        for i in range(1, width + 1)
    ]
    source = writer.write_imzml(tmp_path / "a.imzML", pixels, continuous=True, pixel_size=(50, 50))
    d = mzgrid.convert(source, tmp_path / "a.zarr", mass_axis_type="native", progress=False)
    ax = d.plot(100.0)
    figure = ax.get_figure()
    figure.canvas.draw()
    for ticks in (ax.get_xticklabels(), ax.get_yticklabels()):
        window = ax.get_window_extent().padded(2)
        boxes = [t.get_window_extent() for t in ticks if t.get_text() and is_seen(t, window)]
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    title, whole = ax.title.get_window_extent(), figure.bbox
    assert whole.x0 <= title.x0 and title.x1 <= whole.x1
    bar = next(a for a in [*figure.axes, *ax.child_axes] if a.get_ylabel() == "intensity").get_window_extent()
    assert bar.height > 100 and bar.width > 8
    both = [ax.get_window_extent(), bar]
    middle = (min(box.x0 for box in both) + max(box.x1 for box in both)) / 2
    assert abs(middle - whole.width / 2) < 0.2 * whole.width, "image and bar stand at one side"
    if (width, height) == (40, 30):
        assert 0.94 < bar.height / ax.get_window_extent().height < 1.01  # with its head, which tells of larger values
    matplotlib.pyplot.close(figure)


def test_a_tiff_has_channels_and_physical_sizes(csc, tmp_path):
    tifffile = pytest.importorskip("tifffile")
    d = mzgrid.open(csc.path)
    path = d.save_tiff(tmp_path / "a.ome.tif", [500.0, 300.0], da=1)
    with tifffile.TiffFile(path) as tiff:
        assert tiff.is_ome
        values = tiff.asarray()
        pixels = ElementTree.fromstring(tiff.ome_metadata).find(".//{*}Pixels")
        x, y = (tiff.pages[0].tags[name].value for name in ("XResolution", "YResolution"))
    expected = d.ion_image([500.0, 300.0], da=1)
    np.testing.assert_array_equal(values, expected.fillna(0))
    assert values.dtype == np.float32
    assert float(pixels.get("PhysicalSizeX")) == 20 and float(pixels.get("PhysicalSizeY")) == 10
    assert pixels.get("PhysicalSizeXUnit") == "µm"
    assert [c.get("Name") for c in pixels.findall("{*}Channel")] == ["m/z 500.0000", "m/z 300.0000"]
    assert (x[0] / x[1], y[0] / y[1]) == (500, 1000)  # pixels in a centimetre
    one = d.save_tiff(tmp_path / "one.tif", 500.0, da=1, fill=-1)
    np.testing.assert_array_equal(np.squeeze(tifffile.imread(one)), expected[0].fillna(-1))


def test_planes_want_one_to_be_chosen(planes, tmp_path):
    d = mzgrid.open(planes.path)
    for call in (d.plot, lambda mz, **o: d.save_png(tmp_path / "a.png", mz, **o)):
        with pytest.raises(ValueError, match="2 planes, and a picture shows one: give z"):
            call(150.0)
        call(150.0, z=2)
    with pytest.raises(ValueError, match="a channel holds one: give z"):
        d.save_tiff(tmp_path / "a.tif", 150.0)
    d.save_tiff(tmp_path / "a.tif", 150.0, z=2)


def test_what_viewers_get(csc, caplog):
    d = mzgrid.open(csc.path)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        sdata = d.to_spatialdata(mz=[500.0, 300.0], da=1)
    table = sdata.tables["msi_dataset_z0"]
    assert list(table.var_names) == ["500.0000", "300.0000"]
    assert list(sdata.labels) == ["msi_dataset_z0_pixels"] and list(sdata.images) == ["msi_dataset_z0_tic"]
    labels = np.asarray(sdata.labels["msi_dataset_z0_pixels"])
    values = np.full(labels.max() + 1, np.nan)
    values[table.obs["instance_key"]] = table.X[:, [0]].toarray().ravel()
    np.testing.assert_array_equal(values[labels], d.ion_image(500.0, da=1))
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert d.to_spatialdata().tables["msi_dataset_z0"].shape == (len(csc.table), len(d.peaks()))


def test_the_whole_table_lazily(csc):
    d = mzgrid.open(csc.path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = d.lazy()
    assert table.shape == d.shape
    np.testing.assert_array_equal(table.X[:, 100:103].compute().toarray(), csc.x[:, 100:103])


def test_what_is_not_installed_is_named(csc):
    code = (
        "import sys; sys.modules['tifffile'] = None; import mzgrid\n"
        f"mzgrid.open({str(csc.path)!r}).save_tiff('a.tif', 500.0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert "tifffile" in done.stderr.splitlines()[-1] and "pip install" in done.stderr
