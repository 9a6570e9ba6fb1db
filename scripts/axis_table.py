#!/usr/bin/env python3
"""Judges the mass axes that mzgrid chooses by itself: all real sets of ../shared/data, those of ../shared/data-wild, and
synthetic ones whose law, least distance and jitter are known. Writes a table in Markdown.

Usage: axis_table.py PROGRAM [OTHER_PROGRAM] [--only wild]    two programs: before and after; wild: those of data-wild alone,
                                                              converted once, for their times say nothing
       axis_table.py peaks                      how far peaks of profiles lie apart in neighbouring pixels, in the files
       axis_table.py chance                     the same, whatever their distance, less what is chance

Columns: bins; (a) the share of points that lie in one bin with another of their spectrum; (b) the share of peaks that
neighbouring pixels have in the same or the next bin; (c) bins by the fewest that keep (a) below 0.1 %; size of the store;
seconds of a conversion on one rank without an option, the least of three.
"""
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.signal import find_peaks

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE / "tests/conformance"))
import axis_quality as quality  # noqa: E402
import reference  # noqa: E402
from sets import SETS  # noqa: E402

MOST = 300  # spectra of a set that are judged


def edges_of(store):
    import zarr

    var = zarr.open_group(store, mode="r")["tables/msi_dataset_z0/var"]
    return np.append(var["mz_lower"][:], var["mz_upper"][-1])


def convert(program, source, folder, runs):
    """Edges, kind of axis, bytes and seconds of a run without options."""
    seconds = []
    for i in range(runs):
        out = folder / "out.zarr"
        begin = time.monotonic()
        if subprocess.run([program, "convert", source, out, "-q", "--overwrite"], stderr=subprocess.DEVNULL).returncode != 0:
            return None
        seconds.append(time.monotonic() - begin)
    size = sum(p.stat().st_size for p in out.rglob("*") if p.is_file())
    attributes = subprocess.run([program, "info", "--json", "--decisions", source], check=True, capture_output=True, text=True).stdout
    return edges_of(out), json.loads(attributes)["decisions"]["mass_axis"]["type"], size, min(seconds)


def neighbours(document, spectra):
    """Pairs of spectra of pixels side by side, by their ordinals."""
    at = {s.position[:2]: i for i, s in enumerate(document.spectra) if i in spectra and None not in s.position[:2]}
    return [(i, at[x + 1, y]) for (x, y), i in at.items() if (x + 1, y) in at]


def is_profile(mz, intensity):
    """Many points at regular steps: peaks are its tops, not its points."""
    filled = np.asarray(intensity) != 0
    steps = np.diff(mz)
    regular = len(mz) > 100 and np.quantile(steps, 0.9) < 3 * np.quantile(steps, 0.1)
    return regular and (filled[1:] & filled[:-1]).sum() > 0.3 * filled.sum()


def judge(document):
    chosen = np.unique(np.linspace(0, len(document.spectra) - 1, MOST).astype(int))
    decoded = {int(i): reference.decode(document, document.spectra[i]) for i in chosen}
    spectra = quality.clean([d[0] for d in decoded.values()])
    peaks = {}
    for i, (mz, intensity) in decoded.items():
        keep = np.isfinite(mz) & (np.asarray(mz) > 0) & (np.asarray(intensity) != 0)
        peaks[i] = quality.tops(mz, intensity) if is_profile(mz, intensity) else np.sort(np.asarray(mz, float)[keep])
    within = 1e-3 if any(is_profile(*d) for d in decoded.values()) else min(quality.close_spacing(spectra), 1e-3)
    pairs = [quality.matched(peaks[i], peaks[j], within) for i, j in neighbours(document, decoded)]
    return spectra, pairs, quality.fewest(spectra)


def percent(share):
    return "–" if np.isnan(share) else f"{100 * share:.3g} %"


def row(name, source, programs, folder, runs=3):
    try:
        spectra, pairs, least = judge(reference.read_imzml(source))
    except reference.Fault:  # offsets that the file contradicts, of which the program repairs some
        spectra, pairs, least = [], [], np.nan
    cells = [name]
    for program in programs:
        done = convert(program, source, folder, runs)
        if not done:
            cells += ["refused", *["–"] * 5]
            continue
        edges, kind, size, seconds = done
        n = len(edges) - 1
        cells += [f"{kind} {n}", percent(quality.together(spectra, edges) if spectra else np.nan), percent(quality.apart(pairs, edges)),
                  "–" if np.isnan(least) else f"{n / least:.2g}", f"{size / 1000:.0f} kB", f"{seconds:.2f} s"]  # fmt: skip
    print("| " + " | ".join(cells) + " |", flush=True)


def share(steps, points):
    """(b) in bins of so many points, wherever they begin, of peaks that lie so many points apart."""
    return np.clip(2 - steps / points, 0, 1).mean() if len(steps) else np.nan


def profiles(data):
    """Of each set of profiles that share their points: its name, its document, and up to MOST spectra by their ordinals."""
    for name in SETS if data.is_dir() else []:
        document = reference.read_imzml(data / name / f"{name}.imzML")
        chosen = np.unique(np.linspace(0, len(document.spectra) - 1, MOST).astype(int))
        decoded = {int(i): reference.decode(document, document.spectra[i]) for i in chosen}
        first = next(iter(decoded.values()))[0]
        if all(np.array_equal(mz, first) for mz, _ in decoded.values()) and any(is_profile(*d) for d in decoded.values()):
            yield name, document, decoded


def tell_peaks(data):
    """Sets of profiles that share their points: no program is asked, all is in the files."""
    print("| set | pairs of pixels | peaks, S/N 10 | width, points | b | b, 2 points a bin | 3 | peaks, S/N 100 | b |")
    print("|---|" + "--:|" * 8)
    for name, document, decoded in profiles(data):
        pairs = neighbours(document, decoded)
        if not pairs:
            continue
        intensities = {i: y for i, (_, y) in decoded.items()}
        (steps, widths), (high, _) = (quality.wandering(intensities, pairs, least) for least in (10, 100))
        cells = [name, len(pairs), len(steps), f"{np.median(widths):.1f}", *(percent(share(steps, n)) for n in (1, 2, 3)),
                 len(high), percent(share(high, 1))]  # fmt: skip
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def tops_of(intensity):
    """The points of peaks at least 10 times above the noise, which is that of the differences."""
    steps = np.abs(np.diff(intensity[intensity > 0]))
    return find_peaks(intensity, prominence=10 * np.median(steps) / 0.95)[0] if len(steps) > 8 else np.empty(0, int)


def tell_chance(data):
    """Distances of all tops of neighbours, in points, less how many are so far apart from 14 to 44 points beside; and (a) in bins
    of two points, of those that are not 0."""
    print("| set | 0 points apart | 1 | 2 | 3 | by chance 0 | 1 | 2 | 3 | beyond chance 0 or 1 of all | a, 2 points a bin |")
    print("|---|" + "--:|" * 10)
    for name, document, decoded in profiles(data):
        tops = {i: tops_of(np.asarray(y, float)) for i, (_, y) in decoded.items()}
        apart = [np.subtract.outer(tops[i], tops[j]).ravel() for i, j in neighbours(document, decoded)]
        apart = np.concatenate([*apart, np.empty(0, int)])
        if len(apart) == 0:
            continue
        found = np.array([(np.abs(apart) == k).sum() for k in range(4)])
        beside = [np.abs(apart - shift) for size in range(14, 45, 3) for shift in (size, -size)]
        chance = np.array([np.mean([(d == k).sum() for d in beside]) for k in range(4)])
        beyond = np.maximum(found - chance, 0)
        lost = []
        for begin in (0, 1):
            whole = [np.asarray(y)[begin : begin + (len(y) - begin) // 2 * 2].reshape(-1, 2) != 0 for _, y in decoded.values()]
            lost.append(2 * sum(w.all(axis=1).sum() for w in whole) / sum((np.asarray(y) != 0).sum() for _, y in decoded.values()))
        cells = [name, *found, *(f"{c:.0f}" for c in chance), percent(beyond[:2].sum() / max(beyond.sum(), 1)), percent(min(lost))]
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def main():
    words = sys.argv[1:]
    only = words.pop() if words[-2:-1] == ["--only"] else None
    programs = [word for word in words if word != "--only"][:2]
    if not programs:
        sys.exit(__doc__)
    if programs[0] in ("peaks", "chance"):
        tell = tell_peaks if programs[0] == "peaks" else tell_chance
        tell(HERE.parent / "shared" / "data")
        return
    heads = ["axis, bins", "a", "b", "c", "store", "time"]
    names = [""] if len(programs) == 1 else ["before: ", "after: "]
    print("| set | " + " | ".join(n + h for n in names for h in heads) + " |")
    print("|---|" + "--:|" * len(heads) * len(names))
    data, wild = HERE.parent / "shared" / "data", HERE.parent / "shared" / "data-wild"
    with tempfile.TemporaryDirectory() as folder:
        for name in SETS if data.is_dir() and only is None else []:
            row(name, data / name / f"{name}.imzML", programs, Path(folder))
        for path in sorted(wild.glob("*/*.imzML")):
            row(path.stem, path, programs, Path(folder), 1)
        if only == "wild":
            return
        for name, source in quality.synthetic(Path(folder)):
            row(name, source, programs, Path(folder))


main()
