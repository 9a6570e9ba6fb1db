/* Root mean square and median of intensities: literal cases, and all kinds of values against sorting. */
#include <stream/intensities.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 20000 };

static void check(const double *values, int64_t n, double rms, double median)
{
    static double scratch[2 * MOST];
    struct mzg_median_range about = {0};
    struct mzg_intensities found = mzg_intensities_of(values, n, scratch, &about);
    cr_expect(fabs(found.rms - rms) <= 1e-15 * rms, "rms %.17g instead of %.17g", found.rms, rms);
    cr_expect(eq(dbl, found.median, median), "%lld values", (long long)n);
}

Test(intensities, are_those_that_are_finite)
{
    check(NULL, 0, 0, 0);
    check((double[]){0, 0}, 2, 0, 0);
    check((double[]){3}, 1, 3, 3);
    check((double[]){3, 4}, 2, sqrt(12.5), 3.5);
    check((double[]){0, 4, 3, 0}, 4, 2.5, 3.5);
    check((double[]){-7, 1, 0, 5, 5}, 5, sqrt(20), 5);
    check((double[]){NAN, 3, INFINITY, 4, -INFINITY}, 5, sqrt(12.5), 3.5);
    check((double[]){NAN, INFINITY}, 2, 0, 0);
}

Test(intensities, may_be_huge_or_tiny)
{
    check((double[]){DBL_MAX, DBL_MAX, DBL_MAX, DBL_MAX}, 4, DBL_MAX, DBL_MAX);
    check((double[]){3e300, 4e300}, 2, sqrt(12.5) * 1e300, 3.5e300);
    check((double[]){3e-300, 4e-300}, 2, sqrt(12.5) * 1e-300, 3.5e-300);
    check((double[]){5e-324, 5e-324, 5e-324}, 3, 5e-324, 5e-324);
}

static int compare(const void *a, const void *b)
{
    double one, other;
    memcpy(&one, a, sizeof one);
    memcpy(&other, b, sizeof other);
    return (one > other) - (one < other);
}

static double value_of(int kind, int64_t i, int64_t n)
{
    double u = (double)rand() / RAND_MAX;
    switch (kind) {
    case 0:
        return (float)exp(12 * u);
    case 1:
        return rand() % 3;
    case 2:
        return (double)(n - i);
    case 3:
        return rand() % 10 ? 0 : 100 * u;
    case 4:
        return i < n / 2 ? 1 : 1 + 0x1p-52;
    default:
        return u < 0.1 ? -u : exp(1000 * (u - 0.5));
    }
}

Test(intensities, have_the_median_of_those_above_0)
{
    static double values[MOST], positive[MOST], scratch[2 * MOST];
    struct mzg_median_range before = {0}; /* of other values, so that the median lies anywhere beside it */
    srand(7);
    for (int round = 0; round < 3000; round++) {
        int64_t n = round % 300 == 0 ? MOST - round : round / 3, n_positive = 0;
        for (int64_t i = 0; i < n; i++) {
            values[i] = value_of(round % 6, i, n);
            positive[n_positive] = values[i];
            n_positive += values[i] > 0;
        }
        qsort(positive, (size_t)n_positive, sizeof *positive, compare);
        double expected =
            n_positive > 0 ? (positive[(n_positive - 1) / 2] + positive[n_positive / 2]) / 2 : 0;
        struct mzg_median_range none = {0};
        double found = mzg_intensities_of(values, n, scratch, &none).median;
        cr_assert(eq(dbl, found, expected), "kind %d, %lld values", round % 6, (long long)n);
        found = mzg_intensities_of(values, n, scratch, &before).median;
        cr_assert(eq(dbl, found, expected), "kind %d, %lld values, after others", round % 6, (long long)n);
    }
}

/* Ranges that begin or end at, beside or between the middle values, which only the search for many looks at.
 */
Test(intensities, have_the_median_wherever_it_is_looked_for_first)
{
    static double values[MOST], scratch[2 * MOST];
    for (int64_t n = 5000; n <= 5001; n++) {
        for (int64_t i = 0; i < n; i++)
            values[i] = (double)((i * 2741) % n + 1);
        double expected = ((double)((n + 1) / 2) + (double)(n / 2 + 1)) / 2;
        for (double low = 2490; low < 2512; low += 0.5) {
            for (double high = low + 0.5; high < 2513; high += 0.5) {
                struct mzg_median_range about = {.low = low, .high = high};
                double found = mzg_intensities_of(values, n, scratch, &about).median;
                cr_assert(eq(dbl, found, expected), "%g to %g of %lld", low, high, (long long)n);
                cr_assert(about.low < expected && expected < about.high);
            }
        }
    }
}
