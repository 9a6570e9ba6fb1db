#include <core/file.h>
#include <imzml/ibd.h>
#include <imzml/source.h>
#include <input/not_input.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum mzg_status mzg_imzml_source_open(const char *path, struct mzg_imzml_source *source,
                                      struct mzg_error *err)
{
    struct mzg_imzml_source opened = {.path = path, .fd = -1};
    if (mzg_open_regular(path, &opened.fd, &opened.size, err) != MZG_OK)
        return access(path, F_OK) != 0 ? mzg_not_there(path, errno, err) : err->status;
    /* Whoever reads it goes from front to back: the kernel may read ahead further. */
    posix_fadvise(opened.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *source = opened;
    return MZG_OK;
}

void mzg_imzml_source_close(struct mzg_imzml_source *source)
{
    if (source->fd >= 0)
        close(source->fd);
    source->fd = -1;
}

enum mzg_status mzg_imzml_source_read(const struct mzg_imzml_source *source, int64_t offset, int64_t n,
                                      char *buffer, struct mzg_error *err)
{
    if (source->fd < 0) {
        if (n > 0)
            memcpy(buffer, source->bytes + offset, (size_t)n);
        return MZG_OK;
    }
    int error = mzg_read_at(source->fd, buffer, n, offset);
    if (error)
        return mzg_fail(err, MZG_EIO, "%s: cannot read bytes %" PRId64 " to %" PRId64 ": %s", source->path,
                        offset, offset + n - 1,
                        error == ENODATA ? "the file became shorter" : strerror(error));
    return MZG_OK;
}
