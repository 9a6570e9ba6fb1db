/*
 * A feature table: the pixels of a store and their peaks in place of their bins, as one more table of it.
 */
#ifndef MZGRID_PEAKS_H
#define MZGRID_PEAKS_H

#include <mzgrid/error.h>
#include <mzgrid/export.h>
#include <mzgrid/progress.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mzg_context;

enum mzg_peaks_layout { MZG_PEAKS_AUTO, MZG_PEAKS_CSC, MZG_PEAKS_DENSE };

/* What the user asks for. mzg_peaks_defaults() gives the defaults; 0, NULL and false mean "not given". */
struct mzg_peaks_options {
    size_t size;       /* sizeof(struct mzg_peaks_options); mzg_peaks_defaults() sets it */
    const char *table; /* the name of the table whose bins become peaks; NULL: the only one that there is */
    const char *list;  /* a file that lists peaks (docs/cli.md, `peaks`); NULL: they are picked */
    double snr;        /* of picked ones: the least prominence over the noise */
    double tolerance;  /* of listed ones: how far from its m/z a peak reaches, */
    bool tolerance_in_da;         /*  in Da, else in ppm */
    enum mzg_peaks_layout layout; /* auto: dense up to 2^26 values, zeros included, else csc */
    bool replace;                 /* a feature table that stands is replaced */
    int64_t memory_limit; /* bytes for all ranks of a node together; 0: the smaller of 8 GiB and half of what
                             is free */
};

/* What came of it, the same on all ranks. Part of struct mzg_convert_outcome, and therefore never longer. */
struct mzg_peaks_outcome {
    int64_t pixels;
    int64_t bins;
    int64_t peaks;      /* columns of the table */
    int64_t of_maximum; /* of them those that only the largest spectrum shows */
    int64_t outside;    /* of listed ones those that lie outside of the axis */
    int64_t non_zeros;
    bool is_dense;
    int64_t bytes_written;
    double seconds;
};

MZG_BEGIN_API

/* Fills the first `size` bytes of `*options` with the defaults. MZG_EUSAGE for a size that
 * this library does not know. Local. */
enum mzg_status mzg_peaks_options_init(struct mzg_peaks_options *options, size_t size, struct mzg_error *err);

/* The same for the struct as it is in this header. Local. */
static inline void mzg_peaks_defaults(struct mzg_peaks_options *options)
{
    struct mzg_error err;
    (void)mzg_peaks_options_init(options, sizeof *options, &err);
}

/* Writes tables/NAME_peaks for the table NAME of the store in the directory `store`, and marks the tops of
 * the peaks in var["is_peak"] of NAME. The store opens at any moment; on failure it is as before. `progress`
 * may be NULL. Ends with MZG_EINTERRUPTED soon after mzg_context_stop() was called on any rank. All ranks
 * return the same status and text. Collective. */
enum mzg_status mzg_peaks_make(const struct mzg_context *context, const char *store,
                               const struct mzg_peaks_options *options, const struct mzg_progress *progress,
                               struct mzg_peaks_outcome *outcome, struct mzg_error *err);

MZG_END_API

#endif
