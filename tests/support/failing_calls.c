#include <failing_calls.h>

#include <core/mpi.h>
#include <mpi_test.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_bool failing;
static enum failing_calls failing_kind;
static long failing_at;
static atomic_long n_calls;

void begin_failing(enum failing_calls kind, long n)
{
    failing_kind = kind;
    failing_at = n;
    n_calls = 0;
    failing = true;
}

bool end_failing(void)
{
    failing = false;
    return failing_at > 0 && n_calls >= failing_at;
}

/* Counts a call and says whether it has to fail. */
static bool is_due(enum failing_calls kind, int code)
{
    if (!failing || kind != failing_kind || ++n_calls != failing_at)
        return false;
    errno = code;
    return true;
}

/* clang-format off */
#define WRAP(type, name, parameters, arguments, kind, code, failure)                                         \
    type __real_##name parameters;                                                                           \
    type __wrap_##name parameters;                                                                           \
    type __wrap_##name parameters { return is_due(kind, code) ? (failure) : __real_##name arguments; }

WRAP(void *, malloc, (size_t size), (size), MEMORY, ENOMEM, NULL)
WRAP(void *, calloc, (size_t n, size_t size), (n, size), MEMORY, ENOMEM, NULL)
WRAP(void *, realloc, (void *old, size_t size), (old, size), MEMORY, ENOMEM, NULL)
WRAP(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size), MEMORY, ENOMEM, NULL)
WRAP(char *, strdup, (const char *text), (text), MEMORY, ENOMEM, NULL)
WRAP(char *, strndup, (const char *text, size_t n), (text, n), MEMORY, ENOMEM, NULL)
WRAP(void *, mmap, (void *at, size_t size, int access, int flags, int fd, off_t offset),
     (at, size, access, flags, fd, offset), MEMORY, ENOMEM, MAP_FAILED)

WRAP(int, pthread_create,
     (pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument),
     (thread, attributes, start, argument), THREADS, EAGAIN, EAGAIN)

WRAP(ssize_t, read, (int fd, void *bytes, size_t n), (fd, bytes, n), FILES, EIO, -1)
WRAP(ssize_t, pread, (int fd, void *bytes, size_t n, off_t at), (fd, bytes, n, at), FILES, EIO, -1)
WRAP(ssize_t, preadv, (int fd, const struct iovec *parts, int n, off_t at), (fd, parts, n, at), FILES, EIO, -1)
WRAP(ssize_t, write, (int fd, const void *bytes, size_t n), (fd, bytes, n), FILES, EIO, -1)
WRAP(ssize_t, pwrite, (int fd, const void *bytes, size_t n, off_t at), (fd, bytes, n, at), FILES, EIO, -1)
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), FILES, EIO, -1)
WRAP(int, fallocate, (int fd, int mode, off_t at, off_t n), (fd, mode, at, n), FILES, EIO, -1)
WRAP(int, fsync, (int fd), (fd), FILES, EIO, -1)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), FILES, EIO, -1)
WRAP(int, rename, (const char *from, const char *to), (from, to), FILES, EIO, -1)
WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode), FILES, EIO, NULL)
WRAP(DIR *, opendir, (const char *path), (path), FILES, EIO, NULL)
/* clang-format on */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return is_due(FILES, EIO) ? -1 : __real_open(path, flags, mode);
}

/* Linux closes the descriptor whatever it returns. */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    bool due = is_due(FILES, EIO);
    int code = __real_close(fd);
    if (due)
        errno = EIO;
    return due ? -1 : code;
}

static int count_entries(const char *path)
{
    int n = 0;
    DIR *entries = opendir(path);
    cr_assert_not_null(entries);
    while (readdir(entries))
        n++;
    closedir(entries);
    return n;
}

/* What this process holds. */
struct held {
    int descriptors, threads;
};

static struct held look(void)
{
    return (struct held){count_entries("/proc/self/fd"), count_entries("/proc/self/task")};
}

/* All ranks came to the same, and it is an end that such a call may lead to: nobody asked for less memory. */
static void expect_agreed(enum mzg_status status, struct mzg_error *err, long n)
{
    struct mzg_error first = *err;
    MPI_Bcast(&first, sizeof first, MPI_BYTE, 0, MPI_COMM_WORLD);
    cr_expect(eq(int, (int)err->status, (int)status), "call %ld: the status is not that of the error", n);
    cr_expect(eq(int, (int)status, (int)first.status), "call %ld: %s | rank 0: %s", n, err->text, first.text);
    cr_expect(eq(str, err->text, first.text), "call %ld", n);
    bool is_named = err->text[0] && (status != MZG_EUSAGE || failing_kind == FILES);
    cr_expect(status == MZG_OK || is_named, "call %ld: %d %s", n, (int)status, err->text);
}

long fail_each_call(enum failing_calls kind, int rank, int most, attempt_fn *attempt, void *fixture)
{
    long n_failed = 0;
    struct mzg_error err = {0};
    begin_failing(kind, LONG_MAX);
    cr_expect(eq(int, (int)attempt(fixture, &err), MZG_OK), "without a fault: %s", err.text);
    end_failing();
    struct held before = look();
    long step = most > 0 && n_calls > most ? n_calls / most : 1;
    MPI_Bcast(&step, 1, MPI_LONG, rank, MPI_COMM_WORLD);
    for (long n = 1, goes_on = 1; goes_on; n += step) {
        err = (struct mzg_error){0};
        if (mpi_rank == rank)
            begin_failing(kind, n);
        enum mzg_status status = attempt(fixture, &err);
        goes_on = end_failing();
        failing_at = 0;
        MPI_Bcast(&goes_on, 1, MPI_LONG, rank, MPI_COMM_WORLD);
        expect_agreed(status, &err, n);
        n_failed += status != MZG_OK;
        struct held after = look();
        cr_expect(eq(int, after.descriptors, before.descriptors), "call %ld: %s", n, err.text);
        cr_expect(eq(int, after.threads, before.threads), "call %ld: %s", n, err.text);
    }
    return n_failed;
}

void fail_on_both(enum failing_calls kind, int most, attempt_fn *attempt, void *fixture, long least_of_last,
                  long least_of_first)
{
    cr_expect(ge(long, fail_each_call(kind, mpi_size - 1, most, attempt, fixture), least_of_last),
              "kind %d on the last rank", (int)kind);
    cr_expect(ge(long, fail_each_call(kind, 0, most, attempt, fixture), least_of_first), "kind %d on rank 0",
              (int)kind);
}
