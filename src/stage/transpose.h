/*
 * From rows to columns: the staged CSR matrix, read once by all ranks together, arrives on each rank as a
 * part of the same matrix in CSC order, as much at a time as fits in memory.
 */
#ifndef MZG_STAGE_TRANSPOSE_H
#define MZG_STAGE_TRANSPOSE_H

#include <stage/columns.h>
#include <stage/staged.h>

/* Hands every rank its values. All ranks return the same status. Collective over the stage's ranks. */
enum mzg_status mzg_staged_transpose(struct mzg_staged *staged, const struct mzg_transpose_options *options,
                                     mzg_take_columns_fn *take, void *context, struct mzg_error *err);

/* The bytes that a transposition takes for each value that it puts in order at once, and beside these and the
 * part. Local. */
int64_t mzg_staged_ordering_size(const struct mzg_staged *staged);
int64_t mzg_staged_transpose_memory(const struct mzg_staged *staged);

#endif
