"""Peaks and their sums as docs/mathematics.md has them, written down once more with scipy and numpy."""
import anndata
import numpy as np
import scipy.optimize
import scipy.signal
import scipy.sparse as sp
import scipy.stats

WINDOW, REACH, PPM, SHARE, RARE = 2000, 3, 10, 0.05, 2
DETECTOR_RANGE = 2.0**-20


def tables(path):
    bins = anndata.read_zarr(path / "tables/msi_dataset_z0")
    found = anndata.read_zarr(path / "tables/msi_dataset_z0_peaks")
    return bins, found


def whole(matrix):
    return matrix.toarray() if sp.issparse(matrix) else np.asarray(matrix)


def windows(n):
    count = max(1, (n + WINDOW // 2) // WINDOW)
    return [(n * k // count, n * (k + 1) // count) for k in range(count)]


def as_good_as_empty(table):
    """Bins without a value that a detector would tell from 0 beside the largest one."""
    largest = np.abs(table.var["max_intensity"].to_numpy().astype(float))
    limit = largest.max(initial=0) * DETECTOR_RANGE
    return (largest <= limit) & (np.abs(table.var["mean_intensity"].to_numpy()) <= limit)


def chance_rate(counts, rows):
    """The probability of a value in a pixel, which the lowest tenth of the bins tells."""
    q = np.sort(counts)[-(-len(counts) // 10) - 1]
    share = np.mean(counts <= q)
    if q == 0:
        return 1 - share ** (1 / rows)
    if share == 1:
        return min(q / rows, 1)
    z = scipy.stats.norm.ppf(share)
    return scipy.optimize.brentq(lambda p: q + 0.5 - rows * p - z * np.sqrt(rows * p * (1 - p)), 0, 1, xtol=1e-15)


def chance_least(rate, rows, bins):
    """The fewest pixels that come together in less than one of 100 such spectra; more than there are if all do."""
    if rate == 0:
        return 3
    return max(3, scipy.stats.binom.isf(0.01 / bins, rows, rate) + 1) if rate < 1 else rows + 1


def noise(values, table, is_mean, centroid):
    """Standard deviation and median of each bin's window, how many pixels a bin of centroids needs, and the rate of
    those that come by chance. The deviation is NaN where peaks crowd."""
    n = len(values)
    values = np.where(as_good_as_empty(table), 0, values)
    sigma, median, least, rate = np.empty(n), np.empty(n), np.zeros(n), np.zeros(n)
    pixels = table.var["n_pixels"].to_numpy()
    for begin, end in windows(n):
        best = 0
        for lag in (1, 2, 4, 8):
            k = np.arange(max(begin, lag), min(end, n - lag))
            if len(k):
                best = max(best, 1.4826 * np.median(np.abs(values[k] - (values[k - lag] + values[k + lag]) / 2)) / np.sqrt(1.5))
        part = values[begin:end]
        if best == 0:
            occupied = (part > 0) & (pixels[begin:end] > 0)
            if is_mean and occupied.any():
                typical = np.median(part[occupied] * table.n_obs / pixels[begin:end][occupied])
                best = typical * np.sqrt(-np.log((np.sum(~occupied) + 1) / (end - begin + 1))) / table.n_obs
            elif occupied.any():
                best = np.median(part[occupied])
        if centroid:
            counts = pixels[begin:end]
            rate[begin:end] = chance_rate(counts, table.n_obs)
            needed = chance_least(rate[begin], table.n_obs, n)
            least[begin:end] = min(needed, table.n_obs)
            if np.mean(counts >= needed) > 1 / 5:
                best = np.nan
        sigma[begin:end], median[begin:end] = best, np.median(part)
    return sigma, median, least, rate


def spread(values, top, low, high, half):
    """Bins of a peak within [low, high): before zeros, and three half widths far."""
    ends = []
    for step, limit in ((-1, top - low), (1, high - 1 - top)):
        side = values[top + step * np.arange(1, limit + 1)]
        zeros = np.flatnonzero(side <= 0)
        below = np.flatnonzero(side <= half)
        reach = limit
        if len(below):
            reach = min(reach, REACH * (below[0] + 1))
        if len(zeros):
            reach = min(reach, zeros[0])
        ends.append(reach)
    return top - ends[0], top + ends[1] + 1


def pick(values, table, is_mean, centroid, snr):
    mz = table.var["mz"].to_numpy()
    padded = np.concatenate([[0], values, [0]]) if centroid else values
    tops, facts = scipy.signal.find_peaks(padded, prominence=0)
    prominences = facts["prominences"]
    tops = tops - int(centroid)
    sigma, median, least, rate = noise(values, table, is_mean, centroid)
    pixels = table.var["n_pixels"].to_numpy()
    keep = (prominences > 0) & (prominences >= SHARE * (values[tops] - median[tops]))
    keep &= (pixels[tops] >= least[tops]) & ~as_good_as_empty(table)[tops]
    around = np.concatenate([[0], pixels, [0]]) if centroid else pixels
    for i in np.flatnonzero(keep):
        if not np.isnan(sigma[tops[i]]):
            keep[i] = prominences[i] >= snr * sigma[tops[i]]
            continue
        feet = facts["left_bases"][i], facts["right_bases"][i]
        foot = around[feet[0] if padded[feet[0]] >= padded[feet[1]] else feet[1]] / table.n_obs
        keep[i] = foot <= rate[tops[i]] or pixels[tops[i]] >= chance_least(foot, table.n_obs, len(values))
    tops, prominences = tops[keep], prominences[keep]
    if centroid:  # the highest first; those near it go
        left, at = np.ones(len(tops), dtype=bool), mz[tops]
        kept = []
        for best in np.lexsort((tops, -values[tops])):
            if left[best]:
                kept.append(best)
                left[np.abs(at - at[best]) <= at[best] * PPM * 1e-6] = False
        kept.sort()
        tops, prominences = tops[kept], prominences[kept]
    found, low = [], 0
    for i, top in enumerate(tops):
        high = len(values)
        if i + 1 < len(tops):
            between = np.arange(top + 1, tops[i + 1])
            high = between[np.argmin(values[between])]
        base = min(median[top], values[top] - prominences[i])
        first, end = spread(values, top, low, high, base + (values[top] - base) / 2)
        found.append({"top": top, "first": first, "end": end, "prominence": prominences[i], "noise": sigma[top],
                      "height": values[top]})
        low = high
    return found


def expected_peaks(table, snr=10):
    """All of a table that has bins, the rare ones among them."""
    centroid = str(table.uns["mzgrid"]["resampling"]["spectrum_type"]) == "centroid"
    mz = table.var["mz"].to_numpy()
    mean = table.var["mean_intensity"].to_numpy()
    largest = table.var["max_intensity"].to_numpy().astype(float)
    common = [{**p, "source": "mean"} for p in pick(mean, table, True, centroid, snr)]
    result = list(common)
    for peak in pick(largest, table, False, centroid, RARE * snr):
        def near(other):
            return centroid and abs(mz[peak["top"]] - mz[other["top"]]) <= mz[other["top"]] * PPM * 1e-6

        before = [p for p in common if p["top"] <= peak["top"]][-1:]
        after = [p for p in common if p["top"] > peak["top"]][:1]
        if any(peak["top"] < p["end"] or near(p) for p in before) or any(peak["top"] >= p["first"] or near(p) for p in after):
            continue
        first = max([peak["first"], *(p["end"] for p in before)])
        end = min([peak["end"], *(p["first"] for p in after)])
        result.append({**peak, "first": first, "end": end, "source": "maximum"})
    return sorted(result, key=lambda p: p["top"])


def sums_of(table, first, end):
    """Added bin by bin in double, rounded once."""
    columns = sp.csc_matrix(table.X) if not sp.issparse(table.X) else table.X.tocsc()
    total = np.zeros(table.n_obs)
    for k in range(first, end):
        total += columns[:, [k]].toarray().ravel().astype(np.float64)
    return total.astype(columns.dtype)


def assert_sums(bins, found):
    values = whole(found.X)
    mean = bins.var["mean_intensity"].to_numpy()
    assert values.dtype == bins.X.dtype
    for i, (first, n) in enumerate(zip(found.var["first_bin"], found.var["n_bins"])):
        assert np.array_equal(values[:, i], sums_of(bins, first, first + n)), i
        area = 0.0
        for k in range(first, first + n):
            area += mean[k]
        assert found.var["area"].iloc[i] == area
    assert np.array_equal(found.var["n_pixels"], np.count_nonzero(values, axis=0))
