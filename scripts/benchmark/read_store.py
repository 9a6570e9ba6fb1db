"""Times of reading single ion images and spectra of a store with zarr-python. Run by the suite reads, in the environment of the
tests: `read_store.py STORE N`. Prints JSON: for each kind of read, milliseconds of N reads, and of N with an empty page cache."""
import json
import os
import pathlib
import sys
import time

import numpy as np
import zarr


def forget(directory):
    """Takes all files below out of the page cache."""
    for path in directory.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def read(matrix, k):
    """Milliseconds of reading column (csc) or row (csr) k, and its sum."""
    begin = time.perf_counter()
    first, end = matrix["indptr"][k : k + 2]
    places, values = matrix["indices"][int(first) : int(end)], matrix["data"][int(first) : int(end)]
    took = 1000 * (time.perf_counter() - begin)
    assert len(places) == len(values)
    return took, float(values.sum(dtype=np.float64))


def measure(store, path, picks, expected):
    matrix = zarr.open_group(store, mode="r")[path]
    times = {"cold": [], "warm": []}
    for kind, mine in times.items():
        for k in map(int, picks):
            if kind == "cold":
                forget(store / path)
            took, total = read(matrix, k)
            assert np.isclose(total, expected[k], rtol=1e-5), (path, k)
            mine.append(took)
    return times


def main(store, n):
    store, n = pathlib.Path(store), int(n)
    (name,) = (p.name for p in (store / "tables").iterdir() if p.is_dir())
    table = zarr.open_group(store, mode="r")[f"tables/{name}"]
    n_rows = table["obs/x"].shape[0]
    pixels, sums, tic = table["var/n_pixels"][:], table["var/mean_intensity"][:] * n_rows, table["obs/tic"][:]
    some = np.random.default_rng(1)
    reads = {
        "an ion image of any bin": ("X", some.choice(np.nonzero(pixels)[0], n), sums),
        "an ion image of the fullest bins": ("X", np.argsort(pixels)[-n:], sums),
        "a spectrum": ("layers/csr", some.integers(0, n_rows, n), tic),  # each point lies in a bin
    }
    measure(store, f"tables/{name}/X", [0], sums)  # what is loaded once
    print(json.dumps({title: measure(store, f"tables/{name}/{path}", picks, expected)
                      for title, (path, picks, expected) in reads.items()}))  # fmt: skip


main(*sys.argv[1:])
