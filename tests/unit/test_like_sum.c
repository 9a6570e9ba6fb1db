/* Sums of floats by vectors against adding them one by one. */
#include <core/exact_sum.h>
#include <stream/like_sum.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static float some_value(int kind)
{
    static const float odd[] = {INFINITY, -INFINITY, NAN, FLT_MAX, -FLT_MAX, 0x1p-149F, -0x1p-149F, 1e-20F};
    float u = (float)rand() / (float)RAND_MAX;
    switch (kind) {
    case 0:
        return (float)(1 + rand() % 5);
    case 1:
        return rand() % 2 ? -u - 1e-4F : u + 1e-4F;
    case 2:
        return expf(22 * (u - 0.5F));
    case 3:
        return (u + 0.01F) * 0x1p-130F; /* some subnormal */
    case 4:
        return -0x1.fffffep+29F; /* the largest sums */
    case 5:
        return rand() % 40 ? ldexpf(1 + u, 126) : odd[rand() % 5]; /* like those that are not finite */
    default:
        return rand() % 20 ? 1 + u : odd[(size_t)rand() % (sizeof odd / sizeof *odd)];
    }
}

static void check(mzg_like_sum_fn *add, const float *values, int64_t n, uint32_t lowest)
{
    bool is_like = true;
    int64_t sum = 0;
    float maximum = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        int64_t mantissa;
        uint32_t position;
        mzg_exact_sum_split_float32(values[i], &mantissa, &position);
        if (position < lowest || position > lowest + MZG_LIKE_SHIFT || !isfinite(values[i]))
            is_like = false;
        else
            sum += mantissa * (INT64_C(1) << (position - lowest));
        maximum = fmaxf(maximum, values[i]);
    }
    struct mzg_like_sum found = add(values, n, lowest);
    cr_assert(found.is_like == is_like, "%lld values from bit %u on", (long long)n, lowest);
    if (is_like) {
        cr_assert(eq(i64, found.sum, sum), "%lld values from bit %u on", (long long)n, lowest);
        cr_assert(eq(flt, found.maximum, maximum));
    }
}

Test(like_sum, is_that_of_one_by_one)
{
    static float values[MZG_LIKE_MOST + 1];
    srand(11);
    int n_alike = 0;
    for (int64_t n = 1; n <= MZG_LIKE_MOST; n += n < 70 ? 1 : 31) {
        for (int kind = 0; kind < 7; kind++) {
            float *begin = values + n % 2;
            for (int64_t i = 0; i < n; i++)
                begin[i] = some_value(kind);
            int64_t mantissa;
            uint32_t first;
            mzg_exact_sum_split_float32(begin[0], &mantissa, &first);
            for (int c = 0; mzg_like_sum_number(c); c++) {
                for (uint32_t under = 0; under <= MZG_LIKE_SHIFT + 1 && under <= first; under += 5)
                    check(mzg_like_sum_number(c), begin, n, first - under);
                check(mzg_like_sum_number(c), begin, n, 0);
                n_alike += mzg_like_sum_number(c)(begin, n, first < 15 ? 0 : first - 15).is_like;
            }
        }
    }
    bool has_none = mzg_like_sum_number(0) == NULL;
    cr_assert(has_none || n_alike > 100);
}
