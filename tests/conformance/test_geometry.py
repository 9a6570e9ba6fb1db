"""Where pixels lie: origin, size, crops, several planes, pyramids. Small files made for the purpose."""
import numpy as np
import pytest
import spatialdata

import reference
import stores
from writer import Pixel, write_imzml

AXIS = ["--mass-axis-type", "constant", "--min-mz", 100, "--max-mz", 200, "--bins", 50]
METHOD = ["--interpolation-method", "nearest_neighbor", "--layout", "csc"]


def write(path, places, **options):
    mz = np.linspace(101.0, 199.0, 30)
    pixels = [Pixel(p[0], p[1], mz, np.arange(30.0) + i, z=p[2] if len(p) > 2 else None) for i, p in enumerate(places)]
    return write_imzml(path, pixels, **options)


def converted(mzgrid, source, *options, ranks=2):
    path = source.parent / "out.zarr"
    mzgrid.convert(source, path, *AXIS, *METHOD, *options, ranks=ranks)
    return stores.open_store(path, check=True)


def check(store, source, size):
    axis = reference.axis("constant", 100.0, 200.0, bins=50)
    stores.assert_store(store, reference.read_imzml(source), axis, "nearest_neighbor", "csc", size=size)


@pytest.mark.parametrize(
    "places, corner, first",
    [
        ([(1, 1), (2, 3)], (0, 0), (10.0, 20.0)),
        ([(0, 1), (2, 3)], (0, 0), (10.0, 20.0)),
        ([(101, 51), (103, 52)], (2000, 2000), (2010.0, 2020.0)),
        ([(-3, -1), (4, 0)], (0, 0), (10.0, 20.0)),
    ],
    ids=["from 1", "from 0", "crop", "negative"],
)
def test_origin(mzgrid, tmp_path, places, corner, first):
    """Coordinates count from 1, or from the smallest where that is below 1; a crop keeps its place."""
    source = write(tmp_path / "in.imzML", places, pixel_size=(20, 40))
    store = converted(mzgrid, source)
    check(store, source, (20.0, 40.0))
    assert tuple(store.table.obsm["spatial"][0]) == first
    extent = spatialdata.get_extent(store.sdata.labels[store.region])
    assert (extent["x"][0], extent["y"][0]) == corner


def test_unknown_size_is_one_pixel(mzgrid, tmp_path):
    source = write(tmp_path / "in.imzML", [(1, 1), (2, 3)])
    run = mzgrid.convert(source, tmp_path / "out.zarr", *AXIS, *METHOD)
    assert "pixel size is unknown" in run.err
    store = stores.open_store(tmp_path / "out.zarr")
    check(store, source, (None, None))
    assert store.table.obsm["spatial"].tolist() == [[0.5, 0.5], [1.5, 2.5]]


@pytest.mark.parametrize("given, size", [("5", (5.0, 5.0)), ("5:7.5", (5.0, 7.5))])
def test_given_size_wins(mzgrid, tmp_path, given, size):
    source = write(tmp_path / "in.imzML", [(1, 1), (2, 3)], pixel_size=(20, 40))
    check(converted(mzgrid, source, "--pixel-size", given), source, size)


def test_several_planes_are_one_table(mzgrid, tmp_path):
    places = [(x, y, z) for z in (2, 4) for y in (1, 2) for x in (1, 2, 3) if x + y + z != 5]
    source = write(tmp_path / "in.imzML", places, pixel_size=(20, 40))
    store = converted(mzgrid, source, "--z-spacing", 12)
    check(store, source, (20.0, 40.0))
    labels = store.sdata.labels[store.region]
    assert labels.shape == (3, 2, 3) and not labels.values[1].any()
    affine = stores.get_transformation(labels, "global").to_affine_matrix(("z",), ("z",))
    assert affine.tolist() == [[12.0, 12.0], [0.0, 1.0]]


def test_dataset_names_every_element(mzgrid, tmp_path):
    source = write(tmp_path / "in.imzML", [(1, 1)])
    mzgrid.convert(source, tmp_path / "out.zarr", *AXIS, *METHOD, "--dataset-id", "run_7")
    store = stores.open_store(tmp_path / "out.zarr", dataset="run_7")
    assert set(store.table.obs["region"]) == {"run_7_z0_pixels"}


def test_large_image_has_a_pyramid(mzgrid, tmp_path):
    """Cells of a smaller level are means of 2 x 2 cells; empty chunks are no files."""
    places = [(1, 1), (2, 1), (1, 2), (700, 613), (1300, 612), (1300, 1100)]
    source = write(tmp_path / "in.imzML", places, pixel_size=(10, 10))
    store = converted(mzgrid, source, ranks=3)
    image = store.sdata.images[f"{store.name}_tic"]
    levels = [image[name]["image"].values[0] for name in image]
    assert [level.shape for level in levels] == [(1100, 1300), (550, 650)]
    want = np.zeros((1100, 1300))
    for (x, y), tic in zip(places, store.table.obs["tic"]):
        want[y - 1, x - 1] = tic
    np.testing.assert_array_equal(levels[0], want)
    np.testing.assert_allclose(levels[1], want.reshape(550, 2, 650, 2).mean(axis=(1, 3)), rtol=2.0**-23)
    labels = store.sdata.labels[store.region]
    full = labels if not hasattr(labels, "children") or hasattr(labels, "values") else labels["scale0"]["image"]
    assert np.flatnonzero(full.values).tolist() == np.flatnonzero(want).tolist()
    assert spatialdata.get_extent(image) == {"x": (0.0, 13000.0), "y": (0.0, 11000.0)}
    for scale in image:
        element = image[scale]["image"]
        affine = stores.get_transformation(element, "global").to_affine_matrix(("x", "y"), ("x", "y"))
        size = 10.0 * 1300 / element.sizes["x"]
        np.testing.assert_allclose(affine, [[size, 0, 0], [0, size, 0], [0, 0, 1]], atol=1e-9)
    assert len(list((store.path / "images").rglob("c/*/*/*"))) < 8


def test_absurd_position_is_refused(mzgrid, tmp_path):
    """One wrong position must not cost terabytes of raster."""
    source = write(tmp_path / "in.imzML", [(1, 1), (1000000, 1000000)])
    for ranks in (1, 3):
        run = mzgrid("convert", source, tmp_path / "out.zarr", *AXIS, *METHOD, ranks=ranks)
        assert run.status == 1 and "--allow-large-grid" in run.err.splitlines()[-1]
        assert len(list(tmp_path.iterdir())) == 2
    mzgrid.convert(source, tmp_path / "out.zarr", *AXIS, *METHOD, "--allow-large-grid")
    files = [p for p in (tmp_path / "out.zarr").rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 2_000_000


def test_impossible_position_is_refused_before_the_pixels_are_read(mzgrid, tmp_path):
    """No array counts the cells of such a box: the run must not find that out once all pixels are resampled."""
    far = 2**31 - 1
    source = write(tmp_path / "in.imzML", [(1, 1), (far, far)])
    run = mzgrid("convert", source, tmp_path / "out.zarr", *AXIS, *METHOD, "--allow-large-grid", "-vv")
    error = run.err.splitlines()[-1]
    assert run.status == 1 and f"box of {far} x {far} x 1 cells" in error and "--allow-large-grid" not in error
    assert "plan:" not in run.err
    assert len(list(tmp_path.iterdir())) == 2
