/* Stand-ins for calls that name a file. */
#include "shim.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALIAS(name) __attribute__((alias(#name)))

/* Opens, and notes what was made or emptied by it. */
static int open_file(int directory, const char *name, int flags, mode_t mode)
{
    char path[PATH_SIZE];
    if (!shim_active)
        return (int)syscall(SYS_openat, directory, name, flags, mode);
    shim_resolve(directory, name, path);
    if (shim_due(CALL_OPEN, path) != FAULT_NONE)
        return -1;
    bool noted = (flags & (O_CREAT | O_TRUNC)) && record_begin(path);
    struct stat status;
    bool existed = noted && fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    int fd = (int)syscall(SYS_openat, directory, name, flags, mode), code = errno;
    if (noted) {
        if (fd >= 0 && !existed)
            record_bytes("create", fd, path, 0, NULL, 0);
        else if (fd >= 0 && (flags & O_TRUNC))
            record_bytes("truncate", fd, path, 0, NULL, 0);
        record_end();
    }
    errno = code;
    return fd;
}

/* The mode is there only if the flags ask for it. */
#define TAKE_MODE(flags, mode)                                                                               \
    mode_t mode = 0;                                                                                         \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                                   \
        va_list list;                                                                                        \
        va_start(list, flags);                                                                               \
        mode = va_arg(list, mode_t);                                                                         \
        va_end(list);                                                                                        \
    }

int open(const char *name, int flags, ...)
{
    TAKE_MODE(flags, mode)
    return open_file(AT_FDCWD, name, flags, mode);
}
int open64(const char *name, int flags, ...) ALIAS(open);

int openat(int directory, const char *name, int flags, ...)
{
    TAKE_MODE(flags, mode)
    return open_file(directory, name, flags, mode);
}
int openat64(int directory, const char *name, int flags, ...) ALIAS(openat);

/* What open and openat become with _FORTIFY_SOURCE. */
int __open_2(const char *name, int flags);
int __openat_2(int directory, const char *name, int flags);
int __open_2(const char *name, int flags)
{
    return open_file(AT_FDCWD, name, flags, 0);
}
int __open64_2(const char *name, int flags) ALIAS(__open_2);

int __openat_2(int directory, const char *name, int flags)
{
    return open_file(directory, name, flags, 0);
}
int __openat64_2(int directory, const char *name, int flags) ALIAS(__openat_2);

FILE *fopen(const char *name, const char *mode)
{
    static FILE *(*real)(const char *, const char *);
    if (!real)
        real = (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen");
    char path[PATH_SIZE];
    shim_resolve(AT_FDCWD, name, path);
    return shim_due(CALL_OPEN, path) != FAULT_NONE ? NULL : real(name, mode);
}
FILE *fopen64(const char *name, const char *mode) ALIAS(fopen);

int shm_open(const char *name, int flags, mode_t mode)
{
    static int (*real)(const char *, int, mode_t);
    if (!real)
        real = (int (*)(const char *, int, mode_t))dlsym(RTLD_NEXT, "shm_open");
    return shim_due(CALL_OPEN, name) != FAULT_NONE ? -1 : real(name, flags, mode);
}

DIR *opendir(const char *name)
{
    static DIR *(*real)(const char *);
    if (!real)
        real = (DIR * (*)(const char *)) dlsym(RTLD_NEXT, "opendir");
    char path[PATH_SIZE];
    shim_resolve(AT_FDCWD, name, path);
    return shim_due(CALL_OPENDIR, path) != FAULT_NONE ? NULL : real(name);
}

DIR *fdopendir(int fd)
{
    static DIR *(*real)(int);
    if (!real)
        real = (DIR * (*)(int)) dlsym(RTLD_NEXT, "fdopendir");
    char path[PATH_SIZE];
    return shim_due_fd(CALL_OPENDIR, fd, path) != FAULT_NONE ? NULL : real(fd);
}

static int two_names(enum call call, const char *what, long number, int from, const char *name, int to,
                     const char *other, unsigned flags)
{
    char path[PATH_SIZE], second[PATH_SIZE];
    shim_resolve(from, name, path);
    shim_resolve(to, other, second);
    if (shim_due(call, path) != FAULT_NONE)
        return -1;
    bool noted = record_begin(path);
    int status = (int)syscall(number, from, name, to, other, flags), code = errno;
    if (noted) {
        if (status == 0)
            record_names(what, path, second);
        record_end();
    }
    errno = code;
    return status;
}

int rename(const char *name, const char *other)
{
    return two_names(CALL_RENAME, "rename", SYS_renameat2, AT_FDCWD, name, AT_FDCWD, other, 0);
}

int renameat(int from, const char *name, int to, const char *other)
{
    return two_names(CALL_RENAME, "rename", SYS_renameat2, from, name, to, other, 0);
}

int renameat2(int from, const char *name, int to, const char *other, unsigned flags)
{
    const char *what = flags & RENAME_EXCHANGE ? "exchange" : "rename";
    return two_names(CALL_RENAME, what, SYS_renameat2, from, name, to, other, flags);
}

int linkat(int from, const char *name, int to, const char *other, int flags)
{
    return two_names(CALL_LINK, "link", SYS_linkat, from, name, to, other, (unsigned)flags);
}

int link(const char *name, const char *other)
{
    return linkat(AT_FDCWD, name, AT_FDCWD, other, 0);
}

/* mkdir, unlink and rmdir: `argument` is the mode or the flag. */
static int one_name(enum call call, const char *what, long number, int directory, const char *name,
                    int argument)
{
    char path[PATH_SIZE];
    shim_resolve(directory, name, path);
    if (shim_due(call, path) != FAULT_NONE)
        return -1;
    bool noted = record_begin(path);
    int status = (int)syscall(number, directory, name, argument), code = errno;
    if (noted) {
        if (status == 0)
            record_names(what, path, NULL);
        record_end();
    }
    errno = code;
    return status;
}

int mkdirat(int directory, const char *name, mode_t mode)
{
    return one_name(CALL_MKDIR, "mkdir", SYS_mkdirat, directory, name, (int)mode);
}

int mkdir(const char *name, mode_t mode)
{
    return mkdirat(AT_FDCWD, name, mode);
}

int unlinkat(int directory, const char *name, int flags)
{
    if (flags & AT_REMOVEDIR)
        return one_name(CALL_RMDIR, "rmdir", SYS_unlinkat, directory, name, flags);
    return one_name(CALL_UNLINK, "unlink", SYS_unlinkat, directory, name, flags);
}

int unlink(const char *name)
{
    return unlinkat(AT_FDCWD, name, 0);
}

int rmdir(const char *name)
{
    return unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}
