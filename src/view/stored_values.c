/* X of a store, in whichever layout it is, opened and read in blocks. */
#include <view/view_parts.h>

#include <core/stop.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum mzg_status open_part(const struct mzg_view *view, const char *group, const char *part,
                                 struct mzg_zarr_input **input, struct mzg_error *err)
{
    char *node;
    if (asprintf(&node, "%s/%s/%s", view->table, group, part) < 0)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to open %s", view->store, group);
    if (!mzg_view_has(view->store, node))
        mzg_fail(err, MZG_EFORMAT, "%s/%s: is not there; the store is damaged", view->store, node);
    else if (mzg_zarr_input_open(view->store, node, input, err) == MZG_OK &&
             mzg_zarr_input_shape(*input)->n_dimensions != 1)
        mzg_fail(err, MZG_EFORMAT, "%s/%s: is not a list of values; the store is damaged", view->store, node);
    free(node);
    return err->status;
}

static int64_t length_of(const struct mzg_zarr_input *input)
{
    return mzg_zarr_input_shape(input)->shape[0];
}

/* That indptr ascends from 0 to the number of values, and no line has more of them than places. */
static enum mzg_status check_bounds(const struct mzg_view *view, const struct mzg_view_lines *lines,
                                    struct mzg_error *err)
{
    int64_t *bounds = malloc((MZG_VIEW_BLOCK + 1) * sizeof *bounds);
    int64_t end = 0;
    bool fits = true;
    if (!bounds)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for the bounds of its lines", view->store);
    for (int64_t first = 0; first < lines->n_lines && fits && err->status == MZG_OK;
         first += MZG_VIEW_BLOCK) {
        int64_t n = lines->n_lines - first < MZG_VIEW_BLOCK ? lines->n_lines - first : MZG_VIEW_BLOCK;
        if (mzg_view_bounds(view, lines, first, n, bounds, err) != MZG_OK)
            break;
        fits = bounds[0] == end;
        for (int64_t i = 0; i < n && fits; i++)
            fits = bounds[i + 1] - bounds[i] <= lines->n_places;
        end = bounds[n];
    }
    free(bounds);
    if (err->status == MZG_OK && (!fits || end != length_of(lines->data)))
        mzg_fail(err, MZG_EFORMAT,
                 "%s/%s: indptr does not fit the values; the store is damaged or incomplete, copy it again",
                 view->store, view->table);
    return err->status;
}

bool mzg_view_has_values(const struct mzg_view *view)
{
    const struct mzg_view_lines *lines = view->columns.data ? &view->columns : &view->rows;
    return lines->data && length_of(lines->data) > 0;
}

static enum mzg_status open_lines(const struct mzg_view *view, const char *group, int64_t n_lines,
                                  int64_t n_places, struct mzg_view_lines *lines, struct mzg_error *err)
{
    lines->n_lines = n_lines;
    lines->n_places = n_places;
    if (open_part(view, group, "indptr", &lines->indptr, err) != MZG_OK ||
        open_part(view, group, "indices", &lines->indices, err) != MZG_OK ||
        open_part(view, group, "data", &lines->data, err) != MZG_OK)
        return err->status;
    if (length_of(lines->indptr) != n_lines + 1 || length_of(lines->indices) != length_of(lines->data))
        return mzg_fail(err, MZG_EFORMAT,
                        "%s/%s/%s: the sizes of indptr, indices and data contradict each other", view->store,
                        view->table, group);
    mzg_zarr_inputs_need_chunks(lines->data, lines->indices, n_places);
    return check_bounds(view, lines, err);
}

/* How X, or the layer csr, is stored: its encoding and its shape. */
static enum mzg_status open_group(struct mzg_view *view, const char *group, const json_t *metadata,
                                  struct mzg_error *err)
{
    const json_t *attributes = json_object_get(metadata, "attributes");
    const char *encoding = json_string_value(json_object_get(attributes, "encoding-type"));
    const char *version = json_string_value(json_object_get(attributes, "encoding-version"));
    const json_t *shape = json_object_get(attributes, "shape");
    bool is_csc = encoding && strcmp(encoding, "csc_matrix") == 0;
    if (!is_csc && (!encoding || strcmp(encoding, "csr_matrix") != 0))
        return mzg_fail(err, MZG_EFORMAT, "%s/%s/%s: is stored as '%.40s', which this version does not know",
                        view->store, view->table, group, encoding ? encoding : "");
    if (!version || strcmp(version, "0.1.0") != 0)
        return mzg_fail(err, MZG_EFORMAT,
                        "%s/%s/%s: is a %s of version '%.40s', this version of mzgrid reads 0.1.0",
                        view->store, view->table, group, encoding, version ? version : "");
    if (json_integer_value(json_array_get(shape, 0)) != view->n_pixels ||
        json_integer_value(json_array_get(shape, 1)) != view->n_bins)
        return mzg_fail(err, MZG_EFORMAT,
                        "%s/%s/%s: its shape is not that of obs and var, %" PRId64 " pixels and %" PRId64
                        " bins",
                        view->store, view->table, group, view->n_pixels, view->n_bins);
    return is_csc ? open_lines(view, group, view->n_bins, view->n_pixels, &view->columns, err)
                  : open_lines(view, group, view->n_pixels, view->n_bins, &view->rows, err);
}

static enum mzg_status open_dense(struct mzg_view *view, const char *node, struct mzg_error *err)
{
    if (mzg_zarr_input_open(view->store, node, &view->dense, err) != MZG_OK)
        return err->status;
    const struct mzg_zarr_shape *shape = mzg_zarr_input_shape(view->dense);
    if (shape->n_dimensions != 2 || shape->shape[0] != view->n_pixels || shape->shape[1] != view->n_bins ||
        (shape->type != MZG_FLOAT32 && shape->type != MZG_FLOAT64))
        return mzg_fail(err, MZG_EFORMAT,
                        "%s/%s: is not an array of %" PRId64 " pixels and %" PRId64 " bins of floating point",
                        view->store, node, view->n_pixels, view->n_bins);
    view->layout = "dense";
    return MZG_OK;
}

enum mzg_status mzg_view_open_matrix(struct mzg_view *view, struct mzg_error *err)
{
    static const char *const groups[] = {"X", "layers/csr"};
    for (int i = 0; i < 2 && err->status == MZG_OK; i++) {
        json_t *metadata = NULL;
        char *node = mzg_view_node(view->table, groups[i]);
        if (!node) {
            mzg_fail(err, MZG_ENOMEM, "%s: no memory to open %s", view->store, groups[i]);
        } else if (!mzg_view_has(view->store, node)) {
            if (i == 0)
                mzg_fail(err, MZG_EFORMAT,
                         "%s/%s: is not there; the store is damaged, or mzgrid did not write it", view->store,
                         node);
        } else if (mzg_zarr_load(view->store, node, &metadata, err) == MZG_OK) {
            const char *type = json_string_value(json_object_get(metadata, "node_type"));
            if (i == 0 && strcmp(type, "array") == 0)
                open_dense(view, node, err);
            else
                open_group(view, groups[i], metadata, err);
        }
        json_decref(metadata);
        free(node);
    }
    if (!view->dense)
        view->layout = !view->rows.data ? "csc" : view->columns.data ? "csc+csr" : "csr";
    return err->status;
}

enum mzg_status mzg_view_bounds(const struct mzg_view *view, const struct mzg_view_lines *lines,
                                int64_t first, int64_t n, int64_t *bounds, struct mzg_error *err)
{
    struct mzg_zarr_cursor cursor = {0};
    mzg_zarr_read_int64(lines->indptr, &cursor, first, n + 1, bounds, err);
    mzg_zarr_cursor_close(&cursor);
    int64_t before = 0;
    for (int64_t i = 0; i <= n && err->status == MZG_OK; i++) {
        if (bounds[i] < before || bounds[i] > length_of(lines->data))
            return mzg_fail(err, MZG_EFORMAT, "%s/%s: indptr is not ascending; the store is damaged",
                            view->store, view->table);
        before = bounds[i];
    }
    return err->status;
}

enum mzg_status mzg_view_block_new(struct mzg_view_block *block, struct mzg_error *err)
{
    *block = (struct mzg_view_block){0};
    block->places = malloc(MZG_VIEW_BLOCK * sizeof *block->places);
    block->values = malloc(MZG_VIEW_BLOCK * sizeof *block->values);
    if (!block->places || !block->values)
        return mzg_fail(err, MZG_ENOMEM, "no memory for a block of %d values", MZG_VIEW_BLOCK);
    return MZG_OK;
}

void mzg_view_block_destroy(struct mzg_view_block *block)
{
    mzg_zarr_cursor_close(&block->index_cursor);
    mzg_zarr_cursor_close(&block->data_cursor);
    free(block->places);
    free(block->values);
    *block = (struct mzg_view_block){0};
}

enum mzg_status mzg_view_block_places(const struct mzg_view *view, const struct mzg_view_lines *lines,
                                      int64_t first, int64_t end, struct mzg_view_block *block,
                                      struct mzg_error *err)
{
    int64_t stop = (first / MZG_VIEW_BLOCK + 1) * MZG_VIEW_BLOCK;
    block->first = first;
    block->n = (end < stop ? end : stop) - first;
    if (mzg_check_stop(view->stop, err) != MZG_OK ||
        mzg_zarr_read_int64(lines->indices, &block->index_cursor, first, block->n, block->places, err) !=
            MZG_OK)
        return err->status;
    for (int64_t i = 0; i < block->n; i++)
        if (block->places[i] < 0 || block->places[i] >= lines->n_places)
            return mzg_fail(err, MZG_EFORMAT, "%s/%s: an index lies outside the table; the store is damaged",
                            view->store, view->table);
    return MZG_OK;
}

enum mzg_status mzg_view_block_values(const struct mzg_view_lines *lines, struct mzg_view_block *block,
                                      struct mzg_error *err)
{
    return mzg_zarr_read_double(lines->data, &block->data_cursor, block->first, block->n, block->values, err);
}

int64_t mzg_view_cost(const struct mzg_view *view, enum mzg_view_question question, int64_t *bytes)
{
    const struct mzg_view_lines *wanted = question == MZG_VIEW_IMAGES ? &view->columns : &view->rows;
    const struct mzg_view_lines *other = question == MZG_VIEW_IMAGES ? &view->rows : &view->columns;
    *bytes = 0;
    if (view->dense || wanted->data)
        return 0;
    int64_t n = length_of(other->data);
    *bytes = n * (mzg_type_size(mzg_zarr_input_shape(other->data)->type) +
                  mzg_type_size(mzg_zarr_input_shape(other->indices)->type));
    return n;
}
