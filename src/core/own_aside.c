/* A file written aside and renamed. It is locked itself while it is written, because it has no owner file. */
#include <core/own_file.h>

#include <core/file.h>
#include <core/own_name.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 16 };

struct mzg_aside {
    struct mzg_aside *next; /* of all */
    char *path;             /* in the end */
    char *directory;
    char *part;
    int fd;
    bool replace;
};

static struct mzg_aside *asides;

static void free_aside(struct mzg_aside *aside)
{
    for (struct mzg_aside **at = &asides; *at; at = &(*at)->next)
        if (*at == aside) {
            *at = aside->next;
            break;
        }
    if (aside->fd >= 0)
        close(aside->fd);
    free(aside->path);
    free(aside->directory);
    free(aside->part);
    free(aside);
}

static enum mzg_status check_target(const char *path, bool replace, struct mzg_error *err)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return MZG_OK;
    if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode))
        return mzg_fail(err, MZG_EIO, "%s is not a file: it is not replaced; give another name", path);
    if (!replace)
        return mzg_fail(err, MZG_EIO, "%s: exists already; --overwrite replaces it", path);
    return MZG_OK;
}

/* Whether the name still is of what is open. */
static bool is_at(int fd, const char *path)
{
    struct stat mine, there;
    return fstat(fd, &mine) == 0 && lstat(path, &there) == 0 && mine.st_dev == there.st_dev &&
           mine.st_ino == there.st_ino;
}

/* Makes the file under one name; fd stays -1 if somebody has it, or takes it for a dead run's. */
static enum mzg_status try_part(struct mzg_aside *aside, const char *stem, struct mzg_error *err)
{
    char tag[MZG_OWN_TAG];
    mzg_own_tag(tag);
    free(aside->part);
    aside->part = mzg_own_path(aside->directory, stem, tag, "part");
    if (!aside->part)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its path", aside->path);
    aside->fd = open(aside->part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (aside->fd < 0)
        return errno == EEXIST ? MZG_OK : mzg_file_write_failed(err, aside->path, "this file", errno);
    bool lost = flock(aside->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (!lost && is_at(aside->fd, aside->part))
        return MZG_OK;
    close(aside->fd);
    aside->fd = -1;
    return MZG_OK;
}

static enum mzg_status make_part(struct mzg_aside *aside, struct mzg_error *err)
{
    char stem[MZG_OWN_STEM];
    if (mzg_own_stem(aside->path, stem) != 0)
        return mzg_fail(err, MZG_EIO, "%s: cannot create it, because its directory cannot be used: %s",
                        aside->path, strerror(errno));
    mzg_own_sweep(aside->directory, aside->path, stem);
    for (int i = 0; i < TRIES && aside->fd < 0; i++)
        if (try_part(aside, stem, err) != MZG_OK)
            return err->status;
    if (aside->fd < 0)
        mzg_fail(err, MZG_EIO, "%s: no temporary name for it is free", aside->path);
    return err->status;
}

enum mzg_status mzg_aside_new(const char *path, bool replace, struct mzg_aside **aside, struct mzg_error *err)
{
    if (check_target(path, replace, err) != MZG_OK)
        return err->status;
    struct mzg_aside *made = calloc(1, sizeof *made);
    if (!made)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to write it", path);
    made->fd = -1;
    made->replace = replace;
    made->path = strdup(path);
    made->directory = mzg_own_directory_of(path);
    if (!made->path || !made->directory)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to write it", path);
    else
        make_part(made, err);
    if (err->status != MZG_OK) {
        free_aside(made);
        return err->status;
    }
    made->next = asides;
    asides = made;
    *aside = made;
    return MZG_OK;
}

int mzg_aside_fd(const struct mzg_aside *aside)
{
    return aside->fd;
}

static enum mzg_status publish(const struct mzg_aside *aside, struct mzg_error *err)
{
    if (!is_at(aside->fd, aside->part))
        return mzg_fail(err, MZG_EIO, "%s: another program removed it while mzgrid wrote it as %s",
                        aside->path, aside->part);
    mzg_file_ordinary_mode(aside->fd);
    if (fsync(aside->fd) != 0 && errno != EINVAL)
        return mzg_file_write_failed(err, aside->path, "this file to the disk", errno);
    if (check_target(aside->path, aside->replace, err) != MZG_OK)
        return err->status;
    if (mzg_file_rename(aside->part, aside->path, aside->replace) != 0)
        return mzg_fail(err, MZG_EIO, "%s: cannot be renamed to %s: %s", aside->part, aside->path,
                        strerror(errno));
    /* As after any failure nothing bears the name; but what it replaced is gone already. */
    if (mzg_file_sync_directory(aside->directory, err) != MZG_OK && !aside->replace &&
        is_at(aside->fd, aside->path))
        unlink(aside->path);
    return err->status;
}

enum mzg_status mzg_aside_end(struct mzg_aside *aside, struct mzg_error *err)
{
    if (err->status == MZG_OK)
        publish(aside, err);
    if (err->status != MZG_OK && is_at(aside->fd, aside->part))
        unlink(aside->part);
    free_aside(aside);
    return err->status;
}

enum mzg_status mzg_aside_write(const char *path, bool replace, const void *bytes, size_t n, const char *what,
                                struct mzg_error *err)
{
    struct mzg_aside *aside = NULL;
    const char *next = bytes;
    if (mzg_aside_new(path, replace, &aside, err) != MZG_OK || !aside)
        return err->status;
    while (n > 0 && err->status == MZG_OK) {
        ssize_t written = write(aside->fd, next, n);
        if (written > 0) {
            next += written;
            n -= (size_t)written;
        } else if (written == 0 || errno != EINTR) {
            mzg_file_write_failed(err, path, what, written < 0 ? errno : ENOSPC);
        }
    }
    return mzg_aside_end(aside, err);
}

void mzg_own_remove_all(void)
{
    while (asides) {
        struct mzg_error ended = {.status = MZG_EINTERRUPTED};
        mzg_aside_end(asides, &ended);
    }
    mzg_own_end_claims();
}
