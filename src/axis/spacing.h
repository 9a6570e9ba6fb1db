/*
 * How close the points of one spectrum come to each other: what an axis may not put into one bin. It tells
 * the width of bins for any law, and for lists of peaks, whose points keep the distance that the instrument
 * can tell apart, also the law. All local.
 */
#ifndef MZG_AXIS_SPACING_H
#define MZG_AXIS_SPACING_H

#include <mzgrid/axis.h>
#include <mzgrid/sampling.h>

enum { MZG_SPACINGS_ENOUGH = 400 }; /* fewer tell nothing of an instrument */

/* Distances of neighbouring m/z of some spectra. */
struct mzg_spacings {
    double *place; /* n, increasing: the middle between the two m/z; owned */
    double *width; /* n, above 0; owned */
    int64_t n;
};

/* Collects the distances of spectra whose m/z are in order; points out of order, twice, or no m/z are passed
 * over. Of very many every k-th one. MZG_ENOMEM. Release with mzg_spacings_destroy(). */
enum mzg_status mzg_spacings_collect(const struct mzg_spectrum *spectra, int64_t n_spectra,
                                     struct mzg_spacings *spacings, struct mzg_error *err);

void mzg_spacings_destroy(struct mzg_spacings *spacings);

/* The exponent q of the close spacing s m^q: the slope through eight strips of as many spacings, of each its
 * 2 % quantile. False if there are not enough of them, or all at about one m/z. */
bool mzg_spacings_exponent(const struct mzg_spacings *spacings, double *exponent, struct mzg_error *err);

/* The widest bins of the law of `spec` (its type, tof_a, tof_b) that keep all points of a spectrum apart but
 * for 0.08 %, wherever their edges lie: their width in Da at `reference`. `close` gets the width of bins as
 * wide as the close spacing, the 2 % quantile of all; where it is several times the first, points come ever
 * closer and there is no least distance. 0 without spacings. MZG_ENOMEM. */
enum mzg_status mzg_spacings_width(const struct mzg_spacings *spacings, const struct mzg_axis_spec *spec,
                                   double reference, double *width, double *close, struct mzg_error *err);

/* w(mz) of a law, but for its factor: m^p, sqrt(A m + B m^2). */
double mzg_law_shape(const struct mzg_axis_spec *spec, double mz);

/* `width` with two significant digits, not above it. */
double mzg_width_rounded(double width);

#endif
