/* The table of a store whose bins become peaks: what it says of itself, and X open for reading. */
#ifndef MZG_RUN_PEAKS_SOURCE_H
#define MZG_RUN_PEAKS_SOURCE_H

#include <core/context.h>
#include <peaks/pick.h>
#include <spatialdata/matrix.h>
#include <zarr/read.h>

struct mzg_peaks_source {
    const char *store; /* borrowed */
    char *table;       /* "tables/a_z0" */
    int64_t n_rows, n_bins;
    enum mzg_matrix_layout layout;
    enum mzg_type value_type;
    struct mzg_zarr_input *values; /* X, or X/data */
    struct mzg_zarr_input *minors; /* X/indices; NULL: dense */
    struct mzg_zarr_input *begins; /* X/indptr; likewise */
    int64_t n_values;              /* sparse */

    /* Rank 0 only: */
    double *mz, *edges, *mean, *maximum;
    int64_t *n_pixels;
    struct mzg_zarr_strings names; /* the index of var */
    bool is_centroid, is_native;
    bool has_heights; /* X holds heights of curves, not sums */
};

/* Opens `table` (a name; NULL: the only one that mzgrid converted) of the store. MZG_EFORMAT for a store that
 * mzgrid did not write or that is not complete, MZG_EUSAGE if it is not clear which table is meant. On
 * failure too it is to be closed. All ranks return the same status. Collective over context->comm. */
enum mzg_status mzg_peaks_source_open(const struct mzg_context *context, const char *store, const char *table,
                                      struct mzg_peaks_source *source, struct mzg_error *err);
void mzg_peaks_source_close(struct mzg_peaks_source *source);

/* The spectra that peaks are picked from. Rank 0. */
struct mzg_spectra mzg_peaks_source_spectra(const struct mzg_peaks_source *source);

#endif
