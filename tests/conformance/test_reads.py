"""What is read of an input before its pixels stream, counted in bytes (--metrics): empty spectra that state no range cost
no scan, and an m/z array that many spectra point at is read once."""
import json
import re

import numpy as np
import pytest

from writer import Pixel, write_imzml

N, POINTS = 3000, 300
BYTES = N * POINTS * 8  # of all m/z arrays


@pytest.fixture(scope="module")
def spectra():
    rng = np.random.default_rng(8)
    mz = np.sort(rng.uniform(100, 900, (N, POINTS)), axis=1)
    return [Pixel(1 + i % 60, 1 + i // 60, m, np.ones(POINTS), stated=(f"{m[0]:.4f}", f"{m[-1]:.4f}")) for i, m in enumerate(mz)]


def read_for_axis(mzgrid, source, folder, *options, ranks=1):
    """Bytes that the phase `axis` reads."""
    metrics = folder / f"metrics-{ranks}.json"
    mzgrid.convert(source, folder / "a.zarr", "--overwrite", "--metrics", metrics, *options, ranks=ranks)
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    return next(line["bytes_in"] for line in lines if line.get("stage") == "axis")


LAW = ["--mass-axis-type", "constant", "--bin-width", "0.5"]


@pytest.mark.parametrize("ranks", [1, 3])
def test_empty_spectra_that_state_no_range_cost_no_scan(mzgrid, spectra, tmp_path, ranks):
    stated = write_imzml(tmp_path / "stated.imzML", spectra)
    empty = [Pixel(p.x, p.y, p.mz[:0], p.intensity[:0]) if i % 3 == 1 else p for i, p in enumerate(spectra)]
    with_empty = write_imzml(tmp_path / "empty.imzML", empty)
    empty[1500] = Pixel(empty[1500].x, empty[1500].y, empty[1500].mz, empty[1500].intensity)  # it has points, and no range
    silent = write_imzml(tmp_path / "silent.imzML", empty)
    read = {p.stem: read_for_axis(mzgrid, p, tmp_path, *LAW, ranks=ranks) for p in (stated, with_empty, silent)}
    assert read["stated"] < BYTES / 3, read  # the sample alone
    assert read["empty"] <= read["stated"], read
    assert read["silent"] > BYTES * 2 / 3, read


@pytest.mark.parametrize("ranks", [1, 3])
def test_arrays_at_one_place_are_read_once(mzgrid, spectra, tmp_path, ranks):
    """Two m/z arrays, of which each spectrum points at one or the other, as m/z windows in turns are written."""
    pixels = [Pixel(p.x, p.y, spectra[i % 2].mz, p.intensity) for i, p in enumerate(spectra)]
    apart = write_imzml(tmp_path / "apart.imzML", pixels)
    offset = re.compile(r'(IMS:1000102" name="external offset" value=")(\d+)')
    places = [m.group(2) for m in offset.finditer(apart.read_text())]
    assert len(places) == 2 * N
    at = iter(range(2 * N))  # m/z and intensity in turns

    def point(match):
        i = next(at)
        return match.group(1) + (places[i] if i % 2 else places[2 * (i // 2 % 2)])

    together = tmp_path / "together.imzML"
    together.write_text(offset.sub(point, apart.read_text()))
    together.with_suffix(".ibd").write_bytes(apart.with_suffix(".ibd").read_bytes())
    native = ["--mass-axis-type", "native"]
    assert read_for_axis(mzgrid, apart, tmp_path, *native, ranks=ranks) > BYTES
    sample = 2 * 240 * (POINTS * 12 + 4096)  # with its intensities
    assert read_for_axis(mzgrid, together, tmp_path, *native, ranks=ranks) < sample + ranks * 2 * 2 * POINTS * 8 + 65536
