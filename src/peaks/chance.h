/*
 * Which bins of centroids have values in more pixels than chance would put there. Points at random m/z: a
 * pixel has a value in a bin with the probability `rate`, and pixels know nothing of each other, so that the
 * pixels of a bin follow the binomial law.
 */
#ifndef MZG_PEAKS_CHANCE_H
#define MZG_PEAKS_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

/* Chance reaches the pixels of a peak in one of so many spectra of as many bins; and so few pixels are chance
 * in any case. */
enum { MZG_CHANCE_SPECTRA = 100, MZG_CHANCE_PIXELS = 3 };

/*
 * The rate in bins of which `counts` says how many of n_rows pixels have a value there. The lowest tenth of
 * the bins tells it, so that peaks may be in all the others: the rate is the one at which the binomial law
 * has as many bins with q pixels or fewer as there are, q the least number that a tenth has. If q is above 0,
 * by the normal law in place of the binomial one. `counts` holds n > 0 of them and is reordered.
 */
double mzg_chance_rate(double *counts, int64_t n, int64_t n_rows);

/* The fewest pixels that are no chance in a spectrum of n_bins bins; more than n_rows if all pixels in one
 * bin may be chance. */
int64_t mzg_chance_least(double rate, int64_t n_rows, int64_t n_bins);

/* Whether so many pixels are no fewer, which is found out in less time. */
bool mzg_chance_excludes(int64_t n_pixels, double rate, int64_t n_rows, int64_t n_bins);

#endif
