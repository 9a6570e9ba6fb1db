"""Generated tissue, larger than most real sets at hand, against the reference; and what `auto` makes of it."""
import pytest

import reference
import stores

CASES = {
    "centroid": ("reflector_tof", "nearest_neighbor", "csc"),
    "profile": ("linear_tof", "linear", "csr"),
    "continuous": ("orbitrap", "linear", "csc"),
}


@pytest.fixture(scope="module", params=CASES)
def sample(request, mzgrid, tmp_path_factory):
    path = tmp_path_factory.mktemp("generated") / f"{request.param}.imzML"
    options = ["--kind", request.param, "--size", "31x23", "--points", 600, "--seed", 11]
    run = mzgrid("generate", path, *options, ranks=2)
    assert run.status == 0, str(run)
    return request.param, reference.read_imzml(path)


def test_values(mzgrid, sample, tmp_path):
    kind, document = sample
    law, method, layout = CASES[kind]
    low, high = reference.metadata_range(document) or reference.scanned_range(document)
    axis = reference.axis(law, low, high, bins=4000)
    options = ["--mass-axis-type", law, "--bins", 4000, "--interpolation-method", method, "--layout", layout]
    mzgrid.convert(document.path, tmp_path / "a.zarr", *options, ranks=3)
    store = stores.open_store(tmp_path / "a.zarr")
    size = reference.pixel_size(document)
    expected = stores.assert_store(store, document, axis, method, layout, size=size)
    assert not expected.skipped and expected.outside == 0
    mzgrid.convert(document.path, tmp_path / "b.zarr", *options, "--chunk-size", 50, ranks=4, threads=2)
    stores.assert_same_tree(tmp_path / "a.zarr", tmp_path / "b.zarr")


def test_auto_is_one_of_the_explicit_choices(mzgrid, sample, tmp_path):
    """What `auto` decides is told in uns, and asking for just that gives the same axis and the same matrix."""
    kind, document = sample
    mzgrid.convert(document.path, tmp_path / "auto.zarr", "--bins", 500, ranks=2)
    auto = stores.open_store(tmp_path / "auto.zarr").table
    law, method = auto.uns["mzgrid"]["mass_axis"]["type"], auto.uns["mzgrid"]["resampling"]["method"]
    assert auto.uns["mzgrid"]["mass_axis"]["type_reason"] and auto.uns["mzgrid"]["resampling"]["method_reason"]
    assert (method == "nearest_neighbor") == (kind == "centroid")
    options = ["--bins", 500, "--mass-axis-type", law, "--interpolation-method", method]
    mzgrid.convert(document.path, tmp_path / "given.zarr", *options)
    given = stores.open_store(tmp_path / "given.zarr").table
    assert auto.var.equals(given.var) and auto.obs.equals(given.obs)
    assert (auto.X != given.X).nnz == 0
