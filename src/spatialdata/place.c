#include <spatialdata/place.h>

#include <core/remove_tree.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct mzg_place {
    char *path;
    char *directory; /* that holds `path` */
    char *part;
    char *old;
    int part_fd; /* holds the lock; -1 while there is no part of ours */
    bool overwrite;
    bool has_old; /* an output was moved there */
};

enum mzg_status mzg_place_new(const char *path, struct mzg_place **place, struct mzg_error *err)
{
    struct mzg_place *new_place = calloc(1, sizeof *new_place);
    if (!new_place || !(new_place->path = strdup(path)))
        goto no_memory;
    new_place->part_fd = -1;

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
    if (!slash)
        new_place->directory = strdup(".");
    else
        new_place->directory =
            strndup(new_place->path, slash == new_place->path ? 1 : (size_t)(slash - new_place->path));
    if (!new_place->directory || asprintf(&new_place->part, "%s.part", new_place->path) < 0)
        goto no_memory;
    if (asprintf(&new_place->old, "%s.old", new_place->path) < 0)
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
    if (place->part_fd >= 0)
        close(place->part_fd);
    free(place->path);
    free(place->directory);
    free(place->part);
    free(place->old);
    free(place);
}

const char *mzg_place_part(const struct mzg_place *place)
{
    return place->part;
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

static bool is_part_of_store(const char *name)
{
    return strcmp(name, "tables") == 0 || strcmp(name, "labels") == 0 || strcmp(name, "images") == 0 ||
           strcmp(name, "zarr.json") == 0;
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
        return mzg_fail(err, MZG_EIO, "%s: cannot be made, for its directory %s cannot be used: %s",
                        place->path, place->directory, strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return mzg_fail(err, MZG_EIO, "%s: cannot be made, for %s is not a directory", place->path,
                        place->directory);
    if (access(place->directory, W_OK | X_OK) != 0)
        return mzg_fail(err, MZG_EIO, "%s: cannot be made, for its directory %s is not writable: %s",
                        place->path, place->directory, strerror(errno));
    if (exists(place->path) && !place->overwrite)
        return mzg_fail(err, MZG_EIO, "%s exists; use --overwrite to replace it", place->path);
    if (exists(place->path) && !is_replaceable(place->path))
        return mzg_fail(
            err, MZG_EIO,
            "%s exists and is not a Zarr store: it is not replaced; remove it or choose another output",
            place->path);
    if (exists(place->old) && !(exists(place->path) && is_replaceable(place->old)))
        return mzg_fail(
            err, MZG_EIO,
            "%s exists, the output replaced by a run that did not end: rename it to %s or remove it",
            place->old, place->path);
    return MZG_OK;
}

/* Takes the lock of the part open as `fd`. File systems without locks are trusted. */
static enum mzg_status lock_part(const struct mzg_place *place, int fd, struct mzg_error *err)
{
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return mzg_fail(err, MZG_EIO,
                        "%s: another run is writing it; wait for its end or choose another output",
                        place->part);
    return MZG_OK;
}

static enum mzg_status remove_stale_part(const struct mzg_place *place, struct mzg_error *err)
{
    if (!exists(place->part))
        return MZG_OK;
    int fd = open(place->part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || !all_entries(place->part, is_part_of_store))
        mzg_fail(err, MZG_EIO,
                 "%s exists and is not the beginning of a store: remove it or choose another output",
                 place->part);
    else if (lock_part(place, fd, err) == MZG_OK)
        mzg_remove_tree(place->part, err);
    if (fd >= 0)
        close(fd);
    return err->status;
}

enum mzg_status mzg_place_prepare(struct mzg_place *place, bool overwrite, struct mzg_error *err)
{
    place->overwrite = overwrite;
    if (check_output(place, err) != MZG_OK || remove_stale_part(place, err) != MZG_OK)
        return err->status;
    if (mkdir(place->part, 0777) != 0)
        return mzg_fail(err, MZG_EIO, "%s: cannot make this directory: %s", place->part, strerror(errno));
    place->part_fd = open(place->part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (place->part_fd < 0) {
        mzg_fail(err, MZG_EIO, "%s: cannot open this directory: %s", place->part, strerror(errno));
        rmdir(place->part);
        return err->status;
    }
    if (lock_part(place, place->part_fd, err) != MZG_OK) {
        close(place->part_fd);
        place->part_fd = -1;
    }
    return err->status;
}

static enum mzg_status sync_directory(const char *path, struct mzg_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* EINVAL: the file system cannot sync a directory */
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        mzg_fail(err, MZG_EIO, "%s: cannot bring this directory to the disk: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return err->status;
}

/* Moves an existing output away. */
static enum mzg_status move_aside(struct mzg_place *place, struct mzg_error *err)
{
    if (!place->overwrite || !exists(place->path))
        return MZG_OK;
    if (!is_replaceable(place->path))
        return mzg_fail(err, MZG_EIO, "%s is no longer a Zarr store: it is not replaced", place->path);
    if (mzg_remove_tree(place->old, err) != MZG_OK)
        return err->status;
    if (rename(place->path, place->old) != 0)
        return mzg_fail(err, MZG_EIO, "%s: cannot be renamed to %s: %s", place->path, place->old,
                        strerror(errno));
    place->has_old = true;
    return MZG_OK;
}

enum mzg_status mzg_place_publish(struct mzg_place *place, struct mzg_error *err)
{
    if (move_aside(place, err) != MZG_OK)
        return err->status;
    /* A directory can be renamed onto an empty one, but nothing that has content is ever replaced here. */
    if (rename(place->part, place->path) != 0)
        mzg_fail(err, MZG_EIO, "%s: cannot be renamed to %s: %s", place->part, place->path, strerror(errno));
    else if (sync_directory(place->directory, err) != MZG_OK && rename(place->path, place->part) != 0)
        return err->status;
    if (err->status != MZG_OK) {
        if (place->has_old && rename(place->old, place->path) == 0)
            place->has_old = false;
        return err->status;
    }
    close(place->part_fd);
    place->part_fd = -1;
    return MZG_OK;
}

enum mzg_status mzg_place_remove_old(struct mzg_place *place, struct mzg_error *err)
{
    return place->has_old ? mzg_remove_tree(place->old, err) : MZG_OK;
}

enum mzg_status mzg_place_discard(struct mzg_place *place, struct mzg_error *err)
{
    if (place->part_fd < 0)
        return MZG_OK;
    mzg_remove_tree(place->part, err);
    close(place->part_fd);
    place->part_fd = -1;
    return err->status;
}
