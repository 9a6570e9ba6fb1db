/* Opening the table of a store: its sizes, its mass axis, its matrix. */
#include <view/view_parts.h>

#include <inttypes.h>
#include <math.h>
#include <mzgrid/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = INT32_MAX }; /* pixels or bins */

/* The version that the table's uns names; "" if it names none. */
static char *read_version(const struct mzg_view *view)
{
    struct mzg_zarr_strings version = {0};
    struct mzg_error ignored = {0};
    char *text = NULL, *node = mzg_view_node(view->table, "uns/mzgrid/version");
    if (node && mzg_view_has(view->store, node) &&
        mzg_zarr_read_strings(view->store, node, 1, &version, &ignored) == MZG_OK && version.n == 1)
        text = strdup(version.items[0]);
    mzg_zarr_strings_free(&version);
    free(node);
    return text ? text : strdup("");
}

static bool is_newer(const char *version)
{
    int theirs[3] = {0}, ours[3] = {0};
    if (sscanf(version, "%d.%d.%d", &theirs[0], &theirs[1], &theirs[2]) < 2 ||
        sscanf(mzg_version(), "%d.%d.%d", &ours[0], &ours[1], &ours[2]) < 2)
        return false;
    for (int i = 0; i < 3; i++)
        if (theirs[i] != ours[i])
            return theirs[i] > ours[i];
    return false;
}

/* The number of elements of the array obs/x or var/mz. */
static enum mzg_status read_length(const struct mzg_view *view, const char *name, int64_t *n,
                                   struct mzg_error *err)
{
    struct mzg_zarr_input *input = NULL;
    char *node = mzg_view_node(view->table, name);
    if (!node)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to read %s", view->store, name);
    if (!mzg_view_has(view->store, node)) {
        mzg_fail(err, MZG_EFORMAT, "%s/%s: is not there; the store is damaged, or mzgrid did not write it",
                 view->store, node);
    } else if (mzg_zarr_input_open(view->store, node, &input, err) == MZG_OK) {
        const struct mzg_zarr_shape *shape = mzg_zarr_input_shape(input);
        *n = shape->n_dimensions == 1 ? shape->shape[0] : -1;
        if (*n < 1 || *n > MOST)
            mzg_fail(err, MZG_EFORMAT, "%s/%s: is empty, or not a list of values", view->store, node);
    }
    mzg_zarr_input_free(input);
    free(node);
    return err->status;
}

/* One element of a column of var. */
static enum mzg_status read_edge(const struct mzg_view *view, const char *name, int64_t bin, double *edge,
                                 struct mzg_error *err)
{
    struct mzg_zarr_input *input = NULL;
    struct mzg_zarr_cursor cursor = {0};
    char *node = mzg_view_node(view->table, name);
    if (!node)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to read %s", view->store, name);
    if (node && mzg_zarr_input_open(view->store, node, &input, err) == MZG_OK) {
        mzg_zarr_input_need_chunks(input, 1);
        mzg_zarr_read_double(input, &cursor, bin, 1, edge, err);
    }
    mzg_zarr_cursor_close(&cursor);
    mzg_zarr_input_free(input);
    free(node);
    return err->status;
}

bool mzg_view_has_column(const struct mzg_view *view, const char *frame, const char *name)
{
    char *below = mzg_view_node(view->table, frame), *node = below ? mzg_view_node(below, name) : NULL;
    bool has = node && mzg_view_has(view->store, node);
    free(node);
    free(below);
    return has;
}

static enum mzg_status read_axis(struct mzg_view *view, struct mzg_error *err)
{
    bool has_bins = mzg_view_has_column(view, "var", "mz_lower"); /* else it is a table of peaks */
    view->edges[0] = has_bins ? "var/mz_lower" : "var/mz_min";
    view->edges[1] = has_bins ? "var/mz_upper" : "var/mz_max";
    if (mzg_view_bins(view, "mz", &view->mz, err) != MZG_OK ||
        read_edge(view, view->edges[0], 0, &view->mz_low, err) != MZG_OK ||
        read_edge(view, view->edges[1], view->n_bins - 1, &view->mz_high, err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i < view->n_bins; i++)
        if (!isfinite(view->mz[i]) || (i > 0 && !(view->mz[i] > view->mz[i - 1])))
            return mzg_fail(
                err, MZG_EFORMAT,
                "%s/%s/var/mz: is not ascending; the store is damaged, or mzgrid did not write it",
                view->store, view->table);
    return MZG_OK;
}

static enum mzg_status open_table(struct mzg_view *view, struct mzg_error *err)
{
    if (read_length(view, "obs/x", &view->n_pixels, err) != MZG_OK ||
        read_length(view, "var/mz", &view->n_bins, err) != MZG_OK || read_axis(view, err) != MZG_OK)
        return err->status;
    return mzg_view_open_matrix(view, err);
}

enum mzg_status mzg_view_open(const char *store, const char *dataset, const atomic_int *stop,
                              struct mzg_view **view, struct mzg_error *err)
{
    struct mzg_view *made = calloc(1, sizeof *made);
    if (!made)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to open it", store);
    char *table = NULL;
    made->stop = stop;
    made->store = strdup(store);
    if (!made->store) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to open it", store);
        goto cleanup;
    }
    mzg_view_mark(store, &made->marks[0]);
    if (mzg_view_find_table(store, dataset, &made->name, err) != MZG_OK)
        goto cleanup;
    made->table = mzg_view_node("tables", made->name);
    table = made->table ? mzg_view_node(store, made->table) : NULL;
    if (table)
        mzg_view_mark(table, &made->marks[1]);
    made->version = table ? read_version(made) : NULL;
    if (!made->version)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to open it", store);
    else if (open_table(made, err) != MZG_OK && is_newer(made->version)) {
        struct mzg_error why = *err;
        mzg_fail(err, why.status, "%.400s (mzgrid %.40s wrote the store; this is %s, which may be too old)",
                 why.text, made->version, mzg_version());
    }

cleanup:
    free(table);
    if (err->status != MZG_OK)
        mzg_view_check_same(made, err);
    if (err->status == MZG_OK)
        *view = made;
    else
        mzg_view_free(made);
    return err->status;
}

static void free_lines(struct mzg_view_lines *lines)
{
    mzg_zarr_input_free(lines->data);
    mzg_zarr_input_free(lines->indices);
    mzg_zarr_input_free(lines->indptr);
}

void mzg_view_free(struct mzg_view *view)
{
    if (!view)
        return;
    free_lines(&view->columns);
    free_lines(&view->rows);
    mzg_zarr_input_free(view->dense);
    free(view->mz);
    free(view->store);
    free(view->name);
    free(view->table);
    free(view->version);
    free(view);
}
