/*
 * Which bin holds an m/z. The closed form in doubles is off by less than one bin, save where edges are so
 * close that its rounding shows; the edges decide in any case, so that every way to guess gives the same
 * answer.
 */
#include <axis/law.h>
#include <axis/native.h>

static int64_t clamp_guess(double guess, int64_t n_bins)
{
    if (!(guess > 0.0))
        return 0;
    return guess < (double)n_bins ? (int64_t)guess : n_bins - 1;
}

int64_t mzg_axis_locate(const struct mzg_axis *axis, double mz)
{
    const double *edges = axis->edges;
    if (!(mz >= edges[0] && mz <= edges[axis->n_bins]))
        return -1;
    if (axis->spec.type == MZG_AXIS_NATIVE)
        return mzg_native_locate(axis, mz);
    double t = mzg_laws[axis->spec.type].transform_fast(mz, &axis->spec);
    int64_t bin = clamp_guess((t - axis->t_min) / axis->step, axis->n_bins);
    while (mz < edges[bin])
        bin--;
    while (bin < axis->n_bins - 1 && mz >= edges[bin + 1])
        bin++;
    return bin;
}

int64_t mzg_axis_first_center(const struct mzg_axis *axis, double mz)
{
    if (mz < axis->edges[0])
        return 0;
    if (mz > axis->edges[axis->n_bins])
        return axis->n_bins;
    if (axis->spec.type == MZG_AXIS_NATIVE)
        return mzg_native_first_center(axis, mz);
    int64_t bin = mzg_axis_locate(axis, mz);
    while (bin > 0 && axis->centers[bin - 1] >= mz)
        bin--;
    while (bin < axis->n_bins && axis->centers[bin] < mz)
        bin++;
    return bin;
}
