/*
 * Points and centres both increase, so one walk over both finds the interval of every centre. Of a profile
 * with its zeros, most intervals are 0 from end to end: the curve is taken as runs of other intervals, whose
 * first centres are located all at once; with many centres in one interval their end is located as well,
 * instead of walked to.
 */
#include <resample/walk.h>

#include <axis/clones.h>
#include <resample/stretch.h>
#include <string.h>

/* More centres in one interval than this are many. */
enum { FEW = 8 };

/* Run i has the intervals begins[i] .. ends[i] - 1, none of them 0 from end to end. */
struct runs {
    int64_t *begins;
    int64_t *ends;
    int64_t n;
};

void mzg_center_range(const struct mzg_locator *locator, double low, double high, int64_t *first,
                      int64_t *end)
{
    *first = mzg_locator_first_center(locator, low);
    *end = mzg_locator_first_center(locator, high);
    if (*end < locator->axis->n_bins && locator->axis->centers[*end] == high)
        ++*end;
}

static bool is_zero(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits << 1 == 0; /* 0 or -0; one instruction less than a comparison that minds NaN */
}

/* Peaks are short: whether a run begins or ends here is data, not a branch. */
static void find_runs(const double *y, const double *slopes, int64_t n, struct runs *runs)
{
    int64_t n_begins = 0;
    int64_t n_ends = 0;
    bool is_left_zero = is_zero(y[0]) && (!slopes || is_zero(slopes[0]));
    bool was_zero = true;
    for (int64_t i = 0; i < n - 1; i++) {
        bool is_right_zero = is_zero(y[i + 1]);
        if (slopes)
            is_right_zero &= is_zero(slopes[i + 1]);
        bool is_zero_here = is_left_zero & is_right_zero;
        runs->begins[n_begins] = i;
        runs->ends[n_ends] = i;
        n_begins += was_zero & !is_zero_here;
        n_ends += !was_zero & is_zero_here;
        was_zero = is_zero_here;
        is_left_zero = is_right_zero;
    }
    runs->ends[n_ends] = n - 1;
    runs->n = n_begins;
}

/* The first centre at or above `mz`, from about where it should be. */
static int64_t repair_first(const struct mzg_axis *axis, double mz, int64_t guess)
{
    while (guess > 0 && axis->centers[guess - 1] >= mz)
        guess--;
    while (guess < axis->n_bins && axis->centers[guess] < mz)
        guess++;
    return guess;
}

static int64_t guess_first(const struct mzg_axis *axis, double position)
{
    double above = position + 0.5; /* centre k stands at k + 0.5: the first above u is floor(u + 0.5) */
    if (!(above > 0.0))
        return 0;
    return above < (double)axis->n_bins ? (int64_t)above : axis->n_bins;
}

static inline double above(double lowest, double value)
{
    return value > lowest ? value : lowest;
}

/* The values at n centres of one interval. */
MZG_CLONES
static void look_up_many(const struct mzg_stretch *stretch, bool is_line, const double *centers, int64_t n,
                         double left, double per_width, double lowest, double *restrict values)
{
    struct mzg_stretch s = *stretch;
    if (is_line)
        for (int64_t k = 0; k < n; k++)
            values[k] = mzg_stretch_value(s, true, mzg_stretch_weight(centers[k], left, per_width));
    else
        for (int64_t k = 0; k < n; k++)
            values[k] =
                above(lowest, mzg_stretch_value(s, false, mzg_stretch_weight(centers[k], left, per_width)));
}

static inline struct mzg_stretch stretch_of(const struct mzg_curve *curve, const double *slopes, bool is_line,
                                            int64_t i)
{
    const double *y = curve->intensity;
    if (is_line)
        return mzg_stretch_line(y[i], y[i + 1]);
    return mzg_stretch_cubic(y[i], y[i + 1], curve->mz[i + 1] - curve->mz[i], slopes[i], slopes[i + 1]);
}

/* The intervals begin .. finish - 1, at centres before `end`. */
static inline void walk_run(const struct mzg_curve *curve, const double *slopes, bool is_line, int64_t begin,
                            int64_t finish, int64_t end, struct mzg_walk *walk)
{
    const double *centers = walk->locator->axis->centers;
    const double *mz = curve->mz;
    int32_t *bins = walk->bins;
    double *values = walk->values;
    double lowest = walk->lowest;
    int64_t k = walk->next;
    int64_t n = walk->n;
    for (int64_t i = begin; i < finish; i++) {
        double left = mz[i];
        double right = mz[i + 1];
        double per_width = 1.0 / (right - left);
        const struct mzg_stretch stretch = stretch_of(curve, slopes, is_line, i);
        if (k + FEW < end && centers[k + FEW] < right) {
            const struct mzg_stretch many = stretch; /* in memory; the other stays in registers */
            int64_t beyond = mzg_locator_first_center(walk->locator, right);
            look_up_many(&many, is_line, centers + k, beyond - k, left, per_width, lowest, values + n);
            for (; k < beyond; k++)
                bins[n++] = (int32_t)k;
            continue;
        }
        for (; k < end && centers[k] < right; k++, n++) {
            double value =
                mzg_stretch_value(stretch, is_line, mzg_stretch_weight(centers[k], left, per_width));
            values[n] = is_line ? value : above(lowest, value);
            bins[n] = (int32_t)k;
        }
    }
    walk->next = k;
    walk->n = n;
}

enum mzg_status mzg_walk_curve(const struct mzg_curve *curve, const double *slopes,
                               struct mzg_workspace *workspace, struct mzg_walk *walk, struct mzg_error *err)
{
    const struct mzg_axis *axis = walk->locator->axis;
    int64_t most = curve->n / 2 + 2;
    int64_t *numbers = mzg_workspace_lane(workspace, MZG_LANE_RUNS, 2 * most, sizeof *numbers, err);
    double *places = mzg_workspace_lane(workspace, MZG_LANE_POSITIONS, 2 * most, sizeof *places, err);
    if (!numbers || !places)
        return err->status;
    int64_t first;
    int64_t end;
    mzg_center_range(walk->locator, curve->mz[0], curve->mz[curve->n - 1], &first, &end);
    walk->next = first > walk->next ? first : walk->next;

    struct runs runs = {.begins = numbers, .ends = numbers + most};
    find_runs(curve->intensity, slopes, curve->n, &runs);
    double *positions = places + most;
    for (int64_t i = 0; i < runs.n; i++)
        places[i] = curve->mz[runs.begins[i]];
    mzg_locator_positions(walk->locator, places, runs.n, positions);
    for (int64_t i = 0; i < runs.n; i++) {
        if (i + 1 < runs.n)
            __builtin_prefetch(axis->centers + guess_first(axis, positions[i + 1]));
        int64_t begin = repair_first(axis, places[i], guess_first(axis, positions[i]));
        walk->next = begin > walk->next ? begin : walk->next;
        if (slopes)
            walk_run(curve, slopes, false, runs.begins[i], runs.ends[i], end, walk);
        else
            walk_run(curve, NULL, true, runs.begins[i], runs.ends[i], end, walk);
    }
    /* A centre on the very last point, where the last interval is closed. */
    if (walk->next < end && axis->centers[end - 1] == curve->mz[curve->n - 1]) {
        walk->bins[walk->n] = (int32_t)(end - 1);
        walk->values[walk->n++] = curve->intensity[curve->n - 1];
        walk->next = end;
    }
    return MZG_OK;
}
