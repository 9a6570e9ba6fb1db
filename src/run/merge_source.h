/* The matrix of one sample, as it is read: any range of its values, or of its rows where it is dense. */
#ifndef MZG_RUN_MERGE_SOURCE_H
#define MZG_RUN_MERGE_SOURCE_H

#include <run/merge_samples.h>
#include <zarr/read.h>

struct mzg_merge_source {
    const struct mzg_merge_sample *sample;
    struct mzg_zarr_input *data, *indices; /* dense: data alone */
    struct mzg_zarr_cursor data_cursor, index_cursor;
    int64_t n_majors; /* columns of csc, rows of csr */
    int64_t n_minors;
    int64_t n_values;
    int64_t *begins; /* n_majors + 1; dense: NULL */
};

/* Opens the matrix at `path` below the table of a sample. MZG_EFORMAT for arrays that contradict each other.
 * Release with mzg_merge_source_close(), also after a failure. Local. */
enum mzg_status mzg_merge_source_open(const struct mzg_merge_sample *sample, const char *path,
                                      enum mzg_matrix_layout layout, struct mzg_merge_source *source,
                                      struct mzg_error *err);
void mzg_merge_source_close(struct mzg_merge_source *source);

/* Reads n values from `first` on, of the type of the sample, and their indices. MZG_EFORMAT for an index
 * outside the matrix, for indices of a row or column that do not ascend, and for a value that is not finite.
 * Local. */
enum mzg_status mzg_merge_source_read(struct mzg_merge_source *source, int64_t first, int64_t n,
                                      int32_t *indices, void *values, struct mzg_error *err);

/* Reads n whole rows of a dense matrix from `first` on. Local. */
enum mzg_status mzg_merge_source_read_rows(struct mzg_merge_source *source, int64_t first, int64_t n,
                                           void *values, struct mzg_error *err);

#endif
