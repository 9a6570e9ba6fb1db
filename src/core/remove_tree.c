/* Removing a directory tree: each level is opened relative to the one above without following links, so that
 * no link, whenever it appears, can lead out of the tree. */
#include <core/remove_tree.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Empties the directory open as `fd`, which it closes. `shown` is the tree's path, for messages. */
static enum mzg_status empty_directory(int fd, const char *shown, struct mzg_error *err)
{
    DIR *directory = fdopendir(fd);
    if (!directory) {
        close(fd);
        return mzg_fail(err, MZG_EIO, "%s: cannot list a directory in it: %s", shown, strerror(errno));
    }
    struct dirent *entry;
    while (err->status == MZG_OK && (entry = readdir(directory))) {
        const char *name = entry->d_name;
        if (is_dot(name) || unlinkat(fd, name, 0) == 0 || errno == ENOENT)
            continue;
        int code = errno;
        int child = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child < 0)
            mzg_fail(err, MZG_EIO, "%s: cannot remove %s in it: %s", shown, name, strerror(code));
        else if (empty_directory(child, shown, err) == MZG_OK && unlinkat(fd, name, AT_REMOVEDIR) != 0)
            mzg_fail(err, MZG_EIO, "%s: cannot remove %s in it: %s", shown, name, strerror(errno));
    }
    closedir(directory);
    return err->status;
}

enum mzg_status mzg_remove_tree(const char *path, struct mzg_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return MZG_OK;
    if (fd < 0)
        return mzg_fail(err, MZG_EIO, "%s: cannot open this directory to remove it: %s", path,
                        strerror(errno));
    if (empty_directory(fd, path, err) == MZG_OK && rmdir(path) != 0)
        mzg_fail(err, MZG_EIO, "%s: cannot remove it: %s", path, strerror(errno));
    return err->status;
}
