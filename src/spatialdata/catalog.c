#include <spatialdata/catalog.h>

#include <core/array.h>
#include <zarr/read.h>

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_DEPTH = 64 };

static const char *const groups[] = {[MZG_ELEMENT_IMAGES] = "images",
                                     [MZG_ELEMENT_LABELS] = "labels",
                                     [MZG_ELEMENT_POINTS] = "points",
                                     [MZG_ELEMENT_SHAPES] = "shapes",
                                     [MZG_ELEMENT_TABLES] = "tables"};

const char *mzg_element_group(enum mzg_element_kind kind)
{
    return groups[kind];
}

/* A walk through one element. */
struct walk {
    struct mzg_catalog *catalog;
    struct mzg_element *element;
    const json_t *listed; /* the consolidated metadata of the root; NULL: there are none */
};

static enum mzg_status fail_memory(const struct mzg_catalog *catalog, struct mzg_error *err)
{
    return mzg_fail(err, MZG_ENOMEM, "%s: no memory to list what is in it", catalog->path);
}

static char *join(const char *head, const char *tail)
{
    char *path;
    if (asprintf(&path, "%s%s%s", head, *head && *tail ? "/" : "", tail) < 0)
        return NULL;
    return path;
}

static enum mzg_status add_file(struct mzg_catalog *catalog, struct mzg_catalog_file **files, int64_t *n,
                                int64_t *capacity, const char *path, const char *shown, struct mzg_error *err)
{
    struct mzg_file_state state;
    if (mzg_file_state(shown, &state, err) != MZG_OK)
        return err->status;
    if (mzg_array_grow(files, sizeof **files, *n + 1, capacity, "files of a store", err) != MZG_OK)
        return err->status;
    char *copy = strdup(path);
    if (!copy)
        return fail_memory(catalog, err);
    (*files)[(*n)++] = (struct mzg_catalog_file){copy, state};
    return MZG_OK;
}

/* Loads the metadata of a node, `path` from the store, and notes their file. */
static enum mzg_status load(struct mzg_catalog *catalog, const char *path, json_t **metadata,
                            struct mzg_error *err)
{
    char *file = join(path, "zarr.json");
    char *shown = file ? join(catalog->path, file) : NULL;
    if (!shown)
        fail_memory(catalog, err);
    else if (add_file(catalog, &catalog->metadata, &catalog->n_metadata, &catalog->metadata_capacity, file,
                      shown, err) == MZG_OK)
        mzg_zarr_load(catalog->path, path, metadata, err);
    free(shown);
    free(file);
    return err->status;
}

static enum mzg_status check_listed(const struct walk *walk, const char *path, struct mzg_error *err)
{
    if (walk->listed && !json_object_get(walk->listed, path))
        return mzg_fail(err, MZG_EFORMAT,
                        "%s: its consolidated metadata do not know '%s': 'mzgrid peaks' is at work on it "
                        "(then try again), "
                        "it is half-written, or was changed by a program that did not renew them (in Python: "
                        "zarr.consolidate_metadata)",
                        walk->catalog->path, path);
    return MZG_OK;
}

/* `path` is that of the node from its element on, `full` from the store on. */
static enum mzg_status add_node(struct walk *walk, const char *path, const char *full, struct mzg_error *err)
{
    struct mzg_element *element = walk->element;
    json_t *metadata = NULL;
    if (check_listed(walk, full, err) != MZG_OK || load(walk->catalog, full, &metadata, err) != MZG_OK)
        return err->status;
    json_object_del(metadata, "consolidated_metadata");
    char *copy = strdup(path);
    if (!copy)
        fail_memory(walk->catalog, err);
    else
        mzg_array_grow(&element->nodes, sizeof *element->nodes, element->n_nodes + 1, &element->node_capacity,
                       "nodes of a store", err);
    if (err->status != MZG_OK) {
        json_decref(metadata);
        free(copy);
        return err->status;
    }
    element->nodes[element->n_nodes++] = (struct mzg_catalog_node){copy, metadata};
    return MZG_OK;
}

static bool exists(const char *directory, const char *name)
{
    struct stat info;
    char *path = join(directory, name);
    bool found = path && lstat(path, &info) == 0;
    free(path);
    return found;
}

static int is_no_dot(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* The entries of a directory, sorted; to be freed by free_entries(). */
static int list(const char *path, struct dirent ***entries, struct mzg_error *err)
{
    int n = scandir(path, entries, is_no_dot, by_bytes);
    if (n < 0) {
        mzg_fail(err, errno == ENOMEM ? MZG_ENOMEM : MZG_EIO, "%s: it cannot be listed: %s", path,
                 strerror(errno));
        *entries = NULL;
        return 0;
    }
    return n;
}

static void free_entries(struct dirent **entries, int n)
{
    for (int i = 0; i < n; i++)
        free(entries[i]);
    free(entries);
}

/* All in the directory `path` of the element, which may be "". */
static enum mzg_status walk_directory(struct walk *walk, const char *path, int depth, struct mzg_error *err);

static enum mzg_status walk_entry(struct walk *walk, const char *path, const char *shown, int depth,
                                  struct mzg_error *err)
{
    struct mzg_element *element = walk->element;
    struct stat info;
    if (lstat(shown, &info) != 0)
        return mzg_fail(err, MZG_EIO, "%s: it cannot be read: %s", shown, strerror(errno));
    if (S_ISDIR(info.st_mode))
        return walk_directory(walk, path, depth + 1, err);
    const char *slash = strrchr(path, '/');
    if (strcmp(slash ? slash + 1 : path, "zarr.json") == 0)
        return MZG_OK; /* of a node, which was added */
    return add_file(walk->catalog, &element->files, &element->n_files, &element->file_capacity, path, shown,
                    err);
}

static enum mzg_status walk_directory(struct walk *walk, const char *path, int depth, struct mzg_error *err)
{
    const struct mzg_element *element = walk->element;
    struct dirent **entries = NULL;
    int n = 0;
    char *head = join(groups[element->kind], element->name);
    char *full = head ? join(head, path) : NULL;
    char *shown = full ? join(walk->catalog->path, full) : NULL;
    if (!shown) {
        fail_memory(walk->catalog, err);
        goto cleanup;
    }
    if (depth > MAX_DEPTH) {
        mzg_fail(err, MZG_EFORMAT, "%s: it lies %d directories deep; expected a store", shown, MAX_DEPTH);
        goto cleanup;
    }
    if (exists(shown, "zarr.json"))
        add_node(walk, path, full, err);
    if (err->status == MZG_OK)
        n = list(shown, &entries, err);
    for (int i = 0; i < n && err->status == MZG_OK; i++) {
        char *below = join(path, entries[i]->d_name);
        char *below_shown = join(shown, entries[i]->d_name);
        if (below && below_shown)
            walk_entry(walk, below, below_shown, depth, err);
        else
            fail_memory(walk->catalog, err);
        free(below_shown);
        free(below);
    }

cleanup:
    free_entries(entries, n);
    free(shown);
    free(full);
    free(head);
    return err->status;
}

static enum mzg_status add_element(struct walk *walk, enum mzg_element_kind kind, const char *name,
                                   struct mzg_error *err)
{
    struct mzg_catalog *catalog = walk->catalog;
    if (mzg_array_grow(&catalog->elements, sizeof *catalog->elements, catalog->n_elements + 1,
                       &catalog->element_capacity, "elements of a store", err) != MZG_OK)
        return err->status;
    char *copy = strdup(name);
    if (!copy)
        return fail_memory(catalog, err);
    walk->element = &catalog->elements[catalog->n_elements++];
    *walk->element = (struct mzg_element){.kind = kind, .name = copy};
    if (walk_directory(walk, "", 0, err) != MZG_OK)
        return err->status;
    if (!mzg_element_node(walk->element, ""))
        return mzg_fail(err, MZG_EFORMAT, "%s: %s/%s has no zarr.json: it is half-written, or not an element",
                        catalog->path, groups[kind], name);
    return MZG_OK;
}

/* All elements of one kind. */
static enum mzg_status add_kind(struct walk *walk, enum mzg_element_kind kind, struct mzg_error *err)
{
    struct mzg_catalog *catalog = walk->catalog;
    struct dirent **entries = NULL;
    json_t *metadata = NULL;
    int n = 0;
    char *directory = join(catalog->path, groups[kind]);
    if (!directory)
        return fail_memory(catalog, err);
    if (!exists(catalog->path, groups[kind]))
        goto cleanup;
    if (load(catalog, groups[kind], &metadata, err) != MZG_OK ||
        check_listed(walk, groups[kind], err) != MZG_OK)
        goto cleanup;
    n = list(directory, &entries, err);
    for (int i = 0; i < n && err->status == MZG_OK; i++) {
        if (strcmp(entries[i]->d_name, "zarr.json") != 0 && entries[i]->d_name[0] != '.')
            add_element(walk, kind, entries[i]->d_name, err);
    }

cleanup:
    free_entries(entries, n);
    json_decref(metadata);
    free(directory);
    return err->status;
}

/* Whether all that the consolidated metadata list was found: as many, each of which they list. */
static enum mzg_status check_complete(const struct walk *walk, struct mzg_error *err)
{
    const char *path;
    json_t *metadata;
    json_object_foreach((json_t *)walk->listed, path, metadata)
    {
        char *node = join(walk->catalog->path, path);
        bool found = node && exists(node, "zarr.json");
        if (!node)
            fail_memory(walk->catalog, err);
        else if (!found)
            mzg_fail(err, MZG_EFORMAT, "%s: its metadata list '%s', which is not there: it is not complete",
                     walk->catalog->path, path);
        free(node);
        if (err->status != MZG_OK)
            break;
    }
    return err->status;
}

/* What else lies in the root. */
static enum mzg_status note_left_out(struct mzg_catalog *catalog, struct mzg_error *err)
{
    struct dirent **entries;
    int n = list(catalog->path, &entries, err);
    for (int i = 0; i < n && err->status == MZG_OK; i++) {
        const char *name = entries[i]->d_name;
        bool is_known = strcmp(name, "zarr.json") == 0;
        for (int kind = 0; kind < MZG_ELEMENT_KINDS; kind++)
            is_known = is_known || strcmp(name, groups[kind]) == 0;
        if (is_known)
            continue;
        char *more;
        if (asprintf(&more, "%s%s%s", catalog->left_out ? catalog->left_out : "",
                     catalog->left_out ? ", " : "", name) < 0) {
            fail_memory(catalog, err);
            break;
        }
        free(catalog->left_out);
        catalog->left_out = more;
    }
    free_entries(entries, n);
    return err->status;
}

/* Why a directory without zarr.json is refused. */
static enum mzg_status fail_no_store(const char *path, struct mzg_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return mzg_fail(err, MZG_EIO, "%s: it cannot be read: %s", path, strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return mzg_fail(err, MZG_EFORMAT, "%s: it is not a directory; expected a SpatialData store", path);
    if (exists(path, ".zgroup") || exists(path, ".zattrs"))
        return mzg_fail(
            err, MZG_EFORMAT,
            "%s: it is a store of Zarr 2; expected Zarr 3: write it again by spatialdata 0.5 or later", path);
    return mzg_fail(err, MZG_EFORMAT,
                    "%s: it has no zarr.json: it is not a SpatialData store, or one that is half-written",
                    path);
}

static enum mzg_status check_version(const char *path, const json_t *root, struct mzg_error *err)
{
    const json_t *attrs = json_object_get(json_object_get(root, "attributes"), "spatialdata_attrs");
    const char *version = json_string_value(json_object_get(attrs, "version"));
    if (!json_is_object(attrs) || !version)
        return mzg_fail(
            err, MZG_EFORMAT,
            "%s: it is a Zarr store, but not a SpatialData store: its root has no 'spatialdata_attrs'", path);
    if (strcmp(version, "0.2") != 0)
        return mzg_fail(
            err, MZG_EFORMAT,
            "%s: it is a SpatialData store of container version %s; expected 0.2: write it again by "
            "spatialdata 0.5 or later",
            path, version);
    return MZG_OK;
}

enum mzg_status mzg_catalog_root(const char *path, json_t **root, struct mzg_error *err)
{
    json_t *loaded = NULL;
    if (!exists(path, "zarr.json"))
        return fail_no_store(path, err);
    if (mzg_zarr_load(path, "", &loaded, err) == MZG_OK && check_version(path, loaded, err) == MZG_OK)
        *root = loaded;
    else
        json_decref(loaded);
    return err->status;
}

enum mzg_status mzg_catalog_open(const char *path, struct mzg_catalog *catalog, struct mzg_error *err)
{
    json_t *root = NULL;
    struct walk walk = {.catalog = catalog};
    *catalog = (struct mzg_catalog){.path = strdup(path)};
    if (!catalog->path)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its path", path);
    for (char *end = catalog->path + strlen(catalog->path) - 1; end > catalog->path && *end == '/'; end--)
        *end = '\0';
    if (!exists(catalog->path, "zarr.json"))
        return fail_no_store(catalog->path, err);
    if (load(catalog, "", &root, err) != MZG_OK)
        return err->status;
    catalog->attributes = json_incref(json_object_get(root, "attributes"));
    walk.listed = json_object_get(json_object_get(root, "consolidated_metadata"), "metadata");
    if (check_version(catalog->path, root, err) == MZG_OK && check_complete(&walk, err) == MZG_OK)
        note_left_out(catalog, err);
    for (int kind = 0; kind < MZG_ELEMENT_KINDS && err->status == MZG_OK; kind++)
        add_kind(&walk, (enum mzg_element_kind)kind, err);
    if (err->status == MZG_OK && catalog->n_elements == 0)
        mzg_fail(err, MZG_EFORMAT, "%s: it has no elements: there is nothing to merge", catalog->path);
    json_decref(root);
    return err->status;
}

static void free_files(struct mzg_catalog_file *files, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        free(files[i].path);
    free(files);
}

void mzg_catalog_close(struct mzg_catalog *catalog)
{
    for (int64_t i = 0; i < catalog->n_elements; i++) {
        struct mzg_element *element = &catalog->elements[i];
        for (int64_t node = 0; node < element->n_nodes; node++) {
            free(element->nodes[node].path);
            json_decref(element->nodes[node].metadata);
        }
        free(element->nodes);
        free_files(element->files, element->n_files);
        free(element->name);
    }
    free(catalog->elements);
    free_files(catalog->metadata, catalog->n_metadata);
    json_decref(catalog->attributes);
    free(catalog->left_out);
    free(catalog->path);
    *catalog = (struct mzg_catalog){0};
}

enum mzg_status mzg_catalog_check(const struct mzg_catalog *catalog, struct mzg_error *err)
{
    for (int64_t i = 0; i < catalog->n_metadata && err->status == MZG_OK; i++) {
        char *path = join(catalog->path, catalog->metadata[i].path);
        if (!path)
            return fail_memory(catalog, err);
        mzg_file_check_state(path, &catalog->metadata[i].state, err);
        free(path);
    }
    return err->status;
}

struct mzg_catalog_node *mzg_element_node(const struct mzg_element *element, const char *path)
{
    for (int64_t i = 0; i < element->n_nodes; i++)
        if (strcmp(element->nodes[i].path, path) == 0)
            return &element->nodes[i];
    return NULL;
}
