/* The columns of obs of several tables, one behind the other: what columns there are, of which kinds. Rank 0;
 * all local. */
#ifndef MZG_RUN_MERGE_OBS_H
#define MZG_RUN_MERGE_OBS_H

#include <jansson.h>
#include <run/merge_samples.h>

enum mzg_merge_column_kind { MZG_MERGE_NUMBERS, MZG_MERGE_TEXTS, MZG_MERGE_CATEGORIES, MZG_MERGE_OTHER };

/* What all ranks need to know to read obs, a new reference; NULL with `err` filled:
 *
 *     {"samples": [{"name": …, "index": what the column of the index is called}, …],
 *      "columns": [{"name": …, "kind": …, "type": …, "categories": [those of all], "numbers": [[of each category of a
 *                   sample, its number among those of all], …]}, …]}
 *
 * A column that is not of one kind in all samples is left out. Names of elements in the column of regions are
 * those that they have in the output. */
json_t *mzg_merge_obs_describe(const struct mzg_merge_options *options, const struct mzg_merge_inputs *inputs,
                               const struct mzg_merge_samples *samples, struct mzg_error *err);

#endif
