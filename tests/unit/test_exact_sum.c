/* Exact sums: cancellation, carries over limbs, denormals, rounding to even, any order. */
#include <core/exact_sum.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <float.h>
#include <math.h>
#include <stddef.h>

static const struct mzg_exact_sum_kind *const narrow = &mzg_exact_sum_float32;
static const struct mzg_exact_sum_kind *const wide = &mzg_exact_sum_float64;

static void add_float(uint64_t *sum, float value)
{
    int64_t mantissa;
    uint32_t position;
    mzg_exact_sum_split_float32(value, &mantissa, &position);
    mzg_exact_sum_add_shifted(narrow, sum, mantissa, position);
}

static double sum_of(const float *values, size_t n)
{
    uint64_t sum[MZG_EXACT_SUM_MAX_LIMBS] = {0};
    for (size_t i = 0; i < n; i++)
        add_float(sum, values[i]);
    return mzg_exact_sum_round(narrow, sum);
}

static void add_doubles(uint64_t *sum, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t mantissa;
        uint32_t position;
        mzg_exact_sum_split_float64(values[i], &mantissa, &position);
        mzg_exact_sum_add_shifted(wide, sum, mantissa, position);
    }
}

static double sum_of_doubles(const double *values, size_t n)
{
    uint64_t sum[MZG_EXACT_SUM_MAX_LIMBS] = {0};
    add_doubles(sum, values, n);
    return mzg_exact_sum_round(wide, sum);
}

#define SUM(...) sum_of((float[]){__VA_ARGS__}, sizeof((float[]){__VA_ARGS__}) / sizeof(float))
#define WIDE_SUM(...)                                                                                        \
    sum_of_doubles((double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double))

Test(exact_sum, nothing_is_zero)
{
    uint64_t sum[MZG_EXACT_SUM_MAX_LIMBS] = {0};
    cr_expect(eq(dbl, mzg_exact_sum_round(narrow, sum), 0.0));
    cr_expect(eq(dbl, mzg_exact_sum_round(wide, sum), 0.0));
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
    uint64_t even[MZG_EXACT_SUM_MAX_LIMBS] = {0}, odd[MZG_EXACT_SUM_MAX_LIMBS] = {0};
    for (int i = N - 1; i >= 0; i--)
        add_float(i % 2 ? odd : even, values[i]);
    mzg_exact_sum_merge(narrow, even, odd);
    cr_expect(eq(dbl, mzg_exact_sum_round(narrow, even), forward));

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
            uint64_t sum[MZG_EXACT_SUM_MAX_LIMBS] = {0};
            mzg_exact_sum_add_shifted(narrow, sum, values[i], position);
            cr_expect(
                eq(dbl, mzg_exact_sum_round(narrow, sum), ldexp((double)values[i], (int)position - 149)));
        }
    }
}

Test(exact_sum, of_doubles_of_any_size)
{
    cr_expect(eq(dbl, WIDE_SUM(DBL_MAX, 1.0, -DBL_MAX), 1.0));
    cr_expect(eq(dbl, WIDE_SUM(DBL_MAX, DBL_TRUE_MIN, -DBL_MAX), DBL_TRUE_MIN));
    cr_expect(eq(dbl, WIDE_SUM(-DBL_TRUE_MIN, -DBL_TRUE_MIN), -2 * DBL_TRUE_MIN));
    cr_expect(eq(dbl, WIDE_SUM(DBL_MIN, -DBL_TRUE_MIN), DBL_MIN - DBL_TRUE_MIN));
    cr_expect(
        eq(dbl, WIDE_SUM(0.1, 0.2, -0.3), 0x1p-55)); /* 0.1 + 0.2 in double would be 2^-54 more than 0.3 */
    cr_expect(eq(dbl, WIDE_SUM(1.0, 0x1p-53), 1.0));
    cr_expect(eq(dbl, WIDE_SUM(1.0, 0x1p-53, 0x1p-900), 1 + 0x1p-52));
    cr_expect(eq(dbl, WIDE_SUM(1.0, 0x1p-53, -0x1p-900), 1.0));
    cr_expect(eq(dbl, WIDE_SUM(-1.0, -0x1p-52, -0x1p-53), -1 - 0x1p-51));
    cr_expect(eq(dbl, WIDE_SUM(DBL_MAX, DBL_MAX), INFINITY));
}

Test(exact_sum, words_of_128_bits_are_added_at_any_place)
{
    const double size[] = {0x1p0, 0x1p52, 0x1p100, 0x1p120};
    for (uint32_t position = 0; position <= 2045; position += 7) {
        for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
            uint64_t sum[MZG_EXACT_SUM_MAX_LIMBS] = {0};
            __int128 word = (__int128)size[i] * 3;
            double expected = ldexp(3 * size[i], (int)position - 1074);
            mzg_exact_sum_add_shifted(wide, sum, word, position);
            cr_expect(eq(dbl, mzg_exact_sum_round(wide, sum), expected));
            mzg_exact_sum_add_shifted(wide, sum, -word, position);
            mzg_exact_sum_add_shifted(wide, sum, -word, position);
            cr_expect(eq(dbl, mzg_exact_sum_round(wide, sum), -expected));
        }
    }
}

Test(exact_sum, a_mean_is_finite_where_the_sum_is_not)
{
    uint64_t sum[MZG_EXACT_SUM_MAX_LIMBS] = {0};
    const double largest[] = {DBL_MAX, DBL_MAX, DBL_MAX, DBL_MAX};
    add_doubles(sum, largest, 4);
    cr_expect(eq(dbl, mzg_exact_sum_round(wide, sum), INFINITY));
    cr_expect(eq(dbl, mzg_exact_sum_mean(wide, sum, 4), DBL_MAX));
    cr_expect(eq(dbl, mzg_exact_sum_mean(wide, sum, 8), DBL_MAX / 2));
}
