"""`mzgrid validate` against what numpy finds; `--verify`; offsets that wrapped around at 32 bits."""
import hashlib
import json
import re

import numpy as np
import pytest

import reference
import stores
from sets import SETS
from writer import Pixel, write_imzml

HOW = ["--mass-axis-type", "constant", "--min-mz", 100, "--max-mz", 900, "--bins", 100, "--layout", "csr"]


def validate(mzgrid, source, ranks=1, threads=2):
    run = mzgrid("validate", source, "--json", "--threads", threads, ranks=ranks)
    report = json.loads(run.out)
    assert run.status == (0 if report["valid"] else 1) and not run.err, str(run)
    return report


def findings(report):
    return {f["kind"]: (f["count"], f["text"]) for f in report["findings"]}


def odd_image(path):
    rng = np.random.default_rng(17)
    pixels = []
    for i in range(90):
        mz = np.sort(rng.uniform(100, 900, rng.integers(0, 60)))
        intensity = rng.lognormal(2, 1, len(mz))
        if i % 4 == 1 and len(mz) > 8:
            mz[[2, 5]] = np.nan, -1.0
            intensity[[0, 1, 7]] = -2.0, np.inf, -np.inf
        if i % 5 == 2 and len(mz) > 8:
            mz[3:6] = mz[3]
            mz[7] = 1e9
        if i % 6 == 3:
            mz = mz[::-1]
        pixels.append(Pixel(i % 10 + 1, i // 10 + 1, mz, intensity, fault={7: "beyond", 50: "lengths"}.get(i)))
    return write_imzml(path, pixels, pixel_size=(1, 1)), pixels


def test_counts_are_those_of_numpy(mzgrid, tmp_path):
    source, pixels = odd_image(tmp_path / "in.imzML")
    report = validate(mzgrid, source)
    for ranks, threads in ((2, 1), (3, 3)):
        assert validate(mzgrid, source, ranks, threads) == report

    sound = [(i, p.mz, p.intensity.astype("f4").astype(float)) for i, p in enumerate(pixels) if not p.fault]
    with np.errstate(invalid="ignore"):
        wanted = {
            "mz_not_finite": [~np.isfinite(mz) for _, mz, _ in sound],
            "mz_not_positive": [mz <= 0 for _, mz, _ in sound],
            "mz_unsorted": [np.append(False, np.diff(mz) < 0) if len(mz) else mz > 0 for _, mz, _ in sound],
            "mz_repeated": [np.append(False, np.diff(mz) == 0) if len(mz) else mz > 0 for _, mz, _ in sound],
            "intensity_not_finite": [~np.isfinite(y) for _, _, y in sound],
            "intensity_negative": [(y < 0) & np.isfinite(y) for _, _, y in sound],
        }
    found = findings(report)
    for kind, masks in wanted.items():
        count = sum(m.sum() for m in masks)
        assert count > 0 and found[kind][0] == count, kind
        first = next(k for k, m in enumerate(masks) if m.any())
        place = f"at point {np.flatnonzero(masks[first])[0] + 1} of spectrum {sound[first][0] + 1}"
        assert found[kind][1].startswith(f"{count} ") and found[kind][1].endswith(place), found[kind]
        assert f" of {sum(m.any() for m in masks)} spectra " in found[kind][1]
    assert set(found) == {*wanted, "truncated_ibd"}
    assert report["points"] == sum(len(mz) for _, mz, _ in sound)
    assert report["empty_spectra"] == sum(len(mz) == 0 for _, mz, _ in sound) > 0
    faulty = report["faulty_spectra"]
    assert faulty["by_reason"] == {"array outside the file": 1, "lengths of m/z and intensity differ": 1}
    assert [(f["spectrum"], f["x"], f["y"]) for f in faulty["listed"]] == [(8, 8, 1), (51, 1, 6)]


def test_more_faults_than_are_listed(mzgrid, tmp_path):
    """The first thousand, whoever met them."""
    empty = np.zeros(0)
    pixels = [Pixel(i % 50 + 1, i // 50 + 1, empty, empty, fault="beyond") for i in range(1450)]
    source = write_imzml(tmp_path / "in.imzML", pixels)
    text = re.sub(r'(accession="IMS:100010[34]"[^>]*value=)"\d+"', r'\1"8"', source.read_text())
    source.write_text(text)
    report = validate(mzgrid, source)
    assert report["faulty_spectra"]["count"] == 1450
    assert [f["spectrum"] for f in report["faulty_spectra"]["listed"]] == list(range(1, 1001))
    assert validate(mzgrid, source, ranks=3, threads=3) == report


ODD_SETS = {
    "cardinal-2123-combined": {"small_grid"},
    "cardinal-combat-41k": {"intensity_negative"},
    "cardinal-combat-negative": {"intensity_negative"},
    "combat-40px-corrected": {"small_grid", "intensity_negative"},
    "thyra-gen-processed": {"mz_not_positive"},
    "thyra-two-scansettings": {"scan_settings"},
}


@pytest.mark.parametrize("name", SETS)
def test_real_sets(mzgrid, data, name):
    source = data / name / f"{name}.imzML"
    document = reference.read_imzml(source)
    report = validate(mzgrid, source, ranks=SETS.index(name) % 2 + 1)
    assert set(findings(report)) == ODD_SETS.get(name, set())
    assert report["faulty_spectra"] == {"count": 0, "by_reason": {}, "listed": []}
    assert report["spectra"] == len(document.spectra)
    assert report["points"] == sum(len(reference.decode(document, s)[0]) for s in document.spectra)
    assert report["checksum_status"] == ("none" if report["checksum_type"] == "none" else "agrees")


ALGORITHMS = {"MD5": ("IMS:1000090", "md5"), "SHA-1": ("IMS:1000091", "sha1"), "SHA-256": ("IMS:1000092", "sha256")}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_verify(mzgrid, tmp_path, name):
    """The checksum as hashlib computes it; the same store for any number of ranks."""
    accession, algorithm = ALGORITHMS[name]
    pixels = [Pixel(x, 1, np.arange(100.0, 200.0), np.ones(100)) for x in range(1, 5)]
    source = write_imzml(tmp_path / "in.imzML", pixels, pixel_size=(1, 1))
    ibd = source.with_suffix(".ibd").read_bytes()
    digest = getattr(hashlib, algorithm)(ibd).hexdigest()
    text = re.sub(r'accession="IMS:1000091"([^>]*)value="\w+"', rf'accession="{accession}"\1value="{digest}"', source.read_text())
    source.write_text(text)
    assert validate(mzgrid, source)["checksum_status"] == "agrees"
    for wrong in (False, True):
        if wrong:
            source.with_suffix(".ibd").write_bytes(ibd[:-1] + bytes([ibd[-1] ^ 1]))
        for ranks in (1, 3):
            path = tmp_path / f"{wrong}{ranks}.zarr"
            run = mzgrid.convert(source, path, *HOW, "--verify", ranks=ranks)
            assert (f"the {name} of its ibd is " in run.err) == wrong, str(run)
            imzml = stores.open_store(path).table.uns["imzml"]
            assert imzml["checksum_status"] == ("differs" if wrong else "agrees")
            assert (f"expected {digest}" in str(imzml["findings"])) == wrong
            stores.assert_same_tree(tmp_path / f"{wrong}1.zarr", path)
        mzgrid.convert(source, tmp_path / "not.zarr", *HOW, "--overwrite")
        assert stores.open_store(tmp_path / "not.zarr").table.uns["imzml"]["checksum_status"] == "not verified"
    run = mzgrid("convert", source, tmp_path / "strict.zarr", *HOW, "--strict", "--verify")
    assert run.status == 1 and f"the {name} of its ibd is" in run.err.splitlines()[-1]
    assert not (tmp_path / "strict.zarr").exists()


GIB = 1 << 30


WRAPPED = [(2 * GIB, "signed", True), (2 * GIB, "unsigned", True), (2 * GIB, "signed", False), (4 * GIB, "unsigned", True), (4 * GIB, "signed", False)]


@pytest.mark.parametrize("hole, bits, whole", WRAPPED)
def test_wrapped_offsets(mzgrid, tmp_path, hole, bits, whole):
    """A first spectrum so long that the offsets behind it do not fit 32 bits; its m/z are a hole in the ibd, which is
    not read, because its intensities are fewer. Where the arrays reach the end of the ibd the offsets are proven."""
    mz = np.arange(100.0, 150.0)
    pixels = [Pixel(x, 1, mz, np.arange(50.0) + x) for x in range(1, 6)]
    source = write_imzml(tmp_path / "in.imzML", pixels, pixel_size=(1, 1))
    ibd = source.with_suffix(".ibd")
    rest = ibd.read_bytes()[16:]
    with ibd.open("r+b") as file:
        file.seek(16 + hole)
        file.write(rest if whole else rest + b"more")
    text = re.sub(term("IMS:1000091"), "", source.read_text())
    text = text.replace('value="50"', f'value="{50 + hole // 8}"', 1).replace('value="400"', f'value="{400 + hole}"', 1)
    n_wrapped = 0

    def wrap(match):
        nonlocal n_wrapped
        offset = int(match[2])
        offset += hole if offset > 16 else 0
        wrapped = offset % 2**32
        if bits == "signed" and wrapped >= 2**31:
            wrapped -= 2**32
        n_wrapped += wrapped != offset
        return f'{match[1]}"{wrapped}"'

    source.write_text(re.sub(r'(accession="IMS:1000102"[^>]*value=)"(\d+)"', wrap, text))
    assert n_wrapped == (0 if (hole, bits) == (2 * GIB, "unsigned") else 9)
    report = validate(mzgrid, source, ranks=2)
    found = findings(report)
    repaired = whole and n_wrapped > 0
    assert ("wrapped_offsets" in found) == repaired
    if repaired:
        assert found["wrapped_offsets"][0] == n_wrapped and "first: intensity array of spectrum 1, " in found["wrapped_offsets"][1]
    readable = repaired or n_wrapped == 0
    if bits == "signed" or readable:
        assert report["faulty_spectra"]["count"] == (1 if readable else 5)
    if not readable:
        return
    run = mzgrid.convert(source, tmp_path / "out.zarr", *HOW, "--interpolation-method", "nearest_neighbor", ranks=2)
    table = stores.open_store(tmp_path / "out.zarr").table
    assert list(table.obs["instance_key"]) == [2, 3, 4, 5]
    wanted = np.array([np.histogram(mz, bins=100, range=(100, 900), weights=p.intensity)[0] for p in pixels[1:]])
    assert np.array_equal(table.X.toarray(), wanted.astype(np.float32))
    assert ("offsets wrapped around at 32 bits" in run.err) == repaired
    strict = mzgrid("convert", source, tmp_path / "strict.zarr", *HOW, "--strict")
    assert strict.status == (1 if repaired else 0), str(strict)


def term(accession):
    return rf'<cvParam [^>]*accession="{accession}"[^>]*/>'
