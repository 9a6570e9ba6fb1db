"""What one writes without a program for it: pyimzML reads, numpy resamples, anndata writes. Run by the suite peers, in the
environment of the tests: `peer_pyimzml.py INPUT OUTPUT LAW BINS METHOD LOWEST HIGHEST`.
"""
import sys
import warnings

import anndata
import numpy as np
import pandas as pd
import scipy.sparse as sp
from pyimzml.ImzMLParser import ImzMLParser

# T(m), in which bins are equidistant, and its inverse.
LAWS = {
    "constant": (lambda m: m, lambda t: t),
    "linear_tof": (np.sqrt, np.square),
    "reflector_tof": (np.log, np.exp),
}


def make_axis(law, bins, lowest, highest):
    """Edges and centres."""
    there, back = LAWS[law]
    first, last = there(lowest), there(highest)
    step = (last - first) / bins
    edges = back(first + np.arange(bins + 1) * step)
    edges[0], edges[-1] = lowest, highest
    return edges, back(first + (np.arange(bins) + 0.5) * step)


def nearest_neighbor(mz, intensity, edges, centers):
    """Bins and the sums of the points in them."""
    bins = np.searchsorted(edges, mz, side="right") - 1
    bins[mz == edges[-1]] -= 1
    inside = (bins >= 0) & (bins < len(centers))
    bins, intensity = bins[inside], intensity[inside]
    if len(bins) == 0:
        return bins, intensity
    first = np.flatnonzero(np.r_[True, bins[1:] != bins[:-1]])
    return bins[first], np.add.reduceat(intensity.astype(np.float64), first)


def tic_preserving(mz, intensity, edges, centers):
    """Values on straight lines, times one factor that keeps the sum."""
    row = np.interp(centers, mz, intensity, left=0, right=0)
    total = intensity[(mz >= edges[0]) & (mz <= edges[-1])].sum(dtype=np.float64)
    bins = np.flatnonzero(row)
    return bins, row[bins] * (total / row.sum() if len(bins) else 0)


METHODS = {"nearest_neighbor": nearest_neighbor, "tic_preserving": tic_preserving}


def main(source, output, law, bins, method, lowest, highest):
    warnings.simplefilter("ignore")
    edges, centers = make_axis(law, int(bins), float(lowest), float(highest))
    parser = ImzMLParser(source)
    indices, values, begins = [], [], [0]
    for i in range(len(parser.coordinates)):
        mz, intensity = parser.getspectrum(i)
        row, value = METHODS[method](mz, intensity, edges, centers)
        kept = value != 0
        indices.append(row[kept].astype(np.int32))
        values.append(value[kept].astype(np.float32))
        begins.append(begins[-1] + len(indices[-1]))
    shape = (len(begins) - 1, len(centers))
    matrix = sp.csr_matrix((np.concatenate(values), np.concatenate(indices), begins), shape=shape)
    obs = pd.DataFrame({"x": [c[0] for c in parser.coordinates], "y": [c[1] for c in parser.coordinates]})
    obs.index = obs.index.astype(str)
    var = pd.DataFrame({"mz": centers}, index=[f"mz_{k}" for k in range(len(centers))])
    anndata.AnnData(matrix.tocsc(), obs, var).write_zarr(output)


main(*sys.argv[1:])
