/* X of the feature table: from sums by columns (peaks_columns.c) or by rows (peaks_rows.c), by all ranks. */
#ifndef MZG_RUN_PEAKS_MATRIX_H
#define MZG_RUN_PEAKS_MATRIX_H

#include <mzgrid/progress.h>
#include <run/peaks_sums.h>
#include <spatialdata/update.h>
#include <stage/sink.h>

/* A dense X has at most so many values; a chunk of it, which is a file, is all rows of as many columns as
 * make about so many values. */
enum { MZG_PEAKS_MOST_DENSE = 1 << 26, MZG_PEAKS_CHUNK = 1 << 20 };

struct mzg_peaks_matrix {
    struct mzg_peaks_sums *sums;
    struct mzg_update *update;
    const struct mzg_progress *progress; /* may be NULL */
    int64_t memory;                      /* bytes that this rank may take beside the slots */
    bool is_dense;
    int64_t chunk_columns; /* dense */
    int64_t *n_pixels;     /* of each peak: rows with a value other than 0; of all ranks in the end */
    int64_t n_absent;      /* dense source: chunks that were absent, for this rank; of all in the end */
};

/* Write X, from a source by columns and by rows. All ranks return the same status. Collective. */
enum mzg_status mzg_peaks_write_from_columns(struct mzg_peaks_matrix *matrix, struct mzg_error *err);
enum mzg_status mzg_peaks_write_from_rows(struct mzg_peaks_matrix *matrix, struct mzg_error *err);

/* Declares X, dense: on each rank. Local. */
enum mzg_status mzg_peaks_declare_dense(const struct mzg_peaks_matrix *matrix, struct mzg_zarr_array **array,
                                        struct mzg_error *err);
/* How sparse X is stored: its columns as what comes, or as what rows become. Local. */
struct mzg_matrix_spec mzg_peaks_sparse_spec(const struct mzg_peaks_matrix *matrix);

/* Looks for the end of the run, agrees with all ranks on how a round went, and tells how far they are.
 * Collective. */
enum mzg_status mzg_peaks_end_round(const struct mzg_peaks_matrix *matrix, int64_t done, int64_t total,
                                    struct mzg_error *err);

/* Appends what was made to `sink`, a row for each of its majors, as mzg_sink_append() does. */
enum mzg_status mzg_peaks_hand_over(const struct mzg_peaks_values *made, struct mzg_sink *sink,
                                    struct mzg_error *err);

/* The first failure of the slots. Local. */
enum mzg_status mzg_peaks_slot_errors(const struct mzg_peaks_sums *sums, struct mzg_error *err);

#endif
