#include <spatialdata/update.h>

#include <anndata/zarr_backend.h>
#include <core/agree.h>
#include <core/file.h>
#include <core/json.h>
#include <core/log.h>
#include <core/mpi.h>
#include <core/own_file.h>
#include <core/own_name.h>
#include <core/remove_tree.h>
#include <spatialdata/sdata.h>
#include <spatialdata/swap.h>
#include <spatialdata/update_metadata.h>
#include <zarr/copy.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char marks[] = "marks"; /* where the new column of var is built */

struct mzg_update {
    struct mzg_sdata sdata; /* the store in which the new table is built; without a place */
    char *path;             /* of the store that stands */
    char *table;            /* "tables/OLD" */
    bool replace;
    bool is_part;
    char *mark; /* the name of the new column of var; NULL: none */
    char *scratch;

    /* Rank 0: */
    struct mzg_own *own;
    json_t *root; /* the metadata of the store that stands */
    bool listed;  /* they name a table that is to be replaced */
};

static char *join(const char *directory, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

/* Whether what stands at `path` is a feature table of mzgrid, as a killed run leaves it. */
static bool is_ours(const char *path)
{
    struct stat info;
    char *made = join(path, "uns/mzgrid/peaks/zarr.json");
    bool found = made && lstat(path, &info) == 0 && S_ISDIR(info.st_mode) && lstat(made, &info) == 0;
    free(made);
    return found;
}

/* That what the store's metadata list of the table is there: what is copied is to be whole. */
static enum mzg_status check_complete(const struct mzg_update *update, struct mzg_error *err)
{
    const json_t *listed =
        json_object_get(json_object_get(update->root, "consolidated_metadata"), "metadata");
    size_t length = strlen(update->table);
    const char *node;
    json_t *ignored;
    json_object_foreach((json_t *)listed, node, ignored)
    {
        char *file = NULL;
        if (strncmp(node, update->table, length) != 0 || node[length] != '/')
            continue;
        if (asprintf(&file, "%s/%s/zarr.json", update->path, node) < 0)
            return mzg_fail(err, MZG_ENOMEM, "%s: no memory for the paths in it", update->path);
        bool is_there = access(file, F_OK) == 0;
        free(file);
        if (!is_there)
            return mzg_fail(err, MZG_EFORMAT,
                            "%s: its metadata list '%s', which is not there: it is not complete",
                            update->path, node);
    }
    return MZG_OK;
}

/* Rank 0: what stands, and whether it may be changed. */
static enum mzg_status look_at_store(struct mzg_update *update, struct mzg_error *err)
{
    struct stat info;
    const char *new_table = update->sdata.table_path;
    if (mzg_zarr_load(update->path, "", &update->root, err) != MZG_OK ||
        check_complete(update, err) != MZG_OK)
        return err->status;
    char *standing = join(update->path, new_table);
    if (!standing)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for the paths in it", update->path);
    bool stands = lstat(standing, &info) == 0, ours = is_ours(standing);
    free(standing);
    update->listed = stands && mzg_metadata_names(update->root, new_table);
    if (update->listed && !update->replace)
        return mzg_fail(err, MZG_EIO, "%s: it has %s already; --replace replaces it", update->path,
                        new_table);
    if (stands && !update->listed && !ours)
        return mzg_fail(
            err, MZG_EIO,
            "%s: something that the store's metadata do not name lies at %s, and is not a feature table of "
            "mzgrid; move it away",
            update->path, new_table);
    if (access(update->path, W_OK | X_OK) != 0)
        return mzg_fail(err, MZG_EIO, "%s: cannot be written to: %s", update->path, strerror(errno));
    return MZG_OK;
}

/* Rank 0: where the new table is built. */
static enum mzg_status make_part(struct mzg_update *update, struct mzg_error *err)
{
    const char *made = NULL;
    if (update->is_part) {
        update->sdata.part = join(update->path, "peaks.part");
        if (update->sdata.part && mkdir(update->sdata.part, 0777) != 0)
            return mzg_fail(err, MZG_EIO, "%s: cannot be made: %s", update->sdata.part, strerror(errno));
    } else {
        char *directory = mzg_own_directory_of(update->path);
        if (!directory)
            return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its path", update->path);
        if (mzg_own_claim(directory, update->path, true, &update->own, err) == MZG_OK)
            mzg_own_directory(update->own, "part", &made, err);
        free(directory);
        if (err->status != MZG_OK || !made)
            return err->status;
        if (mzg_own_left(update->own)[0])
            mzg_log_line(update->sdata.context->log, MZG_LOG_WARNING, "%s", mzg_own_left(update->own));
        update->sdata.part = strdup(made);
    }
    if (!update->sdata.part)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its path", update->path);
    return MZG_OK;
}

/* The groups above the new table, and its own, which is like the old one's. */
static enum mzg_status declare_groups(struct mzg_update *update, struct mzg_error *err)
{
    struct mzg_zarr_store *store = update->sdata.store;
    const char *path = update->sdata.table_path;
    json_t *old = NULL;
    if (mzg_zarr_load(update->path, update->table, &old, err) != MZG_OK)
        return err->status;
    json_t *attributes = json_incref(json_object_get(old, "attributes"));
    json_decref(old);
    if (!json_is_object(attributes) || !json_object_get(attributes, "spatialdata-encoding-type")) {
        json_decref(attributes);
        return mzg_fail(err, MZG_EFORMAT, "%s/%s: it is not a table of SpatialData", update->path,
                        update->table);
    }
    if (mzg_zarr_group(store, "", json_object(), err) != MZG_OK ||
        mzg_zarr_group(store, "tables", json_object(), err) != MZG_OK) {
        json_decref(attributes);
        return err->status;
    }
    if (mzg_zarr_group(store, path, attributes, err) != MZG_OK)
        return err->status;
    return mzg_zarr_consolidate(store, path, err);
}

static enum mzg_status set_names(struct mzg_update *update, const struct mzg_update_options *options,
                                 struct mzg_error *err)
{
    update->path = strdup(options->path);
    update->table = strdup(options->table ? options->table : "");
    update->sdata.table_path = strdup(options->new_table ? options->new_table : "");
    if (!update->path || !update->table || !update->sdata.table_path)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for the paths in it", options->path);
    for (size_t n = strlen(update->path); n > 1 && update->path[n - 1] == '/'; n--)
        update->path[n - 1] = '\0';
    return MZG_OK;
}

/* Local. */
static void destroy(struct mzg_update *update)
{
    if (!update)
        return;
    mzg_zarr_store_free(update->sdata.store);
    json_decref(update->root);
    free(update->sdata.part);
    free(update->sdata.table_path);
    free(update->path);
    free(update->table);
    free(update->mark);
    free(update->scratch);
    free(update);
}

enum mzg_status mzg_update_new(const struct mzg_context *context, const struct mzg_update_options *options,
                               struct mzg_update **update, struct mzg_error *err)
{
    struct mzg_update *made = calloc(1, sizeof *made);
    if (!made) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to change it", options->path);
    } else {
        made->sdata.context = context;
        made->sdata.codec = options->codec;
        made->replace = options->replace;
        made->is_part = options->is_part;
        set_names(made, options, err);
    }
    if (mzg_agree(context->comm, err) != MZG_OK || !made) {
        destroy(made);
        return err->status;
    }
    MZG_MPI(MPI_Bcast(&made->sdata.codec, (int)sizeof made->sdata.codec, MPI_BYTE, 0, context->comm));
    if (context->rank == 0 && look_at_store(made, err) == MZG_OK)
        make_part(made, err);
    if (mzg_agree_text(context->comm, &made->sdata.part, err) != MZG_OK)
        goto cleanup;
    made->scratch = join(made->sdata.part, "scratch-");
    if (!made->scratch)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for the paths in it", options->path);
    else if (mzg_check_seen(context->rank, made->sdata.part, "the store", err) == MZG_OK &&
             mzg_zarr_store_new(context, made->sdata.part, &made->sdata.store, err) == MZG_OK)
        declare_groups(made, err);
    mzg_agree(context->comm, err);

cleanup:
    if (err->status == MZG_OK)
        *update = made;
    else
        mzg_update_free(made);
    return err->status;
}

void mzg_update_free(struct mzg_update *update)
{
    struct mzg_error left = {0};
    if (!update)
        return;
    const struct mzg_context *context = update->sdata.context;
    MZG_MPI(MPI_Barrier(context->comm)); /* nobody writes any more into what is removed now */
    if (mzg_own_close(update->own, &left) != MZG_OK)
        mzg_log_line(context->log, MZG_LOG_WARNING,
                     "%s; the next run of 'mzgrid peaks' on this store removes it", left.text);
    destroy(update);
}

struct mzg_sdata *mzg_update_sdata(struct mzg_update *update)
{
    return &update->sdata;
}

const char *mzg_update_scratch(const struct mzg_update *update)
{
    return update->scratch;
}

enum mzg_status mzg_update_copy_rows(struct mzg_update *update, struct mzg_error *err)
{
    static const char *const nodes[] = {"obs", "obsm", "uns/spatialdata_attrs"};
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
        if (update->sdata.context->rank != 0 || err->status != MZG_OK)
            break;
        char *from = join(update->table, nodes[i]), *to = join(update->sdata.table_path, nodes[i]);
        if (!from || !to)
            mzg_fail(err, MZG_ENOMEM, "%s: no memory for the paths in it", update->path);
        else
            mzg_zarr_copy(update->sdata.store, to, update->path, from, err);
        free(from);
        free(to);
    }
    return mzg_agree(update->sdata.context->comm, err);
}

enum mzg_status mzg_update_mark(struct mzg_update *update, const char *name, int64_t n,
                                const unsigned char *values, struct mzg_error *err)
{
    const struct mzg_context *context = update->sdata.context;
    struct mzg_zarr_backend zarr = mzg_zarr_backend(update->sdata.store, "", update->sdata.codec);
    struct mzg_numbers numbers = {.type = MZG_BOOL, .n = n, .values = values};
    update->mark = strdup(name);
    if (!update->mark)
        mzg_fail(err, MZG_ENOMEM, "var/%s: no memory for this column", name);
    else if (context->rank == 0)
        zarr.base.kind->numbers(&zarr.base, marks, &numbers, err);
    return mzg_agree(context->comm, err);
}

/* Writes metadata as a file of the part, and brings it to the disk. */
static enum mzg_status write_metadata(const char *path, const json_t *metadata, struct mzg_error *err)
{
    char *text = json_dumps(metadata, JSON_INDENT(1));
    if (!text)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its text", path);
    const char *next = text;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        mzg_file_write_failed(err, path, "metadata", errno);
    for (size_t left = strlen(text); left > 0 && err->status == MZG_OK;) {
        ssize_t n = write(fd, next, left);
        if (n > 0) {
            next += n;
            left -= (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            mzg_file_write_failed(err, path, "metadata", n < 0 ? errno : ENOSPC);
        }
    }
    if (err->status == MZG_OK && fsync(fd) != 0 && errno != EINVAL)
        mzg_file_write_failed(err, path, "metadata to the disk", errno);
    if (fd >= 0 && close(fd) != 0 && errno != EINTR && err->status == MZG_OK)
        mzg_file_write_failed(err, path, "metadata", errno);
    free(text);
    return err->status;
}

/* The files that are to take the places of zarr.json. */
struct texts {
    json_t *without; /* the root, without the table that is replaced */
    json_t *var, *table, *root, *added;
    char *node; /* of var */
};

static void destroy_texts(struct texts *texts)
{
    json_decref(texts->without);
    json_decref(texts->var);
    json_decref(texts->table);
    json_decref(texts->root);
    json_decref(texts->added);
    free(texts->node);
}

/* var, and the old table's own copy of its metadata, with the new column. */
static enum mzg_status add_mark(const struct mzg_update *update, struct texts *texts, struct mzg_error *err)
{
    json_t *mark = NULL;
    char *below = join("var", update->mark);
    texts->node = join(update->table, "var");
    if (!below || !texts->node)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for the paths in it", update->path);
    if (err->status == MZG_OK && mzg_zarr_load(update->path, texts->node, &texts->var, err) == MZG_OK &&
        mzg_zarr_load(update->sdata.part, marks, &mark, err) == MZG_OK &&
        mzg_metadata_add_column(texts->var, update->mark, err) == MZG_OK &&
        mzg_metadata_put(texts->table, "var", texts->var, err) == MZG_OK)
        mzg_metadata_put(texts->table, below, mark, err);
    json_decref(mark);
    free(below);
    return err->status;
}

/* The root's copies of a table that has none itself are of its var alone. */
static enum mzg_status put_old_table(const struct mzg_update *update, const struct texts *texts,
                                     struct mzg_error *err)
{
    if (json_object_get(texts->table, "consolidated_metadata") || !update->mark)
        return mzg_metadata_put(texts->root, update->table, texts->table, err);
    json_t *mark = NULL;
    char *node = join(texts->node, update->mark);
    if (!node)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for the paths in it", update->path);
    if (mzg_zarr_load(update->sdata.part, marks, &mark, err) == MZG_OK &&
        mzg_metadata_put(texts->root, texts->node, texts->var, err) == MZG_OK)
        mzg_metadata_put(texts->root, node, mark, err);
    json_decref(mark);
    free(node);
    return err->status;
}

static enum mzg_status make_texts(const struct mzg_update *update, struct texts *texts, struct mzg_error *err)
{
    const char *new_table = update->sdata.table_path;
    texts->without = json_deep_copy(update->root);
    texts->root = json_deep_copy(update->root);
    if (!texts->without || !texts->root)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its metadata", update->path);
    if (mzg_metadata_remove(texts->without, new_table, err) != MZG_OK ||
        mzg_zarr_load(update->path, update->table, &texts->table, err) != MZG_OK ||
        mzg_zarr_load(update->sdata.part, new_table, &texts->added, err) != MZG_OK ||
        (update->mark && add_mark(update, texts, err) != MZG_OK) ||
        put_old_table(update, texts, err) != MZG_OK)
        return err->status;
    return mzg_metadata_put(texts->root, new_table, texts->added, err);
}

/* One step: what is at `from` in the part goes to `to` in the store; with `metadata` these are written there
 * before, if `swap` is NULL: then that is all that is done. */
struct step {
    const char *from, *to, *name;
    const json_t *metadata;
};

static enum mzg_status take_step(const struct mzg_update *update, const struct step *step,
                                 struct mzg_swap *swap, struct mzg_error *err)
{
    char *from = join(update->sdata.part, step->from), *to = NULL;
    if (asprintf(&to, "%s/%s%s%s", update->path, step->to, *step->to && *step->name ? "/" : "", step->name) <
        0)
        to = NULL;
    if (!from || !to)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for the paths in it", update->path);
    else if (swap)
        mzg_swap_in(swap, from, to, err);
    else if (step->metadata)
        write_metadata(from, step->metadata, err);
    free(from);
    free(to);
    return err->status;
}

/* Puts all in its place. Rank 0. */
static enum mzg_status put_in_place(const struct mzg_update *update, struct mzg_error *err)
{
    struct texts texts = {0};
    struct mzg_swap swap = {0};
    if (make_texts(update, &texts, err) != MZG_OK)
        goto cleanup;
    const char *mark = update->mark ? update->mark : "";
    const struct step steps[] = {
        {update->listed ? "without.json" : NULL, "", "zarr.json", texts.without},
        {update->sdata.table_path, update->sdata.table_path, "", NULL},
        {update->mark ? marks : NULL, texts.node, mark, NULL},
        {update->mark ? "var.json" : NULL, texts.node, "zarr.json", texts.var},
        {update->mark ? "table.json" : NULL, update->table, "zarr.json", texts.table},
        {"root.json", "", "zarr.json", texts.root},
    };
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof steps / sizeof *steps && err->status == MZG_OK; i++)
            if (steps[i].from)
                take_step(update, &steps[i], round == 0 ? NULL : &swap, err);
    if (err->status != MZG_OK)
        mzg_swap_undo(&swap);

cleanup:
    mzg_swap_destroy(&swap);
    destroy_texts(&texts);
    return err->status;
}

enum mzg_status mzg_update_finish(struct mzg_update *update, struct mzg_error *err)
{
    if (mzg_zarr_store_finish(update->sdata.store, err) != MZG_OK)
        return err->status;
    if (update->sdata.context->rank == 0 && put_in_place(update, err) == MZG_OK && update->is_part)
        mzg_remove_tree(update->sdata.part,
                        err); /* else it would stay in a store that is said to be complete */
    return mzg_agree(update->sdata.context->comm, err);
}
