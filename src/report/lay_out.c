#include <report/lay_out.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum mzg_status mzg_lay_out(const struct mzg_view_raster *places, const double *values, float **cells,
                            struct mzg_raster *raster, struct mzg_error *err)
{
    int64_t n = places->width * places->height;
    float *made = malloc((size_t)n * sizeof *made);
    if (!made)
        return mzg_fail(err, MZG_ENOMEM, "no memory for an image of %" PRId64 " x %" PRId64 " cells",
                        places->width, places->height);
    for (int64_t i = 0; i < n; i++)
        made[i] = places->rows[i] >= 0 ? (float)values[places->rows[i]] : NAN;
    *cells = made;
    *raster = (struct mzg_raster){.values = made,
                                  .width = places->width,
                                  .height = places->height,
                                  .size_x = places->size_x,
                                  .size_y = places->size_y,
                                  .origin_x = places->origin_x,
                                  .origin_y = places->origin_y,
                                  .in_micrometres = places->in_micrometres};
    return MZG_OK;
}
