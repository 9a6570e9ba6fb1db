#include <resample/curve.h>

#include <axis/clones.h>
#include <math.h>
#include <resample/gaps.h>
#include <resample/stretch.h>
#include <resample/walk.h>
#include <stdlib.h>

static enum mzg_status allocate_shared(const struct mzg_slope_rule *rule, int64_t n_points,
                                       struct mzg_shared *shared, struct mzg_error *err)
{
    size_t n = (size_t)shared->n_centers + 1;
    shared->center_bins = malloc(n * sizeof *shared->center_bins);
    shared->intervals = malloc(n * sizeof *shared->intervals);
    shared->weights = malloc(n * sizeof *shared->weights);
    if (rule)
        shared->prepared = malloc((size_t)(n_points * rule->prepared_per_point) * sizeof *shared->prepared);
    if (!shared->center_bins || !shared->intervals || !shared->weights || (rule && !shared->prepared))
        return mzg_fail(err, MZG_ENOMEM, "no memory for the weights of a shared m/z array");
    return MZG_OK;
}

enum mzg_status mzg_curve_share(const struct mzg_task *task, struct mzg_shared *shared, struct mzg_error *err)
{
    const struct mzg_slope_rule *rule = task->rule;
    const double *mz = task->points.mz;
    const double *centers = task->locator->axis->centers;
    int64_t n = task->points.n;
    if (n < 2 || task->options->max_gap > 0.0) /* gaps depend on the intensities */
        return MZG_OK;
    int64_t first;
    int64_t end;
    mzg_center_range(task->locator, mz[0], mz[n - 1], &first, &end);
    shared->n_centers = end - first;
    if (allocate_shared(rule, n, shared, err) != MZG_OK)
        return err->status;
    int64_t i = 0;
    for (int64_t k = first; k < end; k++) {
        while (i < n - 2 && mz[i + 1] <= centers[k])
            i++;
        shared->center_bins[k - first] = (int32_t)k;
        shared->intervals[k - first] = (int32_t)i;
        shared->weights[k - first] = mzg_stretch_weight(centers[k], mz[i], 1.0 / (mz[i + 1] - mz[i]));
    }
    shared->ends_on_center = end > first && centers[end - 1] == mz[n - 1];
    if (rule)
        rule->prepare(mz, n, shared->prepared);
    return MZG_OK;
}

MZG_CLONES
static bool has_negative(const double *values, int64_t n)
{
    int64_t negative = 0;
    for (int64_t i = 0; i < n; i++)
        negative += values[i] < 0.0;
    return negative > 0;
}

/* No value of the curve may lie below. */
static double lowest_of(const struct mzg_slope_rule *rule, const struct mzg_points *points)
{
    bool is_cut_off = rule && rule->may_overshoot && !has_negative(points->intensity, points->n);
    return is_cut_off ? 0.0 : -INFINITY;
}

MZG_CLONES
static void look_up_shared(const struct mzg_shared *shared, const struct mzg_curve *curve,
                           const double *slopes, double lowest, double *restrict values)
{
    const double *restrict y = curve->intensity;
    const double *restrict mz = curve->mz;
    const int32_t *restrict intervals = shared->intervals;
    const double *restrict weights = shared->weights;
    int64_t n = shared->n_centers;
    if (!slopes) {
        for (int64_t k = 0; k < n; k++) {
            struct mzg_stretch s = mzg_stretch_line(y[intervals[k]], y[intervals[k] + 1]);
            values[k] = mzg_stretch_value(s, true, weights[k]);
        }
    } else {
        for (int64_t k = 0; k < n; k++) {
            int32_t i = intervals[k];
            struct mzg_stretch s =
                mzg_stretch_cubic(y[i], y[i + 1], mz[i + 1] - mz[i], slopes[i], slopes[i + 1]);
            double value = mzg_stretch_value(s, false, weights[k]);
            bool is_dead = mzg_stretch_is_dead(y[i], y[i + 1], slopes[i], slopes[i + 1], lowest);
            value = is_dead ? 0.0 : value;
            values[k] = value > lowest ? value : lowest;
        }
    }
    if (shared->ends_on_center)
        values[n - 1] = y[curve->n - 1];
}

static enum mzg_status resample_shared(const struct mzg_task *task, struct mzg_workspace *workspace,
                                       struct mzg_sparse_row *row, struct mzg_error *err)
{
    const struct mzg_slope_rule *rule = task->rule;
    const struct mzg_shared *shared = task->shared;
    struct mzg_curve curve = {
        .mz = task->points.mz, .intensity = task->points.intensity, .n = task->points.n};
    double *values = mzg_workspace_lane(workspace, MZG_LANE_VALUES, shared->n_centers, sizeof *values, err);
    double *slopes =
        rule ? mzg_workspace_lane(workspace, MZG_LANE_SLOPES, 2 * curve.n, sizeof *slopes, err) : NULL;
    if (!values || (rule && !slopes))
        return err->status;
    if (rule)
        rule->slopes(&curve, shared->prepared, slopes);
    look_up_shared(shared, &curve, slopes, lowest_of(rule, &task->points), values);
    *row = (struct mzg_sparse_row){.bins = shared->center_bins, .values = values, .n = shared->n_centers};
    return MZG_OK;
}

/* A curve of one point: only a centre on that very m/z sees it. */
static void look_up_point(double mz, double intensity, struct mzg_walk *walk)
{
    const struct mzg_axis *axis = walk->locator->axis;
    int64_t k = mzg_locator_first_center(walk->locator, mz);
    if (k < axis->n_bins && axis->centers[k] == mz) {
        walk->bins[walk->n] = (int32_t)k;
        walk->values[walk->n++] = intensity;
    }
}

/* The slopes at the points of all pieces; `*slopes` stays NULL for a polyline. */
static enum mzg_status find_slopes(const struct mzg_task *task, const struct mzg_pieces *pieces,
                                   struct mzg_workspace *workspace, double **slopes, struct mzg_error *err)
{
    const struct mzg_slope_rule *rule = task->rule;
    if (!rule || pieces->n == 0)
        return MZG_OK;
    int64_t longest = 0;
    int64_t begin = 0;
    for (int64_t piece = 0; piece < pieces->n; begin = pieces->ends[piece++])
        longest = pieces->ends[piece] - begin > longest ? pieces->ends[piece] - begin : longest;
    int64_t size = longest * rule->prepared_per_point;
    double *prepared = mzg_workspace_lane(workspace, MZG_LANE_PREPARED, size, sizeof *prepared, err);
    /* A piece works in what belongs to the next ones, which come later. */
    double *found = mzg_workspace_lane(workspace, MZG_LANE_SLOPES, begin + longest, sizeof *found, err);
    if (!prepared || !found)
        return err->status;
    begin = 0;
    for (int64_t piece = 0; piece < pieces->n; begin = pieces->ends[piece++]) {
        struct mzg_curve curve = {.mz = pieces->mz + begin,
                                  .intensity = pieces->intensity + begin,
                                  .n = pieces->ends[piece] - begin,
                                  .is_cut = task->options->max_gap > 0.0};
        if (curve.n < 2)
            continue;
        rule->prepare(curve.mz, curve.n, prepared);
        rule->slopes(&curve, prepared, found + begin);
    }
    *slopes = found;
    return MZG_OK;
}

/* Pieces of one point are looked up by themselves, those between them in one walk. */
static enum mzg_status look_up_pieces(const struct mzg_pieces *pieces, const double *slopes,
                                      struct mzg_workspace *workspace, struct mzg_walk *walk,
                                      struct mzg_error *err)
{
    int64_t begin = 0;
    for (int64_t first = 0; first < pieces->n;) {
        int64_t next = first;
        int64_t end = begin;
        for (; next < pieces->n && pieces->ends[next] - end > 1; next++)
            end = pieces->ends[next];
        struct mzg_pieces group = {.mz = pieces->mz + begin,
                                   .intensity = pieces->intensity + begin,
                                   .ends = pieces->ends + first,
                                   .n = next - first};
        if (group.n > 0 &&
            mzg_walk_pieces(&group, begin, slopes ? slopes + begin : NULL, workspace, walk, err) != MZG_OK)
            return err->status;
        if (next < pieces->n)
            look_up_point(pieces->mz[end], pieces->intensity[end], walk);
        begin = next < pieces->n ? end + 1 : end;
        first = next + 1;
    }
    return MZG_OK;
}

enum mzg_status mzg_curve_resample(const struct mzg_task *task, struct mzg_workspace *workspace,
                                   struct mzg_spectrum_summary *summary __attribute__((unused)),
                                   struct mzg_sparse_row *row, struct mzg_error *err)
{
    const struct mzg_slope_rule *rule = task->rule;
    if (task->shared && task->shared->intervals)
        return resample_shared(task, workspace, row, err);
    struct mzg_pieces pieces;
    if (mzg_cut_at_gaps(task->options, &task->points, workspace, &pieces, err) != MZG_OK)
        return err->status;
    int64_t first = 0;
    int64_t end = 0;
    if (pieces.n > 0)
        mzg_center_range(task->locator, pieces.mz[0], pieces.mz[pieces.ends[pieces.n - 1] - 1], &first, &end);
    struct mzg_walk walk = {
        .locator = task->locator,
        .lowest = lowest_of(rule, &task->points),
        .bins = mzg_workspace_lane(workspace, MZG_LANE_BINS, end - first, sizeof(int32_t), err),
        .values = mzg_workspace_lane(workspace, MZG_LANE_VALUES, end - first, sizeof(double), err),
    };
    if (!walk.bins || !walk.values)
        return err->status;
    double *slopes = NULL;
    if (find_slopes(task, &pieces, workspace, &slopes, err) != MZG_OK ||
        look_up_pieces(&pieces, slopes, workspace, &walk, err) != MZG_OK)
        return err->status;
    *row = (struct mzg_sparse_row){.bins = walk.bins, .values = walk.values, .n = walk.n};
    return MZG_OK;
}
