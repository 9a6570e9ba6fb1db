"""Whether two stores hold the same matrix: some columns of both, pixel by pixel. Run by the suite peers, in the environment
of the tests: `compare_stores.py STORE OTHER METHOD`. Prints JSON: how many columns, pixels and values were looked at, the
share of values that agree, and the largest distance of two centres in widths of a bin.
"""
import json
import pathlib
import sys

import numpy as np
import zarr

COLUMNS = 60
TOLERANCE = 1e-5  # of the value; where curves are looked up, of the largest value: Thyra's centres lie a little beside ours


class Matrix:
    """X of a store, column by column, with the position of each row."""

    def __init__(self, path):
        tables = [matrix.parent for matrix in pathlib.Path(path).glob("tables/*/X")]
        table = zarr.open_group(tables[0] if tables else path, mode="r")
        self.begins = table["X/indptr"][:]
        self.rows, self.values = table["X/indices"], table["X/data"]
        self.mz = table["var/mz"][:]
        x, y = (table[f"obs/{name}"][:].astype(np.int64) for name in "xy")
        self.pixel = (y - y.min()) << 32 | (x - x.min())  # counted from 0 or from 1

    def column(self, k):
        """Pixels with a value in column k, in order, and these."""
        part = slice(int(self.begins[k]), int(self.begins[k + 1]))
        pixels, values = self.pixel[self.rows[part]], self.values[part].astype(np.float64)
        order = np.argsort(pixels[values != 0], kind="stable")
        return pixels[values != 0][order], values[values != 0][order]


def columns_to_look_at(matrix):
    """Spread evenly over the values, so that full columns take part."""
    targets = np.linspace(0, matrix.begins[-1] - 1, COLUMNS).astype(np.int64)
    return np.unique(np.searchsorted(matrix.begins, targets, side="right") - 1)


def on_common_pixels(p, v, q, w):
    """Both columns on all pixels that have a value in one of them, and these pixels."""
    everywhere = np.union1d(p, q)
    left, right = np.zeros(len(everywhere)), np.zeros(len(everywhere))
    left[np.searchsorted(everywhere, p)] = v
    right[np.searchsorted(everywhere, q)] = w
    return left, right, everywhere


def main(store, other, method):
    a, b = Matrix(store), Matrix(other)
    columns = columns_to_look_at(a)
    parts = [on_common_pixels(*a.column(k), *b.column(k)) for k in columns]
    left, right, pixels = (np.concatenate(part) for part in zip(*parts))
    larger = np.maximum(np.abs(left), np.abs(right))
    scale = larger if method == "nearest_neighbor" else larger.max()
    close = np.abs(left - right) <= TOLERANCE * scale
    width = np.gradient(a.mz)
    print(json.dumps({
        "columns": len(columns),
        "pixels": len(np.unique(pixels)),
        "values": len(left),
        "agree": float(np.mean(close)),
        "centers_apart": float(np.max(np.abs(a.mz - b.mz) / width)),
        "same_rows": bool(np.array_equal(np.sort(a.pixel), np.sort(b.pixel))),
    }))


main(*sys.argv[1:])
