/*
 * obs, var, obsm and uns of the table of all samples: rows on all ranks, the rest on rank 0.
 */
#ifndef MZG_RUN_MERGE_FRAMES_H
#define MZG_RUN_MERGE_FRAMES_H

#include <anndata/anndata.h>
#include <mzgrid/axis.h>
#include <run/merge_rows.h>
#include <stream/statistics.h>

struct mzg_merge_frames {
    struct mzg_frame obs;       /* on all ranks, as the rows of it and of obsm, */
    struct mzg_frame var;       /*  all else on rank 0 */
    struct mzg_anndata anndata; /* of them */
    json_t *uns;
    json_t *regions;     /* the elements that rows annotate, a list */
    json_t *description; /* of obs */
    struct mzg_merge_rows *rows;
    int n_owned;
    void *owned[2]; /* of var */
};

/* Reads obs of all samples, on each rank its rows. A column that is not of one kind in all of them is left
 * out, with a warning. `statistics` are reduced. Release with mzg_merge_frames_destroy(), also after a
 * failure. All ranks return the same status. Collective. */
enum mzg_status mzg_merge_frames_make(const struct mzg_context *context,
                                      const struct mzg_merge_options *options,
                                      const struct mzg_merge_inputs *inputs,
                                      const struct mzg_merge_samples *samples, const struct mzg_axis *axis,
                                      const struct mzg_statistics *statistics,
                                      struct mzg_merge_frames *frames, struct mzg_error *err);
void mzg_merge_frames_destroy(struct mzg_merge_frames *frames);

#endif
