#!/usr/bin/env python3
"""Opens a store that mzgrid wrote with spatialdata, and draws the TIC, the image of one m/z, and an overview.

Usage: show_store.py STORE.zarr FOLDER [--mz MZ] [--width DA]

Without --mz it takes a strong m/z that differs much from place to place.
"""

import argparse
import logging
import pathlib
import warnings

import numpy as np


def open_store(path):
    warnings.simplefilter("ignore", FutureWarning)  # of libraries that spatialdata imports
    logging.getLogger("ome_zarr.reader").setLevel(logging.ERROR)  # warns of labels that are no part of an image
    import spatialdata

    return spatialdata.read_zarr(path)


def most_telling_mz(table, labels, width):
    """Of the 40 bins with most signal, the one whose image differs most from place to place: by the spread of its means
    over blocks of pixels, for single pixels differ by noise already."""
    strongest = np.argsort(table.var["mean_intensity"].to_numpy())[-40:]

    def contrast(mz):
        means = block_means(ion_image(table, labels, mz, width), 10)
        return np.nanstd(means) / np.nanmean(means)

    return max((float(mz) for mz in table.var["mz"].iloc[strongest]), key=contrast)


def block_means(image, side):
    """Means over blocks of side × side pixels; NaN where a block is not all tissue."""
    height, width = (n // side * side for n in image.shape)
    if height == 0 or width == 0:
        return image
    return image[:height, :width].reshape(height // side, side, width // side, side).mean(axis=(1, 3))


def ion_image(table, labels, mz, width):
    """Sums the bins of mz ± width/2 for each pixel, and lays the sums out as the labels say: value 0 is no pixel."""
    centers = table.var["mz"].to_numpy()
    bins = np.flatnonzero(np.abs(centers - mz) <= width / 2)
    if len(bins) == 0:
        bins = [int(np.argmin(np.abs(centers - mz)))]
    sums = np.asarray(table.X[:, bins].sum(axis=1)).ravel()
    keys = table.obs["instance_key"].to_numpy()
    by_key = np.full(int(labels.max()) + 1, np.nan)
    by_key[keys] = sums
    return by_key[labels]


def draw_image(axes, image, title, extent):
    shown = axes.imshow(image, cmap="viridis", extent=extent, vmax=np.nanpercentile(image, 99.5))
    axes.set_title(title)
    axes.set_xlabel("µm")
    axes.set_ylabel("µm")
    axes.figure.colorbar(shown, ax=axes, shrink=0.8, label="intensity")


def draw_spectrum(axes, table, mz):
    axes.plot(table.var["mz"], table.var["mean_intensity"], linewidth=0.5)
    axes.axvline(mz, color="tab:red", linewidth=0.5, linestyle=":")
    axes.set_title("mean spectrum")
    axes.set_xlabel("m/z")
    axes.set_ylabel("intensity")


def save(path, size, *draw):
    """One figure with a pane for each function of `draw`."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panes = pyplot.subplots(1, len(draw), figsize=size, layout="constrained", squeeze=False)
    for axes, function in zip(panes[0], draw):
        function(axes)
    figure.get_layout_engine().set(w_pad=0.1)
    figure.savefig(path, dpi=90)
    pyplot.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path, help="where the pictures go")
    parser.add_argument("--mz", type=float, help="of the ion image (default: a telling one)")
    parser.add_argument("--width", type=float, default=0.05, help="of the window around it, in Da (default %(default)s)")
    arguments = parser.parse_args()

    sdata = open_store(arguments.store)
    table = next(iter(sdata.tables.values()))
    labels_name = table.uns["spatialdata_attrs"]["region"]
    labels_name = labels_name if isinstance(labels_name, str) else labels_name[0]
    labels = np.asarray(sdata.labels[labels_name])
    tic = np.asarray(next(image for name, image in sdata.images.items() if name.endswith("_tic")))[0]
    if labels.ndim == 3:  # of several planes, the first
        labels, tic = labels[0], tic[0]
    tic = np.where(labels > 0, tic, np.nan)
    print(sdata)

    mz = arguments.mz or most_telling_mz(table, labels, arguments.width)
    image = ion_image(table, labels, mz, arguments.width)
    from spatialdata import get_extent

    box = get_extent(sdata.labels[labels_name])
    extent = (box["x"][0], box["x"][1], box["y"][1], box["y"][0])
    arguments.folder.mkdir(parents=True, exist_ok=True)
    draw_tic = lambda axes: draw_image(axes, tic, "total ion current", extent)  # noqa: E731
    draw_ion = lambda axes: draw_image(axes, image, f"m/z {mz:.3f} ± {arguments.width / 2:g}", extent)  # noqa: E731
    save(arguments.folder / "tic.png", (5, 4.2), draw_tic)
    save(arguments.folder / "ion_image.png", (5, 4.2), draw_ion)
    save(arguments.folder / "overview.png", (14, 4), draw_tic, draw_ion, lambda axes: draw_spectrum(axes, table, mz))


main()
