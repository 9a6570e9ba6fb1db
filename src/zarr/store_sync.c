/*
 * One syncfs() for a node takes the place of one fsync() for each of thousands of chunk files and their
 * directories; it also waits for what others wrote there. It tells of writes that failed since its descriptor
 * was opened, whoever else was told before: so that is opened first and kept. Before Linux 5.8 it tells
 * nothing, and each rank syncs each of its files.
 */
#include <zarr/store_sync.h>

#include <core/array.h>
#include <core/file.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void mzg_store_open_sync(struct mzg_zarr_store *store)
{
    store->sync_fd = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    store->sync_code = store->sync_fd < 0 ? errno : 0;
    store->sync_each = !mzg_file_syncfs_tells(NULL);
}

enum mzg_status mzg_store_sync(struct mzg_zarr_store *store, struct mzg_error *err)
{
    int code = store->sync_code;
    if (store->sync_fd >= 0 && syncfs(store->sync_fd) != 0)
        code = errno;
    if (code != 0)
        mzg_fail(err, MZG_EIO, "%s: cannot bring it to the disk: %s", store->path, strerror(code));
    return err->status;
}

enum mzg_status mzg_zarr_note_written(const struct mzg_zarr_array *array, int64_t number, int64_t size,
                                      struct mzg_error *err)
{
    struct mzg_zarr_store *store = array->store;
    if (mzg_array_grow(&store->written, sizeof *store->written, store->n_written + 1,
                       &store->written_capacity, "files of the store", err) != MZG_OK)
        return err->status;
    store->written[store->n_written++] = (struct mzg_zarr_written){array, number, size};
    return MZG_OK;
}

/* `size` is -1 if any will do. Opening a file asks a network file system what is there now. */
static enum mzg_status check_file(const struct mzg_zarr_store *store, const char *path, int64_t size,
                                  struct mzg_error *err)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return mzg_fail(err, MZG_EIO,
                        "%s: it was written and is gone or cannot be opened (%s): another program, or a run "
                        "of the same output, was at work there",
                        path, strerror(errno));
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || (size >= 0 && info.st_size != size))
        mzg_fail(err, MZG_EIO, "%s: has %" PRId64 " bytes, but %" PRId64 " were written", path,
                 (int64_t)info.st_size, size);
    else if (store->sync_each && fsync(fd) != 0 && errno != EINVAL)
        mzg_file_write_failed(err, path, "this file to the disk", errno);
    close(fd);
    return err->status;
}

enum mzg_status mzg_store_check_written(const struct mzg_zarr_store *store, struct mzg_error *err)
{
    for (int64_t i = 0; i < store->n_written && err->status == MZG_OK; i++) {
        const struct mzg_zarr_written *file = &store->written[i];
        char *path = mzg_zarr_file_path(file->array, file->number);
        if (!path)
            mzg_fail(err, MZG_ENOMEM, "%s: no memory to look at its files", store->path);
        else
            check_file(store, path, file->size, err);
        free(path);
    }
    return err->status;
}

enum mzg_status mzg_store_check_metadata(const struct mzg_zarr_store *store, struct mzg_error *err)
{
    const char *node;
    json_t *metadata;
    json_object_foreach(store->nodes, node, metadata)
    {
        char *path;
        if (asprintf(&path, "%s/%s%szarr.json", store->path, node, *node ? "/" : "") < 0)
            return mzg_fail(err, MZG_ENOMEM, "%s: no memory to look at its files", store->path);
        check_file(store, path, -1, err);
        free(path);
        if (err->status != MZG_OK)
            break;
    }
    return err->status;
}
