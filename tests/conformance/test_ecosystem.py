"""What users do with a table and its rasters: images of bins, tables of several samples as one."""

import json
import warnings

import anndata
import anndata.experimental
import numpy as np
import pytest
import scipy.sparse as sp
import spatialdata

import check_store
import stores
from writer import Pixel, write_imzml

LAYOUTS = ["csc", "csr", "dense"]
AXIS = "--mass-axis-type reflector_tof --bin-width 0.05 --reference-mz 500".split()


def write_sample(path, seed, low, high, skipped_rows=0):
    """4 × 5 pixels; the spectra of the first rows cannot be read."""
    rng = np.random.default_rng(seed)
    pixels = [
        Pixel(x, y, np.sort(rng.uniform(low, high, 200)), rng.lognormal(size=200)) for y in range(1, 6) for x in range(1, 5)
    ]
    for p in pixels[: 4 * skipped_rows]:
        p.fault = "beyond"
    return write_imzml(path, pixels, pixel_size=(20, 20))


def test_images_of_bins_lie_on_their_labels(mzgrid, tmp_path):
    source = write_sample(tmp_path / "a.imzML", 1, 200, 300, skipped_rows=1)
    mzgrid.convert(source, tmp_path / "a.zarr", *AXIS, "--keep-going", "--max-skipped", 4)
    store = stores.open_store(tmp_path / "a.zarr", check=True)
    labels = store.sdata.labels[store.region].values
    name = store.table.var_names[int(store.table.var["n_pixels"].to_numpy().argmax())]
    image = spatialdata.rasterize_bins(store.sdata, store.region, store.name, "x", "y", value_key=name).values[0]
    assert image.shape == labels.shape == (4, 4)
    values = store.table[:, name].X.toarray()[:, 0]
    assert values.any()
    for key, value in zip(store.table.obs["instance_key"], values):
        assert image[labels == key] == value


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tables_of_two_samples_are_concatenated_by_mz(mzgrid, tmp_path, layout):
    samples = []
    for i, (low, high) in enumerate([(200, 300), (280, 400)]):
        source = write_sample(tmp_path / f"{i}.imzML", i, low, high)
        options = ["--min-mz", low, "--max-mz", high, "--layout", layout, "--dataset-id", f"sample{i}"]
        mzgrid.convert(source, tmp_path / f"{i}.zarr", *AXIS, *options)
        samples.append(stores.open_store(tmp_path / f"{i}.zarr", dataset=f"sample{i}", check=True))
    assert check_store.check(samples[0].path, beside=samples[1].path).errors == []
    tables = [s.table for s in samples]
    a, b = ({name: mz for name, mz in zip(t.var_names, t.var["mz"])} for t in tables)
    shared = a.keys() & b.keys()
    # Bins of one grid: those of 280 to 300 are the same, and none with a name of its own lies there twice.
    inside = [mz for mz in a.values() if 280.2 < mz < 299.8]
    assert len(inside) > 500 and len(shared) >= len(inside)
    assert all(a[name] == b[name] for name in shared)
    inner = anndata.concat(tables, join="inner", merge="same", index_unique="-")
    assert set(inner.var_names) == shared and np.array_equal(inner.var["mz"], [a[n] for n in inner.var_names])
    want = np.concatenate([dense(t[:, list(inner.var_names)].X) for t in tables])
    assert want.any() and np.array_equal(dense(inner.X), want)
    outer = anndata.concat(tables, join="outer", merge="first", index_unique="-", fill_value=0)
    assert outer.shape == (40, len(a) + len(b) - len(shared))
    assert np.isclose(outer.X.sum(), sum(t.X.sum() for t in tables), rtol=1e-5)
    assert [float(mz) for mz in outer.var["mz"].dropna()] and set(outer.var_names) == a.keys() | b.keys()

    study = spatialdata.concatenate([s.sdata for s in samples], concatenate_tables=False)
    assert sorted(study.tables) == ["sample0_z0", "sample1_z0"] and len(study.labels) == len(study.images) == 2
    study.write(tmp_path / "study.zarr")
    again = spatialdata.read_zarr(tmp_path / "study.zarr")
    for s in samples:
        assert np.array_equal(dense(again.tables[s.name].X), dense(s.table.X))
        assert list(again.tables[s.name].var["mz"]) == list(s.table.var["mz"])


@pytest.mark.parametrize("damage, reason", [
    (lambda t: setattr(t, "var", t.var.assign(mz=t.var["mz"] + 0.01)), "inner loses the m/z"),
    (lambda t: setattr(t, "var_names", [*t.var_names[1::-1], *t.var_names[2:]]), "the name of a bin is not its m/z"),
    (lambda t: setattr(t, "var_names", ["third", *t.var_names[1:]]), "concat: ValueError"),
    (lambda t: setattr(t, "X", t.X.tocsc().sorted_indices().astype("i8")), ""),
])  # fmt: skip
def test_check_store_finds_what_two_tables_lose(mzgrid, tmp_path, damage, reason):
    mzgrid.convert(write_sample(tmp_path / "a.imzML", 1, 200, 203), tmp_path / "a.zarr", *AXIS)
    sdata = spatialdata.read_zarr(tmp_path / "a.zarr")
    other = check_store.make_other(sdata)
    damage(other.tables["msi_dataset_z0"])
    report = check_store.Report()
    check_store.check_two(report, sdata, other)
    assert any(reason in text for text in report.errors) if reason else not report.errors, report.errors


def dense(x):
    return x.toarray() if sp.issparse(x) else np.asarray(x)


def test_a_table_is_opened_lazily_without_a_warning(mzgrid, tmp_path):
    source = write_sample(tmp_path / "a.imzML", 1, 200, 300)
    for layout in LAYOUTS:
        mzgrid.convert(source, tmp_path / f"{layout}.zarr", *AXIS, "--layout", layout)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", DeprecationWarning)  # of anndata about pandas
            lazy = anndata.experimental.read_lazy(tmp_path / f"{layout}.zarr" / "tables" / "msi_dataset_z0")
        table = stores.open_store(tmp_path / f"{layout}.zarr").table
        assert list(lazy.var_names) == list(table.var_names)
        assert np.array_equal(dense(lazy.X.compute()), dense(table.X))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_values_of_a_native_axis_are_read_through_its_codec(mzgrid, tmp_path, layout):
    """Spectra that share their m/z: the table is the matrix of the file, by way of the codec of such stores."""
    rng = np.random.default_rng(7)
    mz = np.cumsum(rng.uniform(0.01, 0.3, 3000)) + 100
    rows = rng.lognormal(size=(30, len(mz))).astype("f4") * (rng.random((30, len(mz))) < 0.4)
    pixels = [Pixel(1 + i % 6, 1 + i // 6, mz, row) for i, row in enumerate(rows)]
    source = write_imzml(tmp_path / "a.imzML", pixels, continuous=True, pixel_size=(20, 20))
    mzgrid.convert(source, tmp_path / "a.zarr", "--layout", layout)
    store = stores.open_store(tmp_path / "a.zarr", check=True, rewrite=layout == "csc")
    described = json.loads((store.path / "tables" / store.name / "X" / ("data" if layout != "dense" else "") / "zarr.json").read_text())
    codecs = described["codecs"][0]["configuration"]["codecs"]
    assert [(c["configuration"]["cname"], c["configuration"]["clevel"]) for c in codecs if c["name"] == "blosc"] == [("zstd", 1)]
    assert np.array_equal(store.table.var["mz"], mz) and np.array_equal(dense(store.table.X), rows)
