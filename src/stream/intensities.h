/* What obs says of the intensities of a pixel: their root mean square and their median. */
#ifndef MZG_STREAM_INTENSITIES_H
#define MZG_STREAM_INTENSITIES_H

#include <mzgrid/error.h>
#include <stdint.h>
#include <stream/compact.h>

struct mzg_intensities {
    double rms;    /* of the finite ones; 0 without any */
    double median; /* of those that are finite and above 0, the mean of the middle two; 0 without any */
};

/* Where a median may be: `low` is below `high`, or all are 0, which is anywhere. */
struct mzg_median_range {
    double low, high;
    double median; /* of the pixel before */
    double reach;  /* high is (1 + reach) times the median, low the median divided by as much */
};

/* Of `n` intensities as decoded, in any order. `scratch` has room for twice as many. The median is looked for
 * in `about` first, which gets the range about it, for the next pixel: that saves time, and never changes
 * what is found. Any number of threads, on any CPU, get the same bits. Local. */
struct mzg_intensities mzg_intensities_of(const double *intensities, int64_t n, double *scratch,
                                          struct mzg_median_range *about);

/* The same by the loops of one CPU, for tests. */
struct mzg_intensities mzg_intensities_by(const struct mzg_compactor *compactor, const double *intensities,
                                          int64_t n, double *scratch, struct mzg_median_range *about);

/* A worker's memory, kept from pixel to pixel. All zero is empty. */
struct mzg_intensity_pool {
    double *all; /* of the spectra of a pixel that has several; n is set to 0 for the next */
    int64_t n, capacity;
    double *scratch;
    int64_t scratch_capacity;
    struct mzg_median_range about; /* of the pixel before */
};

/* Adds those of one of several spectra. Fails with MZG_ENOMEM. Local. */
enum mzg_status mzg_intensity_pool_add(struct mzg_intensity_pool *pool, const double *intensities, int64_t n,
                                       struct mzg_error *err);

/* mzg_intensities_of() with the scratch of the pool. Fails with MZG_ENOMEM. Local. */
enum mzg_status mzg_intensity_pool_measure(struct mzg_intensity_pool *pool, const double *intensities,
                                           int64_t n, struct mzg_intensities *found, struct mzg_error *err);
void mzg_intensity_pool_destroy(struct mzg_intensity_pool *pool);

#endif
