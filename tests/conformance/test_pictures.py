"""`mzgrid image` and `mzgrid spectrum` against the store as spatialdata and anndata read it: the values of the .tif and
.csv, the colours of the .png; and what they say about input that is none."""
import json
import re
import shutil
import xml.etree.ElementTree as ET

import anndata
import matplotlib
import numpy as np
import pytest
import scipy.sparse as sp
import tifffile
from pictures import LAYOUTS, NORMS, Made, refused
from PIL import Image
from scipy import ndimage


@pytest.fixture(scope="module")
def stores(mzgrid, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    made = {}

    def get(source, layout, *options):
        key = (str(source), layout, options)
        if key not in made:
            path = folder / f"{len(made)}.zarr"
            mzgrid.convert(source, path, "--layout", layout, "-q", *options)
            made[key] = Made(path)
        return made[key]

    return get


SYNTHETIC = ("synthetic:31x23:150", "--bins", 700, "--pixel-size", "20:10")


def synthetic(stores, layout="csc"):
    return stores(SYNTHETIC[0], layout, *SYNTHETIC[1:])


def read_tif(path):
    values = tifffile.imread(path)
    return values if values.ndim == 3 else values[None]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_values_of_the_tif_are_those_of_the_table(mzgrid, stores, tmp_path, layout):
    made = synthetic(stores, layout)
    masses = made.some_mz(3)
    for how, half in (("--ppm", lambda mz: 9000 * mz * 1e-6), ("--da", lambda mz: 9000)):
        out = tmp_path / f"{how}.tif"
        assert mzgrid("image", made.path, "--mz", ",".join(map(repr, masses)), how, 9000, "-o", out).status == 0
        values = read_tif(out)
        assert values.dtype == np.float32 and values.shape == (3, *made.labels.shape)
        for one, mz in zip(values, masses):
            wanted = np.nan_to_num(made.image(mz, half(mz)), nan=0)
            np.testing.assert_allclose(one, wanted, rtol=1e-6)
            assert wanted.any()


@pytest.mark.parametrize("norm", NORMS)
def test_normalized(mzgrid, stores, tmp_path, norm):
    made = synthetic(stores)
    (mz,) = made.some_mz(1)
    assert mzgrid("image", made.path, "--mz", mz, "--da", 2, "--normalize", norm.upper(), "-o", tmp_path / "a.tif").status == 0
    np.testing.assert_allclose(read_tif(tmp_path / "a.tif")[0], np.nan_to_num(made.image(mz, 2, norm)), rtol=1e-6)


@pytest.mark.parametrize("name", ["cardinal-9peaks", "thyra-gen-processed", "tims-tsf-line-proc-zlib", "example-continuous"])
@pytest.mark.parametrize("layout", ["csc", "dense"])
def test_real_sets(mzgrid, stores, data, tmp_path, name, layout):
    (source,) = (data / name).glob("*.imzML")
    made = stores(source, layout)
    for mz in made.some_mz(2):
        out = tmp_path / f"{mz}.tif"
        assert mzgrid("image", made.path, "--mz", repr(mz), "--ppm", 20, "-o", out).status == 0
        np.testing.assert_allclose(read_tif(out)[0], np.nan_to_num(made.image(mz, 20e-6 * mz)), rtol=1e-6)
    done = mzgrid("image", made.path, "--mz", repr(mz), "-o", tmp_path / "bin.tif")
    assert done.status == 0 and ": 1 bin, " in done.err, str(done)
    np.testing.assert_allclose(read_tif(tmp_path / "bin.tif")[0], np.nan_to_num(made.image(mz, 0)), rtol=1e-6)


def test_sizes_and_names_of_an_ome_tiff(mzgrid, stores, tmp_path):
    made = synthetic(stores)
    assert mzgrid("image", made.path, "--mz", "300.5,700.25", "--da", 3, "-o", tmp_path / "a.ome.TIFF").status == 0
    with tifffile.TiffFile(tmp_path / "a.ome.TIFF") as tif:
        assert tif.is_ome and len(tif.pages) == 2
        pixels = ET.fromstring(tif.ome_metadata).find(".//{*}Pixels")
        assert tif.series[0].axes == "CYX"
        resolution = tif.pages[0].tags["XResolution"].value, tif.pages[0].tags["YResolution"].value
        assert tif.pages[0].tags["ResolutionUnit"].value == 3
    assert pixels.attrib["Type"] == "float" and pixels.attrib["SizeC"] == "2"
    assert [float(pixels.attrib[f"PhysicalSize{a}"]) for a in "XY"] == [20, 10]
    assert pixels.attrib["PhysicalSizeXUnit"] == "µm"
    # Bio-Formats (Fiji, QuPath) drops the & of character references, and then takes the file for a TIFF without names.
    written = (tmp_path / "a.ome.TIFF").read_bytes()
    assert 'PhysicalSizeXUnit="µm"'.encode() in written and b"&#" not in written[written.index(b"<OME"):][:2000]
    assert [c.attrib["Name"] for c in pixels.findall("{*}Channel")] == ["m/z 300.5000", "m/z 700.2500"]
    assert [a / b for a, b in resolution] == [500, 1000]


def test_planes(mzgrid, stores, tmp_path):
    from writer import Pixel, write_imzml

    rng = np.random.default_rng(5)
    pixels = [
        Pixel(x, y, np.array([100.0, 150.0, 200.0]), rng.normal(3, 2, 3).astype(np.float32), z=z)
        for z, y, x in [(1, 2, 3), (1, 2, 4), (1, 5, 3), (2, 2, 3), (2, 3, 6)]
    ]
    source = write_imzml(tmp_path / "planes.imzML", pixels, continuous=True, pixel_size=(50, 40))
    made = stores(source, "csc", "--mass-axis-type", "native")
    done = mzgrid("image", made.path, "--mz", 150, "-o", tmp_path / "a.tif")
    assert done.status == 2 and "has 2 planes, z 1 to 2: choose one by --z" in done.err
    assert mzgrid("image", made.path, "--mz", 150, "--z", 2, "-o", tmp_path / "a.tif").status == 0
    np.testing.assert_allclose(read_tif(tmp_path / "a.tif")[0], np.nan_to_num(made.image(150, 0)[1]), rtol=1e-6)
    done = mzgrid("image", made.path, "--mz", 150, "--z", 3, "-o", tmp_path / "b.tif")
    assert done.status == 2 and "has no plane z = 3, only 1 to 2" in done.err
    assert not (tmp_path / "b.tif").exists()
    done = mzgrid("spectrum", made.path, "--pixel", "3,2", "-o", tmp_path / "c.csv")
    assert done.status == 2 and "in several planes: give x, y and z" in done.err
    assert mzgrid("spectrum", made.path, "--pixel", "3,2,2", "-o", tmp_path / "c.csv").status == 0
    rows = np.loadtxt(tmp_path / "c.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(rows[:, 1], made.x[3])


def cells_of(picture, height, width):
    """The colours at the middle of each cell: the image is in the box of lines of one dark colour."""
    dark = (picture == 0x22).all(axis=2)
    rows = np.flatnonzero(dark.sum(axis=1) > 0.5 * dark.sum(axis=1).max())
    top, bottom = rows[0] + 2, rows[-1] - 1
    columns = np.flatnonzero(dark[top:bottom].sum(axis=0) > 0.9 * (bottom - top))
    left = columns[0] + 2
    right = next(c for c in columns if c > left + 10) - 0
    y = top + (np.arange(height) + 0.5) * (bottom - top) / height
    x = left + (np.arange(width) + 0.5) * (right - left) / width
    return picture[np.ix_(y.astype(int), x.astype(int))]


@pytest.mark.parametrize("colormap", ["viridis", "magma", "gray"])
def test_colours_of_the_png_are_those_of_the_values(mzgrid, stores, tmp_path, colormap):
    made = synthetic(stores)
    (mz,) = made.some_mz(1)
    out = tmp_path / "a.png"
    command = ["image", made.path, "--mz", mz, "--da", 2, "-o", out, "--percentile", 90, "--colormap", colormap]
    assert mzgrid(*command).status == 0
    picture = Image.open(out)
    assert picture.mode == "RGB" and picture.info["dpi"] == pytest.approx((150, 150), abs=0.1)
    image = made.image(mz, 2)
    share = np.clip(image / np.nanpercentile(image, 90), 0, 1)
    wanted = np.round(255 * matplotlib.colormaps[colormap](np.nan_to_num(share))[..., :3]).astype(int)
    wanted[np.isnan(image)] = {"gray": (0xDC, 0xE8, 0xF5)}.get(colormap, (255, 255, 255))
    found = cells_of(np.asarray(picture), *image.shape).astype(int)
    difference = np.abs(found - wanted).max(axis=2)
    assert (difference <= 4).mean() > 0.99, difference
    assert (difference <= 4)[-5:].all(), "something covers pixels at the bottom, where a scale bar could stand"


def test_pictures_of_several_and_as_red_green_and_blue(mzgrid, stores, tmp_path):
    made = synthetic(stores)
    masses = made.some_mz(3)
    command = ["image", made.path, "--mz", ",".join(map(repr, masses)), "--da", 2]
    assert mzgrid(*command, "-o", tmp_path / "a.png").status == 0
    assert mzgrid(*command, "-o", tmp_path / "b.png", "--rgb").status == 0
    assert Image.open(tmp_path / "a.png").width > 1.4 * Image.open(tmp_path / "b.png").width
    channels = [made.image(mz, 2) for mz in masses]
    wanted = np.stack([np.round(255 * np.clip(np.nan_to_num(c) / np.nanpercentile(c, 99.5), 0, 1)) for c in channels], -1)
    wanted[np.isnan(channels[0])] = 255
    found = cells_of(np.asarray(Image.open(tmp_path / "b.png")), *channels[0].shape).astype(int)
    assert (np.abs(found - wanted).max(axis=2) <= 2).mean() > 0.99


SHAPES = {"wide": (200, 3), "tall": (3, 190), "one": (1, 1), "two": (1, 2)}


@pytest.mark.parametrize("shape", SHAPES)
def test_long_and_narrow_images_can_be_seen(mzgrid, tmp_path, shape):
    """The shorter side has dots enough, no number at an axis touches another one, and nothing is cut off."""
    from writer import Pixel, write_imzml

    width, height = SHAPES[shape]
    mz = np.array([100.0, 150.0])
    pixels = [Pixel(x, y, mz, np.array([x + y, 1], np.float32)) for y in range(1, height + 1) for x in range(1, width + 1)]
    write_imzml(tmp_path / "a.imzML", pixels, continuous=True, pixel_size=(50, 50))
    mzgrid.convert(tmp_path / "a.imzML", tmp_path / "a.zarr", "-q", "--mass-axis-type", "native")
    assert mzgrid("image", tmp_path / "a.zarr", "--mz", 100, "-o", tmp_path / "a.png").status == 0
    picture = np.asarray(Image.open(tmp_path / "a.png"))
    assert (picture[:10] == 255).all() and (picture[-10:] == 255).all() and (picture[:, :10] == 255).all() and (picture[:, -10:] == 255).all()
    viridis = np.round(255 * matplotlib.colormaps["viridis"](np.arange(256))[:, :3]).astype(int)
    cells = np.isin(picture.astype(int) @ [65536, 256, 1], viridis @ [65536, 256, 1])
    left_of_bar = cells[:, : np.flatnonzero(cells.any(axis=0))[0] + 2 * min(width, 20)]  # a part that the bar is not in
    assert left_of_bar.any(axis=1).sum() >= (20 if shape == "wide" else 100)
    assert cells.any(axis=0).sum() >= 20
    left = np.flatnonzero(cells.any(axis=0))[0]
    top, bottom = np.flatnonzero(cells.any(axis=1))[[0, -1]]
    numbers = (picture[top - 20 : bottom + 20, left - 60 : left - 30] < 100).all(axis=2)  # of y, without its name
    rows = np.flatnonzero(np.diff(np.concatenate([[0], numbers.any(axis=1), [0]])))
    heights = rows[1::2] - rows[::2]
    assert heights.max() < 60, "numbers at the axis of y touch each other"
    # The colour bar, the last thing with colours, stands free: no number of x, which stands below the image, runs into it.
    bar = np.flatnonzero(np.diff(np.concatenate([[0], cells.any(axis=0), [0]])))[-2]
    height = np.flatnonzero(cells[:, bar + 4])
    beside = picture[height[0] : height[-1], bar - 12 : bar - 4]
    assert (beside == 255).all(), "something runs into the colour bar"


def test_no_line_crosses_the_number_of_a_peak(mzgrid, tmp_path):
    """A peak beside one that has no number itself (559 beside 540), a rising and a falling crowd."""
    from writer import Pixel, write_imzml

    mz = np.array([100, 104, 112, 115, 118, 200, 300, 301, 302, 303, 304, 400, 403, 406, 409, 412, 500, 540, 559, 640, 646, 700.0])
    values = np.array([60, 200, 100, 180, 90, 400, 50, 100, 150, 200, 250, 250, 249, 200, 150, 100, 480, 300, 200, 30, 500, 45], np.float32)
    write_imzml(tmp_path / "a.imzML", [Pixel(1, 1, mz, values)], continuous=True)
    mzgrid.convert(tmp_path / "a.imzML", tmp_path / "a.zarr", "-q", "--mass-axis-type", "native")
    assert mzgrid("spectrum", tmp_path / "a.zarr", "-o", tmp_path / "a.png").status == 0
    picture = np.asarray(Image.open(tmp_path / "a.png")).astype(int)
    lines = (np.abs(picture - [0x1F, 0x4E, 0x79]) < 12).all(axis=2)
    frame = np.flatnonzero((picture == 0x22).all(axis=2).sum(axis=0) > 300)[0], np.flatnonzero((picture == 0x22).all(axis=2).sum(axis=1) > 900)[-1]
    letters = (picture.max(axis=2) - picture.min(axis=2) < 8) & (picture.max(axis=2) < 160)
    letters[: 190], letters[frame[1] - 3 :], letters[:, : frame[0] + 4] = False, False, False
    labels, n = ndimage.label(ndimage.binary_dilation(letters, np.ones((9, 19))))
    boxes = ndimage.find_objects(labels)
    assert 5 <= n <= 12
    for box in boxes:
        assert 100 < box[1].stop - box[1].start < 240 and box[0].stop - box[0].start < 60, "two numbers touch each other"
        inside = lines[box][8:-8, 12:-12]
        assert not inside.any(), box


@pytest.mark.parametrize("layout", LAYOUTS)
def test_spectra(mzgrid, stores, tmp_path, layout):
    made = synthetic(stores, layout)
    x, y = (int(made.table.obs[name].iloc[100]) for name in "xy")
    wanted = {
        ("--mean",): made.table.var["mean_intensity"].to_numpy(),
        ("--max",): made.table.var["max_intensity"].to_numpy(),
        ("--pixel", f"{x},{y}"): made.x[100],
    }
    for i, (which, values) in enumerate(wanted.items()):
        out = tmp_path / f"{i}.csv"
        assert mzgrid("spectrum", made.path, *which, "-o", out).status == 0
        assert out.read_text().startswith("mz,intensity\n")
        rows = np.loadtxt(out, delimiter=",", skiprows=1)
        np.testing.assert_array_equal(rows[:, 0], made.mz)
        np.testing.assert_array_equal(rows[:, 1], values)
        assert values.any()
    assert mzgrid("spectrum", made.path, "--min-mz", 300, "--max-mz", "4e2", "-o", tmp_path / "part.csv").status == 0
    rows = np.loadtxt(tmp_path / "part.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(rows[:, 0], made.mz[(made.mz >= 300) & (made.mz <= 400)])
    assert mzgrid("spectrum", made.path, "-o", tmp_path / "a.png").status == 0
    assert Image.open(tmp_path / "a.png").size[0] >= 1600


def edit(path, change):
    text = json.loads(path.read_text())
    change(text)
    path.write_text(json.dumps(text))


@pytest.fixture
def place(stores, tmp_path):
    """A copy of a store that may be broken, x.zarr, with nothing beside it."""
    shutil.copytree(synthetic(stores).path, tmp_path / "x.zarr")
    return tmp_path


IMAGE = ["--mz", 500, "--da", 5, "-o", "a.png"]


def test_no_store(mzgrid, place):
    (place / "empty").mkdir()
    (place / "file.imzML").write_text("<mzML/>")
    (place / "y.zarr.1a2b3c4d-9f8e7d6c.part").mkdir()
    for command, options in (("image", IMAGE), ("spectrum", ["-o", "a.png"])):
        refused(mzgrid, place, "no.zarr: there is no such store", command, "no.zarr", *options)
        refused(mzgrid, place, "y.zarr: there is no such store; y.zarr.1a2b3c4d-9f8e7d6c.part is half of one", command, "y.zarr", *options)
        refused(mzgrid, place, "is half of one, whose conversion", command, "y.zarr.1a2b3c4d-9f8e7d6c.part", *options)
        refused(mzgrid, place, "it is not a store, because it has no zarr.json", command, "empty", *options)
        refused(mzgrid, place, "is a file, expected the directory of a store", command, "file.imzML", *options)
    (place / "empty/.zgroup").write_text("{}")
    refused(mzgrid, place, "is a store of Zarr version 2", "image", "empty", *IMAGE)
    shutil.rmtree(place / "x.zarr/tables")
    refused(mzgrid, place, "x.zarr: is not a store of mzgrid: it has no table with m/z", "image", "x.zarr", *IMAGE)


BREAK = {
    "X is not there": ("X", lambda p: shutil.rmtree(p)),
    "no data": ("X/data", lambda p: shutil.rmtree(p)),
    "an end": ("X/data/c/0", lambda p: p.write_bytes(p.read_bytes()[:-40])),
    "no obs": ("obs/x", lambda p: shutil.rmtree(p)),
    "no keys": ("obs/instance_key", lambda p: shutil.rmtree(p)),
    "no JSON": ("X/zarr.json", lambda p: p.write_text("{")),
    "another encoding": ("X/zarr.json", lambda p: edit(p, lambda j: j["attributes"].update({"encoding-type": "coo"}))),
    "another shape": ("X/zarr.json", lambda p: edit(p, lambda j: j["attributes"].update(shape=[3, 4]))),
    "longer var": ("var/mz/zarr.json", lambda p: edit(p, lambda j: j.update(shape=[800]))),
}


@pytest.mark.parametrize("what", BREAK)
def test_damaged_stores(mzgrid, place, what):
    name, change = BREAK[what]
    change(place / "x.zarr/tables/msi_dataset_z0" / name)
    refused(mzgrid, place, "x.zarr/tables/msi_dataset_z0", "image", "x.zarr", *IMAGE)


@pytest.mark.parametrize("command", ["image", "spectrum"])
@pytest.mark.parametrize("array", ["X/data", "X/indices", "X/indptr", "var/mz", "var/mz_lower"])
def test_missing_chunk_files(mzgrid, stores, place, array, command):
    """A store that was copied by half: what the missing files held is not taken for zeros."""
    x, y = (int(synthetic(stores).table.obs[name].iloc[100]) for name in "xy")
    options = IMAGE if command == "image" else ["--pixel", f"{x},{y}", "-o", "a.csv"]
    shutil.rmtree(place / "x.zarr/tables/msi_dataset_z0" / array / "c")
    refused(mzgrid, place, "x.zarr/tables/msi_dataset_z0", command, "x.zarr", *options)


def test_missing_mean_spectrum(mzgrid, place):
    shutil.rmtree(place / "x.zarr/tables/msi_dataset_z0/var/mean_intensity/c")
    refused(mzgrid, place, "var/mean_intensity: is all zero", "spectrum", "x.zarr", "-o", "a.csv")


def test_a_store_of_a_newer_version(mzgrid, place):
    zarr = pytest.importorskip("zarr")

    table = zarr.open_group(place / "x.zarr/tables/msi_dataset_z0", mode="r+", use_consolidated=False)
    table["uns/mzgrid/version"][()] = "99.0.0"
    assert mzgrid("image", place / "x.zarr", "--mz", 500, "--da", 5, "-o", place / "a.png").status == 0
    edit(place / "x.zarr/tables/msi_dataset_z0/X/zarr.json", lambda j: j["attributes"].update({"encoding-version": "0.9.0"}))
    refused(mzgrid, place, "(mzgrid 99.0.0 wrote the store; this is 0.1.0, which may be too old)", "image", "x.zarr",
            "--mz", 500, "-o", "b.png")


def test_windows_without_a_bin(mzgrid, place):
    refused(mzgrid, place, "no bin holds m/z 99999; the nearest bin is at m/z ", "image", "x.zarr", "--mz", 99999, "-o", "a.png")
    refused(mzgrid, place, "no bin has its centre within 0.001 ppm of m/z 500.3 ", "image", "x.zarr", "--mz", "500.3", "--ppm",
            0.001, "-o", "a.png")
    refused(mzgrid, place, "no bin has its centre between --min-mz and --max-mz; the axis runs from ", "spectrum", "x.zarr",
            "--min-mz", 5000, "-o", "a.png")


@pytest.mark.parametrize(
    "expected, arguments",
    [
        ("--mz: 'nan' is not a list", ["image", "x.zarr", "--mz", "nan", "-o", "a.png"]),
        ("--mz: '500,' is not a list", ["image", "x.zarr", "--mz", "500,", "-o", "a.png"]),
        ("--mz: '-5' is not a list", ["image", "x.zarr", "--mz", "-5", "-o", "a.png"]),
        ("--mz is missing", ["image", "x.zarr", "-o", "a.png"]),
        ("-o FILE is missing", ["image", "x.zarr", "--mz", "500"]),
        ("--ppm and --da both", ["image", "x.zarr", "--mz", "500", "--ppm", "5", "--da", "1", "-o", "a.png"]),
        ("ends in neither .png nor .tif", ["image", "x.zarr", "--mz", "500", "-o", "a.jpg"]),
        ("ends in neither .png nor .csv", ["spectrum", "x.zarr", "-o", "a.tif"]),
        ("--rgb takes two or three m/z, got 1", ["image", "x.zarr", "--mz", "500", "--rgb", "-o", "a.png"]),
        ("'virids' (did you mean 'viridis'?)", ["image", "x.zarr", "--mz", "500", "--colormap", "virids", "-o", "a.png"]),
        ("--mean, --max and --pixel are different", ["spectrum", "x.zarr", "--mean", "--max", "-o", "a.png"]),
        ("'5' is not a position X,Y", ["spectrum", "x.zarr", "--pixel", "5", "-o", "a.png"]),
        ("there is no pixel at x = 900, y = 5; those of the store have x 1 to 31", ["spectrum", "x.zarr", "--pixel", "900,5", "-o", "a.png"]),
        ("has no table 'liver', only msi_dataset_z0", ["image", "x.zarr", "--mz", "500", "--dataset", "liver", "-o", "a.png"]),
        ("is in the store", ["image", "x.zarr", "--mz", "500", "-o", "x.zarr/a.png"]),
    ],
)
def test_asked_for_what_is_not_there(mzgrid, place, expected, arguments):
    refused(mzgrid, place, expected, *arguments, status=2)


def test_output_that_exists(mzgrid, place):
    for name, command in (("a.png", ["image", "x.zarr", *IMAGE]), ("b.csv", ["spectrum", "x.zarr", "-o", "b.csv"])):
        (place / name).write_text("mine")
        refused(mzgrid, place, f"{name}: exists already; --overwrite replaces it", *command)
        assert (place / name).read_text() == "mine"
        assert mzgrid(*command, "--overwrite", cwd=place).status == 0
        assert (place / name).stat().st_size > 1000
    refused(mzgrid, place, "none/a.png: cannot create it", "image", "x.zarr", "--mz", "500", "-o", "none/a.png")
    (place / "d.png").mkdir()
    (place / "e.png").symlink_to("d.png")
    for name in ("d.png", "e.png"):
        refused(mzgrid, place, f"{name} is not a file", "image", "x.zarr", "--mz", "500", "-o", name, "--overwrite")


def test_all_ranks_leave_one_file(mzgrid, stores, tmp_path):
    run = mzgrid("image", synthetic(stores).path, "--mz", 500, "--da", 5, "-o", tmp_path / "a.png", ranks=3)
    assert run.status == 0 and run.err.count("is complete") == 1, str(run)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_a_table_of_peaks(mzgrid, tmp_path):
    """convert --peaks: the table of bins is what is meant, that of peaks can be asked for."""
    store = tmp_path / "a.zarr"
    mzgrid.convert("synthetic:20x15:100", store, "-q", "--bins", 500, "--peaks")
    peaks = anndata.read_zarr(store / "tables/msi_dataset_z0_peaks")
    values = np.asarray(peaks.X.toarray() if sp.issparse(peaks.X) else peaks.X)
    strongest = int(values.sum(axis=0).argmax())
    mz = float(peaks.var["mz"].iloc[strongest])
    told = json.loads(mzgrid("info", store, "--json").out)
    assert (told["bins"], told["feature_table"], told["peaks"]) == (500, "msi_dataset_z0_peaks", peaks.n_vars)
    assert re.search(rf"^feature table +msi_dataset_z0_peaks\npeaks +{peaks.n_vars}$", mzgrid("info", store).out, re.M)
    told = json.loads(mzgrid("info", store, "--json", "--dataset", "msi_dataset_z0_peaks").out)
    assert told["bins"] == peaks.n_vars and "feature_table" not in told
    out = tmp_path / "a.tif"
    assert mzgrid("image", store, "--dataset", "msi_dataset_z0_peaks", "--mz", repr(mz), "-o", out).status == 0
    assert read_tif(out)[0].sum(dtype=float) == pytest.approx(values[:, strongest].sum(dtype=float), rel=1e-6)


@pytest.fixture(scope="module")
def study(mzgrid, tmp_path_factory):
    """Two samples of other shapes, one table over both; and the same with a table of peaks of each."""
    folder = tmp_path_factory.mktemp("study")
    for number, source in enumerate(("synthetic:12x10:100", "synthetic:9x7:100:centroid:3"), 1):
        for peaks in ([], ["--peaks"]):
            path = folder / f"{'p' if peaks else 's'}{number}.zarr"
            mzgrid.convert(source, path, "-q", "--bins", 5000, "--min-mz", 100, "--max-mz", 900, *peaks)
    for kind in "sp":
        run = mzgrid("merge", "--concat", folder / f"{kind}1.zarr", folder / f"{kind}2.zarr", "-o", folder / f"{kind}.zarr", "-q", "--rename", "*={name}_{number}")
        assert run.status == 0, str(run)
    return folder


def test_a_table_over_several_samples_has_no_image(mzgrid, study, tmp_path):
    """Its rows share positions and keys; a position tells no row."""
    for what in (["image", study / "s.zarr", "--mz", 500, "--da", 50, "-o", "a.tif"], ["spectrum", study / "s.zarr", "--pixel", "3,3", "-o", "a.csv"]):
        refused(mzgrid, tmp_path, "the table all_samples holds 2 regions, each with positions of its own, and no other table", *what, status=2)
        what[1] = study / "p.zarr"
        refused(mzgrid, tmp_path, "by --dataset: msi_dataset_z0_peaks_1 and msi_dataset_z0_peaks_2;", *what, "--dataset", "all_samples", status=2)
    assert mzgrid("spectrum", study / "s.zarr", "--mean", "-o", tmp_path / "a.csv").status == 0
    told = json.loads(mzgrid("info", study / "s.zarr", "--json").out)
    assert (told["regions"], told["grid"], told["pixel_size_um"], told["bins"]) == (2, None, None, 5000)
    assert told["pixels"] == anndata.read_zarr(study / "s.zarr/tables/all_samples").n_obs
    text = mzgrid("info", study / "s.zarr").out
    assert "regions            2" in text and " x " not in text, text
    one = mzgrid("image", study / "p.zarr", "--dataset", "msi_dataset_z0_peaks_2", "--mz", 500, "--da", 400, "-o", tmp_path / "b.tif")
    assert one.status == 0 and read_tif(tmp_path / "b.tif")[0].shape == (7, 9), str(one)


@pytest.mark.parametrize("lost", ["var/mz", ""])
def test_peaks_do_not_stand_in_for_a_damaged_table(mzgrid, study, tmp_path, lost):
    store = tmp_path / "x.zarr"
    shutil.copytree(study / "p1.zarr", store)
    shutil.rmtree(store / "tables/msi_dataset_z0" / lost)
    said = "x.zarr/tables/msi_dataset_z0: is damaged, it has no var/mz" if lost else "x.zarr: its table of bins is missing or damaged"
    for what in (["image", "x.zarr", "--mz", 500, "--da", 400, "-o", "a.tif"], ["spectrum", "x.zarr", "-o", "a.csv"], ["info", "x.zarr"]):
        refused(mzgrid, tmp_path, said, *what)
        refused(mzgrid, tmp_path, "by --dataset: msi_dataset_z0_peaks", *what)
    assert mzgrid("info", store, "--dataset", "msi_dataset_z0_peaks").status == 0


NO_FONT = '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig></fontconfig>'


@pytest.fixture
def no_font(monkeypatch, tmp_path_factory):
    config = tmp_path_factory.mktemp("fonts") / "fonts.conf"
    config.write_text(NO_FONT)
    monkeypatch.setenv("FONTCONFIG_FILE", str(config))


def test_without_a_font(mzgrid, place, no_font):
    """cairo has letters of its own: the numbers are there, the image is the same."""
    assert mzgrid("image", "x.zarr", *IMAGE, cwd=place).status == 0
    picture = np.asarray(Image.open(place / "a.png"))
    title = picture[:100]
    assert (title < 100).all(axis=2).sum() > 200


@pytest.mark.parametrize("layout", LAYOUTS)
def test_info_of_a_store(mzgrid, stores, layout):
    made = synthetic(stores, layout)
    run = mzgrid("info", made.path, "--json")
    assert run.status == 0, str(run)
    told = json.loads(run.out)
    height, width = made.labels.shape
    var = made.table.var
    assert told["pixels"] == made.table.n_obs and told["bins"] == 700 and told["grid"] == [width, height]
    assert told["pixel_size_um"] == [20, 10] and told["layout"] == layout and told["dtype"] == "float32"
    assert told["mz_range"] == pytest.approx([var["mz_lower"].iloc[0], var["mz_upper"].iloc[-1]], rel=1e-14)
    assert told["bytes"] == sum(p.stat().st_size for p in made.path.rglob("*") if p.is_file())
    assert "feature_table" not in told
    assert told["skipped_pixels"] == 0 and told["table"] == made.name and told["written_by_mzgrid"] == "0.1.0"
    assert told.get("values_stored") == (None if layout == "dense" else made.table.X.nnz)
    assert told["resampling"]["method"] == made.table.uns["mzgrid"]["resampling"]["method"]
    text = mzgrid("info", made.path).out
    for line in ("m/z ", "pixel size [µm]  ", "20 x 10", "bins ", "size in pixels ", f"{width} x {height}", " kB"):
        assert line in text, text
    assert "exponent" not in text and "sha256" not in text


def test_info_tells_skipped_pixels(mzgrid, stores, malformed):
    (source,) = (malformed / "mut-zlib-pixel").glob("*.imzML")
    made = stores(source, "csc")
    skipped = made.table.uns["skipped_pixels"]
    assert len(skipped)
    told = json.loads(mzgrid("info", made.path, "--json").out)
    assert told["skipped_pixels"] == len(skipped)
    assert told["skipped_because"] == skipped["reason"].value_counts().to_dict()


def test_info_of_what_is_no_store(mzgrid, place):
    (place / "empty").mkdir()
    refused(mzgrid, place, "no.zarr: there is no such store", "info", "no.zarr")
    refused(mzgrid, place, "it is not a store, because it has no zarr.json", "info", "empty")
    refused(mzgrid, place, "--decisions is about inputs", "info", "x.zarr", "--decisions", status=2)
    refused(mzgrid, place, "--dataset chooses the table of a store", "info", "x.imzML", "--dataset", "a", status=2)
    (place / "x.zarr/tables/msi_dataset_z0/X/zarr.json").write_text("[]")
    refused(mzgrid, place, "x.zarr/tables/msi_dataset_z0/X", "info", "x.zarr")
