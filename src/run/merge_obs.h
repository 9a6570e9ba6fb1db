/* The columns of obs of several tables, one behind the other: what kinds of columns there are, and how each
 * is read. Rank 0; all local. */
#ifndef MZG_RUN_MERGE_OBS_H
#define MZG_RUN_MERGE_OBS_H

#include <run/merge_frames.h>

enum mzg_merge_column_kind { MZG_MERGE_NUMBERS, MZG_MERGE_TEXTS, MZG_MERGE_CATEGORIES, MZG_MERGE_OTHER };

/* Memory that goes with the frames; NULL with `err` filled. */
void *mzg_merge_keep(struct mzg_merge_frames *frames, int64_t count, int64_t size, struct mzg_error *err);

/* Adds the column `name`, which has one kind in all samples, or does not: `*added` tells. Names of elements
 * in it become those that they have in the output if it is the column of regions. */
enum mzg_status mzg_merge_column_add(const struct mzg_merge_options *options,
                                     const struct mzg_merge_inputs *inputs,
                                     const struct mzg_merge_samples *samples, const char *name,
                                     struct mzg_merge_frames *frames, bool *added, struct mzg_error *err);

/* The index of obs: that of each sample, '-' and the name of the sample. */
enum mzg_status mzg_merge_index_make(const struct mzg_merge_inputs *inputs,
                                     const struct mzg_merge_samples *samples, struct mzg_merge_frames *frames,
                                     struct mzg_error *err);

#endif
