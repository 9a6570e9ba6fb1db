"""What mzgrid says of files that are odd: each message tells the case, and what an input holds cannot forge one."""
import json
import os
import re
import subprocess

import numpy as np
import pytest

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
