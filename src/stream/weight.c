#include <stream/weight.h>

enum { PIXEL_BYTES = 768 }; /* of one pixel in a chunk, beside its bytes and values */

int64_t mzg_pixel_memory(const struct mzg_pixel_weight *weight, int64_t stored, int64_t points)
{
    int64_t values = weight->interpolates      ? weight->n_bins
                     : points < weight->n_bins ? points
                                               : weight->n_bins;
    return 2 * stored + weight->per_value * values + PIXEL_BYTES;
}
