/*
 * cubic: the twice continuously differentiable spline through the points. Its slopes s solve a tridiagonal
 * system; with widths h and slopes d of the intervals, the rows are
 *
 *     h[1] s[0] + (h[0] + h[1]) s[1]
 *         = ((h[0] + 2 (h[0] + h[1])) h[1] d[0] + h[0]^2 d[1]) / (h[0] + h[1])
 *     h[i] s[i-1] + 2 (h[i-1] + h[i]) s[i] + h[i-1] s[i+1]
 *         = 3 (h[i] d[i-1] + h[i-1] d[i])
 *
 * and the last the mirror image of the first: "not-a-knot", the first two pieces are one cubic, and the last
 * two. Elimination needs no pivoting, and all of it that depends on m/z alone is prepared.
 *
 * Elimination and substitution are recurrences, each row waits for the one before. But a row forgets where
 * the recurrence began: each of its steps takes away half of that or more, 64 of them more than a double can
 * tell. So a long system is cut into a few lanes, each begins 64 rows ahead of its own, and all go on at the
 * same time.
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

enum { PER_POINT = 5, LANES = 8, AHEAD = 64, LONG = 2 * LANES * AHEAD };

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

static inline double next_pivot(const double *h, int64_t i, double pivot)
{
    return 2.0 * (h[i - 1] + h[i]) - h[i] * h[i - 2] / pivot;
}

/* The pivots of rows 2 .. n - 2, from that of row 1. */
MZG_CLONES
static void find_pivots(const double *restrict h, int64_t n, double *restrict pivots)
{
    int64_t each = n >= LONG ? (n - 3) / LANES : 0;
    double pivot[LANES];
    pivot[0] = pivots[1];
    for (int lane = 1; lane < LANES && each > 0; lane++)
        pivot[lane] = 2.0 * (h[lane * each - AHEAD] + h[1 + lane * each - AHEAD]);
    for (int64_t i = 2 - AHEAD; i < 2 && each > 0; i++)
        for (int lane = 1; lane < LANES; lane++)
            pivot[lane] = next_pivot(h, i + lane * each, pivot[lane]);
    for (int64_t i = 2; i < 2 + each; i++)
        for (int lane = 0; lane < LANES; lane++)
            pivots[i + lane * each] = pivot[lane] = next_pivot(h, i + lane * each, pivot[lane]);
    for (int64_t i = 2 + LANES * each; i < n - 1; i++)
        pivots[i] = next_pivot(h, i, pivots[i - 1]);
}

/* Only pivots depend on each other; all else is done for many rows at once. */
MZG_CLONES
static void eliminate(const double *restrict h, int64_t n, double *restrict per_pivot,
                      double *restrict before, double *restrict after)
{
    per_pivot[0] = h[1];
    per_pivot[1] = h[0] + h[1];
    find_pivots(h, n, per_pivot);
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

/* slopes[i] -= before[i] * slopes[i - 1], from the first row to the last. A lane reads the rows ahead of its
 * own before the lane that owns them gets there. */
MZG_CLONES
static void substitute_forward(const double *restrict before, int64_t n, double *restrict slopes)
{
    int64_t each = n >= LONG ? n / LANES : 0;
    double slope[LANES] = {0};
    for (int64_t i = -AHEAD; i < 0 && each > 0; i++)
        for (int lane = 1; lane < LANES; lane++)
            slope[lane] = slopes[i + lane * each] - before[i + lane * each] * slope[lane];
    for (int64_t i = 0; i < each; i++)
        for (int lane = 0; lane < LANES; lane++) {
            slope[lane] = slopes[i + lane * each] - before[i + lane * each] * slope[lane];
            slopes[i + lane * each] = slope[lane];
        }
    for (int64_t i = each > 0 ? LANES * each : 1; i < n; i++)
        slopes[i] -= before[i] * slopes[i - 1];
}

/* slopes[i] -= after[i] * slopes[i + 1], from the last row to the first. */
MZG_CLONES
static void substitute_back(const double *restrict after, int64_t n, double *restrict slopes)
{
    int64_t each = n >= LONG ? n / LANES : 0;
    double slope[LANES] = {0};
    int64_t last = n - 1;
    for (int64_t i = -AHEAD; i < 0 && each > 0; i++)
        for (int lane = 1; lane < LANES; lane++)
            slope[lane] = slopes[last - i - lane * each] - after[last - i - lane * each] * slope[lane];
    for (int64_t i = 0; i < each; i++)
        for (int lane = 0; lane < LANES; lane++) {
            slope[lane] = slopes[last - i - lane * each] - after[last - i - lane * each] * slope[lane];
            slopes[last - i - lane * each] = slope[lane];
        }
    for (int64_t i = each > 0 ? last - LANES * each : n - 2; i >= 0; i--)
        slopes[i] -= after[i] * slopes[i + 1];
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
    substitute_forward(f.before, n, slopes);
    substitute_back(f.after, n, slopes);
}

static const struct mzg_slope_rule rule = {
    .prepared_per_point = PER_POINT, .may_overshoot = true, .prepare = prepare, .slopes = find_slopes};

const struct mzg_method_kind mzg_cubic_method = {
    .name = "cubic",
    .interpolates = true,
    .conserves = "heights, smoothly, with overshoot beside steep flanks",
    .rule = &rule,
    .share = mzg_curve_share,
    .resample = mzg_curve_resample,
};
