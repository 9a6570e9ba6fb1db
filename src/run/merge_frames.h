/*
 * obs, var, obsm and uns of the table of all samples. Rank 0; all local.
 */
#ifndef MZG_RUN_MERGE_FRAMES_H
#define MZG_RUN_MERGE_FRAMES_H

#include <anndata/anndata.h>
#include <mzgrid/axis.h>
#include <run/merge_samples.h>
#include <stream/statistics.h>

struct mzg_merge_owned;

struct mzg_merge_frames {
    struct mzg_frame obs, var;
    struct mzg_anndata anndata; /* of them */
    json_t *uns;
    json_t *regions;               /* the elements that rows annotate, a list */
    struct mzg_merge_owned *owned; /* all that is to be freed */
};

/* Reads obs of all samples. A column that is not of one kind in all of them is left out, with a warning.
 * `statistics` are reduced. Release with mzg_merge_frames_destroy(), also after a failure. */
enum mzg_status mzg_merge_frames_make(const struct mzg_context *context,
                                      const struct mzg_merge_options *options,
                                      const struct mzg_merge_inputs *inputs,
                                      const struct mzg_merge_samples *samples, const struct mzg_axis *axis,
                                      const struct mzg_statistics *statistics,
                                      struct mzg_merge_frames *frames, struct mzg_error *err);
void mzg_merge_frames_destroy(struct mzg_merge_frames *frames);

#endif
