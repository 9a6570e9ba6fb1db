/* Where pixels lie: the labels of the store, by row of the table. */
#include <view/view_parts.h>

#include <core/memory.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A column of obs; of a position, chunks that are not there make `*is_whole` false. */
static enum mzg_status read_integers(const struct mzg_view *view, const char *name, int64_t **values,
                                     bool *is_whole, struct mzg_error *err)
{
    int64_t n_absent = 0;
    mzg_view_column(view, name, MZG_INT64, view->n_pixels, (void **)values, &n_absent, err);
    if (is_whole && n_absent > 0)
        *is_whole = false;
    return err->status;
}

/* The regions of the table's metadata: the name of the first, NULL if there is none, and how many. */
static const char *first_region(const json_t *table, size_t *n)
{
    const json_t *region = json_object_get(json_object_get(table, "attributes"), "region");
    *n = json_is_array(region) ? json_array_size(region) : 1;
    return json_string_value(json_is_array(region) ? json_array_get(region, 0) : region);
}

/* "labels/NAME" of the labels that the table annotates, to be freed; of several regions there are no such
 * labels, and NULL is left. */
static enum mzg_status find_labels(const struct mzg_view *view, char **labels, size_t *n_regions,
                                   struct mzg_error *err)
{
    json_t *table = NULL;
    if (mzg_zarr_load(view->store, view->table, &table, err) != MZG_OK)
        return err->status;
    const char *name = first_region(table, n_regions);
    *labels = name && *n_regions == 1 ? mzg_view_node("labels", name) : NULL;
    if (!name || strchr(name, '/') || strcmp(name, "..") == 0)
        mzg_fail(err, MZG_EFORMAT,
                 "%s/%s: does not tell which labels it annotates, so mzgrid did not write it", view->store,
                 view->table);
    else if (*n_regions == 1 && !*labels)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to read its labels", view->store);
    else if (*labels && !mzg_view_has(view->store, *labels))
        mzg_fail(err, MZG_EFORMAT, "%s/%s: is not there, so the places of the pixels are not known",
                 view->store, *labels);
    json_decref(table);
    if (err->status != MZG_OK) {
        free(*labels);
        *labels = NULL;
    }
    return err->status;
}

/* Whether a table with m/z lies in one region. */
static bool has_one_region(const char *store, const char *name)
{
    struct mzg_error ignored = {0};
    json_t *table = NULL;
    size_t n_regions = 0;
    char *node = mzg_view_node("tables", name), *mz = node ? mzg_view_node(node, "var/mz") : NULL;
    bool has = mz && mzg_view_has(store, mz) && mzg_zarr_load(store, node, &table, &ignored) == MZG_OK &&
               first_region(table, &n_regions) && n_regions == 1;
    json_decref(table);
    free(mz);
    free(node);
    return has;
}

/* That the rows lie in several regions, so that a position tells none of them; and which tables lie in one.
 */
static enum mzg_status refuse_regions(const struct mzg_view *view, size_t n_regions, struct mzg_error *err)
{
    struct mzg_zarr_strings tables = {0};
    char names[600];
    int64_t n = 0;
    if (mzg_zarr_members(view->store, "tables", &tables, err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i < tables.n; i++)
        if (has_one_region(view->store, tables.items[i]))
            tables.items[n++] = tables.items[i];
    tables.n = n;
    if (n > 0)
        mzg_fail(err, MZG_EUSAGE,
                 "%s: the table %s holds %zu regions, each with positions of its own; choose the table of "
                 "one sample by "
                 "--dataset: %s",
                 view->store, view->name, n_regions, mzg_view_names(&tables, names, sizeof names));
    else
        mzg_fail(err, MZG_EUSAGE,
                 "%s: the table %s holds %zu regions, each with positions of its own, and no other table is "
                 "there; look at "
                 "the store of one sample, or merge without --concat and choose its table by --dataset",
                 view->store, view->name, n_regions);
    mzg_zarr_strings_free(&tables);
    return err->status;
}

static const json_t *at(const json_t *list, size_t i)
{
    return json_array_get(list, i);
}

static void take_transformation(const json_t *transformation, struct mzg_view_raster *raster)
{
    const json_t *scale = json_object_get(transformation, "scale");
    const json_t *translation = json_object_get(transformation, "translation");
    size_t n = json_array_size(scale), m = json_array_size(translation);
    if (n >= 2) {
        raster->size_y = json_number_value(at(scale, n - 2));
        raster->size_x = json_number_value(at(scale, n - 1));
    }
    if (m >= 2) {
        raster->origin_y = json_number_value(at(translation, m - 2));
        raster->origin_x = json_number_value(at(translation, m - 1));
    }
    const json_t *axes = json_object_get(json_object_get(transformation, "output"), "axes");
    const char *unit = json_string_value(json_object_get(at(axes, json_array_size(axes) - 1), "unit"));
    raster->in_micrometres = unit && strcmp(unit, "micrometer") == 0;
}

/* The node of the raster in full size, to be freed: the first dataset. mzgrid calls it 0, spatialdata s0. */
static char *level_of(const char *labels, const json_t *multiscale)
{
    const char *name =
        json_string_value(json_object_get(at(json_object_get(multiscale, "datasets"), 0), "path"));
    bool is_name = name && name[0] && name[0] != '.' && !strchr(name, '/');
    return mzg_view_node(labels, is_name ? name : "0");
}

/* The first transformation, to the coordinate system global or, in a merged store, that of the sample: a
 * scale, perhaps a translation behind it; and the node of the raster, to be freed. */
static enum mzg_status read_place(const struct mzg_view *view, const char *labels,
                                  struct mzg_view_raster *raster, char **level, struct mzg_error *err)
{
    json_t *metadata = NULL;
    if (mzg_zarr_load(view->store, labels, &metadata, err) != MZG_OK)
        return err->status;
    const json_t *ome = json_object_get(json_object_get(metadata, "attributes"), "ome");
    const json_t *multiscale = at(json_object_get(ome, "multiscales"), 0);
    const json_t *to_system = at(json_object_get(multiscale, "coordinateTransformations"), 0);
    const json_t *sequence = json_object_get(to_system, "transformations");
    raster->size_x = raster->size_y = 1;
    if (json_is_array(sequence))
        for (size_t i = 0; i < json_array_size(sequence); i++)
            take_transformation(at(sequence, i), raster);
    else
        take_transformation(to_system, raster);
    *level = level_of(labels, multiscale);
    json_decref(metadata);
    if (!*level)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to read its labels", view->store);
    if (!(raster->size_x > 0 && raster->size_y > 0) || !isfinite(raster->size_x) ||
        !isfinite(raster->size_y) || !isfinite(raster->origin_x) || !isfinite(raster->origin_y))
        return mzg_fail(err, MZG_EFORMAT, "%s/%s: does not tell the size of a pixel", view->store, labels);
    return MZG_OK;
}

/* A pixel's key, and its row. */
struct key {
    int64_t key;
    int32_t row;
};

static int compare_keys(const void *a, const void *b)
{
    const struct key *left = a, *right = b;
    return (left->key > right->key) - (left->key < right->key);
}

/* The keys of all pixels, ascending. */
static enum mzg_status read_keys(const struct mzg_view *view, struct key **keys, struct mzg_error *err)
{
    int64_t *values = NULL;
    if (read_integers(view, "obs/instance_key", &values, NULL, err) != MZG_OK)
        return err->status;
    struct key *made = calloc((size_t)view->n_pixels, sizeof *made);
    bool ascending = true;
    if (!made)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for the keys of its pixels", view->store);
    for (int64_t i = 0; made && i < view->n_pixels; i++) {
        if (values[i] < 1 && err->status == MZG_OK) /* as of a chunk that was lost */
            mzg_fail(err, MZG_EFORMAT,
                     "%s/%s/obs/instance_key: row %" PRId64
                     " has none; the store is damaged or incomplete, copy "
                     "it again",
                     view->store, view->table, i);
        made[i] = (struct key){values[i], (int32_t)i};
        ascending = ascending && (i == 0 || values[i] > values[i - 1]);
    }
    if (made && !ascending)
        qsort(made, (size_t)view->n_pixels, sizeof *made, compare_keys);
    free(values);
    *keys = made;
    return err->status;
}

/* The row of a pixel, -1 if the table has none of this key. Without holes it is key - 1. */
static int32_t find_row(const struct key *keys, int64_t n, int64_t key)
{
    if (key >= 1 && key <= n && keys[key - 1].key == key)
        return keys[key - 1].row;
    struct key wanted = {.key = key};
    const struct key *found = key > 0 ? bsearch(&wanted, keys, (size_t)n, sizeof *keys, compare_keys) : NULL;
    return found ? found->row : -1;
}

/* Which plane of the labels is meant. */
static enum mzg_status choose_plane(const struct mzg_view *view, bool any_z, int64_t z,
                                    struct mzg_view_raster *raster, struct mzg_error *err)
{
    int64_t *planes = NULL;
    bool is_whole = true;
    if (read_integers(view, "obs/z", &planes, &is_whole, err) != MZG_OK)
        return err->status;
    if (!is_whole && mzg_view_check_places(view, err) != MZG_OK) {
        free(planes);
        return err->status;
    }
    raster->z_first = planes[0];
    for (int64_t i = 1; i < view->n_pixels; i++)
        raster->z_first = planes[i] < raster->z_first ? planes[i] : raster->z_first;
    free(planes);
    raster->z = any_z ? raster->z_first : z;
    int64_t z_last = raster->z_first + raster->n_planes - 1;
    if (any_z && raster->n_planes > 1)
        return mzg_fail(err, MZG_EUSAGE,
                        "%s: has %" PRId64 " planes, z %" PRId64 " to %" PRId64 ": choose one by --z",
                        view->store, raster->n_planes, raster->z_first, z_last);
    if (raster->z < raster->z_first || raster->z > z_last)
        return mzg_fail(err, MZG_EUSAGE, "%s: has no plane z = %" PRId64 ", only %" PRId64 " to %" PRId64,
                        view->store, raster->z, raster->z_first, z_last);
    return MZG_OK;
}

/* Reads the plane of the labels, each cell in place as the row of its pixel. */
static enum mzg_status read_cells(const struct mzg_view *view, const struct mzg_zarr_input *labels,
                                  const struct key *keys, struct mzg_view_raster *raster,
                                  struct mzg_error *err)
{
    int n = mzg_zarr_input_shape(labels)->n_dimensions;
    int64_t origin[3] = {raster->z - raster->z_first}, count[3] = {1};
    count[n - 2] = raster->height;
    count[n - 1] = raster->width;
    origin[n - 2] = origin[n - 1] = 0;
    int64_t cells = mzg_size_product(raster->height, raster->width);
    struct mzg_zarr_cursor cursor = {0};
    raster->rows = cells < 0 || cells > INT32_MAX ? NULL : malloc((size_t)cells * sizeof *raster->rows);
    if (!raster->rows)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for a raster of %" PRId64 " x %" PRId64 " cells",
                        view->store, raster->width, raster->height);
    mzg_zarr_read(labels, &cursor, origin, count, raster->rows, err);
    mzg_zarr_cursor_close(&cursor);
    for (int64_t i = 0; i < cells && err->status == MZG_OK; i++)
        raster->rows[i] = find_row(keys, view->n_pixels, raster->rows[i]);
    return err->status;
}

/* Opens the labels, and fills what they tell of the raster but for its cells and its plane. Of several
 * regions only their number. */
static enum mzg_status open_labels(const struct mzg_view *view, struct mzg_view_raster *raster,
                                   struct mzg_zarr_input **input, struct mzg_error *err)
{
    char *labels = NULL, *level = NULL;
    if (find_labels(view, &labels, &raster->n_regions, err) != MZG_OK || raster->n_regions > 1 ||
        read_place(view, labels, raster, &level, err) != MZG_OK ||
        mzg_zarr_input_open(view->store, level, input, err) != MZG_OK)
        goto cleanup;
    const struct mzg_zarr_shape *shape = mzg_zarr_input_shape(*input);
    int n = shape->n_dimensions;
    if (n < 2 || n > 3 || shape->type != MZG_INT32 || shape->shape[n - 1] < 1 || shape->shape[n - 2] < 1) {
        mzg_fail(err, MZG_EFORMAT, "%s/%s: is not a raster of int32", view->store, level);
        goto cleanup;
    }
    raster->height = shape->shape[n - 2];
    raster->width = shape->shape[n - 1];
    raster->n_planes = n == 3 ? shape->shape[0] : 1;

cleanup:
    free(level);
    free(labels);
    return err->status;
}

/* How many pixels of plane raster->z lie where its labels have them. */
static int64_t count_in_place(const struct mzg_view *view, const struct mzg_view_raster *raster,
                              int64_t *const at[3], const int64_t lowest[3])
{
    int64_t n = 0;
    for (int64_t i = 0; i < view->n_pixels; i++) {
        int64_t x = at[0][i] - lowest[0], y = at[1][i] - lowest[1];
        n += at[2][i] == raster->z && x < raster->width && y < raster->height &&
             raster->rows[y * raster->width + x] == i;
    }
    return n;
}

enum mzg_status mzg_view_check_places(const struct mzg_view *view, struct mzg_error *err)
{
    static const char *const names[] = {"obs/x", "obs/y", "obs/z"};
    struct mzg_view_raster raster = {0};
    struct mzg_zarr_input *input = NULL;
    struct key *keys = NULL;
    int64_t *at[3] = {NULL}, lowest[3] = {INT64_MAX, INT64_MAX, INT64_MAX}, n = 0;
    if (open_labels(view, &raster, &input, err) != MZG_OK || raster.n_regions > 1)
        goto cleanup; /* of several samples, whose labels are several */
    for (int d = 0; d < 3; d++) {
        if (read_integers(view, names[d], &at[d], NULL, err) != MZG_OK)
            goto cleanup;
        for (int64_t i = 0; i < view->n_pixels; i++)
            lowest[d] = at[d][i] < lowest[d] ? at[d][i] : lowest[d];
    }
    raster.z_first = lowest[2];
    read_keys(view, &keys, err);
    for (int64_t k = 0; k < raster.n_planes && err->status == MZG_OK; k++) {
        raster.z = raster.z_first + k;
        free(raster.rows);
        raster.rows = NULL;
        if (read_cells(view, input, keys, &raster, err) == MZG_OK)
            n += count_in_place(view, &raster, at, lowest);
    }
    if (err->status == MZG_OK && n != view->n_pixels)
        mzg_fail(err, MZG_EFORMAT,
                 "%s/%s: chunks of obs/x, obs/y or obs/z are missing: %" PRId64
                 " pixels do not lie where the labels have them; the store is incomplete, copy it again",
                 view->store, view->table, view->n_pixels - n);

cleanup:
    free(keys);
    for (int d = 0; d < 3; d++)
        free(at[d]);
    mzg_zarr_input_free(input);
    mzg_view_raster_destroy(&raster);
    return err->status;
}

enum mzg_status mzg_view_place(const struct mzg_view *view, struct mzg_view_raster *raster,
                               struct mzg_error *err)
{
    struct mzg_view_raster made = {0};
    struct mzg_zarr_input *input = NULL;
    if (open_labels(view, &made, &input, err) == MZG_OK)
        *raster = made;
    mzg_zarr_input_free(input);
    return err->status;
}

enum mzg_status mzg_view_raster(const struct mzg_view *view, bool any_z, int64_t z,
                                struct mzg_view_raster *raster, struct mzg_error *err)
{
    struct mzg_view_raster made = {0};
    struct mzg_zarr_input *input = NULL;
    struct key *keys = NULL;
    if (open_labels(view, &made, &input, err) == MZG_OK && made.n_regions > 1)
        refuse_regions(view, made.n_regions, err);
    if (err->status == MZG_OK && choose_plane(view, any_z, z, &made, err) == MZG_OK &&
        read_keys(view, &keys, err) == MZG_OK)
        read_cells(view, input, keys, &made, err);
    free(keys);
    mzg_zarr_input_free(input);
    if (err->status == MZG_OK)
        *raster = made;
    else
        mzg_view_raster_destroy(&made);
    return err->status;
}

void mzg_view_raster_destroy(struct mzg_view_raster *raster)
{
    free(raster->rows);
    *raster = (struct mzg_view_raster){0};
}

/* That no pixel is there, and where there are some. */
static enum mzg_status miss_pixel(const struct mzg_view *view, const int64_t *const positions[3],
                                  const int64_t wanted[3], bool by_z, struct mzg_error *err)
{
    int64_t low[3], high[3];
    char plane[2][64] = {"", ""};
    for (int d = 0; d < 3; d++) {
        low[d] = high[d] = positions[d][0];
        for (int64_t i = 1; i < view->n_pixels; i++) {
            low[d] = positions[d][i] < low[d] ? positions[d][i] : low[d];
            high[d] = positions[d][i] > high[d] ? positions[d][i] : high[d];
        }
    }
    if (by_z)
        snprintf(plane[0], sizeof plane[0], ", z = %" PRId64, wanted[2]);
    if (high[2] > low[2])
        snprintf(plane[1], sizeof plane[1], ", z %" PRId64 " to %" PRId64, low[2], high[2]);
    return mzg_fail(err, MZG_EUSAGE,
                    "%s: there is no pixel at x = %" PRId64 ", y = %" PRId64
                    "%s; those of the store have x %" PRId64 " to %" PRId64 ", y %" PRId64 " to %" PRId64
                    "%s, as in the input",
                    view->store, wanted[0], wanted[1], plane[0], low[0], high[0], low[1], high[1], plane[1]);
}

enum mzg_status mzg_view_pixel_at(const struct mzg_view *view, int64_t x, int64_t y, const int64_t *z,
                                  int64_t *row, struct mzg_error *err)
{
    static const char *const names[] = {"obs/x", "obs/y", "obs/z"};
    int64_t *positions[3] = {NULL};
    bool is_whole = true;
    const int64_t wanted[3] = {x, y, z ? *z : 0};
    int64_t found = -1, n_found = 0;
    json_t *table = NULL;
    size_t n_regions = 1;
    if (mzg_zarr_load(view->store, view->table, &table, err) != MZG_OK)
        goto cleanup;
    first_region(table, &n_regions);
    if (n_regions > 1) {
        refuse_regions(view, n_regions, err);
        goto cleanup;
    }
    for (int d = 0; d < 3; d++)
        if (read_integers(view, names[d], &positions[d], &is_whole, err) != MZG_OK)
            goto cleanup;
    if (!is_whole && mzg_view_check_places(view, err) != MZG_OK)
        goto cleanup;
    for (int64_t i = 0; i < view->n_pixels; i++)
        if (positions[0][i] == x && positions[1][i] == y && (!z || positions[2][i] == *z)) {
            found = i;
            n_found++;
        }
    if (n_found > 1)
        mzg_fail(err, MZG_EUSAGE,
                 "%s: there are %" PRId64 " pixels at x = %" PRId64 ", y = %" PRId64
                 ", in several planes: give x, y and z",
                 view->store, n_found, x, y);
    else if (n_found == 0)
        miss_pixel(view, (const int64_t *const *)positions, wanted, z != NULL, err);
    else
        *row = found;

cleanup:
    json_decref(table);
    for (int d = 0; d < 3; d++)
        free(positions[d]);
    return err->status;
}
