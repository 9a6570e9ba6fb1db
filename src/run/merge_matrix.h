/* X of the table of all samples, written by all ranks from the matrices of the samples, as they are read. */
#ifndef MZG_RUN_MERGE_MATRIX_H
#define MZG_RUN_MERGE_MATRIX_H

#include <run/merge_samples.h>
#include <stream/statistics.h>

struct mzg_merge_matrix {
    const struct mzg_merge_samples *samples; /* whose columns are known */
    const char *path;                        /* below the tables' groups: "X" or "layers/csr" */
    enum mzg_matrix_layout layout;
    int64_t n_columns;
    struct mzg_codec codec;
    struct mzg_statistics *statistics; /* gets what this rank writes; NULL: nothing does */
    const struct mzg_progress *progress;
    int64_t *n_absent; /* gets how many chunks of dense samples this rank found absent; NULL: nothing does */
};

/* Writes it. MZG_EFORMAT for a matrix that is damaged. All ranks return the same status. Collective over
 * context->comm. */
enum mzg_status mzg_merge_matrix_write(const struct mzg_context *context, struct mzg_sdata *sdata,
                                       const struct mzg_merge_matrix *matrix, struct mzg_error *err);

#endif
