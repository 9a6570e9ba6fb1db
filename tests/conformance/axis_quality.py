"""How well a mass axis suits spectra, counted from the spectra and the edges alone, and synthetic sets whose law, least
distance and jitter are known. Used by test_auto.py and scripts/axis_table.py."""
import numpy as np
import scipy.signal

from reference import EXPONENTS
from writer import Pixel, write_imzml

POWERS = [EXPONENTS[law] for law in ("constant", "linear_tof", "reflector_tof", "orbitrap", "fticr")]


def transform(mz, p):
    return np.log(mz) if p == 1 else mz ** (1 - p) / (1 - p)


def inverse(t, p):
    return np.exp(t) if p == 1 else (t * (1 - p)) ** (1 / (1 - p))


def clean(spectra):
    """The different m/z of each spectrum, in order."""
    made = [np.unique(np.asarray(mz, float)[np.isfinite(mz) & (np.asarray(mz) > 0)]) for mz in spectra]
    return [mz for mz in made if len(mz)]


def together(spectra, edges):
    """(a): the share of points that lie in one bin with another point of their spectrum."""
    same = sum((np.diff(np.searchsorted(edges, mz, side="right")) == 0).sum() for mz in spectra)
    return same / sum(map(len, spectra))


def apart(pairs, edges):
    """(b): of pairs of spectra of neighbouring pixels, the share of peaks found in the same or the next bin."""
    near = total = 0
    for a, b in pairs:
        bins = [np.searchsorted(edges, mz, side="right") for mz in (a, b)]
        near += (np.abs(bins[0] - bins[1]) <= 1).sum()
        total += len(a)
    return near / total if total else np.nan


def shared(spectra):
    """Whether half of the spectra have nearly all m/z of the whole."""
    whole = np.unique(np.concatenate(spectra))
    return len(spectra) > 1 and len(np.unique(np.concatenate(spectra[::2]))) >= 0.98 * len(whole)


def fewest(spectra, tolerated=1e-3):
    """(c): the bins of the law that needs fewest to keep all but `tolerated` of the points apart, whatever their width;
    or one bin for each m/z, where spectra share them."""
    ends = min(mz[0] for mz in spectra), max(mz[-1] for mz in spectra)
    points = sum(map(len, spectra))
    best = len(np.unique(np.concatenate(spectra))) if shared(spectra) else 1 << 31
    for p in POWERS:
        t = [transform(mz, p) for mz in spectra]
        gaps = np.concatenate([np.diff(v) for v in t]) if points > len(spectra) else np.array([])
        gaps = np.sort(gaps[gaps > 0])
        extent = transform(ends[1], p) - transform(ends[0], p)
        if len(gaps) == 0:
            return min(best, 1)
        low, high = gaps[0] / 2, max(2 * gaps[-1], gaps[0])
        for _ in range(40):
            h = np.sqrt(low * high)
            same = sum((np.diff(np.floor(v / h)) == 0).sum() for v in t)
            low, high = (h, high) if same < tolerated * points else (low, h)
        best = min(best, int(np.ceil(extent / low)))
    return max(best, 1)


def close_spacing(spectra):
    """The 2 % quantile of the distances of neighbouring points over m/z, as a function of m/z."""
    gaps = np.concatenate([np.diff(mz) / np.sqrt(mz[1:] * mz[:-1]) for mz in spectra])
    return np.quantile(gaps, 0.02) if len(gaps) else np.inf


def matched(a, b, within):
    """Points of a and b that are next to each other both ways, and closer than half of what is told apart."""
    if len(a) == 0 or len(b) == 0:
        return np.array([]), np.array([])

    def nearest(x, y):
        i = np.clip(np.searchsorted(y, x), 1, max(len(y) - 1, 1))
        i = np.minimum(i, len(y) - 1)
        return np.where(np.abs(y[i - 1] - x) < np.abs(y[i] - x), i - 1, i)

    to_b, to_a = nearest(a, b), nearest(b, a)
    mutual = (to_a[to_b] == np.arange(len(a))) & (np.abs(a - b[to_b]) < within * a / 2)
    return a[mutual], b[to_b][mutual]


def tops(mz, intensity):
    """The m/z of a profile's peaks: points above their neighbours and a tenth of the largest."""
    y = np.asarray(intensity)
    if len(y) < 3:
        return np.array([])
    up = (y[1:-1] > y[:-2]) & (y[1:-1] >= y[2:]) & (y[1:-1] > 0.1 * y.max())
    return np.asarray(mz)[1:-1][up]


# --- peaks of profiles, by how far they stand out of the noise -------------------------------------------------


def noise(intensity):
    """Standard deviation of a profile's noise: how far points lie from the middle of two beside them, by the median, and
    at the distance at which that is most, because detectors smear noise over several points."""
    y = np.asarray(intensity, float)
    most = 0.0
    for lag in (1, 2, 4, 8):
        if len(y) > 2 * lag:
            apart = np.abs(y[lag:-lag] - (y[: -2 * lag] + y[2 * lag :]) / 2)
            apart = apart[(y[lag:-lag] != 0) | (y[: -2 * lag] != 0) | (y[2 * lag :] != 0)]  # not where nothing was measured
            most = max(most, 1.4826 * np.median(apart) / np.sqrt(1.5) if len(apart) else 0.0)
    return most


def peaks(intensity):
    """Where the peaks of a profile are, in points; their prominence over the noise, and their width at half of it."""
    y = np.asarray(intensity, float)
    top, _ = scipy.signal.find_peaks(y, prominence=0)
    prominence, left, right = scipy.signal.peak_prominences(y, top)
    width = scipy.signal.peak_widths(y, top, 0.5, (prominence, left, right))[0]
    sigma = noise(y)
    return top, prominence / sigma if sigma > 0 else np.full(len(top), np.inf), width


def wandering(profiles, pairs, least):
    """Peaks of two neighbouring pixels, at least `least` times the noise in both, that are next to each other both ways
    and closer than the width of one: how many points they lie apart, and their widths. `profiles`: intensities by pixel,
    on m/z that all share."""
    found = {}
    for i, y in profiles.items():
        top, snr, width = peaks(y)
        found[i] = top[snr >= least], width[snr >= least]
    steps, widths = [np.array([])], [np.array([])]
    for i, j in pairs:
        (a, width_a), (b, width_b) = found[i], found[j]
        if len(a) == 0 or len(b) == 0:
            continue
        apart = np.abs(a[:, None] - b[None, :])
        to_b, to_a = apart.argmin(axis=1), apart.argmin(axis=0)
        mutual = np.flatnonzero(to_a[to_b] == np.arange(len(a)))
        near = apart[mutual, to_b[mutual]]
        width = (width_a[mutual] + width_b[to_b[mutual]]) / 2
        keep = near <= np.maximum(width, 1)
        steps.append(near[keep])
        widths.append(width[keep])
    return np.concatenate(steps), np.concatenate(widths)


def wandering_profiles(jitter, noise, pixels=24, points=6000, sigma=2.0, seed=1):
    """Profiles on points that all share: 40 peaks, `sigma` points wide, of equal height, each moved in each pixel by
    `jitter` points (standard deviation); and noise, in parts of that height. Intensities by pixel, and pairs of neighbours."""
    rng = np.random.default_rng(seed)
    at = np.arange(points)
    places = np.linspace(100, points - 100, 40) + rng.uniform(-20, 20, 40)
    made = {}
    for i in range(pixels):
        moved = places + rng.normal(0, jitter, len(places))
        made[i] = np.exp(-0.5 * ((at[:, None] - moved) / sigma) ** 2).sum(axis=1) + rng.normal(0, noise, points)
    return made, [(i, i + 1) for i in range(pixels - 1)]


# --- synthetic sets --------------------------------------------------------------------------------------------


def centroids(path, p, least, jitter, pixels=60, count=500, kept=0.6, noise=0.0, low=150.0, seed=1, mz_type="<f8"):
    """Peaks at least `least` m^p apart in a spectrum; in each pixel a part of them, each moved by `jitter` of that."""
    rng = np.random.default_rng(seed)
    true, mz = [], low
    while len(true) < count:
        true.append(mz)
        mz += least * mz**p * (1 + rng.exponential(8))
    true = np.array(true)
    made = []
    for i in range(pixels):
        mz = true[rng.random(count) < kept]
        mz = np.sort(mz + rng.normal(0, jitter, len(mz)) * least * mz**p)
        if noise:
            mz = np.sort(np.append(mz, rng.uniform(true[0], true[-1], int(noise * count))))
        far = np.append(True, np.diff(mz) >= least * mz[:-1] ** p)
        while not far.all():
            mz = mz[far]
            far = np.append(True, np.diff(mz) >= least * mz[:-1] ** p)
        made.append(Pixel(1 + i % 10, 1 + i // 10, mz, rng.uniform(1, 9, len(mz))))
    return write_imzml(path, made, mz_type=mz_type)


def profiles(path, p, steps, pixels=40, low=200.0, high=1000.0, jitter=0.0, trimmed=False, seed=1, mz_type="<f8"):
    """Spectra sampled in `steps` steps that grow as m^p; each pixel begins at another part of a step."""
    rng = np.random.default_rng(seed)
    t0, t1 = transform(low, p), transform(high, p)
    h = (t1 - t0) / steps
    places = t0 + (t1 - t0) * rng.uniform(0.05, 0.95, 40)
    made = []
    for i in range(pixels):
        t = t0 + h * (np.arange(steps) + rng.random() + jitter * rng.uniform(-0.5, 0.5, steps))
        y = sum(rng.uniform(0.2, 1) * np.exp(-0.5 * ((t - c) / (3 * h)) ** 2) for c in places)
        y = np.where(y > 1e-3, y, 0)
        mz = inverse(t, p)
        if trimmed:
            mz, y = mz[y > 0], y[y > 0]
        made.append(Pixel(1 + i % 8, 1 + i // 8, mz, y))
    return write_imzml(path, made, profile=True, mz_type=mz_type)


def synthetic(folder):
    """Names and files of sets whose properties are known."""
    least = {0: 0.19, 0.5: 8.6e-3, 1: 4.2e-4, 1.5: 2.2e-5, 2: 1.26e-6}  # from m/z 150 to about 1000
    for p in POWERS:
        yield f"centroids m^{p:g}, jitter 5 %", centroids(folder / f"c{p}.imzML", p, least[p], 0.05)
        yield f"profiles m^{p:g}, shifted", profiles(folder / f"p{p}.imzML", p, 3000)
    yield "centroids m^1, jitter 20 %", centroids(folder / "j.imzML", 1, 4.2e-4, 0.2)
    yield "centroids m^1, noise between", centroids(folder / "n.imzML", 1, 4.2e-4, 0.05, noise=0.2)
    yield "centroids m^1.5, float32", centroids(folder / "f.imzML", 1.5, 2.2e-5, 0.05, mz_type="<f4")
    yield "centroids m^1, 30 of a spectrum", centroids(folder / "s.imzML", 1, 4.2e-4, 0.05, pixels=200, count=100, kept=0.3)
    yield "profiles m^0.5, steps jitter 10 %", profiles(folder / "pj.imzML", 0.5, 3000, jitter=0.1)
    yield "profiles m^0.5, trimmed", profiles(folder / "pt.imzML", 0.5, 3000, trimmed=True)
    yield "profiles m^0.75, between two laws", profiles(folder / "pb.imzML", 0.75, 3000)
    yield "profiles m^0.5, float32", profiles(folder / "pf.imzML", 0.5, 3000, mz_type="<f4")
