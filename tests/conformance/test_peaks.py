"""Feature tables: what `mzgrid peaks` picks and adds up, against scipy and numpy."""
import json
import shutil
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
from peaks_reference import SHARE, assert_sums, expected_peaks, noise, tables, whole
from peaks_stores import PROFILE, SOURCES, made, peaks, store  # two of them fixtures
from writer import Pixel, write_imzml


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
        pytest.fail(f"{program} does not exist: build the target conformance_programs")
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
    sigma, _, least, _ = noise(mean, bins, True, kind == "centroid")
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


def test_a_table_of_peaks_is_dense_up_to_64_mi_values(mzgrid, tmp_path):
    """4,096 pixels and 16,384 or 16,385 peaks, all but one beside the axis, so that they cost nothing."""
    path, listed = tmp_path / "a.zarr", tmp_path / "list"
    mzgrid.convert("synthetic:64x64:20:centroid:1:full", path, "-q", "--bins", 100, "--mass-axis-type", "constant", "--no-report")
    sums = []
    for n, kind in ((1 << 14, np.ndarray), ((1 << 14) + 1, sp.csc_matrix)):
        listed.write_text("500\n" + "".join(f"{5000 + i}\n" for i in range(1, n)))
        peaks(mzgrid, path, "-q", "--replace", "--peak-list", listed)
        found = anndata.read_zarr(path / "tables/msi_dataset_z0_peaks")
        assert isinstance(found.X, kind) and found.shape == (4096, n)
        sums.append(np.asarray(whole(found.X[:, :1])).ravel())
        assert sums[-1].any() and found.var["n_pixels"].iloc[1:].sum() == 0
    assert np.array_equal(*sums)


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
    assert "1 line repeats an m/z" in warnings[0]
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
    ("500\nnan\n", "line 2: 'nan'; expected an m/z above 0"),
    ("500\n1e400\n", "line 2: '1e400'; expected an m/z above 0"),
    ("mz\n500,5\n", "line 2: '500,5'; expected no more columns than the first line names"),
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
    (["--tolerance", "-5ppm", "--peak-list", "x"], "'-5ppm' is not a tolerance above 0"),
    (["--tolerance", "nanppm", "--peak-list", "x"], "'nanppm' is not a tolerance above 0"),
    (["--tolerance", "5", "--peak-list", "x"], "'5' has an unknown unit"),
    (["--tolerance", "5ppm"], "--tolerance is for the peaks of a --peak-list: give one, or leave it out"),
    (["--snr", "5", "--peak-list", "x"], "--snr is for peaks that mzgrid picks"),
    (["--snr", "0"], "--snr"),
    (["--table", "../x"], "is not a valid name of a table"),
])
def test_options_that_make_no_sense_are_usage_errors(mzgrid, store, options, line):
    run = mzgrid("peaks", store("profile"), *options)
    assert run.status == 2 and run.err.count("\n") == 1 and line in run.err, str(run)


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


def assert_as_expected(bins, found):
    expected = expected_peaks(bins)
    assert list(np.flatnonzero(bins.var["is_peak"])) == [p["top"] for p in expected]
    for column, key in (("first_bin", "first"), ("source", "source"), ("prominence", "prominence")):
        assert list(found.var[column]) == [p[key] for p in expected], column
    assert np.allclose(found.var["noise"], [p["noise"] for p in expected], rtol=1e-9, atol=0, equal_nan=True)


@pytest.mark.parametrize("share, wander", [(0.95, 0.05), (0.6, 0.12)])
def test_where_peaks_crowd_all_that_recur_are_found(mzgrid, tmp_path, share, wander):
    """Peaks at each mass from 900 to 999, in most pixels, and bins of a quarter of their distance."""
    rng = np.random.default_rng(3)
    pixels = []
    for i in range(60):
        mass = np.arange(900, 1000)[rng.random(100) < share] + 0.5
        mz = np.sort(mass + rng.normal(0, wander, len(mass)))
        pixels.append(Pixel(1 + i % 10, 1 + i // 10, mz, rng.lognormal(1, 1, len(mz))))
    write_imzml(tmp_path / "a.imzML", pixels)
    mzgrid.convert(tmp_path / "a.imzML", tmp_path / "a.zarr", "-q", "--mass-axis-type", "constant", "--bin-width", "0.25", "--peaks")
    bins, found = tables(tmp_path / "a.zarr")
    assert list(np.floor(found.var["mz"])) == list(range(900, 1000))
    assert found.var["noise"].isna().all() and found.var["snr"].isna().all()
    assert_as_expected(bins, found)
    assert_sums(bins, found)


@pytest.mark.parametrize("power", [1, 3])
def test_chance_that_is_denser_here_than_there_makes_no_crowd_of_peaks(mzgrid, tmp_path, power):
    """Points at random, most of them at low m/z: the lowest bins tell too low a rate. One top is the whole hill."""
    rng = np.random.default_rng(4)
    pixels = [Pixel(1 + i % 10, 1 + i // 10, np.sort(900 + 100 * rng.random(40) ** power), rng.uniform(3, 9, 40)) for i in range(200)]
    write_imzml(tmp_path / "a.imzML", pixels)
    mzgrid.convert(tmp_path / "a.imzML", tmp_path / "a.zarr", "-q", "--mass-axis-type", "constant", "--bins", 200, "--peaks")
    bins = anndata.read_zarr(tmp_path / "a.zarr/tables/msi_dataset_z0")
    assert [p["top"] for p in expected_peaks(bins)] == list(np.flatnonzero(bins.var.get("is_peak", np.zeros(200))))
    assert len(expected_peaks(bins)) <= 1


@pytest.mark.parametrize("name", ["maldiquant-cont-f64", "cardinal-picked", "i2nca-pc-71k", "i2nca-pc", "maldiquant-2peaks", "maldiquant-peaks-proc"])
def test_no_feature_of_a_real_set_is_empty_or_beyond_what_a_detector_tells(mzgrid, data, tmp_path, name):
    """Sets that other programs smoothed or filled up: half of a window may be 0, or 1e-30."""
    mzgrid.convert(data / name / f"{name}.imzML", tmp_path / "a.zarr", "-q", "--peaks")
    bins, found = tables(tmp_path / "a.zarr")
    largest = bins.var["max_intensity"].to_numpy()
    assert (found.var["n_pixels"] > 0).all()
    if str(found.uns["mzgrid"]["peaks"]["picking"]["from"]) == "spectra":
        assert (largest[bins.var["is_peak"].to_numpy()] > largest.max() * 2.0**-20).all()
        assert_as_expected(bins, found)
    else:  # columns that are peaks as they are: nothing is lost
        assert whole(found.X).sum() == pytest.approx(bins.X.sum(), rel=1e-6)
