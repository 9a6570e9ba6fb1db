#include <core/clone_file.h>

#include <core/file.h>
#include <core/stop.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 1 << 20 };

static struct mzg_file_state state_of(const struct stat *info)
{
    return (struct mzg_file_state){.size = info->st_size,
                                   .modified =
                                       (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec,
                                   .inode = info->st_ino};
}

static bool is_same(const struct mzg_file_state *a, const struct mzg_file_state *b)
{
    return a->size == b->size && a->modified == b->modified && a->inode == b->inode;
}

static enum mzg_status fail_changed(const char *path, struct mzg_error *err)
{
    return mzg_fail(err, MZG_EIO,
                    "%s: it changed while mzgrid used it: wait until its writer is done, and start again",
                    path);
}

enum mzg_status mzg_file_state(const char *path, struct mzg_file_state *state, struct mzg_error *err)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return mzg_fail(err, MZG_EIO, "%s: it cannot be read: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return mzg_fail(err, MZG_EFORMAT,
                        "%s: it is not an ordinary file%s; a store consists of files and directories only",
                        path, S_ISLNK(info.st_mode) ? " but a symbolic link" : "");
    *state = state_of(&info);
    return MZG_OK;
}

enum mzg_status mzg_file_check_state(const char *path, const struct mzg_file_state *state,
                                     struct mzg_error *err)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? fail_changed(path, err)
                   : mzg_fail(err, MZG_EIO, "%s: it cannot be read: %s", path, strerror(errno));
    struct mzg_file_state now = state_of(&info);
    return S_ISREG(info.st_mode) && is_same(state, &now) ? MZG_OK : fail_changed(path, err);
}

/* Whether `to` became another name of `from`. What cannot be linked is copied; why does not matter. */
static bool try_link(const char *from, const char *to, struct mzg_clone_limits *limits)
{
    if (limits->no_links)
        return false;
    if (linkat(AT_FDCWD, from, AT_FDCWD, to, 0) == 0)
        return true;
    limits->no_links = errno == EXDEV || errno == EPERM || errno == ENOTSUP;
    return false;
}

static bool try_share(int in, int out, struct mzg_clone_limits *limits)
{
    if (limits->no_sharing)
        return false;
    if (ioctl(out, FICLONE, in) == 0)
        return true;
    limits->no_sharing = true;
    return false;
}

static enum mzg_status write_all(int fd, const char *path, const char *bytes, size_t size,
                                 struct mzg_error *err)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, bytes + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return mzg_file_write_failed(err, path, "a copy of this file", n < 0 ? errno : 0);
        done += (size_t)n;
    }
    return MZG_OK;
}

/* Copies `size` bytes. */
static enum mzg_status copy(int in, const char *from, int out, const char *to, int64_t size,
                            const atomic_int *stop, struct mzg_error *err)
{
    char *bytes = malloc(COPY_BYTES);
    if (!bytes)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to copy it", from);
    for (int64_t done = 0; done < size && mzg_check_stop(stop, err) == MZG_OK;) {
        int64_t left = size - done;
        ssize_t n = read(in, bytes, left < COPY_BYTES ? (size_t)left : COPY_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            mzg_fail(err, MZG_EIO, "%s: it cannot be read: %s", from, strerror(errno));
        else if (n == 0)
            fail_changed(from, err);
        if (n <= 0 || write_all(out, to, bytes, (size_t)n, err) != MZG_OK)
            break;
        done += n;
    }
    free(bytes);
    return err->status;
}

static enum mzg_status create(const char *path, int *fd, struct mzg_error *err)
{
    *fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return *fd < 0 ? mzg_file_write_failed(err, path, "this file", errno) : MZG_OK;
}

/* Whether `to` was made with the blocks of `in`; else it does not exist. */
static bool try_shared_file(int in, const char *to, struct mzg_clone_limits *limits, struct mzg_error *err)
{
    int out;
    if (limits->no_sharing || create(to, &out, err) != MZG_OK)
        return false;
    bool shared = try_share(in, out, limits);
    if (close(out) != 0 || (!shared && unlink(to) != 0))
        mzg_file_write_failed(err, to, "this file", errno);
    return shared;
}

static enum mzg_status make_copy(int in, const char *from, const struct mzg_file_state *state, const char *to,
                                 const atomic_int *stop, struct mzg_error *err)
{
    int out;
    if (create(to, &out, err) != MZG_OK)
        return err->status;
    copy(in, from, out, to, state->size, stop, err);
    /* Where syncing the file system tells of no failure, syncing the file does. */
    if (err->status == MZG_OK && !mzg_file_syncfs_tells(NULL) && fsync(out) != 0 && errno != EINVAL)
        mzg_file_write_failed(err, to, "this file to the disk", errno);
    if (close(out) != 0 && err->status == MZG_OK)
        mzg_file_write_failed(err, to, "this file", errno);
    return err->status;
}

enum mzg_status mzg_clone_file(const char *from, const struct mzg_file_state *state, const char *to,
                               struct mzg_clone_limits *limits, const atomic_int *stop,
                               enum mzg_clone_way *way, struct mzg_error *err)
{
    struct stat info;
    int in = open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (in < 0)
        return mzg_fail(err, MZG_EIO, "%s: it cannot be read: %s", from, strerror(errno));
    struct mzg_file_state now = {0};
    if (fstat(in, &info) == 0)
        now = state_of(&info);
    if (!is_same(state, &now))
        fail_changed(from, err);
    else if (try_shared_file(in, to, limits, err))
        *way = MZG_CLONE_SHARED;
    else if (err->status == MZG_OK && try_link(from, to, limits))
        *way = MZG_CLONE_LINKED;
    else if (err->status == MZG_OK && make_copy(in, from, state, to, stop, err) == MZG_OK)
        *way = MZG_CLONE_COPIED;
    close(in);
    if (err->status == MZG_OK && (lstat(to, &info) != 0 || info.st_size != state->size))
        fail_changed(from, err);
    return err->status;
}
