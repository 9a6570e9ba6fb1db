/*
 * tic_preserving: linear, then one factor per spectrum that gives its values the sum that its points inside
 * the axis have.
 */
#include <resample/curve.h>

#include <math.h>

static enum mzg_status share(const struct mzg_task *task, struct mzg_shared *shared, struct mzg_error *err)
{
    if (mzg_nearest_method.share(task, shared, err) != MZG_OK)
        return err->status;
    return mzg_curve_share(task, shared, err);
}

static double sum(const double *values, int64_t n)
{
    double total = 0.0;
    for (int64_t i = 0; i < n; i++)
        total += values[i];
    return total;
}

static enum mzg_status resample(const struct mzg_task *task, struct mzg_workspace *workspace,
                                struct mzg_spectrum_summary *summary, struct mzg_sparse_row *row,
                                struct mzg_error *err)
{
    if (mzg_curve_resample(task, workspace, summary, row, err) != MZG_OK)
        return err->status;
    double *values = workspace->lanes[MZG_LANE_VALUES];
    double wanted = sum(task->points.intensity + task->inside, task->end - task->inside);
    double found = sum(values, row->n);
    double factor = wanted / found;
    if (wanted == 0.0) {
        row->n = 0;
        return MZG_OK;
    }
    if (!(found > 0.0) || !isfinite(factor)) {
        summary->by_nearest = true;
        return mzg_nearest_method.resample(task, workspace, summary, row, err);
    }
    for (int64_t i = 0; i < row->n; i++)
        values[i] *= factor;
    return MZG_OK;
}

const struct mzg_method_kind mzg_tic_preserving_method = {
    .name = "tic_preserving",
    .interpolates = true,
    .sums = true,
    .conserves = "the sum of the intensities inside the axis",
    .share = share,
    .resample = resample,
};
