"""One file by mzgrid, by Thyra, and by mzgrid through Thyra, element by element; run by scripts/thyra in an environment with Thyra.

    beside.py DIRECTORY

DIRECTORY has processed.imzML, continuous.imzML and profile.imzML. Prints the table of docs/thyra.md; fails if something in it is not
as that page says."""

import json
import logging
import os
import pathlib
import subprocess
import sys

import anndata
import numpy as np
import spatialdata
import thyra
import zarr

import mzgrid
import mzgrid.thyra

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINS = dict(bins=20000, min_mz=100, max_mz=1000, mass_axis_type="reflector_tof")
THEIR_BINS = dict(axis_type="reflector_tof", target_bins=20000, min_mz=100, max_mz=1000)
PITCH = 50

# Input → options of mzgrid, resampling_config of Thyra, least share of values that are the same, what the rest may be off by.
CASES = {
    "continuous": (dict(mass_axis_type="native"), None, 1, 0),
    "processed": (dict(BINS, interpolation_method="nearest_neighbor"), dict(THEIR_BINS, method="nearest_neighbor"), 0.9999, None),
    "profile": (dict(BINS, interpolation_method="tic_preserving"), dict(THEIR_BINS, method="tic_preserving"), 0, 1e-5),
}


def check(holds, what):
    if not holds:
        sys.exit(f"beside.py: {what}")


def table_of(store):
    (path,) = (pathlib.Path(store) / "tables").glob("*_z0")
    return anndata.read_zarr(path)


def tic_of(store):
    group = zarr.open_group(store, mode="r")["images/msi_dataset_z0_tic"]
    return group[next(iter(group.array_keys()))][0], spatialdata.read_zarr(store).images["msi_dataset_z0_tic"]


def same_but_uns(a, b):
    done = subprocess.run([sys.executable, ROOT / "tests/install/same_but_uns.py", a, b], capture_output=True, text=True)
    check(done.returncode == 0, f"{a} and {b}: {done.stdout}")


def compare(name):
    """Both programs on one input; the figures of a row of the table."""
    options, config, least, off = CASES[name]
    mine, theirs, through = (f"{name}-{who}.zarr" for who in ("mzgrid", "thyra", "through"))
    source = f"{name}.imzML"
    mzgrid.convert(source, mine, pixel_size=PITCH, dtype="float64", progress=False, **options)
    check(thyra.convert_msi(source, theirs, pixel_size_um=PITCH, resampling_config=config), f"{source}: Thyra failed")
    a, b = table_of(mine), table_of(theirs)
    check(a.shape == b.shape, f"{name}: shapes {a.shape} and {b.shape}")
    centres = float(np.max(np.abs(a.var["mz"].to_numpy() - b.var["mz"].to_numpy()) / a.var["mz"].to_numpy()))
    check(centres < (0 if config is None else 2e-9) or centres == 0, f"{name}: centres are {centres:g} apart")

    # The rows are in the same order; positions from 1, and from 0.
    check((a.obs["x"].to_numpy() == b.obs["x"].to_numpy() + 1).all(), f"{name}: x")
    check((a.obs["y"].to_numpy() == b.obs["y"].to_numpy() + 1).all(), f"{name}: y")
    for axis in "xy":
        apart = a.obs[f"spatial_{axis}"].to_numpy() - b.obs[f"spatial_{axis}"].to_numpy()
        check((apart == PITCH / 2).all(), f"{name}: spatial_{axis} is apart by {apart}")

    x, y = a.X.toarray(), b.X.toarray()
    values = (x != 0) | (y != 0)
    equal = float((x[values] == y[values]).mean())
    apart = float(np.abs(x - y).max() / y.max())
    check(equal >= least, f"{name}: {equal:.5f} of the values are the same")
    check(off is None or apart <= off, f"{name}: a value is off by {apart:g} of the largest")
    sums = x.sum(axis=1), y.sum(axis=1)
    tics = float(np.max(np.abs(sums[0] - sums[1]) / sums[1]))
    check(tics < 1e-12, f"{name}: the sums of the pixels differ by {tics:g}")

    # The same cells of the two TIC images, of which Thyra's reaches to the edges of the grid.
    (image, _), (whole, _) = tic_of(mine), tic_of(theirs)
    first = a.obs["y"].min() - 1, a.obs["x"].min() - 1
    part = whole[first[0] : first[0] + image.shape[0], first[1] : first[1] + image.shape[1]]
    cells = a.obs["y"] - 1 - first[0], a.obs["x"] - 1 - first[1]
    image_apart = float(np.max(np.abs(image[cells] - part[cells]) / part[cells]))
    mean = float(np.abs(a.uns["average_spectrum"] - b.uns["average_spectrum"]).max() / b.uns["average_spectrum"].max())
    check(whole.sum() == part.sum(), f"{name}: Thyra's image has values beside mzgrid's")

    mzgrid.thyra.register(dtype="float64", progress=False, **options)
    check(thyra.convert_msi(source, through, pixel_size_um=PITCH, format_type="mzgrid"), f"{source}: not converted through Thyra")
    same_but_uns(mine, through)
    return f"| {name} | {a.shape[1]:,} | {centres:.1e} | {int(values.sum()):,} | {equal:.4%} | {apart:.1e} | {tics:.0e} | {image_apart:.0e} | {mean:.0e} |"


def by_thyras_arguments():
    """convert_msi's own arguments reach mzgrid; what fails is False and leaves nothing."""
    mzgrid.thyra.register(progress=False)
    config = dict(CASES["processed"][1], mass_width_da=None)
    done = thyra.convert_msi(
        "processed.imzML", "args.zarr", format_type="mzgrid", dataset_id="liver", resampling_config=config, sample_id="S1"
    )
    d = mzgrid.open("args.zarr")
    axis = d.info["mass_axis"]
    check(done and d.info["name"] == "liver_z0" and (axis["type"], axis["n_bins"]) == ("reflector_tof", 20000), f"{d.info}")
    uns = table_of_named("args.zarr", "liver_z0").uns["foreign"]
    check((uns["format"], uns["reader"], uns["sample_id"]) == ("thyra", "ImzMLReader", "S1"), f"{uns}")
    check(list(uns["instrument_accessions"]) == ["MS:1000084"], f"{uns}")
    check(not thyra.convert_msi("processed.imzML", "no.zarr", format_type="mzgrid", resampling_config=dict(gap_tolerance_da=1)), "gap")
    check(not os.path.exists("no.zarr"), "something was left")


def table_of_named(store, name):
    return anndata.read_zarr(pathlib.Path(store) / "tables" / name)


def main():
    os.chdir(sys.argv[1])
    logging.disable(logging.ERROR)
    print("| input | bins | centres apart, of m/z | values | the very same | others apart, of the largest | sums of pixels apart | TIC images apart | mean spectra apart |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in CASES:
        print(compare(name), flush=True)
    by_thyras_arguments()
    print(json.dumps({"thyra": thyra.__version__, "passed": len(CASES) + 1}), file=sys.stderr)


if __name__ == "__main__":
    main()
