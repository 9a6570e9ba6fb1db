/* From an m/z and a tolerance to a range of bins. */
#include <view/view_parts.h>

#include <core/search.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The bin whose centre is nearest, and how far that is, as words. */
static void describe_nearest(const struct mzg_view *view, double mz, char *text, size_t size)
{
    int64_t k = mzg_count_below(view->mz, view->n_bins, mz);
    char far[60];
    if (k == view->n_bins || (k > 0 && mz - view->mz[k - 1] <= view->mz[k] - mz))
        k--;
    double distance = fabs(view->mz[k] - mz);
    if (distance >= 1)
        snprintf(far, sizeof far, "%.1f Da", distance);
    else
        snprintf(far, sizeof far, "%.3g Da (%.3g ppm)", distance, distance / mz * 1e6);
    snprintf(text, size, "the nearest bin is at m/z %.10g, %s away, and the axis runs from %.8g to %.8g",
             view->mz[k], far, view->mz_low, view->mz_high);
}

static enum mzg_status read_edges(const struct mzg_view *view, int64_t bin, double edges[2],
                                  struct mzg_error *err)
{
    const char *const *names = view->edges;
    for (int i = 0; i < 2 && err->status == MZG_OK; i++) {
        struct mzg_zarr_input *input = NULL;
        struct mzg_zarr_cursor cursor = {0};
        char *node = mzg_view_node(view->table, names[i]);
        if (!node)
            mzg_fail(err, MZG_ENOMEM, "%s: no memory to read %s", view->store, names[i]);
        else if (mzg_zarr_input_open(view->store, node, &input, err) == MZG_OK)
            mzg_zarr_read_double(input, &cursor, bin, 1, &edges[i], err);
        mzg_zarr_cursor_close(&cursor);
        mzg_zarr_input_free(input);
        free(node);
    }
    return err->status;
}

/* The bin that holds `mz`: that of the last centre not above it, or the next one. A bin holds its lower edge,
 * the last one its upper edge, too. */
static enum mzg_status find_bin(const struct mzg_view *view, double mz, struct mzg_view_window *window,
                                struct mzg_error *err)
{
    int64_t above = mzg_count_up_to(view->mz, view->n_bins, mz);
    for (int64_t k = above > 0 ? above - 1 : 0; k <= above && k < view->n_bins; k++) {
        double edges[2] = {0, 0};
        if (read_edges(view, k, edges, err) != MZG_OK)
            return err->status;
        if (mz >= edges[0] && (mz < edges[1] || (k == view->n_bins - 1 && mz == edges[1]))) {
            *window = (struct mzg_view_window){mz, edges[0], edges[1], k, k + 1};
            return MZG_OK;
        }
    }
    char nearest[300];
    describe_nearest(view, mz, nearest, sizeof nearest);
    return mzg_fail(err, MZG_ERANGE, "%s: no bin holds m/z %.10g; %s", view->store, mz, nearest);
}

enum mzg_status mzg_view_find(const struct mzg_view *view, double mz, struct mzg_view_tolerance tolerance,
                              struct mzg_view_window *window, struct mzg_error *err)
{
    if (tolerance.unit == MZG_VIEW_BIN)
        return find_bin(view, mz, window, err);
    double half = tolerance.unit == MZG_VIEW_PPM ? tolerance.half * mz * 1e-6 : tolerance.half;
    struct mzg_view_window found = {.mz = mz, .low = mz - half, .high = mz + half};
    found.first = mzg_count_below(view->mz, view->n_bins, found.low);
    found.end = mzg_count_up_to(view->mz, view->n_bins, found.high);
    if (found.first >= found.end) {
        char nearest[300];
        describe_nearest(view, mz, nearest, sizeof nearest);
        return mzg_fail(err, MZG_ERANGE,
                        "%s: no bin has its centre within %g %s of m/z %.10g (%.10g to %.10g); %s",
                        view->store, tolerance.half, tolerance.unit == MZG_VIEW_PPM ? "ppm" : "Da", mz,
                        found.low, found.high, nearest);
    }
    *window = found;
    return MZG_OK;
}
