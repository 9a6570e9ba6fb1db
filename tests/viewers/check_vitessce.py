"""check_vitessce.py STORE TABLE SCREENSHOT FACTS.json FEATURE: holds what Vitessce shows, by the screenshot and by the texts of its
page, against the store: the outline of the tissue, the colour of each pixel, the list of features, the range of the legend."""
import json
import sys

import anndata
import matplotlib
import numpy as np
import zarr
from feature import values_of
from PIL import Image
from scipy import ndimage

store, name, screenshot, facts, feature = sys.argv[1:6]
facts = json.load(open(facts))
root = zarr.open_group(store, mode="r")
table = anndata.read_zarr(f"{store}/tables/{name}")
names = list(table.var_names)
values = values_of(table, feature)
labels = root["labels/msi_dataset_z0_pixels/0"][:]
by_key = np.zeros(labels.max() + 1)
by_key[table.obs["instance_key"]] = values
height, width = labels.shape

# The page's words.
text = facts["text"]
kind = "peak" if name.endswith("_peaks") else "bin"
listed = text.partition(f"{kind.title()} List\n")[2].split("\n")
assert listed[-1] == f"{len(names):,} {kind}s", f"not {len(names)} features: {listed[-1]}"
assert len(listed) > 10 and listed[:-1] == names[: len(listed) - 1], f"other features than those of the store: {listed[:5]}"
assert f"{len(values):,} segmentations" in text, f"not {len(values):,} pixels: {text[-300:]}"
assert feature in text and f"{int(values.max()):,}" in text, f"the legend has not {feature} up to {values.max():.0f}"

# The picture: the tissue is the largest part of the canvas that is not black, and its box that of the labels.
left, top, right, bottom = facts["canvas"]
picture = np.asarray(Image.open(screenshot).convert("RGB"))[top:bottom, left:right].astype(float)
parts, n = ndimage.label(picture.max(axis=2) > 24)
assert n, "the canvas is black"
inside = parts == 1 + np.argmax(ndimage.sum_labels(np.ones_like(parts), parts, np.arange(1, n + 1)))
rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
scale_y, scale_x = ((r[-1] - r[0] + 1) / n for r, n in ((rows, height), (columns, width)))
assert abs(scale_x / scale_y - 1) < 0.03, f"a pixel is {scale_x:.2f} dots wide and {scale_y:.2f} high, but square in the store"
y = np.round(rows[0] + (np.arange(height) + 0.5) * scale_y - 0.5).astype(int)
x = np.round(columns[0] + (np.arange(width) + 0.5) * scale_x - 0.5).astype(int)
shown, there = picture[np.ix_(y, x)], inside[np.ix_(y, x)]
agreement = (there == (labels > 0)).mean()
assert agreement > 0.98, f"the outline is that of the labels in {agreement:.1%} of the cells"

# Labels of opacity 0.8, in viridis up to the largest value, over the TIC in shades of gray.
wanted = 255 * matplotlib.colormaps["viridis"](by_key / values.max())[..., :3][labels]
pixels = labels > 0
for channel, colour in enumerate(("red", "green", "blue")):
    match = np.corrcoef(shown[pixels, channel], wanted[pixels, channel])[0, 1]
    assert match > (0.9 if colour != "blue" else 0.7), f"{colour} follows the values of {feature} by {match:.2f} only"
strong = pixels & (by_key[labels] > 0.2 * values.max())
dark = pixels & (by_key[labels] < 0.02 * values.max())
assert strong.sum() > 100 and dark.sum() > 100
assert shown[strong, 1].mean() > shown[dark, 1].mean() + 40, "pixels with much of the peak are no brighter than those without"
print(f"vitessce: {name}, {width} x {height} cells in {agreement:.1%} where the store has them, coloured by m/z {feature}, {len(names)} features")
