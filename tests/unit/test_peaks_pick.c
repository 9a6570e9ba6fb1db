/* What counts as a peak, and which bins it has. Spectra are made by hand, so that noise, prominence and
 * bounds are known: values that go up and down by 1 around 10 have differences of 2 from their neighbours'
 * mean, hence a noise of 1.4826 * 2 / sqrt(1.5) = 2.421076. */
#include <peaks/pick.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdlib.h>

enum { BINS = 400, ROWS = 100 };

static double mz[BINS], mean[BINS], maximum[BINS];
static int64_t n_pixels[BINS];
static struct mzg_spectra spectra;
static struct mzg_peaks peaks;

static void begin(void)
{
    for (int k = 0; k < BINS; k++) {
        mz[k] = 100 + k;
        mean[k] = maximum[k] = 0;
        n_pixels[k] = ROWS;
    }
    spectra = (struct mzg_spectra){
        .n_bins = BINS, .mz = mz, .mean = mean, .maximum = maximum, .n_pixels = n_pixels, .n_rows = ROWS};
}

static void end(void)
{
    mzg_peaks_destroy(&peaks);
}

TestSuite(peaks_pick, .init = begin, .fini = end);

static void add_noise(double *values)
{
    for (int k = 0; k < BINS; k++)
        values[k] = k % 2 ? 11 : 9;
}

/* Heights over 10: a triangle, 4 bins on either side. */
static void add_peak(double *values, int top, double height)
{
    for (int d = -4; d <= 4; d++)
        values[top + d] = 10 + height * (1 - abs(d) / 5.0);
}

static void pick(double snr)
{
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_peaks_pick(&spectra, snr, &peaks, &err), MZG_OK), "%s", err.text);
}

static void expect_top(int64_t i, int64_t top)
{
    cr_assert(i < peaks.n);
    cr_expect(eq(i64, peaks.items[i].top, top));
}

static void expect_peak(int64_t i, int64_t top, int64_t first, int64_t end_bin, enum mzg_peak_source source)
{
    expect_top(i, top);
    cr_expect(eq(i64, peaks.items[i].first, first));
    cr_expect(eq(i64, peaks.items[i].end, end_bin));
    cr_expect(eq(int, (int)peaks.items[i].source, (int)source));
}

Test(peaks_pick, a_peak_above_the_noise_is_found_and_one_below_it_is_not)
{
    add_noise(mean);
    add_noise(maximum);
    add_peak(mean, 100, 30); /* 10 times the noise are 24.2; it stands on 9 */
    add_peak(mean, 200, 20);
    pick(10);
    cr_assert(eq(i64, peaks.n, 1));
    /* Down by half, to 25, at 3 bins from the top: 34 - 25 = 9 would be bin 91. */
    expect_peak(0, 100, 91, 110, MZG_PEAK_MEAN);
    cr_expect(ieee_ulp_eq(dbl, peaks.items[0].noise, 1.4826 * 2 / sqrt(1.5), 4));
    cr_expect(ieee_ulp_eq(dbl, peaks.items[0].prominence, 31, 4));
    cr_expect(ieee_ulp_eq(dbl, peaks.items[0].height, 40, 4));
}

Test(peaks_pick, the_valley_between_two_peaks_belongs_to_the_right_one)
{
    static const double shape[] = {20, 40, 60, 80, 60, 40, 30, 50, 70, 60, 40, 20};
    add_noise(mean);
    for (int i = 0; i < 12; i++)
        mean[150 + i] = 10 + shape[i];
    pick(10);
    cr_assert(eq(i64, peaks.n, 2));
    /* Half of 90 above the foot, 9: 49.5, reached at 150, 3 bins from the top. */
    expect_peak(0, 153, 144, 156, MZG_PEAK_MEAN);
    /* Half of 80 above the median, 10: 45, reached at 161, 3 bins from the top. */
    expect_peak(1, 158, 156, 168, MZG_PEAK_MEAN);
}

Test(peaks_pick, peaks_end_before_zeros)
{
    for (int k = 0; k < 5; k++)
        mean[50 + k] = (double[]){2, 8, 9, 5, 1}[k];
    pick(10);
    cr_assert(eq(i64, peaks.n, 1));
    expect_peak(0, 52, 50, 55, MZG_PEAK_MEAN);
}

Test(peaks_pick, the_middle_of_a_flat_top_is_the_top)
{
    for (int k = 0; k < 6; k++)
        mean[50 + k] = (double[]){2, 9, 9, 9, 9, 1}[k];
    pick(10);
    cr_assert(eq(i64, peaks.n, 1));
    expect_top(0, 52);
}

Test(peaks_pick, a_split_of_a_large_peak_below_a_twentieth_of_its_height_is_none)
{
    static const double split[] = {0, 400, 800, 1000, 960, 990, 800, 400};
    static const double two[] = {0, 400, 800, 1000, 900, 990, 800, 400};
    add_noise(mean);
    for (int i = 0; i < 8; i++) {
        mean[100 + i] = 10 + split[i]; /* 30 of 990: above 24.2, but 3 % */
        mean[300 + i] = 10 + two[i];   /* 90 of 990 */
    }
    pick(10);
    cr_assert(eq(i64, peaks.n, 3));
    expect_top(0, 103);
    expect_top(1, 303);
    expect_top(2, 305);
}

Test(peaks_pick, rare_peaks_come_from_the_maximum_unless_the_mean_has_them)
{
    add_noise(mean);
    add_noise(maximum);
    add_peak(mean, 100, 100);
    add_peak(maximum, 101, 500); /* its top lies in the mean's peak */
    add_peak(maximum, 250, 50);
    pick(10);
    cr_assert(eq(i64, peaks.n, 2));
    expect_peak(0, 100, 91, 110, MZG_PEAK_MEAN);
    expect_peak(1, 250, 241, 260, MZG_PEAK_MAXIMUM);
    cr_expect(ieee_ulp_eq(dbl, peaks.items[1].height, 60, 4));
}

Test(peaks_pick, in_an_empty_spectrum_what_many_pixels_have_is_a_peak_and_what_one_has_is_not)
{
    spectra.is_centroid = true;
    for (int k = 0; k < BINS; k++) {
        bool noise = k % 10 == 5;
        n_pixels[k] = noise;
        mean[k] = noise ? 1.0 / ROWS : 0; /* one pixel, a value of 1 */
        maximum[k] = noise;
    }
    mean[101] = 20.0 / ROWS; /* 20 pixels: 10 sqrt(-ln 0.9) = 3.2 would do */
    n_pixels[101] = 20;
    maximum[101] = 1;
    mean[303] = maximum[303] / ROWS;
    n_pixels[303] = 4; /* as few as are no chance: with 0.00108 in each pixel, in one bin of 200,000 */
    maximum[303] = 21; /* 21 times the median of the others */
    maximum[311] = 30; /* of one pixel */
    mean[311] = 0.3;
    n_pixels[311] = 1;
    mean[303] = 0.02; /* and not a peak of the mean */
    pick(10);
    cr_assert(eq(i64, peaks.n, 2));
    expect_peak(0, 101, 101, 102, MZG_PEAK_MEAN);
    expect_peak(1, 303, 303, 304, MZG_PEAK_MAXIMUM);
}

/* 0, 3, 50 and 3 of 100 pixels, again and again. */
static void add_crowd(double *values, int first, int end_bin)
{
    static const int64_t pixels[] = {0, 3, 50, 3};
    for (int k = first; k < end_bin; k++) {
        n_pixels[k] = pixels[k % 4];
        values[k] = (double)n_pixels[k] / ROWS;
    }
}

Test(peaks_pick, where_peaks_crowd_each_that_recurs_is_one)
{
    spectra.is_centroid = true;
    add_crowd(mean, 0, BINS);
    mean[198] = 0.04; /* of 4 pixels: no more than its neighbours, by chance */
    n_pixels[198] = 4;
    pick(10);
    cr_assert(eq(i64, peaks.n, 99));
    expect_peak(0, 2, 1, 4, MZG_PEAK_MEAN);
    expect_peak(48, 194, 193, 196, MZG_PEAK_MEAN);
    expect_peak(49, 202, 201, 204, MZG_PEAK_MEAN);
    cr_expect(isnan(peaks.items[0].noise));
    cr_expect(ieee_ulp_eq(dbl, peaks.items[0].prominence, 0.5, 4));
}

/* Chance puts more into one half than into the other, whose lowest bins tell the rate: 40 pixels, and 50 or
 * 70 in a bin between. If chance gives 40 of 100, 61 in one of 400 bins are none. */
Test(peaks_pick, where_peaks_crowd_a_bin_needs_more_pixels_than_its_foot_has_by_chance)
{
    spectra.is_centroid = true;
    add_crowd(mean, 0, BINS);
    for (int k = 200; k < BINS; k++) {
        n_pixels[k] = k % 8 == 2 ? 50 : k % 8 == 6 ? 70 : 40;
        mean[k] = (double)n_pixels[k] / ROWS;
    }
    pick(10);
    cr_assert(eq(i64, peaks.n, 75));
    expect_top(49, 198);
    expect_top(50, 206);
    expect_top(74, 398);
}

/* All pixels have a value everywhere: no number of pixels is more than chance. */
Test(peaks_pick, where_all_pixels_have_all_bins_the_noise_of_values_decides)
{
    spectra.is_centroid = true;
    add_noise(mean);
    mean[100] = 41; /* from 9: 32 */
    mean[200] = 31;
    pick(10);
    cr_assert(eq(i64, peaks.n, 1));
    expect_top(0, 100);
    cr_expect(ieee_ulp_eq(dbl, peaks.items[0].noise, 1.4826 * 2 / sqrt(1.5), 4));
}

Test(peaks_pick, three_pixels_at_one_mz_are_no_chance_if_there_is_hardly_another)
{
    spectra.is_centroid = true;
    spectra.n_rows = 9;
    for (int k = 0; k < BINS; k++)
        n_pixels[k] = 0;
    for (int i = 1, k = 100; i < 4; i++, k += 100) {
        n_pixels[k] = i;
        mean[k] = i;
    }
    pick(10);
    cr_assert(eq(i64, peaks.n, 1));
    expect_peak(0, 300, 300, 301, MZG_PEAK_MEAN);
}

Test(peaks_pick, centroids_within_ten_ppm_of_a_higher_one_are_not_peaks_of_their_own)
{
    spectra.is_centroid = true;
    for (int k = 0; k < BINS; k++) {
        mz[k] = 500 * exp(k * 4e-6);
        n_pixels[k] = 0;
    }
    const int tops[] = {100, 102, 105}; /* 8 and 20 ppm behind the first one */
    for (int i = 0; i < 3; i++) {
        mean[tops[i]] = 5 - i;
        n_pixels[tops[i]] = ROWS;
    }
    pick(10);
    cr_assert(eq(i64, peaks.n, 2));
    expect_top(0, 100);
    expect_top(1, 105);
}

Test(peaks_pick, what_is_near_only_as_the_lower_one_sees_it_stays)
{
    spectra.is_centroid = true;
    spectra.n_bins = 4;
    const double places[] = {400, 500, 500 * (1 + 10.00005e-6), 600}, heights[] = {0, 5, 0, 0};
    for (int k = 0; k < 4; k++) {
        mz[k] = places[k];
        mean[k] = heights[k];
    }
    spectra.is_native = true;
    mean[2] = 4;
    pick(10);
    cr_assert(eq(i64, peaks.n, 4)); /* 10 ppm of the second are 0.0000000025 less than 10 ppm of the third */
}

Test(peaks_pick, columns_of_a_native_axis_of_centroids_are_peaks_and_each_belongs_to_one)
{
    static const double values[] = {1, 5, 2, 1, 6, 3};
    static const double ppm[] = {0, 8, 14, 17, 22, 60};
    spectra.is_centroid = spectra.is_native = true;
    spectra.n_bins = 6;
    for (int k = 0; k < 6; k++) {
        mz[k] = 500 * (1 + ppm[k] * 1e-6);
        mean[k] = values[k];
    }
    pick(10);
    cr_assert(eq(i64, peaks.n, 3));
    expect_peak(0, 1, 0, 3, MZG_PEAK_MEAN);
    expect_peak(1, 4, 3, 5, MZG_PEAK_MEAN);
    expect_peak(2, 5, 5, 6, MZG_PEAK_MEAN);
    cr_expect(isnan(peaks.items[0].noise));
}

Test(peaks_pick, columns_of_no_pixel_are_no_peaks_and_belong_to_none)
{
    static const double ppm[] = {0, 100, 105, 115, 300, 400};
    static const int64_t pixels[] = {0, 7, 0, 0, 0, 2};
    spectra.is_centroid = spectra.is_native = true;
    spectra.n_bins = 6;
    for (int k = 0; k < 6; k++) {
        mz[k] = 500 * (1 + ppm[k] * 1e-6);
        mean[k] = (double)pixels[k];
        n_pixels[k] = pixels[k];
    }
    pick(10);
    cr_assert(eq(i64, peaks.n, 2));
    expect_peak(0, 1, 1, 2, MZG_PEAK_MEAN);
    expect_peak(1, 5, 5, 6, MZG_PEAK_MEAN);
}

/* What is left of 0 where a filter ran over it: 1e-9 in one bin of eight, beside a peak of 30. */
Test(peaks_pick, values_that_no_detector_tells_from_0_are_neither_peaks_nor_noise)
{
    for (int k = 1; k < BINS; k += 8)
        mean[k] = maximum[k] = 1e-9;
    add_peak(mean, 200, 20);
    add_peak(maximum, 200, 20);
    pick(10);
    cr_assert(eq(i64, peaks.n, 1));
    expect_peak(0, 200, 196, 205, MZG_PEAK_MEAN);
    /* 9 of 400 bins have a value, the median of which is 22, in 100 pixels each */
    cr_expect(ieee_ulp_eq(dbl, peaks.items[0].noise, 22 * sqrt(log(401.0 / 392)) / 100, 4));
}

Test(peaks_pick, a_spectrum_of_nothing_has_no_peak)
{
    pick(10);
    cr_expect(eq(i64, peaks.n, 0));
    mzg_peaks_destroy(&peaks);
    spectra.n_bins = 1;
    pick(10);
    cr_expect(eq(i64, peaks.n, 0));
}
