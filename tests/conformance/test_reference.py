"""The reference itself, against what others have found: digests, literal numbers, a second decoder, scipy."""
import hashlib
import math
import struct

import numpy as np
import pytest

import reference
from sets import SETS
from writer import Pixel, write_imzml


@pytest.fixture(scope="module")
def digests(data):
    lines = (data / "DIGESTS.tsv").read_text().splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return {row[0]: dict(zip(rows[0], row)) for row in rows[1:]}


def test_every_set_is_named(data, digests):
    assert sorted(SETS) == sorted(digests) == sorted(p.name for p in data.iterdir() if p.is_dir())


@pytest.mark.parametrize("name", SETS)
def test_decoded_arrays_match_the_published_digest(data, digests, name):
    document = reference.read_imzml(data / name / f"{name}.imzML")
    digest, points, intensities = hashlib.sha256(), 0, []
    for s in document.spectra:
        mz, intensity = reference.decode(document, s)
        digest.update(struct.pack("<qqq", *s.position[:2], len(mz)) + mz.tobytes() + intensity.tobytes())
        points += len(mz)
        intensities.append(math.fsum(intensity))
    assert digest.hexdigest() == digests[name]["decoded_sha256"]
    assert points == int(digests[name]["points"])
    assert math.fsum(intensities) == pytest.approx(float(digests[name]["sum_intensity"]), rel=1e-8)


@pytest.mark.parametrize(
    "law, bins",
    [("constant", 380000), ("linear_tof", 439195), ("reflector_tof", 599147), ("orbitrap", 982069), ("fticr", 1900000)],
)
def test_number_of_bins_of_5_mda_at_1000(law, bins):
    """As widely quoted; where the ends of the range are no edges of the endless grid, one more."""
    assert bins <= reference.count_bins(law, 100.0, 2000.0, 0.005) <= bins + 1


@pytest.mark.parametrize("law", reference.LAWS)
def test_bin_width_at_the_reference_and_its_growth(law):
    """The edges of narrow bins show the width asked for at the reference, and the law's growth between two m/z."""
    axis = reference.axis(law, 400.0, 1200.0, width=0.2, reference=1000.0)
    width = np.diff(axis.edges)
    at = {m: width[np.searchsorted(axis.centers, m)] for m in (500.0, 1000.0)}
    assert at[1000.0] == pytest.approx(0.2, rel=1e-3)
    assert at[1000.0] / at[500.0] == pytest.approx(2 ** reference.EXPONENTS[law], rel=1e-3)


def test_two_term_law_lies_between_its_terms():
    count = {b: reference.count_bins("tof", 100.0, 2000.0, 0.005, tof=(1.0, b)) for b in (1e-9, 1e9)}
    assert count[1e-9] in (439195, 439196) and count[1e9] in (599147, 599148)


def test_equal_bins_have_literal_edges():
    axis = reference.axis("constant", 100.0, 200.0, bins=4)
    assert axis.edges.tolist() == [100.0, 125.0, 150.0, 175.0, 200.0]
    assert axis.centers.tolist() == [112.5, 137.5, 162.5, 187.5]
    axis = reference.axis("fticr", 1.0, 4.0, bins=3)
    assert axis.edges.tolist() == pytest.approx([1.0, 4 / 3, 2.0, 4.0], rel=1e-15)
    assert reference.axis("constant", 1.0, 2.0, width=0.3).edges.tolist() == pytest.approx([0.9, 1.2, 1.5, 1.8, 2.1])


def test_points_are_cleaned():
    mz = np.array([5.0, 2.0, np.nan, 2.0, 0.0, 3.0, -1.0, 4.0])
    y = np.array([1.0, 2.0, 9.0, 4.0, 9.0, np.inf, 9.0, 0.0])
    points = reference.clean(mz, y)
    assert points.mz.tolist() == [2.0, 4.0, 5.0]
    assert points.intensity.tolist() == [6.0, 0.0, 1.0]
    assert points.dropped == 4


def test_nearest_neighbor_is_numpys_histogram():
    rng = np.random.default_rng(1)
    mz = np.sort(rng.uniform(90, 210, 3000))
    mz[[0, 100, -1]] = 100.0, 150.0, 200.0
    y = rng.gamma(2.0, 10.0, 3000)
    axis = reference.axis("reflector_tof", 100.0, 200.0, bins=77)
    got = reference.nearest_neighbor(reference.clean(mz, y), axis.edges, axis.centers)
    assert got == pytest.approx(np.histogram(mz, axis.edges, weights=y)[0], rel=1e-11)


def test_bins_are_half_open_and_the_last_one_closed():
    edges = np.array([1.0, 2.0, 3.0])
    assert reference.locate(np.array([0.5, 1.0, np.nextafter(2, 0), 2.0, 3.0, 3.5]), edges).tolist() == [-1, 0, 0, 1, 1, -1]


def test_printed_range_is_widened_by_half_a_unit(tmp_path):
    for printed, half in (("300", 0.5), ("50.25", 0.005), ("880.0006734612705", 5e-14), ("1e2", 50.0)):
        assert float(reference._half_unit(printed)) == half


@pytest.mark.parametrize("continuous", [False, True])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("types", [("<f8", "<f4"), ("<f4", "<f8"), ("<f8", "<i4"), ("<f4", "<i8")])
def test_own_writer_and_decoder_agree(tmp_path, continuous, compressed, types):
    rng = np.random.default_rng(3)
    mz = np.sort(rng.uniform(100, 200, 50))
    pixels = [Pixel(i % 3 + 1, i // 3, mz, np.floor(rng.gamma(1, 50, 50)), z=2) for i in range(7)]
    path = write_imzml(
        tmp_path / "a.imzML",
        pixels,
        continuous=continuous,
        compressed=compressed,
        mz_type=types[0],
        intensity_type=types[1],
        pixel_size=(20, 40),
        in_spectrum=compressed,
    )
    document = reference.read_imzml(path)
    assert document.continuous == continuous
    assert reference.pixel_size(document) == (20.0, 40.0)
    assert [s.position for s in document.spectra] == [(p.x, p.y, 2) for p in pixels]
    for s, p in zip(document.spectra, pixels):
        decoded = reference.decode(document, s)
        assert (decoded[0] == p.mz.astype(types[0])).all() and (decoded[1] == p.intensity).all()


@pytest.mark.parametrize("fault", ["beyond", "lengths", "zlib"])
def test_own_decoder_finds_the_fault(tmp_path, fault):
    pixel = [Pixel(1, 1, np.arange(1.0, 99), np.arange(98.0)), Pixel(2, 1, np.arange(1.0, 99), np.arange(98.0), fault=fault)]
    document = reference.read_imzml(write_imzml(tmp_path / "a.imzML", pixel, compressed=fault == "zlib"))
    reference.decode(document, document.spectra[0])
    with pytest.raises(reference.Fault):
        reference.decode(document, document.spectra[1])


@pytest.mark.parametrize("name", ["example-processed", "i2nca-cp", "cardinal-picked", "maldiquant-cont-f64"])
def test_pyimzml_decodes_the_same(data, name):
    from pyimzml.ImzMLParser import ImzMLParser

    path = data / name / f"{name}.imzML"
    document = reference.read_imzml(path)
    parser = ImzMLParser(str(path))
    assert [c[:2] for c in parser.coordinates] == [s.position[:2] for s in document.spectra]
    for s in document.spectra:
        mz, intensity = reference.decode(document, s)
        other = parser.getspectrum(s.ordinal)
        assert (mz == other[0]).all() and (intensity == other[1]).all()
