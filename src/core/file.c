#include <core/file.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

int64_t mzg_file_free_space(const char *path)
{
    char *copy = strdup(path);
    if (!copy)
        return -1;
    struct statvfs fs;
    int64_t space = -1;
    for (;;) {
        if (statvfs(copy[0] ? copy : ".", &fs) == 0) {
            space = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
            break;
        }
        char *slash = strrchr(copy, '/');
        if (errno != ENOENT || !copy[0])
            break;
        if (slash)
            *(slash == copy && slash[1] ? slash + 1 : slash) = '\0';
        else
            copy[0] = '\0';
    }
    free(copy);
    return space;
}

enum mzg_status mzg_file_write_failed(struct mzg_error *err, const char *path, const char *what, int code)
{
    int64_t space = mzg_file_free_space(path);
    if (code == ENOSPC || code == EDQUOT || (space >= 0 && space < 1 << 20))
        return mzg_fail(
            err, MZG_EIO,
            "%s: cannot write %s: no space left (%.1f MB free); free some, or choose another place for "
            "the output or --temp-dir",
            path, what, (double)(space < 0 ? 0 : space) / 1e6);
    return mzg_fail(err, MZG_EIO, "%s: cannot write %s: %s (%.1f MB free)", path, what,
                    code ? strerror(code) : "the write failed", (double)(space < 0 ? 0 : space) / 1e6);
}

int mzg_file_rename(const char *from, const char *to, bool replace)
{
    struct stat info;
    if (replace)
        return rename(from, to);
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (lstat(to, &info) == 0) {
        errno = EEXIST;
        return -1;
    }
    return rename(from, to);
}

int mzg_file_exchange(const char *a, const char *b)
{
    return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

void mzg_file_ordinary_mode(int fd)
{
    mode_t mask = umask(0);
    umask(mask);
    fchmod(fd, 0666 & ~mask);
}

enum mzg_status mzg_file_sync_directory(const char *path, struct mzg_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* EINVAL: the file system cannot sync a directory */
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        mzg_fail(err, MZG_EIO, "%s: cannot bring this directory to the disk: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return err->status;
}

char *mzg_file_path(const char *head, const char *tail)
{
    size_t size = strlen(head) + strlen(tail) + 1;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s%s", head, tail);
    return path;
}
