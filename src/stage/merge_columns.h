/*
 * From blocks in column order, which every rank sees in memory, to the columns of the whole matrix: nothing
 * is sent and nothing waits on a disk. Used by stage/transpose.c.
 */
#ifndef MZG_STAGE_MERGE_COLUMNS_H
#define MZG_STAGE_MERGE_COLUMNS_H

#include <stage/columns.h>
#include <stage/staged.h>

/* Hands this rank its values, of a sealed stage by column. Local. */
enum mzg_status mzg_merge_columns(struct mzg_staged *staged, const struct mzg_transpose_options *options,
                                  mzg_take_columns_fn *take, void *context, struct mzg_error *err);

/* The bytes that it takes beside the parts. Local. */
int64_t mzg_merge_memory(const struct mzg_staged *staged);

#endif
