/* Locating many m/z at once, against the plain way, which looks at the edges each time. */
#include <axis/locator.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdlib.h>

static struct mzg_axis axis_of(enum mzg_axis_type type, double min_mz, double max_mz, int64_t bins)
{
    struct mzg_axis_spec spec = {
        .type = type, .min_mz = min_mz, .max_mz = max_mz, .bins = bins, .tof_a = 3.0, .tof_b = 0.002};
    struct mzg_axis axis;
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_axis_build(&spec, &axis, &err), MZG_OK), "%s", err.text);
    return axis;
}

static void expect_plain_bins(const struct mzg_axis *axis, const double *mz, int64_t n)
{
    struct mzg_locator locator;
    mzg_locator_init(axis, &locator);
    int32_t *bins = malloc((size_t)n * sizeof *bins);
    mzg_locator_bins(&locator, mz, n, bins);
    for (int64_t i = 0; i < n; i++)
        cr_assert(eq(i64, bins[i], mzg_axis_locate(axis, mz[i])), "%s m/z %.17g",
                  mzg_axis_type_name(axis->spec.type), mz[i]);
    free(bins);
}

/* On, just below and just above every edge: where the closed form cannot tell. */
static void expect_plain_bins_at_edges(const struct mzg_axis *axis)
{
    int64_t n = axis->n_bins;
    double *mz = malloc((size_t)(3 * n + 3) * sizeof *mz);
    int64_t count = 0;
    for (int64_t k = 0; k <= n; k++) {
        double near[] = {nextafter(axis->edges[k], 0.0), axis->edges[k], nextafter(axis->edges[k], INFINITY)};
        for (int j = 0; j < 3; j++)
            if (near[j] >= axis->edges[0] && near[j] <= axis->edges[n])
                mz[count++] = near[j];
    }
    expect_plain_bins(axis, mz, count);
    free(mz);
}

Test(locator, gives_the_plain_bins_around_every_edge)
{
    double ranges[][2] = {{100, 2000}, {0.5, 9e5}, {999, 1000.5}, {1000, 1000 + 1e-8}};
    for (int type = 0; type < MZG_AXIS_LAWS; type++)
        for (int i = 0; i < 4; i++) {
            struct mzg_axis axis = axis_of((enum mzg_axis_type)type, ranges[i][0], ranges[i][1], 5000);
            expect_plain_bins_at_edges(&axis);
            mzg_axis_destroy(&axis);
        }
}

Test(locator, gives_the_plain_bins_for_random_mz)
{
    enum { n = 50000 };
    double *mz = malloc(n * sizeof *mz);
    unsigned seed = 4;
    for (int type = 0; type < MZG_AXIS_LAWS; type++) {
        struct mzg_axis axis = axis_of((enum mzg_axis_type)type, 100, 2000, 300000);
        for (int i = 0; i < n; i++)
            mz[i] = 100 + 1900.0 * rand_r(&seed) / RAND_MAX;
        expect_plain_bins(&axis, mz, n);
        mzg_axis_destroy(&axis);
    }
    free(mz);
}

Test(locator, the_margin_is_small_on_ordinary_axes_so_that_edges_are_hardly_read)
{
    for (int type = 0; type < MZG_AXIS_LAWS; type++) {
        struct mzg_axis axis = axis_of((enum mzg_axis_type)type, 100, 2000, 500000);
        struct mzg_locator locator;
        mzg_locator_init(&axis, &locator);
        cr_expect(lt(dbl, locator.margin, 1e-6));
        mzg_axis_destroy(&axis);
    }
}

Test(locator, positions_are_the_number_of_bins_from_the_lower_end)
{
    for (int type = 0; type < MZG_AXIS_LAWS; type++) {
        struct mzg_axis axis = axis_of((enum mzg_axis_type)type, 100, 2000, 20000);
        struct mzg_locator locator;
        mzg_locator_init(&axis, &locator);
        double *positions = malloc((size_t)axis.n_bins * sizeof *positions);
        mzg_locator_positions(&locator, axis.centers, axis.n_bins, positions);
        for (int64_t k = 0; k < axis.n_bins; k++)
            cr_assert(lt(dbl, fabs(positions[k] - ((double)k + 0.5)), locator.margin));
        free(positions);
        mzg_axis_destroy(&axis);
    }
}

Test(locator, finds_the_first_center_as_the_plain_way_does)
{
    for (int type = 0; type < MZG_AXIS_LAWS; type++) {
        struct mzg_axis axis = axis_of((enum mzg_axis_type)type, 300, 500, 3000);
        struct mzg_locator locator;
        mzg_locator_init(&axis, &locator);
        for (int64_t k = 0; k < axis.n_bins; k++) {
            double near[] = {nextafter(axis.centers[k], 0.0), axis.centers[k],
                             nextafter(axis.centers[k], INFINITY), axis.edges[k]};
            for (int j = 0; j < 4; j++)
                cr_assert(eq(i64, mzg_locator_first_center(&locator, near[j]),
                             mzg_axis_first_center(&axis, near[j])));
        }
        cr_expect(eq(i64, mzg_locator_first_center(&locator, 1.0), 0));
        cr_expect(eq(i64, mzg_locator_first_center(&locator, 501.0), axis.n_bins));
        mzg_axis_destroy(&axis);
    }
}
