/*
 * Native axes: the bins are the distinct m/z of an input, and values are copied. There is no law, so a bin is
 * found by its edges: by halving for a single m/z, by steps that double for many in order.
 */
#include <axis/native.h>

#include <core/search.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double highest_mz = 1e6;

static enum mzg_status check_mz(const double *mz, int64_t n, struct mzg_error *err)
{
    if (n < 1 || n > INT32_MAX)
        return mzg_fail(err, MZG_ERANGE,
                        "a native mass axis of %" PRId64 " m/z: expected 1 to %" PRId32
                        "; choose a bin width, or a narrower range",
                        n, INT32_MAX);
    for (int64_t i = 0; i < n; i++) {
        if (!(mz[i] > 0.0 && mz[i] <= highest_mz) || (i > 0 && !(mz[i - 1] < mz[i])))
            return mzg_fail(err, MZG_EUSAGE,
                            "m/z %" PRId64
                            " of a native mass axis, %.17g: expected increasing m/z in (0, %g]",
                            i + 1, mz[i], highest_mz);
    }
    return MZG_OK;
}

/* Halfway between neighbours, but above the lower one whatever is rounded. */
static double edge_between(double low, double high)
{
    double middle = low + (high - low) / 2.0;
    return middle > low ? middle : high;
}

static void set_edges(struct mzg_axis *axis)
{
    const double *mz = axis->centers;
    int64_t n = axis->n_bins;
    for (int64_t k = 1; k < n; k++)
        axis->edges[k] = edge_between(mz[k - 1], mz[k]);
    /* A single m/z has no neighbour to tell: a millionth to either side, as for any range of one m/z. */
    double first = n > 1 ? axis->edges[1] - mz[0] : mz[0] * 1e-6;
    double last = n > 1 ? mz[n - 1] - axis->edges[n - 1] : mz[0] * 1e-6;
    axis->edges[0] = mz[0] - first;
    axis->edges[n] = last > 0.0 ? mz[n - 1] + last : nextafter(mz[n - 1], INFINITY);
}

enum mzg_status mzg_axis_build_native(const double *mz, int64_t n, struct mzg_axis *axis,
                                      struct mzg_error *err)
{
    err->status = MZG_OK;
    if (check_mz(mz, n, err) != MZG_OK)
        return err->status;
    struct mzg_axis built = {
        .spec = {.type = MZG_AXIS_NATIVE, .min_mz = mz[0], .max_mz = mz[n - 1]},
        .n_bins = n,
        .edges = malloc((size_t)(n + 1) * sizeof *built.edges),
        .centers = malloc((size_t)n * sizeof *built.centers),
    };
    if (!built.edges || !built.centers) {
        mzg_axis_destroy(&built);
        return mzg_fail(err, MZG_ENOMEM, "no memory for a native mass axis of %" PRId64 " m/z", n);
    }
    memcpy(built.centers, mz, (size_t)n * sizeof *mz);
    set_edges(&built);
    built.first_edge = built.edges[0];
    *axis = built;
    return MZG_OK;
}

int64_t mzg_native_locate(const struct mzg_axis *axis, double mz)
{
    return mzg_count_up_to(axis->edges + 1, axis->n_bins - 1, mz); /* the last bin has both its edges */
}

int64_t mzg_native_first_center(const struct mzg_axis *axis, double mz)
{
    return mzg_count_below(axis->centers, axis->n_bins, mz);
}

void mzg_native_bins(const struct mzg_axis *axis, const double *mz, int64_t n, int32_t *bins)
{
    const double *edges = axis->edges;
    int64_t bin = n > 0 ? mzg_native_locate(axis, mz[0]) : 0;
    for (int64_t i = 0; i < n; i++) {
        if (bin + 1 < axis->n_bins && mz[i] == axis->centers[bin + 1]) { /* as if spectra share them */
            bins[i] = (int32_t)++bin;
            continue;
        }
        if (mz[i] < edges[bin])
            bin = mzg_native_locate(axis, mz[i]);
        int64_t step = 1;
        while (bin + step < axis->n_bins && edges[bin + step] <= mz[i]) {
            bin += step;
            step *= 2;
        }
        for (step /= 2; step > 0; step /= 2) {
            if (bin + step < axis->n_bins && edges[bin + step] <= mz[i])
                bin += step;
        }
        bins[i] = (int32_t)bin;
    }
}
