/* X of the table: the staged rows as a Zarr csr_matrix or csc_matrix, written by all ranks. */
#ifndef MZG_SPATIALDATA_MATRIX_H
#define MZG_SPATIALDATA_MATRIX_H

#include <spatialdata/spatialdata.h>
#include <stage/stage.h>

/* Told how many of the matrix's chunk files this rank has written. */
typedef void mzg_matrix_progress_fn(void *context, int64_t done, int64_t total);

struct mzg_sdata_matrix {
    bool by_column;               /* CSC, else CSR */
    struct mzg_stage *stage;      /* sealed */
    const int64_t *column_begins; /* stage->n_columns + 1: where each column begins in CSC order */
    struct mzg_codec codec;
    int64_t memory;                   /* bytes that this rank may take */
    const char *scratch_path;         /* where this rank may make a temporary file */
    const volatile int *stop;         /* may be NULL; not 0: ends with MZG_EINTERRUPTED at the next shard */
    mzg_matrix_progress_fn *progress; /* may be NULL */
    void *progress_context;
};

/* Writes X. All ranks return the same status. Collective over the stage's ranks. */
enum mzg_status mzg_sdata_write_matrix(struct mzg_sdata *sdata, const struct mzg_sdata_matrix *matrix,
                                       struct mzg_error *err);

#endif
