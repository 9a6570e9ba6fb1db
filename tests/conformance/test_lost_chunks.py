"""A chunk that is not there: left out because all in it is zero, or lost, by a copy that did not end. What is lost is not
taken for zeros by image, peaks and merge; what mzgrid or zarr-python left out is read."""
import json
import shutil
import warnings

import anndata
import numpy as np
import pytest
import scipy.sparse as sp
import spatialdata
import zarr

from peaks_reference import whole
from writer import Pixel, write_imzml

WINDOW = ["--mass-axis-type", "constant", "--bin-width", "0.5", "--min-mz", "400", "--max-mz", "500"]
LAYOUTS = ["csc", "csr", "dense", "csc+csr"]
MZ = np.array([410.1, 420.2, 430.3, 470.4])


def pixels(n, filled):
    """Of one row; those not in `filled` have a value outside of the window only."""
    return [
        Pixel(x + 1, 1, MZ if x in filled else np.array([900.0]), np.array([3.0, 5, 7, 100 + x]) if x in filled else np.array([1.0]))
        for x in range(n)
    ]


def convert(mzgrid, path, source, *options):
    mzgrid.convert(source, path, "-q", "--dataset-id", path.stem, "--interpolation-method", "nearest_neighbor", *WINDOW, *options)
    return path


def table(path):
    return path / f"tables/{path.stem}_z0"


def three(mzgrid, path, ranks=1):
    """What image, peaks and merge --concat, with the store itself under another name, come to."""
    folder = path.parent
    other = folder / "other.zarr"
    shutil.copytree(path, other)
    image = mzgrid("image", path, "--mz", "410.1", "--mz", "470.4", "-o", folder / "a.tif")
    merge = mzgrid("merge", "--concat", path, other, "-o", folder / "study.zarr", "--rename", "*={sample}_{name}", ranks=ranks)
    peaks = mzgrid("peaks", path, "--peak-list", folder / "list", "--replace", ranks=ranks)
    return {"image": image, "merge": merge, "peaks": peaks}


@pytest.fixture
def place(tmp_path):
    (tmp_path / "list").write_text("".join(f"{mz}\n" for mz in MZ))
    return tmp_path


def assert_read(mzgrid, path, expected):
    """All three read the store, and find what `expected`, an array of pixels and bins, holds."""
    runs = three(mzgrid, path)
    for run in runs.values():
        assert run.status == 0, str(run)
    merged = anndata.read_zarr(path.parent / "study.zarr/tables/all_samples")
    assert np.array_equal(whole(merged.X), np.vstack([expected, expected]))
    found = anndata.read_zarr(path / f"tables/{path.stem}_z0_peaks")
    edges = anndata.read_zarr(table(path)).var["mz_lower"].to_numpy()
    columns = np.searchsorted(edges, MZ, side="right") - 1
    assert np.array_equal(whole(found.X), expected[:, columns])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("filled", [[0], [1]])
def test_a_matrix_of_one_pixel_that_has_values_is_read(mzgrid, place, layout, filled):
    """All rows of its columns are 0, the first one."""
    write_imzml(place / "a.imzML", pixels(3, filled))
    path = convert(mzgrid, place / "a.zarr", place / "a.imzML", "--layout", layout)
    expected = whole(anndata.read_zarr(table(path)).X)
    assert list(np.count_nonzero(expected, axis=1)) == [4 if x in filled else 0 for x in range(3)]
    assert_read(mzgrid, path, expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_store_that_spatialdata_saved_again_is_read(mzgrid, place, layout):
    """It leaves out what is all fill value, too, in chunks of its own. Pixels 0 and 200 to 399 have no value."""
    write_imzml(place / "a.imzML", pixels(600, set(range(1, 200)) | set(range(400, 600))))
    first = convert(mzgrid, place / "first.zarr", place / "a.imzML", "--layout", layout)
    expected = whole(anndata.read_zarr(table(first)).X)
    path = place / "again/first.zarr"
    path.parent.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spatialdata.read_zarr(first).write(path)
    shutil.copy(place / "list", path.parent)
    assert_read(mzgrid, path, expected)


def test_blank_bands_of_a_dense_matrix_are_read_though_zarr_left_them_out(mzgrid, place):
    write_imzml(place / "a.imzML", pixels(600, set(range(100))))
    path = convert(mzgrid, place / "a.zarr", place / "a.imzML", "--layout", "dense")
    expected = whole(anndata.read_zarr(table(path)).X)
    x = zarr.open_array(table(path) / "X")
    assert x.nchunks_initialized < x.nchunks, "nothing is left out, and this tests nothing"
    assert_read(mzgrid, path, expected)
    for form in ([], ["--processed"]):
        run = mzgrid("export", path, "--imzml", *form, "-o", place / "again.imzML", "--overwrite", "-q", ranks=2)
        assert run.status == 0, str(run)


@pytest.mark.parametrize("ranks", [1, 2])
def test_lost_bands_of_a_dense_matrix_are_not_zeros(mzgrid, place, ranks):
    write_imzml(place / "a.imzML", pixels(600, set(range(600))))
    path = convert(mzgrid, place / "a.zarr", place / "a.imzML", "--layout", "dense")
    chunks = sorted(p for p in (table(path) / "X/c").rglob("*") if p.is_file())
    chunks[len(chunks) // 2].unlink()
    for name, run in three(mzgrid, path, ranks).items():
        assert run.status == 1 and run.err.count("\n") == 1 and "missing" in run.err and "copy it again" in run.err, str(run)
        assert name == "merge" or f"{path}/tables/a_z0/X" in run.err
    assert not (place / "study.zarr").exists() and not (path / "tables/a_z0_peaks").exists()
    for form in ([], ["--processed"]):
        run = mzgrid("export", path, "--imzml", *form, "-o", place / "again.imzML", "-q", ranks=ranks)
        assert run.status == 1 and run.err.count("\n") == 1 and "X: chunks are missing" in run.err, str(run)
    assert not list(place.glob("again*"))


@pytest.mark.parametrize("layout", ["csc", "csr"])
def test_lost_keys_of_pixels_are_not_zeros(mzgrid, place, layout):
    write_imzml(place / "a.imzML", pixels(20, set(range(20))))
    path = convert(mzgrid, place / "a.zarr", place / "a.imzML", "--layout", layout)
    shutil.rmtree(table(path) / "obs/instance_key/c")
    runs = three(mzgrid, path)
    for name in ("image", "merge"):
        run = runs[name]
        assert run.status == 1 and run.err.count("\n") == 1 and "obs/instance_key: row 0 has none" in run.err, str(run)


def lose(path, column):
    shutil.rmtree(table(path) / "obs" / column / "c")


def grid(n=12, planes=(1,)):
    """Of rows of four."""
    return [Pixel(k % 4 + 1, k // 4 + 1, MZ, np.array([3.0, 5, 7, 100 + k]), z=z) for z in planes for k in range(n)]


@pytest.mark.parametrize("column", ["x", "y", "z"])
def test_lost_positions_are_not_zeros(mzgrid, place, column):
    """By any command that goes by them; ranks that have their pixels in other chunks are told."""
    write_imzml(place / "a.imzML", grid(planes=(1, 2)))
    path = convert(mzgrid, place / "a.zarr", place / "a.imzML")
    lose(path, column)
    before = sorted(p.name for p in place.iterdir())
    commands = {
        "export": ["export", path, "--imzml", "-o", place / "out.imzML"],
        "processed": ["export", path, "--processed", "-o", place / "out.imzML"],
        "spectrum": ["spectrum", path, "--pixel", "2,2,1", "-o", place / "out.csv"],
    }
    if column == "z":
        commands["image"] = ["image", path, "--mz", "410.1", "--z", "1", "-o", place / "out.png"]
    for name, command in commands.items():
        run = mzgrid(*command, "-q", ranks=2 if "export" in command else 1)
        assert run.status == 1 and run.err.count("\n") == 1, str(run)
        assert "chunks of obs/x, obs/y or obs/z are missing" in run.err and "copy it again" in run.err, (name, str(run))
    assert sorted(p.name for p in place.iterdir()) == before


def test_positions_that_are_zero_are_read_though_zarr_left_them_out(mzgrid, place):
    """One plane, z 0, in a store that spatialdata saved again."""
    write_imzml(place / "a.imzML", grid(planes=(0,)))
    first = convert(mzgrid, place / "first.zarr", place / "a.imzML")
    path = place / "again/first.zarr"
    path.parent.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spatialdata.read_zarr(first).write(path)
    z = zarr.open_array(table(path) / "obs/z")
    assert (z[...] == 0).all() and z.nchunks_initialized == 0, "nothing is left out, and this tests nothing"
    for command in (["image", path, "--mz", "410.1", "-o", place / "a.tif"], ["spectrum", path, "--pixel", "2,2", "-o", place / "a.csv"],
                    ["export", path, "--imzml", "-o", place / "again.imzML"]):
        run = mzgrid(*command, "-q")
        assert run.status == 0, str(run)


@pytest.mark.parametrize("column", ["tic", "rms"])
def test_lost_divisors_are_not_zeros(mzgrid, place, column):
    write_imzml(place / "a.imzML", grid())
    path = convert(mzgrid, place / "a.zarr", place / "a.imzML")
    lose(path, column)
    run = mzgrid("image", path, "--mz", "410.1", "--normalize", column, "-o", place / "a.png", "-q")
    assert run.status == 1 and run.err.count("\n") == 1 and f"obs/{column}: chunks are missing" in run.err, str(run)
    if column == "tic":
        run = mzgrid("report", path, "--overwrite", "-q")
        assert run.status == 1 and "obs/tic: is all zero, but X has values" in run.err, str(run)


def test_the_spectrum_of_a_lost_band_is_refused(mzgrid, place):
    """A pixel without values in a band that was left out is read."""
    write_imzml(place / "a.imzML", pixels(600, set(range(1, 600)) - set(range(200, 400))))
    path = convert(mzgrid, place / "a.zarr", place / "a.imzML", "--layout", "dense")
    files = {p for p in (table(path) / "X/c").rglob("*") if p.is_file()}
    again = place / "again/a.zarr"
    again.parent.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spatialdata.read_zarr(path).write(again)
    run = mzgrid("spectrum", again, "--pixel", "300,1", "-o", place / "blank.csv", "-q")
    assert run.status == 0, str(run)
    assert not np.loadtxt(place / "blank.csv", delimiter=",", skiprows=1)[:, 1].any()
    for file in files:
        file.unlink()
    run = mzgrid("spectrum", path, "--pixel", "20,1", "-o", place / "a.csv", "-q")
    assert run.status == 1 and run.err.count("\n") == 1 and "X: chunks are missing" in run.err, str(run)
    assert not (place / "a.csv").exists()


@pytest.mark.parametrize("layout", ["csc", "csr"])
@pytest.mark.parametrize("ranks", [1, 2])
def test_indices_in_no_order_are_refused(mzgrid, place, layout, ranks):
    """As scipy allows them; statistics and sums go by their order."""
    write_imzml(place / "a.imzML", pixels(20, set(range(20))))
    path = convert(mzgrid, place / "a.zarr", place / "a.imzML", "--layout", layout)
    indices = zarr.open_array(table(path) / "X/indices", mode="r+")
    values = indices[...]
    values[[1, 2]] = values[[2, 1]]
    indices[...] = values
    runs = three(mzgrid, path, ranks)
    for name in ("merge", "peaks"):
        run = runs[name]
        assert run.status == 1 and run.err.count("\n") == 1 and "do not ascend" in run.err, str(run)


@pytest.mark.parametrize("layout", ["csc", "csr"])
def test_a_lost_beginning_of_indptr_is_refused(mzgrid, place, layout):
    """It reads as zeros, from which the rest ascends."""
    write_imzml(place / "a.imzML", pixels(20, set(range(20))))
    path = convert(mzgrid, place / "a.zarr", place / "a.imzML", "--layout", layout)
    node = table(path) / "X/indptr"
    values = zarr.open_array(node)[...]
    attributes = json.loads((node / "zarr.json").read_text())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shutil.rmtree(node)
        made = zarr.create_array(table(path), name="X/indptr", shape=values.shape, dtype=values.dtype, chunks=(7,))
    made[...] = values
    attributes = {**attributes["attributes"]}
    made.attrs.update(attributes)
    lost = max(k for k in range(1, len(values) // 7) if values[7 * k - 1] > values[0])
    for k in range(lost + 1):
        (node / f"c/{k}").unlink(missing_ok=True)
    for run in three(mzgrid, path).values():
        assert run.status == 1 and run.err.count("\n") == 1, str(run)


def test_a_table_without_obs_is_refused(mzgrid, place):
    write_imzml(place / "a.imzML", pixels(4, {0, 1}))
    path = convert(mzgrid, place / "a.zarr", place / "a.imzML")
    for file in (path / "zarr.json", table(path) / "zarr.json"):
        metadata = json.loads(file.read_text())
        metadata.pop("consolidated_metadata", None)
        file.write_text(json.dumps(metadata))
    shutil.rmtree(table(path) / "obs")
    for name, run in three(mzgrid, path).items():
        assert run.status == 1 and run.err.count("\n") == 1 and "obs" in run.err, str(run)


def test_what_scipy_takes_for_sorted_is_what_is_written(mzgrid, place):
    """The rows of a whole chunk are 0 and stand there all the same, so that a reader can tell."""
    write_imzml(place / "a.imzML", pixels(3, [0]))
    path = convert(mzgrid, place / "a.zarr", place / "a.imzML", "--layout", "csc")
    x = anndata.read_zarr(table(path)).X
    assert isinstance(x, sp.csc_matrix) and list(x.indices) == [0, 0, 0, 0] and x.has_sorted_indices
    assert [p.name for p in (table(path) / "X/indices/c").iterdir()] == ["0"]
