"""Every real set, converted on 1, 2, 3 and 4 ranks, against what numpy and mpmath make of it.

A set is converted with two combinations of law, method and layout (sets.py). The first lets mzgrid find the range of
m/z and is repeated on every number of ranks; the second is cut to the inner part of the range, so that points fall
outside. With --full every set is converted with all twenty combinations.
"""
import hashlib
import math

import numpy as np
import pytest
import zarr
from anndata.io import read_elem

import reference
import stores
from sets import COMBINATIONS, SETS, combinations

BINS = 2000  # about; few enough for a quick test, many enough to tell one bin from the next


@pytest.fixture(scope="module")
def document(data):
    """A decoded set by its name; the last one is kept."""
    kept = {}

    def read(name):
        if name not in kept:
            kept.clear()
            kept[name] = reference.read_imzml(data / name / f"{name}.imzML")
        return kept[name]

    return read


def axis_of(document, name, combination, cut):
    """The options that ask for an axis, and the axis expected. Both strategies and all units take turns."""
    law = combination.law
    low, high = reference.metadata_range(document) or reference.scanned_range(document)
    options = ["--mass-axis-type", law]
    if cut:
        middle, reach = (low + high) / 2, (high - low) / 2
        low, high = round(middle - 0.8 * reach, 3), round(middle + 0.7 * reach, 3)
        options += ["--min-mz", low, "--max-mz", high]
    turn = SETS.index(name) + cut
    if turn % 2:
        bins = BINS + 7 * turn
        return options + ["--bins", bins], reference.axis(law, low, high, bins=bins)
    at = float(f"{math.sqrt(low * high):.3g}")
    width = reference.count_bins(law, low, high, 1.0, at) / BINS
    unit, scale = [("Da", 1.0), ("mDa", 1e3), ("ppm", 1e6 / at), ("", 1.0)][turn // 2 % 4]
    printed = f"{width * scale:.4g}"
    options += ["--bin-width", printed + unit, "--reference-mz", at]
    exact = {"ppm": float(printed) * at / 1e6, "mDa": float(printed) / 1e3}.get(unit, float(printed))
    return options, reference.axis(law, low, high, width=exact, reference=at)


def assert_metadata(store, document, combination):
    """uns tells how the values were made, and keeps what the file says of itself."""
    uns = store.table.uns
    everything = list(leaves(uns["imzml"]))
    text = "\n".join(str(value) for value in everything)
    assert document.uuid in text.replace("-", "").replace("{", "").replace("}", "").lower()
    for term in document.content + document.instrument + [t for s in document.scan_settings for t in s]:
        assert term.accession in text, term
        assert not term.name or term.name in text, term
    assert uns["imzml"]["header_xml"].split() == header_of(document.path).split()
    how = [str(value) for value in leaves(uns["mzgrid"])]
    assert combination.law in how and combination.method in how
    edges = [*store.table.var["mz_lower"], store.table.var["mz_upper"].iloc[-1]]
    assert hashlib.sha256(np.array(edges, "<f8").tobytes()).hexdigest() in how


def header_of(path):
    """All before the list of spectra, as text; some files are UTF-8 whatever they declare."""
    header = path.read_bytes().split(b"<spectrumList")[0]
    try:
        return header.decode("utf-8")
    except UnicodeDecodeError:
        return header.decode("iso-8859-1")


def leaves(tree):
    if hasattr(tree, "columns"):
        yield from tree.to_numpy().ravel().tolist()
    elif hasattr(tree, "keys"):
        for key in tree:
            yield from leaves(tree[key])
    elif hasattr(tree, "tolist"):
        found = tree.tolist()
        yield from found if isinstance(found, list) else [found]
    else:
        yield tree


def convert_and_check(mzgrid, document, name, combination, cut, ranks, path, rewrite=False):
    source = document(name).path
    options, axis = axis_of(document(name), name, combination, cut)
    options += ["--interpolation-method", combination.method, "--layout", combination.layout]
    size = reference.pixel_size(document(name))
    mzgrid.convert(source, path, *options, ranks=ranks)
    store = stores.open_store(path, check=True, rewrite=rewrite)
    stores.assert_store(store, document(name), axis, combination.method, combination.layout, size=size)
    assert_metadata(store, document(name), combination)
    return options


@pytest.mark.parametrize("cut", [False, True], ids=["whole", "cut"])
@pytest.mark.parametrize("name", SETS)
def test_values(mzgrid, document, tmp_path, name, cut):
    combination = combinations(name)[cut]
    ranks = (SETS.index(name) + cut) % 4 + 1
    path = tmp_path / "a.zarr"
    rewrite = SETS.index(name) % 10 == 0
    if name == "thyra-gen-processed" and cut:  # single points between two centres, by linear: no value
        options = axis_of(document(name), name, combination, cut)[0]
        run = mzgrid("convert", document(name).path, path, *options, "--interpolation-method", combination.method, ranks=ranks)
        assert combination.method == "linear" and run.status == 1 and "nearest_neighbor does" in run.err, str(run)
        return
    options = convert_and_check(mzgrid, document, name, combination, cut, ranks, path, rewrite)
    if cut:
        return
    for other in {1, 2, 3, 4} - {ranks}:
        again = tmp_path / f"{other}.zarr"
        mzgrid.convert(document(name).path, again, *options, ranks=other)
        stores.assert_same_tree(path, again)


@pytest.mark.parametrize("name", SETS)
def test_every_combination(mzgrid, document, tmp_path, full, name):
    if not full:
        pytest.skip("only with --full")
    for i, combination in enumerate(COMBINATIONS):
        path = tmp_path / f"{i}.zarr"
        convert_and_check(mzgrid, document, name, combination, bool(i % 2), i % 4 + 1, path)


def test_combinations_are_spread():
    """Each is given to at least three sets."""
    given = [c for name in SETS for c in combinations(name)]
    assert min(given.count(c) for c in COMBINATIONS) >= 3


@pytest.mark.parametrize("name", SETS)
def test_identity_holds(mzgrid, data, tmp_path, name):
    """UUID and checksum (MD5, SHA-1 or none) are those of the ibd, so --strict has nothing to refuse."""
    path = tmp_path / "a.zarr"
    mzgrid.convert(data / name / f"{name}.imzML", path, "--strict", "--bins", 10)
    found = read_elem(zarr.open_group(path, mode="r")["tables/msi_dataset_z0/uns/imzml"])
    stated = {"thyra-iontof-sparse": "none", "thyra-two-scansettings": "none", "thyra-unit-nanometre": "none"}
    assert found["checksum_status"] == stated.get(name, "agrees")
    assert found["uuid_agrees"]
