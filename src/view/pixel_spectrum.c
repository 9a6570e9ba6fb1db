/* The spectrum of one pixel. */
#include <view/view_parts.h>

#include <core/stop.h>
#include <stdlib.h>
#include <string.h>

static enum mzg_status read_row(const struct mzg_view *view, int64_t row, struct mzg_view_block *block,
                                double *values, struct mzg_error *err)
{
    int64_t bounds[2] = {0, 0};
    mzg_view_bounds(view, &view->rows, row, 1, bounds, err);
    for (int64_t at = bounds[0]; err->status == MZG_OK && at < bounds[1]; at += block->n) {
        if (mzg_view_block_places(view, &view->rows, at, bounds[1], block, err) != MZG_OK ||
            mzg_view_block_values(&view->rows, block, err) != MZG_OK)
            break;
        for (int64_t i = 0; i < block->n; i++)
            values[block->places[i]] += block->values[i];
    }
    return err->status;
}

/* Each column may have the row: all of the indices are looked through, and of the values those blocks in
 * which it is. */
static enum mzg_status scan_columns(const struct mzg_view *view, int64_t row, struct mzg_view_block *block,
                                    double *values, struct mzg_error *err)
{
    int64_t bin = 0;
    int64_t *bounds = malloc(((size_t)view->n_bins + 1) * sizeof *bounds);
    if (!bounds)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for the bounds of its columns", view->store);
    mzg_view_bounds(view, &view->columns, 0, view->n_bins, bounds, err);
    for (int64_t at = bounds[0]; err->status == MZG_OK && at < bounds[view->n_bins]; at += block->n) {
        bool has_values = false;
        if (mzg_view_block_places(view, &view->columns, at, bounds[view->n_bins], block, err) != MZG_OK)
            break;
        for (int64_t i = 0; i < block->n; i++) {
            if (block->places[i] != row)
                continue;
            if (!has_values && mzg_view_block_values(&view->columns, block, err) != MZG_OK)
                break;
            has_values = true;
            while (at + i >= bounds[bin + 1])
                bin++;
            values[bin] += block->values[i];
        }
    }
    free(bounds);
    return err->status;
}

static enum mzg_status read_dense(const struct mzg_view *view, int64_t row, double *values,
                                  struct mzg_error *err)
{
    const struct mzg_zarr_shape *shape = mzg_zarr_input_shape(view->dense);
    struct mzg_zarr_cursor cursor = {0};
    int64_t origin[2] = {row, 0}, count[2] = {1, view->n_bins};
    float *narrow = (float *)values + (shape->type == MZG_FLOAT32 ? view->n_bins : 0);
    mzg_zarr_read(view->dense, &cursor, origin, count, narrow, err);
    /* Each is read before it is overwritten, for they lie in the second half. */
    for (int64_t i = 0; shape->type == MZG_FLOAT32 && err->status == MZG_OK && i < view->n_bins; i++) {
        float value;
        memcpy(&value, narrow + i, sizeof value);
        values[i] = (double)value;
    }
    if (err->status == MZG_OK && cursor.n_absent > 0)
        mzg_view_check_dense(view, err);
    mzg_zarr_cursor_close(&cursor);
    return err->status;
}

enum mzg_status mzg_view_spectrum(const struct mzg_view *view, int64_t row, double *values,
                                  struct mzg_error *err)
{
    struct mzg_view_block block = {0};
    if (view->dense)
        return read_dense(view, row, values, err);
    memset(values, 0, (size_t)view->n_bins * sizeof *values);
    if (mzg_view_block_new(&block, err) == MZG_OK) {
        if (view->rows.data)
            read_row(view, row, &block, values, err);
        else
            scan_columns(view, row, &block, values, err);
    }
    mzg_view_block_destroy(&block);
    return err->status;
}
