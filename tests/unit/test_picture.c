/* What pictures are drawn by: round numbers at axes, limits of brightness, colours. */
#include <picture/colours.h>
#include <picture/picture.h>
#include <picture/ticks.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The texts of all ticks, one behind the other. */
static const char *texts_of(double low, double high, int wanted, bool scaled)
{
    static char all[400];
    struct mzg_ticks ticks = mzg_ticks_of(low, high, wanted, scaled);
    all[0] = '\0';
    for (int i = 0; i < ticks.n; i++) {
        char text[64];
        mzg_tick_text(&ticks, i, text, sizeof text);
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? " " : "", text);
    }
    return all;
}

Test(picture, ticks_are_round_numbers_in_the_interval)
{
    cr_expect(eq(str, (char *)texts_of(0, 800, 5, false), "0 200 400 600 800"));
    cr_expect(
        eq(str, (char *)texts_of(99.98, 1000.02, 10, false), "100 200 300 400 500 600 700 800 900 1000"));
    cr_expect(eq(str, (char *)texts_of(-1.5, 2.2, 4, false), "-1 0 1 2"));
    cr_expect(eq(str, (char *)texts_of(0, 0.017, 4, true), "0.000 0.005 0.010 0.015"));
    cr_expect(eq(str, (char *)texts_of(0, 2.4e6, 5, true), "0.0 0.5 1.0 1.5 2.0"));
    cr_expect(eq(str, (char *)texts_of(5, 5, 4, false), ""));
    cr_expect(eq(str, (char *)texts_of(0, HUGE_VAL, 4, true), ""));
}

Test(picture, an_axis_has_two_numbers_or_more)
{
    struct mzg_ticks ticks = mzg_ticks_pair(300, 3650, 2); /* 2000 alone would tell no scale */
    cr_expect(eq(dbl, ticks.first, 1000));
    cr_expect(eq(dbl, ticks.step, 1000));
    cr_expect(eq(int, ticks.n, 3));
    cr_expect(eq(int, mzg_ticks_pair(100, 1100, 2).n, 2)); /* 500 and 1000 */
    cr_expect(eq(int, mzg_ticks_pair(0, 800, 5).n, 5));
    cr_expect(eq(int, mzg_ticks_pair(5, 5, 2).n, 0));
}

Test(picture, a_scale_bar_has_a_round_length_if_one_fits)
{
    cr_expect(eq(dbl, mzg_scale_bar_length(1000, 1), 200));
    cr_expect(eq(dbl, mzg_scale_bar_length(300, 100), 100));
    cr_expect(eq(dbl, mzg_scale_bar_length(8.8125, 4.40625), 5)); /* two cells */
    cr_expect(eq(dbl, mzg_scale_bar_length(75, 25), 50));
    cr_expect(eq(dbl, mzg_scale_bar_length(4.40625, 4.40625), 4.40625));
    cr_expect(eq(dbl, mzg_scale_bar_length(3, 1), 1));
}

Test(picture, a_label_tells_the_power_that_numbers_are_divided_by)
{
    char text[64];
    struct mzg_ticks ticks = mzg_ticks_of(0, 2.4e6, 5, true);
    mzg_tick_label(&ticks, "intensity", text, sizeof text);
    cr_expect(eq(str, text, "intensity (×10⁶)"));
    ticks = mzg_ticks_of(0, 3e-13, 5, true);
    mzg_tick_label(&ticks, "intensity", text, sizeof text);
    cr_expect(eq(str, text, "intensity (×10⁻¹⁵)"));
    ticks = mzg_ticks_of(0, 99, 5, true);
    mzg_tick_label(&ticks, "intensity", text, sizeof text);
    cr_expect(eq(str, text, "intensity"));
}

static struct mzg_limits limits_of(const float *values, int64_t n, double percentile)
{
    struct mzg_raster raster = {.values = values, .width = n, .height = 1, .size_x = 1, .size_y = 1};
    struct mzg_limits limits = {0};
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_limits_of(&raster, percentile, &limits, &err), MZG_OK));
    return limits;
}

/* Expected values are those of numpy.percentile. */
Test(picture, limits_are_percentiles_of_the_values_that_are_numbers)
{
    static const float values[] = {7, NAN, 1, 3, 2, INFINITY, 9, 4, 8, 6, 5};
    struct mzg_limits limits = limits_of(values, 11, 50);
    cr_expect(eq(dbl, limits.low, 0));
    cr_expect(eq(dbl, limits.high, 5));
    cr_expect(limits.has_more);
    cr_expect(epsilon_eq(dbl, limits_of(values, 11, 99.5).high, 8.96, 1e-12));
    limits = limits_of(values, 11, 100);
    cr_expect(eq(dbl, limits.high, 9));
    cr_expect(not(limits.has_more));
}

Test(picture, limits_of_odd_images)
{
    static const float below[] = {-2, -1, 3, 3}, few[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 5}, zeros[] = {0, 0},
                       none[] = {NAN, NAN}, flat[] = {-3, -3};
    struct mzg_limits limits = limits_of(below, 4, 99.5);
    cr_expect(eq(dbl, limits.low, -2));
    cr_expect(eq(dbl, limits.high, 3));
    limits = limits_of(few, 10, 50); /* the percentile is that of the ground */
    cr_expect(eq(dbl, limits.high, 5));
    cr_expect(not(limits.has_more));
    cr_expect(eq(dbl, limits_of(zeros, 2, 99.5).high, 1));
    cr_expect(eq(dbl, limits_of(none, 2, 99.5).high, 1));
    limits = limits_of(flat, 2, 99.5);
    cr_expect(limits.high > limits.low);
}

Test(picture, colours_are_those_of_matplotlib)
{
    cr_expect(eq(str, (char *)mzg_colours_name(0), "viridis"));
    cr_expect(eq(u32, mzg_colour(0, 0), 0x440154));
    cr_expect(eq(u32, mzg_colour(0, 0.5), 0x21918c));
    cr_expect(eq(u32, mzg_colour(0, 1), 0xfde725));
    int n = 0;
    while (mzg_colours_name(n))
        n++;
    cr_expect(eq(int, n, 5));
    cr_expect(eq(u32, mzg_colour(n - 1, 1), 0xffffff));
}
