"""Files that the user names are not lost: what is read, kept or written beside the output does not lie in an old one
that --overwrite replaces, and no two of them are one file."""
import pytest

HOW = ["--bins", 50, "--quiet"]


@pytest.fixture
def place(mzgrid, tmp_path):
    """An input with its axis, and an old store."""
    assert mzgrid("generate", tmp_path / "a.imzML", "--size", "4x3", "--points", 20).status == 0
    mzgrid.convert("synthetic:3x3:9", tmp_path / "old.zarr", *HOW)
    return tmp_path


def names(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(mzgrid, place, expected, *arguments, ranks=1):
    before = names(place)
    run = mzgrid("convert", *arguments, ranks=ranks)
    assert run.status == 2 and expected in run.err, str(run)
    assert names(place) == before


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("half", ["a.imzML", "a.ibd"])
def test_an_input_in_the_store_that_it_would_replace(mzgrid, place, half, ranks):
    """The old store goes away with all that is in it: the .ibd may lie elsewhere, behind a link."""
    (place / half).rename(place / "old.zarr" / half)
    (place / half).symlink_to(place / "old.zarr" / half)
    refused(mzgrid, place, f"{half} is in the output", place / "a.imzML", place / "old.zarr", "--overwrite", *HOW, ranks=ranks)


def test_an_axis_in_the_store_that_would_be_replaced(mzgrid, place):
    axis = place / "old.zarr" / "axis.json"
    assert mzgrid("axis", place / "a.imzML", "-o", axis, "--bins", 50).status == 0
    refused(mzgrid, place, "--mass-axis-file", place / "a.imzML", place / "old.zarr", "--overwrite", "--mass-axis-file", axis)


def test_positions_in_the_store_that_would_be_replaced(mzgrid, place):
    (place / "old.zarr" / "pixels").write_text("1 1\n")
    refused(mzgrid, place, "--pixels", place / "a.imzML", place / "old.zarr", "--overwrite", "--pixels",
            place / "old.zarr" / "pixels", *HOW)


def test_a_kept_file_in_the_store_that_would_be_replaced(mzgrid, place):
    refused(mzgrid, place, "--temp-dir", place / "a.imzML", place / "old.zarr", "--overwrite", "--keep-hdf5", "--temp-dir",
            place / "old.zarr", *HOW)


@pytest.mark.parametrize("option", ["--log-file", "--metrics"])
@pytest.mark.parametrize("name, what", [("new.zarr.run.json", "the run record"), ("new.zarr.report.html", "the report"), ("new.h5ad", "--keep-hdf5")])
def test_a_file_that_the_run_itself_writes(mzgrid, place, option, name, what):
    """It would be replaced at the end, or the run fail there."""
    refused(mzgrid, place, what, place / "a.imzML", place / "new.zarr", "--keep-hdf5", option, place / name, *HOW)


def test_log_and_metrics_in_one_file(mzgrid, place):
    (place / "sub").mkdir()
    refused(mzgrid, place, "--metrics", place / "a.imzML", place / "new.zarr", "--log-file", place / "m", "--metrics",
            place / "sub/../m", *HOW)


@pytest.mark.parametrize("option", ["--log-file", "--metrics"])
def test_an_axis_is_not_written_into(mzgrid, place, option):
    assert mzgrid("axis", place / "a.imzML", "-o", place / "axis.json", "--bins", 50).status == 0
    refused(mzgrid, place, "--mass-axis-file", place / "a.imzML", place / "new.zarr", "--mass-axis-file", place / "axis.json",
            option, place / "axis.json", "--overwrite")


def test_names_that_only_look_alike(mzgrid, place):
    """Beside the output, not in it; and /dev/stderr may be both."""
    run = mzgrid.convert(place / "a.imzML", place / "new.zarr", "--keep-hdf5", "--log-file", place / "new.zarr.log",
                         "--metrics", place / "new.h5ad.json", "--temp-dir", place, *HOW)
    assert {"new.zarr.log", "new.h5ad.json", "new.h5ad"} <= set(names(place)), str(run)
    mzgrid.convert(place / "a.imzML", place / "two.zarr", "--log-file", "/dev/null", "--metrics", "/dev/null", *HOW)
