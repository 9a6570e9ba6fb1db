/* Trees of uns: JSON, as it was written to groups and arrays. */
#include <view/describe.h>

#include <core/json.h>
#include <stdlib.h>
#include <string.h>
#include <view/view_parts.h>

enum { MAX_DEPTH = 16, LONGEST_LIST = 1000 };

static json_t *number_at(enum mzg_type type, const double *reals, const int64_t *integers, int64_t i)
{
    if (type == MZG_BOOL)
        return json_boolean(integers[i] != 0);
    return integers ? json_integer(integers[i]) : json_real(reals[i]);
}

/* An array of one dimension or none, as a list or a scalar. */
static enum mzg_status read_numbers(const struct mzg_view *view, const char *node, enum mzg_type type,
                                    int n_dimensions, json_t **tree, struct mzg_error *err)
{
    bool is_real = type == MZG_FLOAT32 || type == MZG_FLOAT64;
    void *values = NULL;
    int64_t n = 0;
    if (mzg_zarr_read_whole(view->store, node, is_real ? MZG_FLOAT64 : MZG_INT64, n_dimensions, LONGEST_LIST,
                            &values, &n, err) != MZG_OK)
        return err->status;
    const double *reals = is_real ? values : NULL;
    const int64_t *integers = is_real ? NULL : values;
    json_t *list = n_dimensions > 0 ? json_array() : NULL;
    for (int64_t i = 0; list && i < n; i++)
        list = mzg_json_append(list, number_at(type, reals, integers, i));
    *tree = n_dimensions > 0 ? list : number_at(type, reals, integers, 0);
    free(values);
    return MZG_OK;
}

static enum mzg_status read_strings(const struct mzg_view *view, const char *node, int n_dimensions,
                                    json_t **tree, struct mzg_error *err)
{
    struct mzg_zarr_strings strings = {0};
    if (mzg_zarr_read_strings(view->store, node, LONGEST_LIST, &strings, err) != MZG_OK)
        return err->status;
    json_t *list = n_dimensions > 0 ? json_array() : NULL;
    for (int64_t i = 0; list && i < strings.n; i++)
        list = mzg_json_append(list, json_string(strings.items[i]));
    *tree = n_dimensions > 0 ? list : json_string(strings.items[0]);
    mzg_zarr_strings_free(&strings);
    return MZG_OK;
}

static enum mzg_status read_array(const struct mzg_view *view, const char *node, json_t **tree,
                                  struct mzg_error *err)
{
    struct mzg_zarr_input *input = NULL;
    if (mzg_zarr_input_open(view->store, node, &input, err) != MZG_OK)
        return err->status;
    const struct mzg_zarr_shape *shape = mzg_zarr_input_shape(input);
    int n = shape->n_dimensions;
    enum mzg_type type = shape->type;
    bool is_short = n == 0 || (n == 1 && shape->shape[0] <= LONGEST_LIST);
    mzg_zarr_input_free(input);
    if (!is_short)
        *tree = json_null();
    else if (type == MZG_STRING)
        read_strings(view, node, n, tree, err);
    else
        read_numbers(view, node, type, n, tree, err);
    if (err->status == MZG_OK && !*tree)
        mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its values", view->store, node);
    return err->status;
}

static enum mzg_status read_node(const struct mzg_view *view, const char *node, int depth, json_t **tree,
                                 struct mzg_error *err);

static enum mzg_status read_group(const struct mzg_view *view, const char *node, int depth, json_t **tree,
                                  struct mzg_error *err)
{
    struct mzg_zarr_strings names = {0};
    json_t *object = json_object();
    if (mzg_zarr_members(view->store, node, &names, err) != MZG_OK)
        goto cleanup;
    for (int64_t i = 0; i < names.n && err->status == MZG_OK; i++) {
        json_t *member = NULL;
        char *below = mzg_view_node(node, names.items[i]);
        if (!below)
            mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its members", view->store, node);
        else if (read_node(view, below, depth + 1, &member, err) == MZG_OK)
            object = mzg_json_with(object, names.items[i], member);
        free(below);
    }
    if (err->status == MZG_OK && !object)
        mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its members", view->store, node);

cleanup:
    mzg_zarr_strings_free(&names);
    if (err->status == MZG_OK)
        *tree = object;
    else
        json_decref(object);
    return err->status;
}

static enum mzg_status read_node(const struct mzg_view *view, const char *node, int depth, json_t **tree,
                                 struct mzg_error *err)
{
    json_t *metadata = NULL;
    if (mzg_zarr_load(view->store, node, &metadata, err) != MZG_OK)
        return err->status;
    bool is_group = strcmp(json_string_value(json_object_get(metadata, "node_type")), "group") == 0;
    json_decref(metadata);
    if (!is_group)
        return read_array(view, node, tree, err);
    if (depth < MAX_DEPTH)
        return read_group(view, node, depth, tree, err);
    *tree = json_null();
    return MZG_OK;
}

enum mzg_status mzg_view_tree(const struct mzg_view *view, const char *node, json_t **tree,
                              struct mzg_error *err)
{
    char *path = mzg_view_node(view->table, node);
    if (!path)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to read %s", view->store, node);
    if (mzg_view_has(view->store, path))
        read_node(view, path, 0, tree, err);
    else
        *tree = json_null();
    free(path);
    return err->status;
}
