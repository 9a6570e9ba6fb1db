/* X of the table, written by all ranks: from rows that were staged, all at once; spatialdata/direct.h
 * writes it row by row as they come. */
#ifndef MZG_SPATIALDATA_MATRIX_H
#define MZG_SPATIALDATA_MATRIX_H

#include <spatialdata/spatialdata.h>
#include <stage/staged.h>

enum mzg_matrix_layout { MZG_MATRIX_CSC, MZG_MATRIX_CSR, MZG_MATRIX_DENSE };

/* What is known of X before its first row. The shapes of its chunks and shards follow from this (for CSC,
 * from the number of values), and so do not depend on how it is written. */
struct mzg_matrix_spec {
    const char *path; /* below the table's group: "X", or a layer such as "layers/csr"; NULL: "X" */
    enum mzg_matrix_layout layout;
    enum mzg_type value_type; /* MZG_FLOAT32 or MZG_FLOAT64 */
    int64_t n_columns;
    int64_t most_rows;   /* if none is skipped */
    int64_t most_values; /* that X can have, from above */
    int64_t wide_from;   /* mzg_matrix_index_type(); 0: the usual number */
    struct mzg_codec codec;
    bool rows_are_columns; /* CSR: what comes as rows are the columns of X, which is a csc_matrix of n_columns
                            * rows */
    bool sized_by_most;    /* CSC: shards and the type of indices follow from most_values, as with CSR */
};

/* The type of `indices` and `indptr` of a matrix of up to `n_values` values: MZG_INT64 from `wide_from`
 * values on, as a rule (0) from 2^31, else MZG_INT32. One type for both, because scipy's and anndata's
 * operations fail on two. For CSC n_values is their number; for CSR, also of a kept .h5ad, most_values,
 * because rows may be written before they are counted. Local. */
enum mzg_type mzg_matrix_index_type(int64_t n_values, int64_t wide_from);

/* The rows of a dense matrix that are packed together: those of a chunk. Local. */
int64_t mzg_matrix_band_rows(int64_t n_columns);

/* Told how many of the matrix's chunk files this rank has written. */
typedef void mzg_matrix_progress_fn(void *context, int64_t done, int64_t total);

struct mzg_sdata_matrix {
    struct mzg_matrix_spec spec;
    struct mzg_staged *staged;
    const int64_t *column_begins;     /* CSC: n_columns + 1: where each column begins */
    int64_t memory;                   /* bytes that this rank may take */
    const char *scratch_path;         /* where this rank may make a temporary file */
    int *scratch_fd;                  /* receives what holds it, if it is made (stage/columns.h) */
    mzg_matrix_progress_fn *progress; /* may be NULL */
    void *progress_context;
};

/* Writes X; context->stop of the staged rows ends it early. All ranks return the same status. Collective over
 * the ranks of the staged rows. */
enum mzg_status mzg_sdata_write_matrix(struct mzg_sdata *sdata, const struct mzg_sdata_matrix *matrix,
                                       struct mzg_error *err);

#endif
