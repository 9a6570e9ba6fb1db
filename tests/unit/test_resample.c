/* Resampling of single spectra: cleaning, nearest_neighbor and linear, by the ordinary and by the shared way.
 */
#include <mzgrid/resample.h>
#include <resample/workspace.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bins [100, 101), [101, 102), ... and centres 100.5, 101.5, ... */
static struct mzg_axis unit_axis(int64_t bins)
{
    struct mzg_axis_spec spec = {
        .type = MZG_AXIS_CONSTANT, .min_mz = 100, .max_mz = 100 + (double)bins, .bins = bins};
    struct mzg_axis axis;
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_axis_build(&spec, &axis, &err), MZG_OK), "%s", err.text);
    return axis;
}

struct result {
    struct mzg_spectrum_summary summary;
    int64_t n;
    int32_t bins[64];
    double values[64];
};

static struct result resample_with(enum mzg_method method, const struct mzg_axis *axis, const double *mz,
                                   const double *intensity, int64_t n, bool shared)
{
    struct mzg_resampler *resampler;
    struct mzg_workspace *workspace;
    struct mzg_error err = {0};
    struct mzg_resampler_options options = {.size = sizeof options,
                                            .method = method,
                                            .shared_mz = shared ? mz : NULL,
                                            .n_shared = shared ? n : 0};
    cr_assert(eq(int, mzg_resampler_new(&options, axis, &resampler, &err), 0));
    cr_assert(eq(int, mzg_workspace_new(&workspace, &err), 0));
    struct mzg_spectrum spectrum = {.mz = mz, .intensity = intensity, .n = n};
    struct mzg_sparse_row row;
    struct result result = {0};
    cr_assert(eq(int, mzg_resample(resampler, workspace, &spectrum, &result.summary, &row, &err), 0));
    cr_assert(le(i64, row.n, 64));
    result.n = row.n;
    for (int64_t i = 0; i < row.n; i++) {
        result.bins[i] = row.bins[i];
        result.values[i] = row.values[i];
        cr_expect(i == 0 || row.bins[i - 1] < row.bins[i], "bins increase");
    }
    mzg_workspace_free(workspace);
    mzg_resampler_free(resampler);
    return result;
}

static double value_at(const struct result *result, int32_t bin)
{
    for (int64_t i = 0; i < result->n; i++)
        if (result->bins[i] == bin)
            return result->values[i];
    return 0.0;
}

/* Both ways, which must agree but for values of 0. */
static struct result resample(enum mzg_method method, const struct mzg_axis *axis, const double *mz,
                              const double *intensity, int64_t n)
{
    struct result result = resample_with(method, axis, mz, intensity, n, false);
    struct result shared = resample_with(method, axis, mz, intensity, n, true);
    for (int32_t bin = 0; bin < axis->n_bins && bin < 64; bin++)
        cr_expect(value_at(&shared, bin) == value_at(&result, bin), "%s, bin %d", mzg_method_name(method),
                  bin);
    cr_expect(eq(i64, shared.summary.outside_points, result.summary.outside_points));
    return result;
}

Test(nearest, each_point_goes_to_its_bin)
{
    struct mzg_axis axis = unit_axis(5);
    double mz[] = {100.0, 100.25, 101.0, 103.999, 105.0};
    double y[] = {1, 2, 4, 8, 16};
    struct result r = resample(MZG_NEAREST_NEIGHBOR, &axis, mz, y, 5);
    cr_assert(eq(i64, r.n, 4));
    int32_t bins[] = {0, 1, 3, 4};
    double values[] = {3, 4, 8, 16};
    for (int i = 0; i < 4; i++) {
        cr_expect(eq(int, r.bins[i], bins[i]));
        cr_expect(eq(dbl, r.values[i], values[i]));
    }
    cr_expect(eq(i64, r.summary.outside_points, 0));
    cr_expect(eq(i64, r.summary.n_points, 5));
    mzg_axis_destroy(&axis);
}

Test(nearest, points_beyond_the_axis_are_counted)
{
    struct mzg_axis axis = unit_axis(3);
    double mz[] = {50, 99.999, 101.5, 103.001};
    double y[] = {1, 2, 4, 8};
    struct result r = resample(MZG_NEAREST_NEIGHBOR, &axis, mz, y, 4);
    cr_assert(eq(i64, r.n, 1));
    cr_expect(eq(int, r.bins[0], 1));
    cr_expect(eq(dbl, r.values[0], 4));
    cr_expect(eq(i64, r.summary.outside_points, 3));
    cr_expect(eq(i64, r.summary.dropped_points, 0));
    cr_expect(eq(dbl, r.summary.tic, 15));
    mzg_axis_destroy(&axis);
}

Test(nearest, intensities_of_a_bin_are_added_in_the_order_of_the_points)
{
    struct mzg_axis axis = unit_axis(1);
    double mz[] = {100.1, 100.2, 100.3, 100.4};
    double y[] = {1e16, 1, 1, 1};
    struct result r = resample(MZG_NEAREST_NEIGHBOR, &axis, mz, y, 4);
    cr_expect(eq(dbl, r.values[0], ((1e16 + 1) + 1) + 1));
    mzg_axis_destroy(&axis);
}

Test(nearest, a_row_is_the_spectrum_itself_only_if_that_was_allowed)
{
    struct mzg_axis axis = unit_axis(4);
    double mz[] = {99.5, 100.2, 102.4, 103.9}, intensity[] = {9, 5, 0, 7};
    struct mzg_resampler_options options = {
        .size = sizeof options, .method = MZG_NEAREST_NEIGHBOR, .shared_mz = mz, .n_shared = 4};
    struct mzg_resampler *resampler;
    struct mzg_workspace *workspace;
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_resampler_new(&options, &axis, &resampler, &err), 0));
    cr_assert(eq(int, mzg_workspace_new(&workspace, &err), 0));
    struct mzg_spectrum spectrum = {.mz = mz, .intensity = intensity, .n = 4};
    for (int allowed = 0; allowed < 2; allowed++) {
        struct mzg_spectrum_summary summary;
        struct mzg_sparse_row row;
        workspace->lends_points = allowed;
        cr_assert(eq(int, mzg_resample(resampler, workspace, &spectrum, &summary, &row, &err), 0));
        cr_assert(eq(i64, row.n, 3));
        cr_assert(row.bins[0] == 0 && row.bins[1] == 2 && row.bins[2] == 3);
        cr_assert(row.values[0] == 5 && row.values[1] == 0 && row.values[2] == 7);
        bool is_itself = row.values == intensity + 1;
        cr_assert(eq(int, is_itself, allowed));
    }
    mzg_workspace_free(workspace);
    mzg_resampler_free(resampler);
    mzg_axis_destroy(&axis);
}

Test(linear, centers_between_points_lie_on_the_polyline)
{
    struct mzg_axis axis = unit_axis(6);
    double mz[] = {100.5, 102.5, 103.0, 104.0};
    double y[] = {10, 20, 0, 8};
    struct result r = resample(MZG_LINEAR, &axis, mz, y, 4);
    cr_expect(eq(dbl, value_at(&r, 0), 10)); /* on the first point */
    cr_expect(eq(dbl, value_at(&r, 1), 15));
    cr_expect(eq(dbl, value_at(&r, 2), 20)); /* on a point */
    cr_expect(eq(dbl, value_at(&r, 3), 4));
    cr_expect(eq(dbl, value_at(&r, 4), 0)); /* 104.5: behind the last point */
    mzg_axis_destroy(&axis);
}

Test(linear, a_center_on_the_last_point_has_its_value)
{
    struct mzg_axis axis = unit_axis(4);
    double mz[] = {101.0, 102.5};
    double y[] = {1e20, 3};
    struct result r = resample(MZG_LINEAR, &axis, mz, y, 2);
    cr_expect(eq(dbl, value_at(&r, 2), 3));
    cr_expect(eq(dbl, value_at(&r, 3), 0));
    mzg_axis_destroy(&axis);
}

Test(linear, only_centers_between_the_ends_are_visited)
{
    struct mzg_axis axis = unit_axis(100000);
    double mz[] = {50000.2, 50003.7};
    double y[] = {1, 1};
    struct result r = resample(MZG_LINEAR, &axis, mz, y, 2);
    cr_expect(eq(i64, r.n, 4));
    cr_expect(eq(int, r.bins[0], 49900));
    mzg_axis_destroy(&axis);
}

Test(linear, points_beyond_the_axis_shape_the_curve_inside)
{
    struct mzg_axis axis = unit_axis(2);
    double mz[] = {99.5, 103.5};
    double y[] = {0, 4};
    struct result r = resample(MZG_LINEAR, &axis, mz, y, 2);
    cr_assert(eq(i64, r.n, 2));
    cr_expect(eq(dbl, r.values[0], 1));
    cr_expect(eq(dbl, r.values[1], 2));
    cr_expect(eq(i64, r.summary.outside_points, 2));
    mzg_axis_destroy(&axis);
}

Test(resample, no_points_give_an_empty_row)
{
    struct mzg_axis axis = unit_axis(3);
    for (int method = 0; method < MZG_METHODS; method++) {
        double none[1] = {0};
        struct result r = resample((enum mzg_method)method, &axis, none, none, 0);
        cr_expect(eq(i64, r.n, 0));
        cr_expect(eq(dbl, r.summary.tic, 0));
        cr_expect(eq(dbl, r.summary.base_peak_mz, 0));
        cr_expect(eq(dbl, r.summary.base_peak_intensity, 0));
    }
    mzg_axis_destroy(&axis);
}

Test(resample, one_point)
{
    struct mzg_axis axis = unit_axis(3);
    double y[] = {7};
    double on_center[] = {101.5};
    double beside_center[] = {101.25};
    double below[] = {99};
    double above[] = {110};
    struct result r = resample(MZG_NEAREST_NEIGHBOR, &axis, beside_center, y, 1);
    cr_expect(eq(dbl, value_at(&r, 1), 7));
    r = resample(MZG_LINEAR, &axis, beside_center, y, 1);
    cr_expect(eq(dbl, value_at(&r, 1), 0));
    r = resample(MZG_LINEAR, &axis, on_center, y, 1);
    cr_expect(eq(i64, r.n, 1));
    cr_expect(eq(dbl, value_at(&r, 1), 7));
    for (int method = 0; method < MZG_METHODS; method++) {
        cr_expect(eq(i64, resample((enum mzg_method)method, &axis, below, y, 1).n, 0));
        cr_expect(eq(i64, resample((enum mzg_method)method, &axis, above, y, 1).n, 0));
    }
    mzg_axis_destroy(&axis);
}

Test(resample, a_spectrum_wholly_outside_gives_an_empty_row)
{
    struct mzg_axis axis = unit_axis(3);
    double y[] = {1, 2};
    double sides[][2] = {{10, 20}, {500, 600}};
    for (int side = 0; side < 2; side++)
        for (int method = 0; method < MZG_METHODS; method++) {
            struct result r = resample((enum mzg_method)method, &axis, sides[side], y, 2);
            cr_expect(eq(i64, r.n, 0));
            cr_expect(eq(i64, r.summary.outside_points, 2));
        }
    mzg_axis_destroy(&axis);
}

Test(resample, one_bin)
{
    struct mzg_axis axis = unit_axis(1);
    double mz[] = {100.0, 101.0};
    double y[] = {2, 4};
    struct result r = resample(MZG_NEAREST_NEIGHBOR, &axis, mz, y, 2);
    cr_expect(eq(dbl, value_at(&r, 0), 6));
    r = resample(MZG_LINEAR, &axis, mz, y, 2);
    cr_expect(eq(dbl, value_at(&r, 0), 3));
    mzg_axis_destroy(&axis);
}

Test(clean, bad_points_are_dropped_and_counted)
{
    struct mzg_axis axis = unit_axis(3);
    double mz[] = {NAN, -1, 0, INFINITY, 100.5, 101.5, 102.5, 102.6};
    double y[] = {1, 2, 4, 8, 16, NAN, INFINITY, 32};
    struct result r = resample(MZG_NEAREST_NEIGHBOR, &axis, mz, y, 8);
    cr_expect(eq(i64, r.summary.dropped_points, 6));
    cr_expect(eq(i64, r.summary.n_points, 8));
    cr_expect(eq(dbl, r.summary.tic, 1 + 2 + 4 + 8 + 16 + 32));
    cr_expect(eq(dbl, r.summary.base_peak_mz, 102.6));
    cr_expect(not(r.summary.unsorted));
    cr_expect(not(r.summary.merged));
    cr_expect(eq(i64, r.n, 2));
    cr_expect(eq(dbl, value_at(&r, 0), 16));
    cr_expect(eq(dbl, value_at(&r, 2), 32));
    mzg_axis_destroy(&axis);
}

Test(clean, a_point_that_is_bad_in_one_spectrum_only_leaves_the_shared_way)
{
    struct mzg_axis axis = unit_axis(4);
    double mz[] = {100.5, 101.5, 102.5};
    double y[] = {1, -INFINITY, 5};
    struct result r = resample(MZG_LINEAR, &axis, mz, y, 3);
    cr_expect(eq(dbl, value_at(&r, 1), 3)); /* between the two that are left */
    cr_expect(eq(i64, r.summary.dropped_points, 1));
    mzg_axis_destroy(&axis);
}

Test(clean, all_points_bad)
{
    struct mzg_axis axis = unit_axis(3);
    double mz[] = {NAN, NAN};
    double y[] = {1, 2};
    for (int method = 0; method < MZG_METHODS; method++) {
        struct result r = resample((enum mzg_method)method, &axis, mz, y, 2);
        cr_expect(eq(i64, r.n, 0));
        cr_expect(eq(i64, r.summary.dropped_points, 2));
        cr_expect(eq(dbl, r.summary.base_peak_intensity, 0));
        cr_expect(eq(dbl, r.summary.tic, 3));
    }
    mzg_axis_destroy(&axis);
}

Test(clean, descending_points_are_sorted)
{
    struct mzg_axis axis = unit_axis(3);
    double mz[] = {102.5, 101.5, 100.5};
    double y[] = {4, 2, 1};
    for (int method = 0; method < MZG_METHODS; method++) {
        struct result r = resample((enum mzg_method)method, &axis, mz, y, 3);
        cr_expect(r.summary.unsorted);
        cr_expect(eq(dbl, value_at(&r, 0), 1));
        cr_expect(eq(dbl, value_at(&r, 1), 2));
        cr_expect(eq(dbl, value_at(&r, 2), 4));
    }
    mzg_axis_destroy(&axis);
}

Test(clean, equal_mz_are_merged_in_the_order_of_the_file)
{
    struct mzg_axis axis = unit_axis(3);
    double mz[] = {102.5, 101.5, 101.5, 101.5, 100.5};
    double y[] = {4, 1e16, 1, -1e16, 1};
    struct result r = resample(MZG_LINEAR, &axis, mz, y, 5);
    cr_expect(r.summary.merged);
    cr_expect(eq(dbl, value_at(&r, 1), (1e16 + 1) - 1e16));
    mzg_axis_destroy(&axis);
}

Test(clean, all_points_equal)
{
    struct mzg_axis axis = unit_axis(3);
    double mz[] = {101.5, 101.5, 101.5};
    double y[] = {1, 2, 3};
    for (int method = 0; method < MZG_METHODS; method++) {
        struct result r = resample((enum mzg_method)method, &axis, mz, y, 3);
        cr_expect(r.summary.merged);
        cr_expect(not(r.summary.unsorted));
        cr_expect(eq(i64, r.n, 1));
        cr_expect(eq(dbl, value_at(&r, 1), 6));
        cr_expect(eq(dbl, r.summary.base_peak_intensity, 6));
    }
    mzg_axis_destroy(&axis);
}

Test(clean, the_base_peak_is_the_first_of_the_largest)
{
    struct mzg_axis axis = unit_axis(3);
    double mz[] = {100.5, 101.5, 102.5};
    double y[] = {1, 9, 9};
    struct result r = resample(MZG_NEAREST_NEIGHBOR, &axis, mz, y, 3);
    cr_expect(eq(dbl, r.summary.base_peak_mz, 101.5));
    double negative[] = {-3, -1, -2};
    r = resample(MZG_NEAREST_NEIGHBOR, &axis, mz, negative, 3);
    cr_expect(eq(dbl, r.summary.base_peak_intensity, -1));
    mzg_axis_destroy(&axis);
}

Test(clean, denormal_intensities_survive)
{
    struct mzg_axis axis = unit_axis(3);
    double mz[] = {100.5, 101.5};
    double y[] = {4.9e-324, 4.9e-324};
    for (int method = 0; method < MZG_METHODS; method++) {
        struct result r = resample((enum mzg_method)method, &axis, mz, y, 2);
        cr_expect(eq(dbl, value_at(&r, 0), 4.9e-324));
        cr_expect(eq(dbl, value_at(&r, 1), 4.9e-324));
    }
    mzg_axis_destroy(&axis);
}

Test(clean, splitting_and_shuffling_points_changes_nothing)
{
    enum { n = 40 };
    struct mzg_axis axis = unit_axis(50);
    double mz[n];
    double y[n];
    for (int i = 0; i < n; i++) {
        mz[i] = 100.3 + 1.1 * i;
        y[i] = (double)(i * i % 17);
    }
    struct result expected[MZG_METHODS];
    for (int method = 0; method < MZG_METHODS; method++)
        expected[method] = resample((enum mzg_method)method, &axis, mz, y, n);

    unsigned seed = 3;
    for (int trial = 0; trial < 100; trial++) {
        for (int i = n - 1; i > 0; i--) {
            int j = rand_r(&seed) % (i + 1);
            double kept_mz = mz[i];
            double kept_y = y[i];
            mz[i] = mz[j];
            y[i] = y[j];
            mz[j] = kept_mz;
            y[j] = kept_y;
        }
        for (int method = 0; method < MZG_METHODS; method++) {
            struct result r = resample((enum mzg_method)method, &axis, mz, y, n);
            cr_expect(eq(i64, r.n, expected[method].n));
            cr_expect(memcmp(r.values, expected[method].values, sizeof r.values) == 0);
        }
    }
    mzg_axis_destroy(&axis);
}

Test(workspace, is_reused_by_larger_and_smaller_spectra)
{
    struct mzg_axis axis = unit_axis(50);
    struct mzg_resampler *resampler;
    struct mzg_workspace *workspace;
    struct mzg_error err = {0};
    struct mzg_resampler_options options = {.size = sizeof options, .method = MZG_NEAREST_NEIGHBOR};
    cr_assert(eq(int, mzg_resampler_new(&options, &axis, &resampler, &err), 0));
    cr_assert(eq(int, mzg_workspace_new(&workspace, &err), 0));
    enum { n = 4000 };
    double *mz = malloc(n * sizeof *mz);
    double *y = malloc(n * sizeof *y);
    for (int64_t size = 1; size <= n; size = size < n ? size * 4 < n ? size * 4 : n : n + 1) {
        for (int64_t i = 0; i < size; i++) {
            mz[i] = 150.0 - 50.0 * (double)i / n; /* descending: through the sort */
            y[i] = 1.0;
        }
        struct mzg_spectrum spectrum = {.mz = mz, .intensity = y, .n = size};
        struct mzg_spectrum_summary summary;
        struct mzg_sparse_row row;
        cr_assert(eq(int, mzg_resample(resampler, workspace, &spectrum, &summary, &row, &err), 0));
        double sum = 0;
        for (int64_t i = 0; i < row.n; i++)
            sum += row.values[i];
        cr_expect(eq(dbl, sum, (double)size));
    }
    free(mz);
    free(y);
    mzg_workspace_free(workspace);
    mzg_resampler_free(resampler);
    mzg_axis_destroy(&axis);
}

Test(method, names_are_those_of_the_command_line)
{
    const char *names[] = {"nearest_neighbor", "linear", "cubic", "pchip", "tic_preserving", "overlap"};
    for (int i = 0; i < 6; i++) {
        enum mzg_method method;
        struct mzg_error err = {0};
        cr_expect(eq(int, mzg_method_parse(names[i], &method, &err), MZG_OK));
        cr_expect(eq(int, (int)method, i));
        cr_expect(eq(str, (char *)mzg_method_name(method), (char *)names[i]));
        cr_expect(eq(int, mzg_method_interpolates(method), i > 0));
    }
    enum mzg_method method = MZG_LINEAR;
    struct mzg_error err = {0};
    cr_expect(eq(int, mzg_method_parse("quintic", &method, &err), MZG_EUSAGE));
    cr_expect(eq(int, (int)method, MZG_LINEAR));
}

Test(workspace, freeing_nothing_is_allowed)
{
    mzg_workspace_free(NULL);
    mzg_resampler_free(NULL);
    struct mzg_axis zero = {0};
    mzg_axis_destroy(&zero);
    cr_expect(eq(ptr, zero.edges, NULL));
}
