#include <core/file.h>

#include <core/own_name.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { MUCH_SPACE = 256 << 20 }; /* what a single write of ours always fits into */

void mzg_file_go_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash)
        *(slash == path && slash[1] ? slash + 1 : slash) = '\0';
    else
        path[0] = '\0';
}

/* statvfs() of the path or of its nearest existing parent. */
static int stat_file_system(const char *path, struct statvfs *fs)
{
    char *copy = strdup(path);
    if (!copy)
        return -1;
    int status;
    while ((status = statvfs(copy[0] ? copy : ".", fs)) != 0 && errno == ENOENT && copy[0])
        mzg_file_go_up(copy);
    free(copy);
    return status;
}

int64_t mzg_file_free_space(const char *path)
{
    struct statvfs fs;
    return stat_file_system(path, &fs) == 0 ? (int64_t)fs.f_bavail * (int64_t)fs.f_frsize : -1;
}

/* Whether the file system can take no more files, though it has space. */
static bool has_no_inodes(const char *path)
{
    struct statvfs fs;
    return stat_file_system(path, &fs) == 0 && fs.f_files > 0 && fs.f_favail == 0;
}

/* What says where the file lies, by its role in a run. */
static const char *place_of(const char *path)
{
    static const char columns[] = "." MZG_OWN_COLUMNS;
    const char *slash = strrchr(path, '/'), *role = strrchr(slash ? slash : path, '.');
    if (mzg_file_ends_in(path, "." MZG_OWN_ROWS) || (role && strncmp(role, columns, sizeof columns - 1) == 0))
        return "it (--temp-dir)";
    return role && strcmp(role, "." MZG_OWN_OWNER) == 0 ? "the output or --temp-dir" : "the output";
}

enum mzg_status mzg_file_write_failed(struct mzg_error *err, const char *path, const char *what, int code)
{
    int64_t space = mzg_file_free_space(path);
    double megabytes = (double)(space < 0 ? 0 : space) / 1e6;
    const char *it = place_of(path);
    if (code == EDQUOT)
        return mzg_fail(
            err, MZG_EIO,
            "%s: cannot write %s: your quota there is used up (the file system has %.1f MB free); "
            "remove some files, or choose another place for %s",
            path, what, megabytes, it);
    if (code == ENOSPC && has_no_inodes(path))
        return mzg_fail(err, MZG_EIO,
                        "%s: cannot write %s: the file system takes no more files (no inodes left, though "
                        "%.1f MB are free); remove some files, or choose another place for %s",
                        path, what, megabytes, it);
    if (code == ENOSPC && space >= MUCH_SPACE)
        return mzg_fail(
            err, MZG_EIO,
            "%s: cannot write %s: no space left, though the file system has %.1f MB free: a quota, "
            "or another limit of this directory, is used up; remove some files, or choose another "
            "place for %s",
            path, what, megabytes, it);
    if (code == ENOSPC || (code == 0 && space >= 0 && space < 1 << 20))
        return mzg_fail(
            err, MZG_EIO,
            "%s: cannot write %s: no space left (%.1f MB free); free some, or choose another place for %s",
            path, what, megabytes, it);
    if (code == EFBIG)
        return mzg_fail(err, MZG_EIO,
                        "%s: cannot write %s: a limit of the size of files is reached (ulimit -f, or the "
                        "file system's own)",
                        path, what);
    if (code != 0)
        return mzg_fail(err, MZG_EIO, "%s: cannot write %s: %s", path, what, strerror(code));
    return mzg_fail(err, MZG_EIO, "%s: cannot write %s: the write failed (%.1f MB free)", path, what,
                    megabytes);
}

bool mzg_file_syncfs_tells(const char *release)
{
    struct utsname system;
    int major, minor;
    if (!release && uname(&system) == 0)
        release = system.release;
    return release && sscanf(release, "%d.%d", &major, &minor) == 2 &&
           (major > 5 || (major == 5 && minor >= 8));
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

/* What umask() would tell, which cannot be asked without changing it for all threads of the process. */
static mode_t read_umask(void)
{
    char line[128];
    unsigned mask = 0;
    bool found = false;
    FILE *file = fopen("/proc/self/status", "re");
    while (file && !found && fgets(line, sizeof line, file))
        found = sscanf(line, "Umask: %o", &mask) == 1;
    if (file)
        fclose(file);
    if (!found) {
        mask = umask(077);
        umask(mask);
    }
    return mask;
}

void mzg_file_ordinary_mode(int fd)
{
    fchmod(fd, 0666 & ~read_umask());
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

enum mzg_status mzg_open_regular(const char *path, int *fd, int64_t *size, struct mzg_error *err)
{
    /* Without O_NONBLOCK opening a named pipe would wait for a writer for ever. */
    int new_fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (new_fd < 0)
        return mzg_fail(err, MZG_EIO, "%s: cannot open: %s", path, strerror(errno));
    struct stat about;
    if (fstat(new_fd, &about) != 0)
        mzg_fail(err, MZG_EIO, "%s: cannot tell its size: %s", path, strerror(errno));
    else if (!S_ISREG(about.st_mode))
        mzg_fail(err, MZG_EIO, "%s: is %s, expected a file", path,
                 S_ISDIR(about.st_mode) ? "a directory" : "not a regular file");
    else {
        *fd = new_fd;
        *size = about.st_size;
        return MZG_OK;
    }
    close(new_fd);
    return err->status;
}

bool mzg_file_ends_in(const char *path, const char *end)
{
    size_t n = strlen(path), m = strlen(end);
    return n > m && strcasecmp(path + n - m, end) == 0;
}

int mzg_read_at(int fd, void *bytes, int64_t n, int64_t offset)
{
    char *to = bytes;
    while (n > 0) {
        ssize_t got = pread(fd, to, (size_t)n, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            return ENODATA;
        to += got;
        n -= got;
        offset += got;
    }
    return 0;
}

/* From the deepest up, because most exist: each name costs a parallel file system a question to its server.
 */
enum mzg_status mzg_file_make_directories(const char *path, struct mzg_error *err)
{
    char *part = strdup(path);
    if (!part)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its path", path);
    size_t length = strlen(part);
    char *slash = strrchr(part + (length > 0), '/');
    while (slash) {
        *slash = '\0';
        if (mkdir(part, 0777) == 0 || errno == EEXIST)
            break;
        int code = errno;
        slash = strrchr(part + 1, '/');
        if (code != ENOENT || !slash) {
            mzg_file_write_failed(err, part, "this directory", code);
            break;
        }
    }
    for (size_t n = strlen(part); slash && n < length && err->status == MZG_OK; n = strlen(part)) {
        part[n] = '/';
        if (strlen(part) < length && mkdir(part, 0777) != 0 && errno != EEXIST)
            mzg_file_write_failed(err, part, "this directory", errno);
    }
    free(part);
    return err->status;
}
