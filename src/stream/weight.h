/* The memory that a pixel takes on its way. */
#ifndef MZG_STREAM_WEIGHT_H
#define MZG_STREAM_WEIGHT_H

#include <stdbool.h>
#include <stdint.h>

/* What the memory of a pixel on its way depends on, beside its own bytes and points. */
struct mzg_pixel_weight {
    bool interpolates; /* a row may have a value in each bin */
    int64_t n_bins;
    int64_t per_value; /* bytes of each value of its row */
};

/* The bytes that a pixel takes in a chunk, from above: `stored` bytes as fetched twice, of this chunk and the
 * one fetched ahead, and its row: three times, as a worker leaves it and as two chunks hold it, or as a
 * worker leaves it and with what sorting takes. Local. */
int64_t mzg_pixel_memory(const struct mzg_pixel_weight *weight, int64_t stored, int64_t points);

#endif
