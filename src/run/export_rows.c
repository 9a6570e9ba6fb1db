#include <run/export_rows.h>

#include <core/memory.h>
#include <core/search.h>
#include <core/stop.h>
#include <view/view_parts.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_BYTES = 16 << 20,     /* of one block: what is unpacked, and the chunks behind it */
    MOST_BAND_BYTES = 256 << 20 /* of a dense matrix, read at once */
};

/* What one task of the pool reads. */
struct mzg_export_block {
    struct mzg_view_block values;
    int64_t first, end; /* what it is to read */
    struct mzg_error err;
};

/* Takes a block that was read. */
typedef enum mzg_status take_fn(struct mzg_export_rows *rows, const struct mzg_view_block *block,
                                struct mzg_error *err);

/* A round of blocks for the pool. */
struct round {
    struct mzg_export_rows *rows;
    const struct mzg_view_lines *lines;
    bool with_values;
};

static int64_t value_size(const struct mzg_export_rows *rows)
{
    return mzg_type_size(rows->type);
}

static int64_t entry_size(const struct mzg_export_rows *rows)
{
    return value_size(rows) + (int64_t)sizeof *rows->bins;
}

static bool has_columns_alone(const struct mzg_view *view)
{
    return !view->dense && !view->rows.data;
}

static enum mzg_status fail_damaged(const struct mzg_export_rows *rows, const char *what,
                                    struct mzg_error *err)
{
    return mzg_fail(err, MZG_EFORMAT, "%s/%s: %s; the store is damaged, or changed meanwhile",
                    rows->view->store, rows->view->table, what);
}

static void read_block(void *context, int64_t item, int worker)
{
    const struct round *round = context;
    struct mzg_export_block *block = &round->rows->blocks[item];
    (void)worker;
    if (mzg_view_block_places(round->rows->view, round->lines, block->first, block->end, &block->values,
                              &block->err) == MZG_OK &&
        round->with_values)
        mzg_view_block_values(round->lines, &block->values, &block->err);
}

/* Reads values first .. end - 1, by all workers, and has each block taken, in order. */
static enum mzg_status read_lines(struct mzg_export_rows *rows, const struct mzg_view_lines *lines,
                                  int64_t first, int64_t end, bool with_values, take_fn *take,
                                  struct mzg_error *err)
{
    struct round round = {rows, lines, with_values};
    while (first < end && err->status == MZG_OK) {
        int n = 0;
        for (; n < rows->n_blocks && first < end; n++) {
            rows->blocks[n].first = first;
            first = (first / MZG_VIEW_BLOCK + 1) * MZG_VIEW_BLOCK;
            first = first < end ? first : end;
            rows->blocks[n].end = first;
        }
        if (rows->pool)
            mzg_pool_run(rows->pool, n, read_block, &round);
        for (int i = 0; i < n && err->status == MZG_OK; i++) {
            if (!rows->pool)
                read_block(&round, i, 0);
            *err = rows->blocks[i].err;
            if (err->status == MZG_OK)
                take(rows, &rows->blocks[i].values, err);
        }
    }
    return err->status;
}

static enum mzg_status count_columns(struct mzg_export_rows *rows, const struct mzg_view_block *block,
                                     struct mzg_error *err)
{
    for (int64_t i = 0; i < block->n; i++) {
        int64_t row = block->places[i] - rows->first;
        if (row >= 0 && row < rows->n)
            rows->counts[row]++;
    }
    return err->status;
}

static void put_value(const struct mzg_export_rows *rows, int64_t at, double value)
{
    if (rows->type == MZG_FLOAT32)
        ((float *)rows->values)[at] = (float)value;
    else
        ((double *)rows->values)[at] = value;
}

/* Puts what of a block of columns lies in the rows of the batch to its places. */
static enum mzg_status take_columns(struct mzg_export_rows *rows, const struct mzg_view_block *block,
                                    struct mzg_error *err)
{
    int64_t low = mzg_place_of(rows->bounds, rows->view->n_bins, block->first);
    for (int64_t i = 0; i < block->n; i++) {
        int64_t row = block->places[i] - rows->first - rows->at;
        while (block->first + i >= rows->bounds[low + 1])
            low++;
        if (row < 0 || row >= rows->n_at)
            continue;
        int64_t at = rows->filled[row]++;
        if (at >= rows->begins[row + 1] || (at > rows->begins[row] && rows->bins[at - 1] == (int32_t)low))
            return fail_damaged(rows, "a column has a pixel twice", err);
        rows->bins[at] = (int32_t)low;
        put_value(rows, at, block->values[i]);
    }
    return err->status;
}

/* Blocks of rows follow each other as the batch does. */
static enum mzg_status take_rows(struct mzg_export_rows *rows, const struct mzg_view_block *block,
                                 struct mzg_error *err)
{
    int64_t to = block->first - rows->bounds[rows->at];
    for (int64_t i = 0; i < block->n; i++) {
        rows->bins[to + i] = (int32_t)block->places[i];
        put_value(rows, to + i, block->values[i]);
    }
    return err->status;
}

static enum mzg_status check_rows(const struct mzg_export_rows *rows, struct mzg_error *err)
{
    for (int64_t row = 0; row < rows->n_at; row++)
        for (int64_t i = rows->begins[row] + 1; i < rows->begins[row + 1]; i++)
            if (rows->bins[i] <= rows->bins[i - 1])
                return fail_damaged(rows, "the bins of a pixel are not ascending", err);
    return err->status;
}

/* Whether a value of a dense matrix is one that a sparse one would hold: all but +0, as -0 is. */
static bool is_value(const char *value, size_t size)
{
    static const char zero[sizeof(double)];
    return memcmp(value, zero, size) != 0;
}

/* Puts a value of row `row` behind those that the batch has, of which this row was promised so many. */
static enum mzg_status put_dense(struct mzg_export_rows *rows, int64_t row, int64_t begin, int64_t to,
                                 int64_t bin, const char *value, struct mzg_error *err)
{
    int64_t promised = rows->counted ? rows->counts[rows->at + row] : rows->view->n_bins;
    size_t size = (size_t)value_size(rows);
    if (to - begin >= promised)
        return fail_damaged(rows, "a pixel has more values than a moment ago", err);
    rows->bins[to] = (int32_t)bin;
    memcpy((char *)rows->values + (size_t)to * size, value, size);
    rows->seen[bin]++;
    return err->status;
}

/* Reads n rows of a dense matrix from `at` on: they become the batch, or are counted. */
static enum mzg_status read_dense(struct mzg_export_rows *rows, int64_t at, int64_t n, bool fill,
                                  struct mzg_error *err)
{
    const struct mzg_view *view = rows->view;
    struct mzg_zarr_cursor cursor = {0};
    size_t size = (size_t)value_size(rows);
    int64_t n_values = 0;
    for (int64_t done = 0, height; done < n && err->status == MZG_OK; done += height) {
        height = n - done < rows->band_rows ? n - done : rows->band_rows;
        int64_t origin[2] = {rows->first + at + done, 0}, count[2] = {height, view->n_bins};
        if (mzg_check_stop(view->stop, err) != MZG_OK ||
            mzg_zarr_read(view->dense, &cursor, origin, count, rows->band, err) != MZG_OK)
            break;
        for (int64_t row = 0; row < height && err->status == MZG_OK; row++) {
            int64_t begin = n_values;
            for (int64_t k = 0; k < view->n_bins && err->status == MZG_OK; k++) {
                const char *value = rows->band + (size_t)(row * view->n_bins + k) * size;
                if (!is_value(value, size))
                    continue;
                if (fill)
                    put_dense(rows, done + row, begin, n_values, k, value, err);
                n_values++;
            }
            if (!fill)
                rows->counts[at + done + row] = n_values - begin;
            else if (rows->counted && err->status == MZG_OK &&
                     n_values - begin != rows->counts[at + done + row])
                fail_damaged(rows, "a pixel has fewer values than a moment ago", err);
            else
                rows->begins[done + row + 1] = n_values;
        }
    }
    rows->n_absent += fill ? cursor.n_absent : 0;
    mzg_zarr_cursor_close(&cursor);
    return err->status;
}

/* The values of every wanted row. */
static enum mzg_status count(struct mzg_export_rows *rows, struct mzg_error *err)
{
    const struct mzg_view *view = rows->view;
    if (view->dense)
        return read_dense(rows, 0, rows->n, false, err);
    if (view->rows.data) {
        if (mzg_view_bounds(view, &view->rows, rows->first, rows->n, rows->bounds, err) == MZG_OK)
            for (int64_t row = 0; row < rows->n; row++)
                rows->counts[row] = rows->bounds[row + 1] - rows->bounds[row];
        return err->status;
    }
    if (mzg_view_bounds(view, &view->columns, 0, view->n_bins, rows->bounds, err) != MZG_OK)
        return err->status;
    return read_lines(rows, &view->columns, 0, rows->bounds[view->n_bins], false, count_columns, err);
}

/* How many rows the batch that begins with row `at` has: what fits, one at least. */
static int64_t batch_of(const struct mzg_export_rows *rows, int64_t at, int64_t *n_values)
{
    int64_t n = 0, most = rows->memory / entry_size(rows);
    *n_values = 0;
    for (; at + n < rows->n; n++) {
        int64_t more = rows->counts ? rows->counts[at + n] : rows->view->n_bins;
        if (n > 0 && more > most - *n_values)
            break;
        *n_values += more;
    }
    return n;
}

static enum mzg_status make_blocks(struct mzg_export_rows *rows, struct mzg_error *err)
{
    rows->n_blocks = rows->pool ? mzg_pool_size(rows->pool) : 1;
    rows->blocks = calloc((size_t)rows->n_blocks, sizeof *rows->blocks);
    if (!rows->blocks)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to read it", rows->view->store);
    for (int i = 0; i < rows->n_blocks; i++)
        if (mzg_view_block_new(&rows->blocks[i].values, err) != MZG_OK)
            return err->status;
    return MZG_OK;
}

static enum mzg_status make_band(struct mzg_export_rows *rows, struct mzg_error *err)
{
    const struct mzg_zarr_shape *shape = mzg_zarr_input_shape(rows->view->dense);
    int64_t row = mzg_size_product(rows->view->n_bins, value_size(rows));
    int64_t share = rows->memory / 2 < MOST_BAND_BYTES ? rows->memory / 2 : MOST_BAND_BYTES;
    int64_t height = row > 0 ? share / row : 1;
    height = height / shape->chunk[0] > 0 ? height / shape->chunk[0] * shape->chunk[0] : height;
    height = height < rows->n ? height : rows->n;
    rows->band_rows = height > 0 ? height : 1;
    rows->band = row > 0 ? malloc((size_t)(rows->band_rows * row)) : NULL;
    rows->seen = calloc((size_t)rows->view->n_bins + 1, sizeof *rows->seen);
    if (!rows->band || !rows->seen)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for %" PRId64 " of its rows", rows->view->store,
                        rows->band_rows);
    rows->memory -= rows->band_rows * row; /* what is left is a batch's; it has one row at least */
    return MZG_OK;
}

static enum mzg_status make_room(struct mzg_export_rows *rows, struct mzg_error *err)
{
    int64_t widest = 0, highest = 0;
    for (int64_t at = 0, n, n_values; at < rows->n; at += n) {
        n = batch_of(rows, at, &n_values);
        widest = n_values > widest ? n_values : widest;
        highest = n > highest ? n : highest;
        rows->n_batches++;
    }
    rows->begins = malloc(((size_t)highest + 1) * sizeof *rows->begins);
    rows->filled = malloc(((size_t)highest + 1) * sizeof *rows->filled);
    rows->bins = malloc(((size_t)widest + 1) * sizeof *rows->bins);
    rows->values = malloc(((size_t)widest + 1) * (size_t)value_size(rows));
    if (!rows->begins || !rows->filled || !rows->bins || !rows->values)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for %" PRId64 " values of its rows",
                        rows->view->store, widest);
    return MZG_OK;
}

enum mzg_status mzg_export_rows_open(struct mzg_export_rows *rows, struct mzg_error *err)
{
    const struct mzg_view *view = rows->view;
    const struct mzg_zarr_input *values = view->dense       ? view->dense
                                          : view->rows.data ? view->rows.data
                                                            : view->columns.data;
    int64_t n_bounds = has_columns_alone(view) ? view->n_bins : rows->n;
    rows->type = mzg_zarr_input_shape(values)->type;
    if (rows->type != MZG_FLOAT32 && rows->type != MZG_FLOAT64)
        return mzg_fail(err, MZG_EFORMAT, "%s/%s/X: its values are neither float32 nor float64", view->store,
                        view->table);
    if (view->dense ? make_band(rows, err) != MZG_OK : make_blocks(rows, err) != MZG_OK)
        return err->status;
    if (!view->dense || rows->counted) {
        rows->counts = calloc((size_t)rows->n + 1, sizeof *rows->counts);
        rows->bounds = view->dense ? NULL : malloc(((size_t)n_bounds + 1) * sizeof *rows->bounds);
        if (!rows->counts || (!view->dense && !rows->bounds))
            return mzg_fail(err, MZG_ENOMEM, "%s: no memory to count its values", view->store);
        if (count(rows, err) != MZG_OK)
            return err->status;
    }
    return make_room(rows, err);
}

void mzg_export_rows_close(struct mzg_export_rows *rows)
{
    for (int i = 0; rows->blocks && i < rows->n_blocks; i++)
        mzg_view_block_destroy(&rows->blocks[i].values);
    free(rows->blocks);
    free(rows->counts);
    free(rows->begins);
    free(rows->filled);
    free(rows->bins);
    free(rows->values);
    free(rows->bounds);
    free(rows->band);
    free(rows->seen);
    *rows = (struct mzg_export_rows){0};
}

enum mzg_status mzg_export_rows_next(struct mzg_export_rows *rows, struct mzg_error *err)
{
    const struct mzg_view *view = rows->view;
    int64_t n_values;
    rows->at += rows->n_at;
    rows->n_at = batch_of(rows, rows->at, &n_values);
    if (rows->n_at == 0)
        return MZG_OK;
    rows->begins[0] = 0;
    if (view->dense)
        return read_dense(rows, rows->at, rows->n_at, true, err);
    for (int64_t row = 0; row < rows->n_at; row++)
        rows->begins[row + 1] = rows->begins[row] + rows->counts[rows->at + row];
    if (view->rows.data) {
        const int64_t *bounds = rows->bounds + rows->at;
        if (read_lines(rows, &view->rows, bounds[0], bounds[rows->n_at], true, take_rows, err) == MZG_OK)
            check_rows(rows, err);
        return err->status;
    }
    memcpy(rows->filled, rows->begins, (size_t)rows->n_at * sizeof *rows->filled);
    read_lines(rows, &view->columns, 0, rows->bounds[view->n_bins], true, take_columns, err);
    for (int64_t row = 0; row < rows->n_at && err->status == MZG_OK; row++)
        if (rows->filled[row] != rows->begins[row + 1])
            fail_damaged(rows, "a column lost a pixel", err);
    return err->status;
}

enum mzg_status mzg_export_rows_check(const struct mzg_export_rows *rows, struct mzg_error *err)
{
    const struct mzg_view *view = rows->view;
    double *told = NULL;
    if (!rows->seen || rows->n_absent == 0 || mzg_view_bins(view, "n_pixels", &told, err) != MZG_OK)
        return err->status;
    for (int64_t k = 0; k < view->n_bins && err->status == MZG_OK; k++)
        if ((double)rows->seen[k] < told[k])
            mzg_fail(err, MZG_EFORMAT,
                     "%s/%s/X: chunks are missing: bin %" PRId64 " has values in %" PRId64
                     " pixels, and in %.0f by var/n_pixels; the store is incomplete, copy it again",
                     view->store, view->table, k, rows->seen[k], told[k]);
    free(told);
    return err->status;
}

int64_t mzg_export_rows_overhead(const struct mzg_view *view, int64_t n_rows, int workers)
{
    int64_t bounds = has_columns_alone(view) ? view->n_bins : n_rows;
    return (int64_t)workers * BLOCK_BYTES + (bounds + 3 * n_rows) * (int64_t)sizeof(int64_t);
}
