/* Whether a store is still the one that was opened: another run replaces it, or a table in it, as a whole,
 * and what is read by the same paths before and after that does not belong together. */
#include <view/view_parts.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void mzg_view_mark(const char *path, struct mzg_view_mark *mark)
{
    struct stat info;
    mark->is_set = stat(path, &info) == 0; /* else opening it tells why */
    if (mark->is_set) {
        mark->device = (int64_t)info.st_dev;
        mark->file = (int64_t)info.st_ino;
    }
}

static bool is_same(const char *path, const struct mzg_view_mark *mark)
{
    struct mzg_view_mark now;
    mzg_view_mark(path, &now);
    return !mark->is_set || (now.is_set && now.device == mark->device && now.file == mark->file);
}

enum mzg_status mzg_view_check_same(const struct mzg_view *view, struct mzg_error *err)
{
    if (!view)
        return err->status;
    char *table = view->table ? mzg_view_node(view->store, view->table) : NULL;
    if (view->table && !table && err->status == MZG_OK)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for a path in it", view->store);
    if (!is_same(view->store, &view->marks[0]) || (table && !is_same(table, &view->marks[1]))) {
        *err = (struct mzg_error){0};
        mzg_fail(err, MZG_EIO, "%s: %s while it was read; nothing is made of it, do it again", view->store,
                 access(view->store, F_OK) == 0 ? "another run replaced it" : "it was removed");
    }
    free(table);
    return err->status;
}
