"""view_plot.py STORE OUT.png: draws TIC and the strongest peak by spatialdata-plot, and checks that what is drawn lies in
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

store, out = sys.argv[1:3]
sdata = spatialdata.read_zarr(store)
(image,), (labels,) = sdata.images, sdata.labels
peaks = sdata.tables["msi_dataset_z0_peaks"]
area = peaks.var["area"].to_numpy()
peak = peaks.var_names[int(area.argmax())]
x, y = sdata.labels[labels].shape[::-1]
spatial = peaks.obsm["spatial"]
size = 50.0  # micrometres

figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), dpi=100, layout="constrained")
sdata.pl.render_images(image, cmap="viridis").pl.show(ax=axes[0], title="TIC", colorbar=True)
sdata.pl.render_labels(labels, color=peak, table_name="msi_dataset_z0_peaks", cmap="viridis").pl.show(
    ax=axes[1], title=f"m/z {peak}"
)
figure.canvas.draw()
for axis in axes:
    low, high = sorted(axis.get_xlim())
    assert (low, high) == (0, x * size), f"x from {low} to {high}, not to {x * size}"
    low, high = sorted(axis.get_ylim())
    assert (low, high) == (0, y * size), f"y from {low} to {high}, not to {y * size}"
    assert axis.get_images(), "nothing is drawn"
assert spatial.min() >= size / 2 and (spatial.max(axis=0) <= [x * size - size / 2, y * size - size / 2]).all()

tic = np.asarray(sdata.images[image])[0]
drawn = np.asarray(axes[0].get_images()[0].get_array())
assert drawn.shape[:2] == tic.shape, f"{drawn.shape} of {tic.shape} cells"
if drawn.ndim == 2:
    assert np.allclose(drawn, tic), "other values than the TIC"
values = np.asarray(peaks[:, peak].X.todense() if hasattr(peaks.X, "todense") else peaks[:, peak].X).ravel()
raster = np.asarray(sdata.labels[labels])
colours = np.asarray(axes[1].get_images()[-1].get_array(), dtype=float)
if colours.ndim == 3 and colours.shape[:2] == raster.shape:  # brighter where there is more of the peak
    shown = colours[..., :3].sum(axis=-1)
    by_row = np.zeros(raster.max() + 1)
    by_row[peaks.obs["instance_key"]] = values
    inside = raster > 0
    rank = np.argsort(np.argsort(by_row[raster[inside]]))
    agreement = np.corrcoef(rank, np.argsort(np.argsort(shown[inside])))[0, 1]
    assert agreement > 0.9, f"the colours follow the values by {agreement:.2f} only"
figure.savefig(out, dpi=100)
print(f"spatialdata-plot: {x} x {y} cells, TIC and m/z {peak}")
