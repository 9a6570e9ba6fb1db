"""One small image, written in all the ways that exporters have: each must give the same rows, and validate must say of
each exactly what is odd about it."""
import json
import re

import numpy as np
import pytest

import stores
from writer import Pixel, write_imzml

AXIS = ["--mass-axis-type", "constant", "--min-mz", 100, "--max-mz", 130, "--bins", 60]
HOW = [*AXIS, "--interpolation-method", "nearest_neighbor", "--layout", "csr"]
PLACES = [(x, y) for y in (1, 2) for x in (1, 2, 3)]


def image(**options):
    """Whole numbers, which every type of array can hold; all m/z below 128."""
    rng = np.random.default_rng(3)
    mz = np.sort(rng.choice(np.arange(100, 127), 12, replace=False)).astype(float)
    pixels = []
    for x, y in PLACES:
        if not options.get("continuous"):
            mz = np.sort(rng.choice(np.arange(100, 127), 12, replace=False)).astype(float)
        pixels.append(Pixel(x, y, mz, rng.integers(1, 100, 12).astype(float)))
    return pixels


def term(accession):
    return rf'<cvParam [^>]*accession="{accession}"[^>]*/>'


def sub(pattern, replacement, count=0):
    def change(text, ibd):
        changed, n = re.subn(pattern, replacement, text, count=count)
        assert n > 0, pattern
        return changed, ibd

    return change


def encoded(encoding, declared=None, mark=b""):
    """With a name in it that is not ASCII."""

    def change(text, ibd):
        text = text.replace('id="writer"', 'id="writer \u00e9\u20ac"' if encoding == "cp1252" else 'id="writer \u00e9"')
        text = text.replace('encoding="UTF-8"', f'encoding="{declared or encoding}"')
        return mark + text.encode(encoding), ibd

    return change


def both(*changes):
    def change(text, ibd):
        for one in changes:
            text, ibd = one(text, ibd)
        return text, ibd

    return change


def number_format(pattern):
    """Offsets, lengths and positions printed as some writers do."""

    def change(text, ibd):
        numbers = "|".join(f"IMS:10001{n:02d}" for n in (2, 3, 4)) + "|IMS:1000050|IMS:1000051"
        found = rf'(accession="(?:{numbers})"[^>]*value=")(\d+)"'
        return re.sub(found, lambda m: f'{m[1]}{pattern % int(m[2])}"', text), ibd

    return change


def positions_in_user_params(text, ibd):
    for axis, accession in (("X", "IMS:1000050"), ("Y", "IMS:1000051")):
        found = rf'<cvParam [^>]*accession="{accession}"[^>]*value="(\d+)"/>'
        text = re.sub(found, rf'<userParam name="3DPosition{axis}" value="\1.000000" type="xsd:float"/>', text)
    return text, ibd


def arrays_swapped(text, ibd):
    array = r"<binaryDataArray .*?</binaryDataArray>"
    return re.sub(rf"({array})({array})", r"\2\1", text), ibd


def without_groups(text, ibd):
    """Each reference replaced by the terms of its group."""
    found = dict(re.findall(r'<referenceableParamGroup id="(\w+)">(.*?)</referenceableParamGroup>', text))
    text = re.sub(r'<referenceableParamGroupRef ref="(\w+)"/>', lambda m: found[m[1]], text)
    return re.sub(r"<referenceableParamGroupList.*?</referenceableParamGroupList>", "", text), ibd


def nested_groups(text, ibd):
    outer = (
        '<referenceableParamGroup id="outer"><referenceableParamGroupRef ref="inner"/></referenceableParamGroup>'
        '<referenceableParamGroup id="inner"><referenceableParamGroupRef ref="mz"/></referenceableParamGroup>'
    )
    text = text.replace("</referenceableParamGroupList>", outer + "</referenceableParamGroupList>")
    return re.sub(r'(<binaryDataArray [^>]*><referenceableParamGroupRef ref=)"mz"', r'\1"outer"', text), ibd


def extra_array(terms):
    one = f'<binaryDataArray encodedLength="0">{terms}<binary/></binaryDataArray>'

    def change(text, ibd):
        return text.replace("</binaryDataArrayList>", one + "</binaryDataArrayList>"), ibd

    return change


def shares_arrays(text, ibd):
    """The fifth spectrum becomes one that has the arrays of the first."""
    spectra = re.findall(r"<spectrum .*?</spectrum>", text, flags=re.S)
    arrays = r"<binaryDataArrayList.*?</binaryDataArrayList>"
    first, fifth = (re.search(arrays, s)[0] for s in (spectra[0], spectra[4]))
    return text.replace(fifth, first), ibd


def indexed(text, ibd):
    head, rest = text.split("\n", 1)
    wrapped = f'{head}\n<indexedmzML xmlns="http://psi.hupo.org/ms/mzml">{rest}<indexList count="0"/></indexedmzML>'
    return wrapped, ibd


def prefixed(text, ibd):
    text = re.sub(r"<(/?)(\w)", r"<\1m:\2", text)
    return text.replace("xmlns=", "xmlns:m=").replace("<?m:", "<?"), ibd


UUID = "6f1b0f62-5ad3-4c3e-9d02-0d9a5a1c7e21"
ONE_TERM = '<cvParam cvRef="MS" accession="MS:%s" name="x" value=""/>'

# name -> (change, kinds of findings that validate prints)
VARIANTS = {
    "as it is": (lambda text, ibd: (text, ibd), []),
    "ISO-8859-1": (encoded("ISO-8859-1"), []),
    "UTF-8 with a mark": (encoded("UTF-8", mark=b"\xef\xbb\xbf"), []),
    "UTF-16": (encoded("UTF-16"), []),
    "Windows-1252 as UTF-8": (encoded("cp1252", "UTF-8"), ["encoding"]),
    "Windows-1252": (encoded("cp1252", "windows-1252"), []),
    "CRLF": (lambda text, ibd: (text.replace("\n", "\r\n"), ibd), []),
    "one line": (lambda text, ibd: (text.replace("\n", ""), ibd), []),
    "spread out": (lambda text, ibd: (text.replace("><", ">\n\n\t<"), ibd), []),
    "comments": (lambda text, ibd: (text.replace("><", "><!-- <cvParam/> --><"), ibd), []),
    "indexed": (indexed, []),
    "prefixed": (prefixed, []),
    "numbers with exponents": (number_format("%.9e"), []),
    "numbers with decimals": (number_format("%.1f"), []),
    "numbers with blanks": (number_format("  %d "), []),
    "bare UUID": (sub(r"\{[0-9A-F-]+\}", UUID.replace("-", "")), []),
    "lower UUID": (sub(r"\{[0-9A-F-]+\}", UUID), []),
    "names mean nothing": (sub(r' name="[^"]*"', ' name="32-bit float"'), []),
    "cvRef means nothing": (sub(r'cvRef="(IMS|MS)"', 'cvRef="XX"'), []),
    "no value": (sub(r' value=""', ""), []),
    "no external data term": (sub(term("IMS:1000101"), ""), []),
    "no encoded length": (sub(term("IMS:1000104"), ""), []),
    "no compression term": (sub(term("MS:1000576"), ""), []),
    "offsets in software": (
        sub('<software id="writer" version="1"/>', '<software id="writer"><cvParam accession="IMS:1000102" value="7"/></software>'),
        [],
    ),
    "user positions": (positions_in_user_params, ["user_position"]),
    "arrays the other way round": (arrays_swapped, []),
    "no groups": (without_groups, []),
    "groups in groups": (nested_groups, []),
    "a missing group": (sub('ref="spectrum"', 'ref="gone"'), ["group_missing"]),
    "charges": (extra_array(ONE_TERM % "1000516" + ONE_TERM % "1000521"), ["extra_array"]),
    "Numpress on an extra array": (extra_array(ONE_TERM % "1000517" + ONE_TERM % "1002312"), ["extra_array"]),
    "ion mobilities": (extra_array(ONE_TERM % "1003006" + ONE_TERM % "1000523"), []),
    "old accession of processed": (sub("IMS:1000031", "IMS:1000032"), []),
    "no mode": (sub(term("IMS:1000031"), ""), ["mode"]),
    "no type": (sub(term("MS:1000127"), ""), ["no_type"]),
    "no checksum": (sub(term("IMS:1000091"), ""), []),
    "empty checksum": (sub(r'(accession="IMS:1000091"[^>]*value=)"\w+"', r'\1""'), ["checksum_term"]),
    "checksum that is none": (sub(r'(accession="IMS:1000091"[^>]*value=)"\w+"', r'\1"not known"'), ["checksum_term"]),
    "upper-case checksum": (sub(r'(accession="IMS:1000091"[^>]*value=)"(\w+)"', lambda m: f'{m[1]}"{m[2].upper()}"'), []),
    "wrong count": (sub(r'<spectrumList count="\d+"', '<spectrumList count="4611686018427387904"'), ["count"]),
    "no count": (sub(r'<spectrumList count="\d+"', "<spectrumList"), []),
    "small grid": (
        sub('<scanSettings id="scan">', '<scanSettings id="scan"><cvParam accession="IMS:1000042" value="2"/>'),
        ["small_grid"],
    ),
    "scan directions": (
        sub(
            '<scanSettings id="scan">',
            '<scanSettings id="scan">' + "".join(f'<cvParam accession="IMS:{n}"/>' for n in (1000400, 1000411, 1000480, 1000491)),
        ),
        [],
    ),
}  # fmt: skip

# name -> (options of the writer, change, kinds): the same values stored in other ways
STORED = {
    "zlib": ({"compressed": True}, None, []),
    "zlib without encoded length": ({"compressed": True}, sub(term("IMS:1000104"), ""), []),
    "32-bit m/z": ({"mz_type": "<f4", "intensity_type": "<f8"}, None, []),
    "64-bit integers": ({"mz_type": "<i8", "intensity_type": "<i8"}, None, []),
    "32-bit integers": ({"mz_type": "<i4", "intensity_type": "<i4"}, None, []),
    "obsolete 64-bit integers": ({"mz_type": "<i8"}, sub("MS:1000522", "IMS:1000142"), []),
    "obsolete 32-bit integers": ({"intensity_type": "<i4"}, sub("MS:1000519", "IMS:1000141"), []),
    "16-bit integers": ({"intensity_type": "<i2"}, None, []),
    "8-bit integers": ({"mz_type": "<i1", "intensity_type": "<i1"}, None, []),
    "positions in spectrum": ({"in_spectrum": True}, None, []),
    "declared continuous": ({}, sub("IMS:1000031", "IMS:1000030"), ["mode"]),
    "two types": (
        {"mz_type": "<f4"},
        sub(r'(<referenceableParamGroup id="mz">)', r"\1" + ONE_TERM % "1000523"),
        ["two_types"],
    ),
}


def rows(mzgrid, source, path, *options, ranks=1):
    run = mzgrid("convert", source, path, *HOW, *options, "--threads", 1, "--progress", "none", ranks=ranks)
    assert run.status == 0, str(run)
    table = stores.anndata.read_zarr(path / "tables" / "msi_dataset_z0")
    return table.X.toarray(), table.obs.drop(columns="region")


def kinds(mzgrid, source, ranks=1):
    run = mzgrid("validate", source, "--json", "--threads", 1, ranks=ranks)
    report = json.loads(run.out)
    assert run.status == (0 if report["valid"] else 1), str(run)
    assert report["valid"] == (report["findings"] == [] and report["faulty_spectra"]["count"] == 0)
    assert report["faulty_spectra"]["count"] == 0, str(run)
    return [finding["kind"] for finding in report["findings"]]


@pytest.fixture(scope="module")
def plain(mzgrid, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    return rows(mzgrid, write_imzml(folder / "in.imzML", image(), pixel_size=(10, 10)), folder / "out.zarr")


def assert_same(got, wanted):
    assert np.array_equal(got[0], wanted[0])
    assert got[1].equals(wanted[1])


def written(path, change, options=None):
    """The file, with its change."""
    source = write_imzml(path, image(), pixel_size=(10, 10), **(options or {}))
    if change:
        text, ibd = change(source.read_text(), source.with_suffix(".ibd").read_bytes())
        source.write_bytes(text if isinstance(text, bytes) else text.encode())
        source.with_suffix(".ibd").write_bytes(ibd)
    return source


@pytest.mark.parametrize("name", VARIANTS)
def test_the_same_image_described_otherwise(mzgrid, plain, tmp_path, name):
    change, wanted = VARIANTS[name]
    source = written(tmp_path / "in.imzML", change)
    assert kinds(mzgrid, source) == wanted
    assert_same(rows(mzgrid, source, tmp_path / "out.zarr"), plain)


@pytest.mark.parametrize("name", STORED)
def test_the_same_image_stored_otherwise(mzgrid, plain, tmp_path, name):
    options, change, wanted = STORED[name]
    source = written(tmp_path / "in.imzML", change, options)
    assert kinds(mzgrid, source) == wanted
    assert_same(rows(mzgrid, source, tmp_path / "out.zarr"), plain)


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "zlib"])
@pytest.mark.parametrize("declared", ["IMS:1000030", "IMS:1000031"], ids=["continuous", "processed"])
def test_the_offsets_decide_what_is_shared(mzgrid, tmp_path, declared, compressed):
    """One m/z array for all, declared as what it is or not; against the same values stored apart."""
    pixels = image(continuous=True)
    apart = rows(mzgrid, write_imzml(tmp_path / "apart.imzML", pixels, pixel_size=(10, 10)), tmp_path / "apart.zarr")
    source = write_imzml(tmp_path / "in.imzML", pixels, continuous=True, compressed=compressed, pixel_size=(10, 10))
    source.write_text(source.read_text().replace("IMS:1000030", declared))
    assert kinds(mzgrid, source) == (["mode"] if declared == "IMS:1000031" else [])
    assert_same(rows(mzgrid, source, tmp_path / "out.zarr", ranks=2), apart)


def test_processed_spectra_may_share_arrays(mzgrid, plain, tmp_path):
    source = written(tmp_path / "in.imzML", shares_arrays)
    assert kinds(mzgrid, source) == []
    X, _ = rows(mzgrid, source, tmp_path / "out.zarr")
    assert np.array_equal(X[4], plain[0][0])
    assert np.array_equal(np.delete(X, 4, axis=0), np.delete(plain[0], 4, axis=0))


@pytest.mark.parametrize("imzml, ibd", [("A.IMZML", "A.IBD"), ("a.imzml", "a.Ibd"), ("a.b.ImzML", "a.b.ibd")])
def test_extensions_in_any_letter_case(mzgrid, plain, tmp_path, imzml, ibd):
    source = written(tmp_path / "in.imzML", None)
    source.with_suffix(".ibd").rename(tmp_path / ibd)
    source = source.rename(tmp_path / imzml)
    assert kinds(mzgrid, source) == []
    assert_same(rows(mzgrid, source, tmp_path / "out.zarr"), plain)


def test_bytes_that_are_no_text_make_no_number(mzgrid, plain, tmp_path):
    """Of bytes that contradict the declared encoding names may be made, but not positions."""
    source = written(tmp_path / "in.imzML", lambda text, ibd: (text, ibd))
    xml = source.read_bytes().replace(b'name="position x" value="2"', b'name="position x" value="2\xe9"', 1)
    source.write_bytes(xml)
    for ranks in (1, 3):
        X, obs = rows(mzgrid, source, tmp_path / f"{ranks}.zarr", ranks=ranks)
        assert np.array_equal(X, np.delete(plain[0], 1, axis=0)) and list(obs.index) == list("13456")
    report = json.loads(mzgrid("validate", source, "--json").out)
    assert [f["kind"] for f in report["findings"]] == ["encoding", "no_position"]
    assert report["faulty_spectra"]["by_reason"] == {"unreadable number": 1}


def test_warnings_about_values_name_the_first_spectrum(mzgrid, tmp_path):
    """Once for each kind, the same on any number of ranks and chunks."""
    pixels = image()
    pixels[1].intensity[[3, 4]] = -1.0
    pixels[2].mz[2], pixels[2].intensity[5] = np.nan, np.inf
    pixels[3].mz[4] = pixels[3].mz[3]
    pixels[4].mz[:] = pixels[4].mz[::-1].copy()
    pixels[5].mz[-1] = 500.0
    pixels[5].intensity[0] = -3.0
    source = write_imzml(tmp_path / "in.imzML", pixels, pixel_size=(10, 10), intensity_type="<f8")
    share = pixels[5].intensity[-1] / sum(np.abs(p.intensity[np.isfinite(p.intensity)]).sum() for p in pixels)
    wanted = [
        f"1 points with {100 * share:.3g} % of the intensity lie outside the mass axis and were dropped, as was asked; first: spectrum 6",
        "2 points with an m/z or intensity that is not finite, or an m/z of 0 or below, were dropped; first: spectrum 3",
        "3 points have a negative intensity, and were used as they are; first: spectrum 2",
        "1 spectra had unsorted m/z and were sorted; first: spectrum 5",
        "1 spectra had the same m/z more than once; the intensities were added; first: spectrum 4",
    ]
    for ranks, chunk in ((1, 100), (2, 1), (3, 2)):
        run = mzgrid.convert(source, tmp_path / "out.zarr", *HOW, "--overwrite", "--chunk-size", chunk, "-q", ranks=ranks)
        assert run.err.splitlines() == [f"mzgrid: warning: {line}" for line in wanted]


MOBILITY = ONE_TERM % "1003006" + ONE_TERM % "1000523"


def test_mobility_sum(mzgrid, tmp_path):
    """m/z that repeat for each ion mobility, in the order of mobilities: `sum` says so, and adds them, as numpy does."""
    rng = np.random.default_rng(11)
    peaks = np.arange(100.25, 130, 0.5)
    pixels = []
    for x, y in PLACES:
        mz = np.concatenate([np.sort(rng.choice(peaks, 9, replace=False)) for _ in range(4)])
        pixels.append(Pixel(x, y, mz, rng.integers(1, 50, 36).astype(float)))
    source = write_imzml(tmp_path / "in.imzML", pixels, pixel_size=(10, 10))
    change = extra_array(MOBILITY)
    source.write_text(change(source.read_text(), None)[0])
    wanted = np.array([np.histogram(p.mz, bins=60, range=(100, 130), weights=p.intensity)[0] for p in pixels])
    for how, warns in (("skip", True), ("sum", False)):
        run = mzgrid.convert(source, tmp_path / f"{how}.zarr", *HOW, "--mobility", how, ranks=2)
        table = stores.open_store(tmp_path / f"{how}.zarr").table
        assert np.array_equal(table.X.toarray(), wanted.astype(np.float32))
        assert table.uns["mzgrid"]["options"].get("mobility", "skip") == how
        for words in ("MS:1003006 mean inverse reduced ion mobility array", "more than once", "unsorted"):
            assert (words in run.err) == warns, (how, words, run.err)
    assert "6 spectra had an m/z at several ion mobilities" in run.err
    assert kinds(mzgrid, source) == []
    plain = write_imzml(tmp_path / "plain.imzML", pixels, pixel_size=(10, 10))
    run = mzgrid.convert(plain, tmp_path / "plain.zarr", *HOW, "--mobility", "sum")
    assert "--mobility sum: no spectrum has an array of ion mobilities" in run.err


@pytest.mark.parametrize(
    "accession, name",
    [("1002312", "MS-Numpress linear"), ("1002747", "MS-Numpress positive"), ("1003089", "truncation, delta"), ("1003780", "zstd")],
)
def test_encodings_that_cannot_be_read_are_refused_by_name(mzgrid, tmp_path, accession, name):
    source = written(tmp_path / "in.imzML", sub("MS:1000576", f"MS:{accession}"))
    for ranks in (1, 3):
        run = mzgrid("convert", source, tmp_path / "out.zarr", *HOW, ranks=ranks)
        assert run.status == 1 and f"MS:{accession} {name}" in run.err.splitlines()[-1]
        report = mzgrid("validate", source, "--json", ranks=ranks)
        assert report.status == 1 and f"MS:{accession}" in json.loads(report.out)["refused"]


@pytest.mark.parametrize("kind", ["centroid", "profile", "continuous"])
def test_the_data_decide_what_nothing_says(mzgrid, tmp_path, kind):
    source = tmp_path / "in.imzML"
    run = mzgrid("generate", source, "--size", "6x6", "--full", "--kind", kind, "--points", 400, "-q")
    assert run.status == 0, str(run)
    source.write_text(re.sub(term("MS:100012[78]"), "", source.read_text()))
    wanted = "centroid" if kind == "centroid" else "profile"
    for ranks in (1, 3):
        path = tmp_path / f"{ranks}.zarr"
        run = mzgrid("convert", source, path, "--bins", 100, "--layout", "csr", ranks=ranks)
        assert run.status == 0 and f"mzgrid takes the spectra as {wanted} spectra, because " in run.err, str(run)
    resampling = stores.open_store(path).table.uns["mzgrid"]["resampling"]
    assert resampling["spectrum_type"] == wanted and "regular" in str(resampling["spectrum_type_reason"])
    stores.assert_same_tree(path, tmp_path / "1.zarr")
