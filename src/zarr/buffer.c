#include <zarr/buffer.h>

#include <core/array.h>

enum mzg_status mzg_buffer_reserve(struct mzg_buffer *buffer, size_t capacity, struct mzg_error *err)
{
    buffer->size = 0;
    int64_t wanted = capacity <= INT64_MAX ? (int64_t)capacity : -1;
    return mzg_array_reserve(&buffer->bytes, 1, wanted, &buffer->capacity, "bytes of a chunk", err);
}

void mzg_put_little_endian(unsigned char *target, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        target[i] = (unsigned char)(value >> (8 * i));
}
