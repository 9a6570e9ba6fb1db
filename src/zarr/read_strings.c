/* Arrays of strings; string.c tells how a chunk lies in its file. */
#include <zarr/array_input.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t get_uint32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Appends n strings of a chunk, from number `first` of it on, to the list; false if the chunk is not whole or
 * one has a zero byte. */
static bool append_chunk(const struct mzg_buffer *chunk, int64_t chunk_items, int64_t first, int64_t n,
                         FILE *list)
{
    const unsigned char *at = chunk->bytes;
    size_t left = chunk->size;
    if (left < 4 || get_uint32(at) != chunk_items)
        return false;
    at += 4;
    left -= 4;
    for (int64_t i = 0; i < first + n; i++) {
        if (left < 4 || get_uint32(at) > left - 4)
            return false;
        size_t size = get_uint32(at);
        if (memchr(at + 4, 0, size))
            return false;
        if (i >= first) {
            fwrite(at + 4, 1, size, list);
            fputc(0, list);
        }
        at += 4 + size;
        left -= 4 + size;
    }
    return true;
}

static enum mzg_status read_chunks(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                   int64_t first, int64_t n, FILE *list, struct mzg_error *err)
{
    for (int64_t count, end = first + n; first < end; first += count) {
        int64_t number = first / input->chunk_items, in_chunk = first % input->chunk_items;
        count = end - first < input->chunk_items - in_chunk ? end - first : input->chunk_items - in_chunk;
        bool found;
        if (mzg_zarr_cursor_open(input, cursor, number / input->n_inner, err) != MZG_OK ||
            mzg_zarr_cursor_chunk(input, cursor, number % input->n_inner, NULL, &found, err) != MZG_OK)
            return err->status;
        if (found && !append_chunk(&cursor->plain, input->chunk_items, in_chunk, count, list))
            return mzg_fail(err, MZG_EFORMAT, "%s/%s: the strings from number %" PRId64 " on are damaged",
                            input->store, input->node, first);
        for (int64_t i = 0; i < count && !found; i++)
            fwrite(input->fill_text, 1, strlen(input->fill_text) + 1, list);
        if (ferror(list))
            return mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its strings", input->store, input->node);
    }
    return MZG_OK;
}

enum mzg_status mzg_zarr_read_texts(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                    int64_t first, int64_t n, struct mzg_zarr_strings *strings,
                                    struct mzg_error *err)
{
    char *text = NULL;
    size_t size = 0;
    int64_t most = input->shape.n_dimensions == 0 ? 1 : input->shape.shape[0];
    if (input->shape.type != MZG_STRING || input->shape.n_dimensions > 1)
        return mzg_fail(err, MZG_EFORMAT, "%s/%s: it does not hold a list of strings", input->store,
                        input->node);
    if (first < 0 || n < 0 || n > most - first)
        return mzg_fail(err, MZG_ERANGE, "%s/%s: it has fewer elements than expected", input->store,
                        input->node);
    FILE *list = open_memstream(&text, &size);
    if (!list)
        return mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory to read it", input->store, input->node);
    read_chunks(input, cursor, first, n, list, err);
    if (fclose(list) != 0 && err->status == MZG_OK)
        mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its strings", input->store, input->node);
    if (err->status == MZG_OK)
        mzg_zarr_strings_list(text, n, strings, err);
    else
        free(text);
    return err->status;
}

enum mzg_status mzg_zarr_read_strings(const char *store, const char *node, int64_t most,
                                      struct mzg_zarr_strings *strings, struct mzg_error *err)
{
    struct mzg_zarr_input *input = NULL;
    struct mzg_zarr_cursor cursor = {0};
    if (mzg_zarr_input_open(store, node, &input, err) == MZG_OK) {
        int64_t n = input->shape.n_dimensions == 0 ? 1 : input->shape.shape[0];
        if (input->shape.type == MZG_STRING && input->shape.n_dimensions <= 1 && n > most)
            mzg_fail(err, MZG_ERANGE, "%s/%s: it has %" PRId64 " elements; expected at most %" PRId64, store,
                     node, n, most);
        else
            mzg_zarr_read_texts(input, &cursor, 0, n, strings, err);
    }
    mzg_zarr_cursor_close(&cursor);
    mzg_zarr_input_free(input);
    return err->status;
}
