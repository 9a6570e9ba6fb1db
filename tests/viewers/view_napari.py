"""view_napari.py STORE TABLE OUT.png: opens a store in napari with napari-spatialdata, adds TIC and labels, colours the labels by the
strongest feature of a table, as a double click on its name does, and takes a screenshot. Checks the layers against the store and the picture.
Without a screen: xvfb-run -a -s "-screen 0 1400x900x24" python view_napari.py STORE TABLE OUT.png"""
import os
import sys
import time
import warnings

warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import pandas  # noqa: E402
import spatialdata  # noqa: E402
from napari._qt.dialogs.qt_notification import NapariQtNotification  # noqa: E402
from napari_spatialdata import Interactive  # noqa: E402
from napari_spatialdata._view import QtAdataViewWidget  # noqa: E402
from feature import name_of_feature, values_of  # noqa: E402
from PIL import Image  # noqa: E402
from qtpy.QtWidgets import QApplication  # noqa: E402

SECONDS = 120

store, name_of_table, out = sys.argv[1:4]
sdata = spatialdata.read_zarr(store)
(image,), (labels,) = sdata.images, sdata.labels
table = sdata.tables[name_of_table]
feature = name_of_feature(table)
interactive = Interactive(sdata, headless=True)
viewer = interactive._viewer
application = QApplication.instance()


def pause(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        application.processEvents()
        time.sleep(0.02)


def wait_for(what, is_there):
    end = time.monotonic() + SECONDS
    while not is_there():
        assert time.monotonic() < end, f"{what}: not there after {SECONDS} s"
        pause(0.05)


def colours():
    """Of the labels in the layer, by label."""
    shown = viewer.layers[labels].colormap
    return np.array([shown.map(np.array([key]))[0][:3] for key in table.obs["instance_key"]])


for name in (image, labels):  # one at a time: a worker reads it
    interactive.add_element(name, "global")
    wait_for(name, lambda name=name: name in viewer.layers)
assert np.array_equal(np.asarray(viewer.layers[labels].data), np.asarray(sdata.labels[labels])), "other labels"
tic = np.asarray(viewer.layers[image].data).squeeze()
assert np.array_equal(tic, np.asarray(sdata.images[image]).squeeze()), "another TIC"
assert np.allclose(np.diag(viewer.layers[labels].affine.affine_matrix)[-3:-1], 50), "a cell is not 50 micrometres wide"

(view,) = viewer.window._qt_window.findChildren(QtAdataViewWidget)
viewer.layers.selection.active = viewer.layers[labels]
pause(0.2)
view._select_layer()
tables = view.table_name_widget
tables.setCurrentText(name_of_table)
pause(0.5)
listed = [view.var_widget.item(i).text() for i in range(view.var_widget.count())]
assert listed == list(table.var_names), f"{len(listed)} names under Vars, not those of the {table.n_vars} features"
view.var_widget._onAction([feature])
pause(1)
values = values_of(table, feature)
shown = colours().sum(axis=1)
rank = pandas.Series(values).rank().corr(pandas.Series(shown).rank())  # yellow is brighter than blue
assert rank > 0.8, f"the colours follow the values by {rank:.2f} only"

viewer.layers[labels].opacity = 1
viewer.window.resize(1380, 860)
viewer.reset_view()
for notice in viewer.window._qt_window.findChildren(NapariQtNotification):  # of what is old in PyQt5
    notice.close()
pause(1)
screenshot = viewer.screenshot(canvas_only=False, flash=False)
Image.fromarray(screenshot[..., :3]).save(out)
canvas = viewer.screenshot(canvas_only=True, flash=False)[..., :3]
assert len(np.unique(canvas.reshape(-1, 3), axis=0)) > 50, "the canvas is blank"
print(f"napari: {len(viewer.layers)} layers, {name_of_table} with {len(listed)} features, coloured by m/z {feature}", flush=True)
os._exit(0)  # Qt's threads would wait
