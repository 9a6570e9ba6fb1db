/* `mzgrid convert --preview`: a picture of what a run made. */
#ifndef MZG_CLI_PREVIEW_PICTURE_H
#define MZG_CLI_PREVIEW_PICTURE_H

#include <core/context.h>
#include <mzgrid/error.h>
#include <stdbool.h>

/* Draws the total ion current, the strongest peak and the mean spectrum of the table `dataset` of a store as
 * the PNG file `path`. The image of the peak is left out if it took reading more than some hundred million
 * values; of several planes the first is drawn. Local, rank 0. */
enum mzg_status mzg_preview_draw(const struct mzg_context *context, const char *store, const char *dataset,
                                 const char *path, bool overwrite, struct mzg_error *err);

#endif
