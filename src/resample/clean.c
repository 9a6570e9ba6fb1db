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
static int64_t count_steps_back(const double *mz, int64_t n)
{
    int64_t steps_back = 0;
    for (int64_t i = 1; i < n; i++)
        steps_back += !(mz[i - 1] < mz[i]);
    return steps_back;
}

bool mzg_mz_is_clean(const double *mz, int64_t n)
{
    if (n == 0)
        return true;
    return count_steps_back(mz, n) == 0 && mz[0] > 0.0 && mz[n - 1] <= DBL_MAX;
}

/* The bits of a double, as an integer that is ordered like it; and back. */
static inline int64_t in_order(int64_t bits)
{
    return bits ^ (int64_t)((uint64_t)(bits >> 63) >> 1);
}

/* What one look at all values tells: their sum, whether any has a minus sign and, if all are finite, the
 * first of the largest. */
struct overview {
    double sum;
    bool any_minus;
    int64_t largest; /* n = 0: 0 */
};

/* The sum is made of LANES interleaved sums that are added up last: an order that is always the same, and
 * that vectors have. The largest is found among integers, of which vectors find it in any order. Block by
 * block, so that values are read once from where they are, and once more from the nearest cache. */
MZG_CLONES
static struct overview look_over(const double *values, int64_t n)
{
    double lanes[LANES] = {0};
    int64_t most = INT64_MIN;
    int64_t signs = 0;
    int64_t block = 0;
    for (int64_t begin = 0; begin < n; begin += BLOCK) {
        int64_t end = begin + BLOCK < n ? begin + BLOCK : n;
        int64_t whole = end - (end - begin) % LANES;
        for (int64_t i = begin; i < whole; i += LANES)
            for (int lane = 0; lane < LANES; lane++)
                lanes[lane] += values[i + lane];
        for (int64_t i = whole; i < end; i++)
            lanes[i - whole] += values[i];
        int64_t here = INT64_MIN;
        for (int64_t i = begin; i < end; i++) {
            int64_t bits;
            memcpy(&bits, &values[i], sizeof bits);
            signs |= bits;
            here = in_order(bits) > here ? in_order(bits) : here;
        }
        block = here > most ? begin : block;
        most = here > most ? here : most;
    }
    double largest;
    most = in_order(most);
    memcpy(&largest, &most, sizeof largest);
    while (block + 1 < n && values[block] < largest)
        block++;
    return (struct overview){.sum = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
                                    ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7])),
                             .any_minus = signs < 0,
                             .largest = block};
}

static int64_t count_negative(const double *values, int64_t n)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        count += values[i] < 0.0 && values[i] >= -DBL_MAX;
    return count;
}

/* The sum of look_over() without the values that are not finite. */
static double sum_finite(const double *values, int64_t n)
{
    double lanes[LANES] = {0};
    for (int64_t i = 0; i < n; i++)
        lanes[i % LANES] += fabs(values[i]) <= DBL_MAX ? values[i] : 0.0;
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

/* The sum of the sizes of the finite values. */
static double sum_sizes(const double *values, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += fabs(values[i]) <= DBL_MAX ? fabs(values[i]) : 0.0;
    return sum;
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

enum mzg_status mzg_clean(const struct mzg_spectrum *spectrum, bool mz_is_clean,
                          struct mzg_workspace *workspace, struct mzg_spectrum_summary *summary,
                          struct mzg_points *points, struct mzg_error *err)
{
    int64_t n = spectrum->n;
    /* An intensity that is not finite makes the sum so. */
    struct overview seen = look_over(spectrum->intensity, n);
    bool all_finite = isfinite(seen.sum);
    *summary = (struct mzg_spectrum_summary){
        .n_points = n,
        .negative_points = seen.any_minus ? count_negative(spectrum->intensity, n) : 0,
        .tic = all_finite ? seen.sum : sum_finite(spectrum->intensity, n)};
    summary->intensity_size = summary->negative_points > 0 ? sum_sizes(spectrum->intensity, n) : summary->tic;
    if (all_finite && (mz_is_clean || mzg_mz_is_clean(spectrum->mz, n)))
        *points = (struct mzg_points){.mz = spectrum->mz, .intensity = spectrum->intensity, .n = n};
    else if (clean_into(spectrum, workspace, summary, points, err) != MZG_OK)
        return err->status;
    else
        seen = look_over(points->intensity, points->n);
    summary->clean_points = points->n;
    if (points->n > 0) {
        summary->min_mz = points->mz[0];
        summary->max_mz = points->mz[points->n - 1];
        summary->base_peak_mz = points->mz[seen.largest];
        summary->base_peak_intensity = points->intensity[seen.largest];
    }
    return MZG_OK;
}
