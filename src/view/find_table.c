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
    if (mzg_file_ends_in(store, ".part") || mzg_file_ends_in(store, ".part/"))
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
    return mzg_fail(err, MZG_EFORMAT, "%s: it is not a store, because it has no zarr.json%s", store, clause);
}

static bool table_has(const char *store, const char *table, const char *below)
{
    char *node;
    if (asprintf(&node, "tables/%s/%s", table, below) < 0)
        return false;
    bool has = mzg_view_has(store, node);
    free(node);
    return has;
}

static bool has_mz(const char *store, const char *table)
{
    return table_has(store, table, "var/mz");
}

static bool was_converted(const char *store, const char *table)
{
    return table_has(store, table, "uns/mzgrid/mass_axis");
}

/* Whether a conversion made the table, and it has lost its m/z. */
static bool is_damaged(const char *store, const char *table)
{
    return was_converted(store, table) && !has_mz(store, table);
}

/* Whether the table is one of bins, and not of peaks, which tells the width of each peak. */
static bool has_bins(const char *store, const char *table)
{
    return was_converted(store, table) || !table_has(store, table, "var/mz_min");
}

/* Takes those tables off the list that are not as `is` says. */
static void keep_tables(const char *store, bool (*is)(const char *store, const char *table),
                        struct mzg_zarr_strings *tables)
{
    int64_t n = 0;
    for (int64_t i = 0; i < tables->n; i++)
        if (is(store, tables->items[i]))
            tables->items[n++] = tables->items[i];
    tables->n = n;
}

const char *mzg_view_names(const struct mzg_zarr_strings *tables, char *text, size_t size)
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

/* The only table of bins: one of peaks is no substitute, and one of several is no choice if another is
 * damaged. */
static enum mzg_status choose_bins(const char *store, const char *damaged, struct mzg_zarr_strings *tables,
                                   const char **chosen, struct mzg_error *err)
{
    char names[600];
    mzg_view_names(tables, names, sizeof names);
    if (damaged)
        return mzg_fail(
            err, MZG_EFORMAT,
            "%s/tables/%s: is damaged, it has no var/mz; convert again, or choose another table by "
            "--dataset: %s",
            store, damaged, names);
    keep_tables(store, has_bins, tables);
    if (tables->n == 0)
        return mzg_fail(err, MZG_EFORMAT,
                        "%s: its table of bins is missing or damaged, only peaks are there; choose them by "
                        "--dataset: %s",
                        store, names);
    mzg_view_names(tables, names, sizeof names);
    if (tables->n > 1)
        keep_tables(store, was_converted, tables);
    if (tables->n != 1)
        return mzg_fail(err, MZG_EUSAGE, "%s: has several tables, %s; choose one with --dataset", store,
                        names);
    *chosen = tables->items[0];
    return MZG_OK;
}

static enum mzg_status choose(const char *store, const char *dataset, struct mzg_zarr_strings *tables,
                              const char **chosen, struct mzg_error *err)
{
    char names[600];
    const char *damaged = NULL;
    for (int64_t i = 0; i < tables->n && !damaged; i++)
        damaged = is_damaged(store, tables->items[i]) ? tables->items[i] : NULL;
    keep_tables(store, has_mz, tables);
    if (tables->n == 0)
        return mzg_fail(err, MZG_EFORMAT, "%s: is not a store of mzgrid: it has no table with m/z", store);
    if (!dataset)
        return choose_bins(store, damaged, tables, chosen, err);
    *chosen = find_named(tables, dataset);
    if (*chosen)
        return MZG_OK;
    mzg_view_names(tables, names, sizeof names);
    return mzg_fail(err, MZG_EUSAGE, "%s: has no table '%s', only %s", store, dataset, names);
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
