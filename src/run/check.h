/* What the index of the input alone shows to be impossible, or worth a warning, before any spectrum is read.
 */
#ifndef MZG_RUN_CHECK_H
#define MZG_RUN_CHECK_H

#include <core/log.h>
#include <input/reader.h>
#include <mzgrid/convert.h>
#include <spatialdata/spatialdata.h>
#include <stream/outside.h>

/* How a conversion with these options reads its input. Local. */
struct mzg_reader_options mzg_check_reading(const struct mzg_convert_options *options);

/* How many pixels may be skipped. Local. */
int64_t mzg_check_allowed_skips(const struct mzg_convert_options *options, const struct mzg_dataset *dataset);

/* Refuses an input without spectra, with too many faulty ones, or with positions that cannot be numbered. The
 * same on all ranks. Local. */
enum mzg_status mzg_check_dataset(const struct mzg_convert_options *options, const struct mzg_reader *reader,
                                  struct mzg_log *log, struct mzg_error *err);

/* Refuses rasters of more than 2^32 cells, and tells where positions are moved or have no unit. The same on
 * all ranks. Local. */
enum mzg_status mzg_check_grid(const struct mzg_convert_options *options,
                               const struct mzg_sdata_geometry *geometry, const struct mzg_dataset *dataset,
                               struct mzg_log *log, struct mzg_error *err);

/* Refuses a result without any value, which is nobody's wish: `counts` has how many each bin of the axis has.
 * The same on all ranks. Local. */
enum mzg_status mzg_check_values(const struct mzg_convert_options *options, const char *path,
                                 const struct mzg_axis *axis, const int64_t *counts,
                                 const struct mzg_outside *outside, enum mzg_method method,
                                 struct mzg_error *err);

/* An input that changed while it was read is the cause of whatever was met in it: replaces `err`, which is
 * the same on all ranks, where that could be. `reader` may be NULL. Collective. */
void mzg_check_changed(const struct mzg_context *context, const struct mzg_reader *reader,
                       struct mzg_error *err);

#endif
