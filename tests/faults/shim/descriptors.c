/* Stand-ins for calls on open files. Those for 64-bit offsets have a second name in libc. */
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define ALIAS(name) __attribute__((alias(#name)))

/* Writes and notes: at `offset`, or for -1 if the file stands. */
static ssize_t put(int fd, const char *path, const void *bytes, size_t size, off_t offset)
{
    bool noted = *path && record_begin(path);
    off_t place = offset;
    if (noted && offset < 0) {
        struct stat status = {0};
        bool appends = (syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND) != 0;
        place = appends && fstat(fd, &status) == 0 ? status.st_size : lseek(fd, 0, SEEK_CUR);
    }
    ssize_t done =
        offset < 0 ? syscall(SYS_write, fd, bytes, size) : syscall(SYS_pwrite64, fd, bytes, size, offset);
    int code = errno;
    if (noted) {
        if (done > 0)
            record_bytes("write", fd, path, place, bytes, done);
        record_end();
    }
    errno = code;
    return done;
}

static size_t cut(size_t size)
{
    return size > 1 ? size / 2 : size;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    char path[PATH_SIZE];
    enum fault fault = fd > 2 ? shim_due_fd(CALL_WRITE, fd, path) : (path[0] = '\0', FAULT_NONE);
    if (fault == FAULT_ERRNO)
        return -1;
    return put(fd, path, bytes, fault == FAULT_SHORT ? cut(size) : size, -1);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    char path[PATH_SIZE];
    enum fault fault = shim_due_fd(CALL_PWRITE, fd, path);
    if (fault == FAULT_ERRNO)
        return -1;
    return put(fd, path, bytes, fault == FAULT_SHORT ? cut(size) : size, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t offset) ALIAS(pwrite);

/* As one write after the other, for the record; a fault hits the first. */
static ssize_t put_all(int fd, const char *path, const struct iovec *parts, int n, off_t offset,
                       enum fault fault)
{
    ssize_t sum = 0;
    for (int i = 0; i < n; i++) {
        size_t size = fault == FAULT_SHORT ? cut(parts[i].iov_len) : parts[i].iov_len;
        ssize_t done = put(fd, path, parts[i].iov_base, size, offset < 0 ? -1 : offset + sum);
        if (done < 0)
            return sum > 0 ? sum : -1;
        sum += done;
        if ((size_t)done < parts[i].iov_len)
            break;
    }
    return sum;
}

ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t offset)
{
    char path[PATH_SIZE];
    enum fault fault = shim_due_fd(CALL_PWRITE, fd, path);
    return fault == FAULT_ERRNO ? -1 : put_all(fd, path, parts, n, offset, fault);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int n, off_t offset) ALIAS(pwritev);

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    char path[PATH_SIZE];
    enum fault fault = shim_due_fd(CALL_WRITE, fd, path);
    if (fault == FAULT_ERRNO)
        return -1;
    if (!*path) // a pipe or a socket, to which the parts have to go at once
        return syscall(SYS_writev, fd, parts, n);
    return put_all(fd, path, parts, n, -1, fault);
}

ssize_t read(int fd, void *bytes, size_t size)
{
    char path[PATH_SIZE];
    enum fault fault = fd > 2 ? shim_due_fd(CALL_READ, fd, path) : FAULT_NONE;
    return fault == FAULT_ERRNO ? -1 : syscall(SYS_read, fd, bytes, fault == FAULT_SHORT ? cut(size) : size);
}

ssize_t pread(int fd, void *bytes, size_t size, off_t offset)
{
    char path[PATH_SIZE];
    enum fault fault = shim_due_fd(CALL_PREAD, fd, path);
    return fault == FAULT_ERRNO
               ? -1
               : syscall(SYS_pread64, fd, bytes, fault == FAULT_SHORT ? cut(size) : size, offset);
}
ssize_t pread64(int fd, void *bytes, size_t size, off_t offset) ALIAS(pread);

ssize_t preadv(int fd, const struct iovec *parts, int n, off_t offset)
{
    char path[PATH_SIZE];
    enum fault fault = shim_due_fd(CALL_PREAD, fd, path);
    if (fault == FAULT_ERRNO)
        return -1;
    if (fault == FAULT_SHORT && n > 0)
        return syscall(SYS_pread64, fd, parts[0].iov_base, cut(parts[0].iov_len), offset);
    return syscall(SYS_preadv, fd, parts, n, offset, 0);
}
ssize_t preadv64(int fd, const struct iovec *parts, int n, off_t offset) ALIAS(preadv);

static int sync_by(long number, enum call call, const char *what, int fd)
{
    char path[PATH_SIZE];
    if (shim_due_fd(call, fd, path) != FAULT_NONE)
        return -1;
    bool noted = *path && record_begin(path);
    int status = (int)syscall(number, fd);
    if (noted) {
        if (status == 0)
            record_bytes(what, fd, path, 0, NULL, 0);
        record_end();
    }
    return status;
}

int fsync(int fd)
{
    return sync_by(SYS_fsync, CALL_FSYNC, "fsync", fd);
}

int fdatasync(int fd)
{
    return sync_by(SYS_fdatasync, CALL_FSYNC, "fsync", fd);
}

int syncfs(int fd)
{
    return sync_by(SYS_syncfs, CALL_SYNCFS, "syncfs", fd);
}

int ftruncate(int fd, off_t size)
{
    char path[PATH_SIZE];
    if (shim_due_fd(CALL_FTRUNCATE, fd, path) != FAULT_NONE)
        return -1;
    bool noted = *path && record_begin(path);
    int status = (int)syscall(SYS_ftruncate, fd, size);
    if (noted) {
        if (status == 0)
            record_bytes("truncate", fd, path, size, NULL, 0);
        record_end();
    }
    return status;
}
int ftruncate64(int fd, off_t size) ALIAS(ftruncate);

static int allocate(int fd, int mode, off_t offset, off_t size)
{
    char path[PATH_SIZE];
    if (shim_due_fd(CALL_FALLOCATE, fd, path) != FAULT_NONE)
        return -1;
    bool noted = *path && record_begin(path);
    int status = (int)syscall(SYS_fallocate, fd, mode, offset, size), code = errno;
    if (noted) {
        if (status == 0 && mode == 0)
            record_bytes("extend", fd, path, offset + size, NULL, 0);
        else if (status == 0 && (mode & FALLOC_FL_PUNCH_HOLE))
            record_bytes("punch", fd, path, offset, NULL, size);
        record_end();
    }
    errno = code;
    return status;
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
    return allocate(fd, mode, offset, size);
}
int fallocate64(int fd, int mode, off_t offset, off_t size) ALIAS(fallocate);

int posix_fallocate(int fd, off_t offset, off_t size)
{
    return allocate(fd, 0, offset, size) == 0 ? 0 : errno;
}
int posix_fallocate64(int fd, off_t offset, off_t size) ALIAS(posix_fallocate);

int flock(int fd, int operation)
{
    char path[PATH_SIZE];
    return shim_due_fd(CALL_FLOCK, fd, path) != FAULT_NONE ? -1 : (int)syscall(SYS_flock, fd, operation);
}

int close(int fd)
{
    char path[PATH_SIZE];
    enum fault fault = shim_due_fd(CALL_CLOSE, fd, path);
    int code = errno, status = (int)syscall(SYS_close, fd);
    if (fault == FAULT_NONE)
        return status;
    errno = code;
    return -1;
}

int fclose(FILE *file)
{
    static int (*real)(FILE *);
    if (!real)
        real = (int (*)(FILE *))dlsym(RTLD_NEXT, "fclose");
    char path[PATH_SIZE];
    int fd = shim_active ? fileno(file) : -1;
    enum fault fault = fd > 2 ? shim_due_fd(CALL_FCLOSE, fd, path) : FAULT_NONE;
    int code = errno, status = real(file);
    if (fault == FAULT_NONE)
        return status;
    errno = code;
    return EOF;
}
