/* Finding the table in a store, and saying clearly why there is none. */
#include <view/view_parts.h>

#include <core/file.h>
#include <core/own_name.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *mzg_view_node(const char *parent, const char *name)
{
    char *node;
    return asprintf(&node, "%s%s%s", parent, *parent ? "/" : "", name) < 0 ? NULL : node;
}

bool mzg_view_has(const char *store, const char *node)
{
    char *path;
    if (asprintf(&path, "%s/%s/zarr.json", store, node) < 0)
        return false;
    bool has = access(path, F_OK) == 0;
    free(path);
    return has;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* What there is to say if a conversion to this name is under way, or was killed; "" or a clause. */
static void say_unfinished(const char *store, char *clause, size_t size)
{
    char pattern[4096];
    size_t n = 0;
    glob_t found = {0};
    *clause = '\0';
    for (const char *c = store; *c && n + 12 < sizeof pattern; c++) {
        if (strchr("*?[\\", *c))
            pattern[n++] = '\\';
        pattern[n++] = *c;
    }
    while (n > 1 && pattern[n - 1] == '/')
        n--;
    memcpy(pattern + n, ".*.part", sizeof ".*.part");
    if (ends_with(store, ".part") || ends_with(store, ".part/"))
        snprintf(clause, size, "; it is half of one, whose conversion is under way or was killed");
    else if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0 && found.gl_pathc > 0)
        snprintf(clause, size, "; %s is half of one, whose conversion is under way or was killed",
                 found.gl_pathv[0]);
    globfree(&found);
}

/* That the path is a store at all. */
static enum mzg_status check_store(const char *store, struct mzg_error *err)
{
    char clause[4352];
    struct stat info;
    say_unfinished(store, clause, sizeof clause);
    if (stat(store, &info) != 0 && errno == ENOENT)
        return mzg_fail(err, MZG_EIO, "%s: there is no such store%s", store, clause);
    if (stat(store, &info) != 0)
        return mzg_fail(err, MZG_EIO, "%s: cannot be opened: %s", store, strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return mzg_fail(err, MZG_EFORMAT,
                        "%s: is a file, expected the directory of a store; 'mzgrid convert' makes one of an "
                        "imzML file",
                        store);
    if (mzg_view_has(store, "."))
        return MZG_OK;
    char *old = mzg_file_path(store, "/.zgroup");
    bool is_old = old && access(old, F_OK) == 0;
    free(old);
    if (is_old)
        return mzg_fail(err, MZG_EFORMAT, "%s: is a store of Zarr version 2, expected version 3", store);
    return mzg_fail(err, MZG_EFORMAT, "%s: no store is there, it has no zarr.json%s", store, clause);
}

/* Takes those that are no tables with m/z, or were not `made` by a conversion, off the list. */
static void keep_tables(const char *store, const char *below, struct mzg_zarr_strings *tables)
{
    int64_t n = 0;
    for (int64_t i = 0; i < tables->n; i++) {
        char *node;
        if (asprintf(&node, "tables/%s/%s", tables->items[i], below) < 0)
            continue;
        if (mzg_view_has(store, node))
            tables->items[n++] = tables->items[i];
        free(node);
    }
    tables->n = n;
}

/* "a, b and c" of the tables, in `text`. */
static const char *list_names(const struct mzg_zarr_strings *tables, char *text, size_t size)
{
    size_t used = 0;
    *text = '\0';
    for (int64_t i = 0; i < tables->n && used < size; i++) {
        int n = snprintf(text + used, size - used, "%s%s",
                         i == 0 ? "" : (i == tables->n - 1 ? " and " : ", "), tables->items[i]);
        used += n > 0 ? (size_t)n : 0;
    }
    return text;
}

static const char *find_named(const struct mzg_zarr_strings *tables, const char *dataset)
{
    for (int64_t i = 0; i < tables->n; i++) {
        const char *name = tables->items[i];
        size_t n = strlen(dataset);
        if (strncmp(name, dataset, n) == 0 && (!name[n] || strcmp(name + n, "_z0") == 0))
            return name;
    }
    return NULL;
}

static enum mzg_status choose(const char *store, const char *dataset, struct mzg_zarr_strings *tables,
                              const char **chosen, struct mzg_error *err)
{
    char names[600];
    keep_tables(store, "var/mz", tables);
    if (tables->n == 0)
        return mzg_fail(err, MZG_EFORMAT, "%s: is no store of mzgrid: it has no table with m/z", store);
    list_names(tables, names, sizeof names);
    if (dataset) {
        *chosen = find_named(tables, dataset);
        if (!*chosen)
            return mzg_fail(err, MZG_EUSAGE, "%s: has no table '%s', only %s", store, dataset, names);
        return MZG_OK;
    }
    int64_t n_all = tables->n;
    if (n_all > 1)
        keep_tables(store, "uns/mzgrid/mass_axis", tables);
    if (tables->n != 1)
        return mzg_fail(err, MZG_EUSAGE, "%s: has several tables, %s: choose one by --dataset", store, names);
    *chosen = tables->items[0];
    return MZG_OK;
}

enum mzg_status mzg_view_find_table(const char *store, const char *dataset, char **name,
                                    struct mzg_error *err)
{
    struct mzg_zarr_strings tables = {0};
    const char *chosen = NULL;
    json_t *root = NULL;
    if (check_store(store, err) != MZG_OK || mzg_zarr_load(store, "", &root, err) != MZG_OK)
        goto cleanup;
    if (mzg_view_has(store, "tables") && mzg_zarr_members(store, "tables", &tables, err) != MZG_OK)
        goto cleanup;
    if (choose(store, dataset, &tables, &chosen, err) != MZG_OK)
        goto cleanup;
    *name = strdup(chosen);
    if (!*name)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for the name of its table", store);

cleanup:
    json_decref(root);
    mzg_zarr_strings_free(&tables);
    return err->status;
}
