/* What compact.c keeps, by the loops for each CPU, against plain ones. */
#include <stream/compact.h>
#include <stream/intensities.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 104, BEHIND = 3 };

/* Of each kind that a loop may treat in another way, and some that a float does not hold. */
static double some_value(int kind)
{
    static const double odd[] = {0,        -0.0,      NAN,        INFINITY, -INFINITY, 5e-324, -5e-324,
                                 1e-45,    -1e-46,    DBL_MAX,    -DBL_MAX, FLT_MAX,   3.5e38, 3.402823567e38,
                                 -3.41e38, 0x1p-149,  0x1.8p-150, 0x1p-150, 1,         -1,     2.5,
                                 2.25,     2.2500001, 2.2499999,  1e10,     0x1p-126};
    double u = (double)rand() / RAND_MAX;
    switch (kind) {
    case 0:
        return 0;
    case 1:
        return rand() % 5 - 1;
    case 2:
        return exp(20 * (u - 0.5));
    case 3:
        return rand() % 2 ? 0 : -u;
    default:
        return odd[(size_t)rand() % (sizeof odd / sizeof *odd)];
    }
}

static bool same_bits(double a, double b)
{
    int64_t bits[2];
    memcpy(&bits[0], &a, sizeof a);
    memcpy(&bits[1], &b, sizeof b);
    return bits[0] == bits[1] || (isnan(a) && isnan(b));
}

static int64_t keep_as_written(const struct mzg_sparse_row *row, double min_intensity, int32_t *bins,
                               float *values, int64_t *n_clamped)
{
    int64_t n = 0;
    for (int64_t i = 0; i < row->n; i++) {
        float value = (float)row->values[i];
        if (isinf(value)) {
            value = copysignf(FLT_MAX, value);
            (*n_clamped)++;
        }
        if (value == 0 || (min_intensity > 0 && !((double)value >= min_intensity)))
            continue;
        bins[n] = row->bins[i];
        values[n++] = value;
    }
    return n;
}

static void check_keep(const struct mzg_compactor *compactor, const struct mzg_sparse_row *row, double least)
{
    int32_t bins[MOST + BEHIND], expected_bins[MOST];
    float values[MOST + BEHIND], expected_values[MOST];
    int64_t clamped = 7, expected_clamped = 7;
    for (int64_t i = 0; i < MOST + BEHIND; i++) {
        bins[i] = -5;
        values[i] = -5;
    }
    int64_t expected = keep_as_written(row, least, expected_bins, expected_values, &expected_clamped);
    cr_assert(eq(i64, compactor->keep(row, least, bins, values, &clamped), expected),
              "%s: %lld of at least %g", compactor->name, (long long)row->n, least);
    cr_assert(eq(i64, clamped, expected_clamped));
    for (int64_t i = 0; i < expected; i++)
        cr_assert(bins[i] == expected_bins[i] && same_bits((double)values[i], (double)expected_values[i]),
                  "%s: %lld of at least %g: value %lld", compactor->name, (long long)row->n, least,
                  (long long)i);
    for (int64_t i = row->n; i < MOST + BEHIND; i++)
        cr_assert(bins[i] == -5 && values[i] == -5, "%s writes behind %lld", compactor->name,
                  (long long)row->n);
}

static void check_look(const struct mzg_compactor *compactor, const double *values, int64_t n, double low,
                       double high)
{
    double between[MOST + BEHIND], expected[MOST], lanes[8] = {0};
    int64_t to_zero = 0, to_low = 0, n_between = 0;
    for (int64_t i = 0; i < n; i++) {
        lanes[i % 8] += values[i] * values[i];
        to_zero += values[i] <= 0;
        to_low += values[i] <= low;
        if (values[i] > low && values[i] <= high)
            expected[n_between++] = values[i];
    }
    double squares =
        ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
    for (int64_t i = 0; i < MOST + BEHIND; i++)
        between[i] = -5;
    struct mzg_look look = compactor->look(values, n, low, high, between);
    cr_assert(same_bits(look.squares, squares), "%s: %lld: %.17g instead of %.17g", compactor->name,
              (long long)n, look.squares, squares);
    cr_assert(eq(i64, look.to_zero, to_zero), "%s", compactor->name);
    cr_assert(eq(i64, look.to_low, to_low), "%s", compactor->name);
    cr_assert(eq(i64, look.n_between, n_between), "%s", compactor->name);
    for (int64_t i = 0; i < n_between; i++)
        cr_assert(same_bits(between[i], expected[i]), "%s: %lld", compactor->name, (long long)n);
    for (int64_t i = n; i < MOST + BEHIND; i++)
        cr_assert(between[i] == -5, "%s writes behind %lld", compactor->name, (long long)n);
}

Test(compact, keeps_what_plain_loops_keep)
{
    static const double least[] = {0, -1, 2.25, 2.2500001, 1e-45, 1e-50, 3.4e38, 1e300};
    static double values[MOST + 1];
    static int32_t bins[MOST + 1];
    srand(3);
    for (int64_t i = 0; i <= MOST; i++)
        bins[i] = (int32_t)(3 * i + 1);
    for (int64_t n = 0; n < MOST - 1; n++) {
        for (int kind = 0; kind < 5; kind++) {
            double *begin = values + n % 2; /* so that vectors are not aligned */
            for (int64_t i = 0; i < n; i++)
                begin[i] = some_value(kind);
            const struct mzg_sparse_row row = {.bins = bins + n % 2, .values = begin, .n = n};
            double low = n > 0 && begin[n / 2] > 0 ? begin[n / 2] / 1.5 : 0.5;
            for (int c = 0; mzg_compactor(c); c++) {
                for (size_t k = 0; k < sizeof least / sizeof *least; k++)
                    check_keep(mzg_compactor(c), &row, least[k]);
                check_look(mzg_compactor(c), begin, n, low, 2 * low);
                check_look(mzg_compactor(c), begin, n, 1, 3);
                check_look(mzg_compactor(c), begin, n, 0, 0);
            }
        }
    }
}

/* Masks of 16 neighbours: all of the first nine, and each 61st of the others, to be quick. */
Test(compact, keeps_each_choice_of_neighbours)
{
    double values[16];
    int32_t bins[16];
    for (int mask = 0; mask < 1 << 16; mask += mask < 512 ? 1 : 61) {
        for (int i = 0; i < 16; i++) {
            values[i] = mask >> i & 1 ? i + 1 : 0;
            bins[i] = i;
        }
        const struct mzg_sparse_row row = {.bins = bins, .values = values, .n = 16};
        for (int c = 0; mzg_compactor(c); c++) {
            check_keep(mzg_compactor(c), &row, 0);
            check_look(mzg_compactor(c), values, 16, 0, 100);
        }
    }
}

Test(compact, finds_one_median_and_root_on_every_cpu)
{
    static double values[3000], scratch[6000];
    struct mzg_median_range about[4] = {{0}};
    srand(5);
    cr_assert(mzg_compactor(0) && !mzg_compactor(4));
    cr_assert(eq(str, (char *)mzg_compactor_of_cpu()->name, (char *)mzg_compactor(0)->name));
    for (int round = 0; round < 2000; round++) {
        int64_t n = round % 3 ? rand() % 3000 : rand() % 200;
        int kind = rand() % 5;
        double scale = exp((double)(rand() % 7) / 4);
        for (int64_t i = 0; i < n; i++)
            values[i] = kind == 4 && rand() % 8 ? 1 : scale * some_value(kind);
        struct mzg_intensities expected = {0};
        for (int c = 0; mzg_compactor(c); c++) {
            struct mzg_intensities found =
                mzg_intensities_by(mzg_compactor(c), values, n, scratch, &about[c]);
            if (c == 0)
                expected = found;
            cr_assert(same_bits(found.rms, expected.rms) && same_bits(found.median, expected.median),
                      "%s: %lld values of kind %d", mzg_compactor(c)->name, (long long)n, kind);
        }
    }
}
