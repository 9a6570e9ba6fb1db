#include <core/named_file.h>

#include <core/own_name.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The whole path, links resolved as far as it exists; NULL: no memory. */
static char *resolve(const char *path)
{
    char *whole = realpath(path, NULL);
    if (whole || !*path || strcmp(path, ".") == 0)
        return whole;
    char *directory = mzg_own_directory_of(path);
    char *above = directory && strcmp(directory, path) != 0 ? resolve(directory) : NULL;
    const char *slash = strrchr(path, '/');
    if (above &&
        asprintf(&whole, "%s%s%s", above, strcmp(above, "/") == 0 ? "" : "/", slash ? slash + 1 : path) < 0)
        whole = NULL;
    free(above);
    free(directory);
    return whole;
}

/* Whether `inner` is `outer` or lies in it; both are resolved. */
static bool lies_in(const char *inner, const char *outer)
{
    size_t n = strlen(outer);
    while (n > 1 && outer[n - 1] == '/')
        n--;
    return strncmp(inner, outer, n) == 0 && (inner[n] == '\0' || inner[n] == '/');
}

enum mzg_status mzg_named_check(const char *option, const char *path, const char *what, const char *used,
                                struct mzg_error *err)
{
    struct stat mine, theirs;
    if (!used)
        return MZG_OK;
    bool same = stat(path, &mine) == 0 && stat(used, &theirs) == 0 && mine.st_dev == theirs.st_dev &&
                mine.st_ino == theirs.st_ino;
    char *inner = resolve(path), *outer = resolve(used);
    bool inside = inner && outer && lies_in(inner, outer);
    free(inner);
    free(outer);
    if (same || inside)
        mzg_fail(err, MZG_EUSAGE, "%s: %s is %s%s; give another name", option, path,
                 same || strcmp(path, used) == 0 ? "" : "in ", what);
    return err->status;
}

enum mzg_status mzg_named_open(const char *option, const char *path, int *fd, struct mzg_error *err)
{
    struct stat info;
    int opened = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
    /* A pipe opened for reading as well would have its reader in us; some files may only be written. */
    if (opened < 0 ? errno != ENOENT : fstat(opened, &info) == 0 && !S_ISREG(info.st_mode)) {
        if (opened >= 0)
            close(opened);
        opened = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
    }
    if (opened < 0)
        return mzg_fail(err, MZG_EIO, "%s: %s: cannot be written: %s", option, path,
                        errno == ENXIO ? "it is a pipe that nobody reads" : strerror(errno));
    if (fstat(opened, &info) != 0 ||
        !(S_ISREG(info.st_mode) || S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode))) {
        close(opened);
        return mzg_fail(err, MZG_EIO, "%s: %s is neither a file nor a pipe nor a terminal: give another name",
                        option, path);
    }
    fcntl(opened, F_SETFL, fcntl(opened, F_GETFL) & ~O_NONBLOCK);
    *fd = opened;
    return MZG_OK;
}

enum mzg_status mzg_named_empty(const char *option, const char *path, int fd, const char *begin,
                                bool overwrite, struct mzg_error *err)
{
    struct stat info;
    char head[256];
    size_t n = strlen(begin);
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return MZG_OK;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) /* others: locks do not work there */
        return mzg_fail(err, MZG_EIO, "%s: %s: another run is writing it; give another name", option, path);
    if (info.st_size == 0)
        return MZG_OK;
    bool ours = n <= sizeof head && pread(fd, head, n, 0) == (ssize_t)n && memcmp(head, begin, n) == 0;
    if (!ours && !overwrite)
        return mzg_fail(err, MZG_EIO,
                        "%s: %s exists and was not made by this option: it is not replaced; give another "
                        "name, or --overwrite",
                        option, path);
    if (ftruncate(fd, 0) != 0)
        return mzg_fail(err, MZG_EIO, "%s: %s: cannot be emptied: %s", option, path, strerror(errno));
    return MZG_OK;
}
