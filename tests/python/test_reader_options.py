"""The options of convert() for spectra that come from Python: read as the program reads its own, or refused."""

import numpy as np
import pytest
from readers import left, one

import mzgrid
from mzgrid import _engine, _parameters


def test_every_option_is_read_as_the_program_reads_it(program, tmp_path):
    """Options of the program become the parameters that the program makes of their words, as the plan shows."""
    defaults = _engine.parameters({})
    assert (defaults.convert.max_gap, defaults.convert.max_skipped) == (-1, -1)
    assert defaults.convert.dataset_id == b"msi_dataset" and defaults.convert.axis_type_auto
    assert not defaults.convert.peaks and (defaults.peaks.snr, defaults.peaks.tolerance) == (10, 10)

    def read(**options):
        return _engine.parameters(options).convert

    made = read(mass_axis_type="Orbitrap", bin_width="10 ppm", reference_mz=400, min_mz="100", max_mz=2e3)
    assert (made.axis_type_auto, made.axis.type, made.axis.bin_width) == (False, 3, 10 * 400 / 1e6)
    assert (made.axis.reference_mz, made.axis.min_mz, made.axis.max_mz) == (400, 100, 2000)
    assert read(bin_width="5mDa").axis.bin_width == 5 / 1000 and read(bin_width="5mDa").axis.reference_mz == 1000
    assert read(bin_width="2steps").bin_steps == 2
    assert read(resolution=30000).axis.bin_width == 1000 / 30000
    assert read(bins=np.int64(7)).axis.bins == 7 and read(bins="1e6").axis.bins == 1000000
    assert tuple(read(region="1:5,2:9").region.min)[:2] == (1, 2) and tuple(read(region=((1, 5), (2, 9))).region.max)[
        :2
    ] == (5, 9)
    assert tuple(read(pixel_size="20:10").pixel_size) == (20, 10) and tuple(read(pixel_size=5).pixel_size) == (5, 5)
    assert (read(max_gap="none").max_gap, read(max_gap="auto").max_gap, read(max_gap=4).max_gap) == (0, -1, 4)
    sizes = {"512M": 512 << 20, "1.5G": 3 << 29, "16GB": 16 * 10**9, "2 GiB": 2 << 30, 77: 77, "1e6": 10**6}
    assert [read(memory_limit=size).memory_limit for size in sizes] == list(sizes.values())
    assert (read(layout="csc+csr").layout, read(dtype="float64").dtype, read(streaming="off").streaming) == (3, 1, 3)
    assert (read(duplicates="error").duplicates, read(on_error="fail").fail_on_error) == (2, True)
    assert (read(polarity="negative").polarity, read(spectrum_type="profile").spectrum_type) == (2, 2)
    assert (read(mobility="sum").mobility_sum, read(accuracy="high").high_accuracy) == (True, True)
    assert (read(interpolation_method="pchip").method, read(chunk_size="auto").chunk_size) == (3, 0)
    assert read(peaks=True).peaks and read(snr=5).peaks.contents.snr == 5
    listed = read(peak_list="a.txt", tolerance="5mDa").peaks.contents
    assert (listed.list, listed.tolerance, listed.tolerance_in_da) == (b"a.txt", 0.005, True)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (dict(bin_widht=1), "convert has no option 'bin_widht', did you mean 'bin_width'"),
        (dict(log_file="a"), "log_file is an option for files"),
        (dict(overwrite="yes"), "overwrite is 'yes', expected True or False"),
        (dict(bins=0), "bins is 0, expected a whole number from 1 to 2147483647"),
        (dict(bins=1.5), "bins is 1.5, expected a whole number"),
        (dict(bins=True), "bins is True, expected a whole number"),
        (dict(bin_width="5 foot"), "bin_width is '5 foot', expected a value such as"),
        (dict(bin_width=-1), "bin_width is -1, expected a number above 0"),
        (dict(min_mz=float("nan")), "min_mz is nan, expected a number above 0 and at most 1e"),
        (dict(region="1:2"), "region is '1:2', expected"),
        (dict(region=((5, 1), (1, 2))), "the lower end first"),
        (dict(layout="rows"), "layout is 'rows', expected one of csc, csr, dense, csc+csr"),
        (dict(memory_limit="8 miles"), "memory_limit is '8 miles', expected a size such as"),
        (dict(tolerance="5ppm"), "tolerance is for peaks that peak_list names"),
        (dict(bin_width=1, resolution=5), "bin_width and resolution both say"),
        (dict(reference_mz=5), "reference_mz needs bin_width or resolution"),
        (dict(tof_law="1:2"), "mass_axis_type='tof' and tof_law need each other"),
        (dict(bin_width=1, bins=5), "^bin_width and bins exclude each other"),
        (dict(mass_axis_type="native", bins=5), "^mass_axis_type native takes the m/z"),
        (dict(quiet=True, verbose=1), "quiet and verbose contradict each other"),
    ],
)
def test_options_that_cannot_be(tmp_path, options, sentence):
    with pytest.raises((mzgrid.UsageError, TypeError), match=sentence.replace("+", r"\+")):
        mzgrid.convert([one(0)], tmp_path / "a.zarr", **options)
    assert left(tmp_path) == []


def test_parameters_in_sentences_are_options():
    assert (
        _parameters.named("axis.bin_width and axis.bins exclude each other") == "bin_width and bins exclude each other"
    )
    assert (
        _parameters.named("set memory_limit; the method of axis.type")
        == "set memory_limit; the interpolation_method of mass_axis_type"
    )
