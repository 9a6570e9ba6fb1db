/* From pixels, as a view has them, to rasters, as pictures want them. */
#ifndef MZG_REPORT_LAY_OUT_H
#define MZG_REPORT_LAY_OUT_H

#include <picture/picture.h>
#include <view/view.h>

/* Lays out a value for each pixel on the raster; `cells`, which `raster` borrows, is to be freed. Local. */
enum mzg_status mzg_lay_out(const struct mzg_view_raster *places, const double *values, float **cells,
                            struct mzg_raster *raster, struct mzg_error *err);

#endif
