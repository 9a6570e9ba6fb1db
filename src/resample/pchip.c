/*
 * pchip: cubic pieces whose slopes are chosen so that the curve is monotone wherever the points are (Fritsch
 * and Carlson 1980; the weighted harmonic mean of Fritsch and Butland 1984, and three-point formulas at the
 * ends).
 */
#include <axis/clones.h>
#include <resample/curve.h>

#include <math.h>

/* Slopes below this are none: their products would not be numbers any more. */
static const double least_slope = 1e-280;

/* Prepared: the width of interval i. */
static void prepare(const double *mz, int64_t n, double *prepared)
{
    for (int64_t i = 0; i < n - 1; i++)
        prepared[i] = mz[i + 1] - mz[i];
    prepared[n - 1] = 0.0;
}

/* The slopes between the ends: 0 at an extremum, else the weighted harmonic mean of the chords beside the
 * point, which are in chords[i - 1] and chords[i]. */
MZG_CLONES
static void find_inner_slopes(const double *h, int64_t n, const double *restrict chords,
                              double *restrict slopes)
{
    for (int64_t i = 1; i < n - 1; i++) {
        double before = chords[i - 1];
        double after = chords[i];
        double weight_before = 2.0 * h[i] + h[i - 1];
        double weight_after = h[i] + 2.0 * h[i - 1];
        double lower = before < after ? before : after;
        double upper = before < after ? after : before;
        double mean = (weight_before + weight_after) * before *
                      (after / (weight_before * after + weight_after * before));
        double rising = lower > least_slope ? mean : 0.0;
        slopes[i] = upper < -least_slope ? mean : rising;
    }
}

static int sign(double x)
{
    return (x > 0.0) - (x < 0.0);
}

/* At the outer end of the interval with h0, d0, next to the one with h1, d1: three points' parabola, kept
 * from turning. */
static double end_slope(double h0, double h1, double d0, double d1)
{
    double slope = ((2.0 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
    if (sign(slope) != sign(d0))
        return 0.0;
    if (sign(d0) != sign(d1) && fabs(slope) > 3.0 * fabs(d0))
        return 3.0 * d0;
    return slope;
}

MZG_CLONES
static void find_chords(const double *h, const double *y, int64_t n, double *restrict chords)
{
    for (int64_t i = 0; i < n - 1; i++)
        chords[i] = (y[i + 1] - y[i]) / h[i];
}

static void find_slopes(const struct mzg_curve *curve, const double *prepared, double *slopes)
{
    const double *h = prepared;
    int64_t n = curve->n;
    double *chords = slopes + n;
    find_chords(h, curve->intensity, n, chords);
    if (n == 2) {
        slopes[0] = slopes[1] = chords[0];
    } else {
        slopes[0] = end_slope(h[0], h[1], chords[0], chords[1]);
        find_inner_slopes(h, n, chords, slopes);
        slopes[n - 1] = end_slope(h[n - 2], h[n - 3], chords[n - 2], chords[n - 3]);
    }
    /* Beyond a cut the curve goes on at 0. */
    if (curve->is_cut)
        slopes[0] = slopes[n - 1] = 0.0;
}

/* It overshoots by a rounding at most. */
static const struct mzg_slope_rule rule = {
    .prepared_per_point = 1, .may_overshoot = true, .prepare = prepare, .slopes = find_slopes};

const struct mzg_method_kind mzg_pchip_method = {
    .name = "pchip",
    .interpolates = true,
    .conserves = "heights, without overshoot",
    .rule = &rule,
    .share = mzg_curve_share,
    .resample = mzg_curve_resample,
};
