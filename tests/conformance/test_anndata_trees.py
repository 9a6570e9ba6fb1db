"""The kept .h5ad and the table of the store are one tree: the same names, encodings, types and values."""

import h5py
import numpy as np
import pytest
import zarr

from test_bytes import options, sample
from writer import Pixel, write_imzml

# X is staged by rows, and may be stored by columns: its values are compared in test_h5ad.py.
MATRIX = "X"


def hdf5_attributes(node):
    found = {}
    for name, value in node.attrs.items():
        kind = node.attrs.get_id(name)
        if isinstance(value, np.ndarray):
            found[name] = value.tolist()
        elif h5py.check_dtype(enum=kind.dtype):
            assert h5py.check_dtype(enum=kind.dtype) == {"FALSE": 0, "TRUE": 1}
            found[name] = bool(value)
        else:
            found[name] = value
    return found


def hdf5_type(dataset):
    text = h5py.check_string_dtype(dataset.dtype)
    if text:
        assert text.encoding == "utf-8" and text.length is None
        return "string"
    return str(dataset.dtype)  # h5py takes its own enumeration for bool


def hdf5_tree(path):
    """Path -> what stands there, of every group and dataset but those of X."""
    nodes = {}

    def note(name, node):
        if name.split("/")[0] == MATRIX:
            return
        if isinstance(node, h5py.Group):
            nodes[name] = ("group", hdf5_attributes(node))
            return
        values = node.asstr()[()] if hdf5_type(node) == "string" else node[()]
        nodes[name] = (hdf5_type(node), node.shape, hdf5_attributes(node), np.asarray(values).tolist())

    with h5py.File(path) as file:
        file.visititems(note)
        nodes[""] = hdf5_attributes(file)
        nodes[MATRIX] = sorted(hdf5_attributes(file[MATRIX])), sorted(file[MATRIX])
    return nodes


def zarr_type(array):
    name = array.metadata.to_dict()["data_type"]
    return name if isinstance(name, str) else name["name"]


def zarr_tree(path):
    group = zarr.open_group(path, mode="r", use_consolidated=False)
    nodes = {}
    for name, node in group.members(max_depth=None):
        if name.split("/")[0] == MATRIX:
            continue
        attributes = dict(node.attrs)
        if isinstance(node, zarr.Group):
            nodes[name] = ("group", attributes)
        else:
            nodes[name] = (zarr_type(node), node.shape, attributes, np.asarray(node[()]).tolist())
    nodes[""] = {k: v for k, v in group.attrs.items() if k.startswith("encoding")}
    nodes[MATRIX] = sorted(group[MATRIX].attrs), sorted(group[MATRIX].keys())
    return nodes


def assert_one_tree(directory):
    kept, stored = hdf5_tree(directory / "out.h5ad"), zarr_tree(directory / "out.zarr/tables/msi_dataset_z0")
    assert sorted(kept) == sorted(stored)
    differing = {name: (kept[name], stored[name]) for name in kept if kept[name] != stored[name]}
    assert not differing
    return kept


@pytest.mark.parametrize("ranks, method, layout", [(1, "nearest_neighbor", "csr"), (3, "linear", "csc")])
def test_both_files_hold_the_same_names_and_types(mzgrid, tmp_path, ranks, method, layout):
    source = sample(tmp_path / "sample.imzML", continuous=False)
    mzgrid.convert(source, tmp_path / "out.zarr", *options(method, layout), "--keep-hdf5", "--scan-range", ranks=ranks)
    nodes = assert_one_tree(tmp_path)
    # What the tree must have of each kind, so that nothing is equal because it is missing.
    assert nodes["uns/mzgrid/options/scan_range"] == (
        "bool",
        (),
        {"encoding-type": "numeric-scalar", "encoding-version": "0.2.0"},
        True,
    )
    assert nodes["uns/mzgrid/mass_axis/n_bins"][0] == "int64"
    assert nodes["uns/mzgrid/mass_axis/step"][0] == "float64"
    assert nodes["uns/spatialdata_attrs/region"][3] == "msi_dataset_z0_pixels"
    assert nodes["obs/instance_key"][0] == "int32"
    assert nodes["obs/region"] == (
        "group",
        {"encoding-type": "categorical", "encoding-version": "0.2.0", "ordered": False},
    )
    assert nodes["obs/region/codes"][0] == "int8"
    assert nodes["obs"][1]["column-order"][:2] == ["instance_key", "region"]
    assert nodes["var/max_intensity"][0] == "float32"
    assert nodes[""] == {"encoding-type": "anndata", "encoding-version": "0.1.0"}


def test_lists_of_numbers_keep_their_type(mzgrid, tmp_path):
    """A region is a list of whole numbers; floats were what one of the two made of it."""
    source = sample(tmp_path / "sample.imzML", continuous=False)
    mzgrid.convert(source, tmp_path / "out.zarr", *options("linear", "csr"), "--keep-hdf5", "--region", "1:4,1:3")
    name = "uns/mzgrid/options/part/region"
    assert assert_one_tree(tmp_path)[name][0] == "int64"


def test_skipped_pixels_and_a_single_value(mzgrid, tmp_path):
    pixels = [Pixel(x + 1, 1, np.linspace(100, 200, 50), np.zeros(50)) for x in range(5)]
    pixels[2].intensity[7] = 2.0
    source = write_imzml(tmp_path / "in.imzML", pixels)
    ibd = source.with_suffix(".ibd")
    ibd.write_bytes(ibd.read_bytes()[:-8])  # of the last pixel
    axis = "--mass-axis-type constant --min-mz 100 --max-mz 200 --bins 10".split()
    mzgrid.convert(source, tmp_path / "out.zarr", *axis, "--keep-hdf5", "--layout", "csr")
    nodes = assert_one_tree(tmp_path)
    assert nodes["uns/skipped_pixels/spectrum_index"][3] == [4]
    assert nodes["uns/skipped_pixels/reason"][0] == "string"
