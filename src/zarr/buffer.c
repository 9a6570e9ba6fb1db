#include <zarr/buffer.h>

#include <stdlib.h>

enum mzg_status mzg_buffer_reserve(struct mzg_buffer *buffer, size_t capacity, struct mzg_error *err)
{
    buffer->size = 0;
    if (capacity <= buffer->capacity)
        return MZG_OK;
    free(buffer->bytes);
    buffer->bytes = malloc(capacity);
    buffer->capacity = buffer->bytes ? capacity : 0;
    if (!buffer->bytes)
        return mzg_fail(err, MZG_ENOMEM, "no memory for a chunk of %zu bytes", capacity);
    return MZG_OK;
}
