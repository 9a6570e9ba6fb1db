/*
 * overlap: area is conserved. Each point owns a cell of the T axis, up to the middles to its neighbours; its
 * intensity is spread evenly over the cell, and each bin gets the part of the cell that lies in it.
 *
 *      points          |      |      |  |
 *      cells       [      |      |    | )       in bins: u = (T(m) - T(min_mz)) / h
 *      bins      |     |     |     |     |
 *
 * Positions are in bins, so that bin k is [k, k + 1) and the parts of a cell add up to 1 but for roundings.
 */
#include <resample/gaps.h>
#include <resample/method.h>

#include <math.h>
#include <stdlib.h>

/* Half of what lies between the m/z at position u and `other`, in bins. */
static double half_way(const struct mzg_task *task, double u, double other)
{
    double position;
    mzg_locator_positions(task->locator, &other, 1, &position);
    return fabs(position - u) / 2.0;
}

/* The half cell of point i, at position u, on a side without neighbour: `side` is -1 or 1. Without gaps it
 * mirrors the half cell `opposite`. With gaps it ends half-way to where the next zero must have been: as far
 * away as the neighbour on the other side (at `neighbour`, 0: none), but not further than a sampling step. */
static double missing_half(const struct mzg_task *task, int64_t i, double u, double side, double opposite,
                           double neighbour)
{
    if (task->options->max_gap == 0.0)
        return opposite;
    double mz = task->points.mz[i];
    double reach = mzg_sampling_step(&task->options->sampling, mz);
    if (neighbour > 0.0)
        reach = fmin(reach, fabs(mz - neighbour));
    return half_way(task, u, fmax(mz + side * reach, mz / 2.0));
}

/* cells[2 i] and cells[2 i + 1] are the ends of the cell of point i, from the positions of all points, of
 * which there are two or more, or gaps are looked for. Neighbours share one border, to the last bit. */
static void find_cells(const struct mzg_task *task, const double *positions, double *cells)
{
    struct mzg_gap_finder finder;
    mzg_gap_finder_init(task->options, &finder);
    const double *mz = task->points.mz;
    int64_t n = task->points.n;
    bool has_left = false;
    for (int64_t i = 0; i < n; i++) {
        bool has_right = i < n - 1 && !mzg_is_gap(&finder, mz[i], mz[i + 1]);
        double u = positions[i];
        double right = has_right ? u + (positions[i + 1] - u) / 2.0 : u;
        if (!has_left)
            cells[2 * i] = u - missing_half(task, i, u, -1.0, right - u, has_right ? mz[i + 1] : 0.0);
        if (!has_right)
            right = u + missing_half(task, i, u, 1.0, u - cells[2 * i], has_left ? mz[i - 1] : 0.0);
        cells[2 * i + 1] = right;
        if (has_right)
            cells[2 * i + 2] = right;
        has_left = has_right;
    }
}

/* A point without anything to tell how far its cell reaches. */
static bool is_single(const struct mzg_task *task)
{
    return task->points.n == 1 && task->options->max_gap == 0.0;
}

static enum mzg_status share(const struct mzg_task *task, struct mzg_shared *shared, struct mzg_error *err)
{
    int64_t n = task->points.n;
    if (is_single(task))
        return mzg_nearest_method.share(task, shared, err);
    double *positions = malloc((size_t)n * sizeof *positions);
    shared->cells = malloc((size_t)n * 2 * sizeof *shared->cells);
    if (!positions || !shared->cells) {
        free(positions);
        return mzg_fail(err, MZG_ENOMEM, "no memory for the cells of a shared m/z array");
    }
    mzg_locator_positions(task->locator, task->points.mz, n, positions);
    find_cells(task, positions, shared->cells);
    free(positions);
    return MZG_OK;
}

/* The row as it grows; its last entry is still open. */
struct adder {
    int32_t *bins;
    double *values;
    int64_t n;
};

static void add(struct adder *adder, int64_t bin, double value)
{
    if (adder->n > 0 && adder->bins[adder->n - 1] == bin) {
        adder->values[adder->n - 1] += value;
    } else {
        adder->bins[adder->n] = (int32_t)bin;
        adder->values[adder->n++] = value;
    }
}

static void spread(struct adder *adder, double left, double right, double intensity, double n_bins)
{
    double from = left > 0.0 ? left : 0.0;
    double to = right < n_bins ? right : n_bins;
    double width = right - left;
    bool is_narrower_than_doubles = width == 0.0 && from == to && from < n_bins;
    if (!(from < to) && !is_narrower_than_doubles)
        return;
    int64_t bin = (int64_t)from;
    for (; (double)(bin + 1) < to; bin++) {
        double end = (double)(bin + 1);
        add(adder, bin, intensity * ((end - from) / width));
        from = end;
    }
    add(adder, bin, from == left && to == right ? intensity : intensity * ((to - from) / width));
}

static enum mzg_status resample(const struct mzg_task *task, struct mzg_workspace *workspace,
                                struct mzg_spectrum_summary *summary, struct mzg_sparse_row *row,
                                struct mzg_error *err)
{
    const struct mzg_points *points = &task->points;
    int64_t n = points->n;
    if (is_single(task))
        return mzg_nearest_method.resample(task, workspace, summary, row, err);
    const double *cells = task->shared ? task->shared->cells : NULL;
    if (!cells) {
        double *positions = mzg_workspace_lane(workspace, MZG_LANE_POSITIONS, n, sizeof(double), err);
        double *found = mzg_workspace_lane(workspace, MZG_LANE_CELLS, 2 * n, sizeof(double), err);
        if (!positions || !found)
            return err->status;
        mzg_locator_positions(task->locator, points->mz, n, positions);
        find_cells(task, positions, found);
        cells = found;
    }
    double n_bins = (double)task->locator->axis->n_bins;
    double first = n > 0 ? fmin(fmax(cells[0], 0.0), n_bins) : 0.0;
    double last = n > 0 ? fmin(fmax(cells[2 * n - 1], 0.0), n_bins) : 0.0;
    int64_t capacity = (int64_t)last - (int64_t)first + 1;
    struct adder adder = {
        .bins = mzg_workspace_lane(workspace, MZG_LANE_BINS, capacity, sizeof(int32_t), err),
        .values = mzg_workspace_lane(workspace, MZG_LANE_VALUES, capacity, sizeof(double), err)};
    if (!adder.bins || !adder.values)
        return err->status;
    for (int64_t i = 0; i < n; i++)
        if (points->intensity[i] != 0.0)
            spread(&adder, cells[2 * i], cells[2 * i + 1], points->intensity[i], n_bins);
    *row = (struct mzg_sparse_row){.bins = adder.bins, .values = adder.values, .n = adder.n};
    return MZG_OK;
}

const struct mzg_method_kind mzg_overlap_method = {
    .name = "overlap",
    .interpolates = true,
    .sums = true,
    .conserves = "the sum of the intensities, each spread over its cell",
    .share = share,
    .resample = resample,
};
