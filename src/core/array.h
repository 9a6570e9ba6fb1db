/*
 * Arrays that grow: a pointer, and beside it for how many elements there is room. Several arrays may share
 * that number, as bins and the values beside them do. Large ones lie in huge pages (core/memory.h).
 *
 * Begin with NULL and a capacity of 0, release with free(). Sizes are checked for overflow. All local.
 */
#ifndef MZG_CORE_ARRAY_H
#define MZG_CORE_ARRAY_H

#include <mzgrid/error.h>
#include <stdint.h>

/* One of the arrays that share a capacity. */
struct mzg_array {
    void *pointer;   /* the address of the pointer to its elements */
    int64_t element; /* bytes */
};

/* Makes room for `wanted` elements, and keeps what is there. An array that grows at least doubles, so that
 * appending one by one costs little. MZG_ENOMEM says that there is no memory for so many of `what`; the
 * arrays and their elements are then as before. On success no array is NULL, even if no
 * element is wanted. A negative `wanted`, as of a sum that overflowed, is more than there is memory for. */
enum mzg_status mzg_array_grow(void *pointer, int64_t element, int64_t wanted, int64_t *capacity,
                               const char *what, struct mzg_error *err);
enum mzg_status mzg_arrays_grow(const struct mzg_array *arrays, int n_arrays, int64_t wanted,
                                int64_t *capacity, const char *what, struct mzg_error *err);

/* Makes room for just `wanted` elements, and loses what is there if that takes more: for what is filled anew
 * each time. On failure the arrays are NULL, with a capacity of 0. Otherwise as above. */
enum mzg_status mzg_array_reserve(void *pointer, int64_t element, int64_t wanted, int64_t *capacity,
                                  const char *what, struct mzg_error *err);
enum mzg_status mzg_arrays_reserve(const struct mzg_array *arrays, int n_arrays, int64_t wanted,
                                   int64_t *capacity, const char *what, struct mzg_error *err);

#endif
