"""`mzgrid info` tells the range of m/z of an input from a few of its spectra, without reading it."""
import json
import subprocess

import numpy as np

from writer import Pixel, write_imzml


def described(mzgrid, path, *options):
    return subprocess.run([mzgrid.path, "info", path, *options], capture_output=True, text=True, check=True).stdout


def test_range_of_a_few_spectra(mzgrid, tmp_path):
    path = tmp_path / "in.imzML"
    arrays = [np.array([200.5, 300, 899.25]), np.array([150.125, 600]), np.array([400.0])]
    write_imzml(path, [Pixel(x + 1, 1, mz, np.ones(len(mz))) for x, mz in enumerate(arrays)])
    known = json.loads(described(mzgrid, path, "--json"))
    assert known["mz_range"] == [150.125, 899.25] and known["mz_range_spectra"] == 3
    text = described(mzgrid, path).splitlines()
    assert [line.split() for line in text if line.startswith("m/z  ")] == [["m/z", "150.125", "to", "899.25"]]


def test_range_of_compressed_arrays_is_unknown(mzgrid, tmp_path):
    path = tmp_path / "in.imzML"
    write_imzml(path, [Pixel(1, 1, np.array([100.0, 200]), np.ones(2))], compressed=True)
    known = json.loads(described(mzgrid, path, "--json"))
    assert known["mz_range"] is None and known["mz_range_spectra"] == 0
