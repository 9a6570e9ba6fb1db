"""Files made to do harm: refused or skipped in little time and memory, whatever they claim, by convert and by validate."""
import os
import re
import zlib

import numpy as np
import pytest

from conftest import measured
from writer import Pixel, write_imzml

MEMORY = 256 << 20  # bytes; a small conversion takes about 70 MiB
SECONDS = 30
AXIS = ["--min-mz", "100", "--max-mz", "200", "--bins", "50", "--threads", "1"]


def run(mzgrid, *args):
    """Exit status and standard error of one process that stays within MEMORY and SECONDS."""
    status, err, seconds, peak = measured([mzgrid.path, *args])
    assert seconds < SECONDS and peak < MEMORY, (seconds, peak)
    return status, err


def image(path, **options):
    pixels = [Pixel(x, 1, np.linspace(100, 200, 50), np.arange(50.0) + x) for x in range(1, 6)]
    return write_imzml(path, pixels, pixel_size=(1, 1), **options)


def with_doctype(declaration, use):
    def change(text):
        text = text.replace("?>\n", f"?>\n<!DOCTYPE mzML {declaration}>\n", 1)
        return text.replace('id="writer"', f'id="{use}"')

    return change


LAUGHS = "".join(f'<!ENTITY l{i} "{"&l%d;" % (i - 1) * 10}">' for i in range(1, 10))
GROUP = '<referenceableParamGroup id="big">' + '<userParam name="a"/>' * 4000 + "</referenceableParamGroup>"

# name -> (change of the XML, words of the refusal)
REFUSED = {
    "entities in entities": (with_doctype(f'[<!ENTITY l0 "lol">{LAUGHS}]', "&l9;"), "a document type declaration"),
    "one large entity": (with_doctype(f'[<!ENTITY a "{"a" * 10**6}">]', "&a;" * 1000), "a document type declaration"),
    "external entity": (with_doctype('[<!ENTITY x SYSTEM "file:///etc/passwd">]', "&x;"), "a document type declaration"),
    "external document type": (with_doctype('SYSTEM "http://localhost:1/x.dtd"', "w"), "a document type declaration"),
    "parameter entity": (with_doctype('[<!ENTITY % p SYSTEM "/dev/zero"> %p;]', "w"), "a document type declaration"),
    "unknown entity": (lambda text: text.replace('id="writer"', 'id="&x;"'), "not well-formed"),
    "nesting in the header": (lambda text: text.replace("<softwareList", "<a>" * 10**6 + "<softwareList"), "nested more than 64 deep"),
    "nesting in a spectrum": (lambda text: text.replace("<scanList", "<scan>" * 10**6 + "<scanList", 1), "nested more than 64 deep"),
    "attributes": (
        lambda text: text.replace("<softwareList", "<softwareList " + " ".join(f'a{i}=""' for i in range(300000)) + " ", 1),
        "more than 4096 attributes",
    ),
    "a value of 20 MB": (lambda text: text.replace('id="writer"', f'id="{"w" * (20 << 20)}"'), "line "),
    "a header without end": (
        lambda text: text.replace("<softwareList", '<userParam name="a"/>' * (4 << 20) + "<softwareList"),
        "no <spectrumList> within the first",
    ),
    "a large group everywhere": (
        lambda text: text.replace("</referenceableParamGroupList>", GROUP + "</referenceableParamGroupList>").replace(
            "<fileContent>", "<fileContent>" + '<referenceableParamGroupRef ref="big"/>' * 2000
        ),
        "hold more than 65536 parameters together",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(mzgrid, tmp_path, name):
    change, words = REFUSED[name]
    source = image(tmp_path / "in.imzML")
    source.write_text(change(source.read_text()))
    for command in (["convert", source, tmp_path / "out.zarr", *AXIS, "-q"], ["validate", source, "--threads", 1]):
        status, err = run(mzgrid, *command)
        assert status == 1 and words in err and len(err.splitlines()) == 1, err[-500:]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.ibd", "in.imzML"]


def claims(accession, value):
    """The first such term of the second spectrum claims something else."""

    def change(text):
        head, *spectra = re.split(r"(?=<spectrum )", text)
        spectra[1], n = re.subn(rf'(accession="IMS:{accession}"[^>]*value=)"[^"]*"', rf'\1"{value}"', spectra[1], count=1)
        assert n == 1
        return head + "".join(spectra)

    return change


NUMBERS = [2**31, 2**32, 2**61, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64, "1e18", "1e308", "-1", -(2**63), "9" * 60, "9" * 10**6, "nan", "inf", "0x10", ""]


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "zlib"])
@pytest.mark.parametrize("accession", ["1000102", "1000103", "1000104"], ids=["offset", "length", "encoded"])
def test_numbers_are_claims(mzgrid, tmp_path, accession, compressed):
    """All of them in one file: a spectrum each, every second one sound."""
    pixels = [Pixel(x, 1, np.linspace(100, 200, 50), np.arange(50.0)) for x in range(1, 2 * len(NUMBERS) + 1)]
    source = write_imzml(tmp_path / "in.imzML", pixels, pixel_size=(1, 1), compressed=compressed)
    head, *spectra = re.split(r"(?=<spectrum )", source.read_text())
    for i, number in enumerate(NUMBERS):
        spectra[2 * i] = re.sub(rf'(accession="IMS:{accession}"[^>]*value=)"[^"]*"', rf'\1"{number}"', spectra[2 * i], count=1)
    source.write_text(head + "".join(spectra))
    status, err = run(mzgrid, "convert", source, tmp_path / "out.zarr", *AXIS, "--keep-going")
    assert status == 3, err
    skipped = {int(n) for n in re.findall(r"spectrum (\d+), .*; skipped", err)}
    assert skipped == set(range(1, 2 * len(NUMBERS), 2))
    status, err = run(mzgrid, "validate", source)
    assert status == 1 and not err


@pytest.mark.parametrize("element", ["referenceableParamGroupList", "spectrumList", "scanList", "binaryDataArrayList", "softwareList"])
def test_counts_are_claims(mzgrid, tmp_path, element):
    source = image(tmp_path / "in.imzML")
    text, n = re.subn(rf'<{element} count="\d+"', f'<{element} count="{2**62}"', source.read_text())
    assert n > 0
    source.write_text(text)
    status, err = run(mzgrid, "convert", source, tmp_path / "out.zarr", *AXIS)
    assert status == 0, err


def bombs(path, claimed, stored):
    """Five spectra of 50 points; the intensities of the second inflate to `stored` zeros, and claim to be `claimed`."""
    source = image(path, compressed=True)
    ibd = source.with_suffix(".ibd").read_bytes()
    head, *spectra = re.split(r"(?=<spectrum )", source.read_text())
    bomb = zlib.compress(bytes(4 * stored), 9)
    numbers = {"1000102": len(ibd), "1000104": len(bomb), "1000103": claimed}
    first, second = re.findall(r"<binaryDataArray .*?</binaryDataArray>", spectra[1])
    changed = second
    for accession, number in numbers.items():
        changed = re.sub(rf'(accession="IMS:{accession}"[^>]*value=)"\d+"', rf'\1"{number}"', changed)
    other = re.sub(r'(accession="IMS:1000103"[^>]*value=)"\d+"', rf'\1"{claimed}"', first)
    spectra[1] = spectra[1].replace(second, changed).replace(first, other)
    source.write_text(head + "".join(spectra))
    source.with_suffix(".ibd").write_bytes(ibd + bomb)
    return source


@pytest.mark.parametrize(
    "claimed, stored, words",
    [
        (50, 100 << 20, "its zlib stream is broken or holds more than its 50 values"),
        (1 << 30, 50, "encoded bytes cannot hold 1073741824 values"),
        (1 << 60, 50, "encoded bytes cannot hold"),
        (60000, 50, "cannot hold|holds fewer than its 60000 values"),
    ],
)
def test_decompression_bombs(mzgrid, tmp_path, claimed, stored, words):
    source = bombs(tmp_path / "in.imzML", claimed, stored)
    status, err = run(mzgrid, "convert", source, tmp_path / "out.zarr", *AXIS)
    assert status == 0, err
    (line,) = [line for line in err.splitlines() if line.endswith("; skipped")]
    assert "spectrum 2, " in line and re.search(words, line), line
    status, err = run(mzgrid, "validate", source)
    assert status == 1 and not err


def test_paths_in_the_file_are_not_followed(mzgrid, tmp_path):
    """The ibd is the file beside, whatever locations the XML names, and only a regular one."""
    source = image(tmp_path / "in.imzML")
    outside = '<sourceFileList count="1"><sourceFile id="a" name="../../other.ibd" location="file:///etc/passwd"/></sourceFileList>'
    source.write_text(source.read_text().replace("</fileDescription>", outside + "</fileDescription>"))
    status, err = run(mzgrid, "convert", source, tmp_path / "out.zarr", *AXIS, "--strict")
    assert status == 0, err
    source.with_suffix(".ibd").unlink()
    for make in (lambda p: os.mkfifo(p), lambda p: os.mkdir(p), lambda p: os.symlink("/dev/zero", p), lambda p: os.symlink("nowhere", p)):
        path = source.with_suffix(".ibd")
        make(path)
        status, err = run(mzgrid, "convert", source, tmp_path / "again.zarr", *AXIS, "-q")
        assert status == 1 and "in.ibd" in err and len(err.splitlines()) == 1, err
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
