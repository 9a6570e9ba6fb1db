"""Which feature the viewers colour by: the strongest that is not everywhere. As a program: feature.py STORE TABLE prints its name."""
import sys


def name_of_feature(table):
    """Of a table of peaks by their areas, of one of bins by their means."""
    weight = table.var["area" if "area" in table.var else "mean_intensity"]
    somewhere = table.var["n_pixels"] < 0.6 * table.n_obs
    assert somewhere.any(), "each feature is nearly everywhere"
    return table.var_names[int((weight * somewhere).to_numpy().argmax())]


if __name__ == "__main__":
    import anndata

    print(name_of_feature(anndata.read_zarr(f"{sys.argv[1]}/tables/{sys.argv[2]}")))
