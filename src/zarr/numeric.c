/* Chunks of numbers: inner chunks cut out of the data of a file, padded with zeros to full size at the
 * array's ends. */
#include <stdlib.h>
#include <string.h>
#include <zarr/box.h>
#include <zarr/shard.h>

#include <inttypes.h>

/* Where inner chunk `inner` lies in the file's data, and how much of it the array has. False: nothing. */
static bool inner_extent(const struct mzg_zarr_array *array, int64_t inner, const int64_t *extent,
                         int64_t *origin, int64_t *count)
{
    mzg_block_coordinates(array->spec.n_dimensions, array->inner, inner, origin);
    for (int d = 0; d < array->spec.n_dimensions; d++) {
        origin[d] *= array->spec.chunk[d];
        int64_t left = extent[d] - origin[d];
        if (left <= 0)
            return false;
        count[d] = left < array->spec.chunk[d] ? left : array->spec.chunk[d];
    }
    return true;
}

static enum mzg_status fill_chunk(const struct mzg_chunk_source *source, int64_t inner,
                                  struct mzg_buffer *scratch, const void **bytes, size_t *size,
                                  struct mzg_error *err)
{
    const struct mzg_zarr_array *array = source->array;
    int n = array->spec.n_dimensions;
    size_t item_size = (size_t)mzg_type_size(array->spec.type);
    size_t full = (size_t)array->chunk_items * item_size;
    int64_t file_origin[MZG_ZARR_MAX_DIMENSIONS], extent[MZG_ZARR_MAX_DIMENSIONS];
    int64_t origin[MZG_ZARR_MAX_DIMENSIONS], count[MZG_ZARR_MAX_DIMENSIONS];
    *size = 0;
    mzg_zarr_file_extent(array, source->file, file_origin, extent);
    if (!inner_extent(array, inner, extent, origin, count))
        return MZG_OK;

    const unsigned char *chunk;
    bool is_whole = mzg_block_items(n, count) == array->chunk_items;
    if (n <= 1 && is_whole) {
        chunk = (const unsigned char *)source->data + (n == 0 ? 0 : (size_t)origin[0] * item_size);
    } else {
        if (mzg_buffer_reserve(scratch, full, err) != MZG_OK)
            return err->status;
        if (!is_whole)
            memset(scratch->bytes, 0, full);
        mzg_block_copy(n, item_size, source->data, extent, origin, count, scratch->bytes, array->spec.chunk);
        chunk = scratch->bytes;
    }
    if (array->spec.is_whole || !mzg_zarr_is_zero(chunk, full)) {
        *bytes = chunk;
        *size = full;
    }
    return MZG_OK;
}

enum mzg_status mzg_zarr_write(struct mzg_zarr_array *array, int64_t file, const void *data,
                               struct mzg_error *err)
{
    if (array->spec.type == MZG_STRING || file < 0 || file >= array->n_files)
        return mzg_fail(err, MZG_EUSAGE,
                        "array %s: it has no chunk file of numbers %" PRId64 " (of %" PRId64 ")", array->path,
                        file, array->n_files);
    struct mzg_chunk_source source = {.array = array, .file = file, .fill = fill_chunk, .data = data};
    return mzg_shard_write(&source, err);
}

enum mzg_status mzg_zarr_write_all(struct mzg_zarr_array *array, const void *data, struct mzg_error *err)
{
    int n = array->spec.n_dimensions;
    size_t item_size = (size_t)mzg_type_size(array->spec.type);
    struct mzg_buffer part = {0};
    for (int64_t file = 0; file < array->n_files && err->status == MZG_OK; file++) {
        int64_t origin[MZG_ZARR_MAX_DIMENSIONS], extent[MZG_ZARR_MAX_DIMENSIONS];
        mzg_zarr_file_extent(array, file, origin, extent);
        const void *bytes = data;
        if (n == 1) {
            bytes = (const unsigned char *)data + (size_t)origin[0] * item_size;
        } else if (array->n_files > 1) {
            if (mzg_buffer_reserve(&part, (size_t)mzg_block_items(n, extent) * item_size, err) != MZG_OK)
                break;
            mzg_block_copy(n, item_size, data, array->spec.shape, origin, extent, part.bytes, extent);
            bytes = part.bytes;
        }
        mzg_zarr_write(array, file, bytes, err);
    }
    free(part.bytes);
    return err->status;
}
