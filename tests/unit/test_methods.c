/* What each interpolating method does with few points, steep flanks, gaps and sums; expected values by hand.
 * The comparison with scipy is tests/conformance/test_numerics.py. */
#include <mzgrid/resample.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

/* A row on bins [100, 101), [101, 102), ... [109, 110), with centres 100.5, 101.5, ... */
struct row {
    double values[10];
    struct mzg_spectrum_summary summary;
};

static enum mzg_status resample(const struct mzg_resampler_options *options, const double *mz,
                                const double *y, int64_t n, struct row *row)
{
    struct mzg_axis_spec spec = {.type = MZG_AXIS_CONSTANT, .min_mz = 100, .max_mz = 110, .bins = 10};
    struct mzg_axis axis = {0};
    struct mzg_resampler *resampler = NULL;
    struct mzg_workspace *workspace = NULL;
    struct mzg_error err = {0};
    struct mzg_spectrum spectrum = {.mz = mz, .intensity = y, .n = n};
    struct mzg_sparse_row sparse;
    *row = (struct row){0};
    if (mzg_axis_build(&spec, &axis, &err) == MZG_OK &&
        mzg_resampler_new(options, &axis, &resampler, &err) == MZG_OK &&
        mzg_workspace_new(&workspace, &err) == MZG_OK &&
        mzg_resample(resampler, workspace, &spectrum, &row->summary, &sparse, &err) == MZG_OK)
        for (int64_t i = 0; i < sparse.n; i++)
            row->values[sparse.bins[i]] = sparse.values[i];
    mzg_workspace_free(workspace);
    mzg_resampler_free(resampler);
    mzg_axis_destroy(&axis);
    return err.status;
}

static struct row by(enum mzg_method method, const double *mz, const double *y, int64_t n)
{
    struct mzg_resampler_options options = {.size = sizeof options, .method = method};
    struct row row;
    cr_assert(eq(int, resample(&options, mz, y, n, &row), MZG_OK));
    return row;
}

static void expect_near(double found, double wanted)
{
    cr_expect(le(dbl, fabs(found - wanted), 1e-12), "%.17g, wanted %.17g", found, wanted);
}

Test(cubic, two_points_are_a_line_and_three_a_parabola)
{
    double mz[] = {100.5, 102.5, 106.5};
    double line[] = {1, 3};
    expect_near(by(MZG_CUBIC, mz, line, 2).values[1], 2);

    double square[] = {0, 4, 36}; /* (m - 100.5)^2 */
    struct row row = by(MZG_CUBIC, mz, square, 3);
    for (int k = 0; k <= 6; k++)
        expect_near(row.values[k], k * k);
}

Test(cubic, four_points_of_a_cubic_are_that_cubic)
{
    double mz[] = {100.5, 101.5, 104.5, 106.5};
    double cube[] = {0, 1, 64, 216};
    struct row row = by(MZG_CUBIC, mz, cube, 4);
    for (int k = 0; k <= 6; k++)
        expect_near(row.values[k] / 216, k * k * k / 216.0);
}

Test(cubic, overshoot_below_zero_is_cut_off_unless_intensities_are_negative)
{
    double mz[] = {100, 101, 102, 103, 104, 105, 106};
    double step[] = {0, 0, 0, 10, 10, 10, 10};
    cr_expect(eq(dbl, by(MZG_CUBIC, mz, step, 7).values[1], 0));
    double shifted[] = {-1, -1, -1, 9, 9, 9, 9};
    cr_expect(lt(dbl, by(MZG_CUBIC, mz, shifted, 7).values[1], -1));
}

Test(pchip, does_not_overshoot_and_is_flat_at_an_extremum)
{
    double mz[] = {100, 101, 102, 103, 104, 105, 106};
    double step[] = {0, 0, 0, 10, 10, 10, 10};
    struct row row = by(MZG_PCHIP, mz, step, 7);
    double wanted[] = {0, 0, 5, 10, 10, 10, 0};
    for (int k = 0; k < 7; k++)
        expect_near(row.values[k], wanted[k]);
}

Test(pchip, two_points_are_a_line)
{
    double mz[] = {100.5, 104.5};
    double y[] = {4, 0};
    struct row row = by(MZG_PCHIP, mz, y, 2);
    for (int k = 0; k <= 4; k++)
        expect_near(row.values[k], 4 - k);
}

Test(tic_preserving, the_row_has_the_sum_of_the_points_inside)
{
    double mz[] = {99.5, 100.5, 102.5, 103.0};
    double y[] = {1000, 2, 6, 3};
    struct row row = by(MZG_TIC_PRESERVING, mz, y, 4);
    double linear[] = {2, 4, 6};
    double factor = (2 + 6 + 3) / (2.0 + 4 + 6);
    for (int k = 0; k < 3; k++)
        expect_near(row.values[k], linear[k] * factor);
    cr_expect(not(row.summary.by_nearest));
}

Test(tic_preserving, a_spectrum_between_two_centers_goes_by_nearest_neighbor)
{
    double mz[] = {103.6, 104.1, 104.3};
    double y[] = {2, 3, 4};
    struct row row = by(MZG_TIC_PRESERVING, mz, y, 3);
    cr_expect(eq(dbl, row.values[3], 2));
    cr_expect(eq(dbl, row.values[4], 7));
    cr_expect(row.summary.by_nearest);
}

Test(tic_preserving, a_sum_of_zero_gives_a_zero_row)
{
    double mz[] = {101, 103, 105};
    double y[] = {2, 1, -3};
    struct row row = by(MZG_TIC_PRESERVING, mz, y, 3);
    for (int k = 0; k < 10; k++)
        cr_expect(eq(dbl, row.values[k], 0));
    cr_expect(not(row.summary.by_nearest));
}

Test(overlap, a_cell_is_shared_among_the_bins_it_covers)
{
    double mz[] = {101, 103, 104};
    double y[] = {8, 6, 1};
    struct row row = by(MZG_OVERLAP, mz, y, 3);
    /* Cells [100, 102), [102, 103.5), [103.5, 104.5). */
    double wanted[] = {4, 4, 4, 2.5, 0.5, 0};
    for (int k = 0; k < 6; k++)
        expect_near(row.values[k], wanted[k]);
}

Test(overlap, cells_are_clipped_at_the_axis)
{
    double mz[] = {99.5, 100.5, 109.5, 111.5};
    double y[] = {100, 4, 6, 100};
    struct row row = by(MZG_OVERLAP, mz, y, 4);
    expect_near(row.values[0], 4.0 / 5);       /* [100, 105) holds all of 4 */
    expect_near(row.values[5], 6.0 * 1 / 5.5); /* [105, 110.5) */
    expect_near(row.values[9], 6.0 * 1 / 5.5);
    double sum = 0;
    for (int k = 0; k < 10; k++)
        sum += row.values[k];
    expect_near(sum, 4 + 6 * 5 / 5.5);
}

Test(overlap, a_single_point_goes_to_its_bin)
{
    double mz[] = {104.9};
    double y[] = {5};
    cr_expect(eq(dbl, by(MZG_OVERLAP, mz, y, 1).values[4], 5));
}

Test(overlap, points_closer_than_doubles_tell_in_bins_lose_nothing)
{
    double mz[] = {104.9, nextafter(104.9, 200), nextafter(nextafter(104.9, 200), 200)};
    double y[] = {1, 2, 4};
    struct row row = by(MZG_OVERLAP, mz, y, 3);
    expect_near(row.values[4], 7);
}

Test(gaps, the_curve_falls_to_zero_within_a_step)
{
    double mz[] = {102.0, 108.0};
    double y[] = {8, 4};
    struct mzg_resampler_options options = {.size = sizeof options,
                                            .method = MZG_LINEAR,
                                            .max_gap = 3,
                                            .sampling = {.scale = 1.0, .exponent = 0.0}};
    struct row row;
    cr_assert(eq(int, resample(&options, mz, y, 2, &row), MZG_OK));
    double wanted[] = {0, 4, 4, 0, 0, 0, 0, 2, 2, 0};
    for (int k = 0; k < 10; k++)
        expect_near(row.values[k], wanted[k]);
}

Test(gaps, an_interval_of_exactly_the_limit_is_none)
{
    double mz[] = {102.0, 105.0};
    double y[] = {6, 6};
    struct mzg_resampler_options options = {.size = sizeof options,
                                            .method = MZG_LINEAR,
                                            .max_gap = 3,
                                            .sampling = {.scale = 1.0, .exponent = 0.0}};
    struct row row;
    cr_assert(eq(int, resample(&options, mz, y, 2, &row), MZG_OK));
    for (int k = 2; k < 5; k++)
        expect_near(row.values[k], 6);
}

Test(gaps, neighbours_closer_than_two_steps_meet_in_the_middle)
{
    double mz[] = {102.0, 103.0};
    double y[] = {6, 6};
    struct mzg_resampler_options options = {.size = sizeof options,
                                            .method = MZG_LINEAR,
                                            .max_gap = 1,
                                            .sampling = {.scale = 0.75, .exponent = 0.0}};
    struct row row;
    cr_assert(eq(int, resample(&options, mz, y, 2, &row), MZG_OK));
    expect_near(row.values[2], 0);
    expect_near(row.values[1], 2);
    expect_near(row.values[3], 2);
}

Test(gaps, a_spline_is_cut_there)
{
    double mz[] = {100.5, 101.5, 102.5, 107.5, 108.5, 109.5};
    double y[] = {0, 4, 0, 0, 4, 0};
    struct mzg_resampler_options options = {.size = sizeof options,
                                            .method = MZG_CUBIC,
                                            .max_gap = 3,
                                            .sampling = {.scale = 1.0, .exponent = 0.0}};
    struct row row;
    cr_assert(eq(int, resample(&options, mz, y, 6, &row), MZG_OK));
    double wanted[] = {0, 4, 0, 0, 0, 0, 0, 0, 4, 0};
    for (int k = 0; k < 10; k++)
        expect_near(row.values[k], wanted[k]);
}

Test(gaps, impossible_options_are_usage_errors)
{
    double mz[] = {102.0, 108.0};
    double y[] = {8, 4};
    struct row row;
    struct mzg_resampler_options bad[] = {
        {.size = sizeof *bad, .method = MZG_LINEAR, .max_gap = 0.5, .sampling = {1.0, 0.0}},
        {.size = sizeof *bad, .method = MZG_LINEAR, .max_gap = -3, .sampling = {1.0, 0.0}},
        {.size = sizeof *bad, .method = MZG_LINEAR, .max_gap = NAN, .sampling = {1.0, 0.0}},
        {.size = sizeof *bad, .method = MZG_LINEAR, .max_gap = INFINITY, .sampling = {1.0, 0.0}},
        {.size = sizeof *bad, .method = MZG_LINEAR, .max_gap = 3, .sampling = {0.0, 0.5}},
        {.size = sizeof *bad, .method = MZG_LINEAR, .max_gap = 3, .sampling = {NAN, 0.5}},
        {.size = sizeof *bad, .method = MZG_LINEAR, .max_gap = 3, .sampling = {1.0, INFINITY}},
        {.size = sizeof *bad, .method = MZG_METHODS},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(eq(int, resample(&bad[i], mz, y, 2, &row), MZG_EUSAGE), "options %zu", i);
}

/* The method chosen for a profile sampled every `step` m^`exponent` on an axis from 100 to 1000. */
static enum mzg_method choose(enum mzg_axis_type type, int64_t bins, double step, double exponent,
                              bool high_accuracy, double work)
{
    struct mzg_axis_spec spec = {
        .type = type, .min_mz = 100, .max_mz = 1000, .bins = bins, .tof_a = 1.0, .tof_b = 1e-9};
    struct mzg_axis axis;
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_axis_build(&spec, &axis, &err), MZG_OK), "%s", err.text);
    struct mzg_sampling_fit fit = {.sampling = {step, exponent}, .n_intervals = 1000, .agreement = 1.0};
    struct mzg_method_evidence evidence = {
        .is_profile = true, .axis = &axis, .fit = &fit, .high_accuracy = high_accuracy, .work = work};
    char reason[300] = "";
    enum mzg_method method = mzg_method_choose(&evidence, reason, sizeof reason);
    cr_expect(reason[0] != '\0');
    mzg_axis_destroy(&axis);
    return method;
}

Test(choose, profiles_on_a_like_axis_are_looked_up)
{
    cr_expect(eq(int, (int)choose(MZG_AXIS_CONSTANT, 9000, 0.1, 0.05, false, 0), MZG_LINEAR));
    cr_expect(eq(int, (int)choose(MZG_AXIS_CONSTANT, 9000, 0.1, 0.0, true, 1e9), MZG_PCHIP));
    cr_expect(eq(int, (int)choose(MZG_AXIS_CONSTANT, 9000, 0.1, 0.0, true, 1e12), MZG_LINEAR));
    /* With B far below A/m the two-term law grows as the square root. */
    cr_expect(eq(int, (int)choose(MZG_AXIS_TOF, 900000, 0.1, 0.5, false, 0), MZG_LINEAR));
}

Test(choose, areas_are_conserved_where_looking_up_would_not_do)
{
    cr_expect(eq(int, (int)choose(MZG_AXIS_CONSTANT, 9000, 0.1, 0.11, false, 0), MZG_OVERLAP));
    cr_expect(eq(int, (int)choose(MZG_AXIS_CONSTANT, 4500, 0.1, 0.0, false, 0), MZG_OVERLAP)); /* two steps */
    cr_expect(eq(int, (int)choose(MZG_AXIS_REFLECTOR_TOF, 9000, 0.1, 0.5, true, 0), MZG_OVERLAP));
}

Test(choose, only_profiles_are_interpolated)
{
    char reason[300];
    struct mzg_method_evidence centroid = {.is_centroid = true};
    struct mzg_method_evidence unknown = {0};
    struct mzg_method_evidence unfitted = {.is_profile = true};
    cr_expect(eq(int, (int)mzg_method_choose(&centroid, reason, sizeof reason), MZG_NEAREST_NEIGHBOR));
    cr_expect(eq(int, (int)mzg_method_choose(&unknown, reason, sizeof reason), MZG_NEAREST_NEIGHBOR));
    cr_expect(eq(int, (int)mzg_method_choose(&unfitted, reason, sizeof reason), MZG_OVERLAP));
}

Test(method, what_a_value_is)
{
    const char *values[] = {"sum", "height", "height", "height", "sum", "sum"};
    for (int method = 0; method < MZG_METHODS; method++)
        cr_expect(eq(str, (char *)mzg_method_values((enum mzg_method)method), (char *)values[method]));
}
