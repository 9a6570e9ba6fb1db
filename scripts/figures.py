"""The pictures and tables of docs/mathematics.md: what sampling, laws and methods do, shown on public data sets. Run by
scripts/figures.
"""

import pathlib
import sys

import matplotlib
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/conformance"))

import reference  # noqa: E402
from numerics import METHODS, Axis, find_numerics  # noqa: E402

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

DATA = ROOT.parent / "shared/data"
LAWS = ["constant", "linear_tof", "reflector_tof", "orbitrap", "fticr"]

# Sets that differ in how they were sampled; and those of them that have clear peaks.
SAMPLED = ["example-processed", "pym2aia-test", "i2nca-pc-71k"]
PEAKS = ["example-processed", "i2nca-pc-71k"]


def spectra_of(name, most=9):
    document = reference.read_imzml(DATA / name / f"{name}.imzML")
    return [reference.decode(document, s) for s in document.spectra[:: max(1, len(document.spectra) // most)]][:most]


def step_of(numerics, spectra, mz):
    scale, exponent, _ = numerics.fit(spectra)
    return scale * mz**exponent, exponent


def own_law(exponent):
    return LAWS[round(2 * exponent)]


def axis_of(numerics, spectra, law, steps):
    """An axis over all points whose bins are `steps` sampling steps wide in the middle (on a logarithmic scale)."""
    low, high = min(mz[0] for mz, _ in spectra), max(mz[-1] for mz, _ in spectra)
    middle = float(np.sqrt(low * high))
    step, _ = step_of(numerics, spectra, middle)
    return Axis(law, float(low), float(high), width=float(steps * step), reference=middle)


def two_peaks(spectra):
    """Windows around the strongest peak of the lower and of the upper third of the range, in the mean spectrum, as wide as
    the peak is above a fifth of its height."""
    mz = spectra[0][0]
    mean = np.mean([np.interp(mz, m, y, left=0, right=0) for m, y in spectra], axis=0)
    thirds = mz[0] + (mz[-1] - mz[0]) * np.array([1 / 3, 2 / 3])
    windows = []
    for part in (mz < thirds[0], mz > thirds[1]):
        top = int(np.flatnonzero(part)[np.argmax(mean[part])])
        first = last = top
        while first > 0 and mean[first - 1] > 0.2 * mean[top]:
            first -= 1
        while last < len(mz) - 1 and mean[last + 1] > 0.2 * mean[top]:
            last += 1
        windows.append((float(mz[max(first - 1, 0)]), float(mz[min(last + 1, len(mz) - 1)])))
    return windows


def sums_in(mz, values, windows):
    return [values[(mz >= low) & (mz <= high)].sum() for low, high in windows]


def peak_ratio(numerics, spectra, windows, axis, method):
    """The ratio of the two peaks after resampling over that before, of the sum of all spectra."""
    before, after = np.zeros(2), np.zeros(2)
    built, rows = numerics(axis, method, spectra)
    for (mz, y), row in zip(spectra, rows):
        before += sums_in(mz, y, windows)
        after += sums_in(built.centers, row.dense(len(built.centers)), windows)
    return (after[1] / after[0]) / (before[1] / before[0])


def non_zeros(numerics, spectra, axis, method):
    _, rows = numerics(axis, method, spectra)
    return float(np.mean([np.count_nonzero(row.values.astype(np.float32)) for row in rows]))


def save(figure, folder, name):
    figure.savefig(folder / name, dpi=80)
    pyplot.close(figure)
    print(f"\n{folder / name}")


def table(head, rows):
    print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def draw_sampling(numerics, folder):
    figure, panes = pyplot.subplots(1, len(SAMPLED), figsize=(4.3 * len(SAMPLED), 3.4), layout="constrained")
    for axes, name in zip(panes, SAMPLED):
        spectra = spectra_of(name)
        scale, exponent, agreement = numerics.fit(spectra)
        mz = spectra[0][0]
        middles, widths = (mz[1:] + mz[:-1]) / 2, np.diff(mz)
        every = max(1, len(widths) // 60)
        axes.plot(middles[::every], widths[::every], "o", color="tab:gray", markersize=4)
        axes.plot(mz, scale * mz**exponent, color="tab:red", linewidth=1)
        axes.set(xlabel="m/z", title=f"{name}\nstep ~ m^{abs(exponent):.3f} in {100 * agreement:.0f} % of the spacings")
        axes.set_ylim(0, 1.2 * widths.max())
    panes[0].set_ylabel("distance to the next point")
    save(figure, folder, "sampling.png")


def draw_peak(numerics, folder):
    name = "example-processed"
    spectra = spectra_of(name)
    low, high = two_peaks(spectra)[0]
    window = (low - 0.5, high + 0.5)
    mz, y = max(spectra, key=lambda s: sums_in(*s, [window])[0])
    figure, panes = pyplot.subplots(1, 2, figsize=(13, 3.8), layout="constrained", sharex=True)
    law = own_law(step_of(numerics, spectra, 500)[1])
    for axes, steps in zip(panes, (0.5, 4)):
        axis = axis_of(numerics, spectra, law, steps)
        axes.plot(mz, y, "o", color="black", markersize=4, label="points")
        for method in METHODS:
            built, (row,) = numerics(axis, method, [(mz, y)])
            axes.step(built.centers, row.dense(len(built.centers)), where="mid", linewidth=1, label=method)
        axes.set(xlim=window, xlabel="m/z", title=f"{name}: {law}, {steps:g} sampling steps per bin")
        inside = (mz >= window[0]) & (mz <= window[1])
        axes.set_ylim(0, y[inside].max() * max(1.3, steps))
    panes[0].set_ylabel("intensity")
    panes[1].legend(fontsize="small")
    save(figure, folder, "methods-peak.png")


def draw_ratios(numerics, folder):
    figure, panes = pyplot.subplots(1, len(PEAKS), figsize=(7 * len(PEAKS), 3.6), layout="constrained", sharey=True)
    rows = []
    for axes, name in zip(panes, PEAKS):
        spectra = spectra_of(name)
        windows = two_peaks(spectra)
        own = own_law(step_of(numerics, spectra, 500)[1])
        places = np.arange(len(LAWS))
        for i, method in enumerate(METHODS):
            ratios = [peak_ratio(numerics, spectra, windows, axis_of(numerics, spectra, law, 0.5), method) for law in LAWS]
            axes.bar(places + 0.13 * (i - 2.5), ratios, 0.13, label=method)
            rows.append([f"`{name}`", f"`{method}`", *(f"{ratio:.3f}" for ratio in ratios)])
        axes.axhline(1, color="black", linewidth=0.5)
        axes.set_xticks(places, [law + (" (own)" if law == own else "") for law in LAWS], fontsize="small")
        middles = " and ".join(f"{sum(window) / 2:.0f}" for window in windows)
        axes.set(yscale="log", title=f"{name}: peaks at m/z {middles}")
    panes[0].set_ylabel("ratio of the two peaks, over the true one")
    panes[1].legend(fontsize="small", ncols=2)
    save(figure, folder, "methods-ratios.png")
    table(["set", "method", *(f"`{law}`" for law in LAWS)], rows)


def draw_non_zeros(numerics, folder):
    figure, panes = pyplot.subplots(1, len(PEAKS), figsize=(7 * len(PEAKS), 3.4), layout="constrained")
    steps = [0.5, 1, 2, 4]
    rows = []
    for axes, name in zip(panes, PEAKS):
        spectra = spectra_of(name)
        law = own_law(step_of(numerics, spectra, 500)[1])
        for i, method in enumerate(METHODS):
            counts = [non_zeros(numerics, spectra, axis_of(numerics, spectra, law, s), method) for s in steps]
            axes.bar(np.arange(len(steps)) + 0.13 * (i - 2.5), counts, 0.13, label=method)
            rows.append([f"`{name}`", f"`{method}`", *(f"{count:,.0f}" for count in counts)])
        points = np.mean([np.count_nonzero(y) for _, y in spectra])
        axes.axhline(points, color="black", linewidth=0.5)
        axes.set_xticks(np.arange(len(steps)), [f"{s:g}" for s in steps])
        axes.set(xlabel="sampling steps per bin", title=f"{name}, {law} (line: points that are not 0)")
    panes[0].set_ylabel("non-zeros of a row")
    panes[0].legend(fontsize="small", ncols=2)
    save(figure, folder, "methods-nonzeros.png")
    table(["set", "method", *(f"{s:g} steps" for s in steps)], rows)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    numerics = find_numerics()
    for draw in (draw_sampling, draw_peak, draw_ratios, draw_non_zeros):
        draw(numerics, folder)


main()
