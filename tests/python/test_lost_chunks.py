"""Files of chunks that are not there: lost, by a copy that did not end, or left out by zarr because all in them is zero."""

import json
import shutil
import warnings

import anndata
import numpy as np
import pytest
import scipy.sparse as sp
import zarr

import mzgrid

TABLE = "tables/msi_dataset_z0"


@pytest.fixture
def copy(made, tmp_path):
    shutil.copytree(made.path, tmp_path / "x.zarr")
    return tmp_path / "x.zarr"


@pytest.fixture
def store(csc, tmp_path):
    shutil.copytree(csc.path, tmp_path / "x.zarr")
    return tmp_path / "x.zarr"


def lose(store, name):
    shutil.rmtree(store / TABLE / name / "c")


def questions(store):
    """The image and the spectrum, as functions."""
    x, y = (zarr.open_array(store / TABLE / "obs" / name, mode="r")[7] for name in "xy")
    return (lambda: mzgrid.open(store).ion_image(500.0, da=50), lambda: mzgrid.open(store).spectrum(x=x or 3, y=y or 3))


def test_lost_values_are_not_zeros(copy):
    x = zarr.open(copy / TABLE / "X", mode="r")
    parts = [""] if isinstance(x, zarr.Array) else ["/data", "/indices", "/indptr"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mzgrid.CostWarning)
        for part in parts:
            kept = copy / "kept"
            for place in ("X", "layers/csr"):
                if (copy / TABLE / f"{place}{part}/c").exists():
                    shutil.move(copy / TABLE / f"{place}{part}/c", kept / place)
            for question in questions(copy):
                with pytest.raises(
                    mzgrid.StoreError, match=rf"(X|csr){part}: chunks are missing; the store is incomplete"
                ):
                    question()
            for place in ("X", "layers/csr"):
                if (kept / place).exists():
                    shutil.move(kept / place, copy / TABLE / f"{place}{part}/c")
        for question in questions(copy):
            assert question().sum() > 0


def test_a_store_that_is_gone_is_not_incomplete(store):
    d = mzgrid.open(store)
    shutil.rmtree(store)
    for question in (lambda: d.ion_image(500.0, da=50), lambda: d.mean_spectrum, d.peaks):
        with pytest.raises(mzgrid.StoreError, match="the store is no longer there: it was removed or replaced"):
            question()


def test_a_store_that_was_replaced_is_not_read_by_the_old_axis(store, tmp_path):
    """One of other bins, as many: the image would be that of another m/z."""
    other = tmp_path / "other.zarr"
    shutil.copytree(store, other)
    d = mzgrid.open(store)
    expected = d.ion_image(500.0, da=50)
    store.rename(tmp_path / "old.zarr")
    other.rename(store)
    replaced = "another run replaced the store since it was opened, open it again"
    for question in (lambda: d.ion_image(500.0, da=50), lambda: d.spectrum(expected > 0), lambda: d.obs, d.peaks):
        with warnings.catch_warnings(), pytest.raises(mzgrid.StoreError, match=replaced):
            warnings.simplefilter("ignore", mzgrid.CostWarning)  # of a spectrum by columns
            question()
    assert mzgrid.open(store).ion_image(500.0, da=50).identical(expected)


@pytest.mark.parametrize("name", ["x", "y"])
def test_lost_positions_are_not_zeros(store, name):
    lose(store, f"obs/{name}")
    for question in questions(store):
        with pytest.raises(mzgrid.StoreError, match=r"positions of obs take .* chunks are missing"):
            question()


def test_lost_planes_are_not_zeros(planes, tmp_path):
    store = tmp_path / "x.zarr"
    shutil.copytree(planes.path, store)
    shutil.rmtree(next((store / "tables").glob("*_z0")) / "obs/z/c")
    with pytest.raises(mzgrid.StoreError, match="chunks are missing"):
        _ = mzgrid.open(store).z_planes


@pytest.mark.parametrize("name", ["tic", "rms"])
def test_lost_divisors_are_not_zeros(store, name):
    lose(store, f"obs/{name}")
    with pytest.raises(mzgrid.StoreError, match=f"obs/{name}: chunks are missing"):
        mzgrid.open(store).ion_image(500.0, da=5, normalize=name)
    assert mzgrid.open(store).ion_image(500.0, da=5).sum() > 0


@pytest.mark.parametrize("by", ["mean", "max"])
@pytest.mark.parametrize("question", [lambda d, by: getattr(d, f"{by}_spectrum"), lambda d, by: d.peaks(by=by)])
def test_lost_spectra_are_not_zeros_and_have_no_empty_list_of_peaks(store, by, question):
    lose(store, f"var/{by}_intensity")
    d = mzgrid.open(store)
    with pytest.raises(mzgrid.StoreError, match=f"var/{by}_intensity: chunks are missing"):
        question(d, by)


@pytest.mark.parametrize("layout", ["csc", "csr"])
def test_zeros_that_zarr_left_out_are_read(store, layout):
    """A first file of indptr with lines without values, as anndata writes it, in chunks of ten."""
    table = anndata.read_zarr(store / TABLE)
    x = table.X.toarray()
    x[:, :25] = 0
    x[:25] = 0
    table.X = {"csc": sp.csc_matrix, "csr": sp.csr_matrix}[layout](x)
    shutil.rmtree(store / TABLE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with anndata.settings.override(zarr_write_format=3):
            table.write_zarr(store / TABLE)
        pointers = zarr.open_array(store / TABLE / "X/indptr", mode="r")[:]
        attributes = dict(zarr.open_array(store / TABLE / "X/indptr", mode="r").attrs)
        shutil.rmtree(store / TABLE / "X/indptr")
        made = zarr.create_array(
            store / TABLE, name="X/indptr", shape=pointers.shape, dtype=pointers.dtype, chunks=(10,)
        )
        made[:] = pointers
        made.attrs.update(attributes)
        for root in (store, store / TABLE):  # what they say of all arrays is that of the first ones
            text = json.loads((root / "zarr.json").read_text())
            text.pop("consolidated_metadata", None)
            (root / "zarr.json").write_text(json.dumps(text))
        assert not (store / TABLE / "X/indptr/c/0").exists(), "nothing is left out, and this tests nothing"
        d = mzgrid.open(store)
        mz = table.var["mz"].to_numpy()
        low = d.ion_image((mz[2] + mz[9]) / 2, da=(mz[9] - mz[2]) / 2)
        assert np.nansum(low) == 0
        whole = d.ion_image(500.0, da=2000)
        assert np.nansum(whole) == pytest.approx(x.sum(), rel=1e-6)
        (store / TABLE / "X/indptr/c/5").unlink()
        with pytest.raises(mzgrid.StoreError, match="indptr"):
            d.ion_image(500.0, da=2000)
