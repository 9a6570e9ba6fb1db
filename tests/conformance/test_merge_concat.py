"""mzgrid merge --concat: one table over all samples, held against anndata.concat of their tables; and two halves of one
file, converted apart, against the whole."""
import shutil
import warnings

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import spatialdata

import check_store
import reference
from stores import assert_same_tree, assert_same_tree_of_values, tree
from writer import Pixel, write_imzml

LAYOUTS = ["csc", "csr", "dense", "csc+csr"]
AXIS = ["--mass-axis-type", "constant", "--bin-width", "0.5"]


def convert(mzgrid, source, path, *options):
    return mzgrid.convert(source, path, "--dataset-id", path.stem, *options)


def concat(mzgrid, *arguments, **more):
    run = mzgrid("merge", "--concat", *arguments, **more)
    assert run.status == 0, str(run)
    return run


def refused(mzgrid, text, *arguments, status=2, **more):
    run = mzgrid("merge", "--concat", *arguments, **more)
    assert run.status == status and text in run.err and run.err.count("\n") == 1, str(run)


def checked(path, name="all_samples"):
    """The table of a store that spatialdata and all else that check_store.py uses find whole."""
    report = check_store.check(path, rewrite=True)
    assert not report.errors and not report.warnings, report
    return report.sdata[name]


def table_of(path):
    return anndata.read_zarr(path / "tables" / f"{path.stem}_z0")


def assert_same_values(a, b):
    """Two matrices of one shape, to the last bit."""
    one, other = (sp.csr_matrix(x) for x in (a, b))
    assert one.shape == other.shape and one.dtype == other.dtype and one.nnz == other.nnz and (one != other).nnz == 0


def assert_statistics(table):
    mean, largest, count = reference.columns(sp.csc_matrix(table.X))
    assert np.array_equal(table.var["mean_intensity"], mean)
    assert np.array_equal(table.uns["average_spectrum"], mean)
    assert np.array_equal(table.var["max_intensity"], largest)
    assert np.array_equal(table.var["n_pixels"], count)


def assert_as_anndata(table, paths):
    """What the guide tells to do with anndata gives the same table, but for the order of columns."""
    parts = {p.stem: table_of(p) for p in paths}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = anndata.concat(parts, label="sample", index_unique="-", join="outer", fill_value=0)
    assert list(table.obs_names) == list(other.obs_names)
    assert list(table.obs.columns) == list(other.obs.columns)
    for column in table.obs:
        assert np.array_equal(table.obs[column].astype(str), other.obs[column].astype(str)), column
        if column not in ("region", "sample"):
            assert table.obs[column].dtype == other.obs[column].dtype, column
    assert sorted(table.var_names) == sorted(other.var_names)
    assert_same_values(table.X, other[:, table.var_names].X)
    assert np.array_equal(table.obsm["spatial"], other.obsm["spatial"])
    assert_statistics(table)
    for part in parts.values():
        assert np.array_equal(table.var.loc[part.var_names, "mz"], part.var["mz"])


@pytest.fixture(scope="module")
def windows(mzgrid, tmp_path_factory):
    """Three stores whose windows on one grid differ, in each layout; not written to."""
    folder = tmp_path_factory.mktemp("windows")
    ranges = {"liver": (200, 900), "kidney": (350.2, 1200), "brain": (150, 700)}
    for layout in LAYOUTS:
        (folder / layout).mkdir()
        for i, (name, (low, high)) in enumerate(ranges.items()):
            convert(mzgrid, f"synthetic:{9 + i}x{7 - i}:60:centroid:{i}", folder / layout / f"{name}.zarr", *AXIS,
                    "--min-mz", low, "--max-mz", high, "--layout", layout)
    return folder


@pytest.mark.parametrize("layout", LAYOUTS)
def test_as_anndata_does(mzgrid, windows, tmp_path, layout):
    paths = [windows / layout / f"{name}.zarr" for name in ("liver", "kidney", "brain")]
    before = [tree(p) for p in paths]
    concat(mzgrid, *paths, "-o", tmp_path / "study.zarr")
    assert [tree(p) for p in paths] == before
    table = checked(tmp_path / "study.zarr")
    assert_as_anndata(table, paths)
    sdata = spatialdata.read_zarr(tmp_path / "study.zarr")
    assert list(sdata.tables) == ["all_samples"] and len(sdata.labels) == 3
    assert list(table.uns["spatialdata_attrs"]["region"]) == ["liver_z0_pixels", "kidney_z0_pixels", "brain_z0_pixels"]
    assert list(table.obs["sample"].cat.categories) == ["liver", "kidney", "brain"]
    assert np.array_equal(table.var["mz_lower"].to_numpy()[1:], table.var["mz_upper"].to_numpy()[:-1])
    axis = table.uns["mzgrid"]["mass_axis"]
    assert axis["type"] == "constant" and axis["n_bins"] == table.n_vars
    assert sorted(table.uns["samples"]) == ["brain", "kidney", "liver"]
    for path in paths:  # what each sample was made of, as it was
        alone = table_of(path).uns
        assert table.uns["samples"][path.stem]["mzgrid"]["mass_axis"]["min_mz"] == alone["mzgrid"]["mass_axis"]["min_mz"]
        assert_same_tree_of_values(table.uns["samples"][path.stem]["synthetic"], alone["synthetic"], "synthetic")
    if layout == "csc+csr":
        assert_same_values(table.layers["csr"], table.X)
    # what users do next: the rows of one sample, by its coordinate system
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        subset = sdata.filter_by_coordinate_system("kidney")
    assert set(subset["all_samples"].obs["sample"]) == {"kidney"}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("ranks", [2, 3, 4])
def test_same_bytes_on_any_ranks(mzgrid, windows, tmp_path, layout, ranks):
    paths = [windows / layout / f"{name}.zarr" for name in ("liver", "kidney", "brain")]
    concat(mzgrid, *paths, "-o", tmp_path / "one.zarr")
    concat(mzgrid, *paths, "-o", tmp_path / "more.zarr", "--threads", 2, ranks=ranks)
    assert_same_tree(tmp_path / "one.zarr", tmp_path / "more.zarr")


LAWS = {
    "constant": ["--mass-axis-type", "constant", "--bin-width", "0.3"],
    "orbitrap": ["--mass-axis-type", "orbitrap", "--bin-width", "20mDa", "--reference-mz", "400"],
    "reflector_tof": ["--mass-axis-type", "reflector_tof", "--bin-width", "100ppm"],
    "tof": ["--mass-axis-type", "tof", "--tof-law", "2:3", "--bin-width", "0.2"],
    # A cell that reaches over the end of a window is cut there: the halves must have that of the whole.
    "overlap": ["--mass-axis-type", "linear_tof", "--bin-width", "0.3", "--interpolation-method", "overlap",
                "--min-mz", "140", "--max-mz", "1600"],
    "auto": [],
    "native": ["--mass-axis-type", "native"],
}


def halves_of_a_file(folder, shared):
    """A file of 11 x 6 pixels, whose m/z repeat within it (native) or not, and no two columns of which have one range."""
    rng = np.random.default_rng(5)
    pool = np.sort(rng.uniform(150, 1500, 400))
    pixels = []
    for y in range(1, 7):
        for x in range(1, 12):
            some = np.sort(rng.choice(pool[20 * x : 20 * x + 160], 50, replace=False)) if shared else np.sort(
                rng.uniform(150 + 20 * x, 900 + 50 * y, 80))
            pixels.append(Pixel(x, y, some, rng.gamma(2.0, 50.0, len(some))))
    return write_imzml(folder / "whole.imzML", pixels, pixel_size=(20, 40))


@pytest.mark.parametrize("law", LAWS)
def test_two_halves_equal_the_whole(mzgrid, tmp_path, law):
    """Column by column: m/z, edges, statistics, and every value, by merge on one and two ranks and by anndata.concat."""
    source = halves_of_a_file(tmp_path, shared=law == "native")
    options = [*LAWS[law], "--layout", "csc"]
    if law == "auto":  # decided from the data: asked of the whole, because a half may be another sample
        mzgrid("axis", source, "-o", tmp_path / "axis.json")
        options = ["--mass-axis-file", tmp_path / "axis.json", "--layout", "csc"]
    whole, left, right = (tmp_path / f"{name}.zarr" for name in ("whole", "left", "right"))
    convert(mzgrid, source, whole, *options)
    convert(mzgrid, source, left, *options, "--region", "1:5,1:6")
    convert(mzgrid, source, right, *options, "--region", "6:11,1:6")
    concat(mzgrid, left, right, "-o", tmp_path / "both.zarr", ranks=2)
    concat(mzgrid, left, right, "-o", tmp_path / "one.zarr", ranks=1)
    assert tree(tmp_path / "one.zarr") == tree(tmp_path / "both.zarr")
    table, expected = checked(tmp_path / "both.zarr"), table_of(whole)
    assert_as_anndata(table, [left, right])
    if law not in ("auto", "overlap"):
        assert {len(table_of(p).var) for p in (left, right)} != {len(expected.var)}, "the halves have one window"
    # the rows come by half, those of the whole in the order of the file
    order = np.argsort(table.obs["instance_key"].to_numpy(), kind="stable")
    assert np.array_equal(table.obs["instance_key"].to_numpy()[order], expected.obs["instance_key"])
    pd.testing.assert_frame_equal(table.var, expected.var, check_exact=True)
    assert_same_values(sp.csr_matrix(table.X)[order], expected.X)
    for column in expected.obs:
        if column != "region":
            assert np.array_equal(table.obs[column].to_numpy()[order], expected.obs[column]), column
    assert np.array_equal(table.obsm["spatial"][order], expected.obsm["spatial"])
    axis = table.uns["mzgrid"]["mass_axis"]
    assert axis["edges_sha256"] == expected.uns["mzgrid"]["mass_axis"]["edges_sha256"]


@pytest.mark.parametrize("name, options", [
    ("example-continuous", []),
    ("example-continuous", ["--mass-axis-type", "orbitrap", "--bin-width", "10mDa", "--reference-mz", "400"]),
    ("example-processed", ["--mass-axis-type", "native"]),
    ("example-processed", ["--mass-axis-type", "reflector_tof", "--bin-width", "50ppm"]),
])
def test_a_real_file_in_halves(mzgrid, data, tmp_path, name, options):
    """The examples of imzML.org; continuous mode without an option but the region is native."""
    source = data / name / f"{name}.imzML"
    whole, upper, lower = (tmp_path / f"{half}.zarr" for half in ("whole", "upper", "lower"))
    convert(mzgrid, source, whole, *options)
    convert(mzgrid, source, upper, *options, "--region", "1:3,1:1")
    convert(mzgrid, source, lower, *options, "--region", "1:3,2:3")
    concat(mzgrid, upper, lower, "-o", tmp_path / "both.zarr", ranks=2)
    table, expected = checked(tmp_path / "both.zarr"), table_of(whole)
    assert np.array_equal(table.obs["instance_key"], expected.obs["instance_key"])
    pd.testing.assert_frame_equal(table.var, expected.var, check_exact=True)
    assert_same_values(table.X, expected.X)


def halves_of(table):
    """Two regions of about as many pixels each: above and below, or side by side."""
    x, y = table.obs["x"], table.obs["y"]
    along, across = (y, x) if y.nunique() > 1 else (x, y)
    middle = max(int(np.median(along)), along.min() + 1)
    parts = [f"{along.min()}:{middle - 1}", f"{middle}:{along.max()}"]
    return [f"{across.min()}:{across.max()},{p}" if along is y else f"{p},{across.min()}:{across.max()}" for p in parts]


@pytest.mark.parametrize("name, differ", [("maldiquant-peaks-proc", True), ("thyra-iontof-sparse", False)])
def test_halves_get_one_axis_by_the_commands_that_the_message_names(mzgrid, data, tmp_path, name, differ):
    """Without an option, and then with an axis of all pixels. The few, even points of thyra have no sampling step: its
    halves get bins of the width of the whole, which end with their own points."""
    source, whole = data / name / f"{name}.imzML", tmp_path / "whole.zarr"
    convert(mzgrid, source, whole)
    expected, parts = table_of(whole), [tmp_path / "a.zarr", tmp_path / "b.zarr"]
    regions = halves_of(expected)
    for part, region in zip(parts, regions):
        convert(mzgrid, source, part, "--region", region)
    if differ:
        refused(mzgrid, "'mzgrid axis A.imzML B.imzML -o axis.json'", *parts, "-o", tmp_path / "both.zarr")
    else:
        concat(mzgrid, *parts, "-o", tmp_path / "both.zarr")
        assert set(anndata.read_zarr(tmp_path / "both.zarr/tables/all_samples").var["mz"]) <= set(expected.var["mz"])
        shutil.rmtree(tmp_path / "both.zarr")
    run = mzgrid("axis", source, source, "-o", tmp_path / "axis.json")
    assert run.status == 0, str(run)
    for part, region in zip(parts, regions):
        convert(mzgrid, source, part, "--region", region, "--mass-axis-file", tmp_path / "axis.json", "--overwrite")
    concat(mzgrid, *parts, "-o", tmp_path / "both.zarr")
    table = anndata.read_zarr(tmp_path / "both.zarr/tables/all_samples")
    order = [list(table.obs["instance_key"]).index(key) for key in expected.obs["instance_key"]]
    assert np.array_equal(table.var["mz"], expected.var["mz"])
    assert_same_values(sp.csr_matrix(table.X)[order], expected.X)


@pytest.mark.parametrize("name", ["cardinal-9peaks", "maldiquant-peaks-proc"])
def test_peaks_of_a_study_are_judged_as_those_of_its_samples(mzgrid, data, tmp_path, name):
    """Centroids stay centroids: a set beside itself has its features."""
    for part in ("a", "b"):
        convert(mzgrid, data / name / f"{name}.imzML", tmp_path / f"{part}.zarr", "--peaks")
    concat(mzgrid, tmp_path / "a.zarr", tmp_path / "b.zarr", "-o", tmp_path / "both.zarr")
    run = mzgrid("peaks", tmp_path / "both.zarr", "--table", "all_samples")
    assert run.status == 0, str(run)
    one = anndata.read_zarr(tmp_path / "a.zarr/tables/a_z0_peaks")
    both = anndata.read_zarr(tmp_path / "both.zarr/tables/all_samples_peaks")
    assert str(anndata.read_zarr(tmp_path / "both.zarr/tables/all_samples").uns["mzgrid"]["resampling"]["spectrum_type"]) == "centroid"
    assert set(one.var_names) <= set(both.var_names) and both.n_obs == 2 * one.n_obs


def test_columns_of_users(mzgrid, windows, tmp_path):
    """Columns that all samples have are kept, text and categories too; what only one has is left out and said."""
    paths = []
    for i, name in enumerate(("liver", "kidney")):
        sdata = spatialdata.read_zarr(windows / "csc" / f"{name}.zarr")
        table = sdata[f"{name}_z0"]
        table.obs["cluster"] = pd.Categorical([f"c{k % (2 + i)}" for k in range(table.n_obs)])
        table.obs["note"] = np.array([f"{name} {k}" for k in range(table.n_obs)], dtype=object)
        table.obs["score"] = np.arange(table.n_obs) / 7
        table.obs["good"] = np.arange(table.n_obs) % 2 == 0
        if i:
            table.obs["only_here"] = 1.0
            table.obsm["X_pca"] = np.zeros((table.n_obs, 3))
        paths.append(tmp_path / f"{name}.zarr")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sdata.write(paths[-1])
    run = concat(mzgrid, *paths, "-o", tmp_path / "study.zarr", "--table", "study", "-q")
    assert run.err.count("\n") == 1 and "obs/only_here" in run.err and "obsm/X_pca" in run.err, run.err
    table = checked(tmp_path / "study.zarr", "study")
    parts = [spatialdata.read_zarr(p)[f"{p.stem}_z0"] for p in paths]
    assert list(table.obs["cluster"].astype(str)) == [c for p in parts for c in p.obs["cluster"]]
    assert list(table.obs["note"]) == [c for p in parts for c in p.obs["note"]]
    assert np.array_equal(table.obs["score"], np.concatenate([p.obs["score"] for p in parts]))
    assert table.obs["good"].dtype == bool
    assert "only_here" not in table.obs


def test_samples_that_are_renamed(mzgrid, tmp_path):
    """Regions follow, and so does the table: two samples of one dataset id."""
    for i, name in enumerate("ab"):
        mzgrid.convert(f"synthetic:6x5:40:centroid:{i}", tmp_path / f"{name}.zarr", *AXIS)
    concat(mzgrid, tmp_path / "a.zarr", tmp_path / "b.zarr", "-o", tmp_path / "study.zarr", "--rename",
           "msi_dataset={sample}", "--samples", "left,right", "--coordinate-systems", "shared")
    table = checked(tmp_path / "study.zarr")
    assert list(table.obs["region"].cat.categories) == ["left_z0_pixels", "right_z0_pixels"]
    assert table.obs_names[0].endswith("-left") and table.obs_names[-1].endswith("-right")


def test_peaks_of_all_samples(mzgrid, tmp_path):
    """Feature tables of the samples stay; `mzgrid peaks` takes the table of all samples as any other."""
    for i, name in enumerate("ab"):
        convert(mzgrid, f"synthetic:12x9:100:centroid:{i}", tmp_path / f"{name}.zarr", *AXIS[:2], "--bin-width", "0.01", "--peaks")
    run = concat(mzgrid, tmp_path / "a.zarr", tmp_path / "b.zarr", "-o", tmp_path / "study.zarr", "-q")
    assert run.err == ""
    run = mzgrid("peaks", tmp_path / "study.zarr")
    assert run.status == 0, str(run)
    sdata = check_store.check(tmp_path / "study.zarr").sdata
    assert sorted(sdata.tables) == ["a_z0_peaks", "all_samples", "all_samples_peaks", "b_z0_peaks"]
    peaks = sdata["all_samples_peaks"]
    assert list(peaks.obs_names) == list(sdata["all_samples"].obs_names) and peaks.n_vars > 0


def test_axes_that_differ(mzgrid, windows, tmp_path):
    """Refused with both axes, before anything is written."""
    liver = windows / "csc/liver.zarr"
    others = {
        "width": ([*AXIS[:2], "--bin-width", "0.25"], "constant bins of 0.25 Da at m/z 1000"),
        "law": (["--mass-axis-type", "orbitrap", "--bin-width", "0.5"], "orbitrap bins of 0.5 Da at m/z 1000"),
        "count": ([*AXIS[:2], "--bins", "300"], "300 constant bins from m/z"),
        "native": (["--mass-axis-type", "native"], "native m/z"),
    }
    for name, (options, text) in others.items():
        other = tmp_path / f"{name}.zarr"
        convert(mzgrid, "synthetic:6x5:40:centroid:1", other, *options)
        for ranks in (1, 2):
            refused(mzgrid, text, liver, other, "-o", tmp_path / "study.zarr", ranks=ranks)
        refused(mzgrid, "constant bins of 0.5 Da", liver, other, "-o", tmp_path / "study.zarr")
        shutil.rmtree(other)
    for end in ("run.json", "report.html"):
        (tmp_path / f"width.zarr.{end}").unlink(missing_ok=True)
    assert not list(tmp_path.glob("study*"))
    far = tmp_path / "far.zarr"
    convert(mzgrid, "synthetic:6x5:40:centroid:1", far, *AXIS, "--min-mz", 900, "--max-mz", 990)
    refused(mzgrid, "no sample has bins between m/z 700 and 900", windows / "csc/brain.zarr", far, "-o", tmp_path / "study.zarr")
    assert not list(tmp_path.glob("study*"))


def test_the_same_counted_bins_are_one_axis(mzgrid, tmp_path):
    """--bins and a shared range, or one axis file: the columns are the same, and so they may be joined."""
    options = ["--mass-axis-type", "orbitrap", "--bins", "400", "--min-mz", "200", "--max-mz", "900"]
    for i, name in enumerate("ab"):
        convert(mzgrid, f"synthetic:6x5:40:centroid:{i}", tmp_path / f"{name}.zarr", *options)
    concat(mzgrid, tmp_path / "a.zarr", tmp_path / "b.zarr", "-o", tmp_path / "study.zarr")
    assert_as_anndata(checked(tmp_path / "study.zarr"), [tmp_path / "a.zarr", tmp_path / "b.zarr"])


def test_tables_that_cannot_be_one(mzgrid, windows, tmp_path):
    liver, out = windows / "csc/liver.zarr", tmp_path / "study.zarr"
    refused(mzgrid, "the layout csc, that of", liver, windows / "csr/kidney.zarr", "-o", out)
    convert(mzgrid, "synthetic:6x5:40:centroid:1", tmp_path / "double.zarr", *AXIS, "--dtype", "float64")
    refused(mzgrid, "are float32, those of", liver, tmp_path / "double.zarr", "-o", out)
    refused(mzgrid, "is not a valid name of a table", liver, windows / "csc/kidney.zarr", "-o", out, "--table", "a b")
    refused(mzgrid, "element 'liver_z0_pixels'", liver, windows / "csc/kidney.zarr", "-o", out, "--table",
            "liver_z0_pixels")
    run = mzgrid("merge", liver, windows / "csc/kidney.zarr", "-o", out, "--table", "x")
    assert run.status == 2 and "--concat" in run.err
    plain = tmp_path / "plain.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labels = spatialdata.models.Labels2DModel.parse(np.arange(12, dtype="i4").reshape(3, 4), dims=("y", "x"))
        spatialdata.SpatialData(labels={"lab": labels}).write(plain)
    refused(mzgrid, "no table of bins that mzgrid wrote", liver, plain, "-o", out)
    assert not list(tmp_path.glob("study*"))


def truncate_indptr(store, table):
    (store / f"tables/{table}/X/indptr/c/0").write_bytes(b"")


def wrong_value(store, table):
    import zarr
    zarr.open_group(store, mode="r+")[f"tables/{table}/X/data"][3] = np.nan


def wrong_index(store, table):
    import zarr
    zarr.open_group(store, mode="r+")[f"tables/{table}/X/indices"][5] = 1 << 30


def wrong_bins(store, table):
    import zarr
    mz = zarr.open_group(store, mode="r+")[f"tables/{table}/var/mz"]
    mz[4] = float(mz[3])


def another_version(store, table):
    """A grid that does not go on endlessly: as axes were before."""
    import zarr
    for name in ("mz", "mz_lower", "mz_upper"):
        values = zarr.open_group(store, mode="r+")[f"tables/{table}/var/{name}"]
        values[...] = values[...] + 0.2
    zarr.open_group(store, mode="r+")[f"tables/{table}/uns/mzgrid/mass_axis/min_mz"][...] = 0


def missing_data(store, table):
    shutil.rmtree(store / "tables" / table / "X/data/c")


def missing_indices(store, table):
    shutil.rmtree(store / "tables" / table / "X/indices/c")


def missing_indptr(store, table):
    shutil.rmtree(store / "tables" / table / "X/indptr/c")


def missing_word(store, table):
    """Zarr reads it as an empty one; peaks of the study would be judged as those of profiles."""
    shutil.rmtree(store / "tables" / table / "uns/mzgrid/resampling/spectrum_type/c", ignore_errors=True)
    (store / "tables" / table / "uns/mzgrid/resampling/spectrum_type/c").unlink(missing_ok=True)


DAMAGE = {
    missing_data: "X/data: it has 0 chunk files; expected 1; the store is incomplete, copy it again",
    missing_indices: "X/indices: it has 0 chunk files",
    missing_indptr: "indptr",
    truncate_indptr: "indptr",
    wrong_value: "a value is not finite",
    wrong_index: "an index is outside",
    wrong_bins: "does not follow the one before it",
    another_version: "overlap",
    missing_word: "uns/mzgrid/resampling/spectrum_type: it has no word; the store is damaged",
}


@pytest.mark.parametrize("array", ["data", "indices"])
def test_a_half_copied_store_is_not_merged(mzgrid, windows, tmp_path, array):
    shutil.copytree(windows / "csc/kidney.zarr", tmp_path / "kidney.zarr")
    shutil.rmtree(tmp_path / f"kidney.zarr/tables/kidney_z0/X/{array}/c")
    run = mzgrid("merge", windows / "csc/liver.zarr", tmp_path / "kidney.zarr", "-o", tmp_path / "study.zarr", "-q")
    assert run.status == 1 and f"kidney_z0/X/{array}: it has 0 chunk files" in run.err, str(run)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["kidney.zarr"]


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda d: d.__name__)
@pytest.mark.parametrize("ranks", [1, 2])
def test_damaged_tables(mzgrid, windows, tmp_path, damage, ranks):
    shutil.copytree(windows / "csc/kidney.zarr", tmp_path / "kidney.zarr")
    damage(tmp_path / "kidney.zarr", "kidney_z0")
    run = mzgrid("merge", "--concat", windows / "csc/liver.zarr", tmp_path / "kidney.zarr", "-o",
                 tmp_path / "study.zarr", "-q", ranks=ranks)
    assert run.status in (1, 2) and DAMAGE[damage] in run.err and run.err.count("\n") == 1, str(run)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["kidney.zarr"]
