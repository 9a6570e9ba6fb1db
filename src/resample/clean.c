/*
 * Cleaning. Nearly all spectra are clean as they come: one pass without branches finds that out, and nothing
 * is copied.
 */
#include <resample/clean.h>

#include <axis/clones.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { LANES = 8, BLOCK = 256 };

MZG_CLONES
bool mzg_mz_is_clean(const double *mz, int64_t n)
{
    if (n == 0)
        return true;
    int64_t steps_back = 0;
    for (int64_t i = 1; i < n; i++)
        steps_back += !(mz[i - 1] < mz[i]);
    return steps_back == 0 && mz[0] > 0.0 && mz[n - 1] <= DBL_MAX;
}

/* The sum, in LANES interleaved sums that are added up last: an order that is always the same, and that
 * vectors have. */
MZG_CLONES
static double sum_all(const double *values, int64_t n)
{
    double lanes[LANES] = {0};
    int64_t whole = n - n % LANES;
    for (int64_t i = 0; i < whole; i += LANES)
        for (int lane = 0; lane < LANES; lane++)
            lanes[lane] += values[i + lane];
    for (int64_t i = whole; i < n; i++)
        lanes[i - whole] += values[i];
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

/* The largest of n >= 1 finite values. As integers, for their largest is found in any order, and so in
 * vectors: the bits of a double are ordered as it is, once those of a negative one are turned over. */
MZG_CLONES
static double largest(const double *values, int64_t n)
{
    int64_t most = INT64_MIN;
    for (int64_t i = 0; i < n; i++) {
        int64_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        int64_t ordered = bits ^ (int64_t)((uint64_t)(bits >> 63) >> 1);
        most = ordered > most ? ordered : most;
    }
    most ^= (int64_t)((uint64_t)(most >> 63) >> 1);
    double value;
    memcpy(&value, &most, sizeof value);
    return value;
}

/* sum_all() without the values that are not finite. */
static double sum_finite(const double *values, int64_t n)
{
    double lanes[LANES] = {0};
    for (int64_t i = 0; i < n; i++)
        lanes[i % LANES] += fabs(values[i]) <= DBL_MAX ? values[i] : 0.0;
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

static bool is_valid(double mz, double intensity)
{
    return mz > 0.0 && mz <= DBL_MAX && fabs(intensity) <= DBL_MAX;
}

static bool is_sorted(const double *mz, int64_t n)
{
    for (int64_t i = 1; i < n; i++)
        if (mz[i] < mz[i - 1])
            return false;
    return true;
}

/* Points in two arrays. */
struct columns {
    double *mz;
    double *intensity;
};

/* Merges the sorted runs [begin, middle) and [middle, end); of equal m/z the left run's come first. */
static void merge_runs(const struct columns *from, int64_t begin, int64_t middle, int64_t end,
                       struct columns *to)
{
    int64_t left = begin;
    int64_t right = middle;
    for (int64_t i = begin; i < end; i++) {
        bool take_left = left < middle && (right == end || from->mz[left] <= from->mz[right]);
        int64_t taken = take_left ? left++ : right++;
        to->mz[i] = from->mz[taken];
        to->intensity[i] = from->intensity[taken];
    }
}

/* Sorts n points by m/z, stable: merge sort from runs of one point, back and forth between `points` and
 * `other`. */
static void sort_points(struct columns *points, struct columns *other, int64_t n)
{
    for (int64_t width = 1; width < n; width *= 2) {
        for (int64_t begin = 0; begin < n; begin += 2 * width) {
            int64_t middle = begin + width < n ? begin + width : n;
            int64_t end = middle + width < n ? middle + width : n;
            merge_runs(points, begin, middle, end, other);
        }
        struct columns kept = *points;
        *points = *other;
        *other = kept;
    }
}

static int64_t merge_equal(double *mz, double *intensity, int64_t n)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        if (kept > 0 && mz[kept - 1] == mz[i]) {
            intensity[kept - 1] += intensity[i];
        } else {
            mz[kept] = mz[i];
            intensity[kept++] = intensity[i];
        }
    }
    return kept;
}

static enum mzg_status clean_into(const struct mzg_spectrum *spectrum, struct mzg_workspace *workspace,
                                  struct mzg_spectrum_summary *summary, struct mzg_points *points,
                                  struct mzg_error *err)
{
    size_t size = sizeof(double);
    struct columns to = {.mz = mzg_workspace_lane(workspace, MZG_LANE_CLEAN_MZ, spectrum->n, size, err),
                         .intensity =
                             mzg_workspace_lane(workspace, MZG_LANE_CLEAN_INTENSITY, spectrum->n, size, err)};
    if (!to.mz || !to.intensity)
        return err->status;
    int64_t valid = 0;
    for (int64_t i = 0; i < spectrum->n; i++) {
        if (is_valid(spectrum->mz[i], spectrum->intensity[i])) {
            to.mz[valid] = spectrum->mz[i];
            to.intensity[valid++] = spectrum->intensity[i];
        }
    }
    summary->dropped_points = spectrum->n - valid;
    summary->unsorted = !is_sorted(to.mz, valid);
    if (summary->unsorted) {
        struct columns other = {.mz = mzg_workspace_lane(workspace, MZG_LANE_SORT_MZ, valid, size, err),
                                .intensity =
                                    mzg_workspace_lane(workspace, MZG_LANE_SORT_INTENSITY, valid, size, err)};
        if (!other.mz || !other.intensity)
            return err->status;
        sort_points(&to, &other, valid);
    }
    int64_t distinct = merge_equal(to.mz, to.intensity, valid);
    summary->merged = distinct < valid;
    *points = (struct mzg_points){.mz = to.mz, .intensity = to.intensity, .n = distinct};
    return MZG_OK;
}

static void find_base_peak(const struct mzg_points *points, struct mzg_spectrum_summary *summary)
{
    const double *intensity = points->intensity;
    if (points->n == 0)
        return;
    int64_t base = 0;
    double most = -INFINITY;
    for (int64_t begin = 0; begin < points->n; begin += BLOCK) {
        int64_t count = points->n - begin < BLOCK ? points->n - begin : BLOCK;
        double here = largest(intensity + begin, count);
        if (here > most) {
            base = begin;
            most = here;
        }
    }
    while (intensity[base] != most)
        base++;
    summary->base_peak_mz = points->mz[base];
    summary->base_peak_intensity = intensity[base];
}

enum mzg_status mzg_clean(const struct mzg_spectrum *spectrum, bool mz_is_clean,
                          struct mzg_workspace *workspace, struct mzg_spectrum_summary *summary,
                          struct mzg_points *points, struct mzg_error *err)
{
    int64_t n = spectrum->n;
    /* An intensity that is not finite makes the sum so. */
    double tic = sum_all(spectrum->intensity, n);
    bool all_finite = isfinite(tic);
    *summary = (struct mzg_spectrum_summary){.n_points = n,
                                             .tic = all_finite ? tic : sum_finite(spectrum->intensity, n)};
    if (all_finite && (mz_is_clean || mzg_mz_is_clean(spectrum->mz, n)))
        *points = (struct mzg_points){.mz = spectrum->mz, .intensity = spectrum->intensity, .n = n};
    else if (clean_into(spectrum, workspace, summary, points, err) != MZG_OK)
        return err->status;
    find_base_peak(points, summary);
    return MZG_OK;
}
