/*
 * The record of what a job does to its files, in the order in which it happened, with the data; replay.py
 * reads it.
 *
 * Each line of DIRECTORY/calls is one call that succeeded, its fields separated by tabs: what, inode, path,
 * then offset, size and the place of the bytes in DIRECTORY/data, or the second path. All ranks append to the
 * same two files. One lock, held while a call is made and noted, makes the two orders one.
 */
#include "shim.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int calls = -1, data = -1;
static pthread_mutex_t own_threads = PTHREAD_MUTEX_INITIALIZER;

static int open_at(const char *directory, const char *name)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

void record_open(const char *directory)
{
    calls = open_at(directory, "calls");
    data = open_at(directory, "data");
}

bool record_begin(const char *path)
{
    if (calls < 0 || !shim_meant(path))
        return false;
    pthread_mutex_lock(&own_threads);
    syscall(SYS_flock, calls, LOCK_EX);
    return true;
}

void record_end(void)
{
    syscall(SYS_flock, calls, LOCK_UN);
    pthread_mutex_unlock(&own_threads);
}

static void note(const char *text, int length)
{
    if (length > 0)
        syscall(SYS_write, calls, text, (size_t)length);
}

void record_bytes(const char *what, int fd, const char *path, int64_t offset, const void *bytes, int64_t size)
{
    char text[PATH_SIZE + 128];
    struct stat status = {0};
    fstat(fd, &status);
    int64_t place = syscall(SYS_lseek, data, 0, SEEK_END);
    if (bytes && size > 0)
        syscall(SYS_write, data, bytes, (size_t)size);
    note(text, snprintf(text, sizeof text, "%s\t%llu\t%s\t%lld\t%lld\t%lld\n", what,
                        (unsigned long long)status.st_ino, path, (long long)offset, (long long)size,
                        (long long)place));
}

void record_names(const char *what, const char *path, const char *other)
{
    char text[2 * PATH_SIZE + 128];
    struct stat status = {0};
    lstat(other && *other ? other : path, &status);
    note(text, snprintf(text, sizeof text, "%s\t%llu\t%s\t%s\n", what, (unsigned long long)status.st_ino,
                        path, other ? other : ""));
}
