#include <spatialdata/place.h>

#include <core/file.h>
#include <core/own_file.h>
#include <core/own_name.h>
#include <core/remove_tree.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct mzg_place {
    char *path;
    char *directory;     /* that holds `path` */
    struct mzg_own *own; /* NULL before mzg_place_prepare() */
    const char *part;    /* of `own`; NULL while there is none */
    char *old;           /* where the replaced output is; NULL: none was */
    bool overwrite;
};

enum mzg_status mzg_place_new(const char *path, struct mzg_place **place, struct mzg_error *err)
{
    struct mzg_place *new_place = calloc(1, sizeof *new_place);
    if (!new_place || !(new_place->path = strdup(path)))
        goto no_memory;

    char *end = new_place->path + strlen(new_place->path);
    while (end > new_place->path && end[-1] == '/')
        *--end = '\0';
    const char *slash = strrchr(new_place->path, '/');
    const char *name = slash ? slash + 1 : new_place->path;
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        mzg_place_free(new_place);
        return mzg_fail(err, MZG_EUSAGE, "'%s' cannot be the output: give the name of a directory to be made",
                        path);
    }
    new_place->directory = mzg_own_directory_of(new_place->path);
    if (!new_place->directory)
        goto no_memory;
    *place = new_place;
    return MZG_OK;

no_memory:
    mzg_place_free(new_place);
    return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its path", path);
}

void mzg_place_free(struct mzg_place *place)
{
    if (!place)
        return;
    mzg_own_end(place->own);
    free(place->path);
    free(place->directory);
    free(place->old);
    free(place);
}

const char *mzg_place_part(const struct mzg_place *place)
{
    return place->part;
}

const char *mzg_place_left(const struct mzg_place *place)
{
    return place->own ? mzg_own_left(place->own) : "";
}

static bool exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

/* Calls `is_wanted` for each entry of a directory; true when all are. */
static bool all_entries(const char *path, bool (*is_wanted)(const char *name))
{
    DIR *directory = opendir(path);
    if (!directory)
        return false;
    bool all = true;
    struct dirent *entry;
    while (all && (entry = readdir(directory)))
        all = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || is_wanted(entry->d_name);
    closedir(directory);
    return all;
}

static bool is_never(const char *name)
{
    (void)name;
    return false;
}

static bool has_file(const char *directory, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/%s", directory, name) < 0)
        return false;
    bool has = exists(path);
    free(path);
    return has;
}

/* Whether --overwrite may replace what stands at `path`: a Zarr store, or an empty directory. */
static bool is_replaceable(const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return false;
    return has_file(path, "zarr.json") || has_file(path, ".zgroup") || all_entries(path, is_never);
}

static enum mzg_status check_output(const struct mzg_place *place, struct mzg_error *err)
{
    struct stat status;
    if (stat(place->directory, &status) != 0)
        return mzg_fail(err, MZG_EIO, "%s: cannot be made, because its directory %s cannot be used: %s%s",
                        place->path, place->directory, strerror(errno),
                        errno == ENOENT ? "; make it first (mkdir -p)" : "");
    if (!S_ISDIR(status.st_mode))
        return mzg_fail(err, MZG_EIO, "%s: cannot be made, because %s is not a directory", place->path,
                        place->directory);
    if (access(place->directory, W_OK | X_OK) != 0)
        return mzg_fail(err, MZG_EIO, "%s: cannot be made, because its directory %s is not writable: %s",
                        place->path, place->directory, strerror(errno));
    if (exists(place->path) && !is_replaceable(place->path))
        return mzg_fail(
            err, MZG_EIO,
            "%s exists and is not a Zarr store: it is not replaced; remove it or choose another output",
            place->path);
    if (exists(place->path) && !place->overwrite)
        return mzg_fail(err, MZG_EIO, "%s exists; use --overwrite to replace it", place->path);
    return MZG_OK;
}

enum mzg_status mzg_place_prepare(struct mzg_place *place, bool overwrite, struct mzg_error *err)
{
    place->overwrite = overwrite;
    /* Looked at again once it is this run's: another may have made it meanwhile, and left. */
    if (check_output(place, err) != MZG_OK ||
        mzg_own_claim(place->directory, place->path, true, &place->own, err) != MZG_OK ||
        check_output(place, err) != MZG_OK)
        return err->status;
    return mzg_own_directory(place->own, "part", &place->part, err);
}

/* Puts the part where an output stands, which is then at place->old: in one step if the file system can do
 * that. */
static enum mzg_status replace(struct mzg_place *place, struct mzg_error *err)
{
    if (!is_replaceable(place->path))
        return mzg_fail(err, MZG_EIO, "%s is no longer a Zarr store: it is not replaced", place->path);
    place->old = strdup(place->part);
    if (place->old && mzg_file_exchange(place->part, place->path) == 0)
        return MZG_OK;
    free(place->old);
    place->old = mzg_own_name(place->own, "old");
    if (!place->old)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its path", place->path);
    if (rename(place->path, place->old) != 0) {
        mzg_fail(err, MZG_EIO, "%s: cannot be renamed to %s: %s", place->path, place->old, strerror(errno));
        free(place->old);
        place->old = NULL;
    } else if (rename(place->part, place->path) != 0) {
        mzg_fail(err, MZG_EIO, "%s: cannot be renamed to %s: %s", place->part, place->path, strerror(errno));
        if (rename(place->old, place->path) == 0) {
            free(place->old);
            place->old = NULL;
        }
    }
    return err->status;
}

/* Undoes what brought the part to its place. */
static void take_back(struct mzg_place *place)
{
    bool back = false;
    if (!place->old)
        back = rename(place->path, place->part) == 0;
    else if (strcmp(place->old, place->part) == 0)
        back = mzg_file_exchange(place->path, place->part) == 0;
    else
        back = rename(place->path, place->part) == 0 && rename(place->old, place->path) == 0;
    if (back) {
        free(place->old);
        place->old = NULL;
    }
}

enum mzg_status mzg_place_publish(struct mzg_place *place, struct mzg_error *err)
{
    if (!mzg_own_stands(place->own, place->part))
        return mzg_fail(err, MZG_EIO,
                        "%s: another program removed or moved it while mzgrid wrote it, so %s is not made",
                        place->part, place->path);
    if (place->overwrite && exists(place->path))
        replace(place, err);
    else if (mzg_file_rename(place->part, place->path, false) != 0)
        mzg_fail(err, MZG_EIO, "%s: cannot be renamed to %s: %s", place->part, place->path, strerror(errno));
    if (err->status != MZG_OK)
        return err->status;
    if (mzg_file_sync_directory(place->directory, err) != MZG_OK) {
        take_back(place);
        return err->status;
    }
    mzg_own_give_away(place->own, place->part);
    place->part = NULL;
    return MZG_OK;
}

enum mzg_status mzg_place_remove_old(struct mzg_place *place, struct mzg_error *err)
{
    if (place->old)
        mzg_remove_tree(place->old, err);
    mzg_own_close(place->own, err);
    place->own = NULL;
    return err->status;
}

enum mzg_status mzg_place_discard(struct mzg_place *place, struct mzg_error *err)
{
    if (place->part)
        mzg_own_remove(place->own, place->part, err);
    place->part = NULL;
    return err->status;
}
