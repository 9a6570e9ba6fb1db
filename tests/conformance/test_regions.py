"""A part of an input, chosen by a box or a list: the rows, labels and image of the whole, cut by numpy; the same bytes
on any number of ranks, threads and chunk sizes. The sample is that of test_bytes.py, with its faults and duplicates."""
import numpy as np
import pytest

import reference
import stores
from test_bytes import AXIS, AXIS_OPTIONS, sample
from writer import Pixel, write_imzml

RUNS = [(1, 1, 8, "hdf5"), (2, 2, 3, "off"), (3, 1, 12, "auto"), (4, 1, 5, "hdf5")]  # ranks, threads, chunk, streaming
SIZE = (20.0, 30.0)
HOW = [*AXIS_OPTIONS, "--interpolation-method", "nearest_neighbor"]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return sample(tmp_path_factory.mktemp("regions") / "sample.imzML", False)


@pytest.fixture(scope="module")
def whole(source):
    document = reference.read_imzml(source)
    axis = reference.axis(AXIS["law"], AXIS["low"], AXIS["high"], bins=AXIS["bins"])
    return document, reference.table(document, axis.edges, axis.centers, "nearest_neighbor", size=SIZE)


def inside(position, region):
    return all(low <= c <= high for c, (low, high) in zip(position, region))


LISTED = [(12, 9), (4, 2), (3, 2), (7, 2), (5, 5), (4, 2), (40, 40)]  # (7,2) has a bad spectrum, (40,40) is not there

CASES = {
    "box": (["--region", "6:8,1:4"], lambda p: inside(p, [(6, 8), (1, 4)])),
    "one pixel": (["--region", "5:5,3:3"], lambda p: p[:2] == (5, 3)),
    "larger than the image": (["--region", "-100:5,8:1000,1:1"], lambda p: inside(p, [(-100, 5), (8, 1000)])),
    "list": (["--pixels", "LIST"], lambda p: p[:2] in LISTED),
    "both": (["--region", "4:7,0:9", "--pixels", "LIST"], lambda p: p[:2] in LISTED and 4 <= p[0] <= 7),
}


@pytest.mark.parametrize("case", CASES)
def test_a_part_is_a_crop_of_the_whole(mzgrid, source, whole, tmp_path, case):
    chosen, wanted = CASES[case]
    layout = "csr" if case in ("one pixel", "both") else "csc"
    listing = tmp_path / "list.txt"
    listing.write_text("# some pixels\n" + "".join(f"{x} {y}\n" for x, y in LISTED))
    options = [listing if o == "LIST" else o for o in chosen] + [*HOW, "--layout", layout]
    first = tmp_path / "0.zarr"
    for i, (ranks, threads, chunk, streaming) in enumerate(RUNS):
        how = ["--chunk-size", chunk, "--streaming", streaming]
        run = mzgrid.convert(source, tmp_path / f"{i}.zarr", *options, *how, ranks=ranks, threads=threads)
        assert ("are not in the input; first: (40,40)" in run.err) == ("LIST" in chosen), str(run)
        stores.assert_same_tree(first, tmp_path / f"{i}.zarr")

    document, expected = whole
    everywhere = [p for p, _ in reference.pixels(document)]
    positions = list(zip(*(expected.obs[c] for c in "xyz")))
    rows = [i for i, p in enumerate(positions) if wanted(p)]
    store = stores.open_store(first, check=True)
    assert np.array_equal(store.table.X.toarray(), expected.X[rows].astype(np.float32))
    for column, values in expected.obs.items():
        # A root of a sum is rounded as it is computed; all else is exact.
        tolerance = 1e-13 if column == "rms" else 0
        np.testing.assert_allclose(store.table.obs[column], values[rows], rtol=tolerance, atol=0, err_msg=column)

    # Rasters: the box of the chosen pixels that have rows, cut out of the rasters of the whole.
    part = np.array([positions[i] for i in rows])
    low, high = part.min(axis=0), part.max(axis=0)
    corner, whole = reference.box(document)[0], np.min(positions, axis=0)
    cut = tuple(slice(low[d] - whole[d], high[d] - whole[d] + 1) for d in (1, 0))
    labels = store.sdata.labels[store.region]
    keys = reference.raster(positions, expected.obs["instance_key"], np.int32)
    mine = np.isin(keys, expected.obs["instance_key"][rows])
    assert np.array_equal(labels.values, np.where(mine, keys, 0)[cut])
    tic = reference.raster(positions, expected.obs["tic"], np.float64)
    image = store.sdata.images[f"{store.name}_tic"]
    np.testing.assert_allclose(image.values[0], np.where(mine, tic, 0)[cut], rtol=2.0**-23)
    for element in (labels, image):
        affine = stores.get_transformation(element, "global").to_affine_matrix(("x", "y"), ("x", "y"))
        shift = [(low[d] - min(1, corner[d])) * SIZE[d] for d in range(2)]
        np.testing.assert_allclose(affine, [[SIZE[0], 0, shift[0]], [0, SIZE[1], shift[1]], [0, 0, 1]])

    skipped = store.table.uns["skipped_pixels"]
    assert list(skipped["spectrum_index"]) == [s for s, p, _ in expected.skipped if wanted(p)]
    told = store.table.uns["mzgrid"]["options"]["part"]
    assert (told["pixels"], told["of"]) == (sum(map(wanted, everywhere)), len(everywhere))


def test_planes(mzgrid, tmp_path):
    """A list without z takes all planes, one with z its own; a region may cut along z."""
    mz = np.linspace(101.0, 199.0, 30)
    places = [(x, y, z) for z in (1, 2, 5) for y in (1, 2) for x in (1, 2, 3)]
    pixels = [Pixel(x, y, mz, np.arange(30.0) + i, z=z) for i, (x, y, z) in enumerate(places)]
    source = write_imzml(tmp_path / "in.imzML", pixels, pixel_size=(10, 10))
    listing = tmp_path / "list"
    listing.write_text("2 1\n3,2,5\n")
    for options, wanted in (
        (["--pixels", listing], lambda p: p[:2] == (2, 1) or p == (3, 2, 5)),
        (["--region", "1:2,2:2,2:5"], lambda p: inside(p, [(1, 2), (2, 2), (2, 5)])),
    ):
        path = tmp_path / "out.zarr"
        mzgrid.convert(source, path, "--bins", 50, "--overwrite", *options, ranks=2)
        obs = stores.open_store(path, check=True).table.obs
        kept = [i for i, p in enumerate(places) if wanted(p)]
        assert list(obs["instance_key"]) == [i + 1 for i in kept]
        assert [tuple(p) for p in obs[["x", "y", "z"]].to_numpy()] == [places[i] for i in kept]


def test_parts_of_one_input_share_an_axis_where_it_tells_its_range(mzgrid, data, tmp_path):
    """Of a real set, in which every spectrum states its lowest and highest m/z."""
    source = data / "i2nca-pp" / "i2nca-pp.imzML"
    document = reference.read_imzml(source)
    (x0, y0, _), (x1, y1, _) = reference.box(document)
    axes = []
    for i, region in enumerate((f"{x0}:{x0},{y0}:{y1}", f"{x0}:{x1},{y0}:{y1}")):
        mzgrid.convert(source, tmp_path / f"{i}.zarr", "--bins", 100, "--region", region)
        axes.append(stores.open_store(tmp_path / f"{i}.zarr").table.var["mz"].to_numpy())
    assert np.array_equal(*axes)
