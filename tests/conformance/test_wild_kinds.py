"""Spectra of several kinds in one file: ms levels and polarities, which are never added; planes, arrays that overlap,
and offsets that contradict the size of the ibd. Right values are literal: those of ../shared/data-wild/README.md, or
sums of what the test itself wrote."""
import json

import anndata
import numpy as np
import pytest

import reference
import stores
from conftest import SHARED, measured
from writer import Pixel, write_imzml

HOW = ["--mass-axis-type", "constant", "--bin-width", "1", "--reference-mz", "500", "--layout", "csr"]
RANKS = [1, 3]
POSITIVE, NEGATIVE = ("MS:1000130", "positive scan", ""), ("MS:1000129", "negative scan", "")


@pytest.fixture(scope="module")
def wild():
    if not (SHARED / "data-wild").is_dir():
        pytest.skip(f"{SHARED / 'data-wild'}: no such directory, the wild sets are not here")
    return lambda name: SHARED / "data-wild" / name / f"{name}.imzML"


def table_of(store):
    return anndata.read_zarr(store / "tables" / "msi_dataset_z0")


def total(table):
    return float(np.asarray(table.X.sum(dtype=np.float64)))


def level(n):
    return ("MS:1000511", "ms level", str(n))


def spectrum(x, y, base, *terms, where="spectrum"):
    """Two points; the sum of its intensities is 3 * base."""
    return Pixel(x, y, np.array([300.25, 600.75]), np.array([base, 2.0 * base]), terms=terms, where=where)


# --- ms levels ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ranks", RANKS)
@pytest.mark.parametrize("options, chosen, sum_", [([], 1, 63444), (["--ms-level", 2], 2, 62088)])
def test_levels_are_not_added(mzgrid, wild, tmp_path, ranks, options, chosen, sum_):
    run = mzgrid.convert(wild("ms1_ms2"), tmp_path / "out.zarr", *HOW, *options, ranks=ranks)
    assert "12 of ms level 1; 12 of ms level 2" in run.err
    assert "more than one spectrum" not in run.err
    table = table_of(tmp_path / "out.zarr")
    assert total(table) == sum_
    assert list(table.obs["instance_key"]) == list(range(1, 13))
    assert set(table.obs["n_spectra"]) == {1} and set(table.obs["ms_level"]) == {chosen}
    assert list(table.obs["spectrum_index"] % 2) == [chosen - 1] * 12
    assert table.uns["mzgrid"]["options"]["ms_level"] == chosen
    assert list(table.uns["imzml"]["kinds"]) == ["12 of ms level 1", "12 of ms level 2"]
    assert "polarity" not in table.obs


def test_the_range_is_that_of_the_spectra_that_are_read(mzgrid, wild, tmp_path):
    """MS2 begins at m/z 80.27; MS1 lies between 600.79 and 897.82."""
    mzgrid.convert(wild("ms1_ms2"), tmp_path / "out.zarr", *HOW)
    var = table_of(tmp_path / "out.zarr").var
    assert var["mz_lower"].iloc[0] >= 600 and var["mz_upper"].iloc[-1] < 899
    for options, low in ([], 600.789), (["--ms-level", "2"], 80.2739):
        axis = tmp_path / f"{low}.json"
        run = mzgrid("axis", wild("ms1_ms2"), "-o", axis, *HOW[:-2], *options)
        assert run.status == 0, str(run)
        assert f"m/z {low} to" in run.err
    run = mzgrid("info", wild("ms1_ms2"), "--decisions", "--json")
    assert json.loads(run.out)["decisions"]["kinds"] == [
        {"ms_level": n, "polarity": "unknown", "spectra": 12} for n in (1, 2)
    ]


def test_validate_counts_levels(mzgrid, wild):
    run = mzgrid("validate", wild("ms1_ms2"), "--json")
    report = json.loads(run.out)
    assert report["spectra"] == 24 and report["valid"] and run.status == 0
    assert report["kinds"] == [{"ms_level": n, "polarity": "unknown", "spectra": 12} for n in (1, 2)]
    assert "12 of ms level 1; 12 of ms level 2" in mzgrid("validate", wild("ms1_ms2")).out


def test_a_level_that_is_not_there_is_refused(mzgrid, wild, tmp_path):
    run = mzgrid("convert", wild("ms1_ms2"), tmp_path / "out.zarr", "--ms-level", 3)
    assert run.status == 1 and "no spectrum is of ms level 3" in run.err
    assert "12 of ms level 1; 12 of ms level 2" in run.err
    assert not (tmp_path / "out.zarr").exists()


def test_the_only_level_is_read_and_of_several_none(mzgrid, tmp_path):
    source = write_imzml(tmp_path / "a.imzML", [spectrum(x, 1, x, level(2)) for x in (1, 2, 3)])
    text = source.read_text().replace('<cvParam cvRef="MS" accession="MS:1000579" name="MS1 spectrum" value=""/>', "")
    source.write_text(text)
    run = mzgrid.convert(source, tmp_path / "a.zarr", *HOW)
    assert "no spectrum is of ms level 1; ms level 2, the only one, is read" in run.err
    assert total(table_of(tmp_path / "a.zarr")) == 18
    source.write_text(text.replace('name="ms level" value="2"', 'name="ms level" value="3"', 1))
    run = mzgrid("convert", source, tmp_path / "b.zarr", *HOW)
    assert run.status == 1 and "choose one with --ms-level" in run.err
    assert "1 of ms level 3" in run.err and "2 of ms level 2" in run.err


@pytest.mark.parametrize("term", [POSITIVE, NEGATIVE, level(1)])
def test_spectra_of_one_pixel_are_told_also_where_one_does_not_state_its_kind(mzgrid, tmp_path, term):
    """They are added, so that there has to be a word of it."""
    kinds = [(), (term,)] if term != level(1) else [(), (level(0),), (term,)]
    source = write_imzml(tmp_path / "a.imzML", [spectrum(x, 1, 1, *own) for x in (1, 2, 3) for own in kinds])
    text = source.read_text().replace('<cvParam cvRef="MS" accession="MS:1000579" name="MS1 spectrum" value=""/>', "")
    source.write_text(text)
    run = mzgrid.convert(source, tmp_path / "a.zarr", *HOW)
    assert "3 pixels have more than one spectrum; first: (1,1), spectra 1 and 2" in run.err, str(run)
    table = table_of(tmp_path / "a.zarr")
    assert list(table.obs["n_spectra"]) == [len(kinds)] * 3 and total(table) == 9 * len(kinds)
    run = mzgrid("validate", source)
    assert run.status == 1 and "3 pixels have more than one spectrum" in run.out, str(run)


def test_level_0_is_that_of_ms1(mzgrid, tmp_path):
    source = write_imzml(tmp_path / "a.imzML", [spectrum(1, 1, 1, level(0)), spectrum(2, 1, 1, level(1))])
    run = mzgrid.convert(source, tmp_path / "a.zarr", *HOW)
    assert "kinds" not in run.err
    table = table_of(tmp_path / "a.zarr")
    assert total(table) == 6 and "ms_level" not in table.obs and "kinds" not in table.uns["imzml"]


def test_a_level_that_is_no_number_is_told(mzgrid, tmp_path):
    source = write_imzml(tmp_path / "a.imzML", [spectrum(1, 1, 1, level("two")), spectrum(2, 1, 1, level(1))])
    run = mzgrid.convert(source, tmp_path / "a.zarr", *HOW)
    assert "1 of 2 spectra have an ms level (MS:1000511) that is not a whole number" in run.err


# --- Polarity ------------------------------------------------------------------------------------------------------


def test_mixed_polarity_is_refused_with_the_counts(mzgrid, wild, tmp_path):
    for command in ["convert", wild("polarity_lines"), tmp_path / "a.zarr"], ["info", wild("polarity_lines"), "--decisions"]:
        run = mzgrid(*command)
        assert run.status == 1
        assert "both polarities" in run.err and "8 positive; 4 negative" in run.err and "--polarity" in run.err
    assert not (tmp_path / "a.zarr").exists()
    run = mzgrid("validate", wild("polarity_lines"), "--json")
    report = json.loads(run.out)
    assert run.status == 1 and [f["kind"] for f in report["findings"]] == ["polarities"]
    assert report["kinds"] == [
        {"ms_level": 1, "polarity": "positive", "spectra": 8},
        {"ms_level": 1, "polarity": "negative", "spectra": 4},
    ]


@pytest.mark.parametrize("ranks", RANKS)
@pytest.mark.parametrize("polarity, keys", [("positive", [1, 2, 3, 4, 9, 10, 11, 12]), ("negative", [5, 6, 7, 8])])
def test_one_polarity_is_read(mzgrid, wild, tmp_path, ranks, polarity, keys):
    """Pixels of the other polarity keep their numbers, and are no skipped ones."""
    run = mzgrid.convert(wild("polarity_lines"), tmp_path / "a.zarr", *HOW, "--polarity", polarity, ranks=ranks)
    assert "(0 skipped)" in run.err
    table = table_of(tmp_path / "a.zarr")
    assert list(table.obs["instance_key"]) == keys
    assert set(table.obs["polarity"]) == {polarity}
    assert table.uns["mzgrid"]["options"]["polarity"] == polarity and table.uns["imzml"]["polarity"] == "both"
    assert len(table.uns["skipped_pixels"]) == 0
    labels = stores.open_store(tmp_path / "a.zarr", check=True).sdata.labels["msi_dataset_z0_pixels"].values
    assert sorted(set(labels.ravel()) - {0}) == keys


def test_polarity_that_only_spectra_state_is_reported(mzgrid, tmp_path):
    source = write_imzml(tmp_path / "a.imzML", [spectrum(x, 1, 1, NEGATIVE, where="scan") for x in (1, 2)])
    mzgrid.convert(source, tmp_path / "a.zarr", *HOW)
    table = table_of(tmp_path / "a.zarr")
    assert table.uns["imzml"]["polarity"] == "negative" and "polarity" not in table.obs
    assert json.loads(mzgrid("info", source, "--json").out)["polarity"] == "negative"
    run = mzgrid("convert", source, tmp_path / "b.zarr", *HOW, "--polarity", "positive")
    assert run.status == 1 and "no spectrum of ms level 1 is positive" in run.err and "2 negative" in run.err


def test_polarity_that_nothing_states(mzgrid, tmp_path):
    source = write_imzml(tmp_path / "a.imzML", [spectrum(x, 1, 1) for x in (1, 2)])
    run = mzgrid.convert(source, tmp_path / "a.zarr", *HOW, "--polarity", "positive")
    assert "no spectrum states its polarity, so all are read" in run.err
    assert table_of(tmp_path / "a.zarr").uns["imzml"]["polarity"] == "unknown"


def test_spectra_without_a_polarity_belong_to_the_only_one(mzgrid, tmp_path):
    pixels = [spectrum(1, 1, 1, POSITIVE), spectrum(2, 1, 1), spectrum(3, 1, 1, POSITIVE)]
    source = write_imzml(tmp_path / "a.imzML", pixels)
    mzgrid.convert(source, tmp_path / "a.zarr", *HOW)
    assert list(table_of(tmp_path / "a.zarr").obs["x"]) == [1, 2, 3]
    source = write_imzml(tmp_path / "b.imzML", [*pixels, spectrum(4, 1, 1, NEGATIVE)])
    run = mzgrid.convert(source, tmp_path / "b.zarr", *HOW, "--polarity", "positive")
    assert "1 of no stated polarity; 2 positive; 1 negative" in run.err
    assert list(table_of(tmp_path / "b.zarr").obs["x"]) == [1, 3]


# --- Both ----------------------------------------------------------------------------------------------------------


def mixture(where):
    """MS1 and MS2 at each of 6 pixels, polarities alternating: a sum that tells each kind from all others."""
    pixels = []
    for i in range(6):
        polarity = NEGATIVE if i % 2 else POSITIVE
        pixels.append(spectrum(i + 1, 1, 1.0, level(1), polarity, where=where))
        pixels.append(spectrum(i + 1, 1, 100.0, level(2), polarity, where=where))
        if i == 0:
            pixels.append(spectrum(i + 1, 1, 10000.0, level(1), polarity, where=where))
    return pixels


CHOICES = [(1, "positive", [1, 3, 5]), (1, "negative", [2, 4, 6])]
CHOICES += [(2, "positive", [1, 3, 5]), (2, "negative", [2, 4, 6])]
PLACES = [f"{element}{group}" for element in ("spectrum", "scanList", "scan") for group in ("", " group")]


@pytest.mark.parametrize("where", PLACES)
def test_kinds_of_both_sorts_wherever_they_are_stated(mzgrid, tmp_path, where):
    source = write_imzml(tmp_path / "a.imzML", mixture(where))
    run = mzgrid("convert", source, tmp_path / "none.zarr", *HOW)
    assert run.status == 1
    counts = "4 of ms level 1, positive; 3 of ms level 1, negative; 3 of ms level 2, positive; 3 of ms level 2, negative"
    assert counts in run.err
    for chosen, polarity, keys in CHOICES:
        store = tmp_path / f"{chosen}{polarity}.zarr"
        mzgrid.convert(source, store, *HOW, "--ms-level", chosen, "--polarity", polarity, ranks=3)
        table = table_of(store)
        each = {1: 3.0, 2: 300.0}[chosen]
        sums = [each] * 3
        if (chosen, polarity) == (1, "positive"):
            sums[0] += 30000.0
        assert list(np.asarray(table.X.sum(axis=1)).ravel()) == sums
        assert list(table.obs["instance_key"]) == keys
        assert set(table.obs["polarity"]) == {polarity} and set(table.obs["ms_level"]) == {chosen}


def test_duplicates_are_those_of_one_kind(mzgrid, tmp_path):
    source = write_imzml(tmp_path / "a.imzML", mixture("scan group"))
    report = json.loads(mzgrid("validate", source, "--json").out)
    texts = {f["kind"]: f["text"] for f in report["findings"]}
    assert sorted(texts) == ["duplicate_pixels", "polarities"]
    assert texts["duplicate_pixels"].startswith("1 pixels have more than one spectrum; first: (1,1), spectra 1 and 3")
    run = mzgrid("convert", source, tmp_path / "a.zarr", *HOW, "--polarity", "positive", "--duplicates", "error")
    assert run.status == 1 and "1 pixels have more than one spectrum" in run.err
    mzgrid.convert(source, tmp_path / "b.zarr", *HOW, "--polarity", "negative", "--duplicates", "error")


def test_a_region_of_one_kind_keeps_its_keys(mzgrid, tmp_path):
    source = write_imzml(tmp_path / "a.imzML", mixture("spectrum group"))
    mzgrid.convert(source, tmp_path / "a.zarr", *HOW, "--polarity", "negative", "--region", "3:6,1:1")
    assert list(table_of(tmp_path / "a.zarr").obs["instance_key"]) == [4, 6]
    run = mzgrid("convert", source, tmp_path / "b.zarr", *HOW, "--polarity", "negative", "--region", "3:3,1:1")
    assert run.status == 1 and "no pixel with a spectrum of the ms level and polarity that are read lies in" in run.err


def test_bytes_do_not_depend_on_ranks_threads_or_streaming(mzgrid, tmp_path):
    source = write_imzml(tmp_path / "a.imzML", mixture("scan group"))
    for i, (ranks, threads, streaming) in enumerate([(1, 1, "off"), (3, 2, "hdf5"), (2, 2, "direct")]):
        mzgrid.convert(
            source, tmp_path / f"{i}.zarr", *HOW, "--polarity", "positive", "--streaming", streaming,
            ranks=ranks, threads=threads,
        )
        stores.assert_same_tree(tmp_path / "0.zarr", tmp_path / f"{i}.zarr")


# --- Arrays in each other's bytes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ranks", RANKS)
def test_offsets_that_the_size_contradicts_are_repaired(mzgrid, wild, tmp_path, ranks):
    """One m/z array of 200 doubles, then 12 arrays of 200 intensities, read from the ibd itself."""
    source = wild("maldiquant21")
    arrays = np.frombuffer(source.with_suffix(".ibd").read_bytes()[16:], "<f8").reshape(13, 200)
    run = mzgrid.convert(source, tmp_path / "a.zarr", *HOW, "--interpolation-method", "nearest_neighbor", ranks=ranks)
    assert "offsets contradict the size of the ibd and are repaired" in run.err and "(0 skipped)" in run.err
    table = table_of(tmp_path / "a.zarr")
    np.testing.assert_allclose(table.obs["tic"], arrays[1:].sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(np.asarray(table.X.sum(axis=1, dtype=np.float64)).ravel(), arrays[1:].sum(axis=1), rtol=1e-5)
    assert table.var["mz_lower"].iloc[0] <= arrays[0][0] and table.var["mz_upper"].iloc[-1] >= arrays[0][-1]
    assert len(table.var) < arrays[0][-1] - arrays[0][0] + 3
    assert mzgrid("convert", source, tmp_path / "b.zarr", *HOW, "--strict").status == 1
    report = json.loads(mzgrid("validate", source, "--json").out)
    assert "misplaced_offsets" in [f["kind"] for f in report["findings"]]


def test_offsets_that_nothing_proves_are_refused(mzgrid, wild, tmp_path):
    source = wild("maldiquant21")
    (tmp_path / "a.imzML").write_bytes(source.read_bytes())
    (tmp_path / "a.ibd").write_bytes(source.with_suffix(".ibd").read_bytes() + bytes(8))
    run = mzgrid("convert", tmp_path / "a.imzML", tmp_path / "a.zarr", *HOW, "--max-skipped", 100)
    assert run.status == 1 and "cannot be told" in run.err and "declared continuous" in run.err
    assert not (tmp_path / "a.zarr").exists()


def overlapping(path, spectra):
    """Three points at each of 6 pixels; the intensities of `spectra` begin inside their own m/z."""
    pixels = [Pixel(x, 1, np.array([100.0, 200.0, 300.0]), np.array([1.0, 2.0, 3.0])) for x in range(1, 7)]
    source = write_imzml(path, pixels)
    text = source.read_text()
    for i in spectra:
        text = text.replace(f'value="{16 + 36 * i + 24}"', f'value="{16 + 36 * i + 8}"')
    source.write_text(text)
    return source


def test_arrays_that_overlap_are_told_and_refused_if_most_do(mzgrid, tmp_path):
    source = overlapping(tmp_path / "a.imzML", [2])
    with source.with_suffix(".ibd").open("ab") as ibd:
        ibd.write(bytes(4))  # else the size would prove what is meant
    run = mzgrid.convert(source, tmp_path / "a.zarr", *HOW)
    assert "1 of 6 spectra have an array in the same bytes of the ibd as another array" in run.err
    assert "m/z array of spectrum 3, bytes 88 to 111, and intensity array of spectrum 3, from byte 96 on" in run.err
    run = mzgrid("convert", source, tmp_path / "b.zarr", *HOW, "--strict")
    assert run.status == 1 and not (tmp_path / "b.zarr").exists()
    source = overlapping(tmp_path / "c.imzML", [0, 2, 3, 5])
    with source.with_suffix(".ibd").open("ab") as ibd:
        ibd.write(bytes(4))
    run = mzgrid("convert", source, tmp_path / "c.zarr", *HOW)
    assert run.status == 1 and "4 of its 6 usable spectra have m/z in the same bytes" in run.err


def test_an_offset_that_the_size_proves_is_repaired(mzgrid, tmp_path):
    source = overlapping(tmp_path / "a.imzML", [0, 2, 3, 5])
    run = mzgrid.convert(source, tmp_path / "a.zarr", *HOW)
    assert "4 offsets contradict the size of the ibd and are repaired" in run.err
    assert list(table_of(tmp_path / "a.zarr").obs["tic"]) == [6.0] * 6


# --- Planes ----------------------------------------------------------------------------------------------------------

AXES = "XYZ"


@pytest.mark.parametrize("by", ["term", "user"])
@pytest.mark.parametrize("where", PLACES)
def test_planes_count_wherever_they_are_stated(mzgrid, tmp_path, by, where):
    """Two planes of 2 x 1 pixels; the reference reads the same, so that both know of all places."""
    pixels = []
    for z in (1, 2):
        for x in (1, 2):
            place = (x, 1, z)
            if by == "term":
                terms = [(f"IMS:100005{i}", f"position {AXES[i].lower()}", place[i]) for i in range(3)]
            else:
                terms = [(None, f"3DPosition{AXES[i]}", f"{place[i]}.0") for i in range(3)]
            one = spectrum(None, None, 10.0 * z + x, *terms, where=where)
            pixels.append(one)
    source = write_imzml(tmp_path / "a.imzML", pixels)
    assert [p for p, _ in reference.pixels(reference.read_imzml(source))] == [(1, 1, 1), (2, 1, 1), (1, 1, 2), (2, 1, 2)]
    mzgrid.convert(source, tmp_path / "a.zarr", *HOW, ranks=3)
    table = table_of(tmp_path / "a.zarr")
    assert list(table.obs["z"]) == [1, 1, 2, 2] and list(table.obs["x"]) == [1, 2, 1, 2]
    assert list(table.obs["tic"]) == [33.0, 36.0, 63.0, 66.0]


def test_hostile_groups_cost_little(mzgrid, tmp_path):
    """1.4 MB of references to a large group took 6 s of a processor; a generous limit."""
    source = write_imzml(tmp_path / "a.imzML", [spectrum(1, 1, 1.0)])
    text = source.read_text()
    group = '<referenceableParamGroup id="large">' + '<cvParam accession="MS:1000511" value="1"/>' * 4000
    text = text.replace("</referenceableParamGroupList>", group + "</referenceableParamGroup></referenceableParamGroupList>")
    text = text.replace("<scanList", '<referenceableParamGroupRef ref="large"/>' * 28000 + "<scanList")
    source.write_text(text)
    status, err, seconds, _ = measured([mzgrid.path, "convert", source, tmp_path / "a.zarr", *HOW])
    assert status == 1 and "more than 256 terms of a spectrum" in err and seconds < 3
