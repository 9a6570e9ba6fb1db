#include <peaks/noise.h>

#include <core/select_rank.h>
#include <peaks/chance.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { LONGEST_LAG = 8 };

const double mzg_noise_detector_range = 0x1p-20;

static const double normal_from_median = 1.4826; /* 1 / the 75 % point of the normal law */

MZG_DEFINE_SELECT_RANK(select_rank, double)

/* 0 of none. Moves the values. */
static double median_of(double *values, int64_t n)
{
    if (n == 0)
        return 0;
    select_rank(values, n, n / 2);
    if (n % 2)
        return values[n / 2];
    double below = values[0];
    for (int64_t i = 1; i < n / 2; i++)
        below = values[i] > below ? values[i] : below;
    return (below + values[n / 2]) / 2;
}

static int64_t begin_of(const struct mzg_noise *noise, int64_t window)
{
    return (int64_t)((__int128)noise->n_bins * window / noise->n_windows);
}

int64_t mzg_noise_window(const struct mzg_noise *noise, int64_t bin)
{
    int64_t window = (int64_t)((__int128)bin * noise->n_windows / noise->n_bins);
    while (begin_of(noise, window + 1) <= bin)
        window++;
    while (begin_of(noise, window) > bin)
        window--;
    return window;
}

bool mzg_noise_is_nothing(const struct mzg_noise *noise, const struct mzg_spectra *spectra, int64_t bin)
{
    return fabs(spectra->maximum[bin]) <= noise->nothing && fabs(spectra->mean[bin]) <= noise->nothing;
}

static double value_at(const struct mzg_noise *noise, const struct mzg_spectra *spectra, const double *values,
                       int64_t bin)
{
    return mzg_noise_is_nothing(noise, spectra, bin) ? 0 : values[bin];
}

/* The noise between bins that are `lag` apart. */
static double sigma_of_differences(const struct mzg_noise *noise, const struct mzg_spectra *spectra,
                                   const double *values, int64_t lag, int64_t first, int64_t end,
                                   double *scratch)
{
    int64_t n = 0;
    for (int64_t k = first > lag ? first : lag; k < end && k + lag < spectra->n_bins; k++)
        scratch[n++] =
            fabs(value_at(noise, spectra, values, k) -
                 (value_at(noise, spectra, values, k - lag) + value_at(noise, spectra, values, k + lag)) / 2);
    return normal_from_median * median_of(scratch, n) / sqrt(1.5);
}

/* Of a window that is nearly empty. */
static double sigma_of_few(const struct mzg_noise *noise, const struct mzg_spectra *spectra,
                           const double *values, int64_t first, int64_t end, double *scratch)
{
    bool is_mean = values == spectra->mean;
    int64_t n = 0;
    for (int64_t k = first; k < end; k++) {
        if (value_at(noise, spectra, values, k) > 0 && spectra->n_pixels[k] > 0)
            scratch[n++] =
                is_mean ? values[k] * (double)spectra->n_rows / (double)spectra->n_pixels[k] : values[k];
    }
    double typical = median_of(scratch, n);
    if (!is_mean)
        return typical;
    double n_empty = (double)(end - first - n);
    double rate = log((double)(end - first + 1) / (n_empty + 1));
    return typical * sqrt(rate) / (double)spectra->n_rows;
}

/* How many pixels a bin of centroids needs; whether peaks crowd the window. */
static bool count_chance(const struct mzg_spectra *spectra, int64_t first, int64_t end, double *scratch,
                         double *rate, int64_t *least)
{
    enum { CROWD = 5 };
    int64_t n_peaks = 0;
    for (int64_t k = first; k < end; k++)
        scratch[k - first] = (double)spectra->n_pixels[k];
    *rate = mzg_chance_rate(scratch, end - first, spectra->n_rows);
    int64_t needed = mzg_chance_least(*rate, spectra->n_rows, spectra->n_bins);
    for (int64_t k = first; k < end; k++)
        n_peaks += spectra->n_pixels[k] >= needed;
    *least = needed < spectra->n_rows ? needed : spectra->n_rows;
    return n_peaks * CROWD > end - first;
}

enum mzg_status mzg_noise_measure(const struct mzg_spectra *spectra, const double *values,
                                  struct mzg_noise *noise, struct mzg_error *err)
{
    int64_t n_windows = (spectra->n_bins + MZG_PEAK_WINDOW / 2) / MZG_PEAK_WINDOW;
    *noise = (struct mzg_noise){.n_bins = spectra->n_bins, .n_windows = n_windows > 0 ? n_windows : 1};
    noise->sigma = calloc((size_t)noise->n_windows, sizeof *noise->sigma);
    noise->median = calloc((size_t)noise->n_windows, sizeof *noise->median);
    noise->rate = calloc((size_t)noise->n_windows, sizeof *noise->rate);
    noise->least = calloc((size_t)noise->n_windows, sizeof *noise->least);
    double *scratch = calloc(2 * MZG_PEAK_WINDOW + 2, sizeof *scratch);
    if (!noise->sigma || !noise->median || !noise->rate || !noise->least || !scratch) {
        mzg_noise_destroy(noise);
        mzg_fail(err, MZG_ENOMEM, "no memory for the noise of %" PRId64 " bins", spectra->n_bins);
        goto cleanup;
    }
    double largest = 0;
    for (int64_t k = 0; k < spectra->n_bins; k++)
        largest = fmax(largest, fabs(spectra->maximum[k]));
    noise->nothing = largest * mzg_noise_detector_range;
    for (int64_t window = 0; window < noise->n_windows; window++) {
        int64_t first = begin_of(noise, window), end = begin_of(noise, window + 1);
        double sigma = 0;
        for (int64_t lag = 1; lag <= LONGEST_LAG; lag *= 2) {
            double found = sigma_of_differences(noise, spectra, values, lag, first, end, scratch);
            sigma = found > sigma ? found : sigma;
        }
        noise->sigma[window] = sigma > 0 ? sigma : sigma_of_few(noise, spectra, values, first, end, scratch);
        if (spectra->is_centroid &&
            count_chance(spectra, first, end, scratch, &noise->rate[window], &noise->least[window]))
            noise->sigma[window] = NAN;
        for (int64_t k = first; k < end; k++)
            scratch[k - first] = value_at(noise, spectra, values, k);
        noise->median[window] = median_of(scratch, end - first);
    }

cleanup:
    free(scratch);
    return err->status;
}

void mzg_noise_destroy(struct mzg_noise *noise)
{
    free(noise->sigma);
    free(noise->median);
    free(noise->rate);
    free(noise->least);
    *noise = (struct mzg_noise){0};
}
