#include <spatialdata/update_metadata.h>

#include <core/json.h>
#include <zarr/zarr.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *nodes_of(const json_t *group)
{
    return json_object_get(json_object_get(group, "consolidated_metadata"), "metadata");
}

static bool is_at_or_below(const char *node, const char *path)
{
    size_t length = strlen(path);
    return strncmp(node, path, length) == 0 && (node[length] == '\0' || node[length] == '/');
}

bool mzg_metadata_names(const json_t *group, const char *path)
{
    const json_t *nodes = nodes_of(group);
    return !nodes || json_object_get(nodes, path);
}

enum mzg_status mzg_metadata_remove(json_t *group, const char *path, struct mzg_error *err)
{
    json_t *nodes = nodes_of(group), *kept = json_object(), *node;
    const char *name;
    json_object_foreach(nodes, name, node)
    {
        if (!is_at_or_below(name, path))
            kept = mzg_json_with(kept, name, json_incref(node));
    }
    if (!kept)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for the metadata without it", path);
    if (!nodes)
        json_decref(kept);
    else if (json_object_set_new(json_object_get(group, "consolidated_metadata"), "metadata", kept) != 0)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for the metadata without it", path);
    return MZG_OK;
}

/* The nodes in order, a new reference; takes the one to `nodes`. NULL: no memory. */
static json_t *sort_nodes(json_t *nodes)
{
    size_t n = 0;
    const char *name;
    json_t *node, *sorted = json_object();
    const char **names = malloc((json_object_size(nodes) + 1) * sizeof *names);
    if (names && nodes) {
        json_object_foreach(nodes, name, node)
        {
            names[n++] = name;
        }
        qsort(names, n, sizeof *names, mzg_zarr_compare_nodes);
        for (size_t i = 0; i < n; i++)
            sorted = mzg_json_with(sorted, names[i], json_incref(json_object_get(nodes, names[i])));
    } else {
        json_decref(sorted);
        sorted = NULL;
    }
    free(names);
    json_decref(nodes);
    return sorted;
}

/* `nodes` with `metadata` at `path` and what lies below. Takes the reference to `nodes`. */
static json_t *add_nodes(json_t *nodes, const char *path, const json_t *metadata)
{
    const json_t *below = nodes_of(metadata);
    const char *name;
    json_t *node, *plain = json_object();
    json_object_foreach((json_t *)metadata, name, node)
    {
        if (strcmp(name, "consolidated_metadata") != 0)
            plain = mzg_json_with(plain, name, json_incref(node));
    }
    nodes = mzg_json_with(nodes, path, plain);
    json_object_foreach((json_t *)below, name, node)
    {
        char *whole;
        if (asprintf(&whole, "%s/%s", path, name) < 0) {
            json_decref(nodes);
            return NULL;
        }
        nodes = mzg_json_with(nodes, whole, json_incref(node));
        free(whole);
    }
    return nodes;
}

enum mzg_status mzg_metadata_put(json_t *group, const char *path, const json_t *metadata,
                                 struct mzg_error *err)
{
    if (!nodes_of(group))
        return MZG_OK;
    if (nodes_of(metadata) && mzg_metadata_remove(group, path, err) != MZG_OK)
        return err->status;
    json_t *nodes = sort_nodes(add_nodes(json_incref(nodes_of(group)), path, metadata));
    if (!nodes ||
        json_object_set_new(json_object_get(group, "consolidated_metadata"), "metadata", nodes) != 0)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for the metadata with it", path);
    return MZG_OK;
}

enum mzg_status mzg_metadata_add_column(json_t *frame, const char *name, struct mzg_error *err)
{
    json_t *order = json_object_get(json_object_get(frame, "attributes"), "column-order"), *column;
    size_t i;
    if (!json_is_array(order))
        return mzg_fail(err, MZG_EFORMAT,
                        "var of the table has no order of columns: it is not a dataframe of AnnData");
    json_array_foreach(order, i, column)
    {
        if (json_is_string(column) && strcmp(json_string_value(column), name) == 0)
            return MZG_OK;
    }
    if (json_array_append_new(order, json_string(name)) != 0)
        return mzg_fail(err, MZG_ENOMEM, "var/%s: no memory for this column", name);
    return MZG_OK;
}
