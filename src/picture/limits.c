/* What the cells of an image are drawn as: their mean under a dot, and which values are dark and which
 * bright. */
#include <core/select_rank.h>
#include <picture/picture.h>

#include <math.h>
#include <stdlib.h>

MZG_DEFINE_SELECT_RANK(select_rank, float)

/* Linear between the two neighbours, as numpy. */
static double percentile_of(float *values, int64_t n, double percentile)
{
    double rank = percentile / 100 * (double)(n - 1);
    int64_t k = (int64_t)floor(rank);
    select_rank(values, n, k);
    double low = (double)values[k], high = low;
    if (k + 1 < n) {
        high = (double)values[k + 1];
        for (int64_t i = k + 2; i < n; i++)
            high = fmin(high, (double)values[i]);
    }
    return low + (high - low) * (rank - (double)k);
}

double mzg_raster_mean(const struct mzg_raster *raster, int64_t x0, int64_t x1, int64_t y0, int64_t y1)
{
    double sum = 0;
    int64_t n = 0;
    for (int64_t y = y0; y < y1; y++)
        for (int64_t x = x0; x < x1; x++) {
            float value = raster->values[y * raster->width + x];
            if (isfinite(value)) {
                sum += (double)value;
                n++;
            }
        }
    return n > 0 ? sum / (double)n : (double)NAN;
}

enum mzg_status mzg_limits_of(const struct mzg_raster *raster, double percentile, struct mzg_limits *limits,
                              struct mzg_error *err)
{
    int64_t cells = raster->width * raster->height, n = 0;
    float *values = malloc((size_t)cells * sizeof *values);
    if (!values)
        return mzg_fail(err, MZG_ENOMEM, "no memory to find the brightest of %lld cells", (long long)cells);
    double low = 0, most = -HUGE_VAL;
    for (int64_t i = 0; i < cells; i++) {
        if (!isfinite(raster->values[i]))
            continue;
        low = fmin(low, (double)raster->values[i]);
        most = fmax(most, (double)raster->values[i]);
        values[n++] = raster->values[i];
    }
    double high = n > 0 ? percentile_of(values, n, percentile) : 1;
    if (n > 0 && high <= low) /* a peak of a few pixels */
        high = most;
    if (!(high > low))
        high = low + 1;
    *limits = (struct mzg_limits){low, high, n > 0 && most > high};
    free(values);
    return MZG_OK;
}
