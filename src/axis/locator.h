/*
 * Locating many m/z at once. The closed form gives the position of an m/z in bins, u = (T(m) - T(first_edge))
 * / h, with an error far below one bin; so its whole part is the bin, save where u lies within that error of
 * a whole number. Only there are the edges looked at, which decide: the bins are exactly those of
 * mzg_axis_locate(), without touching the edges, which for a large axis lie outside the caches.
 */
#ifndef MZG_AXIS_LOCATOR_H
#define MZG_AXIS_LOCATOR_H

#include <mzgrid/axis.h>

struct mzg_locator {
    const struct mzg_axis *axis;
    double margin; /* in bins: a bound on the error of u within the axis */
    double inner;  /* constants of the law's closed form, see locator.c */
    double outer;
};

/* Borrows `axis`, which has its edges. Local. */
void mzg_locator_init(const struct mzg_axis *axis, struct mzg_locator *locator);

/* The positions u of n m/z, each finite and above 0; they may lie outside the axis, which is not
 * native. Local. */
void mzg_locator_positions(const struct mzg_locator *locator, const double *mz, int64_t n, double *positions);

/* The bins of n m/z, each inside [e_0, e_N]. Local. */
void mzg_locator_bins(const struct mzg_locator *locator, const double *mz, int64_t n, int32_t *bins);

/* mzg_axis_first_center(), sooner. Local. */
int64_t mzg_locator_first_center(const struct mzg_locator *locator, double mz);

#endif
