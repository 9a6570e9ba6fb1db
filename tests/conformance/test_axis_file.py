"""One mass axis for several files, and the decisions that `mzgrid info --decisions` tells: both are what convert does."""
import json

import numpy as np
import pytest
import stores
from writer import Pixel, write_imzml


def imzml(path, lo, hi, seed):
    rng = np.random.default_rng(seed)
    pixels = []
    for x in range(1, 5):
        mz = np.unique(np.concatenate([[lo, hi], rng.uniform(lo, hi, 50)]).astype(np.float32)).astype(np.float64)
        pixels.append(Pixel(x, 1, mz, rng.lognormal(2, 1, len(mz))))
    return write_imzml(path, pixels)


@pytest.fixture
def pair(tmp_path):
    """Two inputs whose ranges overlap; their ends are float32 numbers."""
    return [imzml(tmp_path / "a.imzML", 200.1, 700.3, 1), imzml(tmp_path / "b.imzML", 150.7, 650.9, 2)]


@pytest.mark.parametrize("law", ["constant", "linear_tof", "reflector_tof", "orbitrap", "fticr", "tof"])
def test_outputs_on_one_axis_have_the_same_columns(mzgrid, pair, tmp_path, law):
    options = ["--mass-axis-type", law, *(["--tof-law", "1:0.002"] if law == "tof" else []), "--bin-width", "1Da"]
    run = mzgrid("axis", *pair, "-o", tmp_path / "axis.json", *options, ranks=2)
    assert run.status == 0, str(run)
    tables = []
    for i, source in enumerate(pair):
        path = tmp_path / f"{i}.zarr"
        mzgrid.convert(source, path, "--mass-axis-file", tmp_path / "axis.json", ranks=1 + i)
        tables.append(stores.open_store(path).table)
    one, other = tables
    for column in ("mz", "mz_lower", "mz_upper"):
        assert np.array_equal(one.var[column], other.var[column])
    axes = [t.uns["mzgrid"]["mass_axis"] for t in tables]
    digest = json.loads((tmp_path / "axis.json").read_text())["sha256"]
    assert axes[0]["edges_sha256"] == axes[1]["edges_sha256"] == digest
    lowest = np.float64(np.float32(150.7))  # the union of both ranges, no point lost
    assert one.var["mz_lower"].iloc[0] <= lowest < one.var["mz_upper"].iloc[0]
    assert one.var["mz_upper"].iloc[-1] >= np.float64(np.float32(700.3))
    for table in tables:
        assert np.isclose(table.X.sum(dtype=np.float64), table.obs["tic"].sum(), rtol=1e-6)


def test_one_input_gives_the_axis_of_its_conversion(mzgrid, pair, tmp_path):
    assert mzgrid("axis", pair[0], "-o", tmp_path / "axis.json").status == 0
    mzgrid.convert(pair[0], tmp_path / "own.zarr")
    mzgrid.convert(pair[0], tmp_path / "file.zarr", "--mass-axis-file", tmp_path / "axis.json")
    own, file = (stores.open_store(tmp_path / n).table for n in ("own.zarr", "file.zarr"))
    assert own.uns["mzgrid"]["mass_axis"]["edges_sha256"] == file.uns["mzgrid"]["mass_axis"]["edges_sha256"]
    assert (own.X != file.X).nnz == 0


def test_inputs_that_want_different_laws_are_refused(mzgrid, data, tmp_path):
    sources = [data / n / f"{n}.imzML" for n in ("example-processed", "i2nca-cp")]
    run = mzgrid("axis", *sources, "-o", tmp_path / "axis.json", "-q", ranks=2)
    assert run.status == 2 and "choose one for all with --mass-axis-type" in run.err, str(run)
    assert run.err.count("\n") == 1 and not list(tmp_path.iterdir())
    run = mzgrid("axis", *sources, "-o", tmp_path / "axis.json", "--mass-axis-type", "constant", ranks=2)
    assert run.status == 0, str(run)


def decisions(mzgrid, source):
    run = mzgrid("info", source, "--json", "--decisions")
    assert run.status == 0 and not [line for line in run.err.splitlines() if "error" in line], str(run)
    return json.loads(run.out)["decisions"]


@pytest.mark.parametrize("name", ["example-processed", "pym2aia-test", "cardinal-9peaks", "i2nca-pp", "thyra-gen-processed"])
def test_info_tells_the_decisions_of_convert(mzgrid, data, tmp_path, name):
    source = data / name / f"{name}.imzML"
    told = decisions(mzgrid, source)
    run = mzgrid.convert(source, tmp_path / "a.zarr", "--max-gap", "auto")
    uns = stores.open_store(tmp_path / "a.zarr").table.uns["mzgrid"]
    for part in ("mass_axis", "resampling"):
        assert set(told[part]) == set(uns[part])
        for key, value in told[part].items():
            wanted = uns[part][key]
            assert value == wanted or np.isclose(value, wanted, rtol=1e-14), key
    assert told["mass_axis"]["type_reason"] in run.err and told["resampling"]["method_reason"] in run.err
    text = mzgrid("info", source, "--decisions")
    assert told["mass_axis"]["type_reason"] in " ".join(text.out.split())


def test_info_alone_reads_no_spectra(mzgrid, pair):
    assert "decisions" not in json.loads(mzgrid("info", pair[0], "--json").out)
