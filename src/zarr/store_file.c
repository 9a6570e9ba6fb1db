#include <zarr/store_file.h>

#include <core/file.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zarr/box.h>
#include <zarr/store.h>

enum { WORTH_STARTING = 1 << 17 };

enum mzg_status mzg_store_file_create(const char *path, struct mzg_store_file *file, struct mzg_error *err)
{
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    int fd = open(path, flags, 0666);
    if (fd < 0 && errno == ENOENT) {
        if (mzg_file_make_directories(path, err) != MZG_OK)
            return err->status;
        fd = open(path, flags, 0666);
    }
    if (fd < 0)
        return mzg_file_write_failed(err, path, "this file", errno);
    *file = (struct mzg_store_file){.fd = fd, .path = path};
    return MZG_OK;
}

static enum mzg_status fail_to_append(const struct mzg_store_file *file, size_t size, int code,
                                      struct mzg_error *err)
{
    char what[64];
    snprintf(what, sizeof what, "%zu bytes after the first %" PRId64, size, file->written);
    return mzg_file_write_failed(err, file->path, what, code);
}

enum mzg_status mzg_store_file_append(struct mzg_store_file *file, const void *bytes, size_t size,
                                      struct mzg_error *err)
{
    const unsigned char *next = bytes;
    while (size > 0) {
        ssize_t n = write(file->fd, next, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fail_to_append(file, size, n < 0 ? errno : ENOSPC, err);
        next += n;
        size -= (size_t)n;
        file->written += n;
    }
    return MZG_OK;
}

enum mzg_status mzg_store_file_close(struct mzg_store_file *file, struct mzg_error *err)
{
    int fd = file->fd;
    file->fd = -1;
    /* The disk may begin now, and the sync at the end of the store finds little left. Where it cannot, it
     * does all the work then. */
    if (file->written >= WORTH_STARTING)
        sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    if (close(fd) != 0 && errno != EINTR && err->status == MZG_OK)
        mzg_file_write_failed(err, file->path, "what the system still held back", errno);
    return err->status;
}

char *mzg_zarr_file_path(const struct mzg_zarr_array *array, int64_t file)
{
    enum { MAX_NUMBER = 21 }; /* "/" and the digits of an int64 */
    int64_t position[MZG_ZARR_MAX_DIMENSIONS];
    mzg_block_coordinates(array->spec.n_dimensions, array->grid, file, position);
    char *path;
    if (asprintf(&path, "%s/%s/c%*s", array->store->path, array->path, MAX_NUMBER * MZG_ZARR_MAX_DIMENSIONS,
                 "") < 0)
        return NULL;
    char *end = path + strlen(array->store->path) + strlen(array->path) + 3;
    *end = '\0';
    for (int d = 0; d < array->spec.n_dimensions; d++)
        end += sprintf(end, "/%" PRId64, position[d]);
    return path;
}
