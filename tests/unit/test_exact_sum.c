/* Exact sums: cancellation, carries over limbs, denormals, rounding to even, any order. */
#include <core/exact_sum.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <float.h>
#include <math.h>
#include <stddef.h>

static double sum_of(const float *values, size_t n)
{
    struct mzg_exact_sum sum = {0};
    for (size_t i = 0; i < n; i++)
        mzg_exact_sum_add(&sum, values[i]);
    return mzg_exact_sum_round(&sum);
}

#define SUM(...) sum_of((float[]){__VA_ARGS__}, sizeof((float[]){__VA_ARGS__}) / sizeof(float))

Test(exact_sum, nothing_is_zero)
{
    struct mzg_exact_sum sum = {0};
    cr_expect(eq(dbl, mzg_exact_sum_round(&sum), 0.0));
}

Test(exact_sum, large_terms_cancel_and_small_ones_stay)
{
    cr_expect(eq(dbl, SUM(FLT_MAX, 1.0f, -FLT_MAX), 1.0));
    cr_expect(eq(dbl, SUM(FLT_MAX, FLT_TRUE_MIN, -FLT_MAX), (double)FLT_TRUE_MIN));
    cr_expect(eq(dbl, SUM(-1e30f, 3.0f, 1e30f, -5.0f), -2.0));
}

Test(exact_sum, sums_beyond_float_are_exact_doubles)
{
    cr_expect(eq(dbl, SUM(FLT_MAX, FLT_MAX), 2.0 * (double)FLT_MAX));
    cr_expect(eq(dbl, SUM(-FLT_MAX, -FLT_MAX), -2.0 * (double)FLT_MAX));
}

Test(exact_sum, rounds_ties_to_even)
{
    float two_53 = 0x1p53f;
    cr_expect(eq(dbl, SUM(two_53, 1.0f), 0x1p53));
    cr_expect(eq(dbl, SUM(two_53, 1.0f, 0x1p-60f), 0x1p53 + 2));
    cr_expect(eq(dbl, SUM(two_53, 2.0f, 1.0f), 0x1p53 + 4));
    cr_expect(eq(dbl, SUM(-two_53, -1.0f), -0x1p53));
}

Test(exact_sum, order_and_grouping_do_not_matter)
{
    enum { N = 4000 };
    static float values[N];
    uint64_t state = 42;
    for (int i = 0; i < N; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        int exponent = (int)(state >> 58) - 32;
        values[i] = (float)((int64_t)(state >> 20) % 1000003) *
                    (exponent < 0 ? 1.0f / (float)(1ll << -exponent) : (float)(1ll << exponent));
        if (state >> 40 & 1)
            values[i] = -values[i];
    }
    double forward = sum_of(values, N);
    struct mzg_exact_sum even = {0}, odd = {0};
    for (int i = N - 1; i >= 0; i--)
        mzg_exact_sum_add(i % 2 ? &odd : &even, values[i]);
    mzg_exact_sum_merge(&even, &odd);
    cr_expect(eq(dbl, mzg_exact_sum_round(&even), forward));

    long double reference = 0; /* 64 bits suffice to tell a wrong limb */
    for (int i = 0; i < N; i++)
        reference += values[i];
    cr_expect(lt(ldbl, (forward - reference) / reference, 1e-12L));
    cr_expect(gt(ldbl, (forward - reference) / reference, -1e-12L));
}

Test(exact_sum, integers_are_added_at_any_place)
{
    int64_t values[] = {0, 1, -1, INT64_MAX, INT64_MIN + 1, 0x123456789abcdef, -0x123456789abcdef};
    for (uint32_t position = 0; position <= 253; position++) {
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            struct mzg_exact_sum sum = {0};
            mzg_exact_sum_add_shifted(&sum, values[i], position);
            cr_expect(eq(dbl, mzg_exact_sum_round(&sum), ldexp((double)values[i], (int)position - 149)));
        }
    }
}
