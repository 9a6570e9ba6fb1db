/*
 * From rows to columns where every rank sees the whole matrix in memory: nothing is sent and nothing waits on
 * a disk. Used by stage/transpose.c.
 */
#ifndef MZG_STAGE_GATHER_H
#define MZG_STAGE_GATHER_H

#include <stage/transpose.h>

/* mzg_stage_transpose() for a stage with blocks (mzg_stage_blocks()). Local. */
enum mzg_status mzg_gather_columns(const struct mzg_stage *stage, const struct mzg_transpose_options *options,
                                   mzg_take_columns_fn *take, void *context, struct mzg_error *err);

/* The bytes that it takes beside the entries, and what more the workers' slices may take for each column.
 * Local. */
int64_t mzg_gather_memory(const struct mzg_stage *stage);

#endif
