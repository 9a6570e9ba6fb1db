/*
 * Arrays of strings. Before compression a chunk is
 *
 *     | n: uint32 | size of item 0: uint32 | its UTF-8 | size of item 1 | … |
 *
 * little-endian, where n is the full length of a chunk: at the array's end it is padded with empty strings.
 */
#include <zarr/codec.h>
#include <zarr/shard.h>

#include <inttypes.h>

static unsigned char *put_uint32(unsigned char *target, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        *target++ = (unsigned char)(value >> (8 * i));
    return target;
}

/* The bytes of items first .. first + n - 1 without their sizes, or -1 if a chunk cannot hold them. */
static int64_t text_size(const struct mzg_chunk_source *source, int64_t first, int64_t n)
{
    int64_t total = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t size = source->item(source->items, first + i, NULL, 0);
        if (size < 0 || size > MZG_CODEC_MAX_BYTES - total)
            return -1;
        total += size;
    }
    return total;
}

static enum mzg_status fill_strings(const struct mzg_chunk_source *source, int64_t inner,
                                    struct mzg_buffer *scratch, const void **bytes, size_t *size,
                                    struct mzg_error *err)
{
    const struct mzg_zarr_array *array = source->array;
    int64_t first = (source->file * array->n_inner + inner) * array->chunk_items;
    int64_t length = array->spec.n_dimensions == 0 ? 1 : array->spec.shape[0];
    int64_t n = length - first < array->chunk_items ? length - first : array->chunk_items;
    *size = 0;
    int64_t text = text_size(source, first, n);
    if (text == 0)
        return MZG_OK;
    int64_t full = 4 + 4 * array->chunk_items + text;
    if (text < 0 || full > MZG_CODEC_MAX_BYTES)
        return mzg_fail(err, MZG_ERANGE,
                        "the %" PRId64 " strings from number %" PRId64 " are longer than 2 GiB", n, first);
    if (mzg_buffer_reserve(scratch, (size_t)full, err) != MZG_OK)
        return err->status;

    unsigned char *end = put_uint32(scratch->bytes, (uint32_t)array->chunk_items);
    for (int64_t i = 0; i < n; i++) {
        int64_t left = full - (end + 4 - scratch->bytes);
        int64_t item_size = source->item(source->items, first + i, (char *)end + 4, left);
        put_uint32(end, (uint32_t)item_size);
        end += 4 + item_size;
    }
    for (int64_t i = n < 0 ? 0 : n; i < array->chunk_items; i++)
        end = put_uint32(end, 0);
    *bytes = scratch->bytes;
    *size = (size_t)full;
    return MZG_OK;
}

enum mzg_status mzg_zarr_write_strings(struct mzg_zarr_array *array, mzg_zarr_string_fn *item,
                                       const void *source, struct mzg_error *err)
{
    if (array->spec.type != MZG_STRING || array->spec.n_dimensions > 1)
        return mzg_fail(err, MZG_EUSAGE, "array %s: it does not hold a list of strings", array->path);
    for (int64_t file = 0; file < array->n_files; file++) {
        struct mzg_chunk_source chunks = {
            .array = array, .file = file, .fill = fill_strings, .item = item, .items = source};
        if (mzg_shard_write(&chunks, err) != MZG_OK)
            return err->status;
    }
    return MZG_OK;
}

enum mzg_status mzg_zarr_pack_strings(struct mzg_zarr_array *array, int64_t chunk, mzg_zarr_string_fn *item,
                                      const void *source, struct mzg_buffer *scratch,
                                      struct mzg_buffer *packed, struct mzg_error *err)
{
    struct mzg_chunk_source chunks = {
        .array = array, .file = chunk / array->n_inner, .item = item, .items = source};
    const void *bytes = NULL;
    size_t size = 0;
    packed->size = 0;
    if (fill_strings(&chunks, chunk % array->n_inner, scratch, &bytes, &size, err) != MZG_OK || size == 0)
        return err->status;
    return mzg_codec_compress(&array->spec.codec, MZG_STRING, bytes, size, packed, err);
}
