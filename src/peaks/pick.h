/*
 * Peaks of a table's spectra. What is picked from is two spectra over all pixels, the mean and the largest
 * value of each bin: a peak of many pixels shows in the first one, a rare one in the second only.
 *
 *            x  top
 *           x x
 * ....x x..x   x....x.x.
 *     |first      |end
 *
 * A peak is a top that stands out of what is around it (its prominence, as scipy has it) by more than the
 * noise of the window of some 2,000 bins around it, or, where peaks of centroids crowd, that more pixels have
 * than chance puts there. Its bins reach to the valleys beside it, to zeros, or three half widths far.
 *
 * Pure: arrays in, peaks out.
 */
#ifndef MZG_PEAKS_PICK_H
#define MZG_PEAKS_PICK_H

#include <mzgrid/error.h>
#include <stdbool.h>
#include <stdint.h>

enum mzg_peak_source { MZG_PEAK_MEAN, MZG_PEAK_MAXIMUM, MZG_PEAK_LIST };

struct mzg_peak {
    int64_t top;        /* the bin of its largest value; -1: it has no bin */
    int64_t first, end; /* its bins are first .. end - 1 */
    double height;      /* of the spectrum in which it was found, at its top; 0 without a bin */
    double prominence;  /* NaN if nothing was picked: of lists and of columns that are peaks as they are */
    double noise; /* standard deviation of the noise around it, likewise, and if peaks crowd its window */
    enum mzg_peak_source source;
};

/* In the order of their tops. */
struct mzg_peaks {
    int64_t n;
    struct mzg_peak *items;
};

void mzg_peaks_destroy(struct mzg_peaks *peaks);

/* What peaks are picked from, one value for each of `n_bins` bins; borrowed. */
struct mzg_spectra {
    int64_t n_bins;
    const double *mz;        /* centres, ascending */
    const double *mean;      /* over all rows, zeros included */
    const double *maximum;   /* likewise */
    const int64_t *n_pixels; /* rows with a value other than 0 */
    int64_t n_rows;
    bool is_centroid; /* values are those of peaks that were picked before; else of curves */
    bool is_native;   /* bins are the very m/z of the input */
};

enum {
    MZG_PEAK_WINDOW = 2000, /* bins, about, in which the noise is taken for the same */
    MZG_PEAK_REACH = 3,     /* half widths that a peak reaches from its top at most */
    MZG_PEAK_RARE = 2,      /* what the maximum shows alone needs so many times the S/N: the largest of many
                             * values has a long tail */
    MZG_PEAK_PPM = 10       /* tops of centroids nearer than that are one peak */
};

/* A top on the flank or the head of a larger one counts if its prominence is that share, at least, of its
 * height above the window's median: noise grows with the intensity, and would split every large peak. */
extern const double mzg_peak_share;

/* Picks the peaks whose prominence is at least `snr` times the noise, or MZG_PEAK_RARE times that; of
 * centroids, those alone that more pixels have than chance, which decides where peaks crowd. Columns of
 * a native axis of centroids are peaks as they are, if any pixel has a value there; those within MZG_PEAK_PPM
 * of a higher one are part of it. MZG_ENOMEM. Release with mzg_peaks_destroy(). Local. */
enum mzg_status mzg_peaks_pick(const struct mzg_spectra *spectra, double snr, struct mzg_peaks *peaks,
                               struct mzg_error *err);

#endif
