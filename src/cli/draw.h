/* What the commands that look at a store share: windows of m/z, rasters of values, files of pictures. All
 * local, rank 0. */
#ifndef MZG_CLI_DRAW_H
#define MZG_CLI_DRAW_H

#include <core/log.h>
#include <picture/picture.h>
#include <view/view.h>

/* What a file of this name holds, by its end. */
enum mzg_file_kind { MZG_FILE_PNG, MZG_FILE_TIFF, MZG_FILE_CSV, MZG_FILE_SVG, MZG_FILE_OTHER };
enum mzg_file_kind mzg_file_kind_of(const char *path);

/* Whether `path`, given by `option`, may be written: it is not the store, nor in it, and does not exist, or
 * is a file that `overwrite` allows to replace. MZG_EUSAGE, MZG_EIO. */
enum mzg_status mzg_check_picture(const char *option, const char *path, const char *store, bool overwrite,
                                  struct mzg_error *err);

/* Whether a file called `path` can be made in its directory: MZG_EIO. */
enum mzg_status mzg_check_directory(const char *path, struct mzg_error *err);

/* Refuses, as MZG_EUSAGE, a `path` that is called like files of another kind than those that end in `end`,
 * such as a store called x.h5ad. Other ends are as good as none, and CSV may be called x.txt. `what` begins
 * the message. */
enum mzg_status mzg_check_ending(const char *what, const char *path, const char *end, struct mzg_error *err);

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
