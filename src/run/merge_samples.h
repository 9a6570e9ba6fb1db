/*
 * The tables of bins that become one, as every rank opens them: where they lie, their shapes, and what is
 * alike in all. Nothing in a store is trusted.
 */
#ifndef MZG_RUN_MERGE_SAMPLES_H
#define MZG_RUN_MERGE_SAMPLES_H

#include <run/merge_inputs.h>
#include <spatialdata/matrix.h>

struct mzg_merge_sample {
    const char *store; /* as the user gave it */
    char *node;        /* of the table in it, such as "tables/a_z0" */
    int64_t n_rows;
    int64_t n_bins;
    int64_t first_row; /* in the table of all samples */
    enum mzg_matrix_layout layout;
    bool has_rows; /* layers/csr as well: the layout csc+csr */
    enum mzg_type value_type;
    int32_t *columns; /* n_bins: what column of the table of all samples each bin is; NULL until that is known
                       */
};

struct mzg_merge_samples {
    int n;
    struct mzg_merge_sample *samples;
    int64_t n_rows; /* of all */
};

/* Opens the table of each input, which rank 0 has found. MZG_EUSAGE for layouts or types of values that
 * differ, MZG_ERANGE for more than 2^31 - 1 rows, MZG_EFORMAT for what is no such table. All ranks return the
 * same status. Release with mzg_merge_samples_close(), also after a failure. Collective. */
enum mzg_status mzg_merge_samples_open(const struct mzg_context *context,
                                       const struct mzg_merge_options *options,
                                       const struct mzg_merge_inputs *inputs,
                                       struct mzg_merge_samples *samples, struct mzg_error *err);
void mzg_merge_samples_close(struct mzg_merge_samples *samples);

/* The path of a node below the table of a sample; to be freed, NULL with `err` filled. Local. */
char *mzg_merge_sample_path(const struct mzg_merge_sample *sample, const char *below, struct mzg_error *err);

/* Whether a sample has `name` in the group at `below`, which it has; false with `err` filled. Local. */
bool mzg_merge_sample_has(const struct mzg_merge_sample *sample, const char *below, const char *name,
                          struct mzg_error *err);

/* Reads the whole array `below` of a sample's table, of one dimension and exactly n elements. Local. */
enum mzg_status mzg_merge_sample_read(const struct mzg_merge_sample *sample, const char *below,
                                      enum mzg_type type, int64_t n, void **values, struct mzg_error *err);

#endif
