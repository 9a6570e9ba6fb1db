/* What the commands that look at a store share: words of windows of m/z, and files of pictures. All
 * local, rank 0. */
#ifndef MZG_CLI_DRAW_H
#define MZG_CLI_DRAW_H

#include <core/log.h>
#include <picture/picture.h>
#include <view/view.h>

/* Warns if the answer takes reading all of the matrix. */
void mzg_warn_of_cost(struct mzg_log *log, const struct mzg_view *view, enum mzg_view_question question);

/* The title and subtitle of an image of a window. The title has a "±" only if the m/z is its middle. */
void mzg_name_window(const struct mzg_view_window *window, const char *divided_by, char *title,
                     char *subtitle);

/* "liver.zarr, msi_dataset_z0, mzgrid 0.1.0": what a picture was made from, for its small print. */
void mzg_note(const struct mzg_view *view, char *text, size_t size);

/* Draws a sheet as the PNG file `path`, which gets its name when it is complete. */
enum mzg_status mzg_draw_png(const struct mzg_sheet *sheet, const char *path, bool overwrite,
                             struct mzg_error *err);

#endif
