"""view_plot.py STORE TABLE OUT.png: draws TIC and the strongest feature of a table by spatialdata-plot, and checks that what is drawn lies in
micrometres where the store says, in the colours of the store's values."""
import sys
import warnings

warnings.filterwarnings("ignore", category=DeprecationWarning)
warnings.filterwarnings("ignore", category=FutureWarning)

import matplotlib  # noqa: E402

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import spatialdata  # noqa: E402
import spatialdata_plot  # noqa: E402, F401
from feature import name_of_feature, values_of  # noqa: E402

store, name_of_table, out = sys.argv[1:4]
sdata = spatialdata.read_zarr(store)
(image,), (labels,) = sdata.images, sdata.labels
table = sdata.tables[name_of_table]
feature = name_of_feature(table)
x, y = sdata.labels[labels].shape[::-1]
half = 25.0  # micrometres, of a pixel
corners = table.obsm["spatial"].min(axis=0) - half, table.obsm["spatial"].max(axis=0) + half

figure, axes = plt.subplots(1, 2, figsize=(11, 3.9), dpi=100)
figure.subplots_adjust(left=0.06, right=0.9, top=0.92, bottom=0.08)
sdata.pl.render_images(image, cmap="viridis", colorbar=False).pl.show(ax=axes[0], title="TIC")
sdata.pl.render_labels(labels, color=feature, table_name=name_of_table, cmap="viridis", fill_alpha=1.0).pl.show(
    ax=axes[1], title=f"m/z {feature}"
)
figure.canvas.draw()
for axis in axes:
    for d, (name, limits) in enumerate((("x", axis.get_xlim()), ("y", axis.get_ylim()))):
        low, high = corners[0][d], corners[1][d]
        assert sorted(limits) == [low, high], f"{name} from {limits}, but the pixels lie from {low} to {high}"
    assert axis.get_images(), "nothing is drawn"

tic = np.asarray(sdata.images[image])[0]
drawn = np.asarray(axes[0].get_images()[0].get_array())
assert drawn.shape == tic.shape and np.array_equal(drawn, tic), "other values than the TIC"
values = values_of(table, feature)
raster = np.asarray(sdata.labels[labels])
colours = np.asarray(axes[1].get_images()[-1].get_array(), dtype=float)
assert colours.shape == (*raster.shape, 4), f"{colours.shape} of {raster.shape} cells"
by_key = np.zeros(raster.max() + 1)
by_key[table.obs["instance_key"]] = values
share = (by_key[raster] - values.min()) / (values.max() - values.min())
wrong = np.abs(colours - matplotlib.colormaps["viridis"](share))[raster > 0].max()
assert wrong < 0.01, f"a colour differs from that of its value by {wrong:.2f}"
assert not colours[raster == 0][:, 3].any(), "something is drawn where no pixel is"
figure.savefig(out, dpi=100)
print(f"spatialdata-plot: {x} x {y} cells, TIC and m/z {feature} of {name_of_table}")
