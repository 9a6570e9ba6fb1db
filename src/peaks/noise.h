/* How much a spectrum moves from bin to bin where nothing is: window by window. */
#ifndef MZG_PEAKS_NOISE_H
#define MZG_PEAKS_NOISE_H

#include <peaks/pick.h>

struct mzg_noise {
    int64_t n_bins, n_windows;
    double *sigma;  /* of each window: standard deviation; NaN if peaks crowd it */
    double *median; /* of its values */
    double *rate;   /* of mzg_chance_rate(); 0 of curves */
    int64_t *least; /* pixels that a bin needs to be no chance, or all of them; 0 of curves */
    double nothing; /* what mzg_noise_is_nothing() goes by: the largest value that is as good as 0 */
};

/* Bins whose values are, in every pixel, below this share of the largest value of all are as good as empty:
 * no detector tells so much apart, but filters that run over zeros leave such values. They would be half of a
 * window otherwise, and its noise that of rounding. */
extern const double mzg_noise_detector_range;

/*
 * The noise of `values`, which are spectra->mean or spectra->maximum, in windows of about MZG_PEAK_WINDOW
 * bins:
 *
 *     sigma = max over L = 1, 2, 4, 8 of 1.4826 median |x[k] - (x[k-L] + x[k+L]) / 2| / sqrt(1.5)
 *
 * because a straight line has none, and peaks are few. Neighbouring bins of a curve move together, for noise
 * that a detector smears has the width of its peaks: the distance L at which they no longer do shows all of
 * it. Where more than half of these are 0 the window is nearly empty, and what is in it tells: of the maximum
 * sigma is the median of its values that are not 0; of the mean it is what single values, as large as their
 * median, would give if they fell into bins at random, as often as the share of bins that have none says
 * (Poisson's law).
 *
 * Of centroids, a bin that has values in more pixels than chance puts there (chance.h) holds a peak. Peaks
 * crowd a window if more than a fifth of its bins do: then half of the differences have one among their three
 * bins, and sigma would be that of peaks.
 * Release with mzg_noise_destroy(). Local.
 */
enum mzg_status mzg_noise_measure(const struct mzg_spectra *spectra, const double *values,
                                  struct mzg_noise *noise, struct mzg_error *err);
void mzg_noise_destroy(struct mzg_noise *noise);

/* Whether a bin is as good as empty. */
bool mzg_noise_is_nothing(const struct mzg_noise *noise, const struct mzg_spectra *spectra, int64_t bin);

/* The window of a bin. */
int64_t mzg_noise_window(const struct mzg_noise *noise, int64_t bin);

#endif
