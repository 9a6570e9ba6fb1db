/* The window of an image: expected values are numpy's quantile(…, 0.995, method="inverted_cdf"), or obvious.
 */
#include <spatialdata/omero.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <float.h>
#include <stdlib.h>

static struct mzg_omero_window window_of(const float *values, int64_t n)
{
    struct mzg_cell *cells = calloc((size_t)n + 1, sizeof *cells);
    cr_assert(ne(ptr, cells, NULL));
    for (int64_t i = 0; i < n; i++)
        cells[i].value = values[i];
    struct mzg_omero_window window = mzg_omero_window_of(MPI_COMM_NULL, cells, n);
    free(cells);
    return window;
}

static void expect_window(const float *values, int64_t n, double min, double max, double end)
{
    struct mzg_omero_window window = window_of(values, n);
    cr_expect(eq(dbl, window.min, min));
    cr_expect(eq(dbl, window.max, max));
    cr_expect(eq(dbl, window.start, 0));
    cr_expect(eq(dbl, window.end, end));
}

/* 1 ... n in an order that leaps. */
static double end_of(int64_t n)
{
    float *values = malloc((size_t)n * sizeof *values);
    cr_assert(ne(ptr, values, NULL));
    for (int64_t i = 0; i < n; i++)
        values[i] = (float)(i * 7919 % n + 1);
    double end = window_of(values, n).end;
    free(values);
    return end;
}

Test(omero, the_end_is_the_value_that_99_5_percent_do_not_exceed)
{
    cr_expect(eq(dbl, end_of(1), 1));
    cr_expect(eq(dbl, end_of(2), 2));
    cr_expect(eq(dbl, end_of(199), 199));
    cr_expect(eq(dbl, end_of(200), 199));
    cr_expect(eq(dbl, end_of(201), 200));
    cr_expect(eq(dbl, end_of(1000), 995));
    cr_expect(eq(dbl, end_of(100003), 99503));
}

Test(omero, any_values_give_a_window_that_viewers_take)
{
    static const float constant[] = {2.5F, 2.5F, 2.5F}, zero[] = {0, -0.0F}, below[] = {-3, -1},
                       mixed[] = {-3, 4, -2, 1}, large[] = {FLT_MAX, 1e-45F};
    expect_window(constant, 3, 0, 2.5, 2.5);
    expect_window(zero, 2, 0, 1, 1);
    expect_window(zero, 0, 0, 1, 1);
    expect_window(below, 2, -3, 1, 1);
    expect_window(mixed, 4, -3, 4, 4);
    expect_window(large, 2, 0, (double)FLT_MAX, (double)FLT_MAX);
}

Test(omero, a_few_bright_pixels_among_dark_ones_still_show)
{
    float values[1000] = {[500] = 8};
    expect_window(values, 1000, 0, 8, 8);
}
