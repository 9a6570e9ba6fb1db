"""Spectra from a generator of Python into a store: time, and the memory of the process while it reads and afterwards.

    python scripts/benchmark/python_feed.py OUT.zarr [--spectra 200000] [--points 500]

Prints one row of the table in docs/performance/python.md. Memory is the anonymous memory of the process (RssAnon); the
largest is found by a thread that looks every 50 ms."""

import argparse
import threading
import time
import warnings

import numpy as np

import mzgrid


def memory():
    with open("/proc/self/status") as status:
        (line,) = [line for line in status if line.startswith("RssAnon:")]
    return int(line.split()[1]) / 1024


def spectra(n, points, marks):
    """Peaks on a grid of sampled times, each pixel with its own. They are made fast: the generator is not measured."""
    base = np.linspace(10.0, 30.0, points) ** 2
    intensity = np.ones(points)
    for i in range(n):
        if i in marks:
            marks[i] = memory()
        yield i % 1000 + 1, i // 1000 + 1, 1, base + (i % 13) / 1000, intensity * (1 + i % 5)


def watch(seen, end):
    while not end.wait(0.05):
        seen.append(memory())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", help="the store, which is replaced")
    parser.add_argument("--spectra", type=int, default=200_000)
    parser.add_argument("--points", type=int, default=500, help="of each spectrum (default: %(default)s)")
    given = parser.parse_args()
    out, n, points = given.out, given.spectra, given.points
    marks = dict.fromkeys((1, n // 4, n // 2, n - 1))
    seen, end = [], threading.Event()
    watcher = threading.Thread(target=watch, args=(seen, end))
    watcher.start()
    begin = time.perf_counter()
    warnings.simplefilter("ignore", mzgrid.ConversionWarning)  # the bins are narrower than such peaks need
    options = dict(bin_width="5mDa", pixel_size=10, spectrum_type="centroid", memory_limit="500M")
    mzgrid.convert(spectra(n, points, marks), out, overwrite=True, progress=False, **options)
    seconds = time.perf_counter() - begin
    end.set()
    watcher.join()
    reading = ", ".join(f"{marks[i]:.0f}" for i in sorted(marks))
    print(f"| {n:,} × {points} | {n * points * 16 / 1e6:,.0f} MB | {reading} | {max(seen):.0f} | {seconds:.0f} |")


if __name__ == "__main__":
    main()
