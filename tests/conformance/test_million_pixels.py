"""What `mzgrid image`, `spectrum`, `info` and `peaks` take of a store of a million pixels, and how large its report is. With --full;
`peaks` on fewer pixels always."""
import pytest
import zarr
from conftest import measured


@pytest.fixture(scope="module")
def million(mzgrid, full, tmp_path_factory):
    if not full:  # here, so that it is not made for tests that are skipped
        pytest.skip("with --full")
    path = tmp_path_factory.mktemp("million") / "x.zarr"
    mzgrid.convert("synthetic:1000x1000:30:centroid:1:full", path, "-q", "--bins", 100000, timeout=600)
    return path


MILLION = {
    "picture": ["image", "--mz", "500", "--da", "0.05", "-o", "a.png"],
    "values": ["image", "--mz", "500", "--da", "0.05", "-o", "a.tif"],
    "colours": ["image", "--mz", "500,600,700", "--da", "0.05", "--rgb", "-o", "a.png"],
    "spectrum": ["spectrum", "--mean", "-o", "a.png"],
    "list": ["spectrum", "--mean", "-o", "a.csv"],
    "info": ["info"],
}


@pytest.mark.parametrize("what", MILLION)
def test_a_million_pixels_take_little_time_and_memory(mzgrid, million, tmp_path, what):
    """0.3 seconds of a processor, which a busy machine hardly changes: the least of three, so that a slower program is
    slower in all of them; and 200 MiB in each."""
    command, *options = MILLION[what]
    if "-o" in options:
        options = [*options[:-1], tmp_path / options[-1], "--overwrite"]
    runs = [measured([mzgrid.path, command, million, *options]) for _ in range(3)]
    for status, err, _, peak in runs:
        assert status == 0 and peak < 200 << 20, (err, peak)
    assert min(seconds for _, _, seconds, _ in runs) < 0.3, runs


def test_the_report_of_a_million_pixels_is_below_5_mb(million):
    from test_report import check_page, numbers, section

    page = million.with_name(f"{million.name}.report.html")
    tree = check_page(page)
    assert page.stat().st_size < 5_000_000
    assert len(list(section(tree, "peaks").iter("img"))) >= 10 and len(numbers(tree)["mean"]) > 1000


def test_peaks_take_less_time_than_the_conversion(mzgrid, full, tmp_path):
    """Of a processor, which a busy machine hardly changes: the conversion once, and the least of two for the peaks."""
    side, path = 1000 if full else 200, tmp_path / "a.zarr"
    axis = ["--mass-axis-type", "linear_tof", "--min-mz", "100", "--max-mz", "1000", "--bins", "100000"]
    convert = [mzgrid.path, "convert", f"synthetic:{side}x{side}:300:centroid:1:full", path, "-q", "--no-report", "--threads", "1"]
    status, err, conversion, _ = measured([*convert, *axis])
    assert status == 0, err
    runs = [measured([mzgrid.path, "peaks", path, "-q", "--replace", "--threads", "1"]) for _ in range(2)]
    assert all(status == 0 for status, *_ in runs), runs
    peaks = min(seconds for _, _, seconds, _ in runs)
    print(f"{side * side} pixels: conversion {conversion:.2f} s, peaks {peaks:.2f} s of a processor")
    assert peaks < conversion
    table = zarr.open_group(path / "tables/msi_dataset_z0_peaks", mode="r")
    assert table["obs/tic"].shape == (side * side,) and table["var/mz"].shape[0] > 50
