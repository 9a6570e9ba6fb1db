"""Labels, image, obsm/spatial and shapes lie on each other, by what spatialdata itself computes of them: the centre of cell
j is at (j + 1/2) * size. docs/decisions/034-half-pixel.md."""
import re

import geopandas
import numpy as np
import pytest
import shapely
import spatialdata
from spatialdata.models import Image2DModel, Labels2DModel, ShapesModel
from spatialdata.transformations import Scale, Sequence, Translation

import stores
from conftest import REPOSITORY
from writer import Pixel, write_imzml

SIZE = 20.0, 40.0
PLACES = [(3, 2), (4, 2), (6, 2), (3, 3), (5, 4), (6, 5)]  # a crop with holes, each column and row told apart


@pytest.fixture(scope="module")
def store(mzgrid, tmp_path_factory):
    folder = tmp_path_factory.mktemp("overlay")
    mz = np.linspace(101.0, 199.0, 30)
    pixels = [Pixel(x, y, mz, np.arange(30.0) + 7 * i) for i, (x, y) in enumerate(PLACES)]
    source = write_imzml(folder / "in.imzML", pixels, pixel_size=SIZE)
    mzgrid.convert(source, folder / "out.zarr", "--mass-axis-type", "constant", "--min-mz", 100, "--max-mz", 200, "--bins", 50)
    return stores.open_store(folder / "out.zarr")


@pytest.fixture
def squares(store):
    """The pixels as shapes, made of obs alone."""
    at = store.table.obsm["spatial"]
    boxes = [shapely.box(x - SIZE[0] / 2, y - SIZE[1] / 2, x + SIZE[0] / 2, y + SIZE[1] / 2) for x, y in at]
    frame = geopandas.GeoDataFrame(geometry=boxes, index=store.table.obs["instance_key"].to_numpy())
    frame["key"] = store.table.obs["instance_key"].to_numpy().astype(float)
    return ShapesModel.parse(frame)


def bounds(element):
    extent = spatialdata.get_extent(element)
    return [*extent["x"], *extent["y"]]


def test_centres_of_pixels(store):
    """What users and spatialdata take for the centre of a pixel is one place: pixel (3, 2) of 20 x 40 is at 50, 60."""
    spatial = store.table.obsm["spatial"]
    assert spatial[0].tolist() == [50.0, 60.0]
    centroids = spatialdata.get_centroids(store.sdata[store.region]).compute()
    keys = store.table.obs["instance_key"].to_numpy()
    assert np.array_equal(centroids.loc[keys, ["x", "y"]].to_numpy(), spatial)
    # before the element's own transformation, which to_circles does not take well
    circles = spatialdata.to_circles(Labels2DModel.parse(store.sdata[store.region].values, dims=("y", "x")))
    at = np.stack([circles.loc[keys].geometry.x, circles.loc[keys].geometry.y], axis=1)
    assert np.allclose(at * SIZE + [40.0, 40.0], spatial, rtol=0, atol=1e-9)


def test_extents(store, squares):
    """Rasters and shapes cover the same rectangle: from the corner of the first pixel to that of the last."""
    assert bounds(squares) == [40.0, 120.0, 40.0, 200.0]
    assert bounds(store.sdata[store.region]) == bounds(squares)
    assert bounds(store.sdata[f"{store.name}_tic"]) == bounds(squares)


def test_shapes_become_the_labels(store, squares):
    """Shapes rasterized on the grid of the labels give the labels."""
    labels = store.sdata[store.region]
    left, right, low, high = bounds(labels)
    within = squares.copy()  # what ends on a border of cells is drawn in both
    within["geometry"] = squares.geometry.buffer(-1)
    within = ShapesModel.parse(within)
    raster = spatialdata.rasterize(
        within, ["x", "y"], min_coordinate=[left, low], max_coordinate=[right, high], target_coordinate_system="global",
        target_width=labels.sizes["x"], value_key="key", agg_func="first")
    # its cells are squares of 20, two for each pixel of 20 x 40
    assert np.array_equal(np.nan_to_num(np.asarray(raster)[0]), np.repeat(labels.values, 2, axis=0))


def test_a_query_by_place(store):
    """A box around one pixel has that pixel, and no other."""
    for row, (x, y) in enumerate(store.table.obsm["spatial"]):
        part = store.sdata.query.bounding_box(
            axes=("x", "y"), min_coordinate=[x - SIZE[0] / 2, y - SIZE[1] / 2],
            max_coordinate=[x + SIZE[0] / 2, y + SIZE[1] / 2], target_coordinate_system="global")
        assert list(part[store.name].obs_names) == [store.table.obs_names[row]]
        assert float(part[f"{store.name}_tic"].max()) == np.float32(store.table.obs["tic"].iloc[row])


def test_a_store_of_thyra(store):
    """The recipe of docs/format.md, on elements that lie as those of Thyra 4 do: half a cell back, then scaled."""
    text = (REPOSITORY / "docs/format.md").read_text()
    code = re.search(r"```python\n(from spatialdata.transformations.*?)```", text, re.S).group(1)
    namespace = {}
    exec(code, namespace)
    where = Sequence([Translation([-0.5, -0.5], axes=("x", "y")), Scale(list(SIZE), axes=("x", "y"))])
    image = Image2DModel.parse(np.zeros((1, 5, 6), "f4"), dims=("c", "y", "x"), transformations={"global": where})
    table = store.table.copy()
    table.obsm["spatial"] = np.array([[(x - 1) * SIZE[0], (y - 1) * SIZE[1]] for x, y in PLACES])
    del table.uns["spatialdata_attrs"]
    thyra = spatialdata.SpatialData(images={"image": image}, tables={"table": table})
    namespace["move_by_half_a_pixel"](thyra, *SIZE)
    assert bounds(thyra["image"]) == [0.0, 120.0, 0.0, 200.0]
    assert np.array_equal(thyra["table"].obsm["spatial"], store.table.obsm["spatial"])
