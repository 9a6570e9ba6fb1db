"""The format of the store by itself: the demo of tests/support/make_store.c, whose values this file knows, read by the libraries
of its users."""
import filecmp
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import anndata
import numpy as np
import pytest
import spatialdata
import zarr
from check_store import check, raster_of
from conftest import REPOSITORY, mpi_environment
from spatialdata.transformations import get_transformation

MAKE_STORE = Path(os.environ.get("MZGRID_BUILD", REPOSITORY / "build/release")).resolve() / "tests/make_store"
FIRST = np.array([3, 2, 1])  # x, y, z
PIXEL_SIZE = np.array([25.0, 50.0, 10.0])


@dataclass(frozen=True)
class Demo:
    width: int
    height: int
    depth: int = 1
    bins: int = 40
    step: int = 1
    unit: str = "um"
    codec: str = "zstd"

    def arguments(self):
        return [str(v) for v in (self.width, self.height, self.depth, self.bins, self.step, self.unit, self.codec)]

    @property
    def positions(self):
        return np.arange(0, self.width * self.height * self.depth, self.step)

    @property
    def size(self):
        return PIXEL_SIZE if self.unit == "um" else np.ones(3)

    @property
    def tic(self):
        return self.positions * 37 % 1001 / 8

    def coordinates(self):
        z, y, x = np.unravel_index(self.positions, (self.depth, self.height, self.width))
        return np.stack([x, y, z]) + FIRST[:, None]

    def matrix(self):
        p, b = self.positions[:, None], np.arange(self.bins)[None, :]
        x = np.where((p + b) % 5 == 0, p % 97 + b + 0.5, 0).astype(np.float32)
        x[2::3] = 0
        return x

    def raster(self, values, dtype):
        flat = np.zeros(self.width * self.height * self.depth, dtype)
        flat[self.positions] = values
        raster = flat.reshape(self.depth, self.height, self.width)
        return raster if self.depth > 1 else raster[0]


DEMOS = {
    "small": Demo(12, 10),
    "one pixel": Demo(1, 1, bins=3),
    "one bin": Demo(3, 2, bins=1),
    "no size": Demo(12, 10, unit="pixel"),
    "volume": Demo(7, 9, depth=4, step=2),
    "pyramid": Demo(2600, 2101, step=997),
    "long line": Demo(5002, 1, step=3, bins=5),  # its last column has a pixel, as in any store
    "tall": Demo(3, 2500, step=2, bins=5),
    "many rows": Demo(400, 300, bins=5),
    "uncompressed": Demo(40, 70, codec="none"),
    "blosc lz4": Demo(40, 70, codec="blosc-lz4"),
    "blosc zstd": Demo(600, 700, step=7, codec="blosc-zstd"),
    "blosc zstd, fast": Demo(120, 90, codec="blosc-zstd:fast"),
    "large volume": Demo(1100, 600, depth=3, step=1999),
}


def run_make_store(path, demo, ranks=1):
    command = [str(MAKE_STORE), str(path), *demo.arguments()]
    if ranks > 1:
        command = ["mpirun", "-q", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), *command]
    return subprocess.run(command, env=mpi_environment(), capture_output=True, text=True, timeout=120)


def make_store(path, demo, ranks=1):
    done = run_make_store(path, demo, ranks)
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="module", params=DEMOS, ids=lambda name: name.replace(" ", "-"))
def case(request, tmp_path_factory):
    if not MAKE_STORE.exists():
        pytest.fail(f"{MAKE_STORE} does not exist: build it, or name the build directory in MZGRID_BUILD")
    demo = DEMOS[request.param]
    path = tmp_path_factory.mktemp("demo") / "demo.zarr"
    yield demo, make_store(path, demo)
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def opened(case):
    return spatialdata.read_zarr(case[1])


def test_passes_all_checks_and_can_be_saved(case):
    report = check(case[1], rewrite=True)
    assert report.errors == []
    assert report.warnings == []


def test_elements_and_nothing_else(case, opened):
    assert sorted(opened.tables) == ["demo_z0"]
    assert sorted(opened.labels) == ["demo_z0_pixels"]
    assert sorted(opened.images) == ["demo_z0_tic"]
    assert sorted(p.name for p in case[1].iterdir()) == ["images", "labels", "tables", "zarr.json"]
    assert not list(case[1].parent.glob("demo.zarr.*"))


def test_matrix(case, opened):
    demo, _ = case
    x = opened.tables["demo_z0"].X
    assert x.format == "csr" and x.dtype == np.float32 and x.indices.dtype == np.int32
    assert np.array_equal(x.toarray(), demo.matrix())


def test_obs_and_var(case, opened):
    demo, _ = case
    table = opened.tables["demo_z0"]
    keys = demo.positions + 1
    assert list(table.obs.columns) == ["instance_key", "region", "x", "y", "tic"]
    assert list(table.obs_names) == [str(k) for k in keys]
    assert table.obs["instance_key"].dtype == np.int32
    assert np.array_equal(table.obs["instance_key"], keys)
    assert table.obs["region"].dtype == "category"
    assert list(table.obs["region"].cat.categories) == ["demo_z0_pixels"]
    assert (table.obs["region"] == "demo_z0_pixels").all()
    x, y, _ = demo.coordinates()
    assert np.array_equal(table.obs["x"], x) and np.array_equal(table.obs["y"], y)
    assert np.array_equal(table.obs["tic"], demo.tic)
    assert list(table.var_names) == [f"mz_{b}" for b in range(demo.bins)]
    assert np.array_equal(table.var["mz"], 100 + 0.25 * np.arange(demo.bins))
    spatial = (demo.coordinates()[:2] - 0.5) * demo.size[:2, None]
    assert np.array_equal(table.obsm["spatial"], spatial.T)


def test_uns(case, opened):
    demo, _ = case
    uns = opened.tables["demo_z0"].uns
    assert sorted(uns) == ["average_spectrum", "imzml", "mzgrid", "skipped_pixels", "spatialdata_attrs"]
    assert np.allclose(uns["average_spectrum"], demo.matrix().mean(axis=0, dtype=np.float64), rtol=1e-12)
    assert uns["spatialdata_attrs"] == {
        "region": "demo_z0_pixels",
        "region_key": "region",
        "instance_key": "instance_key",
    }
    mzgrid = uns["mzgrid"]
    assert sorted(mzgrid) == ["bins", "exact", "version", "width"]  # null is left out
    assert mzgrid["version"] == "0.1.0" and mzgrid["bins"] == 12 and mzgrid["width"] == 0.005
    assert mzgrid["exact"] in (True, np.True_) and np.asarray(mzgrid["exact"]).dtype == bool
    imzml = uns["imzml"]
    assert imzml["MS_1000514"] == "m/z array"
    assert imzml["ms_1000514_2"] == "twice"  # names are unique whatever their case
    assert imzml["_m"] == "µ – UTF-8"
    assert imzml["empty"] == ""
    assert list(imzml["list"]) == ["a", "", "µ"]
    assert list(imzml["numbers"]) == [1.0, 2.5]
    assert imzml["whole"].dtype == np.int64 and list(imzml["whole"]) == [1, 2]
    assert imzml["flags"].dtype == bool and list(imzml["flags"]) == [True, False]
    assert len(imzml["none"]) == 0
    assert imzml["mixed"]["0"]["a"] == 1 and imzml["mixed"]["1"] == "b"


def test_skipped_pixels(case, opened):
    demo, _ = case
    skipped = opened.tables["demo_z0"].uns["skipped_pixels"]
    assert list(skipped.columns) == ["spectrum_index", "reason"]
    expected = [(7, "array ends outside the file, µ"), (11, "checksum")] if demo.step > 1 else []
    assert list(zip(skipped["spectrum_index"], skipped["reason"])) == expected


def test_rasters(case, opened):
    demo, _ = case
    labels = opened.labels["demo_z0_pixels"]
    assert labels.dtype == np.int32
    assert np.array_equal(labels.values, demo.raster(demo.positions + 1, np.int32))
    image = raster_of(opened.images["demo_z0_tic"])
    assert image.dtype == np.float32 and list(image.coords["c"].values) == ["tic"]
    assert np.array_equal(image.values[0], demo.raster(demo.tic, np.float32))


def means(level):
    """Means of 2 × 2 cells of the last two axes; at an odd end of the cells that exist."""
    height, width = level.shape[-2:]
    pad = [(0, 0)] * (level.ndim - 2) + [(0, height % 2), (0, width % 2)]

    def sums(a):
        a = np.pad(a.astype(np.float64), pad)
        a = a.reshape(*a.shape[:-2], a.shape[-2] // 2, 2, a.shape[-1] // 2, 2)
        return a.sum(axis=(-3, -1))

    return (sums(level) / sums(np.ones_like(level))).astype(np.float32)


def test_pyramid(case, opened):
    demo, path = case
    expected = [demo.raster(demo.tic, np.float32)[None]]
    while max(expected[-1].shape[-2:]) > 1024:
        expected.append(means(expected[-1]))
    image = opened.images["demo_z0_tic"]
    assert hasattr(image, "subtree") == (len(expected) > 1)
    group = zarr.open_group(path / "images/demo_z0_tic", mode="r")
    assert sorted(group.array_keys()) == [str(k) for k in range(len(expected))]
    for k, level in enumerate(expected):
        assert np.array_equal(group[str(k)][...], level), f"level {k}"
    datasets = group.attrs["ome"]["multiscales"][0]["datasets"]
    for k, dataset in enumerate(datasets):
        scale = [1.0] * (expected[0].ndim - 2) + [2.0**k if n > 1 else 1.0 for n in expected[0].shape[-2:]]
        assert dataset["coordinateTransformations"][0] == {"type": "scale", "scale": scale}
        if k:
            translation = [(s - 1) / 2 for s in scale]
            assert dataset["coordinateTransformations"][1] == {"type": "translation", "translation": translation}


def test_transformation_and_unit(case, opened):
    demo, path = case
    axes = ("x", "y", "z") if demo.depth > 1 else ("x", "y")
    n = len(axes)
    expected = np.eye(n + 1)
    expected[:n, :n] = np.diag(demo.size[:n])
    expected[:n, n] = ((FIRST - 1) * demo.size)[:n]
    for element in (opened.labels["demo_z0_pixels"], opened.images["demo_z0_tic"]):
        assert np.array_equal(get_transformation(element).to_affine_matrix(axes, axes), expected)
    ome = json.loads((path / "labels/demo_z0_pixels/zarr.json").read_text())["attributes"]["ome"]
    output = ome["multiscales"][0]["coordinateTransformations"][0]["output"]
    unit = "micrometer" if demo.unit == "um" else "unit"
    assert output["name"] == "global" and {axis["unit"] for axis in output["axes"]} == {unit}


def test_anndata_opens_the_table(case):
    demo, path = case
    table = anndata.read_zarr(path / "tables/demo_z0")
    assert np.array_equal(table.X.toarray(), demo.matrix())
    assert np.array_equal(table.obs["instance_key"], demo.positions + 1)


def test_zeros_take_no_space(tmp_path):
    """Two pixels on 4096 × 4096 positions: of 2 × 2 shards those without a pixel are not there."""
    path = make_store(tmp_path / "a.zarr", Demo(4096, 4096, step=4096 * 2048, bins=1))
    shards = sorted(p.relative_to(path).as_posix() for p in path.glob("labels/*/0/c/*/*"))
    assert shards == ["labels/demo_z0_pixels/0/c/0/0", "labels/demo_z0_pixels/0/c/1/0"]
    assert sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) < 200_000


def files(store):
    return sorted(p.relative_to(store) for p in store.rglob("*") if p.is_file())


@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_same_bytes_on_any_number_of_ranks(tmp_path, ranks):
    demo = Demo(60, 50, bins=40)
    one = make_store(tmp_path / "one.zarr", demo)
    many = make_store(tmp_path / "many.zarr", demo, ranks)
    assert files(one) == files(many)
    assert filecmp.cmpfiles(one, many, files(one), shallow=False)[1:] == ([], [])


def test_overwriting_leaves_only_the_new_store(tmp_path):
    path = make_store(tmp_path / "a.zarr", DEMOS["volume"])
    make_store(path, DEMOS["small"])
    assert check(path).errors == []
    assert len(spatialdata.read_zarr(path).tables["demo_z0"]) == 120
    assert [p.name for p in tmp_path.iterdir()] == ["a.zarr"]


def test_an_output_that_is_no_store_is_kept(tmp_path):
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr/notes").write_text("text")
    done = run_make_store(tmp_path / "a.zarr", DEMOS["small"])
    assert done.returncode == 1 and "not a Zarr store" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["a.zarr"]
    assert (tmp_path / "a.zarr/notes").read_text() == "text"


@pytest.mark.parametrize("ranks", [1, 4])
@pytest.mark.parametrize("space", ["80k", "300k", "420k"], ids=["in-matrix", "in-table", "in-metadata"])
def test_full_disk_ends_all_ranks_and_leaves_nothing(tmp_path, space, ranks):
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={space}", "tmpfs", tmp_path], capture_output=True)
    if mount.returncode:
        pytest.skip("a small file system can only be mounted by root")
    try:
        done = run_make_store(tmp_path / "a.zarr", Demo(60, 50, codec="none"), ranks)
        assert done.returncode == 1, done.stderr
        assert "no space left" in done.stderr and str(tmp_path / "a.zarr.") in done.stderr
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def remove(path):
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def edit(path, change):
    metadata = json.loads(path.read_text())
    change(metadata)
    path.write_text(json.dumps(metadata))


def forget_labels(root):
    listed = root["consolidated_metadata"]["metadata"]
    for path in [p for p in listed if p.startswith("labels")]:
        del listed[path]


def rewrite_array(store, path, change):
    array = zarr.open_array(store / path, mode="r+")
    values = array[...]
    change(values)
    array[...] = values


TABLE = "tables/demo_z0"
DAMAGES = {
    "root": (lambda s: remove(s / "zarr.json"), "no zarr.json"),
    "group": (lambda s: remove(s / "labels/zarr.json"), "no zarr.json"),
    "array": (lambda s: remove(s / TABLE / "obs/x"), "obs/x, which does not exist"),
    "hidden": (lambda s: edit(s / "zarr.json", forget_labels), "consolidated metadata lack labels"),
    "differing": (lambda s: edit(s / TABLE / "X/zarr.json", lambda m: m["attributes"].update(shape=[1, 1])), "differ"),
    "stray": (lambda s: (s / TABLE / "var/mz/c/7").write_bytes(b""), "var/mz/c/7: not a chunk"),
    "crc": (lambda s: os.truncate(s / TABLE / "X/data/c/0", 30), "X/data"),
    "order": (lambda s: rewrite_array(s, TABLE + "/X/indices", lambda v: v.__setitem__(slice(0, 2), v[1::-1].copy())),
              "not strictly increasing"),
    "types": (lambda s: edit(s / TABLE / "X/indptr/zarr.json", lambda m: m.update(data_type="int64")), "X/indptr is int64"),
    "nan": (lambda s: rewrite_array(s, TABLE + "/X/data", lambda v: v.__setitem__(3, np.nan)), "not finite"),
    "zero": (lambda s: rewrite_array(s, TABLE + "/X/data", lambda v: v.__setitem__(3, 0)), "stored zeros"),
    "mz": (lambda s: rewrite_array(s, TABLE + "/var/mz", lambda v: v.__setitem__(3, 0)), "not strictly increasing"),
    "key": (lambda s: rewrite_array(s, TABLE + "/obs/instance_key", lambda v: v.__setitem__(3, 999)), "without a label"),
    "raster": (lambda s: rewrite_array(s, TABLE + "/obs/x", lambda v: v.__setitem__(slice(0, 2), v[1::-1].copy())),
               "rasterize_bins puts values beside"),
    "place": (lambda s: rewrite_array(s, TABLE + "/obsm/spatial", lambda v: v.__setitem__((3, 0), 0)), "away from"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_check_store_finds(damage, tmp_path):
    path = make_store(tmp_path / "a.zarr", DEMOS["small"])
    action, reason = DAMAGES[damage]
    action(path)
    errors = check(path).errors
    assert any(reason in text for text in errors), errors
