"""mzgrid merge: several stores as one, held against what spatialdata itself reads of the inputs."""
import json
import os
import shutil
import warnings

import anndata
import numpy as np
import pandas as pd
import pytest
import spatialdata
from spatialdata.models import Image2DModel, Labels2DModel, PointsModel, ShapesModel, TableModel
from spatialdata.transformations import Scale, Sequence, Translation, get_transformation

import check_store
from stores import assert_same_table, assert_same_tree, tree

SYNTHETIC = "synthetic:12x9:60:centroid"
AXIS = ["--mass-axis-type", "constant", "--bin-width", "0.5", "--min-mz", "200", "--max-mz", "1200"]


@pytest.fixture(scope="module")
def samples(mzgrid, tmp_path_factory):
    """Three stores of one dataset id, as a lab has them; they are not written to."""
    folder = tmp_path_factory.mktemp("samples")
    for i, name in enumerate(["liver", "kidney", "brain"]):
        mzgrid.convert(f"{SYNTHETIC}:{i + 1}", folder / f"{name}.zarr", *AXIS)
    return folder


def merge(mzgrid, *arguments, **more):
    run = mzgrid("merge", *arguments, **more)
    assert run.status == 0, str(run)
    return run


def refused(mzgrid, text, *arguments, status=2, **more):
    run = mzgrid("merge", *arguments, **more)
    assert run.status == status and text in run.err and run.err.count("\n") == 1, str(run)


def assert_nothing_left(folder, *expected):
    assert sorted(p.name for p in folder.iterdir()) == sorted(expected)


def plain_store(path, name="lab"):
    """A store that mzgrid did not write: all kinds of elements, two coordinate systems, a table."""
    rng = np.random.default_rng(3)
    image = Image2DModel.parse(
        rng.random((1, 64, 48)).astype("f4"),
        dims=("c", "y", "x"),
        scale_factors=[2],
        transformations={
            "global": Scale([2.0, 3.0], axes=("x", "y")),
            "slide": Sequence([Scale([2.0, 3.0], axes=("x", "y")), Translation([5.0, 7.0], axes=("x", "y"))]),
        },
    )
    labels = Labels2DModel.parse(np.arange(12, dtype="i4").reshape(3, 4), dims=("y", "x"))
    import geopandas
    from shapely import Point

    shapes = ShapesModel.parse(geopandas.GeoDataFrame({"radius": [1.0, 2.0]}, geometry=[Point(1, 2), Point(3, 4)]))
    points = PointsModel.parse(pd.DataFrame({"x": [1.0, 2.0], "y": [5.0, 6.0]}))
    obs = pd.DataFrame({"region": pd.Categorical([name] * 11), "key": range(1, 12), "kind": pd.Categorical(list("abababababa"))},
                       index=[f"cell{i}" for i in range(11)])
    table = anndata.AnnData(rng.random((11, 3)).astype("f4"), obs=obs)
    table = TableModel.parse(table, region=name, region_key="region", instance_key="key")
    sdata = spatialdata.SpatialData(images={"photo": image}, labels={name: labels}, shapes={"spots": shapes},
                                    points={"dots": points}, tables={"cells": table}, attrs={"who": "me"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sdata.write(path)
    return path


def matrix_of(element, system):
    return get_transformation(element, system).to_affine_matrix(("x", "y"), ("x", "y"))


def first_scale(element):
    return np.asarray(next(iter(element["scale0"].ds.data_vars.values()))) if hasattr(element, "subtree") else np.asarray(element)


def test_ten_of_one_name_at_once(mzgrid, samples, tmp_path):
    """Every element is there, under the name of its sample, with the values that it had; the store is whole."""
    inputs = [samples / f"{name}.zarr" for name in ("liver", "kidney", "brain")]
    before = [tree(store) for store in inputs]
    merge(mzgrid, *inputs, "-o", tmp_path / "study.zarr", "--rename", "msi_dataset={sample}")
    report = check_store.check(tmp_path / "study.zarr", rewrite=True)
    assert not report.errors and not report.warnings, report
    study = report.sdata
    assert sorted(study.tables) == ["brain_z0", "kidney_z0", "liver_z0"]
    assert sorted(study.labels) == ["brain_z0_pixels", "kidney_z0_pixels", "liver_z0_pixels"]
    assert sorted(study.images) == ["brain_z0_tic", "kidney_z0_tic", "liver_z0_tic"]
    assert sorted(study.coordinate_systems) == ["brain", "kidney", "liver"]
    for name in ("liver", "kidney", "brain"):
        alone = spatialdata.read_zarr(samples / f"{name}.zarr")
        table, old = study[f"{name}_z0"], alone["msi_dataset_z0"]
        assert table.uns["spatialdata_attrs"]["region"] == f"{name}_z0_pixels"
        assert set(table.obs["region"]) == {f"{name}_z0_pixels"}
        assert (table.X != old.X).nnz == 0 and table.obs_names.equals(old.obs_names) and table.var.equals(old.var)
        for kind in ("pixels", "tic"):
            one, other = study[f"{name}_z0_{kind}"], alone[f"msi_dataset_z0_{kind}"]
            assert np.array_equal(first_scale(one), first_scale(other))
            assert np.array_equal(matrix_of(one, name), matrix_of(other, "global"))
        # what users do next: the rows of one sample, by its coordinate system
        subset = study.filter_by_coordinate_system(name)
        assert list(subset.tables) == [f"{name}_z0"]
    assert [tree(store) for store in inputs] == before
    assert study.attrs["mzgrid"]["samples"][0]["name"] == "liver"


def test_shared_systems_and_names_that_do_not_clash(mzgrid, samples, tmp_path):
    mzgrid.convert(f"{SYNTHETIC}:5", tmp_path / "other.zarr", *AXIS, "--dataset-id", "other")
    merge(mzgrid, samples / "liver.zarr", tmp_path / "other.zarr", "-o", tmp_path / "study.zarr",
          "--coordinate-systems", "shared")
    report = check_store.check(tmp_path / "study.zarr")
    assert not report.errors and not report.warnings, report
    assert report.sdata.coordinate_systems == ["global"]
    assert sorted(report.sdata.tables) == ["msi_dataset_z0", "other_z0"]
    old = anndata.read_zarr(samples / "liver.zarr" / "tables/msi_dataset_z0")
    assert_same_table(anndata.read_zarr(tmp_path / "study.zarr/tables/msi_dataset_z0"), old)


def test_stores_of_other_programs(mzgrid, samples, tmp_path):
    """Points, shapes, pyramids, several coordinate systems, attributes: all as they were, in systems of the sample."""
    plain = plain_store(tmp_path / "plain.zarr")
    merge(mzgrid, samples / "liver.zarr", plain, "-o", tmp_path / "study.zarr",
          "--rename", "lab=plain_lab", "--rename", "photo={sample}-{number}")
    study, alone = spatialdata.read_zarr(tmp_path / "study.zarr"), spatialdata.read_zarr(plain)
    assert sorted(study.coordinate_systems) == ["liver", "plain", "plain_slide"]
    assert np.array_equal(matrix_of(study["plain-2"], "plain_slide"), matrix_of(alone["photo"], "slide"))
    assert np.array_equal(matrix_of(study["spots"], "plain"), matrix_of(alone["spots"], "global"))
    assert study["spots"].equals(alone["spots"]) and study["dots"].compute().equals(alone["dots"].compute())
    assert np.array_equal(first_scale(study["plain-2"]), first_scale(alone["photo"]))
    table = study["cells"]
    assert list(table.obs["region"].cat.categories) == ["plain_lab"]
    assert table.uns["spatialdata_attrs"]["region"] == "plain_lab"
    assert table.obs.drop(columns="region").equals(alone["cells"].obs.drop(columns="region"))
    assert study.attrs["who"] == "me"


@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_same_bytes_on_any_ranks(mzgrid, samples, tmp_path, ranks):
    inputs = [samples / "liver.zarr", samples / "kidney.zarr"]
    rename = ["--rename", "msi_dataset={sample}"]
    merge(mzgrid, *inputs, "-o", tmp_path / "one.zarr", *rename)
    merge(mzgrid, *inputs, "-o", tmp_path / "more.zarr", *rename, ranks=ranks)
    assert_same_tree(tmp_path / "one.zarr", tmp_path / "more.zarr")


def test_links_and_copies(mzgrid, samples, tmp_path):
    """Arrays' files are links where that can be; metadata never are. Copies are the same bytes."""
    inputs = [samples / "liver.zarr", samples / "kidney.zarr"]
    rename = ["--rename", "msi_dataset={sample}"]
    merge(mzgrid, *inputs, "-o", samples / "linked.zarr", *rename)
    merge(mzgrid, *inputs, "-o", tmp_path / "copied.zarr", *rename, "--files", "copy")
    assert_same_tree(samples / "linked.zarr", tmp_path / "copied.zarr")
    metadata = list((samples / "linked.zarr").rglob("zarr.json"))
    assert metadata and all(p.stat().st_nlink == 1 for p in metadata)
    assert all(p.stat().st_nlink == 1 for p in (tmp_path / "copied.zarr").rglob("*") if p.is_file())
    values = samples / "linked.zarr/tables/liver_z0/X/data/c/0"
    original = samples / "liver.zarr/tables/msi_dataset_z0/X/data/c/0"
    linked = os.path.samefile(values, original)
    assert linked or values.stat().st_nlink == 1  # a reflink
    shutil.rmtree(samples / "linked.zarr")
    assert original.stat().st_nlink == 1


def test_a_sample_may_go(mzgrid, tmp_path):
    """A merged store does not need its samples."""
    for i, name in enumerate("ab"):
        mzgrid.convert(f"{SYNTHETIC}:{i}", tmp_path / f"{name}.zarr", *AXIS)
    merge(mzgrid, tmp_path / "a.zarr", tmp_path / "b.zarr", "-o", tmp_path / "study.zarr",
          "--rename", "msi_dataset={sample}")
    shutil.rmtree(tmp_path / "a.zarr")
    mzgrid.convert(f"{SYNTHETIC}:9", tmp_path / "b.zarr", *AXIS, "--overwrite")
    report = check_store.check(tmp_path / "study.zarr")
    assert not report.errors and not report.warnings, report


def test_bad_calls(mzgrid, samples, tmp_path):
    liver, kidney, out = samples / "liver.zarr", samples / "kidney.zarr", tmp_path / "study.zarr"
    rename = ["--rename", "msi_dataset={sample}"]
    refused(mzgrid, "-o STUDY.zarr", liver, kidney)
    refused(mzgrid, "give two or more", liver, "-o", out)
    refused(mzgrid, "are the same store", liver, f"{samples}/./liver.zarr/", "-o", out)
    refused(mzgrid, "--rename 'msi_dataset={sample}'", liver, kidney, "-o", out)
    refused(mzgrid, "is in a store that is merged", liver, kidney, "-o", liver / "study.zarr", *rename)
    refused(mzgrid, "is the output", liver, kidney, "-o", liver, "--overwrite", *rename)
    refused(mzgrid, "is in the output", liver, kidney, "-o", samples, "--overwrite", *rename)
    refused(mzgrid, "has 1 names, but 2 stores", liver, kidney, "-o", out, "--samples", "a", *rename)
    refused(mzgrid, "is not a valid name of a sample", liver, kidney, "-o", out, "--samples", "a,b c", *rename)
    refused(mzgrid, "is not OLD=NEW", liver, kidney, "-o", out, "--rename", "msi_dataset")
    refused(mzgrid, "is not a valid name of elements", liver, kidney, "-o", out, "--rename", "msi_dataset={store}")
    refused(mzgrid, "does not begin with '__'", liver, kidney, "-o", out, "--rename", "msi_dataset=__{sample}")
    shutil.copytree(liver, tmp_path / "liver.zarr")
    refused(mzgrid, "are both called 'liver'", liver, tmp_path / "liver.zarr", "-o", out, *rename)
    assert_nothing_left(tmp_path, "liver.zarr")
    merge(mzgrid, liver, tmp_path / "liver.zarr", "-o", out, *rename, "--samples", "left,right")
    before = tree(out)
    refused(mzgrid, "use --overwrite", liver, kidney, "-o", out, *rename, status=1)
    assert tree(out) == before
    merge(mzgrid, liver, kidney, "-o", out, *rename, "--overwrite")
    assert sorted(spatialdata.read_zarr(out).tables) == ["kidney_z0", "liver_z0"]
    assert_nothing_left(tmp_path, "liver.zarr", "study.zarr")


def change(store, node, function):
    file = store / node / "zarr.json"
    metadata = json.loads(file.read_text())
    function(metadata)
    file.write_text(json.dumps(metadata))


def old_version(store):
    change(store, "", lambda m: m["attributes"]["spatialdata_attrs"].update(version="0.1"))


def no_spatialdata(store):
    change(store, "", lambda m: m["attributes"].pop("spatialdata_attrs"))


def zarr_2(store):
    (store / "zarr.json").rename(store / ".zgroup")


def half_written(store):
    (store / "zarr.json").unlink()


def lacks_a_node(store):
    shutil.rmtree(store / "tables/msi_dataset_z0/obs/tic")


def unknown_node(store):
    shutil.copytree(store / "tables/msi_dataset_z0/obs/tic", store / "tables/msi_dataset_z0/obs/more")


def broken_json(store):
    (store / "labels/msi_dataset_z0_pixels/zarr.json").write_text('{"zarr_format": 3,')


def has_link(store):
    file = store / "tables/msi_dataset_z0/X/data/c/0"
    file.rename(store.parent / "elsewhere")
    file.symlink_to(store.parent / "elsewhere")


def has_pipe(store):
    os.mkfifo(store / "tables/msi_dataset_z0/X/data/c/1")


def no_elements(store):
    for kind in ("tables", "labels", "images"):
        shutil.rmtree(store / kind)
    change(store, "", lambda m: m["consolidated_metadata"]["metadata"].clear())


def empty_directory(store):
    shutil.rmtree(store)
    store.mkdir()


def a_file(store):
    shutil.rmtree(store)
    store.write_text("no store")


DAMAGE = {
    old_version: "container version 0.1; expected 0.2",
    no_spatialdata: "not a SpatialData store",
    zarr_2: "a store of Zarr 2",
    half_written: "half-written",
    lacks_a_node: "it is not complete",
    unknown_node: "half-written, or was changed",
    broken_json: "it is not JSON",
    has_link: "a symbolic link",
    has_pipe: "not an ordinary file",
    no_elements: "nothing to merge",
    empty_directory: "half-written",
    a_file: "not a directory",
}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda d: d.__name__)
@pytest.mark.parametrize("ranks", [1, 2])
def test_stores_that_are_none(mzgrid, samples, tmp_path, damage, ranks):
    """One line, nothing left, nothing touched."""
    shutil.copytree(samples / "kidney.zarr", tmp_path / "kidney.zarr")
    damage(tmp_path / "kidney.zarr")
    names = [p.name for p in tmp_path.iterdir()]
    refused(mzgrid, DAMAGE[damage], samples / "liver.zarr", tmp_path / "kidney.zarr", "-o", tmp_path / "study.zarr",
            "--rename", "msi_dataset={sample}", status=1, ranks=ranks)
    assert_nothing_left(tmp_path, *names)


def test_attributes_that_differ_and_things_beside(mzgrid, samples, tmp_path):
    """Are said, once each."""
    for name, who in (("liver", "me"), ("kidney", "you")):
        shutil.copytree(samples / f"{name}.zarr", tmp_path / f"{name}.zarr")
        change(tmp_path / f"{name}.zarr", "", lambda m: m["attributes"].update(who=who, lab="ours"))
    (tmp_path / "kidney.zarr/notes.txt").write_text("mine")
    run = merge(mzgrid, tmp_path / "liver.zarr", tmp_path / "kidney.zarr", "-o", tmp_path / "study.zarr", "-q",
                "--rename", "msi_dataset={sample}")
    assert run.err.count("\n") == 2 and "attribute 'who'" in run.err and "left out, because it is not an element of SpatialData: notes.txt" in run.err
    attrs = spatialdata.read_zarr(tmp_path / "study.zarr").attrs
    assert attrs["lab"] == "ours" and "who" not in attrs
