/* Boxes and whole arrays, put together from chunks. */
#include <zarr/array_input.h>

#include <core/memory.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zarr/box.h>

/* Part of a box that lies in one chunk. */
struct piece {
    int64_t in_chunk[MZG_ZARR_MAX_DIMENSIONS]; /* its first element in the chunk */
    int64_t in_box[MZG_ZARR_MAX_DIMENSIONS];   /* and in the box */
    int64_t count[MZG_ZARR_MAX_DIMENSIONS];
};

/* A box that is being read. */
struct box {
    const struct mzg_zarr_input *input;
    struct mzg_zarr_cursor *cursor;
    const int64_t *origin;
    const int64_t *count;
    unsigned char *values;
};

static int64_t offset_in(int n, const int64_t *shape, const int64_t *at)
{
    int64_t offset = 0;
    for (int d = 0; d < n; d++)
        offset = offset * shape[d] + at[d];
    return offset;
}

/* Fills a piece with the fill value. */
static void fill_piece(const struct box *box, const struct piece *piece)
{
    int n = box->input->shape.n_dimensions;
    size_t item_size = (size_t)mzg_type_size(box->input->shape.type);
    int64_t items = mzg_block_items(n, piece->count), run = n > 0 ? piece->count[n - 1] : 1;
    int64_t at[MZG_ZARR_MAX_DIMENSIONS];
    for (int64_t i = 0; i < items; i += run) {
        mzg_block_coordinates(n, piece->count, i, at);
        for (int d = 0; d < n; d++)
            at[d] += piece->in_box[d];
        unsigned char *target = box->values + (size_t)offset_in(n, box->count, at) * item_size;
        for (int64_t k = 0; k < run; k++)
            memcpy(target + (size_t)k * item_size, box->input->fill, item_size);
    }
}

void mzg_zarr_input_need_chunks(struct mzg_zarr_input *input, int64_t most)
{
    input->is_needed = input->shape.n_dimensions == 1;
    input->most_absent = most;
}

void mzg_zarr_inputs_need_chunks(struct mzg_zarr_input *data, struct mzg_zarr_input *indices,
                                 int64_t n_minors)
{
    mzg_zarr_input_need_chunks(data, 0);
    if (n_minors > 1)
        mzg_zarr_input_need_chunks(indices, 1);
}

/* That an absent chunk of the open file may be absent. */
static enum mzg_status check_absent(const struct box *box, int64_t inner, struct mzg_error *err)
{
    const struct mzg_zarr_input *input = box->input;
    if (!input->is_needed)
        return MZG_OK;
    int64_t begin = box->cursor->file * input->shape.file[0] + inner * input->shape.chunk[0];
    int64_t left = input->shape.shape[0] - begin;
    if ((left < input->chunk_items ? left : input->chunk_items) <= input->most_absent)
        return MZG_OK;
    return mzg_fail(err, MZG_EFORMAT,
                    "%s/%s: chunk c%c%" PRId64 " is missing; the store is incomplete, copy it again",
                    input->store, input->node, input->separator, box->cursor->file);
}

static enum mzg_status read_piece(const struct box *box, int64_t inner, const struct piece *piece,
                                  struct mzg_error *err)
{
    const struct mzg_zarr_input *input = box->input;
    struct mzg_zarr_cursor *cursor = box->cursor;
    int n = input->shape.n_dimensions;
    size_t item_size = (size_t)mzg_type_size(input->shape.type);
    unsigned char *target = box->values + (size_t)offset_in(n, box->count, piece->in_box) * item_size;
    bool is_whole = n <= 1 && mzg_block_items(n, piece->count) == input->chunk_items;
    bool found = true;
    if (cursor->inner != inner) {
        if (!is_whole) {
            cursor->inner = -1;
            if (mzg_buffer_reserve(&cursor->plain, (size_t)input->chunk_bytes, err) != MZG_OK)
                return err->status;
        }
        if (mzg_zarr_cursor_chunk(input, cursor, inner, is_whole ? target : cursor->plain.bytes, &found,
                                  err) != MZG_OK)
            return err->status;
        if (is_whole && found)
            return MZG_OK;
        cursor->inner = found ? inner : cursor->inner;
    }
    if (!found && check_absent(box, inner, err) != MZG_OK)
        return err->status;
    if (!found) {
        cursor->n_absent++;
        fill_piece(box, piece);
    } else {
        mzg_block_copy(n, item_size, cursor->plain.bytes, input->shape.chunk, piece->in_chunk, piece->count,
                       target, box->count);
    }
    return MZG_OK;
}

/* The part of the interval of `count` from `origin` on that lies in block `number` of `size`: where it begins
 * in the block and in the interval, and its length. */
static int64_t overlap(int64_t origin, int64_t count, int64_t number, int64_t size, int64_t *in_block,
                       int64_t *in_interval)
{
    int64_t begin = number * size, end = origin + count;
    int64_t first = begin > origin ? begin : origin;
    int64_t last = end - begin < size ? end : begin + size;
    *in_block = first - begin;
    *in_interval = first - origin;
    return last - first;
}

/* Which blocks of `size` an interval of `count` > 0 from `origin` on touches. */
static int64_t touched(int64_t origin, int64_t count, int64_t size, int64_t *first)
{
    *first = origin / size;
    return (origin + count - 1) / size - *first + 1;
}

/* The pieces of a box in chunk file `file`, which begins at `file_at`. */
static enum mzg_status read_file(const struct box *box, const int64_t *file_at, struct mzg_error *err)
{
    const struct mzg_zarr_input *input = box->input;
    int n = input->shape.n_dimensions;
    int64_t origin[MZG_ZARR_MAX_DIMENSIONS], in_box[MZG_ZARR_MAX_DIMENSIONS], count[MZG_ZARR_MAX_DIMENSIONS];
    int64_t first[MZG_ZARR_MAX_DIMENSIONS], grid[MZG_ZARR_MAX_DIMENSIONS], at[MZG_ZARR_MAX_DIMENSIONS];
    if (mzg_zarr_cursor_open(input, box->cursor, offset_in(n, input->grid, file_at), err) != MZG_OK)
        return err->status;
    for (int d = 0; d < n; d++) {
        count[d] =
            overlap(box->origin[d], box->count[d], file_at[d], input->shape.file[d], &origin[d], &in_box[d]);
        grid[d] = touched(origin[d], count[d], input->shape.chunk[d], &first[d]);
    }
    int64_t n_chunks = mzg_block_items(n, grid);
    for (int64_t i = 0; i < n_chunks; i++) {
        struct piece piece = {0};
        mzg_block_coordinates(n, grid, i, at);
        for (int d = 0; d < n; d++) {
            at[d] += first[d];
            piece.count[d] = overlap(origin[d], count[d], at[d], input->shape.chunk[d], &piece.in_chunk[d],
                                     &piece.in_box[d]);
            piece.in_box[d] += in_box[d];
        }
        if (read_piece(box, offset_in(n, input->inner, at), &piece, err) != MZG_OK)
            return err->status;
    }
    return MZG_OK;
}

static bool lies_inside(const struct mzg_zarr_shape *shape, const int64_t *origin, const int64_t *count)
{
    for (int d = 0; d < shape->n_dimensions; d++) {
        if (origin[d] < 0 || count[d] < 0 || origin[d] > shape->shape[d] ||
            count[d] > shape->shape[d] - origin[d])
            return false;
    }
    return true;
}

enum mzg_status mzg_zarr_read(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                              const int64_t *origin, const int64_t *count, void *values,
                              struct mzg_error *err)
{
    int n = input->shape.n_dimensions;
    int64_t first[MZG_ZARR_MAX_DIMENSIONS], grid[MZG_ZARR_MAX_DIMENSIONS], at[MZG_ZARR_MAX_DIMENSIONS];
    if (input->shape.type == MZG_STRING)
        return mzg_fail(err, MZG_EFORMAT, "%s/%s: it holds strings; expected numbers", input->store,
                        input->node);
    if (!lies_inside(&input->shape, origin, count))
        return mzg_fail(err, MZG_ERANGE, "%s/%s: it has fewer elements than expected", input->store,
                        input->node);
    if (mzg_block_items(n, count) == 0)
        return MZG_OK;
    for (int d = 0; d < n; d++)
        grid[d] = touched(origin[d], count[d], input->shape.file[d], &first[d]);
    struct box box = {input, cursor, origin, count, values};
    int64_t n_files = mzg_block_items(n, grid);
    for (int64_t i = 0; i < n_files; i++) {
        mzg_block_coordinates(n, grid, i, at);
        for (int d = 0; d < n; d++)
            at[d] += first[d];
        if (read_file(&box, at, err) != MZG_OK)
            return err->status;
    }
    return MZG_OK;
}

static enum mzg_status check_vector(const struct mzg_zarr_input *input, struct mzg_error *err)
{
    if (input->shape.n_dimensions != 1)
        return mzg_fail(err, MZG_EFORMAT, "%s/%s: it has %d dimensions; expected 1", input->store,
                        input->node, input->shape.n_dimensions);
    return MZG_OK;
}

enum mzg_status mzg_zarr_read_range(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                    int64_t first, int64_t n, void *values, struct mzg_error *err)
{
    if (check_vector(input, err) != MZG_OK)
        return err->status;
    return mzg_zarr_read(input, cursor, &first, &n, values, err);
}

/* Widens n elements that lie at the end of the memory that they get, from the front: none is overwritten
 * before it is read, for it lies behind where it goes. */
static void widen(enum mzg_type from, enum mzg_type to, const unsigned char *source, int64_t n, void *values)
{
    for (int64_t i = 0; i < n; i++) {
        int32_t narrow;
        int64_t integer = 0;
        float single;
        double real = 0;
        if (from == MZG_BOOL || from == MZG_INT8) {
            real = (double)(integer = (int64_t)(source[i] ^ 0x80) - 0x80); /* of two's complement */
        } else if (from == MZG_INT32) {
            memcpy(&narrow, source + 4 * i, sizeof narrow);
            real = (double)(integer = narrow);
        } else if (from == MZG_INT64) {
            memcpy(&integer, source + 8 * i, sizeof integer);
            real = (double)integer;
        } else if (from == MZG_FLOAT32) {
            memcpy(&single, source + 4 * i, sizeof single);
            real = (double)single;
        } else {
            memcpy(&real, source + 8 * i, sizeof real);
        }
        if (to == MZG_INT64)
            ((int64_t *)values)[i] = integer;
        else
            ((double *)values)[i] = real;
    }
}

static bool is_integer(enum mzg_type type)
{
    return type == MZG_BOOL || type == MZG_INT8 || type == MZG_INT32 || type == MZG_INT64;
}

/* Reads a box of n elements as int64 or double. */
static enum mzg_status read_as(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                               enum mzg_type type, const int64_t *origin, const int64_t *count, int64_t n,
                               void *values, struct mzg_error *err)
{
    enum mzg_type from = input->shape.type;
    if (from == MZG_STRING || (type == MZG_INT64 && !is_integer(from)))
        return mzg_fail(err, MZG_EFORMAT, "%s/%s: its elements are not %s", input->store, input->node,
                        type == MZG_INT64 ? "integers" : "numbers");
    unsigned char *source = (unsigned char *)values + (size_t)n * (8 - (size_t)mzg_type_size(from));
    if (mzg_zarr_read(input, cursor, origin, count, source, err) != MZG_OK)
        return err->status;
    if (from != type)
        widen(from, type, source, n, values);
    return MZG_OK;
}

enum mzg_status mzg_zarr_read_int64(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                    int64_t first, int64_t n, int64_t *values, struct mzg_error *err)
{
    if (check_vector(input, err) != MZG_OK)
        return err->status;
    return read_as(input, cursor, MZG_INT64, &first, &n, n, values, err);
}

enum mzg_status mzg_zarr_read_double(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                     int64_t first, int64_t n, double *values, struct mzg_error *err)
{
    if (check_vector(input, err) != MZG_OK)
        return err->status;
    return read_as(input, cursor, MZG_FLOAT64, &first, &n, n, values, err);
}

enum mzg_status mzg_zarr_read_box(const struct mzg_zarr_input *input, struct mzg_zarr_cursor *cursor,
                                  const int64_t *origin, const int64_t *count, double *values,
                                  struct mzg_error *err)
{
    return read_as(input, cursor, MZG_FLOAT64, origin, count,
                   mzg_block_items(input->shape.n_dimensions, count), values, err);
}

/* Opens `node` for reading it whole. */
static enum mzg_status open_whole(const char *store, const char *node, int n_dimensions, int64_t most,
                                  struct mzg_zarr_input **input, struct mzg_error *err)
{
    if (mzg_zarr_input_open(store, node, input, err) != MZG_OK)
        return err->status;
    const struct mzg_zarr_shape *shape = &(*input)->shape;
    if (n_dimensions >= 0 && shape->n_dimensions != n_dimensions)
        mzg_fail(err, MZG_EFORMAT, "%s/%s: it has %d dimensions; expected %d", store, node,
                 shape->n_dimensions, n_dimensions);
    else if (mzg_block_items(shape->n_dimensions, shape->shape) > most)
        mzg_fail(err, MZG_ERANGE, "%s/%s: it has %" PRId64 " elements; expected at most %" PRId64, store,
                 node, mzg_block_items(shape->n_dimensions, shape->shape), most);
    return err->status;
}

enum mzg_status mzg_zarr_read_whole(const char *store, const char *node, enum mzg_type type, int n_dimensions,
                                    int64_t most, void **values, int64_t *n, struct mzg_error *err)
{
    static const int64_t begin[MZG_ZARR_MAX_DIMENSIONS];
    struct mzg_zarr_input *input = NULL;
    struct mzg_zarr_cursor cursor = {0};
    void *memory = NULL;
    if (open_whole(store, node, n_dimensions, most, &input, err) != MZG_OK)
        goto cleanup;
    const struct mzg_zarr_shape *shape = &input->shape;
    int64_t items = mzg_block_items(shape->n_dimensions, shape->shape);
    int64_t bytes = mzg_size_product(items + 1, mzg_type_size(type));
    memory = bytes < 0 ? NULL : malloc((size_t)bytes + 8);
    if (!memory) {
        mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its %" PRId64 " elements", store, node, items);
        goto cleanup;
    }
    if (type == MZG_INT64 || type == MZG_FLOAT64)
        read_as(input, &cursor, type, begin, shape->shape, items, memory, err);
    else if (type != shape->type)
        mzg_fail(err, MZG_EFORMAT, "%s/%s: its elements have another type than expected", store, node);
    else
        mzg_zarr_read(input, &cursor, begin, shape->shape, memory, err);
    if (err->status == MZG_OK) {
        *values = memory;
        *n = items;
        memory = NULL;
    }

cleanup:
    free(memory);
    mzg_zarr_cursor_close(&cursor);
    mzg_zarr_input_free(input);
    return err->status;
}
