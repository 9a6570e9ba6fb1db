/* Ion images: sums over ranges of bins, for each pixel. */
#include <view/view_parts.h>

#include <core/memory.h>
#include <core/stop.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Columns follow each other, so that a window is one run of stored values. */
static enum mzg_status add_columns(const struct mzg_view *view, const struct mzg_view_window *window,
                                   struct mzg_view_block *block, double *sums, struct mzg_error *err)
{
    const struct mzg_view_lines *columns = &view->columns;
    int64_t n = window->end - window->first;
    int64_t *bounds = malloc(((size_t)n + 1) * sizeof *bounds);
    if (!bounds)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for the bounds of its columns", view->store);
    mzg_view_bounds(view, columns, window->first, n, bounds, err);
    for (int64_t at = bounds[0]; err->status == MZG_OK && at < bounds[n]; at += block->n) {
        if (mzg_view_block_places(view, columns, at, bounds[n], block, err) != MZG_OK ||
            mzg_view_block_values(columns, block, err) != MZG_OK)
            break;
        for (int64_t i = 0; i < block->n; i++)
            sums[block->places[i]] += block->values[i];
    }
    free(bounds);
    return err->status;
}

/* Adds what of a block of rows lies in the windows; `*row` is that of its first value, then of its last. */
static void add_rows(const struct mzg_view_block *block, const struct mzg_view_window *windows, int n,
                     int64_t n_pixels, const int64_t *bounds, int64_t *row, double *sums)
{
    for (int64_t i = 0; i < block->n; i++) {
        while (block->first + i >= bounds[*row + 1])
            ++*row;
        for (int w = 0; w < n; w++)
            if (block->places[i] >= windows[w].first && block->places[i] < windows[w].end)
                sums[w * n_pixels + *row] += block->values[i];
    }
}

static bool touches(const struct mzg_view_block *block, const struct mzg_view_window *windows, int n)
{
    for (int64_t i = 0; i < block->n; i++)
        for (int w = 0; w < n; w++)
            if (block->places[i] >= windows[w].first && block->places[i] < windows[w].end)
                return true;
    return false;
}

/* All values are looked through once, for all windows. */
static enum mzg_status scan_rows(const struct mzg_view *view, const struct mzg_view_window *windows, int n,
                                 struct mzg_view_block *block, double *sums, struct mzg_error *err)
{
    const struct mzg_view_lines *rows = &view->rows;
    int64_t row = 0;
    int64_t *bounds = malloc(((size_t)view->n_pixels + 1) * sizeof *bounds);
    if (!bounds)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for the bounds of its rows", view->store);
    mzg_view_bounds(view, rows, 0, view->n_pixels, bounds, err);
    for (int64_t at = bounds[0]; err->status == MZG_OK && at < bounds[view->n_pixels]; at += block->n) {
        if (mzg_view_block_places(view, rows, at, bounds[view->n_pixels], block, err) != MZG_OK)
            break;
        if (!touches(block, windows, n))
            continue;
        if (mzg_view_block_values(rows, block, err) == MZG_OK)
            add_rows(block, windows, n, view->n_pixels, bounds, &row, sums);
    }
    free(bounds);
    return err->status;
}

/* Adds a band of `n` rows of a dense window of `width` bins. */
static void add_band(const void *band, enum mzg_type type, int64_t n, int64_t width, double *sums)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < width; k++)
            sums[i] += type == MZG_FLOAT32 ? (double)((const float *)band)[i * width + k]
                                           : ((const double *)band)[i * width + k];
}

/* A chunk may be absent because all in it is 0, or because it was lost: then fewer pixels have values than
 * have some in one bin of the window alone. */
static enum mzg_status check_absent(const struct mzg_view *view, const struct mzg_view_window *window,
                                    const double *sums, struct mzg_error *err)
{
    double *told = NULL;
    int64_t n = 0;
    if (mzg_view_bins(view, "n_pixels", &told, err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i < view->n_pixels; i++)
        n += sums[i] != 0;
    for (int64_t k = window->first; k < window->end && err->status == MZG_OK; k++)
        if (told[k] > (double)n)
            mzg_fail(
                err, MZG_EFORMAT,
                "%s/%s/X: chunks are missing, and bin %" PRId64
                " has values in fewer pixels than var/n_pixels says; the store is incomplete, copy it again",
                view->store, view->table, k);
    free(told);
    return err->status;
}

static enum mzg_status add_dense(const struct mzg_view *view, const struct mzg_view_window *window,
                                 double *sums, struct mzg_error *err)
{
    const struct mzg_zarr_shape *shape = mzg_zarr_input_shape(view->dense);
    struct mzg_zarr_cursor cursor = {0};
    /* Bands as high as chunks, and pieces as wide, at most: a window may be all of the axis. */
    int64_t height = shape->chunk[0] < view->n_pixels ? shape->chunk[0] : view->n_pixels;
    int64_t width =
        window->end - window->first < shape->chunk[1] ? window->end - window->first : shape->chunk[1];
    int64_t bytes = mzg_size_product3(height, width, mzg_type_size(shape->type));
    void *band = bytes < 0 ? NULL : malloc((size_t)bytes);
    if (!band)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for a band of its X", view->store);
    for (int64_t row = 0; row < view->n_pixels && err->status == MZG_OK; row += height) {
        int64_t count[2] = {view->n_pixels - row < height ? view->n_pixels - row : height, width};
        for (int64_t bin = window->first; bin < window->end && err->status == MZG_OK; bin += count[1]) {
            int64_t origin[2] = {row, bin};
            int64_t to_edge = shape->chunk[1] - bin % shape->chunk[1];
            count[1] = window->end - bin < to_edge ? window->end - bin : to_edge;
            if (mzg_check_stop(view->stop, err) == MZG_OK &&
                mzg_zarr_read(view->dense, &cursor, origin, count, band, err) == MZG_OK)
                add_band(band, shape->type, count[0], count[1], sums + row);
        }
    }
    if (err->status == MZG_OK && cursor.n_absent > 0)
        check_absent(view, window, sums, err);
    mzg_zarr_cursor_close(&cursor);
    free(band);
    return err->status;
}

static enum mzg_status normalise(const struct mzg_view *view, enum mzg_view_norm norm, int n, double *values,
                                 struct mzg_error *err)
{
    static const char *const names[] = {
        [MZG_NORM_TIC] = "obs/tic", [MZG_NORM_RMS] = "obs/rms", [MZG_NORM_MEDIAN] = "obs/median_intensity"};
    double *divisors = NULL;
    int64_t n_absent = 0;
    if (norm == MZG_NORM_NONE)
        return MZG_OK;
    if (mzg_view_column(view, names[norm], MZG_FLOAT64, view->n_pixels, (void **)&divisors, &n_absent, err) !=
        MZG_OK)
        return err->status;
    for (int w = 0; w < n && err->status == MZG_OK; w++)
        for (int64_t i = 0; i < view->n_pixels; i++) {
            double *value = &values[w * view->n_pixels + i];
            /* The median of a spectrum with values may be 0. */
            if (n_absent > 0 && divisors[i] == 0 && *value > 0 && norm != MZG_NORM_MEDIAN) {
                mzg_fail(err, MZG_EFORMAT,
                         "%s/%s/%s: chunks are missing: it is 0 for the pixel in row %" PRId64
                         ", which has values; the store is incomplete, copy it again",
                         view->store, view->table, names[norm], i);
                break;
            }
            *value = divisors[i] > 0 ? *value / divisors[i] : (double)NAN;
        }
    free(divisors);
    return err->status;
}

enum mzg_status mzg_view_images(const struct mzg_view *view, const struct mzg_view_window *windows, int n,
                                enum mzg_view_norm norm, double *values, struct mzg_error *err)
{
    struct mzg_view_block block = {0};
    memset(values, 0, (size_t)n * (size_t)view->n_pixels * sizeof *values);
    if (!view->dense && mzg_view_block_new(&block, err) != MZG_OK)
        goto cleanup;
    if (!view->dense && !view->columns.data)
        scan_rows(view, windows, n, &block, values, err);
    for (int w = 0; w < n && err->status == MZG_OK && (view->dense || view->columns.data); w++) {
        double *sums = values + w * view->n_pixels;
        if (view->dense)
            add_dense(view, &windows[w], sums, err);
        else
            add_columns(view, &windows[w], &block, sums, err);
    }
    if (err->status == MZG_OK)
        normalise(view, norm, n, values, err);

cleanup:
    mzg_view_block_destroy(&block);
    return err->status;
}
