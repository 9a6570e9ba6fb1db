#include <spatialdata/swap.h>

#include <core/file.h>
#include <core/own_name.h>

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

static bool is_directory(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Where names cannot change places: an old directory goes away first; an old file gets a second name, if the
 * file system has such, and is replaced in one step. */
static int replace(const struct mzg_swap_step *step)
{
    if (!is_directory(step->to)) {
        if (link(step->to, step->old) != 0 && errno == ENOENT)
            return -1;
        return rename(step->from, step->to);
    }
    if (rename(step->to, step->old) != 0)
        return -1;
    if (rename(step->from, step->to) == 0)
        return 0;
    int code = errno;
    rename(step->old, step->to);
    errno = code;
    return -1;
}

static int carry_out(struct mzg_swap_step *step)
{
    if (!exists(step->to)) {
        step->how = MZG_SWAP_MOVED;
        return rename(step->from, step->to);
    }
    step->how = MZG_SWAP_EXCHANGED;
    if (mzg_file_exchange(step->from, step->to) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    step->how = MZG_SWAP_REPLACED;
    return replace(step);
}

static void free_step(struct mzg_swap_step *step)
{
    free(step->from);
    free(step->to);
    free(step->old);
    *step = (struct mzg_swap_step){0};
}

static void undo(const struct mzg_swap_step *step)
{
    if (step->how == MZG_SWAP_MOVED)
        rename(step->to, step->from);
    else if (step->how == MZG_SWAP_EXCHANGED)
        mzg_file_exchange(step->from, step->to);
    else if (!is_directory(step->to) || rename(step->to, step->from) == 0)
        rename(step->old, step->to);
}

static enum mzg_status sync_parent(const char *path, struct mzg_error *err)
{
    char *directory = mzg_own_directory_of(path);
    if (!directory)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its path", path);
    mzg_file_sync_directory(directory, err);
    free(directory);
    return err->status;
}

enum mzg_status mzg_swap_in(struct mzg_swap *swap, const char *from, const char *to, struct mzg_error *err)
{
    assert(swap->n < MZG_SWAP_MOST);
    struct mzg_swap_step step = {.from = strdup(from), .to = strdup(to)};
    if (asprintf(&step.old, "%s.old", from) < 0)
        step.old = NULL;
    if (!step.from || !step.to || !step.old) {
        free_step(&step);
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its path", to);
    }
    if (carry_out(&step) != 0) {
        mzg_fail(err, MZG_EIO, "%s: cannot be given its new content, %s: %s", to, from, strerror(errno));
        free_step(&step);
        return err->status;
    }
    if (sync_parent(to, err) != MZG_OK) {
        undo(&step);
        free_step(&step);
        return err->status;
    }
    swap->steps[swap->n++] = step;
    return MZG_OK;
}

void mzg_swap_undo(struct mzg_swap *swap)
{
    for (; swap->n > 0; swap->n--) {
        undo(&swap->steps[swap->n - 1]);
        free_step(&swap->steps[swap->n - 1]);
    }
}

void mzg_swap_destroy(struct mzg_swap *swap)
{
    for (int i = 0; i < swap->n; i++)
        free_step(&swap->steps[i]);
    swap->n = 0;
}
