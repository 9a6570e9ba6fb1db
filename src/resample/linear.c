/* linear: the polyline through the points, looked up at the bin centres between the first and the last point.
 */
#include <resample/curve.h>

static enum mzg_status share(const struct mzg_task *task, struct mzg_shared *shared, struct mzg_error *err)
{
    return mzg_curve_share(NULL, task, shared, err);
}

static enum mzg_status resample(const struct mzg_task *task, struct mzg_workspace *workspace,
                                struct mzg_spectrum_summary *summary __attribute__((unused)),
                                struct mzg_sparse_row *row, struct mzg_error *err)
{
    return mzg_curve_resample(NULL, task, workspace, row, err);
}

const struct mzg_method_kind mzg_linear_method = {
    .name = "linear",
    .interpolates = true,
    .conserves = "heights, and the area of what is sampled finer than the bins",
    .share = share,
    .resample = resample,
};
