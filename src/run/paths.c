#include <run/paths.h>

#include <core/agree.h>
#include <core/file.h>
#include <core/log.h>
#include <core/mpi.h>
#include <core/own_name.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* OUT.zarr -> [TEMP_DIR/]OUT.h5ad */
static char *path_of_h5ad(const struct mzg_convert_options *options)
{
    size_t length = strlen(options->output);
    while (length > 1 && options->output[length - 1] == '/')
        length--;
    char *stem = strndup(options->output, length);
    if (!stem)
        return NULL;
    if (length > 5 && strcmp(stem + length - 5, ".zarr") == 0)
        stem[length - 5] = '\0';
    char *path = mzg_file_path(stem, ".h5ad");
    if (options->temp_dir && path) {
        const char *slash = strrchr(stem, '/');
        char *directory = mzg_file_path(options->temp_dir, "/");
        char *name = mzg_file_path(slash ? slash + 1 : stem, ".h5ad");
        free(path);
        path = directory && name ? mzg_file_path(directory, name) : NULL;
        free(directory);
        free(name);
    }
    free(stem);
    return path;
}

enum mzg_status mzg_paths_make(const struct mzg_convert_options *options, struct mzg_paths *paths,
                               struct mzg_error *err)
{
    paths->h5ad = path_of_h5ad(options);
    paths->directory = paths->h5ad ? mzg_own_directory_of(paths->h5ad) : NULL;
    if (!paths->directory)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the paths of temporary files");
    return MZG_OK;
}

enum mzg_status mzg_paths_look(const struct mzg_convert_options *options, const struct mzg_paths *paths,
                               struct mzg_error *err)
{
    struct stat info; /* of a link that leads nowhere, too: it would be in the way of the name */
    if (!options->keep_hdf5 || options->overwrite || lstat(paths->h5ad, &info) != 0)
        return MZG_OK;
    return mzg_fail(err, MZG_EIO, "%s: exists already; --overwrite replaces it", paths->h5ad);
}

/* Rank 0. Another run may have made the kept file since the first look. */
static enum mzg_status claim(const struct mzg_convert_options *options, const struct mzg_context *context,
                             struct mzg_paths *paths, struct mzg_error *err)
{
    const char *stage;
    if (mzg_own_claim(paths->directory, options->output, false, &paths->own, err) != MZG_OK ||
        (options->keep_hdf5 &&
         mzg_own_claim(paths->directory, paths->h5ad, true, &paths->kept, err) != MZG_OK) ||
        mzg_paths_look(options, paths, err) != MZG_OK ||
        mzg_own_reserve(paths->own, MZG_OWN_ROWS, &stage, err) != MZG_OK)
        return err->status;
    if (mzg_own_left(paths->own)[0])
        mzg_log_line(context->log, MZG_LOG_WARNING, "%s", mzg_own_left(paths->own));
    paths->stage = strdup(stage);
    if (!paths->stage)
        mzg_fail(err, MZG_ENOMEM, "no memory for the paths of temporary files");
    return err->status;
}

enum mzg_status mzg_paths_claim(const struct mzg_context *context, const struct mzg_convert_options *options,
                                struct mzg_paths *paths, struct mzg_error *err)
{
    char *owner = NULL;
    if (context->rank == 0)
        claim(options, context, paths, err);
    if (mzg_agree_text(context->comm, &paths->stage, err) != MZG_OK)
        return err->status;
    int stem = (int)(strlen(paths->stage) - strlen(MZG_OWN_ROWS));
    if (asprintf(&paths->scratch, "%.*s" MZG_OWN_COLUMNS "%d", stem, paths->stage, context->rank) < 0)
        paths->scratch = NULL;
    if (asprintf(&owner, "%.*s" MZG_OWN_OWNER, stem, paths->stage) < 0)
        owner = NULL;
    if (!paths->scratch || !owner)
        mzg_fail(err, MZG_ENOMEM, "no memory for the paths of temporary files");
    else
        mzg_check_seen(context->rank, owner, "temporary files (--temp-dir)", err);
    free(owner);
    return mzg_agree(context->comm, err);
}

enum mzg_status mzg_paths_keep(struct mzg_paths *paths, bool overwrite, struct mzg_error *err)
{
    struct stat info;
    int fd = open(paths->stage, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        mzg_file_ordinary_mode(fd);
        close(fd);
    }
    bool exists = lstat(paths->h5ad, &info) == 0;
    if (exists && overwrite && !S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode))
        return mzg_fail(err, MZG_EIO, "%s is not a file: it is not replaced", paths->h5ad);
    if (exists && overwrite && mzg_file_exchange(paths->stage, paths->h5ad) == 0)
        paths->exchanged = true;
    else if (mzg_file_rename(paths->stage, paths->h5ad, overwrite) != 0)
        return mzg_fail(err, MZG_EIO, "%s: cannot be renamed to %s: %s", paths->stage, paths->h5ad,
                        strerror(errno));
    if (mzg_file_sync_directory(paths->directory, err) != MZG_OK)
        mzg_paths_take_back(paths);
    return err->status;
}

void mzg_paths_take_back(struct mzg_paths *paths)
{
    if (paths->exchanged)
        mzg_file_exchange(paths->stage, paths->h5ad);
    else if (rename(paths->h5ad, paths->stage) != 0)
        unlink(paths->h5ad);
    paths->exchanged = false;
}

enum mzg_status mzg_paths_destroy(struct mzg_paths *paths, struct mzg_error *err)
{
    mzg_own_close(paths->own, err);
    mzg_own_close(paths->kept, err);
    free(paths->directory);
    free(paths->h5ad);
    free(paths->stage);
    free(paths->scratch);
    *paths = (struct mzg_paths){0};
    return err->status;
}
