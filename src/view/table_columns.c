/* Columns of obs and var, and what it means if a chunk is not there: zeros that its writer left out, or a
 * loss. */
#include <view/view_parts.h>

#include <core/memory.h>
#include <core/stop.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum mzg_status fail_incomplete(const struct mzg_view *view, const char *what, struct mzg_error *err)
{
    return mzg_fail(err, MZG_EFORMAT, "%s/%s/%s; the store is incomplete, copy it again", view->store,
                    view->table, what);
}

static bool is_all_zero(const double *values, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (values[i] != 0)
            return false;
    return true;
}

enum mzg_status mzg_view_bins(const struct mzg_view *view, const char *name, double **values,
                              struct mzg_error *err)
{
    char column[300];
    snprintf(column, sizeof column, "var/%s", name);
    if (mzg_view_column(view, column, MZG_FLOAT64, view->n_bins, (void **)values, NULL, err) != MZG_OK ||
        !*values || !mzg_view_has_values(view) || !is_all_zero(*values, view->n_bins))
        return err->status;
    free(*values);
    *values = NULL;
    snprintf(column, sizeof column, "var/%s: is all zero, but X has values", name);
    return fail_incomplete(view, column, err);
}

enum mzg_status mzg_view_pixels(const struct mzg_view *view, const char *name, double **values,
                                struct mzg_error *err)
{
    char column[300];
    int64_t n_absent = 0;
    bool is_sum = strcmp(name, "tic") == 0 || strcmp(name, "rms") == 0;
    bool is_place = strcmp(name, "x") == 0 || strcmp(name, "y") == 0 || strcmp(name, "z") == 0;
    snprintf(column, sizeof column, "obs/%s", name);
    if (mzg_view_column(view, column, MZG_FLOAT64, view->n_pixels, (void **)values, &n_absent, err) !=
            MZG_OK ||
        n_absent == 0)
        return err->status;
    if (is_place)
        mzg_view_check_places(view, err);
    else if (is_sum && mzg_view_has_values(view) && is_all_zero(*values, view->n_pixels)) {
        snprintf(column, sizeof column, "obs/%s: is all zero, but X has values", name);
        fail_incomplete(view, column, err);
    }
    if (err->status != MZG_OK) {
        free(*values);
        *values = NULL;
    }
    return err->status;
}

/* Adds how many values each bin has in the band of rows. All but +0 are values, as in a sparse matrix. */
static void count_band(const struct mzg_view *view, const char *band, int64_t n_rows, size_t size,
                       double *seen)
{
    static const char zero[sizeof(double)];
    for (int64_t i = 0; i < n_rows; i++)
        for (int64_t k = 0; k < view->n_bins; k++)
            seen[k] += memcmp(band + (size_t)(i * view->n_bins + k) * size, zero, size) != 0;
}

static enum mzg_status count_values(const struct mzg_view *view, double *seen, struct mzg_error *err)
{
    const struct mzg_zarr_shape *shape = mzg_zarr_input_shape(view->dense);
    struct mzg_zarr_cursor cursor = {0};
    size_t size = (size_t)mzg_type_size(shape->type);
    int64_t height = shape->chunk[0] < view->n_pixels ? shape->chunk[0] : view->n_pixels;
    int64_t bytes = mzg_size_product3(height, view->n_bins, (int64_t)size);
    char *band = bytes < 0 ? NULL : malloc((size_t)bytes);
    if (!band)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for a band of its X", view->store);
    for (int64_t row = 0; row < view->n_pixels && err->status == MZG_OK; row += height) {
        int64_t origin[2] = {row, 0};
        int64_t count[2] = {view->n_pixels - row < height ? view->n_pixels - row : height, view->n_bins};
        if (mzg_check_stop(view->stop, err) == MZG_OK &&
            mzg_zarr_read(view->dense, &cursor, origin, count, band, err) == MZG_OK)
            count_band(view, band, count[0], size, seen);
    }
    mzg_zarr_cursor_close(&cursor);
    free(band);
    return err->status;
}

enum mzg_status mzg_view_check_dense(const struct mzg_view *view, struct mzg_error *err)
{
    double *told = NULL, *seen = calloc((size_t)view->n_bins, sizeof *seen);
    char what[200];
    if (!seen)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to count its values", view->store);
    if (seen && mzg_view_bins(view, "n_pixels", &told, err) == MZG_OK)
        count_values(view, seen, err);
    for (int64_t k = 0; told && seen && k < view->n_bins && err->status == MZG_OK; k++)
        if (seen[k] < told[k]) {
            snprintf(what, sizeof what,
                     "X: chunks are missing: bin %" PRId64
                     " has values in %.0f pixels, and in %.0f by var/n_pixels",
                     k, seen[k], told[k]);
            fail_incomplete(view, what, err);
        }
    free(told);
    free(seen);
    return err->status;
}
