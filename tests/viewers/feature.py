"""Which feature the viewers colour by, the strongest that is not everywhere, and its values. feature.py STORE TABLE prints its name."""
import sys

import numpy as np


def name_of_feature(table):
    """Of a table of peaks by their areas, of one of bins by their means."""
    weight = table.var["area" if "area" in table.var else "mean_intensity"]
    somewhere = table.var["n_pixels"] < 0.6 * table.n_obs
    assert somewhere.any(), "each feature is nearly everywhere"
    return table.var_names[int((weight * somewhere).to_numpy().argmax())]


def values_of(table, feature):
    """Of each pixel."""
    values = table[:, feature].X
    return np.asarray(values.todense() if hasattr(values, "todense") else values).ravel()


if __name__ == "__main__":
    import anndata

    print(name_of_feature(anndata.read_zarr(f"{sys.argv[1]}/tables/{sys.argv[2]}")))
