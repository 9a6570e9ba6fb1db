"""`mzgrid convert --preview`: the colours of the picture are those of the values, and the store is the same."""
import matplotlib
import numpy as np
import pytest
from conftest import mpi_environment
from pictures import LAYOUTS, Made, refused
from PIL import Image
from stops import Stopped
from stores import assert_same_tree


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_preview(mzgrid, tmp_path, layout, ranks):
    source = "synthetic:31x23:150"
    mzgrid.convert(source, tmp_path / "a.zarr", "--layout", layout, "--bins", 700, "--preview", tmp_path / "a.png", ranks=ranks)
    mzgrid.convert(source, tmp_path / "b.zarr", "--layout", layout, "--bins", 700)
    assert_same_tree(tmp_path / "a.zarr", tmp_path / "b.zarr")
    picture = np.asarray(Image.open(tmp_path / "a.png"))
    made = Made(tmp_path / "a.zarr")
    tic = made.table.obs["tic"].to_numpy()
    share = np.clip(tic / np.percentile(tic, 99.5), 0, 1)
    colours = {tuple(c) for c in np.round(255 * matplotlib.colormaps["viridis"](share)[:, :3]).astype(int).tolist()}
    half = picture[: picture.shape[0] // 2, : picture.shape[1] // 2].reshape(-1, 3)
    found = {tuple(c) for c in np.unique(half, axis=0).tolist()}
    assert len(colours) > 50 and len(colours - found) <= 0.05 * len(colours)


def test_a_preview_that_fails_leaves_the_store(mzgrid, tmp_path):
    """Someone else makes a file of this name while the run is under way: that is not replaced."""
    command = [mzgrid.path, "convert", "synthetic:9x7:50", "a.zarr", "--preview", "a.png", "-q"]
    with Stopped(command, mpi_environment(), mzgrid.path, "open", ".part/tables", cwd=tmp_path) as run:
        (tmp_path / "a.png").write_text("mine")
        status, _, err = run.end()
    assert status == 0, err
    assert "warning: the store is complete, but has no preview: a.png: " in err
    assert (tmp_path / "a.png").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.png", "a.zarr", "a.zarr.report.html", "a.zarr.run.json"]


def test_previews_that_cannot_be_meant(mzgrid, tmp_path):
    mzgrid.convert("synthetic:9x7:50", tmp_path / "x.zarr")
    (tmp_path / "old.png").write_text("mine")
    (tmp_path / "axis.json").write_text("{}")
    for status, expected, *arguments in (
        (2, "'a.jpg' does not end in .png", "a.zarr", "--preview", "a.jpg"),
        (1, "none/a.png: cannot create it, because its directory", "a.zarr", "--preview", "none/a.png"),
        (1, "old.png: exists already; --overwrite replaces it", "a.zarr", "--preview", "old.png"),
        (2, "--preview: old.png is", "a.zarr", "--preview", "old.png", "--overwrite", "--pixels", "old.png"),
        (2, "is in the output", "x.zarr", "--preview", "x.zarr/a.png", "--overwrite"),
    ):
        refused(mzgrid, tmp_path, expected, "convert", "synthetic:9x7:50", *arguments, status=status)
    assert (tmp_path / "old.png").read_text() == "mine"
