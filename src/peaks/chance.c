#include <peaks/chance.h>

#include <core/select_rank.h>

#include <float.h>
#include <math.h>

MZG_DEFINE_SELECT_RANK(select_rank, double)

/* The point below which the normal law has that share, in (0, 1). */
static double normal_point(double share)
{
    double low = -40, high = 40;
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        if (erfc(-middle / sqrt(2)) / 2 < share)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

double mzg_chance_rate(double *counts, int64_t n, int64_t n_rows)
{
    enum { LOWEST = 10 };
    int64_t rank = (n + LOWEST - 1) / LOWEST - 1, n_low = 0;
    select_rank(counts, n, rank);
    double least = counts[rank];
    for (int64_t k = 0; k < n; k++)
        n_low += counts[k] <= least;
    double rows = (double)n_rows, share = (double)n_low / (double)n;
    if (least <= 0)
        return -expm1(log(share) / rows);
    if (n_low == n)
        return fmin(least / rows, 1);
    /* (a - rows p) = z sqrt(rows p (1 - p)), with half a pixel more because counts are whole */
    double z = normal_point(share), a = least + 0.5;
    double root = fabs(z) * sqrt(4 * a * (rows - a) / rows + z * z);
    return (2 * a + z * z + (z < 0 ? root : -root)) / (2 * (rows + z * z));
}

/* How often a bin may have the pixels of a peak by chance. */
static double most_often(int64_t n_bins)
{
    return 1.0 / MZG_CHANCE_SPECTRA / (double)n_bins;
}

/* Whether `count` or more come up no more often than `most` by the binomial law; count is at least the mean.
 * Terms fall; the rest of them is nothing once one is, and what is too much already does not get less. */
static bool is_rare(double count, double rows, double rate, double most)
{
    int sign; /* of the gamma function, which is positive here */
    double ways = lgamma_r(rows + 1, &sign) - lgamma_r(count + 1, &sign) - lgamma_r(rows - count + 1, &sign);
    double term = exp(ways + count * log(rate) + (rows - count) * log1p(-rate));
    double sum = term, odds = rate / (1 - rate);
    for (double k = count; k < rows && sum <= most && term > sum * 1e-17 && term >= DBL_MIN; k++) {
        term *= (rows - k) / (k + 1) * odds;
        sum += term;
    }
    return sum <= most;
}

int64_t mzg_chance_least(double rate, int64_t n_rows, int64_t n_bins)
{
    if (!(rate > 0))
        return MZG_CHANCE_PIXELS;
    if (rate >= 1)
        return n_rows + 1;
    double most = most_often(n_bins);
    int64_t low = (int64_t)ceil((double)n_rows * rate), high = n_rows + 1; /* the least is in (low, high] */
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (is_rare((double)middle, (double)n_rows, rate, most))
            high = middle;
        else
            low = middle;
    }
    return high > MZG_CHANCE_PIXELS ? high : MZG_CHANCE_PIXELS;
}

bool mzg_chance_excludes(int64_t n_pixels, double rate, int64_t n_rows, int64_t n_bins)
{
    if (n_pixels < MZG_CHANCE_PIXELS || !(rate > 0) || rate >= 1)
        return n_pixels >= MZG_CHANCE_PIXELS && !(rate > 0);
    return (double)n_pixels > ceil((double)n_rows * rate) &&
           is_rare((double)n_pixels, (double)n_rows, rate, most_often(n_bins));
}
