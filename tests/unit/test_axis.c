/* Mass axes: edges and counts against values computed with 60 digits, locating against the edges themselves.
 */
#include <mzgrid/axis.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdlib.h>

#include "axis_references.h"

static struct mzg_axis_spec reference_spec(size_t i)
{
    return (struct mzg_axis_spec){.type = references[i].type,
                                  .min_mz = references[i].min_mz,
                                  .max_mz = references[i].max_mz,
                                  .bin_width = references[i].bin_width,
                                  .reference_mz = references[i].reference_mz,
                                  .bins = references[i].bins,
                                  .tof_a = TOF_A,
                                  .tof_b = TOF_B};
}

static double ulps_apart(double a, double b)
{
    return fabs(a - b) / (nextafter(fabs(b), INFINITY) - fabs(b));
}

Test(axis, edges_and_centers_are_within_an_ulp_of_60_digits)
{
    for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
        struct mzg_axis_spec spec = reference_spec(i);
        struct mzg_axis axis;
        struct mzg_error err = {0};
        cr_assert(eq(int, mzg_axis_build(&spec, &axis, &err), MZG_OK), "%s", err.text);
        cr_expect(eq(i64, axis.n_bins, references[i].n_bins), "row %zu", i);
        cr_expect(le(dbl, ulps_apart(axis.step, references[i].step), 1.0), "row %zu", i);
        int64_t places[] = {1, axis.n_bins / 3, axis.n_bins - 1};
        for (int j = 0; j < 3; j++)
            cr_expect(le(dbl, ulps_apart(axis.edges[places[j]], references[i].edges[j]), 1.0),
                      "row %zu edge %d", i, j);
        cr_expect(le(dbl, ulps_apart(axis.centers[axis.n_bins / 3], references[i].center), 1.0), "row %zu",
                  i);
        if (spec.bins) {
            cr_expect(eq(dbl, axis.edges[0], spec.min_mz));
            cr_expect(eq(dbl, axis.edges[axis.n_bins], spec.max_mz));
        } else {
            cr_expect(le(dbl, axis.edges[0], spec.min_mz));
            cr_expect(gt(dbl, axis.edges[1], spec.min_mz));
            cr_expect(ge(dbl, axis.edges[axis.n_bins], spec.max_mz));
            cr_expect(lt(dbl, axis.edges[axis.n_bins - 1], spec.max_mz));
        }
        mzg_axis_destroy(&axis);
    }
}

Test(axis, measuring_gives_the_same_count_without_arrays)
{
    for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
        struct mzg_axis_spec spec = reference_spec(i);
        struct mzg_axis axis;
        struct mzg_error err = {0};
        cr_assert(eq(int, mzg_axis_measure(&spec, &axis, &err), MZG_OK));
        cr_expect(eq(i64, axis.n_bins, references[i].n_bins));
        cr_expect(eq(ptr, axis.edges, NULL));
    }
}

/* Bins by width are a window on one endless grid: those of a part are those of the whole. */
Test(axis, a_part_of_a_range_has_the_bins_of_the_whole)
{
    for (int type = 0; type < MZG_AXIS_LAWS; type++) {
        struct mzg_axis_spec spec = {.type = (enum mzg_axis_type)type,
                                     .min_mz = 103.7,
                                     .max_mz = 1999.9,
                                     .bin_width = 0.37,
                                     .reference_mz = 1000,
                                     .tof_a = TOF_A,
                                     .tof_b = TOF_B};
        struct mzg_axis whole, part;
        struct mzg_error err = {0};
        cr_assert(eq(int, mzg_axis_build(&spec, &whole, &err), MZG_OK), "%s", err.text);
        spec.min_mz = 411.3;
        spec.max_mz = 1777.1;
        cr_assert(eq(int, mzg_axis_build(&spec, &part, &err), MZG_OK), "%s", err.text);
        int64_t first = mzg_axis_locate(&whole, spec.min_mz);
        cr_expect(eq(i64, part.n_bins, mzg_axis_locate(&whole, spec.max_mz) - first + 1));
        for (int64_t k = 0; k < part.n_bins; k++) {
            cr_assert(eq(dbl, part.edges[k], whole.edges[first + k]));
            cr_assert(eq(dbl, part.edges[k + 1], whole.edges[first + k + 1]));
            cr_assert(eq(dbl, part.centers[k], whole.centers[first + k]));
        }
        mzg_axis_destroy(&part);
        mzg_axis_destroy(&whole);
    }
}

static double random_between(unsigned *seed, double low, double high)
{
    return low + (high - low) * rand_r(seed) / RAND_MAX;
}

static struct mzg_axis_spec random_spec(unsigned *seed)
{
    struct mzg_axis_spec spec = {.type = (enum mzg_axis_type)(rand_r(seed) % MZG_AXIS_LAWS),
                                 .min_mz = random_between(seed, 1.0, 500.0),
                                 .reference_mz = random_between(seed, 100.0, 1000.0),
                                 .tof_a = random_between(seed, 0.1, 10.0),
                                 .tof_b = random_between(seed, 0.0001, 0.1)};
    spec.max_mz = spec.min_mz * random_between(seed, 1.001, 20.0);
    if (rand_r(seed) % 2)
        spec.bins = 1 + rand_r(seed) % 2000;
    else
        spec.bin_width = random_between(seed, 0.3, 3.0);
    return spec;
}

Test(axis, the_points_that_define_the_range_are_never_dropped)
{
    unsigned seed = 1;
    for (int i = 0; i < 4000; i++) {
        struct mzg_axis_spec spec = random_spec(&seed);
        struct mzg_axis axis;
        struct mzg_error err = {0};
        if (mzg_axis_build(&spec, &axis, &err) != MZG_OK) {
            cr_expect(eq(int, err.status, MZG_ERANGE), "%s", err.text);
            continue;
        }
        cr_expect(eq(i64, mzg_axis_locate(&axis, spec.min_mz), 0));
        cr_expect(eq(i64, mzg_axis_locate(&axis, spec.max_mz), axis.n_bins - 1));
        mzg_axis_destroy(&axis);
    }
}

static int64_t bin_by_search(const struct mzg_axis *axis, double mz)
{
    int64_t low = 0;
    int64_t high = axis->n_bins;
    while (high - low > 1) {
        int64_t middle = (low + high) / 2;
        if (axis->edges[middle] <= mz)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static int64_t first_center_by_search(const struct mzg_axis *axis, double mz)
{
    int64_t k = 0;
    while (k < axis->n_bins && axis->centers[k] < mz)
        k++;
    return k;
}

Test(axis, locating_agrees_with_the_edges_at_and_beside_each_edge)
{
    unsigned seed = 2;
    for (int i = 0; i < 200; i++) {
        struct mzg_axis_spec spec = random_spec(&seed);
        struct mzg_axis axis;
        struct mzg_error err = {0};
        if (mzg_axis_build(&spec, &axis, &err) != MZG_OK)
            continue;
        for (int64_t k = 0; k < axis.n_bins; k++) {
            double inside[] = {axis.edges[k], nextafter(axis.edges[k], INFINITY), axis.centers[k],
                               nextafter(axis.edges[k + 1], 0.0)};
            for (int j = 0; j < 4; j++)
                cr_assert(eq(i64, mzg_axis_locate(&axis, inside[j]), k));
        }
        for (int j = 0; j < 200; j++) {
            double mz = random_between(&seed, spec.min_mz, spec.max_mz);
            cr_assert(eq(i64, mzg_axis_locate(&axis, mz), bin_by_search(&axis, mz)));
            cr_assert(eq(i64, mzg_axis_first_center(&axis, mz), first_center_by_search(&axis, mz)));
        }
        mzg_axis_destroy(&axis);
    }
}

Test(axis, outside_is_minus_one_and_the_last_bin_is_closed)
{
    struct mzg_axis_spec spec = {.type = MZG_AXIS_CONSTANT, .min_mz = 100, .max_mz = 103, .bins = 3};
    struct mzg_axis axis;
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_axis_build(&spec, &axis, &err), MZG_OK));
    cr_expect(eq(i64, mzg_axis_locate(&axis, nextafter(100.0, 0.0)), -1));
    cr_expect(eq(i64, mzg_axis_locate(&axis, 100.0), 0));
    cr_expect(eq(i64, mzg_axis_locate(&axis, 101.0), 1));
    cr_expect(eq(i64, mzg_axis_locate(&axis, 103.0), 2));
    cr_expect(eq(i64, mzg_axis_locate(&axis, nextafter(103.0, 200.0)), -1));
    cr_expect(eq(i64, mzg_axis_locate(&axis, NAN), -1));
    cr_expect(eq(i64, mzg_axis_locate(&axis, INFINITY), -1));
    cr_expect(eq(i64, mzg_axis_locate(&axis, -1.0), -1));
    cr_expect(eq(i64, mzg_axis_first_center(&axis, 100.5), 0));
    cr_expect(eq(i64, mzg_axis_first_center(&axis, nextafter(100.5, 200.0)), 1));
    cr_expect(eq(i64, mzg_axis_first_center(&axis, 102.6), 3));
    cr_expect(eq(i64, mzg_axis_first_center(&axis, 1.0), 0));
    cr_expect(eq(i64, mzg_axis_first_center(&axis, 1000.0), 3));
    mzg_axis_destroy(&axis);
}

Test(axis, bins_a_few_ulp_wide_are_located_exactly)
{
    struct mzg_axis_spec spec = {
        .type = MZG_AXIS_FTICR, .min_mz = 1000, .max_mz = 1000 + 1e-8, .bins = 20000};
    for (int type = 0; type < MZG_AXIS_LAWS; type++) {
        spec.type = (enum mzg_axis_type)type;
        spec.tof_a = spec.tof_b = 1.0;
        struct mzg_axis axis;
        struct mzg_error err = {0};
        cr_assert(eq(int, mzg_axis_build(&spec, &axis, &err), MZG_OK), "%s", err.text);
        for (int64_t k = 0; k < axis.n_bins; k++)
            cr_assert(eq(i64, mzg_axis_locate(&axis, axis.edges[k]), k));
        mzg_axis_destroy(&axis);
    }
}

Test(axis, a_range_of_one_mz_gets_one_bin)
{
    struct mzg_axis_spec spec = {
        .type = MZG_AXIS_CONSTANT, .min_mz = 500, .max_mz = 500, .bin_width = 0.5, .reference_mz = 1000};
    struct mzg_axis axis;
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_axis_build(&spec, &axis, &err), MZG_OK));
    cr_expect(eq(i64, axis.n_bins, 1));
    cr_expect(eq(dbl, axis.edges[1], 500.5));
    cr_expect(eq(i64, mzg_axis_locate(&axis, 500.0), 0));
    mzg_axis_destroy(&axis);
}

Test(axis, whole_bins_are_not_followed_by_an_empty_one)
{
    struct mzg_axis_spec spec = {
        .type = MZG_AXIS_CONSTANT, .min_mz = 0.1, .max_mz = 0.7, .bin_width = 0.1, .reference_mz = 1000};
    struct mzg_axis axis;
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_axis_measure(&spec, &axis, &err), MZG_OK));
    cr_expect(eq(i64, axis.n_bins, 6));
}

static void expect_refused(struct mzg_axis_spec spec, enum mzg_status status)
{
    struct mzg_axis untouched = {.n_bins = 77};
    struct mzg_error err = {0};
    cr_expect(eq(int, mzg_axis_build(&spec, &untouched, &err), (int)status), "%s", err.text);
    cr_expect(eq(i64, untouched.n_bins, 77));
    cr_expect(err.text[0] != '\0');
}

Test(axis, contradictions_are_usage_errors)
{
    const struct mzg_axis_spec good = {.min_mz = 100, .max_mz = 200, .bin_width = 1, .reference_mz = 100};
    struct mzg_axis_spec bad = good;
    bad.bins = 5;
    expect_refused(bad, MZG_EUSAGE);
    bad = good;
    bad.bin_width = 0;
    expect_refused(bad, MZG_EUSAGE);
    double widths[] = {-1, NAN, INFINITY};
    for (int i = 0; i < 3; i++) {
        bad = good;
        bad.bin_width = widths[i];
        expect_refused(bad, MZG_EUSAGE);
    }
    double references_mz[] = {0, -5, NAN, 2e6};
    for (int i = 0; i < 4; i++) {
        bad = good;
        bad.reference_mz = references_mz[i];
        expect_refused(bad, MZG_EUSAGE);
    }
    double ranges[][2] = {{200, 100}, {0, 100},       {-1, 100},    {NAN, 100},
                          {100, NAN}, {100, 1e6 + 1}, {1, INFINITY}};
    for (int i = 0; i < 7; i++) {
        bad = good;
        bad.min_mz = ranges[i][0];
        bad.max_mz = ranges[i][1];
        expect_refused(bad, MZG_EUSAGE);
    }
    bad = good;
    bad.type = MZG_AXIS_TOF;
    expect_refused(bad, MZG_EUSAGE);
}

Test(axis, impossible_numbers_of_bins_are_out_of_range)
{
    struct mzg_axis_spec spec = {.min_mz = 100, .max_mz = 200, .bins = -1};
    expect_refused(spec, MZG_ERANGE);
    spec.bins = (int64_t)1 << 31;
    expect_refused(spec, MZG_ERANGE);
    spec.bins = 0;
    spec.reference_mz = 100;
    spec.bin_width = 1e-8;
    expect_refused(spec, MZG_ERANGE);
    spec.bin_width = 1e-320;
    expect_refused(spec, MZG_ERANGE);
}

Test(axis, bins_too_narrow_for_doubles_are_out_of_range)
{
    expect_refused((struct mzg_axis_spec){.min_mz = 1000, .max_mz = nextafter(1000, 2000), .bins = 2},
                   MZG_ERANGE);
    expect_refused((struct mzg_axis_spec){.min_mz = 1000, .max_mz = 1000, .bins = 1}, MZG_ERANGE);
}

Test(axis, the_largest_number_of_bins_is_measured)
{
    struct mzg_axis_spec spec = {.min_mz = 100, .max_mz = 200, .bins = INT32_MAX};
    struct mzg_axis axis;
    struct mzg_error err = {0};
    cr_expect(eq(int, mzg_axis_measure(&spec, &axis, &err), MZG_OK));
    cr_expect(eq(i64, axis.n_bins, INT32_MAX));
}

Test(axis, a_bin_that_would_reach_beyond_all_mz_is_out_of_range)
{
    expect_refused(
        (struct mzg_axis_spec){
            .type = MZG_AXIS_FTICR, .min_mz = 100, .max_mz = 2000, .bin_width = 4000, .reference_mz = 1000},
        MZG_ERANGE);
}

Test(axis, names_are_those_of_the_command_line)
{
    const char *names[] = {"constant", "linear_tof", "reflector_tof", "orbitrap", "fticr", "tof", "native"};
    double exponents[] = {0, 0.5, 1, 1.5, 2};
    for (int i = 0; i < 7; i++) {
        enum mzg_axis_type type;
        struct mzg_error err = {0};
        cr_expect(eq(int, mzg_axis_type_parse(names[i], &type, &err), MZG_OK));
        cr_expect(eq(int, (int)type, i));
        cr_expect(eq(str, (char *)mzg_axis_type_name(type), (char *)names[i]));
        if (i < 5)
            cr_expect(eq(dbl, mzg_axis_exponent(type), exponents[i]));
    }
    enum mzg_axis_type type = MZG_AXIS_FTICR;
    struct mzg_error err = {0};
    cr_expect(eq(int, mzg_axis_type_parse("quadratic", &type, &err), MZG_EUSAGE));
    cr_expect(eq(int, (int)type, MZG_AXIS_FTICR));
}
