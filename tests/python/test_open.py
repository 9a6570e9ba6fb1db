"""Opening: what works without reading, and one clear sentence where it does not."""

import json
import multiprocessing
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import anndata
import conftest
import numpy as np
import pytest
import zarr

import mzgrid

SOURCE = Path(mzgrid.__file__).parents[1]


def test_a_path_a_url_and_a_group(csc, monkeypatch):
    expected = mzgrid.open(csc.path).ion_image(500.0)
    for store in (str(csc.path), f"file://{csc.path}", zarr.open_group(csc.path, mode="r")):
        np.testing.assert_array_equal(mzgrid.open(store).ion_image(500.0), expected)
    monkeypatch.chdir(csc.path.parent)
    d = mzgrid.open(csc.path.name)
    monkeypatch.chdir("/")
    np.testing.assert_array_equal(d.ion_image(500.0), expected)
    assert repr(d) == (
        f"<mzgrid.Dataset 'msi_dataset_z0' of {csc.path}: {len(csc.table):,} pixels × 700 bins, m/z "
        f"{csc.table.var['mz_lower'].iloc[0]:.6g} to {csc.table.var['mz_upper'].iloc[-1]:.6g}, csc>"
    )


def test_from_a_web_server(csc, tmp_path):
    import http.server
    import threading

    from RangeHTTPServer import RangeRequestHandler

    class Quiet(RangeRequestHandler):
        def log_message(self, *_):
            pass

        def translate_path(self, path):
            return str(csc.path.parent) + path

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/{csc.path.name}"
        np.testing.assert_array_equal(mzgrid.open(url).ion_image(500.0), mzgrid.open(csc.path).ion_image(500.0))
        with pytest.raises(mzgrid.StoreError, match=r"/no\.zarr: no store is there"):
            mzgrid.open(url.replace(csc.path.name, "no.zarr"))
        server.shutdown()


def test_several_datasets_in_one_store(csc, tmp_path):
    store = tmp_path / "two.zarr"
    shutil.copytree(csc.path, store)
    shutil.copytree(store / "tables/msi_dataset_z0", store / "tables/other_z0")
    root = json.loads((store / "zarr.json").read_text())
    nodes = root["consolidated_metadata"]["metadata"]
    for name in [n for n in nodes if n.startswith("tables/msi_dataset_z0")]:
        nodes[name.replace("msi_dataset", "other")] = nodes[name]
    (store / "zarr.json").write_text(json.dumps(root))
    with pytest.raises(mzgrid.StoreError, match=r"two.zarr: has several tables, msi_dataset_z0, other_z0: name one"):
        mzgrid.open(store)
    assert mzgrid.open(store, "other").name == mzgrid.open(store, "other_z0").name == "other_z0"
    with pytest.raises(mzgrid.StoreError, match="has no table 'third', only msi_dataset_z0, other_z0"):
        mzgrid.open(store, "third")


def test_the_table_of_bins_is_opened_before_that_of_peaks(folder):
    made = conftest.make("synthetic:20x15:120", folder / "peaks.zarr", "--bins", 3000, "--peaks")
    assert sorted(p.name for p in (made.path / "tables").iterdir() if p.is_dir()) == [
        "msi_dataset_z0",
        "msi_dataset_z0_peaks",
    ]
    d = mzgrid.open(made.path)
    assert (d.name, d.shape[1]) == ("msi_dataset_z0", 3000)
    features = mzgrid.open(made.path, "msi_dataset_z0_peaks")
    table = anndata.read_zarr(made.path / "tables/msi_dataset_z0_peaks")
    x = table.X.toarray() if hasattr(table.X, "toarray") else table.X
    np.testing.assert_array_equal(features.mz, table.var["mz"])
    for k in (0, len(table.var) - 1):
        image = features.ion_image(features.mz[k])
        np.testing.assert_array_equal(image, made.raster(x[:, k]))
    assert features.obs.equals(d.obs) or len(features.obs) == len(d.obs)


@pytest.mark.parametrize("lost", ["var/mz", ""])
def test_peaks_do_not_stand_in_for_a_damaged_table(tmp_path, lost):
    store = tmp_path / "x.zarr"
    conftest.make("synthetic:20x15:120", store, "--bins", 3000, "--peaks")
    shutil.rmtree(store / "tables/msi_dataset_z0" / lost)
    with pytest.raises(mzgrid.StoreError):  # the consolidated metadata still tell of it
        mzgrid.open(store).ion_image(500.0)
    for path in store.rglob("zarr.json"):
        metadata = json.loads(path.read_text())
        if metadata.pop("consolidated_metadata", None):
            path.write_text(json.dumps(metadata))
    said = "x.zarr/tables/msi_dataset_z0: is damaged" if lost else "x.zarr: its table of bins is missing or damaged"
    with pytest.raises(mzgrid.StoreError, match=f"{said}.* msi_dataset_z0_peaks$"):
        mzgrid.open(store)
    assert mzgrid.open(store, "msi_dataset_z0_peaks").name == "msi_dataset_z0_peaks"


def test_a_table_over_several_samples_has_no_image(tmp_path):
    """Its rows share positions; what needs none goes on."""
    parts = [tmp_path / "a.zarr", tmp_path / "b.zarr"]
    for path, source in zip(parts, ("synthetic:12x10:100", "synthetic:9x7:100:centroid:3")):
        conftest.make(source, path, "--bins", 5000, "--min-mz", 100, "--max-mz", 900)
    store = tmp_path / "study.zarr"
    subprocess.run(
        [conftest.PROGRAM, "merge", "--concat", *parts, "-o", store, "-q", "--rename", "*={name}_{number}"], check=True
    )
    d = mzgrid.open(store, "all_samples")
    table = anndata.read_zarr(store / "tables/all_samples")
    for ask in (
        lambda: d.ion_image(500.0, da=50),
        lambda: d.spectrum(x=3, y=3),
        lambda: d.spectrum(np.ones((10, 12), bool)),
        lambda: d.z_planes,
        lambda: d.to_spatialdata([500.0], da=50),
    ):
        with pytest.raises(mzgrid.StoreError, match="all_samples: holds 2 regions, each with positions of its own"):
            ask()
    told = d.info
    assert (told["regions"], told["image_shape"], told["pixel_size"], told["bins"]) == (2, None, None, 5000)
    second = (table.obs["region"] == table.obs["region"].iloc[-1]).to_numpy()
    expected = table.X.toarray()[second].astype(float).sum(axis=0)
    with pytest.warns(mzgrid.CostWarning):
        np.testing.assert_allclose(d.spectrum(second, reduce="sum"), expected, rtol=1e-6)
    np.testing.assert_array_equal(d.mean_spectrum, table.var["mean_intensity"])
    assert d.table([500.0], da=50).n_obs == len(table)
    assert mzgrid.open(parts[0]).info["regions"] == 1


def test_what_is_no_store(csc, tmp_path):
    with pytest.raises(mzgrid.StoreError, match=r"none\.zarr: there is no such store$"):
        mzgrid.open(tmp_path / "none.zarr")
    (tmp_path / "none.zarr.a1b2.part").mkdir()
    with pytest.raises(
        mzgrid.StoreError, match=r"no such store; .*a1b2\.part is half of one: its conversion is under way"
    ):
        mzgrid.open(tmp_path / "none.zarr")
    with pytest.raises(mzgrid.StoreError, match=r"no zarr\.json; it is half of one"):
        mzgrid.open(tmp_path / "none.zarr.a1b2.part")
    (tmp_path / "file.imzML").write_text("<mzML/>")
    with pytest.raises(mzgrid.StoreError, match="is a file, expected the directory of a store"):
        mzgrid.open(tmp_path / "file.imzML")
    zarr.create_group(tmp_path / "other.zarr")
    with pytest.raises(mzgrid.StoreError, match="is no store of mzgrid: it has no tables"):
        mzgrid.open(tmp_path / "other.zarr")
    (tmp_path / "broken.zarr").mkdir()
    (tmp_path / "broken.zarr/zarr.json").write_text("{")
    with pytest.raises(mzgrid.StoreError, match="cannot be opened as a Zarr store"):
        mzgrid.open(tmp_path / "broken.zarr")
    with pytest.raises(mzgrid.StoreError, match=r"needs a package|cannot be opened"):
        mzgrid.open("gopher://somewhere/x.zarr")


def copy_of(csc, tmp_path):
    """A copy without consolidated metadata, so that each file counts."""
    store = tmp_path / "copy.zarr"
    shutil.copytree(csc.path, store)
    for root in (store, store / "tables/msi_dataset_z0"):
        text = json.loads((root / "zarr.json").read_text())
        text.pop("consolidated_metadata", None)
        (root / "zarr.json").write_text(json.dumps(text))
    return store, store / "tables/msi_dataset_z0"


def test_a_damaged_store_is_told_and_not_read_wrongly(csc, tmp_path):
    store, table = copy_of(csc, tmp_path)
    shard = next(p for p in (table / "X/data").rglob("c/*") if p.is_file())
    shard.write_bytes(shard.read_bytes()[:-3])
    with pytest.raises(mzgrid.StoreError, match="X/data: cannot be read, the store is damaged"):
        mzgrid.open(store).ion_image(500.0, da=5)
    shutil.rmtree(table / "X/data")
    with pytest.raises(mzgrid.StoreError, match="X: has no array data"):
        mzgrid.open(store)
    shutil.rmtree(table / "X")
    with pytest.raises(mzgrid.StoreError, match="has no X"):
        mzgrid.open(store)


def test_an_axis_that_does_not_ascend_is_refused_at_once(csc, tmp_path):
    store, table = copy_of(csc, tmp_path)
    group = zarr.open_group(table)
    group["var/mz"][:] = group["var/mz"][:][::-1]
    with pytest.raises(mzgrid.StoreError, match="var/mz: is not ascending"):
        mzgrid.open(store)


def test_contradicting_indices_are_refused(csc, tmp_path):
    store, table = copy_of(csc, tmp_path)
    group = zarr.open_group(table)
    indices = group["X/indices"][:]
    indices[:] = len(csc.table)
    group["X/indices"][:] = indices
    with pytest.raises(mzgrid.StoreError, match="has an index outside the table"):
        mzgrid.open(store).ion_image(500.0, da=5)
    group["X/indptr"][:] = group["X/indptr"][:][::-1]
    with pytest.raises(mzgrid.StoreError, match="indptr: is not ascending"):
        mzgrid.open(store).ion_image(500.0, da=5)


def test_a_store_of_a_newer_version(csc, tmp_path):
    store, table = copy_of(csc, tmp_path)
    text = json.loads((table / "X/zarr.json").read_text())
    text["attributes"]["encoding-type"] = "folded_matrix"
    (table / "X/zarr.json").write_text(json.dumps(text))
    with pytest.raises(mzgrid.StoreError, match="X: is stored as 'folded_matrix', which this version does not know"):
        mzgrid.open(store)


def image_of(d):
    return d.ion_image(500.0, da=5).to_numpy()


def test_threads_and_processes_share_one(csc):
    d = mzgrid.open(csc.path)
    expected = image_of(mzgrid.open(csc.path))
    with ThreadPoolExecutor(8) as pool:
        for image in pool.map(lambda _: image_of(d), range(32)):
            np.testing.assert_array_equal(image, expected)
    copy = pickle.loads(pickle.dumps(d))
    assert copy.name == d.name
    np.testing.assert_array_equal(image_of(copy), expected)
    for method in ("fork", "spawn"):
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
            for image in pool.map(image_of, [d] * 4, timeout=60):
                np.testing.assert_array_equal(image, expected)


FRESH = """
import sys, time
begin = time.process_time()
import mzgrid
seconds = time.process_time() - begin
heavy = [m for m in ("numpy", "zarr", "pandas", "xarray", "anndata", "spatialdata", "matplotlib") if m in sys.modules]
print(seconds, heavy)
d = mzgrid.open(sys.argv[1])
d.ion_image(500.0), d.peaks(3), d.info
print([m for m in ("anndata", "spatialdata", "matplotlib", "scipy", "dask", "tifffile") if m in sys.modules])
"""


def test_importing_is_quick_and_reading_needs_four_packages(csc):
    done = subprocess.run(
        [sys.executable, "-c", FRESH, csc.path],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(SOURCE)},
        check=True,
    )
    first, second = done.stdout.splitlines()
    seconds, heavy = first.split(" ", 1)
    assert float(seconds) < 0.3 and heavy == "[]"
    assert second == "[]"


def test_names_that_do_not_exist():
    with pytest.raises(AttributeError, match="has no attribute 'opne'"):
        getattr(mzgrid, "opne")  # noqa: B009
    assert set(mzgrid.__all__) <= set(dir(mzgrid))
    for name in mzgrid.__all__:
        assert getattr(mzgrid, name) is not None
