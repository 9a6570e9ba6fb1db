/* A growing block of bytes that is filled anew each time, because making room does not keep what was in it;
 * and numbers as bytes. */
#ifndef MZG_ZARR_BUFFER_H
#define MZG_ZARR_BUFFER_H

#include <mzgrid/error.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty buffer; the owner frees `bytes`. */
struct mzg_buffer {
    unsigned char *bytes;
    size_t size; /* in use */
    int64_t capacity;
};

/* Makes room for `capacity` bytes and sets the size to 0. Local. */
enum mzg_status mzg_buffer_reserve(struct mzg_buffer *buffer, size_t capacity, struct mzg_error *err);

/* Writes the lowest `size` bytes of a number, lowest first. Local. */
void mzg_put_little_endian(unsigned char *target, uint64_t value, int size);

#endif
