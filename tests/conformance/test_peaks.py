"""Feature tables: what `mzgrid peaks` picks and adds up, against scipy and numpy."""
import json
import os
import shutil
import signal
import stat
import subprocess
from pathlib import Path

import anndata
import numpy as np
import pytest
import scipy.signal
import scipy.sparse as sp
import spatialdata

import check_store
import stores
from conftest import mpi_environment
from peaks_reference import SHARE, assert_sums, expected_peaks, noise, tables, whole
from writer import Pixel, write_imzml

PROFILE = "synthetic:24x20:600:profile"
SOURCES = {
    "profile": (PROFILE, []),
    "heights": (PROFILE, ["--interpolation-method", "linear", "--bin-width", "20mDa"]),
    "float64": (PROFILE, ["--dtype", "float64"]),
    "continuous": ("synthetic:24x20:3000:continuous", []),
    "centroid": ("synthetic:30x30:300:centroid", []),
    "sparse": ("synthetic:12x10:150:centroid:4", ["--bin-width", "2mDa"]),
}
KEPT = {}


@pytest.fixture(scope="module")
def made(mzgrid, tmp_path_factory):
    """made(name) is a store of one of the SOURCES without peaks; not to be changed."""

    def make(name, *more):
        if (name, more) not in KEPT:
            source, options = SOURCES[name]
            path = tmp_path_factory.mktemp("store") / "a.zarr"
            mzgrid.convert(source, path, "-q", *options, *more)
            KEPT[name, more] = path
        return KEPT[name, more]

    yield make
    KEPT.clear()


@pytest.fixture
def store(made, tmp_path):
    """store(name) is a copy of such a store."""

    def copy(name, *more):
        path = tmp_path / f"{name}.zarr"
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(made(name, *more), path)
        return path

    return copy


def peaks(mzgrid, path, *options, **more):
    run = mzgrid("peaks", path, *options, **more)
    assert run.status == 0, str(run)
    return run


@pytest.mark.parametrize("name", SOURCES)
def test_peaks_and_their_sums_are_those_of_scipy_and_numpy(mzgrid, store, name):
    path = store(name)
    peaks(mzgrid, path, "-q")
    bins, found = tables(path)
    expected = expected_peaks(bins)
    if name == "continuous":
        assert str(bins.uns["mzgrid"]["mass_axis"]["type"]) == "native"
    assert len(expected) > 3 and found.n_vars == len(expected)
    tops = np.array([p["top"] for p in expected])
    assert list(found.var_names) == list(bins.var_names[tops]) and found.var_names.is_unique
    assert np.array_equal(found.var["mz"], bins.var["mz"].to_numpy()[tops])
    for column, key in (("first_bin", "first"), ("source", "source"), ("height", "height"), ("prominence", "prominence")):
        assert list(found.var[column]) == [p[key] for p in expected], column
    assert list(found.var["n_bins"]) == [p["end"] - p["first"] for p in expected]
    assert np.allclose(found.var["noise"], [p["noise"] for p in expected], rtol=1e-14, atol=0)
    assert np.allclose(found.var["snr"], found.var["prominence"] / found.var["noise"], rtol=1e-15, atol=0)
    assert np.array_equal(found.var["mz_min"], bins.var["mz_lower"].to_numpy()[found.var["first_bin"]])
    last = (found.var["first_bin"] + found.var["n_bins"] - 1).to_numpy()
    assert np.array_equal(found.var["mz_max"], bins.var["mz_upper"].to_numpy()[last])
    assert np.array_equal(np.flatnonzero(bins.var["is_peak"]), tops) and bins.var["is_peak"].dtype == bool
    assert found.obs.equals(bins.obs) and np.array_equal(found.obsm["spatial"], bins.obsm["spatial"])
    assert_sums(bins, found)
    said = found.uns["mzgrid"]["peaks"]
    assert str(said["values"]).startswith("area" if str(bins.uns["mzgrid"]["resampling"]["values"]) == "height" else "sum")


def known_peaks(mzgrid, width, height, points, kind, seed):
    program = Path(mzgrid.path).parent / "tests/tissue_peaks"
    if not program.exists():
        pytest.skip(f"{program} does not exist: build the target conformance_programs")
    out = subprocess.run([program, *map(str, (width, height, points, kind, seed))], check=True, capture_output=True, text=True)
    return np.array([[float(word) for word in line.split()] for line in out.stdout.splitlines()])


@pytest.mark.parametrize("kind, points", [("profile", 6000), ("continuous", 20000), ("centroid", 1500)])
def test_all_known_peaks_of_a_tissue_are_found_and_none_is_invented(mzgrid, tmp_path, kind, points):
    """Known is where peaks lie, and how much a spectrum has of each. Noise peaks lie anywhere, and are as high as many of them."""
    path = tmp_path / "a.zarr"
    mzgrid.convert(f"synthetic:40x40:{points}:{kind}:7", path, "-q", "--peaks")
    bins, found = tables(path)
    catalogue = known_peaks(mzgrid, 40, 40, points, kind, 7)[:, 0]
    width = (bins.var["mz_upper"] - bins.var["mz_lower"]).to_numpy()
    mz, mean = bins.var["mz"].to_numpy(), bins.var["mean_intensity"].to_numpy()
    tops = np.flatnonzero(bins.var["is_peak"])
    distance = np.array([np.min(np.abs(catalogue - mz[top])) for top in tops])
    invented = distance > 2 * width[tops] + 15e-6 * mz[tops]
    assert not invented.any(), found.var[invented]
    sigma, _, least = noise(mean, bins, True, kind == "centroid")
    pixels = bins.var["n_pixels"].to_numpy()
    n_known = 0
    for known in catalogue:
        # The highest bin there stands out by S/N 10 of the lowest one between it and where the next peak may begin.
        near = np.flatnonzero(np.abs(mz - known) <= 2 * width[np.searchsorted(mz, known) - 1] + 15e-6 * known)
        top = near[np.argmax(mean[near])]
        prominence = scipy.signal.peak_prominences(np.concatenate([[0], mean, [0]]), [top + 1])[0][0]
        if prominence >= 10 * sigma[top] and prominence >= SHARE * mean[top] and pixels[top] >= least[top]:
            n_known += 1
            assert np.min(np.abs(mz[tops] - mz[top])) <= 10e-6 * known + 1e-9, (known, prominence / sigma[top])
    assert n_known >= 10


@pytest.mark.parametrize("layout", ["auto", "csc"])
@pytest.mark.parametrize("name", ["profile", "centroid"])
def test_the_bytes_do_not_depend_on_ranks_threads_memory_or_the_layout_of_x(mzgrid, store, tmp_path, name, layout):
    reference = None
    runs = [("csc", 1, 1, "1G"), ("csc", 3, 2, "200M"), ("csr", 2, 2, "1G"), ("dense", 3, 1, "400M"), ("csc+csr", 2, 1, "1G")]
    for how, ranks, threads, memory in runs:
        path = store(name, "--layout", how)
        peaks(mzgrid, path, "-q", "--layout", layout, "--threads", threads, "--memory-limit", memory, ranks=ranks)
        table = path / "tables/msi_dataset_z0_peaks"
        if reference is None:
            reference = tmp_path / "reference"
            shutil.copytree(table, reference)
        stores.assert_same_tree(table, reference)
        assert {p.name for p in path.parent.iterdir()} == {"reference", path.name}, "leftovers"
    found = anndata.read_zarr(reference)
    assert isinstance(found.X, sp.csc_matrix) == (layout == "csc")
    if layout == "csc":
        bins = anndata.read_zarr(path / "tables/msi_dataset_z0")
        assert found.X.has_sorted_indices and found.X.indices.dtype == found.X.indptr.dtype == np.int32
        assert_sums(bins, found)


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_conversion_with_peaks_is_a_conversion_and_then_peaks(mzgrid, store, tmp_path, ranks):
    path = store("centroid")
    peaks(mzgrid, path, "-q", "--snr", 20)
    mzgrid.convert(SOURCES["centroid"][0], tmp_path / "b.zarr", "-q", "--snr", 20, ranks=ranks)
    stores.assert_same_tree(path, tmp_path / "b.zarr")
    record = json.loads((tmp_path / "b.zarr.run.json").read_text())
    assert record["report"]["peaks"] == tables(path)[1].n_vars


@pytest.mark.parametrize("name", ["profile", "continuous"])
def test_readers_find_both_tables_without_a_warning(mzgrid, store, name, recwarn):
    path = store(name)
    peaks(mzgrid, path, "-q")
    report = check_store.check(path)
    assert not report.errors and not report.warnings, report
    assert sorted(report.sdata.tables) == ["msi_dataset_z0", "msi_dataset_z0_peaks"]
    table = report.sdata.tables["msi_dataset_z0_peaks"]
    assert table.uns["spatialdata_attrs"]["region"] == "msi_dataset_z0_pixels"
    labels, _ = spatialdata.match_element_to_table(report.sdata, "msi_dataset_z0_pixels", "msi_dataset_z0_peaks")
    assert labels


def test_replacing_gives_the_same_bytes_as_the_first_time(mzgrid, store, tmp_path):
    path, other = store("profile"), tmp_path / "other.zarr"
    shutil.copytree(path, other)
    before = stores.tree(path)
    peaks(mzgrid, path, "-q")
    after = stores.tree(path)
    assert all(after[name] == digest for name, digest in before.items() if not name.endswith("zarr.json"))
    run = mzgrid("peaks", path, "--snr", 50)
    assert run.status == 1 and run.err.count("\n") == 1 and "--replace replaces it" in run.err
    assert stores.tree(path) == after
    peaks(mzgrid, path, "-q", "--snr", 50, "--replace")
    peaks(mzgrid, other, "-q", "--snr", 50)
    stores.assert_same_tree(path, other)
    assert not list(path.parent.glob("*.part")) and not list(path.parent.glob("*.owner"))


METASPACE = '''# Generated at 11/5/2026 10:00:00 AM
# URL: https://metaspace2020.org/annotations
group,datasetName,datasetId,formula,adduct,ion,mz,msm,fdr,moleculeNames
"G, one","a, b",2026,C42H82NO8P,M+Na,C42H82NO8PNa+,{0},0.9,0.05,"PC(34:1), PE(37:1)"
G,x,2026,C5H14NO4P,M+H,C5H15NO4P+,{1},0.8,0.05,"phosphocholine"
'''
SCILS = '''# Exported with SCiLS Lab Version 12.01
# Object Name: features
m/z;Interval Width (+/- Da);Color;Name
{0};0.02;#ff0000;first
{1};0.3;#00ff00;second
'''


@pytest.mark.parametrize("text, tolerances, names", [
    ("# mine\n{0} first one\n{1}\n", None, ["first one", ""]),
    (METASPACE, None, ["C42H82NO8PNa+", "C5H15NO4P+"]),
    (SCILS, [0.02, 0.3], ["first", "second"]),
])
@pytest.mark.parametrize("option", ["50ppm", "30mDa"])
def test_listed_peaks_are_the_bins_within_their_tolerance(mzgrid, store, tmp_path, text, tolerances, names, option):
    path = store("profile")
    wanted = [403.2, 722.61]
    listed = tmp_path / "list"
    listed.write_text(text.format(*wanted))
    peaks(mzgrid, path, "-q", "--peak-list", listed, "--tolerance", option)
    bins, found = tables(path)
    mz = bins.var["mz"].to_numpy()
    assert list(found.var["mz"]) == wanted and list(found.var_names) == ["403.2", "722.61"]
    assert list(found.var["name"]) == names and set(found.var["source"]) == {"list"}
    for i, at in enumerate(wanted):
        tolerance = tolerances[i] if tolerances else {"50ppm": at * 50e-6, "30mDa": 0.03}[option]
        inside = np.flatnonzero(np.abs(mz - at) <= tolerance)
        if len(inside) == 0:
            inside = np.flatnonzero((bins.var["mz_lower"] <= at) & (at < bins.var["mz_upper"]))
        assert list(range(found.var["first_bin"].iloc[i], found.var["first_bin"].iloc[i] + found.var["n_bins"].iloc[i])) == list(inside)
    assert_sums(bins, found)


def test_what_of_a_list_is_not_on_the_axis_is_kept_and_said(mzgrid, store, tmp_path):
    path = store("profile")
    (tmp_path / "list").write_text("20\n500 a\n500 b\n5000.5\n")
    run = peaks(mzgrid, path, "--peak-list", tmp_path / "list")
    warnings = [line for line in run.err.splitlines() if "warning" in line]
    assert len(warnings) == 2
    assert "1 lines repeat an m/z" in warnings[0]
    assert "2 peaks lie outside the mass axis" in warnings[1] and "first: m/z 20" in warnings[1]
    _, found = tables(path)
    assert list(found.var_names) == ["20", "500", "5000.5"]
    assert list(found.var["n_pixels"].iloc[[0, 2]]) == [0, 0] and found.var["name"].iloc[1] == "a; b"
    assert not whole(found.X)[:, [0, 2]].any()


@pytest.mark.parametrize("text, line", [
    ("500\nabout 600\n", "line 2: 'about'; expected an m/z above 0"),
    ("500\n-3\n", "line 2: '-3'; expected an m/z above 0"),
    ("", "it lists no peak"),
    ("m/z;Interval Width (+/- Da)\n500;0\n", "line 2: '0'; expected a tolerance above 0"),
    ("\x00\x01\x02", "expected an m/z above 0"),
])
def test_bad_lists_are_refused_with_one_line(mzgrid, store, tmp_path, text, line):
    path = store("profile")
    before = stores.tree(path)
    (tmp_path / "list").write_text(text)
    run = mzgrid("peaks", path, "--peak-list", tmp_path / "list")
    assert run.status == 1 and run.err.count("\n") == 1 and line in run.err, str(run)
    assert stores.tree(path) == before and sorted(p.name for p in tmp_path.iterdir()) == ["list", path.name]


@pytest.mark.parametrize("options, line", [
    (["--tolerance", "0ppm", "--peak-list", "x"], "'0ppm' is not a tolerance above 0"),
    (["--tolerance", "5", "--peak-list", "x"], "'5' has an unknown unit"),
    (["--tolerance", "5ppm"], "--tolerance is for the peaks of a --peak-list: give one, or leave it out"),
    (["--snr", "5", "--peak-list", "x"], "--snr is for peaks that mzgrid picks"),
    (["--snr", "0"], "--snr"),
    (["--table", "../x"], "is not a valid name of a table"),
])
def test_options_that_make_no_sense_are_usage_errors(mzgrid, store, options, line):
    run = mzgrid("peaks", store("profile"), *options)
    assert run.status == 2 and run.err.count("\n") == 1 and line in run.err, str(run)


def damage(path, how):
    if how == "nothing":
        shutil.rmtree(path)
    elif how == "a file":
        shutil.rmtree(path)
        path.write_text("no store")
    elif how == "half-written":
        (path / "zarr.json").unlink()
    elif how == "another program's":
        shutil.rmtree(path / "tables/msi_dataset_z0/uns/mzgrid")
    elif how == "an older version's":
        shutil.rmtree(path / "tables/msi_dataset_z0/var/n_pixels")
    elif how == "no SpatialData":
        (path / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group", "attributes": {}}')
    elif how == "no table":
        shutil.rmtree(path / "tables")
    elif how == "X cut":
        shard = sorted((path / "tables/msi_dataset_z0/X/indices/c").iterdir())[-1]
        shard.write_bytes(shard.read_bytes()[:-40])
    else:
        shutil.rmtree(path / "tables/msi_dataset_z0" / how / "c")


@pytest.mark.parametrize("how, line", [
    ("nothing", "cannot open"),
    ("a file", "cannot open"),
    ("half-written", "zarr.json: cannot open"),
    ("another program's", "it has no table that mzgrid converted"),
    ("an older version's", "var/n_pixels"),
    ("no SpatialData", "it is not a SpatialData store"),
    ("no table", "tables"),
    ("X cut", "X/indices"),
    ("X/data", "X/data: chunk c/0 is missing; the store is incomplete, copy it again"),
    ("X/indices", "X/indices: chunk c/0 is missing"),
    ("X/indptr", "X/indptr"),
    ("var/mean_intensity", "copy it again"),
    ("var/n_pixels", "copy it again"),
])
@pytest.mark.parametrize("ranks", [1, 2])
def test_stores_that_are_not_whole_or_not_ours_are_refused_and_left_alone(mzgrid, store, how, line, ranks):
    path = store("profile")
    damage(path, how)
    before = stores.tree(path) if path.is_dir() else None
    run = mzgrid("peaks", path, ranks=ranks)
    assert run.status == 1 and run.err.count("\n") == 1 and line in run.err, str(run)
    assert (stores.tree(path) if path.is_dir() else None) == before
    assert not [p for p in path.parent.iterdir() if p != path], "leftovers"


def test_a_list_beyond_the_memory_limit_is_refused(mzgrid, store, tmp_path):
    path = store("profile")
    listed = tmp_path / "list.txt"
    listed.write_text("".join(f"{100 + i / 1000:.3f}\n" for i in range(200000)))
    run = mzgrid("peaks", path, "--peak-list", listed, "--memory-limit", "16M")
    assert run.status == 1 and run.err.count("\n") == 1 and "times as much memory; the limit is" in run.err, str(run)


def test_indices_that_are_no_rows_are_refused(mzgrid, tmp_path):
    """A store whose X points beyond its pixels, as no sane program writes it."""
    path = tmp_path / "a.zarr"
    mzgrid.convert(PROFILE, path, "-q", "--compression", "none", "--layout", "csc")
    shard = path / "tables/msi_dataset_z0/X/indices/c/0"
    raw = bytearray(shard.read_bytes())
    at = len(raw) // 4 // 2 * 4  # some index; the shard has no checksum of its chunks
    for i in range(0, min(len(raw) - 200, 200000), 4):
        raw[i : i + 4] = (1 << 30).to_bytes(4, "little")
    shard.write_bytes(bytes(raw))
    run = mzgrid("peaks", path)
    assert run.status == 1 and run.err.count("\n") == 1 and "X/indices" in run.err, str(run)
    assert not (path / "tables/msi_dataset_z0_peaks").exists() and at


def test_a_store_that_cannot_be_written_is_said_to_be(mzgrid, store):
    path = store("profile")
    path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        run = mzgrid("peaks", path)
    finally:
        path.chmod(0o755)
    if run.status == 0:
        pytest.skip("root writes to read-only directories")
    assert run.status == 1 and "cannot be written to" in run.err


def test_without_a_peak_the_run_fails_and_says_what_may_help(mzgrid, store):
    path = store("profile")
    before = stores.tree(path)
    run = mzgrid("peaks", path, "--snr", 1e9)
    assert run.status == 1 and "no peak reaches S/N" in run.err and "--peak-list" in run.err
    assert stores.tree(path) == before


def test_a_conversion_in_which_no_peak_stands_out_is_complete_without_a_feature_table(mzgrid, tmp_path):
    run = mzgrid("convert", PROFILE, tmp_path / "a.zarr", "--snr", 1e9)
    assert run.status == 0 and "there is no feature table" in run.err
    assert not (tmp_path / "a.zarr/peaks.part").exists()
    assert list(spatialdata.read_zarr(tmp_path / "a.zarr").tables) == ["msi_dataset_z0"]


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_bad_list_ends_a_conversion_before_it_begins(mzgrid, tmp_path, ranks):
    (tmp_path / "list").write_text("words\n")
    run = mzgrid("convert", PROFILE, tmp_path / "a.zarr", "--peak-list", tmp_path / "list", "-v", ranks=ranks)
    assert run.status == 1 and "expected an m/z above 0" in run.err and "plan:" not in run.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["list"]


def test_columns_of_a_native_axis_of_centroids_become_peaks_within_ten_ppm(mzgrid, tmp_path):
    """Five m/z that all spectra share, two of them 6 ppm from a higher one; each column belongs to one peak."""
    mz = np.array([400.0, 400.0024, 500.0, 600.0, 600.0036])
    heights = np.array([[5, 1, 3, 2, 7], [4, 2, 3, 1, 9], [6, 0.5, 2, 2, 8]], dtype=float)
    pixels = [Pixel(x + 1, 1, mz, heights[x]) for x in range(3)]
    write_imzml(tmp_path / "a.imzML", pixels)
    mzgrid.convert(tmp_path / "a.imzML", tmp_path / "a.zarr", "-q", "--mass-axis-type", "native", "--peaks")
    bins, found = tables(tmp_path / "a.zarr")
    assert list(found.var["mz"]) == [400.0, 500.0, 600.0036]
    assert list(found.var["first_bin"]) == [0, 2, 3] and list(found.var["n_bins"]) == [2, 1, 2]
    assert np.array_equal(whole(found.X), np.float32([[6, 3, 9], [6, 3, 10], [6.5, 2, 10]]))
    assert found.var["snr"].isna().all() and found.var["prominence"].isna().all()
    assert list(np.flatnonzero(bins.var["is_peak"])) == [0, 2, 4]
    assert str(found.uns["mzgrid"]["peaks"]["picking"]["from"]) == "columns"


def test_too_little_memory_is_said_with_the_number(mzgrid, store):
    path = store("profile")
    before = stores.tree(path)
    run = mzgrid("peaks", path, "--memory-limit", "1M")
    if run.status == 0:  # a few MB are always allowed, and this table needs no more
        return
    assert run.status == 1 and "raise --memory-limit" in run.err and stores.tree(path) == before


# Whatever happens on the way, the old store opens.

CALLS = ["rename", "open", "mkdir", "fsync", "write", "unlink"]


def shim(mzgrid):
    for place in (Path(os.environ.get("FAULTS_SHIM", "/nonexistent")), Path(mzgrid.path).parent / "tests/faults/libfaults_shim.so"):
        if place.exists():
            return place
    pytest.skip("no library that makes calls fail: build the target faults_shim")


def under(mzgrid, library, path, call, at, how, counts=None, options=()):
    values = {**mpi_environment(), "LD_PRELOAD": str(library), "MZG_FAULT_CALL": call, "MZG_FAULT_AT": str(at), "MZG_FAULT_AS": how,
              "MZG_FAULT_PATHS": str(path.parent)}
    if counts:
        values["MZG_FAULT_COUNTS"] = str(counts)
    return subprocess.run([str(mzgrid.path), "peaks", str(path), "-q", "--threads", "1", *options], env=values, capture_output=True,
                          text=True, timeout=60)


def assert_opens(path, reference):
    """The store opens with the table that it had, and peaks, if it has some, are whole: those of before or of after."""
    sdata = spatialdata.read_zarr(path)
    table = sdata.tables["msi_dataset_z0"]
    assert np.array_equal(whole(table.X), whole(reference.tables["msi_dataset_z0"].X))
    anndata.read_zarr(path / "tables/msi_dataset_z0")
    if "msi_dataset_z0_peaks" in sdata.tables:
        found = sdata.tables["msi_dataset_z0_peaks"]
        assert found.X.shape == (table.n_obs, found.n_vars) and found.n_vars > 0
        assert_sums(table, found)


@pytest.mark.parametrize("replace", [False, True])
def test_killed_at_any_renaming_the_store_opens_and_the_next_run_makes_it_right(mzgrid, store, tmp_path, replace):
    library = shim(mzgrid)
    expected = tmp_path / "expected.zarr"
    path = store("sparse")
    reference = spatialdata.read_zarr(path)
    shutil.copytree(path, expected)
    peaks(mzgrid, expected, "-q")
    options = ["--replace"] if replace else []
    for at in range(1, 20):
        path = store("sparse")
        if replace:
            peaks(mzgrid, path, "-q", "--snr", 40)
        run = under(mzgrid, library, path, "rename", at, "KILL", options=options)
        assert_opens(path, reference)
        if run.returncode == 0:
            break
        assert run.returncode == -9, run
        peaks(mzgrid, path, "-q", "--replace")
        stores.assert_same_tree(path, expected)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["expected.zarr", "sparse.zarr"]
    assert 6 <= at <= 12, "so many renamings: the table, the column, three metadata, and what --replace needs"
    stores.assert_same_tree(path, expected)


@pytest.mark.parametrize("call", CALLS)
def test_calls_that_fail_leave_the_store_as_it_was(mzgrid, store, tmp_path, full, call):
    library = shim(mzgrid)
    path = store("sparse")
    before = stores.tree(path)
    counts = tmp_path / "counts"
    assert under(mzgrid, library, path, call, 0, "EIO", counts).returncode == 0
    numbers = dict(pair.split("=") for pair in counts.read_text().split() if "=" in pair)
    total = int(numbers.get(call, 0)) or 40
    counts.unlink()
    for at in range(1, total + 1, 1 if full or total < 16 else total // 12):
        path = store("sparse")
        run = under(mzgrid, library, path, call, at, "ENOSPC" if call == "write" else "EIO")
        lines = [line for line in run.stderr.splitlines() if line.startswith("mzgrid: error")]
        if run.returncode == 0:
            continue  # it did not matter
        assert run.returncode == 1 and len(lines) == 1, run
        left = {name: digest for name, digest in stores.tree(path).items()}
        assert left == before, (call, at, sorted(left.items() ^ before.items())[:4])


def test_where_names_cannot_change_places_a_table_is_replaced_all_the_same(mzgrid, store, tmp_path):
    """File systems such as NFS have no exchange of two names: the call fails, one after the other."""
    library = shim(mzgrid)
    expected, outcomes = tmp_path / "expected.zarr", set()
    shutil.copytree(store("sparse"), expected)
    peaks(mzgrid, expected, "-q")
    for at in range(1, 10):
        path = store("sparse")
        peaks(mzgrid, path, "-q", "--snr", 40)
        before = stores.tree(path)
        run = under(mzgrid, library, path, "rename", at, "ENOSYS", options=["--replace"])
        outcomes.add(run.returncode)
        if run.returncode == 0:
            stores.assert_same_tree(path, expected)
        else:
            assert stores.tree(path) == before
        assert sorted(p.name for p in tmp_path.iterdir()) == ["expected.zarr", "sparse.zarr"]
    assert 0 in outcomes


@pytest.mark.parametrize("call, layout", [("pread", "csc"), ("pread", "csr"), ("open", "dense")])
def test_what_the_last_rank_alone_meets_ends_all(mzgrid, store, tmp_path, call, layout):
    library = shim(mzgrid)
    path = store("sparse", "--layout", layout)
    before = stores.tree(path)
    values = {**mpi_environment(), "MZG_FAULT_CALL": call, "MZG_FAULT_AT": "1", "MZG_FAULT_AS": "EIO", "MZG_FAULT_RANK": "1",
              "MZG_FAULT_PATHS": str(path.parent), "MZG_FAULT_STICKY": "1"}
    run = subprocess.run(["mpirun", "-q", "--oversubscribe", "--bind-to", "none", "-x", f"LD_PRELOAD={library}", "-n", "2", str(mzgrid.path),
                          "peaks", str(path), "-q", "--threads", "1", "--layout", "csc"], env=values, capture_output=True, text=True, timeout=60)
    lines = [line for line in run.stderr.splitlines() if line.startswith("mzgrid: error")]
    assert run.returncode == 1 and len(lines) == 1, run
    assert stores.tree(path) == before and [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", ["directory", "file", "link"])
def test_what_lies_at_the_place_of_the_table_and_is_not_ours_is_left_alone(mzgrid, store, kind):
    path = store("sparse")
    place = path / "tables/msi_dataset_z0_peaks"
    if kind == "directory":
        place.mkdir()
        (place / "thesis").write_text("mine")
    elif kind == "file":
        place.write_text("mine")
    else:
        place.symlink_to(path.parent)
    for option in ([], ["--replace"]):
        run = mzgrid("peaks", path, "-q", *option)
        assert run.status == 1 and "is not a feature table of mzgrid; move it away" in run.err, str(run)
    assert kind != "directory" or (place / "thesis").read_text() == "mine"
    assert kind != "file" or place.read_text() == "mine"
    assert kind != "link" or place.is_symlink()


def test_a_store_that_is_replaced_while_it_is_read_gets_no_feature_table(mzgrid, made, tmp_path):
    """The run is held while it reads its list, and another store of the same form takes the place meanwhile."""
    path, lines = tmp_path / "s.zarr", tmp_path / "list.txt"
    shutil.copytree(made("sparse"), path)
    lines.write_text("".join(f"{100.2 + i / 1000:.3f}\n" for i in range(600_000)))
    run = subprocess.Popen(
        [mzgrid.path, "peaks", path, "-q", "--peak-list", lines], stderr=subprocess.PIPE, text=True, env=mpi_environment()
    )
    try:
        while run.poll() is None and str(lines) not in {os.path.realpath(f) for f in Path(f"/proc/{run.pid}/fd").iterdir()}:
            pass
        os.kill(run.pid, signal.SIGSTOP)
        shutil.move(path, tmp_path / "old.zarr")
        shutil.copytree(tmp_path / "old.zarr", path)
        before = stores.tree(path)
        os.kill(run.pid, signal.SIGCONT)
        said = run.communicate(timeout=120)[1]
    finally:
        if run.poll() is None:
            run.kill()
    assert run.returncode == 1 and "changed while it was read" in said, said
    assert stores.tree(path) == before and sorted(p.name for p in tmp_path.iterdir()) == ["list.txt", "old.zarr", "s.zarr"]

