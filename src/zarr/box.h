/* Boxes cut out of arrays of up to four dimensions in C order. */
#ifndef MZG_ZARR_BOX_H
#define MZG_ZARR_BOX_H

#include <stddef.h>
#include <stdint.h>

/* Copies the box of `count` elements at `origin` of an array of shape `source_shape` to the origin of one of
 * shape `target_shape`; elements have `item_size` bytes. Local. */
void mzg_block_copy(int n_dimensions, size_t item_size, const void *source, const int64_t *source_shape,
                    const int64_t *origin, const int64_t *count, void *target, const int64_t *target_shape);

/* The product of n sizes, 1 for none. The caller knows that it fits. */
int64_t mzg_block_items(int n, const int64_t *shape);

/* Splits position `i` of the C order of a grid into one coordinate for each dimension. */
void mzg_block_coordinates(int n, const int64_t *grid, int64_t i, int64_t *coordinates);

#endif
