/* Native axes: bins from a list of m/z, and which bin holds an m/z, against the edges themselves. */
#include <axis/locator.h>
#include <mzgrid/axis.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdlib.h>

static struct mzg_axis build(const double *mz, int64_t n)
{
    struct mzg_axis axis = {0};
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_axis_build_native(mz, n, &axis, &err), MZG_OK), "%s", err.text);
    return axis;
}

Test(axis_native, edges_lie_halfway_and_are_mirrored_at_the_ends)
{
    const double mz[] = {100, 104, 110, 111};
    struct mzg_axis axis = build(mz, 4);
    const double edges[] = {98, 102, 107, 110.5, 111.5};
    cr_assert(eq(i64, axis.n_bins, 4));
    for (int k = 0; k < 5; k++)
        cr_expect(eq(dbl, axis.edges[k], edges[k]));
    for (int k = 0; k < 4; k++)
        cr_expect(eq(dbl, axis.centers[k], mz[k]));
    cr_expect(eq(int, (int)axis.spec.type, MZG_AXIS_NATIVE));
    mzg_axis_destroy(&axis);
}

Test(axis_native, a_single_mz_gets_a_bin_around_it)
{
    const double mz[] = {500};
    struct mzg_axis axis = build(mz, 1);
    cr_expect(lt(dbl, axis.edges[0], 500));
    cr_expect(gt(dbl, axis.edges[1], 500));
    cr_expect(eq(i64, mzg_axis_locate(&axis, 500), 0));
    mzg_axis_destroy(&axis);
}

/* Neighbours of one ulp, where nothing lies halfway. */
Test(axis_native, doubles_next_to_each_other_have_bins_of_their_own)
{
    double mz[5] = {1000};
    for (int i = 1; i < 5; i++)
        mz[i] = nextafter(mz[i - 1], INFINITY);
    struct mzg_axis axis = build(mz, 5);
    for (int i = 0; i < 5; i++) {
        cr_expect(eq(i64, mzg_axis_locate(&axis, mz[i]), i));
        cr_expect(lt(dbl, axis.edges[i], axis.edges[i + 1]));
    }
    mzg_axis_destroy(&axis);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

Test(axis_native, every_mz_is_found_alone_and_among_many)
{
    enum { N = 20000, POINTS = 3000 };
    unsigned seed = 5;
    double *mz = malloc(N * sizeof *mz);
    double *points = malloc(POINTS * sizeof *points);
    int32_t *bins = malloc(POINTS * sizeof *bins);
    for (int i = 0; i < N; i++)
        mz[i] = 100 + i * 0.05 + 0.02 * rand_r(&seed) / RAND_MAX;
    struct mzg_axis axis = build(mz, N);
    for (int i = 0; i < POINTS; i++)
        points[i] = i % 2 ? mz[rand_r(&seed) % N] : 100.1 + 999.0 * rand_r(&seed) / RAND_MAX;
    struct mzg_locator locator;
    mzg_locator_init(&axis, &locator);
    for (int sorted = 0; sorted < 2; sorted++) {
        mzg_locator_bins(&locator, points, POINTS, bins);
        for (int i = 0; i < POINTS; i++) {
            cr_assert(ge(dbl, points[i], axis.edges[bins[i]]));
            cr_assert(lt(dbl, points[i], axis.edges[bins[i] + 1]));
            cr_assert(eq(i64, mzg_axis_locate(&axis, points[i]), bins[i]));
            int64_t center = mzg_locator_first_center(&locator, points[i]);
            cr_assert(center == N || axis.centers[center] >= points[i]);
            cr_assert(center == 0 || axis.centers[center - 1] < points[i]);
        }
        qsort(points, POINTS, sizeof *points, compare);
    }
    cr_expect(eq(i64, mzg_axis_locate(&axis, axis.edges[N]), N - 1));
    cr_expect(eq(i64, mzg_axis_locate(&axis, nextafter(axis.edges[0], 0)), -1));
    mzg_axis_destroy(&axis);
    free(mz);
    free(points);
    free(bins);
}

Test(axis_native, lists_that_make_no_axis_are_refused)
{
    const double lists[][2] = {{2, 1},   {1, 1},   {0, 1},        {-1, 1},
                               {NAN, 1}, {1, NAN}, {1, INFINITY}, {1, 1e6 + 1}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct mzg_axis untouched = {.n_bins = 77};
        struct mzg_error err = {0};
        cr_expect(eq(int, mzg_axis_build_native(lists[i], 2, &untouched, &err), MZG_EUSAGE), "list %zu", i);
        cr_expect(eq(i64, untouched.n_bins, 77));
    }
    struct mzg_axis untouched = {.n_bins = 77};
    struct mzg_error err = {0};
    cr_expect(eq(int, mzg_axis_build_native(NULL, 0, &untouched, &err), MZG_ERANGE));
}
