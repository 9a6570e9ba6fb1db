/* Arrays of the workers that grow to the largest pixel met. */
#ifndef MZG_STREAM_RESERVE_H
#define MZG_STREAM_RESERVE_H

#include <mzgrid/error.h>
#include <stdint.h>

/* Makes the array at `array_pointer`, of elements of `element` bytes, hold at least `wanted` of them, at
 * least doubling it, so that growing costs little. It then has the capacity mzg_grown_capacity(). Fails with
 * MZG_ENOMEM. Local. */
enum mzg_status mzg_reserve(void *array_pointer, int64_t element, int64_t wanted, int64_t capacity,
                            struct mzg_error *err);
int64_t mzg_grown_capacity(int64_t wanted, int64_t capacity);

/* Both arrays, of bins and of the values beside them. Local. */
enum mzg_status mzg_reserve_pairs(int32_t **bins, void *values, int64_t value_size, int64_t wanted,
                                  int64_t *capacity, struct mzg_error *err);

#endif
