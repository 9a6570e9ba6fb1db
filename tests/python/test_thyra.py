"""mzgrid.thyra with a stand-in for Thyra; scripts/thyra runs the real one (scripts/test --full)."""

import importlib
import logging
import subprocess
import sys
from pathlib import Path

import anndata
import numpy as np
import pytest

import mzgrid


@pytest.fixture(autouse=True)
def standin(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "thyra" or name == "mzgrid.thyra"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(Path(__file__).with_name("standin"))
    thyra = importlib.import_module("thyra")
    importlib.import_module("mzgrid.thyra")
    yield thyra
    for name in [name for name in sys.modules if name.split(".")[0] == "thyra" or name == "mzgrid.thyra"]:
        del sys.modules[name]


def uns_of(store, name="msi_dataset_z0"):
    return anndata.read_zarr(store / "tables" / name).uns


def test_what_thyra_reads_becomes_a_store(standin, tmp_path, caplog):
    reader = standin.Reader()
    with caplog.at_level(logging.WARNING):
        assert standin.convert_msi(reader, tmp_path / "a.zarr", format_type="mzgrid", sample_id="S1")
    d = mzgrid.open(tmp_path / "a.zarr")
    assert len(d.obs) == 12 and reader.closed == 1
    assert (d.obs["x"].min(), d.obs["x"].max(), d.obs["y"].min(), d.obs["z"].unique().tolist()) == (5, 8, 7, [1])
    assert np.diff(d.ion_image(400.0, da=0.1).x)[0] == 20 and np.diff(d.ion_image(400.0, da=0.1).y)[0] == 10
    assert d.ion_image(400.0, da=0.1).sum() == sum(2.0 + i for i in range(12))
    kept = uns_of(tmp_path / "a.zarr")["foreign"]
    assert (kept["format"], kept["reader"], kept["sample_id"]) == ("thyra", "Reader", "S1")
    assert kept["instrument"] == {"analyzer": "time-of-flight", "instrument_name": "timsTOF fleX"}
    assert list(kept["instrument_names"]) == ["timsTOF fleX"]
    assert list(kept["instrument_accessions"]) == ["MS:1000084"]
    assert "Not in the store of mzgrid: optical images; ion mobility, over which intensities are added" in caplog.text


def test_arguments_of_thyra_and_options_of_mzgrid(standin, tmp_path):
    config = dict(method="nearest_neighbor", axis_type="orbitrap", target_bins=700, min_mz=290.0, max_mz=410.0)
    standin_reader = standin.Reader()
    done = standin.convert_msi(
        standin_reader, tmp_path / "a.zarr", "mzgrid", pixel_size_um=5.0, dataset_id="liver", resampling_config=config,
        handle_3d=True, z_spacing_um=7.0,
    )  # fmt: skip
    d = mzgrid.open(tmp_path / "a.zarr")
    assert done and d.shape == (12, 700) and d.info["mass_axis"]["type"] == "orbitrap"
    assert d.info["name"] == "liver_z0" and tuple(d.info["pixel_size"]) == (5, 5)
    mzgrid.thyra.register(layout="csr", memory_limit="500M", progress=False, bin_width="1Da")
    width = dict(mass_width_da=0.5, axis_type="constant", method="tic_preserving")
    assert standin.convert_msi(standin.Reader(), tmp_path / "b.zarr", "mzgrid", resampling_config=width)
    d = mzgrid.open(tmp_path / "b.zarr")
    assert (d.info["layout"], d.info["mass_axis"]["bin_width"], d.info["resampling"]["method"]) == (
        "csr",
        1,
        "tic_preserving",
    )
    assert mzgrid.thyra.axis_options(dict(method="none")) == {"mass_axis_type": "native"}
    tof = mzgrid.thyra.axis_options(dict(axis_type="tof", tof_a=1.0, tof_b=2.0))
    assert tof == {"mass_axis_type": "tof", "tof_law": (1.0, 2.0)}


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (dict(gap_tolerance_da=1.0), "gap_tolerance_da is not known to mzgrid; see max_gap"),
        (dict(bins_per_fwhm=3.0), "bins_per_fwhm is not known to mzgrid"),
        (dict(mass_axis_sha256="a" * 64), "a mass axis plan is for axes of Thyra"),
        (dict(target_bins=0), "bins is 0, expected a whole number"),
    ],
)
def test_failures_are_false_and_a_line_of_the_log(standin, tmp_path, caplog, config, sentence):
    reader = standin.Reader()
    assert standin.convert_msi(reader, tmp_path / "a.zarr", "mzgrid", resampling_config=config) is False
    assert sentence in caplog.text
    assert reader.closed == 1 and list(tmp_path.iterdir()) == []


def test_a_reader_of_thyra_that_fails(standin, tmp_path, caplog):
    reader = standin.Reader(fails_at=7)
    assert standin.convert_msi(reader, tmp_path / "a.zarr", "mzgrid") is False
    assert "Error during conversion: the disk is gone" in caplog.text
    assert reader.closed == 1 and list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match="the disk is gone"):  # without Thyra's way of failing
        mzgrid.convert(standin.Reader(fails_at=7), tmp_path / "a.zarr", progress=False)
    d = mzgrid.convert(standin.Reader(), tmp_path / "a.zarr", progress=False)
    assert len(d.obs) == 12


def test_without_thyra():
    text = "import sys; sys.modules['thyra'] = None\nimport mzgrid.thyra"
    source = str(Path(mzgrid.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", text], env={"PYTHONPATH": source}, capture_output=True, text=True)
    assert "this needs thyra, which cannot be imported" in done.stderr and "pip install 'mzgrid[thyra]'" in done.stderr
