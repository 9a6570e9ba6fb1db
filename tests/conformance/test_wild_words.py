"""What mzgrid says of files that are odd: each message tells the case, and what an input holds cannot forge one."""
import json
import os
import re
import subprocess

import numpy as np
import pytest
from spatialdata.transformations import get_transformation

import stores
from conftest import mpi_environment
from writer import Pixel, write_imzml

AXIS = ["--mass-axis-type", "constant", "--min-mz", 100, "--max-mz", 130, "--bins", 60, "--layout", "csr"]

# What must not reach a terminal or a log raw: controls, marks that turn the direction, bytes that are no UTF-8.
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd]")
FORGED = "&#10;mzgrid: error: forged &#x9b;31m &#x202e;txt.exe &#x2028;&#x85;"


def image(path, change=lambda text: text):
    pixels = [Pixel(x, y, np.arange(100.5, 110), np.arange(10.0) + x) for y in (1, 2) for x in (1, 2, 3)]
    write_imzml(path, pixels, pixel_size=(50, 50))
    text = path.read_text(encoding="utf-8")
    path.write_text(change(text), encoding="utf-8")
    return path


def everywhere(text):
    """A forged line in every value that some message quotes."""
    text = text.replace("{6F1B0F62", FORGED + "{6F1B0F62")
    text = text.replace('id="writer"', f'id="writer{FORGED}"')
    text = text.replace('name="LTQ FT Ultra" value=""', f'name="LTQ FT Ultra" value="{FORGED}"')
    text = text.replace('<referenceableParamGroupRef ref="spectrum"/>',
                        f'<referenceableParamGroupRef ref="spectrum"/><referenceableParamGroupRef ref="{FORGED}"/>')
    text = re.sub(r'name="pixel size \(x\)" value="50"', f'name="x{FORGED}" value="50" unitName="{FORGED}"', text)
    text = re.sub(r'(accession="IMS:1000091"[^>]*value=")', rf"\g<1>{FORGED}", text)
    return text.replace("</fileContent>", f'<userParam name="{FORGED}" value="{FORGED}"/></fileContent>')


def run(mzgrid, *args, ranks=1):
    """Exit status, standard output and error, as bytes."""
    command = [os.fsencode(a) if isinstance(a, os.PathLike) else str(a).encode() if not isinstance(a, bytes) else a
               for a in (mzgrid.path, *args)]
    if ranks > 1:
        command = [b"mpirun", b"-q", b"--oversubscribe", b"--bind-to", b"none", b"-n", str(ranks).encode(), *command]
    done = subprocess.run(command, env=mpi_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def check(output):
    """Printed text: UTF-8, without a control, and no line of it is forged."""
    text = output.decode("utf-8")
    assert not CONTROLS.search(text), repr(text)
    assert not re.search("^(mzgrid: error: )?forged", text, re.M), text
    return text


@pytest.mark.parametrize("ranks", [1, 3])
def test_words_of_the_input_forge_nothing(mzgrid, tmp_path, ranks):
    source = image(tmp_path / "a.imzML", everywhere)
    log = tmp_path / "log"
    status, out, err = run(mzgrid, "convert", source, tmp_path / "a.zarr", *AXIS, "--log-file", log, ranks=ranks)
    assert status == 0, err
    said = check(err) + check(log.read_bytes())
    assert "forged" in said and "\\n" in said and "\\u{9b}31m" in said and "\\u{202e}txt.exe" in said
    assert "\\u{2028}\\u{85}" in said
    status, out, err = run(mzgrid, "validate", source, ranks=ranks)
    assert status == 1 and err == b""
    assert "\\u{202e}txt.exe" in check(out)
    for command in ["info"], ["info", "--decisions"]:
        status, out, err = run(mzgrid, *command, source, ranks=ranks)
        assert status == 0, err
        assert "\\nmzgrid: error: forged" in check(out)
        check(err)
    status, out, err = run(mzgrid, "convert", source, tmp_path / "b.zarr", *AXIS, "--strict", ranks=ranks)
    assert status == 1 and "\\nmzgrid: error: forged" in check(err)


@pytest.mark.parametrize("command", ["info", "validate"])
def test_json_holds_the_words_themselves_and_prints_no_control(mzgrid, tmp_path, command):
    source = image(tmp_path / "a.imzML", everywhere)
    status, out, err = run(mzgrid, command, "--json", source)
    check(out)
    words = "\nmzgrid: error: forged \x9b31m \u202etxt.exe \u2028\x85"
    assert any(words in text for text in walk(json.loads(out)))


def walk(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


@pytest.mark.parametrize("name, shown", [(b"a\xff", "a\\xff"), (b"a\n\xc2\x9bb", "a\\n\\u{9b}b"),
                                         (b"\xe2\x80\xaea", "\\u{202e}a")])
@pytest.mark.parametrize("ranks", [1, 3])
def test_file_names_may_hold_anything(mzgrid, tmp_path, name, shown, ranks):
    image(tmp_path / "a.imzML")
    source = os.fsencode(tmp_path) + b"/" + name + b".imzML"
    os.rename(tmp_path / "a.imzML", source)
    os.rename(tmp_path / "a.ibd", source[:-5] + b"ibd")
    status, out, err = run(mzgrid, "validate", source, ranks=ranks)
    assert (status, err) == (0, b"")
    assert f"{shown}.imzML\n" in check(out)
    status, out, err = run(mzgrid, "validate", "--json", source, ranks=ranks)
    check(out)
    path = json.loads(out)["path"]
    assert status == 0 and path.endswith(shown + ".imzML" if b"\xff" in name else name.decode() + ".imzML")
    status, out, err = run(mzgrid, "info", source, ranks=ranks)
    assert status == 0 and f"{shown}.imzML" in check(out)
    target = os.fsencode(tmp_path) + b"/" + name + b".zarr"
    status, out, err = run(mzgrid, "convert", source, target, *AXIS, ranks=ranks)
    assert status == 0 and f"{shown}.zarr is complete" in check(err)
    json.loads(open(target + b".run.json", "rb").read().decode("utf-8"))
    status, out, err = run(mzgrid, "convert", source, target, *AXIS, ranks=ranks)
    assert status == 1 and f"{shown}.zarr" in check(err)
    for broken in ["info"], ["validate"], ["validate", "--json"]:
        status, out, err = run(mzgrid, *broken, source + b"\xfe\n", ranks=ranks)
        assert status == 1 and f"{shown}.imzML\\xfe\\n" in check(err)
        check(out)
        if "--json" in broken:
            assert json.loads(out)["path"].endswith(f"{shown}.imzML\\xfe\\n")


def case(wild, name):
    return wild / name / f"{name}.imzML"


@pytest.mark.parametrize("ranks", [1, 3])
def test_half_floats_are_read(mzgrid, wild, tmp_path, ranks):
    """The sum of the .ibd's 16-bit intensities, as numpy reads them."""
    source = case(wild, "float16")
    run = mzgrid.convert(source, tmp_path / "a.zarr", *AXIS[:2], "--bins", 5000, ranks=ranks)
    assert "warning" not in run.err
    x = stores.open_store(tmp_path / "a.zarr").table.X
    assert x.shape[0] == 12 and x.sum(dtype=float) == pytest.approx(91299, rel=1e-12)
    checked = mzgrid("validate", source, ranks=ranks)
    assert checked.status == 0 and checked.out.endswith("\nvalid\n")
    arrays = json.loads(mzgrid("info", "--json", source).out)["arrays"]
    assert {(a["array"], a["type"], a["compression"]) for a in arrays} == {
        ("m/z array", "64-bit float", "none"), ("intensity array", "16-bit float", "none")}


@pytest.mark.parametrize("compressed", [False, True])
def test_half_floats_of_both_arrays(mzgrid, tmp_path, compressed):
    pixels = [Pixel(x, 1, np.array([100.5, 101.25, 110.0625]), np.array([x, 0.25, 65504.0])) for x in (1, 2)]
    write_imzml(tmp_path / "a.imzML", pixels, mz_type="<f2", intensity_type="<f2", compressed=compressed)
    mzgrid.convert(tmp_path / "a.imzML", tmp_path / "a.zarr", *AXIS[:6], "--bins", 30, "--layout", "csr")
    x = stores.open_store(tmp_path / "a.zarr").table.X.toarray()
    assert [(list(np.flatnonzero(row)), list(row[row != 0])) for row in x] == [
        ([0, 1, 10], [1, 0.25, 65504]), ([0, 1, 10], [2, 0.25, 65504])]


SMALL = [*AXIS[:2], "--min-mz", 100, "--max-mz", 1000, "--bins", 90]


def look(mzgrid, wild, tmp_path, name, ranks, *options):
    """Converts a case: standard error, the store, and the findings that validate has, kind -> text."""
    run = mzgrid.convert(case(wild, name), tmp_path / "a.zarr", *SMALL, *options, ranks=ranks)
    report = json.loads(mzgrid("validate", "--json", case(wild, name), ranks=ranks).out)
    return run.err, stores.open_store(tmp_path / "a.zarr"), {f["kind"]: f["text"] for f in report["findings"]}


def size_and_place(store):
    """Scale and translation, (x, y), of the labels to "global"."""
    matrix = get_transformation(store.sdata.labels[store.region]).to_affine_matrix(("x", "y"), ("x", "y"))
    return (matrix[0][0], matrix[1][1]), (matrix[0][2], matrix[1][2])


# case -> size, words of the warning, its kind
SIZES = {
    "pixel_area_no_count": (100, "its pixel size 10000 is an area: 400 micrometres for 4 pixels; taken as 100", "pixel_area"),
    "pixel_area_alone": (10000, "its pixel size of 10000 x 10000 micrometres is larger than that of any instrument; if it "
                         "is an area (an old meaning of IMS:1000046), --pixel-size 100 would be right", "pixel_size"),
    "pixel_dim_only": (100, "it has no pixel size (IMS:1000046), but extents of 400 x 300 micrometres for 4 x 3 pixels; "
                       "taken as 100 x 100 micrometres", "pixel_size"),
}


@pytest.mark.parametrize("ranks", [1, 3])
@pytest.mark.parametrize("name", SIZES)
def test_sizes_of_pixels(mzgrid, wild, tmp_path, name, ranks):
    size, words, kind = SIZES[name]
    said, store, findings = look(mzgrid, wild, tmp_path, name, ranks)
    assert said.count(words) == 1 and words in findings[kind]
    assert size_and_place(store) == ((size, size), (0, 0))
    assert list(store.table.obs.spatial_x[:2]) == [size / 2, 3 * size / 2]
    described = json.loads(mzgrid("info", "--json", case(wild, name)).out)
    assert described["pixel_size_um"] == [size, size] and len(described["findings"]) == 1


@pytest.mark.parametrize("name", SIZES)
def test_who_gives_the_size_is_not_warned_of_it(mzgrid, wild, tmp_path, name):
    run = mzgrid.convert(case(wild, name), tmp_path / "a.zarr", *SMALL, "--pixel-size", "25")
    assert "warning" not in run.err
    assert size_and_place(stores.open_store(tmp_path / "a.zarr")) == ((25, 25), (0, 0))


@pytest.mark.parametrize("ranks", [1, 3])
def test_the_position_offset_places_the_image(mzgrid, wild, tmp_path, ranks):
    said, store, findings = look(mzgrid, wild, tmp_path, "absolute_offset", ranks)
    assert "positions are moved by (12345.5, -2000) micrometres" in said and "--ignore-position-offset" in said
    assert "warning" not in said and not findings
    assert size_and_place(store) == ((20, 20), (12345.5, -2000))
    obs = store.table.obs
    assert list(obs.spatial_x[:4]) == [12355.5, 12375.5, 12395.5, 12415.5]
    assert list(obs.spatial_y) == [-1990.0] * 4 + [-1970.0] * 4 + [-1950.0] * 4
    assert np.array_equal(store.table.obsm["spatial"], np.stack([obs.spatial_x, obs.spatial_y], axis=1))
    assert list(store.table.uns["mzgrid"]["options"]["position_offset"]) == [12345.5, -2000]
    assert "position offset um" in mzgrid("info", case(wild, "absolute_offset")).out


def test_the_position_offset_can_be_left_out(mzgrid, wild, tmp_path):
    said, store, _ = look(mzgrid, wild, tmp_path, "absolute_offset", 1, "--ignore-position-offset")
    assert "are moved" not in said and size_and_place(store) == ((20, 20), (0, 0))
    assert store.table.obs.spatial_x.iloc[0] == 10 and "position_offset" not in store.table.uns["mzgrid"]["options"]


def test_a_crop_keeps_its_place_with_an_offset(mzgrid, wild, tmp_path):
    _, store, _ = look(mzgrid, wild, tmp_path, "absolute_offset", 1, "--region", "3:4,2:3")
    assert size_and_place(store) == ((20, 20), (12385.5, -1980))
    assert store.table.obs.spatial_x.iloc[0] == 12395.5 and store.table.obs.spatial_y.iloc[0] == -1970


def test_an_offset_without_a_pixel_size_is_told(mzgrid, wild, tmp_path):
    source = case(wild, "absolute_offset")
    text = re.sub(r'<cvParam [^>]*IMS:100004[67][^>]*/>', "", source.read_text())
    (tmp_path / "a.imzML").write_text(text)
    (tmp_path / "a.ibd").write_bytes(source.with_suffix(".ibd").read_bytes())
    run = mzgrid.convert(tmp_path / "a.imzML", tmp_path / "a.zarr", *SMALL)
    assert "offset of (12345.5, -2000) micrometres, which cannot be used without the pixel size" in run.err
    assert size_and_place(stores.open_store(tmp_path / "a.zarr")) == ((1, 1), (0, 0))


@pytest.mark.parametrize("ranks", [1, 3])
def test_an_instrument_known_by_name_alone(mzgrid, wild, tmp_path, ranks):
    source = case(wild, "named_value")
    run = mzgrid.convert(source, tmp_path / "a.zarr", ranks=ranks)
    assert "warning" not in run.err
    axis = stores.open_store(tmp_path / "a.zarr").table.uns["mzgrid"]["mass_axis"]
    assert axis["type"] == "fticr" and axis["type_reason"] == "instrument model solariX, by its name"
    assert "by its name" in mzgrid("info", "--decisions", source, ranks=ranks).out


@pytest.mark.parametrize("param, law", [
    ('<userParam name="Instrument" value="Q-Exactive Plus #12"/>', "orbitrap"),
    ('<cvParam cvRef="MS" accession="MS:1000494" name="Thermo Scientific instrument model" value="LTQ FT Ultra"/>', "fticr"),
    ('<userParam name="operator" value="Q Exactive"/>', "reflector_tof"),
])
def test_names_in_other_parameters(mzgrid, tmp_path, param, law):
    def change(text):
        return re.sub(r'<cvParam [^>]*accession="MS:1000557"[^>]*/>', param, text)

    pixels = [Pixel(x, 1, np.array([150.0 + x / 7, 250.0 + x / 9]), np.ones(2)) for x in range(1, 4)]
    source = write_imzml(tmp_path / "a.imzML", pixels)
    source.write_text(change(source.read_text(encoding="utf-8")), encoding="utf-8")
    run = mzgrid("info", "--decisions", "--json", source)
    assert json.loads(run.out)["decisions"]["mass_axis"]["type"] == law


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_spot_far_from_all_others(mzgrid, wild, tmp_path, ranks):
    words = ("its 13 pixels lie in a raster of 4004 x 3003 positions that is nearly empty; "
             "--region 4001:4004,3001:3003 would take 12 of them")
    said, store, findings = look(mzgrid, wild, tmp_path, "far_spot", ranks)
    assert said.count(words) == 1 and findings == {"sparse_grid": words}
    assert store.sdata.labels[store.region].shape == (3003, 4004)
    run = mzgrid.convert(case(wild, "far_spot"), tmp_path / "b.zarr", *SMALL, "--region", "4001:4004,3001:3003")
    assert "nearly empty" not in run.err and stores.open_store(tmp_path / "b.zarr").table.n_obs == 12


def test_positions_that_are_lengths(mzgrid, tmp_path):
    pixels = [Pixel(50 * x, 20 * y, np.arange(100.5, 110), np.ones(10)) for y in range(1, 41) for x in range(1, 41)]
    write_imzml(tmp_path / "a.imzML", pixels, pixel_size=(50, 20))
    run = mzgrid("validate", tmp_path / "a.imzML")
    assert run.status == 1
    assert ("its 1600 pixels lie in a raster of 1951 x 781 positions that is nearly empty; their distances are multiples "
            "of 50 and 20: are they lengths?") in run.out


@pytest.mark.parametrize("ranks", [1, 3])
def test_lines_that_lost_their_numbers(mzgrid, wild, tmp_path, ranks):
    said, store, findings = look(mzgrid, wild, tmp_path, "rows_as_y1", ranks)
    words = ("7 pixels have more than one spectrum; first: (1,1), spectra 1 and 8; 35 spectra at 7 positions, all with "
             "y = 1: have lines lost their number (IMS:1000051)?")
    assert said.count(words) == 1 and findings == {"duplicate_pixels": words}
    assert list(store.table.obs.n_spectra) == [5] * 7


@pytest.mark.parametrize("ranks", [1, 3])
@pytest.mark.parametrize("command", [["validate"], ["convert"]])
def test_positions_that_are_no_whole_numbers(mzgrid, wild, tmp_path, command, ranks):
    store = [tmp_path / "a.zarr"] if command == ["convert"] else []
    run = mzgrid(*command, case(wild, "physical_positions"), *store, ranks=ranks)
    assert run.status == 1
    assert run.err.endswith(
        'no spectrum has a usable position (IMS:1000050, IMS:1000051), which counts pixels in whole numbers: spectrum 1 '
        'has x = "0.05", y = "0.05"; if these are lengths, divide them by the size of a pixel and round\n')


def test_a_position_that_is_no_whole_number_is_shown(mzgrid, tmp_path):
    def change(text):
        return text.replace('name="position x" value="3"', 'name="position x" value="2.5"').replace(
            'name="position y" value="2"/>', "/>", 1)

    report = json.loads(mzgrid("validate", "--json", image(tmp_path / "a.imzML", change)).out)
    texts = [f["text"] for f in report["findings"] if f["kind"] == "no_position"]
    assert texts == ["3 of 6 spectra have no usable position and are skipped; first: spectrum 3 has x = \"2.5\", y = 1"]


# what stands behind </mzML> -> how the finding begins to quote it; None: nothing odd
BEHIND = {
    "garbage": ("\n</spectrum>rest", "</spectrum>rest"),
    "zeros": ("\0" * 512, "\\x00\\x00"),
    "a second document": (None, "<mzML xmlns="),
    "a comment": ("\n<!-- made by hand -->\n<?tool done?>\n\n", None),
}


@pytest.mark.parametrize("ranks", [1, 3])
@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1"])
@pytest.mark.parametrize("name", BEHIND)
def test_what_stands_behind_the_end_is_found(mzgrid, tmp_path, name, encoding, ranks):
    more, quoted = BEHIND[name]

    def change(text):
        again = text.split("?>", 1)[1]
        return text.replace("UTF-8", encoding) + (again if more is None else more)

    source = image(tmp_path / "a.imzML", change)
    run = mzgrid("validate", "--json", source, ranks=ranks)
    report = json.loads(run.out)
    findings = {f["kind"]: f["text"] for f in report["findings"]}
    assert report["spectra"] == 6
    if quoted is None:
        assert run.status == 0 and findings == {}
        return
    assert run.status == 1 and list(findings) == ["trailing_bytes"]
    assert f'stand behind the end of its XML and are ignored, which begin with "{quoted}' in findings["trailing_bytes"]
    said = mzgrid.convert(source, tmp_path / "a.zarr", *AXIS, ranks=ranks).err
    assert "stand behind the end of its XML" in said


# case -> pixels, points of one spectrum, kinds of findings
PROFILES = {
    "m2aia52": (12, 400, {"mode", "no_type"}),
    "meander_nil_uuid": (30, 1798, {"checksum_term"}),
    "raman": (12, 1015, {"mz_not_positive"}),
    "shared_descending": (12, 600, {"mz_unsorted"}),
}


@pytest.mark.parametrize("ranks", [1, 3])
@pytest.mark.parametrize("name", PROFILES)
def test_continuous_profiles_are_read_and_judged(mzgrid, wild, name, ranks):
    pixels, points, kinds = PROFILES[name]
    report = json.loads(mzgrid("validate", "--json", case(wild, name), ranks=ranks).out)
    assert (report["pixels"], report["points"]) == (pixels, pixels * points)
    findings = {f["kind"]: f["text"] for f in report["findings"]}
    assert set(findings) == kinds and report["faulty_spectra"]["count"] == 0
    for kind, text in findings.items():
        assert not kind.startswith("mz_") or "m/z of the array that all spectra share are" in text
