/* Distinct m/z of many arrays, against sorting all of them. */
#include <axis/mz_set.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

Test(mz_set, holds_what_sorting_all_values_leaves)
{
    enum { ARRAYS = 300, POINTS = 500 };
    unsigned seed = 11;
    struct mzg_error err = {0};
    struct mzg_mz_set set = {.low = 200, .high = 900, .most = 1000000};
    double *all = malloc((size_t)ARRAYS * POINTS * sizeof *all);
    int64_t n_all = 0;
    for (int i = 0; i < ARRAYS; i++) {
        double mz[POINTS];
        for (int j = 0; j < POINTS; j++)
            mz[j] = 100 + (rand_r(&seed) % 90000) / 100.0;
        if (i % 3)
            qsort(mz, POINTS, sizeof *mz, compare);
        for (int j = 0; j < POINTS; j++)
            if (mz[j] >= 200 && mz[j] <= 900)
                all[n_all++] = mz[j];
        cr_assert(eq(int, mzg_mz_set_add(&set, mz, POINTS, &err), MZG_OK));
    }
    cr_assert(eq(int, mzg_mz_set_settle(&set, &err), MZG_OK));
    qsort(all, (size_t)n_all, sizeof *all, compare);
    int64_t n = 0;
    for (int64_t i = 0; i < n_all; i++)
        if (i == 0 || all[i - 1] < all[i])
            all[n++] = all[i];
    cr_assert(eq(i64, set.n, n));
    cr_assert(not(set.is_full));
    for (int64_t i = 0; i < n; i++)
        cr_assert(eq(dbl, set.mz[i], all[i]));
    mzg_mz_set_destroy(&set);
    free(all);
}

Test(mz_set, passes_over_what_is_no_mz)
{
    const double mz[] = {NAN, -1, 0, INFINITY, 5, 7, 5, -INFINITY, 6};
    struct mzg_error err = {0};
    struct mzg_mz_set set = {.low = 0, .high = 1e6, .most = 10};
    cr_assert(eq(int, mzg_mz_set_add(&set, mz, 9, &err), MZG_OK));
    cr_assert(eq(int, mzg_mz_set_settle(&set, &err), MZG_OK));
    cr_assert(eq(i64, set.n, 3));
    for (int i = 0; i < 3; i++)
        cr_expect(eq(dbl, set.mz[i], 5 + i));
    mzg_mz_set_destroy(&set);
}

Test(mz_set, says_that_there_were_more_than_it_may_hold)
{
    struct mzg_error err = {0};
    struct mzg_mz_set set = {.low = 0, .high = 1e6, .most = 10000};
    for (int i = 0; i < 30; i++) {
        double mz[1000];
        for (int j = 0; j < 1000; j++)
            mz[j] = 100 + i + j / 1000.0;
        cr_assert(eq(int, mzg_mz_set_add(&set, mz, 1000, &err), MZG_OK));
    }
    cr_assert(eq(int, mzg_mz_set_settle(&set, &err), MZG_OK));
    cr_expect(set.is_full);
    cr_expect(le(i64, set.n, 10000));
    mzg_mz_set_destroy(&set);

    struct mzg_mz_set exact = {.low = 0, .high = 1e6, .most = 3};
    const double mz[] = {1, 2, 3};
    for (int i = 0; i < 5; i++)
        cr_assert(eq(int, mzg_mz_set_add(&exact, mz, 3, &err), MZG_OK));
    cr_assert(eq(int, mzg_mz_set_settle(&exact, &err), MZG_OK));
    cr_expect(eq(i64, exact.n, 3));
    cr_expect(not(exact.is_full));
    mzg_mz_set_destroy(&exact);
}
