/*
 * cubic: the twice continuously differentiable spline through the points. Its slopes s solve a tridiagonal
 * system; with widths h and slopes d of the intervals, the rows are
 *
 *     h[1] s[0] + (h[0] + h[1]) s[1]                          = ((h0 + 2 (h0 + h1)) h1 d0 + h0^2 d1) / (h0 +
 * h1) h[i] s[i-1] + 2 (h[i-1] + h[i]) s[i] + h[i-1] s[i+1]    = 3 (h[i] d[i-1] + h[i-1] d[i])
 *
 * and the last the mirror image of the first: "not-a-knot", the first two pieces are one cubic, and the last
 * two. Elimination needs no pivoting, and all of it that depends on m/z alone is prepared.
 */
#include <axis/clones.h>
#include <resample/curve.h>

/* What is prepared, n of each. */
struct factors {
    double *width;     /* of interval i */
    double *per_width; /* its reciprocal */
    double *per_pivot; /* reciprocal of the pivot of row i */
    double *before;    /* after elimination row i reads s[i] = right - before s[i - 1], */
    double *after;     /*   and after that s[i] = right - after s[i + 1] */
};

enum { PER_POINT = 5 };

static struct factors factors_in(double *prepared, int64_t n)
{
    return (struct factors){.width = prepared,
                            .per_width = prepared + n,
                            .per_pivot = prepared + 2 * n,
                            .before = prepared + 3 * n,
                            .after = prepared + 4 * n};
}

MZG_CLONES
static void find_widths(const double *mz, int64_t n, double *restrict width, double *restrict per_width)
{
    for (int64_t i = 0; i < n - 1; i++)
        width[i] = mz[i + 1] - mz[i];
    for (int64_t i = 0; i < n - 1; i++)
        per_width[i] = 1.0 / width[i];
    width[n - 1] = per_width[n - 1] = 0.0;
}

/* Pivots depend on each other, one division after the other; all else is done for many rows at once. */
MZG_CLONES
static void eliminate(const double *restrict h, int64_t n, double *restrict per_pivot,
                      double *restrict before, double *restrict after)
{
    per_pivot[0] = h[1];
    per_pivot[1] = h[0] + h[1];
    for (int64_t i = 2; i < n - 1; i++)
        per_pivot[i] = 2.0 * (h[i - 1] + h[i]) - h[i] * h[i - 2] / per_pivot[i - 1];
    double outer = h[n - 2] + h[n - 3];
    per_pivot[n - 1] = h[n - 3] - outer * h[n - 3] / per_pivot[n - 2];
    for (int64_t i = 0; i < n; i++)
        per_pivot[i] = 1.0 / per_pivot[i];
    before[0] = 0.0;
    after[0] = (h[0] + h[1]) * per_pivot[0];
    for (int64_t i = 1; i < n - 1; i++) {
        before[i] = h[i] * per_pivot[i];
        after[i] = h[i - 1] * per_pivot[i];
    }
    before[n - 1] = outer * per_pivot[n - 1];
    after[n - 1] = 0.0;
}

static void prepare(const double *mz, int64_t n, double *prepared)
{
    struct factors f = factors_in(prepared, n);
    find_widths(mz, n, f.width, f.per_width);
    if (n >= 4)
        eliminate(f.width, n, f.per_pivot, f.before, f.after);
}

/* The right side of the first row: `h0` and `d0` belong to the outer interval. */
static double end_row(double h0, double h1, double d0, double d1)
{
    double both = h0 + h1;
    return ((h0 + 2.0 * both) * h1 * d0 + h0 * h0 * d1) / both;
}

/* Two points: their line. Three: their parabola. */
static void few_slopes(const double *h, const double *chords, int64_t n, double *slopes)
{
    if (n == 2) {
        slopes[0] = slopes[1] = chords[0];
        return;
    }
    double bend = (chords[1] - chords[0]) / (h[0] + h[1]);
    slopes[0] = chords[0] - bend * h[0];
    slopes[1] = chords[0] + bend * h[0];
    slopes[2] = chords[1] + bend * h[1];
}

/* The right sides of all rows but the first and the last, divided by their pivots. */
MZG_CLONES
static void find_right_sides(const double *restrict h, const double *restrict chords,
                             const double *restrict per_pivot, int64_t n, double *restrict right)
{
    for (int64_t i = 1; i < n - 1; i++)
        right[i] = 3.0 * (h[i] * chords[i - 1] + h[i - 1] * chords[i]) * per_pivot[i];
}

MZG_CLONES
static void find_chords(const double *y, const double *restrict per_width, int64_t n, double *restrict chords)
{
    for (int64_t i = 0; i < n - 1; i++)
        chords[i] = (y[i + 1] - y[i]) * per_width[i];
}

static void find_slopes(const struct mzg_curve *curve, const double *prepared, double *slopes)
{
    int64_t n = curve->n;
    const struct factors f = factors_in((double *)prepared, n);
    const double *h = f.width;
    double *chords = slopes + n;
    find_chords(curve->intensity, f.per_width, n, chords);
    if (n < 4) {
        few_slopes(h, chords, n, slopes);
        return;
    }
    slopes[0] = end_row(h[0], h[1], chords[0], chords[1]) * f.per_pivot[0];
    slopes[n - 1] = end_row(h[n - 2], h[n - 3], chords[n - 2], chords[n - 3]) * f.per_pivot[n - 1];
    find_right_sides(h, chords, f.per_pivot, n, slopes);
    for (int64_t i = 1; i < n; i++)
        slopes[i] -= f.before[i] * slopes[i - 1];
    for (int64_t i = n - 2; i >= 0; i--)
        slopes[i] -= f.after[i] * slopes[i + 1];
}

static const struct mzg_slope_rule rule = {
    .prepared_per_point = PER_POINT, .may_overshoot = true, .prepare = prepare, .slopes = find_slopes};

static enum mzg_status share(const struct mzg_task *task, struct mzg_shared *shared, struct mzg_error *err)
{
    return mzg_curve_share(&rule, task, shared, err);
}

static enum mzg_status resample(const struct mzg_task *task, struct mzg_workspace *workspace,
                                struct mzg_spectrum_summary *summary __attribute__((unused)),
                                struct mzg_sparse_row *row, struct mzg_error *err)
{
    return mzg_curve_resample(&rule, task, workspace, row, err);
}

const struct mzg_method_kind mzg_cubic_method = {
    .name = "cubic",
    .interpolates = true,
    .conserves = "heights, smoothly, with overshoot beside steep flanks",
    .share = share,
    .resample = resample,
};
