/*
 * nearest_neighbor: each point's intensity is added to the bin that holds it, in the order of m/z. Clean
 * points increase, and so do their bins: a row is built by appending.
 */
#include <resample/method.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { block = 512 };

static enum mzg_status share(const struct mzg_task *task, struct mzg_shared *shared, struct mzg_error *err)
{
    shared->bins = malloc((size_t)task->points.n * sizeof *shared->bins);
    if (!shared->bins)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the bins of a shared m/z array");
    mzg_locator_bins(task->locator, task->points.mz + task->inside, task->end - task->inside,
                     shared->bins + task->inside);
    shared->has_bin_of_each = true;
    for (int64_t i = task->inside + 1; i < task->end; i++)
        shared->has_bin_of_each = shared->has_bin_of_each && shared->bins[i - 1] < shared->bins[i];
    return MZG_OK;
}

/* Adds n points to the row, whose last entry is number `last` (-1: none yet); returns the new last. Whether a
 * point opens an entry is data, not a branch: real spectra leave nothing to predict. */
static int64_t add_points(const int32_t *point_bins, const double *intensity, int64_t n, int64_t last,
                          int32_t *bins, double *values)
{
    int32_t bin = last >= 0 ? bins[last] : -1;
    double sum = last >= 0 ? values[last] : 0.0;
    for (int64_t i = 0; i < n; i++) {
        bool opens = point_bins[i] != bin;
        double added = sum + intensity[i];
        sum = opens ? intensity[i] : added;
        bin = point_bins[i];
        last += opens;
        bins[last] = bin;
        values[last] = sum;
    }
    return last;
}

static enum mzg_status resample(const struct mzg_task *task, struct mzg_workspace *workspace,
                                struct mzg_spectrum_summary *summary __attribute__((unused)),
                                struct mzg_sparse_row *row, struct mzg_error *err)
{
    int64_t n = task->end - task->inside;
    bool is_copy = task->shared && task->shared->has_bin_of_each; /* each sum is one intensity */
    if (is_copy && workspace->lends_points) {
        *row = (struct mzg_sparse_row){.bins = task->shared->bins + task->inside,
                                       .values = task->points.intensity + task->inside,
                                       .n = n};
        return MZG_OK;
    }
    double *values = mzg_workspace_lane(workspace, MZG_LANE_VALUES, n, sizeof *values, err);
    if (!values)
        return err->status;
    if (is_copy) {
        if (n > 0)
            memcpy(values, task->points.intensity + task->inside, (size_t)n * sizeof *values);
        *row = (struct mzg_sparse_row){.bins = task->shared->bins + task->inside, .values = values, .n = n};
        return MZG_OK;
    }
    int32_t *bins = mzg_workspace_lane(workspace, MZG_LANE_BINS, n, sizeof *bins, err);
    if (!bins)
        return err->status;
    int64_t last = -1;
    int32_t located[block];
    for (int64_t i = task->inside; i < task->end; i += block) {
        int64_t count = task->end - i < block ? task->end - i : block;
        const int32_t *point_bins = located;
        if (task->shared && task->shared->bins)
            point_bins = task->shared->bins + i;
        else
            mzg_locator_bins(task->locator, task->points.mz + i, count, located);
        last = add_points(point_bins, task->points.intensity + i, count, last, bins, values);
    }
    *row = (struct mzg_sparse_row){.bins = bins, .values = values, .n = last + 1};
    return MZG_OK;
}

const struct mzg_method_kind mzg_nearest_method = {
    .name = "nearest_neighbor",
    .interpolates = false,
    .sums = true,
    .conserves = "the sum of the intensities inside the axis",
    .share = share,
    .resample = resample,
};
