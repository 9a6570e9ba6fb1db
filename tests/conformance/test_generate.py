"""Generated files as another reader sees them: pyimzML finds every spectrum, in order, and identity holds."""
import hashlib
import uuid

import numpy as np
import pytest
from pyimzml.ImzMLParser import ImzMLParser

KINDS = ["centroid", "profile", "continuous"]

# SHA-256 of the ibd, as the first version wrote it: results that were measured on generated data stay comparable.
DIGESTS = {
    "centroid": "3ca99b25a52efca7a98ae68869326e1d954f63adfb14d070bb3ebdd840eca041",
    "profile": "26954abdaaec0ea2162a572c8c2a1a0d5b677a1454d84902151222d47c096bba",
    "continuous": "749f272db1f9c19904a1eec56b2d3728777e68fae9538c42382a5064a276f026",
}
WIDTH, HEIGHT, POINTS = 24, 18, 400


def generate(mzgrid, path, *options, kind="centroid", ranks=1, status=0):
    run = mzgrid("generate", path, "--size", f"{WIDTH}x{HEIGHT}", "--kind", kind, "--points", POINTS, "--seed", 3,
                 *options, ranks=ranks)
    assert run.status == status, str(run)
    return run


def terms(param_group):
    return {accession: value for _, accession, value, *_ in param_group.cv_params}


@pytest.fixture(scope="module", params=KINDS)
def sample(request, mzgrid, tmp_path_factory):
    path = tmp_path_factory.mktemp("generated") / f"{request.param}.imzML"
    generate(mzgrid, path, kind=request.param, ranks=2)
    return request.param, path, ImzMLParser(str(path))


def test_identity(sample):
    kind, path, parser = sample
    ibd = path.with_suffix(".ibd").read_bytes()
    content = terms(parser.metadata.file_description)
    assert content["IMS:1000091"].lower() == hashlib.sha1(ibd).hexdigest()
    assert uuid.UUID(content["IMS:1000080"]).bytes == ibd[:16]
    assert ("IMS:1000030" in content) == (kind == "continuous")
    assert ("IMS:1000031" in content) == (kind != "continuous")
    assert ("MS:1000127" in content) == (kind == "centroid")
    assert ("MS:1000128" in content) == (kind != "centroid")


def test_bytes_are_those_of_the_first_version(sample):
    kind, path, _ = sample
    assert hashlib.sha256(path.with_suffix(".ibd").read_bytes()).hexdigest() == DIGESTS[kind]


def test_raster(sample):
    _, _, parser = sample
    raster = parser.imzmldict
    assert (raster["max count of pixels x"], raster["max count of pixels y"]) == (WIDTH, HEIGHT)
    assert (raster["max dimension x"], raster["max dimension y"]) == (50 * WIDTH, 50 * HEIGHT)
    assert (raster["pixel size x"], raster["pixel size y"]) == (50, 50)
    rows = [(y, x) for x, y, _ in parser.coordinates]
    assert rows == sorted(set(rows))
    assert all(1 <= x <= WIDTH and 1 <= y <= HEIGHT for y, x in rows)
    assert 0.6 * WIDTH * HEIGHT < len(rows) < 0.9 * WIDTH * HEIGHT
    assert not {(1, 1), (1, WIDTH), (HEIGHT, 1), (HEIGHT, WIDTH)} & set(rows)


def test_spectra(sample):
    kind, path, parser = sample
    used = 16 + (POINTS * 8 if kind == "continuous" else 0)
    lengths = []
    for i in range(len(parser.coordinates)):
        mz, intensity = parser.getspectrum(i)
        assert mz.dtype == np.float64 and intensity.dtype == np.float32
        assert len(mz) == len(intensity)
        assert np.all(np.diff(mz) > 0) and np.all((mz >= 100) & (mz <= 1000.0001))
        assert np.all(intensity >= 0) and np.all(np.isfinite(intensity))
        lengths.append(len(mz))
        used += intensity.nbytes + (0 if kind == "continuous" else mz.nbytes)
    assert used == path.with_suffix(".ibd").stat().st_size
    if kind == "continuous":
        assert set(lengths) == {POINTS}
    else:
        filled = [n for n in lengths if n > 0]
        assert np.mean(filled) == pytest.approx(POINTS, rel=0.1)
        assert len(set(filled)) > 50


def test_observed_range(sample):
    """The lowest and highest m/z in the XML are those of the arrays, rounded to the digits printed."""
    kind, path, parser = sample
    import lxml.etree

    namespace = "{http://psi.hupo.org/ms/mzml}"
    for i, element in enumerate(lxml.etree.parse(str(path)).iter(namespace + "spectrum")):
        values = {p.get("accession"): p.get("value") for p in element.findall(namespace + "cvParam")}
        mz, _ = parser.getspectrum(i)
        if kind == "continuous" or len(mz) == 0:
            assert "MS:1000528" not in values and "MS:1000527" not in values
        else:
            assert float(values["MS:1000528"]) == pytest.approx(mz[0], abs=0.51e-6)
            assert float(values["MS:1000527"]) == pytest.approx(mz[-1], abs=0.51e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_same_bytes_for_any_ranks_and_threads(mzgrid, tmp_path, kind):
    digests = set()
    for ranks, threads in [(1, 1), (1, 2), (3, 1), (4, 2)]:
        path = tmp_path / f"{ranks}-{threads}.imzML"
        generate(mzgrid, path, "--threads", threads, kind=kind, ranks=ranks)
        digests.add((hashlib.sha256(path.read_bytes()).hexdigest(),
                     hashlib.sha256(path.with_suffix(".ibd").read_bytes()).hexdigest()))
    assert len(digests) == 1


def test_full_raster(mzgrid, tmp_path):
    path = tmp_path / "full.imzML"
    generate(mzgrid, path, "--full")
    assert len(ImzMLParser(str(path)).coordinates) == WIDTH * HEIGHT


def test_existing_output_is_kept(mzgrid, tmp_path):
    path = tmp_path / "sample.imzML"
    generate(mzgrid, path)
    before = path.read_bytes()
    run = generate(mzgrid, path, kind="profile", status=1, ranks=2)
    assert run.err.count("\n") == 1 and str(path) in run.err and "--overwrite" in run.err
    assert path.read_bytes() == before
    generate(mzgrid, path, "--overwrite", kind="profile")
    assert path.read_bytes() != before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["sample.ibd", "sample.imzML"]
