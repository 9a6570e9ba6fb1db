#include <core/own_file.h>

#include <core/file.h>
#include <core/own_name.h>
#include <core/own_owner.h>
#include <core/remove_tree.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 16, TEXT = 256, PATIENCE = 40 /* of 50 ms */, AGE_OF_LOST = 3600 /* seconds */ };

/* A file or directory that was made. */
struct item {
    struct item *next;
    char *path;
    int fd;
    bool is_directory;
    bool reserved; /* a name only */
    dev_t device;
    ino_t inode;
};

struct mzg_own {
    struct mzg_own *next; /* of all claims */
    char *directory;
    char *output;
    char stem[MZG_OWN_STEM];
    char tag[MZG_OWN_TAG];
    struct item *owner;
    struct item *items;
    char lives[TEXT]; /* who else claims the same; "": nobody */
    char left[3 * TEXT];
};

static struct mzg_own *claims;

static bool is_at(const struct item *item)
{
    struct stat info;
    if (lstat(item->path, &info) != 0)
        return false;
    return item->reserved || (info.st_dev == item->device && info.st_ino == item->inode);
}

static void free_item(struct item *item)
{
    if (!item)
        return;
    if (item->fd >= 0)
        close(item->fd);
    free(item->path);
    free(item);
}

static int make_and_open(const char *path, bool is_directory)
{
    if (!is_directory)
        return open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (mkdir(path, 0777) != 0)
        return -1;
    return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* NULL with errno set. */
static struct item *make_item(const char *path, bool is_directory)
{
    struct stat info;
    struct item *item = calloc(1, sizeof *item);
    if (!item)
        return NULL;
    item->is_directory = is_directory;
    item->path = strdup(path);
    item->fd = item->path ? make_and_open(path, is_directory) : -1;
    if (item->fd < 0 || fstat(item->fd, &info) != 0) {
        int code = errno;
        free_item(item);
        errno = code;
        return NULL;
    }
    item->device = info.st_dev;
    item->inode = info.st_ino;
    return item;
}

/* Removes what was made, and nothing that took its place. */
static enum mzg_status remove_item(const struct item *item, struct mzg_error *err)
{
    if (!is_at(item))
        return MZG_OK;
    if (item->is_directory)
        return mzg_remove_tree(item->path, err);
    if (unlink(item->path) != 0 && errno != ENOENT)
        return mzg_fail(err, MZG_EIO, "%s: cannot remove it: %s", item->path, strerror(errno));
    return MZG_OK;
}

/* Makes the owner file, if nobody has this name; another run may take it for a dead one's before it is
 * locked.
 */
static enum mzg_status try_owner(struct mzg_own *own, const char *path, struct mzg_error *err)
{
    bool lost = false;
    own->owner = make_item(path, false);
    if (!own->owner && errno == EEXIST)
        return MZG_OK;
    if (!own->owner && (errno == EACCES || errno == EPERM || errno == EROFS || errno == ENOENT))
        return mzg_fail(err, MZG_EIO, "%s: no file can be made in this directory: %s", own->directory,
                        strerror(errno));
    if (!own->owner)
        return mzg_file_write_failed(err, path, "who owns temporary files", errno);
    mzg_owner_write(own->owner->fd, path, &lost, err);
    if (err->status == MZG_OK && !lost && is_at(own->owner))
        return MZG_OK;
    if (!lost)
        unlink(path);
    free_item(own->owner);
    own->owner = NULL;
    return err->status;
}

static enum mzg_status make_owner(struct mzg_own *own, struct mzg_error *err)
{
    for (int i = 0; i < TRIES && !own->owner && err->status == MZG_OK; i++) {
        mzg_own_tag(own->tag);
        char *path = mzg_own_path(own->directory, own->stem, own->tag, MZG_OWN_OWNER);
        if (!path)
            mzg_fail(err, MZG_ENOMEM, "%s: no memory for a path in it", own->directory);
        else
            try_owner(own, path, err);
        free(path);
    }
    if (!own->owner && err->status == MZG_OK)
        mzg_fail(err, MZG_EIO, "%s: no name for temporary files is free in it", own->directory);
    return err->status;
}

/* Whether a file of ours that has no owner file is in use: it is locked itself then. */
static bool is_in_use(const char *path)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool free_now = flock(fd, LOCK_EX | LOCK_NB) == 0;
    bool held = !free_now && errno == EWOULDBLOCK;
    bool fresh = fstat(fd, &info) == 0 && time(NULL) - info.st_mtime < AGE_OF_LOST;
    close(fd);
    return held || (!free_now && fresh);
}

/* What became of the one who made `path`, and who that was. */
static enum mzg_own_life judge(const struct mzg_own *own, const char *tag, const char *path, char text[TEXT])
{
    char *owner = mzg_own_path(own->directory, own->stem, tag, MZG_OWN_OWNER);
    int fd = owner ? open(owner, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    bool none = owner && fd < 0 && errno == ENOENT;
    enum mzg_own_life life = MZG_OWN_UNKNOWN;
    snprintf(text, TEXT, "an unknown process");
    if (fd >= 0) {
        life = mzg_owner_judge(fd, text, TEXT);
        close(fd);
    } else if (none && !is_in_use(path)) {
        life = MZG_OWN_DEAD;
    }
    free(owner);
    return life;
}

/* Removes what a dead run left at `path`. */
static void remove_dead(struct mzg_own *own, const char *path, const char *role, bool is_directory)
{
    struct stat info;
    struct mzg_error ignored = {0};
    if (strcmp(role, "old") == 0 && lstat(own->output, &info) != 0)
        snprintf(own->left, sizeof own->left,
                 "%.*s is the output that a run was to replace which did not end: rename it to have it back, "
                 "or remove it",
                 2 * TEXT, path);
    else if (is_directory)
        mzg_remove_tree(path, &ignored);
    else
        unlink(path);
}

/* Looks at one entry of the directory that bears a name of this output's. */
static void sweep_entry(struct mzg_own *own, const char *tag, const char *role)
{
    char text[TEXT];
    struct stat info;
    char *path = mzg_own_path(own->directory, own->stem, tag, role);
    if (path && lstat(path, &info) == 0 && info.st_uid == geteuid() &&
        (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))) {
        enum mzg_own_life life = judge(own, tag, path, text);
        if (life == MZG_OWN_LIVES)
            snprintf(own->lives, sizeof own->lives, "%s", text);
        else if (life == MZG_OWN_DEAD)
            remove_dead(own, path, role, S_ISDIR(info.st_mode));
        else
            snprintf(own->left, sizeof own->left,
                     "%.*s was left alone: it belongs to %s, and whether that still runs cannot be told from "
                     "here; remove it if it does not",
                     TEXT, path, text);
    }
    free(path);
}

/* Removes what dead runs left: owner files last, because they tell what the others are. */
static void sweep(struct mzg_own *own)
{
    for (int owners = 0; owners < 2; owners++) {
        char tag[MZG_OWN_TAG];
        const char *role;
        const struct dirent *entry;
        DIR *directory = opendir(own->directory);
        if (!directory)
            return;
        while ((entry = readdir(directory)))
            if (mzg_own_is_name(entry->d_name, own->stem, tag, &role) && strcmp(tag, own->tag) != 0 &&
                (strcmp(role, MZG_OWN_OWNER) == 0) == (owners == 1))
                sweep_entry(own, tag, role);
        closedir(directory);
    }
}

void mzg_own_sweep(const char *directory, const char *output, const char *stem)
{
    struct mzg_own own = {.directory = strdup(directory), .output = strdup(output)};
    snprintf(own.stem, sizeof own.stem, "%s", stem);
    if (own.directory && own.output)
        sweep(&own);
    free(own.directory);
    free(own.output);
}

/* Has runs that begin in one directory do so one after the other, if locks work there; not for long, because
 * the user may hold that lock. Returns what is to be closed; -1: nothing. */
static int queue_up(const char *directory)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; fd >= 0 && i < PATIENCE; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
            break;
        nanosleep(&pause, NULL);
    }
    return fd;
}

static struct mzg_own *new_claim(const char *directory, const char *output)
{
    struct mzg_own *own = calloc(1, sizeof *own);
    if (!own)
        return NULL;
    own->next = claims;
    claims = own;
    own->directory = strdup(*directory ? directory : ".");
    own->output = strdup(output);
    if (own->directory && own->output)
        return own;
    mzg_own_end(own);
    return NULL;
}

enum mzg_status mzg_own_claim(const char *directory, const char *output, bool alone, struct mzg_own **own,
                              struct mzg_error *err)
{
    struct mzg_own *made = new_claim(directory, output);
    if (!made)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for the names of temporary files", output);
    int queue = queue_up(made->directory);
    if (mzg_own_stem(output, made->stem) != 0) {
        mzg_fail(err, MZG_EIO, "%s: its directory cannot be used: %s", output, strerror(errno));
    } else if (make_owner(made, err) == MZG_OK) {
        sweep(made);
        if (alone && made->lives[0])
            mzg_fail(err, MZG_EIO,
                     "%s: another run is writing it (%s); wait for its end or choose another output", output,
                     made->lives);
    }
    if (err->status == MZG_OK)
        *own = made;
    else
        mzg_own_end(made);
    if (queue >= 0)
        close(queue);
    return err->status;
}

const char *mzg_own_left(const struct mzg_own *own)
{
    return own->left;
}

char *mzg_own_name(const struct mzg_own *own, const char *role)
{
    return mzg_own_path(own->directory, own->stem, own->tag, role);
}

static enum mzg_status make(struct mzg_own *own, const char *role, bool is_directory, const char **path,
                            int *fd, struct mzg_error *err)
{
    char *name = mzg_own_name(own, role);
    if (!name)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for a path in it", own->directory);
    struct item *item = make_item(name, is_directory);
    if (item) {
        item->next = own->items;
        own->items = item;
        if (path)
            *path = item->path;
        if (fd)
            *fd = item->fd;
    } else {
        mzg_file_write_failed(err, name, is_directory ? "this directory" : "this temporary file", errno);
    }
    free(name);
    return err->status;
}

enum mzg_status mzg_own_file(struct mzg_own *own, const char *role, const char **path, int *fd,
                             struct mzg_error *err)
{
    return make(own, role, false, path, fd, err);
}

enum mzg_status mzg_own_directory(struct mzg_own *own, const char *role, const char **path,
                                  struct mzg_error *err)
{
    return make(own, role, true, path, NULL, err);
}

enum mzg_status mzg_own_reserve(struct mzg_own *own, const char *role, const char **path,
                                struct mzg_error *err)
{
    struct item *item = calloc(1, sizeof *item);
    char *name = mzg_own_name(own, role);
    if (!item || !name) {
        free(item);
        free(name);
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for a path in it", own->directory);
    }
    *item = (struct item){.next = own->items, .path = name, .fd = -1, .reserved = true};
    own->items = item;
    *path = name;
    return MZG_OK;
}

bool mzg_own_stands(const struct mzg_own *own, const char *path)
{
    for (const struct item *item = own->items; item; item = item->next)
        if (strcmp(item->path, path) == 0)
            return is_at(item);
    return false;
}

/* Takes what was made as `path` out of the claim; NULL: it is not of it. */
static struct item *take(struct mzg_own *own, const char *path)
{
    for (struct item **at = &own->items; path && *at; at = &(*at)->next) {
        struct item *item = *at;
        if (strcmp(item->path, path) == 0) {
            *at = item->next;
            return item;
        }
    }
    return NULL;
}

enum mzg_status mzg_own_remove(struct mzg_own *own, const char *path, struct mzg_error *err)
{
    struct item *item = take(own, path);
    if (item)
        remove_item(item, err);
    free_item(item);
    return err->status;
}

void mzg_own_give_away(struct mzg_own *own, const char *path)
{
    free_item(take(own, path));
}

/* Removes and forgets one thing of a claim; `err` keeps the first failure. */
static void end_item(struct item *item, struct mzg_error *err)
{
    struct mzg_error left = {0};
    if (item && remove_item(item, &left) != MZG_OK && err->status == MZG_OK)
        *err = left;
    free_item(item);
}

enum mzg_status mzg_own_close(struct mzg_own *own, struct mzg_error *err)
{
    if (!own)
        return MZG_OK;
    for (struct mzg_own **at = &claims; *at; at = &(*at)->next)
        if (*at == own) {
            *at = own->next;
            break;
        }
    while (own->items) {
        struct item *item = own->items;
        own->items = item->next;
        end_item(item, err);
    }
    end_item(own->owner, err);
    free(own->directory);
    free(own->output);
    free(own);
    return err->status;
}

void mzg_own_end(struct mzg_own *own)
{
    struct mzg_error ignored = {0};
    mzg_own_close(own, &ignored);
}

void mzg_own_end_claims(void)
{
    while (claims)
        mzg_own_end(claims);
}
