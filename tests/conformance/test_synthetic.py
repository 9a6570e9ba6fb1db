"""Synthetic input against the files that `mzgrid generate` writes: one store, but for what the inputs tell of
themselves, for one of them has a header and the other has none."""
import json

import anndata
import pytest
import zarr

from stores import tree

KINDS = ["centroid", "profile", "continuous"]
UNS = "tables/msi_dataset_z0/uns/"


def values(store):
    """Every file of a store by its name, without those that come from the input's own metadata."""
    own = (UNS + "imzml", UNS + "synthetic")
    files = {name: content for name, content in tree(store).items() if not name.startswith(own)}
    groups = []
    for group in ("", "tables/msi_dataset_z0/"):
        del files[group + "zarr.json"]
        groups.append(json.loads((store / group / "zarr.json").read_text()))
        consolidated = groups[-1]["consolidated_metadata"]["metadata"]
        for name in [n for n in consolidated if (group + n).startswith(own)]:
            del consolidated[name]
    return files, groups


@pytest.mark.parametrize("options", [[], ["--layout", "csr"], ["--scan-range", "--mass-axis-type", "orbitrap"]])
@pytest.mark.parametrize("kind", KINDS)
def test_store_is_that_of_the_generated_files(mzgrid, tmp_path, kind, options):
    path = tmp_path / "a.imzML"
    run = mzgrid("generate", path, "--size", "31x23", "--kind", kind, "--points", 300, "--seed", 5)
    assert run.status == 0, str(run)
    common = ["--bins", 3000, *options]
    mzgrid.convert(path, tmp_path / "read.zarr", *common)
    mzgrid.convert(f"synthetic:31x23:300:{kind}:5", tmp_path / "made.zarr", *common, "--chunk-size", 37, threads=2, ranks=3)
    read, read_root = values(tmp_path / "read.zarr")
    made, made_root = values(tmp_path / "made.zarr")
    assert len(read) > 50
    assert read.keys() == made.keys()
    assert [name for name in read if read[name] != made[name]] == []
    assert read_root == made_root


def test_metadata_tell_what_was_asked_for(mzgrid, tmp_path):
    mzgrid.convert("synthetic:6x5:40:profile:9:full", tmp_path / "made.zarr", "--bins", 100)
    uns = anndata.io.read_elem(zarr.open_group(tmp_path / "made.zarr", mode="r")[UNS.rstrip("/")])
    assert "imzml" not in uns
    told = uns["synthetic"]
    assert (told["format"], told["kind"], list(told["size"])) == ("synthetic", "profile", [6, 5])
    assert (told["points"], told["seed"], told["full"]) == (40, 9, True)
