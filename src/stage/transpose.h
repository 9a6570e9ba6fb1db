/*
 * From rows to columns: the staged CSR matrix, read once by all ranks together, arrives on each rank as a
 * part of the same matrix in CSC order, as much at a time as fits in memory.
 */
#ifndef MZG_STAGE_TRANSPOSE_H
#define MZG_STAGE_TRANSPOSE_H

#include <stage/panels.h>
#include <stage/stage.h>

struct mzg_transpose_options {
    const int64_t
        *column_begins; /* n_columns + 1: where each column begins in CSC order; the same on all ranks */
    int64_t first;      /* this rank wants values first .. first + n - 1 of the CSC matrix */
    int64_t n;
    int64_t part_values; /* in each part that it takes but the last; above 0 */
    int64_t most_values; /* that it may put in order at once, where that needs memory; parts are the least */
    int64_t memory;      /* bytes that rows on their way may take on this rank, beside the values, about */
    const char
        *scratch_path; /* where this rank may make a temporary file, if it must take them in several goes */
};

/* Values first .. first + n - 1 of the CSC matrix: column by column, rows ascending in each. */
struct mzg_column_values {
    int64_t first;
    int64_t n;
    const int32_t *rows;
    const void *values; /* of the stage's type */
};

/* Takes one part of what a rank wants; parts come in order. It may not communicate. Returns err->status. */
typedef enum mzg_status mzg_take_columns_fn(void *context, const struct mzg_column_values *part,
                                            struct mzg_error *err);

/* Hands every rank its values. All ranks return the same status. Collective over the stage's ranks. */
enum mzg_status mzg_stage_transpose(struct mzg_stage *stage, const struct mzg_transpose_options *options,
                                    mzg_take_columns_fn *take, void *context, struct mzg_error *err);

/* The columns that hold values first .. first + n - 1. Local. */
struct mzg_column_range mzg_columns_of_values(const int64_t *column_begins, int64_t n_columns, int64_t first,
                                              int64_t n);

/* The bytes that a transposition takes for each value that it puts in order at once, and beside these and the
 * part. Local. */
int64_t mzg_stage_ordering_size(const struct mzg_stage *stage);
int64_t mzg_stage_transpose_memory(const struct mzg_stage *stage);

#endif
