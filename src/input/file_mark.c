#include <input/file_mark.h>

#include <errno.h>
#include <string.h>

static int look(int fd, const char *path, struct stat *about)
{
    return fd >= 0 ? fstat(fd, about) : stat(path, about);
}

void mzg_file_mark_set(int fd, const char *path, struct mzg_file_mark *mark)
{
    mark->is_set = look(fd, path, &mark->about) == 0;
}

static enum mzg_status changed(const char *path, const char *how, struct mzg_error *err)
{
    return mzg_fail(
        err, MZG_EIO,
        "%s: changed while it was read: %s; what was read of it is of no use, so read it again once "
        "nothing writes to it",
        path, how);
}

enum mzg_status mzg_file_mark_check(const struct mzg_file_mark *mark, int fd, const char *path,
                                    struct mzg_error *err)
{
    struct stat now;
    const struct stat *then = &mark->about;
    if (!mark->is_set)
        return MZG_OK;
    if (look(fd, path, &now) != 0)
        return changed(path, errno == ENOENT ? "it is gone" : strerror(errno), err);
    if (now.st_dev != then->st_dev || now.st_ino != then->st_ino)
        return changed(path, "another file has its name now", err);
    if (now.st_size != then->st_size)
        return changed(path, now.st_size < then->st_size ? "it became shorter" : "it became longer", err);
    if (now.st_mtim.tv_sec != then->st_mtim.tv_sec || now.st_mtim.tv_nsec != then->st_mtim.tv_nsec)
        return changed(path, "it was written to", err);
    return MZG_OK;
}
