/*
 * A chunk file is a row of compressed chunks, and for a shard an index:
 *
 *     file    | chunk 0 | chunk 1 | chunk 3 | … | index | CRC-32C |
 *     index   | offset, size of chunk 0 | of chunk 1 | of chunk 2: absent | of chunk 3 | … |
 *
 * Chunks lie in C order without gaps, so that the bytes do not depend on who made them, or when.
 */
#include <zarr/codec.h>
#include <zarr/crc32c.h>
#include <zarr/store.h>
#include <zarr/store_file.h>

#include <stdlib.h>
#include <string.h>

struct mzg_zarr_file {
    struct mzg_zarr_array *array;
    int64_t number;
    char *path;
    struct mzg_store_file file; /* created when the first chunk is there */
    bool created;
    unsigned char *index; /* n_inner times offset and size, then the checksum */
};

static size_t index_size(const struct mzg_zarr_array *array)
{
    return 16 * (size_t)array->n_inner;
}

static void free_file(struct mzg_zarr_file *file)
{
    free(file->index);
    free(file->path);
    free(file);
}

enum mzg_status mzg_zarr_file_begin(struct mzg_zarr_array *array, int64_t number, struct mzg_zarr_file **file,
                                    struct mzg_error *err)
{
    struct mzg_zarr_file *made = calloc(1, sizeof *made);
    if (made) {
        made->array = array;
        made->number = number;
        made->path = mzg_zarr_file_path(array, number);
        made->index = malloc(index_size(array) + 4);
    }
    if (!made || !made->path || !made->index) {
        if (made)
            free_file(made);
        return mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory to write a chunk file of %lld chunks",
                        array->store->path, array->path, (long long)array->n_inner);
    }
    memset(made->index, 0xff, index_size(array)); /* all absent */
    *file = made;
    return MZG_OK;
}

const char *mzg_zarr_file_name(const struct mzg_zarr_file *file)
{
    return file->path;
}

enum mzg_status mzg_zarr_file_put(struct mzg_zarr_file *file, int64_t inner, const void *packed, size_t size,
                                  struct mzg_error *err)
{
    if (size == 0)
        return MZG_OK;
    if (!file->created && mzg_store_file_create(file->path, &file->file, err) != MZG_OK)
        return err->status;
    file->created = true;
    mzg_put_little_endian(file->index + 16 * inner, (uint64_t)file->file.written, 8);
    mzg_put_little_endian(file->index + 16 * inner + 8, size, 8);
    return mzg_store_file_append(&file->file, packed, size, err);
}

enum mzg_status mzg_zarr_file_end(struct mzg_zarr_file *file, struct mzg_error *err)
{
    if (!file)
        return err->status;
    size_t size = index_size(file->array);
    if (file->created && file->array->spec.shard[0] > 0 && err->status == MZG_OK) {
        mzg_put_little_endian(file->index + size, mzg_crc32c(file->index, size), 4);
        mzg_store_file_append(&file->file, file->index, size + 4, err);
    }
    if (file->created)
        mzg_store_file_close(&file->file, err);
    if (file->created && err->status == MZG_OK)
        mzg_zarr_note_written(file->array, file->number, file->file.written, err);
    file->array->store->bytes_written += file->file.written;
    free_file(file);
    return err->status;
}

bool mzg_zarr_is_zero(const void *bytes, size_t size)
{
    const unsigned char *first = bytes;
    return size == 0 || (*first == 0 && memcmp(first, first + 1, size - 1) == 0);
}

enum mzg_status mzg_zarr_pack(const struct mzg_zarr_array *array, const void *bytes,
                              struct mzg_buffer *packed, struct mzg_error *err)
{
    size_t size = (size_t)array->chunk_items * (size_t)mzg_type_size(array->spec.type);
    packed->size = 0;
    if (!array->spec.is_whole && mzg_zarr_is_zero(bytes, size))
        return MZG_OK;
    return mzg_codec_compress(&array->spec.codec, array->spec.type, bytes, size, packed, err);
}
