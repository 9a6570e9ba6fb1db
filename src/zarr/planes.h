/* A buffer of blosc whose planes are compressed in less time than c-blosc takes. */
#ifndef MZG_ZARR_PLANES_H
#define MZG_ZARR_PLANES_H

#include <stdbool.h>
#include <zarr/buffer.h>

/* Compresses `size` bytes: items of `item` bytes, values in floating point or else integers; at least 128 of
 * them, because fewer c-blosc takes for one plane when it reads. It needs the memory of one plane besides.
 * Called by workers; the result depends on nothing but the arguments. Local. */
enum mzg_status mzg_planes_compress(bool is_float, size_t item, const void *bytes, size_t size,
                                    struct mzg_buffer *packed, struct mzg_error *err);

#endif
