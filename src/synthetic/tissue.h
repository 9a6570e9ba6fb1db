/*
 * A section of tissue that never existed. Pure: it knows neither files nor MPI.
 *
 * The raster holds an irregular ellipse of tissue with three regions of their own, a ring of bare matrix
 * around it, and beyond that positions without a spectrum:
 *
 *     . . m m m m m m . .     .  no spectrum
 *     . m m t t t t m m .     m  matrix
 *     m m t A A t B t m m     t  tissue
 *     m m t A A t B t m m     A  B  C  regions
 *     . m m C C C C m m .
 *     . . m m m m m m . .
 *
 * Every region has a catalogue of peaks: some are the matrix's and lie everywhere, some are the tissue's,
 * some the region's own. A spectrum takes a share of the peaks of its region and fills up with noise peaks.
 *
 * Everything random about a pixel is drawn by counter from a key made of seed and position: each spectrum can
 * be made alone, by any thread of any rank, and is the same each time. All of it happens in t = √(m/z), in
 * which the samples of a time-of-flight digitizer are equidistant.
 */
#ifndef MZG_SYNTHETIC_TISSUE_H
#define MZG_SYNTHETIC_TISSUE_H

#include <stdbool.h>
#include <stdint.h>
#include <synthetic/synthetic.h>

enum mzg_region {
    MZG_REGION_NONE, /* no spectrum */
    MZG_REGION_MATRIX,
    MZG_REGION_TISSUE,
    MZG_REGION_A,
    MZG_REGION_B,
    MZG_REGION_C,
    MZG_REGIONS
};

enum {
    MZG_TISSUE_TABLE = 4096,  /* entries of the lognormal tables */
    MZG_TISSUE_HALF_PEAK = 8, /* samples on either side of a sampled peak's middle one, the last of them 0 */
    MZG_TISSUE_PHASES = 32    /* positions of a peak between two samples that its shape is tabulated for */
};

/* Read only once it is made: any number of threads may share it. */
struct mzg_tissue {
    struct mzg_synthetic_options options;
    uint64_t key; /* of every random stream */
    int64_t n_spectra;
    /* Which positions have a spectrum; NULL when all have one. */
    int64_t *row_begins; /* height + 1: how many spectra precede each row */
    uint64_t *occupied; /* a bit for each position, of the first in the lowest one; rows begin in new words */
    int64_t row_words;

    int64_t n_peaks;               /* of the catalogue */
    double *peak_t;                /* their √(m/z), increasing by more than the mass jitter */
    float *abundance[MZG_REGIONS]; /* their mean intensity in each region; NULL for MZG_REGION_NONE */
    double *
        expected[MZG_REGIONS]; /* n_peaks + 1: how many of the first k peaks a spectrum of the region shows */
    double mean_peaks;         /* of all peaks of a spectrum, noise peaks included */
    float peak_counts[MZG_TISSUE_TABLE]; /* lognormal with mean 1: the number of peaks over mean_peaks */
    float intensities[MZG_TISSUE_TABLE]; /* lognormal with median 1: an intensity over its expectation */

    int64_t n_samples;  /* of the sampling grid; 0 for centroids */
    double sample_step; /* in t */
    float shape[MZG_TISSUE_PHASES]
               [2 * MZG_TISSUE_HALF_PEAK + 2]; /* of a sampled peak, maximum 1, by the phase */
    double *shared_mz;                         /* continuous: n_samples m/z; else NULL */
    float *baseline; /* continuous: n_samples expected counts without any peak; else NULL */
};

/* Lays out the tissue; MZG_EUSAGE for options that mzg_synthetic_check() refuses. Free with
 * mzg_tissue_free(), which accepts NULL. Local. */
enum mzg_status mzg_tissue_new(const struct mzg_synthetic_options *options, struct mzg_tissue **tissue,
                               struct mzg_error *err);
void mzg_tissue_free(struct mzg_tissue *tissue);

/* The memory that grows with the raster: a bit for each position and a few bytes for each row, or nothing
 * where every position has a spectrum. Local. */
int64_t mzg_tissue_bytes(const struct mzg_tissue *tissue);

/* The region of the position x, y, counted from 1. Local. */
enum mzg_region mzg_tissue_region(const struct mzg_tissue *tissue, int32_t x, int32_t y);

/* The position of spectrum `i`, counted from 0 row by row; i < n_spectra. Local. */
void mzg_tissue_position(const struct mzg_tissue *tissue, int64_t i, int32_t *x, int32_t *y);

/* Moves on to the next position that has a spectrum, after one that has and is not the last. Local. */
void mzg_tissue_next(const struct mzg_tissue *tissue, int32_t *x, int32_t *y);

/* No spectrum of this tissue has more points. Local. */
int64_t mzg_tissue_max_points(const struct mzg_tissue *tissue);

/* The number of points of the spectrum at x, y, found without making it; 0 for the few empty ones and where
 * there is none. Local. */
int64_t mzg_tissue_points(const struct mzg_tissue *tissue, int32_t x, int32_t y);

/* The same at once: in a profile, where peaks may overlap, no less than that number. Local. */
int64_t mzg_tissue_points_at_most(const struct mzg_tissue *tissue, int32_t x, int32_t y);

/* The lowest and highest m/z of the spectrum at x, y, found without making it; false if it has no points.
 * Local. */
bool mzg_tissue_ends(const struct mzg_tissue *tissue, int32_t x, int32_t y, double ends[2]);

/* Makes the spectrum at x, y: as many points as mzg_tissue_points() says, m/z strictly increasing,
 * intensities not negative. In continuous mode its m/z are tissue->shared_mz, and `mz` is not used. Returns
 * the number of points. Local. */
int64_t mzg_synthetic_spectrum(const struct mzg_tissue *tissue, int32_t x, int32_t y, double *mz,
                               float *intensity);

#endif
