"""Ion images as pictures: on axes of matplotlib, as PNG, as OME-TIFF."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ._extras import require

if TYPE_CHECKING:
    import matplotlib.axes
    import matplotlib.colors
    import matplotlib.ticker
    import xarray as xr

WITHOUT_PIXEL = "#dce8f5"


def limits(image: xr.DataArray, percentile: float) -> tuple[float, float]:
    """From 0, or below it if there is something, to the percentile of the pixels."""
    if not 0 < percentile <= 100:
        raise ValueError(f"percentile is {percentile:g}, expected above 0, at most 100")
    values = image.to_numpy()
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    top = float(np.percentile(values, percentile))
    low = min(0.0, float(values.min()))
    if top <= low:  # a peak of a few pixels
        top = float(values.max())
    return low, top if top > low else low + 1


def draw(
    image: xr.DataArray, percentile: float, colormap: str, ax: matplotlib.axes.Axes | None
) -> matplotlib.axes.Axes:
    require("matplotlib", "pictures")
    import matplotlib.pyplot as plt

    if image.ndim != 2:
        raise ValueError(f"the store has {image.sizes['z']} planes, and a picture shows one: give z")
    if ax is None:
        ax = plt.subplots(layout="constrained")[1]
    return paint(image, percentile, colormap, ax)


def colours(name: str) -> matplotlib.colors.Colormap:
    """Cells without a pixel are white, or pale blue if a value could be white as well."""
    import matplotlib

    found = matplotlib.colormaps.get_cmap(name)  # a ValueError if there is none; takes a Colormap, too, as imshow does
    has_white = min(found(0.0)[:3]) > 0.95 or min(found(1.0)[:3]) > 0.95
    return found.with_extremes(bad=WITHOUT_PIXEL) if has_white else found


def locator(low: float, high: float, room: int) -> matplotlib.ticker.Locator:
    """Round numbers, at most `room` of them; one if there is less room than that."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    # One number tells no scale: two where they have room.
    several = MaxNLocator(max(1, min(8, room)), steps=[1, 2, 5, 10], min_n_ticks=2 if room >= 2 else 1)
    if room >= 1:
        return several
    return FixedLocator([tick for tick in several.tick_values(low, high) if low <= tick <= high][:1])


def paint(image: xr.DataArray, percentile: float, colormap: str, ax: matplotlib.axes.Axes) -> matplotlib.axes.Axes:
    a = image.attrs
    low, top = limits(image, percentile)
    (y, x), (height, width) = (image["y"].to_numpy(), image["x"].to_numpy()), (a["pixel_size_y"], a["pixel_size_x"])
    extent = (x[0] - width / 2, x[-1] + width / 2, y[-1] + height / 2, y[0] - height / 2)
    cmap = colours(colormap)
    picture = ax.imshow(image.to_numpy(), extent=extent, cmap=cmap, vmin=low, vmax=top, interpolation="nearest")
    unit = "µm" if a["pixel_size_unit"] == "micrometer" else "pixels"
    slim = width * len(x) / (height * len(y))  # below 1 if the image is higher than wide
    words = re.sub(" (?=± )|(?<=,) ", "\n", title(a)) if slim < 1 / 3 else title(a)
    ax.set(xlabel=f"x [{unit}]", ylabel=f"y [{unit}]", title=words)
    ax.xaxis.set_major_locator(locator(extent[0], extent[1], round(8 * slim)))
    ax.yaxis.set_major_locator(locator(extent[3], extent[2], round(8 / slim)))
    figure = ax.get_figure()
    if figure is not None:
        divisor = {"none": "", "tic": " / TIC", "rms": " / RMS"}.get(a["normalize"], f" / {a['normalize']}")
        what = f"intensity{divisor}"
        # As high as the image, unless that is so low that its numbers had no room.
        beside: dict[str, Any] = {"ax": ax, "shrink": 0.5}
        if slim <= 3:
            wide = max(1, 0.5 / slim)  # beside a slim image no slimmer than beside others
            beside = {"cax": ax.inset_axes((1 + 0.03 * wide, 0, 0.05 * wide, 1))}
        figure.colorbar(picture, label=what, extend="max" if float(image.max()) > top else "neither", **beside)
    return ax


def title(a: dict[str, Any]) -> str:
    bins = "1 bin" if a["n_bins"] == 1 else f"{a['n_bins']} bins"
    low, high = a["window_low"], a["window_high"]
    if abs((low + high) / 2 - a["mz"]) < 0.5e-4:  # not in the digits shown
        return f"m/z {a['mz']:.4f} ± {(high - low) / 2:.4f} ({bins})"
    return f"m/z {a['mz']:.4f}, {low:.4f} to {high:.4f} ({bins})"


def target_of(path: str | os.PathLike[str], *ends: str) -> Path:
    """The path, if its name ends as the files do that are written: another end would promise another format."""
    target = Path(path)
    if target.suffix.lower() not in ends:
        raise ValueError(f"{target}: expected a name that ends in {' or '.join(ends)}, because that is what is written")
    return target


def save_png(image: xr.DataArray, path: str | os.PathLike[str], percentile: float, colormap: str, dpi: float) -> Path:
    """Without pyplot, so that it works in any thread and leaves no figure behind."""
    require("matplotlib", "pictures")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    target = target_of(path, ".png")
    if image.ndim != 2:
        raise ValueError(f"the store has {image.sizes['z']} planes, and a picture shows one: give z")
    figure = Figure(layout="constrained")
    FigureCanvasAgg(figure)
    paint(image, percentile, colormap, figure.subplots())
    figure.savefig(target, dpi=dpi, format="png")
    return target


def save_tiff(images: xr.DataArray, path: str | os.PathLike[str], fill: float) -> Path:
    """Channels of float32, as they were added up; sizes only if the unit of the store is known."""
    require("tifffile", "pictures")
    import tifffile

    target = target_of(path, ".tif", ".tiff")
    if images.ndim != 3:
        raise ValueError(f"the store has {images.sizes['z']} planes, and a channel holds one: give z")
    values = images.to_numpy()
    metadata: dict[str, Any] = {
        "axes": "CYX",
        "Channel": {"Name": [f"m/z {mz:.4f}" for mz in images.attrs["mz"]]},
        "Description": f"{images.attrs['dataset']}: {images.attrs['reduce']} of the intensities, normalized by "
        f"{images.attrs['normalize']}",
    }
    resolution: dict[str, Any] = {}
    if images.attrs["pixel_size_unit"] == "micrometer":
        width, height = images.attrs["pixel_size_x"], images.attrs["pixel_size_y"]
        metadata |= {
            "PhysicalSizeX": width,
            "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": height,
            "PhysicalSizeYUnit": "µm",
        }
        resolution = {"resolution": (1e4 / width, 1e4 / height), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(
        target,
        np.where(np.isnan(values), np.float32(fill), values).astype(np.float32, copy=False),
        ome=True,
        bigtiff=values.nbytes > 3e9,
        photometric="minisblack",
        compression="zlib",
        metadata=metadata,
        **resolution,
    )
    return target
