/* The table of all samples, in place of the table of bins that each of them has. */
#ifndef MZG_RUN_MERGE_CONCAT_H
#define MZG_RUN_MERGE_CONCAT_H

#include <run/merge_axis.h>
#include <run/merge_files.h>

struct mzg_merge_concat {
    struct mzg_merge_samples samples;
    struct mzg_axis axis;
};

/* Opens the tables of all samples and settles their axis, before anything is written. All ranks return the
 * same status. Release with mzg_merge_concat_close(), also after a failure. Collective. */
enum mzg_status mzg_merge_concat_open(const struct mzg_context *context,
                                      const struct mzg_merge_options *options,
                                      const struct mzg_merge_inputs *inputs, struct mzg_merge_concat *concat,
                                      struct mzg_error *err);
void mzg_merge_concat_close(struct mzg_merge_concat *concat);

/* Lists the files of what is kept of each sample: uns/samples/NAME. Rank 0, local. */
enum mzg_status mzg_merge_concat_list(const struct mzg_merge_options *options,
                                      const struct mzg_merge_inputs *inputs, struct mzg_merge_files *files,
                                      struct mzg_error *err);

/* Writes the table; the groups above it are declared on rank 0. All ranks return the same status. Collective.
 */
enum mzg_status mzg_merge_concat_write(const struct mzg_context *context,
                                       const struct mzg_merge_options *options,
                                       const struct mzg_merge_inputs *inputs, struct mzg_merge_concat *concat,
                                       struct mzg_codec codec, const struct mzg_progress *progress,
                                       struct mzg_sdata *sdata, struct mzg_merge_outcome *outcome,
                                       struct mzg_error *err);

#endif
