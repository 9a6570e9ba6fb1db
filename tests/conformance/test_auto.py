"""`convert` without a single option: the axis that it chooses is judged by what it must achieve, on synthetic sets of
known law, least distance and jitter and on all real ones; native copies are the file's values to the bit; and the bytes
do not depend on ranks, threads, chunks and streaming."""
import json

import anndata
import numpy as np
import pytest

import axis_quality as quality
import reference
import stores
from sets import SETS
from test_native import assert_is, expected
from writer import Pixel, write_imzml

# What half of the spectra of a sample share with all of them (../shared/axis/FACTS.md).
SHARING = """
cardinal-123-annotation cardinal-2123-combined cardinal-9peaks cardinal-combat-41k cardinal-combat-negative
cardinal-picked combat-40px-corrected dgmm-400px example-continuous example-continuous-v110 example-processed
example-processed-dataplug galaxy-continuous-crop i2nca-combined-pc i2nca-jpc i2nca-pc-71k i2nca-pp imzy-simple
maldiquant-cont-f64 maldiquant-cont-f64-sparse maldiquant-prof-f64 pyimzml-tiny-2px pym2aia-test thyra-gen-continuous
thyra-gen-processed tims-tsf-profile-cont-zlib-f32
""".split()
MADE = {  # law and width at m/z 1000; None: the data tell nothing
    "i2nca-cp": "linear_tof", "i2nca-pc": "linear_tof", "tims-tsf-line-proc-f64f32": "linear_tof",
    "tims-tsf-line-proc-zlib": "linear_tof", "maldiquant-peaks-proc": "reflector_tof", "maldiquant-2peaks": None,
    "thyra-iontof-sparse": None, "thyra-two-scansettings": None, "thyra-unit-nanometre": None,
}


def decisions(mzgrid, path, *options, ranks=1):
    run = mzgrid("info", "--json", "--decisions", path, ranks=ranks) if not options else None
    assert run.status == 0, str(run)
    return json.loads(run.out)["decisions"], run.err


def edges_of(table):
    return np.append(table.var["mz_lower"].to_numpy(), table.var["mz_upper"].iloc[-1])


def spectra_of(document):
    return quality.clean([reference.decode(document, s)[0] for s in document.spectra])


def test_each_real_set_is_one_or_the_other():
    assert sorted(SHARING + list(MADE)) == sorted(SETS)


@pytest.mark.parametrize("name", SHARING)
def test_sets_that_share_their_mz_are_copied(mzgrid, data, tmp_path, name):
    document = reference.read_imzml(data / name / f"{name}.imzML")
    mzgrid.convert(document.path, tmp_path / "a.zarr")
    store = stores.open_store(tmp_path / "a.zarr")
    assert store.table.uns["mzgrid"]["mass_axis"]["type"] == "native"
    assert_is(store.table, *expected(document))
    assert store.table.var_names.is_unique and (store.table.var_names.astype(float) == store.table.var["mz"]).all()
    both = anndata.concat([store.table, store.table], keys=["a", "b"], index_unique="-", join="inner")
    assert both.n_vars == store.table.n_vars


@pytest.mark.parametrize("name", MADE)
def test_sets_that_do_not_share_them_get_law_and_width_by_the_data(mzgrid, data, tmp_path, name):
    document = reference.read_imzml(data / name / f"{name}.imzML")
    mzgrid.convert(document.path, tmp_path / "a.zarr")
    store = stores.open_store(tmp_path / "a.zarr")
    axis = store.table.uns["mzgrid"]["mass_axis"]
    if MADE[name] is None:
        assert axis["bin_width"] == 0.005 and "default" in axis["width_reason"]
        return
    assert axis["type"] == MADE[name] and axis["reference_mz"] == 1000
    assert f"{axis['bin_width']:.2g}" == f"{axis['bin_width']:.15g}"
    spectra = spectra_of(document)
    assert quality.together(spectra, edges_of(store.table)) < 1e-3
    assert axis["n_bins"] <= 2 * quality.fewest(spectra)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return dict(quality.synthetic(tmp_path_factory.mktemp("made")))


NAMES = [name for name, _ in [(n, 0) for n in (
    *(f"{kind} m^{p:g}, {how}" for p in quality.POWERS for kind, how in (("centroids", "jitter 5 %"), ("profiles", "shifted"))),
    "centroids m^1, jitter 20 %", "centroids m^1, noise between", "centroids m^1.5, float32",
    "centroids m^1, 30 of a spectrum", "profiles m^0.5, steps jitter 10 %", "profiles m^0.5, trimmed",
    "profiles m^0.75, between two laws", "profiles m^0.5, float32")]]


@pytest.mark.parametrize("name", NAMES)
def test_synthetic_sets_get_what_they_need(mzgrid, made, tmp_path, name):
    document = reference.read_imzml(made[name])
    mzgrid.convert(document.path, tmp_path / "a.zarr")
    table = stores.open_store(tmp_path / "a.zarr").table
    spectra = spectra_of(document)
    edges = edges_of(table)
    assert quality.together(spectra, edges) < 1e-3
    assert len(table.var) <= 2 * quality.fewest(spectra)
    decoded = [reference.decode(document, s) for s in document.spectra]
    peaks = [quality.tops(*d) if name.startswith("profiles") else np.asarray(d[0], float) for d in decoded]
    within = 1e-3 if name.startswith("profiles") else quality.close_spacing(spectra)
    pairs = [quality.matched(a, b, within) for a, b in zip(peaks, peaks[1:])]
    assert sum(len(a) for a, _ in pairs) > 500
    assert quality.apart(pairs, edges) >= 0.95
    law = float(name.split("m^")[1].split(",")[0])
    if law in quality.POWERS and "30 of" not in name:
        assert table.uns["mzgrid"]["mass_axis"]["exponent"] == law


def test_peaks_of_unit_mass_get_a_bin_each_and_the_log_says_why(mzgrid, data, tmp_path):
    """Peaks of this set lie 1 Da apart, and wander by a quarter of that. Of a wide bin nearly all points are of one
    nominal mass, and of a mass nearly all points are in one bin, which no narrower ones reach."""
    source = data / "maldiquant-peaks-proc" / "maldiquant-peaks-proc.imzML"
    run = mzgrid("convert", source, tmp_path / "a.zarr")
    line = "bins of 0.79 at m/z 1000: the least distance of peaks of one spectrum, by 1837 distances; peaks of different pixels"
    assert run.status == 0 and line in run.err and "--bin-width makes narrower ones" in run.err, str(run)
    mz = np.concatenate(spectra_of(reference.read_imzml(source)))
    nominal = np.round((mz + 0.1207) / 1.0005).astype(int)  # all lie as far below a multiple, in the middle
    edges = edges_of(stores.open_store(tmp_path / "a.zarr").table)

    def share(groups, values):
        return sum(np.bincount(values[groups == g]).max() for g in np.unique(groups)) / len(values)

    def judge(edges):
        bins = np.searchsorted(edges, mz, side="right")
        return share(bins, nominal), share(nominal, bins)

    pure, whole = judge(edges)
    assert pure > 0.95 and whole > 0.88
    for part in (8, 4, 2):
        assert judge(np.interp(np.arange(0, len(edges) - 1 + 1 / part, 1 / part), np.arange(len(edges)), edges))[1] < whole


def test_files_of_one_instrument_get_the_same_bins(mzgrid, tmp_path):
    """Other spectra, another range: law and width are the same, and so are the bins where they overlap."""
    edges = []
    for i, (low, high) in enumerate(((200.0, 900.0), (300.0, 1100.0))):
        steps = int(2 * (high**0.5 - low**0.5) / 0.0087)
        source = quality.profiles(tmp_path / f"{i}.imzML", 0.5, steps, pixels=8, low=low, high=high, seed=i)
        mzgrid.convert(source, tmp_path / f"{i}.zarr")
        edges.append(edges_of(stores.open_store(tmp_path / f"{i}.zarr").table))
    low, high = edges[1][1], edges[0][-2]
    assert np.array_equal(*[e[(e >= low) & (e <= high)] for e in edges])


WAYS = [["--threads", "3"], ["--chunk-size", "2"], ["--streaming", "hdf5"], ["--streaming", "off"]]


@pytest.mark.parametrize("name", ["example-processed", "cardinal-picked", "tims-tsf-line-proc-zlib", "pym2aia-test", "i2nca-cp"])
def test_bytes_do_not_depend_on_the_way(mzgrid, data, tmp_path, name):
    source = data / name / f"{name}.imzML"
    run = mzgrid("convert", source, tmp_path / "1.zarr")
    assert run.status == 0, str(run)
    for i, (ranks, options) in enumerate([(2, []), (3, []), (4, []), *[(1 + i % 2, w) for i, w in enumerate(WAYS)]]):
        run = mzgrid("convert", source, tmp_path / f"w{i}.zarr", *options, ranks=ranks)
        assert run.status == 0, str(run)
        stores.assert_same_tree(tmp_path / "1.zarr", tmp_path / f"w{i}.zarr")


@pytest.mark.parametrize("layout", ["csr", "dense", "csc+csr"])
def test_bytes_of_other_layouts_with_native_bins_and_peaks(mzgrid, data, tmp_path, layout):
    source = data / "example-processed" / "example-processed.imzML"
    ways = [(2, ["--streaming", "hdf5"]), (3, ["--streaming", "off", "--chunk-size", 2]), (4, ["--threads", 2])]
    if layout != "csc+csr":
        ways += [(1, ["--streaming", "direct", "--threads", 2]), (3, ["--streaming", "direct", "--chunk-size", 2])]
    mzgrid.convert(source, tmp_path / "1.zarr", "--layout", layout, "--peaks")
    assert anndata.read_zarr(tmp_path / "1.zarr/tables/msi_dataset_z0").shape == (9, 8399)
    assert anndata.read_zarr(tmp_path / "1.zarr/tables/msi_dataset_z0_peaks").n_vars > 50
    for i, (ranks, options) in enumerate(ways):
        mzgrid.convert(source, tmp_path / f"w{i}.zarr", "--layout", layout, "--peaks", *options, ranks=ranks)
        stores.assert_same_tree(tmp_path / "1.zarr", tmp_path / f"w{i}.zarr")


def test_bytes_of_merged_stores_with_native_bins_and_peaks(mzgrid, data, tmp_path):
    source = data / "example-continuous" / "example-continuous.imzML"
    parts = [tmp_path / f"{name}.zarr" for name in ("left", "right")]
    for part, region in zip(parts, ("1:1,1:3", "2:3,1:3")):
        mzgrid.convert(source, part, "--region", region, "--peaks")
    for ranks in (1, 2, 4):
        run = mzgrid("merge", *parts, "-o", tmp_path / f"m{ranks}.zarr", "--concat", "--rename", "msi_dataset={sample}",
                     "--threads", 1 + ranks % 2, ranks=ranks)  # fmt: skip
        assert run.status == 0, str(run)
        stores.assert_same_tree(tmp_path / "m1.zarr", tmp_path / f"m{ranks}.zarr")
    mzgrid.convert(source, tmp_path / "whole.zarr")
    whole, both = (anndata.read_zarr(tmp_path / t) for t in ("whole.zarr/tables/msi_dataset_z0", "m1.zarr/tables/all_samples"))
    assert np.array_equal(whole.var["mz"], both.var["mz"]) and whole.X.sum() == both.X.sum()


def test_profiles_that_say_centroid_are_noticed_unless_the_user_knows_better(mzgrid, data, tmp_path):
    source = data / "pym2aia-test" / "pym2aia-test.imzML"
    run = mzgrid("convert", source, tmp_path / "a.zarr", "--bins", 3000)
    assert run.status == 0 and "declared centroid, but are profiles" in run.err, str(run)
    how = stores.open_store(tmp_path / "a.zarr").table.uns["mzgrid"]["resampling"]
    assert how["spectrum_type"] == "profile" and "declared centroid" in how["spectrum_type_reason"]
    run = mzgrid("convert", source, tmp_path / "b.zarr", "--bins", 3000, "--spectrum-type", "centroid")
    assert run.status == 0 and "are profiles" not in run.err, str(run)
    how = stores.open_store(tmp_path / "b.zarr").table.uns["mzgrid"]["resampling"]
    assert how["spectrum_type"] == "centroid" and how["method"] == "nearest_neighbor"


def test_peaks_on_a_grid_stay_centroids(mzgrid, data):
    source = data / "i2nca-pc-71k" / "i2nca-pc-71k.imzML"
    found, log = decisions(mzgrid, source)
    assert found["resampling"]["spectrum_type"] == "centroid" and "are profiles" not in log


def grid_pixels(mz, n=40, drop=0, seed=5):
    rng = np.random.default_rng(seed)
    pixels = []
    for i in range(n):
        own = mz if not drop else np.sort(rng.choice(mz, len(mz) - drop, replace=False))
        pixels.append(Pixel(1 + i % 8, 1 + i // 8, own, rng.uniform(1, 9, len(own))))
    return pixels


def test_mz_that_turn_out_not_to_repeat_fall_back_with_the_reason(mzgrid, tmp_path):
    """The spectra of the sample share 600 m/z; between them thousands do not. All ranks see it."""
    rng = np.random.default_rng(2)
    mz = np.sort(rng.uniform(100, 900, 600))
    n = 4000
    pixels = grid_pixels(mz, n)
    # Of spectra of few points, 55 on average here, the sample has 240.
    sampled = {n * (2 * i + 1) // (2 * 240) for i in range(240)}
    for i, pixel in enumerate(pixels):
        if i not in sampled:
            pixel.mz = np.sort(rng.uniform(100, 900, 20))
            pixel.intensity = np.ones(20)
    source = write_imzml(tmp_path / "in.imzML", pixels)
    for ranks in (1, 3):
        run = mzgrid("info", source, "--json", "--decisions", ranks=ranks)
        assert run.status == 0, str(run)
        axis = json.loads(run.out)["decisions"]["mass_axis"]
        assert axis["type"] != "native"
        why = "not native, because the spectra of a sample share 600 m/z, but all of them have more than 2200"
        assert why in axis["type_reason"], axis


def axis_of(mzgrid, source, *options, ranks=1):
    run = mzgrid("info", source, "--json", "--decisions", *options, ranks=ranks)
    assert run.status == 0, str(run)
    return json.loads(run.out)["decisions"]["mass_axis"]


def test_mz_that_memory_has_no_room_for_fall_back_with_the_reason(mzgrid, tmp_path):
    """600,000 m/z, each in a spectrum of either half. A set of so many, with 30 MB; a conversion to them, with more."""
    mz = 100 + np.sort(np.random.default_rng(3).choice(1 << 22, 600_000, replace=False)) * (900 / (1 << 22))
    source = write_imzml(tmp_path / "in.imzML", [Pixel(1 + i, 1, mz[i // 2 :: 12], np.ones(50_000)) for i in range(24)])
    for ranks, little, more, *dry in ((1, "30M", "110M"), (2, "60M", "190M", "--dry-run")):
        axis = axis_of(mzgrid, source, "--memory-limit", little, ranks=ranks)
        assert axis["type"] == "constant" and "not native, because the spectra have more than" in axis["type_reason"]
        assert axis["type_reason"].endswith("different m/z, the most allowed within this memory limit")
        run = mzgrid("convert", source, tmp_path / f"{ranks}.zarr", "--threads", 1, "--memory-limit", more, *dry, ranks=ranks)
        why = f"a conversion to the 600000 different m/z of the spectra takes more than the memory limit of {more[:-1]} MiB"
        assert run.status == 0 and "mass axis constant" in run.err and f"not native, because {why})" in run.err, str(run)
    assert "not native" in stores.open_store(tmp_path / "1.zarr").table.uns["mzgrid"]["mass_axis"]["type_reason"]
    assert axis_of(mzgrid, source, "--memory-limit", "2G")["type"] == "native"
    source.with_suffix(".ibd").unlink()


def test_more_mz_than_a_native_axis_may_have_fall_back_with_the_reason(mzgrid, tmp_path):
    """One spectrum of 10,000,001 m/z."""
    mz = np.arange(10_000_001, dtype="<i4") + np.float32(100).view("<i4")
    pixel = Pixel(1, 1, mz.view("<f4"), np.zeros(len(mz), "<f4"))
    source = write_imzml(tmp_path / "in.imzML", [pixel], continuous=True, mz_type="<f4")
    axis = axis_of(mzgrid, source, "--memory-limit", "200G")
    source.with_suffix(".ibd").unlink()
    assert axis["type"] != "native"
    why = "not native, because the spectra have more than 10000000 different m/z, the most allowed"
    assert axis["type_reason"].endswith(why)


def test_a_width_or_a_law_that_is_given_makes_an_axis(mzgrid, data, tmp_path):
    source = data / "example-processed" / "example-processed.imzML"
    for i, options in enumerate((["--bin-width", "5mDa"], ["--bins", 1000], ["--bin-width", "1step"], ["--mass-axis-type", "constant"])):
        mzgrid.convert(source, tmp_path / f"{i}.zarr", *options)
        axis = stores.open_store(tmp_path / f"{i}.zarr").table.uns["mzgrid"]["mass_axis"]
        assert axis["type"] == "constant"
        assert abs(axis["n_bins"] - [139967, 1000, 8432, 8432][i]) <= 1


@pytest.mark.parametrize("steps", [1, 2, 0.5])
def test_bins_of_steps(mzgrid, data, tmp_path, steps):
    """The standard example is sampled every 1/12 Da."""
    source = data / "example-processed" / "example-processed.imzML"
    mzgrid.convert(source, tmp_path / "a.zarr", "--bin-width", f"{steps}step")
    axis = stores.open_store(tmp_path / "a.zarr").table.uns["mzgrid"]["mass_axis"]
    assert axis["bin_width"] == {1: 0.083, 2: 0.16, 0.5: 0.041}[steps]
    assert "step" in axis["width_reason"]


def test_steps_need_profiles(mzgrid, data, tmp_path):
    source = data / "i2nca-cp" / "i2nca-cp.imzML"
    run = mzgrid("convert", source, tmp_path / "a.zarr", "--bin-width", "1step", "-q", ranks=2)
    assert run.status == 2 and "do not tell a sampling step" in run.err and len(run.err.splitlines()) == 1, str(run)
    run = mzgrid("convert", source, tmp_path / "a.zarr", "--bin-width", "1step", "--reference-mz", 500)
    assert run.status == 2 and "leave out --reference-mz" in run.err, str(run)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name, options, words", [
    ("example-processed", ["--bin-width", "0.02"], ["4.1", "narrower", "0.083", "--mass-axis-type native"]),
    ("example-processed", ["--bin-width", "0.2"], ["2.4", "wider", "0.083", "--mass-axis-type native"]),
    ("example-processed", ["--bin-width", "0.03"], None),
    ("example-processed", ["--bin-width", "0.15"], None),
    ("tims-tsf-line-proc-zlib", ["--bin-width", "1mDa", "--mass-axis-type", "reflector_tof"], ["narrower", "least distance of peaks", "without --bin-width"]),
    ("tims-tsf-line-proc-zlib", ["--bins", 500], ["wider", "least distance of peaks"]),
])  # fmt: skip
def test_bins_that_do_not_suit_the_data_are_warned_of(mzgrid, data, tmp_path, name, options, words):
    run = mzgrid("convert", data / name / f"{name}.imzML", tmp_path / "a.zarr", *options, "-q")
    assert run.status == 0, str(run)
    lines = [line for line in run.err.splitlines() if "narrower than" in line or "wider than" in line]
    assert len(lines) == (words is not None), str(run)
    for word in words or []:
        assert word in lines[0], str(run)


def test_bad_inputs_get_one_clear_line(mzgrid, tmp_path):
    rng = np.random.default_rng(1)
    mz = np.linspace(100, 900, 500)
    source = write_imzml(tmp_path / "in.imzML", grid_pixels(mz))
    run = mzgrid("convert", source, tmp_path / "x.zarr", "--min-mz", 2000, "-q", ranks=2)
    assert run.status == 1 and run.err.count("error: ") == 1, str(run)
    assert "the range asked for, m/z 2000 and above, has no data: they lie at m/z 100 to 900" in run.err
    assert not (tmp_path / "x.zarr").exists()
    never = write_imzml(tmp_path / "never.imzML", [Pixel(1 + i, 1, np.sort(rng.uniform(100, 900, 300)), np.ones(300)) for i in range(30)])
    mzgrid.convert(never, tmp_path / "never.zarr")
    assert stores.open_store(tmp_path / "never.zarr").table.uns["mzgrid"]["mass_axis"]["type"] != "native"
    mzgrid.convert(never, tmp_path / "named.zarr", "--mass-axis-type", "native")
    assert_is(stores.open_store(tmp_path / "named.zarr").table, *expected(reference.read_imzml(never)))


def test_one_spectrum(mzgrid, tmp_path):
    """Nothing shows that its m/z repeat; in continuous mode the file says so."""
    mz = np.sort(np.random.default_rng(3).uniform(100, 900, 300))
    for continuous in (False, True):
        source = write_imzml(tmp_path / f"{continuous}.imzML", [Pixel(1, 1, mz, np.arange(1.0, 301))], continuous=continuous)
        mzgrid.convert(source, tmp_path / f"{continuous}.zarr")
        axis = stores.open_store(tmp_path / f"{continuous}.zarr").table.uns["mzgrid"]["mass_axis"]
        assert (axis["type"] == "native") == continuous
        mzgrid.convert(source, tmp_path / f"{continuous}-native.zarr", "--mass-axis-type", "native")
        table = stores.open_store(tmp_path / f"{continuous}-native.zarr").table
        assert_is(table, *expected(reference.read_imzml(source)))
        assert table.shape == (1, 300)


@pytest.mark.parametrize("continuous", [True, False])
def test_descending_and_broken_mz_are_as_good(mzgrid, tmp_path, continuous):
    mz = np.linspace(100, 900, 500)[::-1].copy()
    mz[7], mz[8], mz[9] = np.nan, -3.0, 0.0
    source = write_imzml(tmp_path / "in.imzML", grid_pixels(mz), continuous=continuous)
    for ranks in (1, 2):
        mzgrid.convert(source, tmp_path / f"{ranks}.zarr", ranks=ranks)
    stores.assert_same_tree(tmp_path / "1.zarr", tmp_path / "2.zarr")
    table = stores.open_store(tmp_path / "1.zarr").table
    assert table.uns["mzgrid"]["mass_axis"]["type"] == "native" and table.shape == (40, 497)
    assert_is(table, *expected(reference.read_imzml(source)))


def test_a_crop_of_continuous_spectra_has_the_bins_of_the_whole(mzgrid, data, tmp_path):
    source = data / "dgmm-400px" / "dgmm-400px.imzML"
    for name, options in (("whole", []), ("crop", ["--region", "3:5,4:9"])):
        mzgrid.convert(source, tmp_path / f"{name}.zarr", *options)
    whole, crop = (stores.open_store(tmp_path / f"{n}.zarr").table for n in ("whole", "crop"))
    assert np.array_equal(whole.var["mz"], crop.var["mz"])


def test_the_default_of_several_files_is_one_axis(mzgrid, tmp_path):
    """`mzgrid axis`: the union of m/z that are shared, the narrower of two widths that are not."""
    sources = [quality.profiles(tmp_path / f"{i}.imzML", 0.5, steps, pixels=6, seed=i) for i, steps in enumerate((2000, 3000))]
    widths = [decisions(mzgrid, s)[0]["mass_axis"]["bin_width"] for s in sources]
    run = mzgrid("axis", *sources, "-o", tmp_path / "axis.json", ranks=2)
    assert run.status == 0 and "mzgrid takes the narrower ones" in run.err, str(run)
    assert json.loads((tmp_path / "axis.json").read_text())["bin_width"] == min(widths)


# What (b) says of profiles that share their points: whether peaks themselves wander, or noise does.


def near(jitter, noise, least, **more):
    steps, _ = quality.wandering(*quality.wandering_profiles(jitter, noise, **more), least)
    assert len(steps) > 500
    return (steps <= 1).mean()


def test_peaks_that_wander_are_told_from_tops_of_noise():
    """Noise moves the tops of small peaks alone: those far above it stay. Peaks that move, move at any height."""
    assert near(0, 0.001, 100) == 1
    assert near(0, 0.08, 3, sigma=6) < 0.8  # tops of noise, and of peaks that it bends
    assert near(0, 0.002, 100, sigma=6) >= 0.95
    assert near(2, 0.002, 100) < 0.6
    assert near(0.3, 0.002, 100) >= 0.95


@pytest.mark.parametrize("jitter", [0.3, 2])
def test_no_axis_that_keeps_points_apart_finds_peaks_nearer_than_native(jitter):
    """Each bin has at most a point or two, so that peaks k points apart are k bins apart or more, whatever the law: if
    peaks of a file wander, only an axis on which points of a spectrum share bins can mend it."""
    profiles, pairs = quality.wandering_profiles(jitter, 0.002)
    mz = 200 + 0.1 * np.arange(6000)
    tops = {i: mz[quality.peaks(y)[0][quality.peaks(y)[1] >= 100]] for i, y in profiles.items()}
    matched = [quality.matched(tops[i], tops[j], 1e-2) for i, j in pairs]
    native = quality.apart(matched, np.append(mz - 0.05, mz[-1] + 0.05))
    tried = found = 0
    for p in quality.POWERS:
        t = quality.transform(mz, p)
        for width in np.geomspace(0.02, 10, 40):
            h = width * np.diff(t).max()
            edges = quality.inverse(np.arange(np.floor(t[0] / h), np.ceil(t[-1] / h) + 1) * h, p)
            if quality.together([mz], edges) < 1e-3:
                tried += 1
                assert quality.apart(matched, edges) <= native + 1e-3
            found += quality.apart(matched, edges) > native
    assert tried > 50 and (found > 50 or native == 1)
