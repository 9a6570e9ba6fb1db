"""Stores as spatialdata and anndata read them, to hold pictures, spectra and previews against."""
import anndata
import numpy as np
import scipy.sparse as sp
import spatialdata

LAYOUTS = ["csc", "csr", "csc+csr", "dense"]
NORMS = {"tic": "tic", "rms": "rms", "median": "median_intensity"}


class Made:
    def __init__(self, path):
        self.path = path
        (folder,) = (path / "tables").glob("*_z0")
        self.name = folder.name
        self.table = anndata.read_zarr(folder)
        x = self.table.X
        self.x = (x.toarray() if sp.issparse(x) else np.asarray(x)).astype(np.float64)
        self.mz = self.table.var["mz"].to_numpy()
        sdata = spatialdata.read_zarr(path)
        (labels,) = sdata.labels.values()
        self.labels = np.asarray(labels)

    def image(self, mz, half, norm=None):
        """By the labels: the sum over the bins within `half` of each pixel, NaN in cells without one."""
        inside = (self.mz >= mz - half) & (self.mz <= mz + half)
        assert inside.any()
        values = self.x[:, inside].sum(axis=1)
        if norm:
            divisor = self.table.obs[NORMS[norm]].to_numpy()
            values = np.where(divisor > 0, values / np.where(divisor > 0, divisor, 1), np.nan)
        keys = self.table.obs["instance_key"].to_numpy()
        by_key = np.full(max(keys.max(), self.labels.max()) + 1, np.nan)
        by_key[keys] = values
        by_key[0] = np.nan
        return by_key[self.labels]

    def some_mz(self, n):
        """The m/z of the strongest bins."""
        mean = self.table.var["mean_intensity"].to_numpy()
        return sorted(self.mz[np.argsort(-mean, kind="stable")[:n]].tolist())


def refused(mzgrid, place, expected, *arguments, status=1):
    before = sorted(p.name for p in place.iterdir())
    inside = sorted(str(p) for p in place.rglob("*"))
    run = mzgrid(*arguments, cwd=place)
    assert run.status == status and expected in run.err and run.err.count("\n") == 1, str(run)
    assert run.out == ""
    assert sorted(p.name for p in place.iterdir()) == before and sorted(str(p) for p in place.rglob("*")) == inside
