/* A chunk as it lies in its file, unpacked: the file opened, the index of a shard read, codecs undone. */
#include <zarr/array_input.h>

#include <core/array.h>
#include <core/file.h>
#include <core/memory.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zarr/box.h>
#include <zarr/crc32c.h>

/* Of a chunk that is left out: both numbers of the index. */
static const uint64_t absent = UINT64_MAX;

static enum mzg_status damaged(const struct mzg_zarr_input *input, int64_t file, const char *what,
                               struct mzg_error *err)
{
    return mzg_fail(err, MZG_EFORMAT, "%s/%s: chunk file %" PRId64 " is damaged: %s", input->store,
                    input->node, file, what);
}

static void close_file(struct mzg_zarr_cursor *cursor)
{
    if (cursor->input && cursor->fd >= 0)
        close(cursor->fd);
    cursor->input = NULL;
    cursor->fd = -1;
    cursor->inner = -1;
}

void mzg_zarr_cursor_close(struct mzg_zarr_cursor *cursor)
{
    close_file(cursor);
    free(cursor->index);
    free(cursor->packed.bytes);
    free(cursor->between.bytes);
    free(cursor->plain.bytes);
    *cursor = (struct mzg_zarr_cursor){0};
}

static enum mzg_status read_at(const struct mzg_zarr_input *input, const struct mzg_zarr_cursor *cursor,
                               int64_t offset, void *bytes, size_t size, struct mzg_error *err)
{
    int error = mzg_read_at(cursor->fd, bytes, (int64_t)size, offset);
    if (error == ENODATA)
        return damaged(input, cursor->file, "it ends early", err);
    if (error)
        return mzg_fail(err, MZG_EIO, "%s/%s: chunk file %" PRId64 " cannot be read: %s", input->store,
                        input->node, cursor->file, strerror(error));
    return MZG_OK;
}

static enum mzg_status read_index(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                  struct mzg_error *err)
{
    size_t n = 2 * (size_t)input->n_inner;
    size_t size = n * sizeof *cursor->index, whole = size + (input->index_checked ? 4 : 0);
    if (cursor->file_size < (int64_t)whole)
        return damaged(input, cursor->file, "it is too short for the index of its chunks", err);
    if (mzg_array_reserve(&cursor->index, sizeof *cursor->index, (int64_t)n + 1, &cursor->index_capacity,
                          "places of chunks in a shard", err) != MZG_OK)
        return err->status;
    int64_t offset = input->index_first ? 0 : cursor->file_size - (int64_t)whole;
    if (read_at(input, cursor, offset, cursor->index, whole, err) != MZG_OK)
        return err->status;
    uint32_t checksum;
    memcpy(&checksum, (const char *)cursor->index + size, sizeof checksum);
    if (input->index_checked && checksum != mzg_crc32c(cursor->index, size))
        return damaged(input, cursor->file, "the checksum of the index of its chunks does not hold", err);
    return MZG_OK;
}

/* `root`/`node`/c/1/2, to be freed. */
static char *file_path(const struct mzg_zarr_input *input, int64_t file)
{
    int n = input->shape.n_dimensions;
    int64_t at[MZG_ZARR_MAX_DIMENSIONS];
    char key[MZG_ZARR_MAX_DIMENSIONS][24] = {{0}};
    char *path;
    mzg_block_coordinates(n, input->grid, file, at);
    for (int d = 0; d < n; d++)
        snprintf(key[d], sizeof key[d], "%c%" PRId64, input->separator, at[d]);
    if (asprintf(&path, "%s/%s%sc%s%s%s%s", input->store, input->node, *input->node ? "/" : "", key[0],
                 key[1], key[2], key[3]) < 0)
        return NULL;
    return path;
}

static enum mzg_status open_file(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                 int64_t file, struct mzg_error *err)
{
    struct stat status;
    char *path = file_path(input, file);
    if (!path)
        return mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for the path of a chunk", input->store,
                        input->node);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno != ENOENT)
        mzg_fail(err, MZG_EIO, "%s: it cannot be read: %s", path, strerror(errno));
    else if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)))
        mzg_fail(err, MZG_EFORMAT, "%s: it is not a file", path);
    free(path);
    if (err->status != MZG_OK) {
        if (fd >= 0)
            close(fd);
        return err->status;
    }
    cursor->input = input;
    cursor->file = file;
    cursor->fd = fd;
    cursor->file_size = fd < 0 ? 0 : status.st_size;
    return MZG_OK;
}

enum mzg_status mzg_zarr_cursor_open(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                     int64_t file, struct mzg_error *err)
{
    if (cursor->input == input && cursor->file == file)
        return MZG_OK;
    close_file(cursor);
    if (open_file(input, cursor, file, err) == MZG_OK && cursor->fd >= 0 && input->sharded &&
        read_index(input, cursor, err) != MZG_OK)
        close_file(cursor);
    return err->status;
}

/* Where an inner chunk lies in the open file; `*size` is 0 if it is left out. */
static enum mzg_status locate(const struct mzg_zarr_input *input, const struct mzg_zarr_cursor *cursor,
                              int64_t inner, int64_t *offset, size_t *size, struct mzg_error *err)
{
    *offset = 0;
    *size = cursor->fd < 0 ? 0 : (size_t)cursor->file_size;
    if (cursor->fd < 0)
        return MZG_OK;
    if (!input->sharded)
        return *size > 0 ? MZG_OK : damaged(input, cursor->file, "it is empty", err);
    uint64_t from = cursor->index[2 * inner], bytes = cursor->index[2 * inner + 1];
    *size = 0;
    if (from == absent && bytes == absent)
        return MZG_OK;
    uint64_t end = (uint64_t)cursor->file_size;
    if (bytes == 0 || from > end || bytes > end - from)
        return damaged(input, cursor->file, "its index places a chunk outside the file", err);
    *offset = (int64_t)from;
    *size = (size_t)bytes;
    return MZG_OK;
}

/* Undoes a codec: the bytes in `packed` become `target_size` bytes at `target`, or, if that is NULL, any
 * number in `buffer`. */
static enum mzg_status undo(enum mzg_zarr_unpacking kind, const struct mzg_buffer *packed, void *target,
                            int64_t target_size, struct mzg_buffer *buffer, struct mzg_error *err)
{
    static const enum mzg_codec_kind kinds[] = {
        [MZG_UNPACK_ZSTD] = MZG_CODEC_ZSTD, [MZG_UNPACK_BLOSC] = MZG_CODEC_BLOSC_ZSTD};
    if (kind == MZG_UNPACK_CRC32C) {
        uint32_t checksum;
        if (packed->size < sizeof checksum)
            return mzg_fail(err, MZG_EFORMAT, "it is too short");
        size_t size = packed->size - sizeof checksum;
        memcpy(&checksum, packed->bytes + size, sizeof checksum);
        if (checksum != mzg_crc32c(packed->bytes, size))
            return mzg_fail(err, MZG_EFORMAT, "its checksum does not hold");
        if (target && (int64_t)size != target_size)
            return mzg_fail(err, MZG_EFORMAT, "it has %zu bytes instead of %" PRId64, size, target_size);
        if (!target && mzg_buffer_reserve(buffer, size, err) != MZG_OK)
            return err->status;
        memcpy(target ? target : buffer->bytes, packed->bytes, size);
        buffer->size = target ? buffer->size : size;
        return MZG_OK;
    }
    int64_t size = target_size;
    if (!target) {
        if (mzg_codec_plain_size(kinds[kind], packed->bytes, packed->size, &size, err) != MZG_OK ||
            mzg_buffer_reserve(buffer, (size_t)size, err) != MZG_OK)
            return err->status;
        buffer->size = (size_t)size;
        target = buffer->bytes;
    }
    return mzg_codec_decompress(kinds[kind], packed->bytes, packed->size, target, (size_t)size, err);
}

static void swap(struct mzg_buffer *a, struct mzg_buffer *b)
{
    struct mzg_buffer held = *a;
    *a = *b;
    *b = held;
}

static enum mzg_status unpack(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                              void *target, struct mzg_error *err)
{
    for (int i = input->n_codecs - 1; i >= 0; i--) {
        void *to = i == 0 ? target : NULL;
        if (undo(input->codecs[i], &cursor->packed, to, input->chunk_bytes, &cursor->between, err) != MZG_OK)
            return err->status;
        if (!to)
            swap(&cursor->packed, &cursor->between);
    }
    if (!target)
        swap(&cursor->packed, &cursor->plain);
    return MZG_OK;
}

enum mzg_status mzg_zarr_cursor_chunk(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                      int64_t inner, void *target, bool *found, struct mzg_error *err)
{
    int64_t offset;
    size_t size;
    if (locate(input, cursor, inner, &offset, &size, err) != MZG_OK)
        return err->status;
    *found = size > 0;
    if (size == 0)
        return MZG_OK;
    if (size > (size_t)MZG_CODEC_MAX_BYTES * 2)
        return damaged(input, cursor->file, "a chunk is longer than 4 GiB", err);
    if (target && input->n_codecs == 0) {
        if ((int64_t)size != input->chunk_bytes)
            return damaged(input, cursor->file, "a chunk has another size than its elements", err);
        return read_at(input, cursor, offset, target, size, err);
    }
    if (mzg_buffer_reserve(&cursor->packed, size, err) != MZG_OK ||
        read_at(input, cursor, offset, cursor->packed.bytes, size, err) != MZG_OK)
        return err->status;
    cursor->packed.size = size;
    if (unpack(input, cursor, target, err) != MZG_OK && err->status == MZG_EFORMAT) {
        struct mzg_error why = *err;
        char what[200];
        snprintf(what, sizeof what, "chunk %" PRId64 " in it: %.150s", inner, why.text);
        return damaged(input, cursor->file, what, err);
    }
    return err->status;
}
