/* What a finished store is, from its metadata, a few of its arrays and the sizes of its files. */
#include <view/describe.h>

#include <core/json.h>
#include <core/json_text.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <view/view_parts.h>

/* nftw() has no place for what its caller wants to know. Main thread only. */
static int64_t bytes_found;

static int add_bytes(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)path;
    (void)where;
    if (kind == FTW_F)
        bytes_found += info->st_size;
    return 0;
}

/* The bytes of all files below `node`; -1 if they cannot be looked through. */
static int64_t count_bytes(const struct mzg_view *view, const char *node)
{
    char *path = mzg_view_node(view->store, node);
    bytes_found = 0;
    bool counted = path && nftw(path, add_bytes, 16, FTW_PHYS) == 0;
    free(path);
    return counted ? bytes_found : -1;
}

static json_t *describe_bytes(const struct mzg_view *view)
{
    char *matrix = mzg_view_node(view->table, "X"), *layer = mzg_view_node(view->table, "layers");
    int64_t all = count_bytes(view, ""), values = matrix ? count_bytes(view, matrix) : -1;
    if (layer && mzg_view_has(view->store, layer))
        values += count_bytes(view, layer);
    free(matrix);
    free(layer);
    return json_pack("{s:I, s:I}", "bytes", (json_int_t)all, "matrix_bytes", (json_int_t)values);
}

/* The name of the feature table of these bins and its number of peaks, null if that cannot be read; an empty
 * object if there is none. */
static json_t *describe_features(const struct mzg_view *view)
{
    struct mzg_error ignored = {0};
    struct mzg_zarr_input *mz = NULL;
    char *table = NULL, *node = NULL;
    json_t *json = NULL, *peaks = NULL;
    if (asprintf(&table, "%s_peaks", view->table) < 0)
        table = NULL;
    node = table ? mzg_view_node(table, "var/mz") : NULL;
    if (!node)
        goto cleanup;
    if (!mzg_view_has(view->store, table)) {
        json = json_object();
        goto cleanup;
    }
    if (mzg_view_has(view->store, node) && mzg_zarr_input_open(view->store, node, &mz, &ignored) == MZG_OK)
        peaks = json_integer(mzg_zarr_input_shape(mz)->shape[0]);
    json = json_pack("{s:o, s:o}", "feature_table", mzg_json_text(strrchr(table, '/') + 1), "peaks",
                     peaks ? peaks : json_null());

cleanup:
    mzg_zarr_input_free(mz);
    free(node);
    free(table);
    return json;
}

/* The number of pixels skipped, and of each reason. */
static enum mzg_status describe_skipped(const struct mzg_view *view, json_t **description,
                                        struct mzg_error *err)
{
    struct mzg_zarr_strings reasons = {0};
    char *node = mzg_view_node(view->table, "uns/skipped_pixels/reason");
    json_t *counts = json_object();
    if (!node)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to count skipped pixels", view->store);
    else if (mzg_view_has(view->store, node))
        mzg_zarr_read_strings(view->store, node, INT32_MAX, &reasons, err);
    for (int64_t i = 0; i < reasons.n && counts; i++) {
        json_int_t n = json_integer_value(json_object_get(counts, reasons.items[i]));
        counts = mzg_json_with(counts, reasons.items[i], json_integer(n + 1));
    }
    if (err->status == MZG_OK) {
        *description = json_pack("{s:I}", "skipped_pixels", (json_int_t)reasons.n);
        if (reasons.n > 0)
            *description = mzg_json_with(*description, "skipped_because", counts);
        else
            json_decref(counts);
    } else {
        json_decref(counts);
    }
    mzg_zarr_strings_free(&reasons);
    free(node);
    return err->status;
}

/* The number of values that are stored, and how many of each hundred cells of the matrix that is. */
static json_t *describe_matrix(const struct mzg_view *view)
{
    const struct mzg_zarr_input *data = view->dense          ? view->dense
                                        : view->columns.data ? view->columns.data
                                                             : view->rows.data;
    const struct mzg_zarr_shape *shape = mzg_zarr_input_shape(data);
    double cells = (double)view->n_pixels * (double)view->n_bins;
    json_t *json = json_pack("{s:s, s:s}", "layout", view->layout, "dtype",
                             shape->type == MZG_FLOAT64 ? "float64" : "float32");
    if (view->dense)
        return json;
    json = mzg_json_with(json, "values_stored", json_integer(shape->shape[0]));
    return mzg_json_with(json, "percent_of_all", json_real((double)shape->shape[0] / cells * 100));
}

/* A bin's width at each end of the axis: by the differences of centres if there are several. */
static json_t *describe_widths(const struct mzg_view *view)
{
    int64_t n = view->n_bins;
    if (n < 3)
        return json_pack("[f]", view->mz_high - view->mz_low);
    return json_pack("[f, f]", view->mz[1] - view->mz[0], view->mz[n - 1] - view->mz[n - 2]);
}

/* Members of uns/mzgrid, without what only the program needs. */
static json_t *describe_decisions(const json_t *made)
{
    json_t *axis = json_deep_copy(json_object_get(made, "mass_axis"));
    static const char *const internal[] = {"exponent", "step", "edges_sha256", "n_bins", "min_mz", "max_mz"};
    for (size_t i = 0; axis && i < sizeof internal / sizeof *internal; i++)
        json_object_del(axis, internal[i]);
    return json_pack("{s:o*, s:O*}", "mass_axis", axis, "resampling", json_object_get(made, "resampling"));
}

static json_t *describe_place(const struct mzg_view *view, const struct mzg_view_raster *raster)
{
    if (raster->n_regions > 1)
        return json_pack("{s:I, s:I, s:n, s:n}", "pixels", (json_int_t)view->n_pixels, "regions",
                         (json_int_t)raster->n_regions, "grid", "pixel_size_um");
    json_t *grid = json_pack("[I, I]", (json_int_t)raster->width, (json_int_t)raster->height);
    if (raster->n_planes > 1)
        grid = mzg_json_append(grid, json_integer(raster->n_planes));
    json_t *json = json_pack("{s:I, s:o}", "pixels", (json_int_t)view->n_pixels, "grid", grid);
    json_t *size = raster->in_micrometres ? json_pack("[f, f]", raster->size_x, raster->size_y) : json_null();
    return mzg_json_with(json, "pixel_size_um", size);
}

enum mzg_status mzg_view_describe(const struct mzg_view *view, json_t **description, struct mzg_error *err)
{
    struct mzg_view_raster raster = {0};
    json_t *made = NULL, *skipped = NULL, *json = NULL;
    if (mzg_view_place(view, &raster, err) != MZG_OK ||
        mzg_view_tree(view, "uns/mzgrid", &made, err) != MZG_OK ||
        describe_skipped(view, &skipped, err) != MZG_OK)
        goto cleanup;
    json =
        json_pack("{s:s, s:o, s:s, s:s?}", "format", "SpatialData store", "path", mzg_json_text(view->store),
                  "table", view->name, "written_by_mzgrid", *view->version ? view->version : NULL);
    json = mzg_json_merge(json, describe_place(view, &raster));
    json = mzg_json_with(json, "mz_range", json_pack("[f, f]", view->mz_low, view->mz_high));
    json = mzg_json_with(json, "bins", json_integer(view->n_bins));
    json = mzg_json_with(json, "bin_widths_da", describe_widths(view));
    json = mzg_json_merge(json, describe_matrix(view));
    json = mzg_json_merge(json, describe_bytes(view));
    json = mzg_json_merge(json, describe_features(view));
    json = mzg_json_merge(json, json_incref(skipped));
    json = mzg_json_merge(json, describe_decisions(made));
    if (!json)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for its description", view->store);
    *description = json;

cleanup:
    mzg_view_raster_destroy(&raster);
    json_decref(made);
    json_decref(skipped);
    return err->status;
}
