"""Axes against mpmath, resampled rows against numpy and scipy, on thousands of random spectra, and the properties that the
methods promise. The references are computed from the contract, never from mzgrid's own output, except for the edges and
centres of the axis, which the first tests check.
"""
import mpmath
import numpy as np
import pytest
import reference
from mpmath import mpf
from numerics import LAWS, METHODS, Axis, find_numerics
from scipy.interpolate import CubicSpline, PchipInterpolator

INTERPOLATING = [m for m in METHODS if m != "nearest_neighbor"]


@pytest.fixture(scope="session")
def numerics():
    return find_numerics()


# --- the axis, with 50 digits ----------------------------------------------------------------------------------


def law(axis):
    """T, its inverse and the growth of bin widths, on mpmath numbers."""
    a, b = mpf(axis.a), mpf(axis.b)
    return {
        "constant": (lambda m: m, lambda t: t, lambda m: mpf(1)),
        "linear_tof": (lambda m: 2 * mpmath.sqrt(m), lambda t: (t / 2) ** 2, mpmath.sqrt),
        "reflector_tof": (mpmath.log, mpmath.exp, lambda m: m),
        "orbitrap": (lambda m: -2 / mpmath.sqrt(m), lambda t: 4 / t**2, lambda m: m * mpmath.sqrt(m)),
        "fticr": (lambda m: -1 / m, lambda t: -1 / t, lambda m: m * m),
        "tof": (
            lambda m: 2 / mpmath.sqrt(b) * mpmath.asinh(mpmath.sqrt(b * m / a)),
            lambda t: a / b * mpmath.sinh(t * mpmath.sqrt(b) / 2) ** 2,
            lambda m: mpmath.sqrt(a * m + b * m * m),
        ),
    }[axis.law]


def ulps(found, expected):
    return abs(found - float(expected)) / np.spacing(abs(float(expected)))


def grid(axis):
    """Where the first bin begins in T, h and N: a window on the endless grid of whole multiples of h for a width."""
    T, _, w = law(axis)
    lo, hi = T(mpf(axis.lo)), T(mpf(axis.hi))
    if axis.bins:
        return lo, (hi - lo) / axis.bins, axis.bins
    h = mpf(axis.width) / w(mpf(axis.reference))
    first = mpmath.floor(lo / h + mpf("1e-9"))
    last = max(first + 1, mpmath.ceil(hi / h - mpf("1e-9")))
    return first * h, h, int(last - first)


def random_axis(rng, name, most_bins):
    lo = 10 ** rng.uniform(0, 3)
    axis = Axis(name, lo, min(lo * 10 ** rng.uniform(0.01, 2.5), 1e6), a=10 ** rng.uniform(-3, 3), b=10 ** rng.uniform(-5, 1))
    bins = int(10 ** rng.uniform(0, np.log10(most_bins)))
    if rng.random() < 0.5:
        axis.bins = bins
    else:
        T, _, w = law(axis)
        axis.reference = 10 ** rng.uniform(1, 3.5)
        axis.width = float((T(mpf(axis.hi)) - T(mpf(axis.lo))) / bins * w(mpf(axis.reference)))
        if T(mpf(axis.hi)) + mpf(axis.width) / w(mpf(axis.reference)) >= 0 and name in ("orbitrap", "fticr"):
            axis.bins, axis.width = bins, 0.0  # the last bin would have no upper end
    return axis


@pytest.mark.parametrize("name", LAWS)
def test_edges_are_within_4_ulp_of_50_digits(numerics, name):
    rng = np.random.default_rng(1)
    with mpmath.workdps(50):
        for _ in range(60):
            axis = random_axis(rng, name, 1e5)
            built, _ = numerics(axis, "linear", [])
            T, inverse, w = law(axis)
            lo, hi = mpf(axis.lo), mpf(axis.hi)
            begin, h, n = grid(axis)
            assert len(built.centers) == n
            assert ulps(built.step, h) <= 1
            first, last = axis.lo, axis.hi
            if not axis.bins:
                first, last = min(first, float(inverse(begin))), max(last, float(inverse(begin + n * h)))
            assert ulps(built.edges[0], first) <= 4 and ulps(built.edges[n], last) <= 4
            assert built.edges[0] <= axis.lo and built.edges[n] >= axis.hi
            for k in {*rng.integers(1, n + 1, 20).tolist(), n - 1} - {0, n}:
                assert ulps(built.edges[k], inverse(begin + k * h)) <= 4
                assert ulps(built.centers[k], inverse(begin + (k + mpf("0.5")) * h)) <= 4
            assert (np.diff(built.edges) > 0).all()


# --- the methods, against numpy and scipy ----------------------------------------------------------------------


def random_spectrum(rng, lo, hi, n, kind):
    width = hi - lo
    if kind == "centroid":
        mz = np.sort(rng.uniform(lo - 0.1 * width, hi + 0.1 * width, n))
        y = rng.lognormal(2, 2, n)
    else:  # a grid that grows with the square root, peaks on it, long stretches of zeros
        mz = np.linspace(np.sqrt(max(lo - 0.05 * width, 1e-3)), np.sqrt(hi + 0.05 * width), n) ** 2
        y = np.zeros(n)
        for centre in rng.uniform(lo, hi, 1 + n // 60):
            y += rng.lognormal(3, 1) * np.exp(-(((mz - centre) / (4 * width / max(n, 2))) ** 2))
        y[y < 1e-3] = 0
        if kind == "negative":
            y -= 0.1 * rng.random(n) * y.max(initial=0)
    keep = np.concatenate([[True], np.diff(mz) > 0]) if n else np.zeros(0, bool)
    return mz[keep & (mz > 0)], y[keep & (mz > 0)]


def batches(seed, count=12, per_axis=25):
    """Axes with random spectra of all kinds and sizes on them."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        axis = random_axis(rng, LAWS[i % len(LAWS)], 3e4)
        sizes = [0, 1, 2, 3, 4, 5, *rng.integers(6, 3000, per_axis - 6).tolist()]
        kinds = rng.choice(["centroid", "profile", "negative"], per_axis)
        yield rng, axis, [random_spectrum(rng, axis.lo, axis.hi, n, k) for n, k in zip(sizes, kinds)]


def expected(method, built, axis, mz, y):
    """The row as the contract defines it."""
    n, c = len(built.centers), built.centers
    if method == "nearest_neighbor":
        row = np.zeros(n)
        inside = (mz >= built.edges[0]) & (mz <= built.edges[-1])
        bins = np.minimum(np.searchsorted(built.edges, mz[inside], side="right") - 1, n - 1)
        np.add.at(row, bins, y[inside])  # in the order of the points
        return row
    if len(mz) == 0:
        return np.zeros(n)
    if len(mz) == 1 and method != "tic_preserving":
        return np.where(c == mz[0], y[0], 0.0)
    linear = np.where(c == mz[0], y[0], 0.0) if len(mz) == 1 else np.interp(c, mz, y, left=0, right=0)
    inside = (c >= mz[0]) & (c <= mz[-1])
    if method == "linear":
        return linear
    if method == "cubic":
        row = np.where(inside, CubicSpline(mz, y)(c), 0.0)
        return row if (y < 0).any() else np.maximum(row, 0.0)
    if method == "pchip":
        return np.where(inside, PchipInterpolator(mz, y)(c), 0.0)
    total = y[(mz >= built.edges[0]) & (mz <= built.edges[-1])].sum()
    if total == 0:
        return np.zeros(n)
    factor = total / linear.sum() if linear.sum() > 0 else np.inf
    return linear * factor if np.isfinite(factor) else expected("nearest_neighbor", built, axis, mz, y)


def float32_ulps(found, wanted):
    found, wanted = found.astype(np.float32), wanted.astype(np.float32)
    return np.abs(found.astype(float) - wanted.astype(float)) / np.spacing(np.maximum(np.abs(wanted), np.float32(1e-30)))


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("method", [m for m in METHODS if m != "overlap"])
def test_rows_equal_the_references(numerics, method, shared):
    for rng, axis, spectra in batches(2):
        groups = [[s] for s in spectra] if shared else [spectra]
        for group in groups:
            if shared:
                mz = group[0][0]
                group = [group[0], (mz, rng.lognormal(0, 1, len(mz)))]
            built, rows = numerics(axis, method, group, shared=shared)
            for (mz, y), row in zip(group, rows):
                assert (np.diff(row.bins) > 0).all()
                found, wanted = row.dense(len(built.centers)), expected(method, built, axis, mz, y)
                largest = np.abs(wanted).max(initial=0.0)
                if method == "nearest_neighbor":
                    assert (found.astype(np.float32) == wanted.astype(np.float32)).all()
                elif method in ("linear", "tic_preserving"):
                    # Sums of numbers of both signs cancel: their factor is known to fewer digits.
                    if method == "linear" or not (y < 0).any():
                        assert float32_ulps(found, wanted).max(initial=0) <= 1
                    else:
                        assert row.by_nearest or np.abs(found - wanted).max(initial=0) <= 1e-6 * largest
                else:
                    assert np.abs(found - wanted).max(initial=0) <= 1e-6 * largest


def test_nearest_neighbor_equals_numpy_histogram(numerics):
    for rng, axis, spectra in batches(3):
        whole = [(mz, rng.integers(0, 1000, len(mz)).astype(float)) for mz, _ in spectra]
        built, rows = numerics(axis, "nearest_neighbor", whole)
        for (mz, y), row in zip(whole, rows):
            assert (row.dense(len(built.centers)) == np.histogram(mz, built.edges, weights=y)[0]).all()


@pytest.mark.parametrize("method", METHODS)
def test_shared_and_ordinary_way_give_the_same_bits(numerics, method):
    for rng, axis, spectra in batches(4, count=6):
        for mz, y in spectra:
            group = [(mz, y), (mz, rng.lognormal(0, 1, len(mz)) * (rng.random(len(mz)) < 0.3))]
            built, shared = numerics(axis, method, group, shared=True)
            _, ordinary = numerics(axis, method, group)
            for a, b in zip(shared, ordinary):
                assert a.dense(len(built.centers)).tobytes() == b.dense(len(built.centers)).tobytes()


@pytest.mark.parametrize("method", METHODS)
def test_kernels_for_other_cpus_give_the_same_bits(numerics, method):
    plain = find_numerics("numerics_plain")
    for _, axis, spectra in batches(14, count=12):
        for options in ({}, {"max_gap": 3.0, "sampling": (1e-3, 0.5)}):
            axis_here, rows = numerics(axis, method, spectra, **options)
            axis_there, others = plain(axis, method, spectra, **options)
            assert axis_here.edges.tobytes() == axis_there.edges.tobytes()
            for a, b in zip(rows, others):
                assert a.bins.tobytes() == b.bins.tobytes()
                assert a.values.tobytes() == b.values.tobytes()
                assert (a.tic, a.base_mz, a.base_intensity) == (b.tic, b.base_mz, b.base_intensity)


def sampled_like_the_axis(rng, built, ratio):
    """A trimmed profile whose sampling step is `ratio` bins everywhere, with peaks of all lengths and some noise in the step."""
    n = len(built.centers)
    steps = int(n / ratio)
    keep = np.zeros(steps, bool)
    for start in rng.integers(0, steps, steps // 40):
        keep[start : start + rng.integers(1, 50)] = True
    u = (np.flatnonzero(keep) + rng.random() + 0.2 * (rng.random() < 0.3) * rng.random(keep.sum())) * ratio
    y = rng.lognormal(3, 1, len(u)) * (rng.random(len(u)) < 0.9)
    ends = np.flatnonzero(np.diff(u) > 1.5 * ratio)
    y[ends] = y[ends + 1] = 0.0
    mz = np.interp(u, np.arange(n + 1), built.edges)
    increasing = np.concatenate([[True], np.diff(mz) > 0])
    return mz[increasing], y[increasing]


@pytest.mark.parametrize("method", ["linear", "cubic", "pchip"])
@pytest.mark.parametrize("ratio", [0.3, 0.97, 1.0, 1.02, 2.5, 25.0])
def test_profiles_sampled_like_the_axis_equal_the_references(numerics, method, ratio):
    """Bins that follow the sampling have one centre in each interval, over long stretches: a way of its own."""
    plain = find_numerics("numerics_plain")
    rng = np.random.default_rng(31)
    for name in LAWS:
        axis = Axis(name, 200.0, 900.0, a=2.0, b=1e-3, bins=6000)
        built, _ = numerics(axis, method, [])
        spectra = [sampled_like_the_axis(rng, built, ratio) for _ in range(4)]
        _, rows = numerics(axis, method, spectra)
        _, others = plain(axis, method, spectra)
        for (mz, y), row, other in zip(spectra, rows, others):
            assert row.bins.tobytes() == other.bins.tobytes() and row.values.tobytes() == other.values.tobytes()
            assert (np.diff(row.bins) > 0).all()
            found, wanted = row.dense(len(built.centers)), expected(method, built, axis, mz, y)
            if method == "linear":
                assert float32_ulps(found, wanted).max() <= 1
            else:
                assert np.abs(found - wanted).max() <= 1e-6 * np.abs(wanted).max()
            _, shared = numerics(axis, method, [(mz, y)], shared=True)
            assert shared[0].dense(len(built.centers)).tobytes() == found.tobytes()


# --- overlap ---------------------------------------------------------------------------------------------------


def transform(axis, mz):
    T, _, _ = law(axis)
    return np.array([T(mpf(float(m))) for m in mz])


def cells_of(axis, mz):
    """The cells of the points in T: up to the middles, the outermost halves mirrored."""
    t = transform(axis, mz)
    middle = (t[1:] + t[:-1]) / 2
    return np.concatenate([[2 * t[0] - middle[0]], middle]), np.concatenate([middle, [2 * t[-1] - middle[-1]]])


def test_overlap_equals_the_definition_and_conserves_the_sum(numerics):
    with mpmath.workdps(40):
        for rng, axis, spectra in batches(5, count=6):
            spectra = [s for s in spectra if 2 <= len(s[0]) < 400]
            built, rows = numerics(axis, "overlap", spectra)
            n = len(built.centers)
            T, _, w = law(axis)
            t_min, h, _ = grid(axis)
            for (mz, y), row in zip(spectra, rows):
                left, right = (((x - t_min) / h) for x in cells_of(axis, mz))
                inside = [max(mpf(0), min(b, mpf(n)) - max(a, mpf(0))) / (b - a) for a, b in zip(left, right)]
                total = sum(mpf(float(v)) * f for v, f in zip(y, inside))
                scale = float(sum(abs(mpf(float(v))) * f for v, f in zip(y, inside)))
                assert abs(float(total) - row.values.sum()) <= 1e-12 * scale + 1e-300
                wanted = np.zeros(n)
                for v, a, b in zip(y, left, right):
                    for k in range(max(0, int(mpmath.floor(a))), min(n, int(mpmath.ceil(b)))):
                        wanted[k] += float(mpf(float(v)) * max(mpf(0), min(b, mpf(k + 1)) - max(a, mpf(k))) / (b - a))
                assert np.abs(row.dense(n) - wanted).max(initial=0) <= 1e-9 * np.abs(wanted).max(initial=0)


def test_overlap_on_a_finer_axis_sums_to_overlap_on_the_coarser(numerics):
    rng = np.random.default_rng(6)
    for name in LAWS:
        fine, coarse = Axis(name, 100, 900, bins=12000), Axis(name, 100, 900, bins=1200)
        spectra = [random_spectrum(rng, 100, 900, n, "profile") for n in (50, 700, 5000)]
        _, fine_rows = numerics(fine, "overlap", spectra)
        _, coarse_rows = numerics(coarse, "overlap", spectra)
        for a, b in zip(fine_rows, coarse_rows):
            summed = a.dense(12000).reshape(1200, 10).sum(axis=1)
            assert np.allclose(summed, b.dense(1200), rtol=1e-9, atol=1e-12 * b.values.max(initial=0))


# --- properties of all methods ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_scaling_intensities_scales_the_row(numerics, method):
    for _, axis, spectra in batches(7, count=6):
        built, rows = numerics(axis, method, spectra)
        _, scaled = numerics(axis, method, [(mz, 1024 * y) for mz, y in spectra])
        for a, b in zip(rows, scaled):
            assert (1024 * a.dense(len(built.centers)) == b.dense(len(built.centers))).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_order_and_splitting_of_points_do_not_matter(numerics, method):
    for rng, axis, spectra in batches(8, count=6):
        shuffled = []
        for mz, y in spectra:
            y = np.round(y) + 0.0  # no -0
            order = rng.permutation(2 * len(mz))
            shuffled.append((np.concatenate([mz, mz])[order], np.concatenate([y, np.zeros_like(y)])[order]))
        built, rows = numerics(axis, method, [(mz, np.round(y) + 0.0) for mz, y in spectra])
        _, others = numerics(axis, method, shuffled)
        for a, b in zip(rows, others):
            assert a.dense(len(built.centers)).tobytes() == b.dense(len(built.centers)).tobytes()


def profile(step, exponent, n, rng):
    """A profile on a grid whose step is step * m^exponent, from m/z 200 on, with zeros between its peaks."""
    grid = np.arange(n)
    p = 1 - exponent
    mz = 200 + step * grid if exponent == 0 else 200 * np.exp(step * grid) if p == 0 else (200**p + p * step * grid) ** (1 / p)
    y = np.zeros(n)
    for centre in range(40, n - 40, 80):
        width = rng.uniform(2, 4)
        y += rng.lognormal(3, 1) * np.exp(-(((grid - centre - rng.random()) / width) ** 2))
    y[y < 1e-2] = 0
    return mz, y


def trimmed(mz, y, flanks):
    """Without its zeros, but for one on each side of each peak when `flanks`."""
    keep = y != 0
    if flanks:
        keep = keep | np.concatenate([keep[1:], [False]]) | np.concatenate([[False], keep[:-1]])
    return mz[keep], y[keep]


@pytest.mark.parametrize("method", INTERPOLATING)
@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 1.5, 2.0])
def test_trimming_zeros_changes_nothing(numerics, method, exponent):
    rng = np.random.default_rng(9)
    step = {0.0: 2**-6, 0.5: 1e-3, 1.0: 7e-5, 1.5: 5e-6, 2.0: 3e-7}[exponent]
    mz, y = profile(step, exponent, 6000, rng)
    law_name = {0.0: "reflector_tof", 0.5: "orbitrap"}.get(exponent, "constant")  # another than the source's
    for bins in (900, 9000):
        axis = Axis(law_name, mz[0], mz[-1], bins=bins)
        options = {"max_gap": 3.0, "sampling": (step, exponent)}
        built, (full,) = numerics(axis, method, [(mz, y)], **options)
        for flanks in (True, False):
            _, (row,) = numerics(axis, method, [trimmed(mz, y, flanks)], **options)
            difference = np.abs(full.dense(bins) - row.dense(bins)).max()
            exact = flanks or exponent == 0.0
            assert difference <= (1e-12 if exact else 1e-3) * full.values.max()


@pytest.mark.parametrize("method", ["linear", "pchip", "tic_preserving", "overlap"])
def test_gaps_leave_a_profile_with_all_its_zeros_alone(numerics, method):
    mz, y = profile(2**-6, 0.0, 4000, np.random.default_rng(10))
    axis = Axis("constant", mz[0], mz[-1], bins=5000)
    _, (without,) = numerics(axis, method, [(mz, y)])
    _, (with_gaps,) = numerics(axis, method, [(mz, y)], max_gap=3.0, sampling=(2**-6, 0.0))
    assert np.allclose(without.dense(5000), with_gaps.dense(5000), rtol=1e-12, atol=0)


def test_a_lone_point_between_gaps_is_a_triangle(numerics):
    axis = Axis("constant", 100, 110, bins=1000)
    built, (row,) = numerics(axis, "linear", [([102.0, 105.0], [8.0, 4.0])], max_gap=3.0, sampling=(0.5, 0.0))
    wanted = np.interp(built.centers, [101.5, 102.0, 102.5, 104.5, 105.0, 105.5], [0, 8, 0, 0, 4, 0])
    assert np.allclose(row.dense(1000), wanted, rtol=0, atol=1e-12)


# --- spectra as files have them --------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_bad_points_are_as_if_they_were_not_there(numerics, method):
    rng = np.random.default_rng(11)
    axis = Axis("linear_tof", 100, 1000, bins=3000)
    mz, y = random_spectrum(rng, 100, 1000, 500, "centroid")
    dirty_mz, dirty_y = mz.copy(), y.copy()
    bad = rng.random(len(mz)) < 0.2
    for i in np.flatnonzero(bad):
        if rng.random() < 0.5:
            dirty_mz[i] = rng.choice([np.nan, np.inf, -np.inf, -5.0, 0.0])
        else:
            dirty_y[i] = rng.choice([np.nan, np.inf, -np.inf])
    _, (clean, dirty) = numerics(axis, method, [(mz[~bad], y[~bad]), (dirty_mz, dirty_y)])
    assert dirty.dropped == bad.sum()
    assert clean.dropped == 0
    assert clean.dense(3000).tobytes() == dirty.dense(3000).tobytes()
    assert (dirty.base_mz, dirty.base_intensity) == (clean.base_mz, clean.base_intensity)
    assert np.isclose(dirty.tic, dirty_y[np.isfinite(dirty_y)].sum(), rtol=1e-12)


# --- the sampling step -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("jitter", [0.0, 0.05])
def test_the_sampling_step_is_found_through_trimming_and_noise(numerics, exponent, jitter):
    rng = np.random.default_rng(12)
    n, p = 20000, 1 - exponent
    step = ((2000**p - 100**p) / p if p else np.log(20)) / n
    spectra = []
    for _ in range(5):
        t = (np.arange(n) + rng.random() + jitter * rng.standard_normal(n)) * step
        mz = np.maximum(100**p + p * t, 1e-9) ** (1 / p) if p else 100 * np.exp(t)
        keep = np.zeros(n, bool)
        for begin in rng.integers(0, n, 300):
            keep[begin : begin + rng.integers(4, 20)] = True  # peaks without the zeros between
        keep &= rng.random(n) > 0.03  # and points that got lost
        mz = np.sort(mz[keep]).astype(np.float32)
        spectra.append((mz, np.ones(len(mz))))
    scale, found, agreement = numerics.fit(spectra)
    assert abs(found - exponent) < 1e-3
    for mz in (150.0, 1500.0):
        assert np.isclose(scale * mz**found, step * mz**exponent, rtol=1e-3 if jitter == 0 else 5e-3)
    assert agreement > 0.8


def test_centroids_do_not_agree_with_any_step(numerics):
    rng = np.random.default_rng(13)
    spectra = [(np.sort(100 * 20 ** rng.random(1500)), np.ones(1500)) for _ in range(20)]
    assert numerics.fit(spectra)[2] < 0.4


@pytest.mark.parametrize(
    "name, exponent, step_at_500",
    [
        ("example-continuous", 0.0, 1 / 12),
        ("example-processed", 0.0, 1 / 12),
        ("i2nca-pp", 0.0, 1 / 6),
        ("cardinal-combat-41k", 1.0, 0.025),
        ("i2nca-pc-71k", 1.0, 0.0125),
        ("pym2aia-test", 0.5, 0.2338),
        ("tims-tsf-profile-cont-zlib-f32", 0.5, 0.0035),
    ],
)
def test_the_sampling_step_of_real_profiles(numerics, data, name, exponent, step_at_500):
    document = reference.read_imzml(data / name / f"{name}.imzML")
    spectra = [reference.decode(document, s) for s in document.spectra[:: max(1, len(document.spectra) // 20)]]
    scale, found, agreement = numerics.fit(spectra)
    assert abs(found - exponent) < 0.02
    assert np.isclose(scale * 500**found, step_at_500, rtol=0.01)
    assert agreement > 0.9
