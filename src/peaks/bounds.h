/* How far peaks reach. */
#ifndef MZG_PEAKS_BOUNDS_H
#define MZG_PEAKS_BOUNDS_H

#include <peaks/noise.h>

/* Sets first and end of peaks, which are in order and have top and prominence, of the spectrum `values`: they
 * end before zeros, at the lowest bin between two tops, which belongs to the right one, and MZG_PEAK_REACH
 * times as far from the top as the bin in which the spectrum has come down by half, to the middle between the
 * top and the window's median (or the foot of the peak, if that is lower). Local. */
void mzg_peaks_bound(const double *values, int64_t n_bins, const struct mzg_noise *noise,
                     struct mzg_peaks *peaks);

#endif
