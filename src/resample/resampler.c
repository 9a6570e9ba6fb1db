/*
 * A resampler: method, axis, and what follows from an m/z array that all spectra share. Only read once it is
 * made.
 */
#include <core/search.h>
#include <resample/method.h>

#include <core/parameters.h>

#include <math.h>
#include <stdlib.h>

struct mzg_resampler {
    const struct mzg_method_kind *kind;
    struct mzg_resampler_options options; /* shared_mz is NULL if there is none, or it needs cleaning first */
    struct mzg_locator locator;
    struct mzg_shared shared;
};

static struct mzg_task task_of(const struct mzg_resampler *resampler, const struct mzg_points *points,
                               bool is_shared)
{
    const struct mzg_axis *axis = resampler->locator.axis;
    return (struct mzg_task){
        .options = &resampler->options,
        .rule = resampler->kind->rule,
        .locator = &resampler->locator,
        .shared = is_shared ? &resampler->shared : NULL,
        .points = *points,
        .inside = mzg_count_below(points->mz, points->n, axis->edges[0]),
        .end = mzg_count_up_to(points->mz, points->n, axis->edges[axis->n_bins]),
    };
}

static enum mzg_status check_options(const struct mzg_resampler_options *options, struct mzg_error *err)
{
    if (mzg_size_check("mzg_resampler_options", options->size, sizeof *options, sizeof *options, err) !=
        MZG_OK)
        return err->status;
    if ((int)options->method < 0 || options->method >= MZG_METHODS)
        return mzg_fail(err, MZG_EUSAGE, "interpolation method %d does not exist", (int)options->method);
    if (options->max_gap == 0.0)
        return MZG_OK;
    if (!(options->max_gap >= 1.0) || !isfinite(options->max_gap))
        return mzg_fail(err, MZG_EUSAGE, "gaps wider than %.10g sampling steps: expected 1 or more, or none",
                        options->max_gap);
    if (!(options->sampling.scale > 0.0) || !isfinite(options->sampling.scale) ||
        !isfinite(options->sampling.exponent))
        return mzg_fail(
            err, MZG_EUSAGE,
            "gaps are to be found, but the sampling step %.10g m^%.10g is not above 0; give no gaps",
            options->sampling.scale, options->sampling.exponent);
    return MZG_OK;
}

enum mzg_status mzg_resampler_new(const struct mzg_resampler_options *options, const struct mzg_axis *axis,
                                  struct mzg_resampler **resampler, struct mzg_error *err)
{
    err->status = MZG_OK;
    if (check_options(options, err) != MZG_OK)
        return err->status;
    if (axis->spec.type == MZG_AXIS_NATIVE && options->method != MZG_NEAREST_NEIGHBOR)
        return mzg_fail(err, MZG_EUSAGE, "a native mass axis takes values as they are, not by %s",
                        mzg_method_name(options->method));
    struct mzg_resampler *created = calloc(1, sizeof *created);
    if (!created)
        return mzg_fail(err, MZG_ENOMEM, "no memory for a resampler");
    created->kind = mzg_method_kind(options->method);
    created->options = *options;
    mzg_locator_init(axis, &created->locator);
    const double *mz = options->shared_mz;
    int64_t n = options->n_shared;
    if (!mz || n <= 0 || n > INT32_MAX || !mzg_mz_is_clean(mz, n)) {
        created->options.shared_mz = NULL;
    } else {
        struct mzg_task task = task_of(created, &(struct mzg_points){.mz = mz, .n = n}, false);
        if (created->kind->share(&task, &created->shared, err) != MZG_OK) {
            mzg_resampler_free(created);
            return err->status;
        }
    }
    *resampler = created;
    return MZG_OK;
}

void mzg_resampler_free(struct mzg_resampler *resampler)
{
    if (!resampler)
        return;
    free(resampler->shared.bins);
    free(resampler->shared.center_bins);
    free(resampler->shared.intervals);
    free(resampler->shared.weights);
    free(resampler->shared.prepared);
    free(resampler->shared.cells);
    free(resampler);
}

static double sum_sizes(const double *values, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += fabs(values[i]);
    return sum;
}

enum mzg_status mzg_resample(const struct mzg_resampler *resampler, struct mzg_workspace *workspace,
                             const struct mzg_spectrum *spectrum, struct mzg_spectrum_summary *summary,
                             struct mzg_sparse_row *row, struct mzg_error *err)
{
    err->status = MZG_OK;
    bool mz_is_shared = resampler->options.shared_mz && spectrum->mz == resampler->options.shared_mz &&
                        spectrum->n == resampler->options.n_shared;
    struct mzg_spectrum_summary found;
    struct mzg_points points;
    if (mzg_clean(spectrum, mz_is_shared, workspace, &found, &points, err) != MZG_OK)
        return err->status;

    bool is_untouched = points.mz == spectrum->mz;
    struct mzg_task task = task_of(resampler, &points, mz_is_shared && is_untouched);
    found.outside_points = points.n - (task.end - task.inside);
    found.outside_intensity[0] = sum_sizes(points.intensity, task.inside);
    found.outside_intensity[1] = sum_sizes(points.intensity + task.end, points.n - task.end);
    struct mzg_sparse_row resampled;
    if (resampler->kind->resample(&task, workspace, &found, &resampled, err) != MZG_OK)
        return err->status;
    *summary = found;
    *row = resampled;
    return MZG_OK;
}
