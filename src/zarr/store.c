/* The tree of declared nodes, and its end: all metadata in files, the root's last, everything on the disk. */
#include <zarr/store.h>

#include <core/agree.h>
#include <core/json.h>
#include <core/mpi.h>
#include <core/pool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zarr/store_file.h>
#include <zarr/store_sync.h>

#include <stdio.h>

/* Waits for what mzg_zarr_store_start_sync() started. */
static void wait_for_sync(struct mzg_zarr_store *store)
{
    if (store->syncing)
        mzg_pool_wait_aside(store->context->pool);
    store->syncing = false;
}

enum mzg_status mzg_zarr_store_new(const struct mzg_context *context, const char *path,
                                   struct mzg_zarr_store **store, struct mzg_error *err)
{
    struct mzg_zarr_store *new_store = calloc(1, sizeof *new_store);
    if (new_store) {
        new_store->sync_fd = -1;
        new_store->context = context;
        new_store->path = strdup(path);
        new_store->nodes = json_object();
        new_store->consolidated = json_object();
    }
    if (!new_store || !new_store->path || !new_store->nodes || !new_store->consolidated) {
        mzg_zarr_store_free(new_store);
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for this store", path);
    }
    mzg_store_open_sync(new_store);
    *store = new_store;
    return MZG_OK;
}

void mzg_zarr_store_free(struct mzg_zarr_store *store)
{
    if (!store)
        return;
    wait_for_sync(store);
    while (store->arrays) {
        struct mzg_zarr_array *array = store->arrays;
        store->arrays = array->next;
        free(array->path);
        free(array);
    }
    if (store->sync_fd >= 0)
        close(store->sync_fd);
    json_decref(store->nodes);
    json_decref(store->consolidated);
    free(store->written);
    free(store->path);
    free(store);
}

static enum mzg_status check_parent(const struct mzg_zarr_store *store, const char *path,
                                    struct mzg_error *err)
{
    const char *slash = strrchr(path, '/');
    char *parent = strndup(path, slash ? (size_t)(slash - path) : 0);
    if (!parent)
        return mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its path", store->path, path);
    const char *type = json_string_value(json_object_get(json_object_get(store->nodes, parent), "node_type"));
    free(parent);
    if (!type || strcmp(type, "group") != 0)
        return mzg_fail(err, MZG_EUSAGE, "%s/%s: the group above this node was not declared", store->path,
                        path);
    return MZG_OK;
}

enum mzg_status mzg_zarr_declare(struct mzg_zarr_store *store, const char *path, json_t *metadata,
                                 struct mzg_error *err)
{
    if (json_object_get(store->nodes, path))
        mzg_fail(err, MZG_EUSAGE, "%s/%s: this node was declared before", store->path, path);
    else if (*path && check_parent(store, path, err) == MZG_OK && strstr(path, "//"))
        mzg_fail(err, MZG_EUSAGE, "%s/%s: a name in this path is empty", store->path, path);
    if (err->status != MZG_OK)
        json_decref(metadata);
    else if (json_object_set_new(store->nodes, path, metadata) != 0)
        mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for this node", store->path, path);
    return err->status;
}

enum mzg_status mzg_zarr_group(struct mzg_zarr_store *store, const char *path, json_t *attributes,
                               struct mzg_error *err)
{
    json_t *metadata =
        json_pack("{s:i, s:s, s:o}", "zarr_format", 3, "node_type", "group", "attributes", attributes);
    if (!metadata)
        return mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for this group", store->path, path);
    return mzg_zarr_declare(store, path, metadata, err);
}

enum mzg_status mzg_zarr_consolidate(struct mzg_zarr_store *store, const char *path, struct mzg_error *err)
{
    if (json_object_set_new(store->consolidated, path, json_true()) != 0)
        return mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory to note this group", store->path, path);
    return MZG_OK;
}

enum mzg_status mzg_zarr_set_attributes(struct mzg_zarr_store *store, const char *path, json_t *attributes,
                                        struct mzg_error *err)
{
    if (!attributes ||
        json_object_set_new(json_object_get(store->nodes, path), "attributes", attributes) != 0)
        return mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its attributes", store->path, path);
    return MZG_OK;
}

int64_t mzg_zarr_bytes_written(const struct mzg_zarr_store *store)
{
    return store->bytes_written;
}

static enum mzg_status write_metadata(struct mzg_zarr_store *store, const char *node, const json_t *metadata,
                                      struct mzg_error *err)
{
    struct mzg_store_file file = {.fd = -1};
    char *path = NULL;
    char *text = json_dumps(metadata, JSON_INDENT(1));
    if (!text || asprintf(&path, "%s/%s%szarr.json", store->path, node, *node ? "/" : "") < 0) {
        path = NULL;
        mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its metadata", store->path, node);
        goto cleanup;
    }
    if (mzg_store_file_create(path, &file, err) != MZG_OK)
        goto cleanup;
    mzg_store_file_append(&file, text, strlen(text), err);
    mzg_store_file_close(&file, err);
    store->bytes_written += file.written;

cleanup:
    free(path);
    free(text);
    return err->status;
}

static int depth(const char *path)
{
    int n = 0;
    for (; *path; path++)
        n += *path == '/';
    return n;
}

int mzg_zarr_compare_nodes(const void *a, const void *b)
{
    const char *first = *(const char *const *)a, *second = *(const char *const *)b;
    int difference = depth(first) - depth(second);
    return difference ? difference : strcmp(first, second);
}

/* The path of `node` from the group `path` on; NULL if it does not lie below it. */
static const char *path_below(const char *path, const char *node)
{
    size_t length = strlen(path);
    if (length == 0)
        return *node ? node : NULL;
    return strncmp(node, path, length) == 0 && node[length] == '/' ? node + length + 1 : NULL;
}

/* A group's metadata with a copy of those of all below it, sorted by depth, then name; NULL: no memory. */
static json_t *consolidate(const struct mzg_zarr_store *store, const char *group_path)
{
    size_t n = 0;
    const char **paths = malloc((json_object_size(store->nodes) + 1) * sizeof *paths);
    json_t *all = json_object();
    /* Not by jansson's copy, which leaves out what it has no memory for. */
    json_t *group = mzg_json_merge(json_object(), json_incref(json_object_get(store->nodes, group_path)));
    if (!paths || !all || !group)
        goto fail;
    const char *path;
    json_t *metadata;
    json_object_foreach(store->nodes, path, metadata)
    {
        if (path_below(group_path, path))
            paths[n++] = path;
    }
    qsort(paths, n, sizeof *paths, mzg_zarr_compare_nodes);
    for (size_t i = 0; i < n; i++) {
        if (json_object_set(all, path_below(group_path, paths[i]), json_object_get(store->nodes, paths[i])) !=
            0)
            goto fail;
    }
    json_t *consolidated =
        json_pack("{s:s, s:b, s:O}", "kind", "inline", "must_understand", 0, "metadata", all);
    if (!consolidated || json_object_set_new(group, "consolidated_metadata", consolidated) != 0)
        goto fail;
    json_decref(all);
    free(paths);
    return group;

fail:
    json_decref(group);
    json_decref(all);
    free(paths);
    return NULL;
}

static enum mzg_status write_consolidated(struct mzg_zarr_store *store, const char *path,
                                          struct mzg_error *err)
{
    json_t *group = consolidate(store, path);
    if (!group)
        return mzg_fail(err, MZG_ENOMEM,
                        "%s/%s: no memory for its consolidated metadata, or this group was not declared",
                        store->path, path);
    write_metadata(store, path, group, err);
    json_decref(group);
    return err->status;
}

static enum mzg_status write_all_metadata(struct mzg_zarr_store *store, struct mzg_error *err)
{
    const char *path;
    json_t *metadata;
    json_object_foreach(store->nodes, path, metadata)
    {
        if (json_object_get(store->consolidated, path))
            write_consolidated(store, path, err);
        else if (*path)
            write_metadata(store, path, metadata, err);
        if (err->status != MZG_OK)
            return err->status;
    }
    return write_consolidated(store, "", err);
}

/* Whether this rank is the first of its node. Collective. */
static bool is_first_of_node(const struct mzg_context *context)
{
    MPI_Comm node;
    int rank;
    MZG_MPI(MPI_Comm_split_type(context->comm, MPI_COMM_TYPE_SHARED, context->rank, MPI_INFO_NULL, &node));
    MZG_MPI(MPI_Comm_rank(node, &rank));
    MZG_MPI(MPI_Comm_free(&node));
    return rank == 0;
}

/* A task of the thread beside the workers. */
static void sync_aside(void *context)
{
    struct mzg_zarr_store *store = context;
    mzg_store_sync(store, &store->sync_error);
}

void mzg_zarr_store_start_sync(struct mzg_zarr_store *store)
{
    store->syncing = is_first_of_node(store->context);
    if (store->syncing)
        mzg_pool_start_aside(store->context->pool, sync_aside, store);
}

/* Rank 0, once all the others are done. */
static enum mzg_status finish_metadata(struct mzg_zarr_store *store, struct mzg_error *err)
{
    if (write_all_metadata(store, err) != MZG_OK || mzg_store_sync(store, err) != MZG_OK)
        return err->status;
    return mzg_store_check_metadata(store, err);
}

enum mzg_status mzg_zarr_store_finish(struct mzg_zarr_store *store, struct mzg_error *err)
{
    const struct mzg_context *context = store->context;
    wait_for_sync(store);
    if (err->status == MZG_OK)
        *err = store->sync_error;
    MZG_MPI(MPI_Barrier(context->comm)); /* another rank of this node may still be writing */
    if (is_first_of_node(context) && err->status == MZG_OK)
        mzg_store_sync(store, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    if (context->rank == 0)
        finish_metadata(store, err);
    if (mzg_agree(context->comm, err) == MZG_OK)
        mzg_store_check_written(store, err);
    return mzg_agree(context->comm, err);
}
