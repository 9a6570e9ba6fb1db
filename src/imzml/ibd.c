#include <core/file.h>
#include <imzml/ibd.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether `name` is `stem` followed by ".ibd" in any letter case. */
static bool matches(const char *name, const char *stem, size_t stem_length)
{
    return strncmp(name, stem, stem_length) == 0 && strcasecmp(name + stem_length, ".ibd") == 0;
}

/* The alphabetically first match in the directory, so that all file systems give the same; NULL if there is
 * none. */
static char *search(const char *directory, const char *stem, size_t stem_length)
{
    DIR *dir = opendir(directory);
    if (!dir)
        return NULL;
    char *best = NULL;
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        if (!matches(entry->d_name, stem, stem_length) || (best && strcmp(best, entry->d_name) <= 0))
            continue;
        free(best);
        best = strdup(entry->d_name);
    }
    closedir(dir);
    return best;
}

enum mzg_status mzg_ibd_find(const char *path, char **found, struct mzg_error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t stem_length = dot ? (size_t)(dot - name) : strlen(name);
    int directory_length = (int)(name - path);

    char *usual = NULL, *other = NULL, *directory = NULL;
    if (asprintf(&usual, "%.*s%.*s.ibd", directory_length, path, (int)stem_length, name) < 0)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for a path", path);
    if (access(usual, F_OK) == 0) {
        *found = usual;
        return MZG_OK;
    }
    enum mzg_status status = MZG_OK;
    if (asprintf(&directory, "%.*s", directory_length, path) < 0)
        directory = NULL;
    other = directory ? search(*directory ? directory : ".", name, stem_length) : NULL;
    if (!other)
        status = mzg_fail(
            err, MZG_EIO,
            "%s: no such file (nor with the extension in other letter case): the binary half of the pair "
            "is missing; put it beside the imzML, under the same name",
            usual);
    else if (asprintf(found, "%s%s", directory, other) < 0)
        status = mzg_fail(err, MZG_ENOMEM, "%s: no memory for a path", path);
    free(other);
    free(directory);
    free(usual);
    return status;
}

enum mzg_status mzg_ibd_open(const char *path, struct mzg_ibd *ibd, struct mzg_error *err)
{
    struct mzg_ibd opened = {.fd = -1, .path = strdup(path)};
    if (!opened.path)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its path", path);
    if (mzg_open_regular(path, &opened.fd, &opened.size, err) != MZG_OK) {
        mzg_ibd_close(&opened);
        return err->status;
    }
    mzg_file_mark_set(opened.fd, path, &opened.mark);
    *ibd = opened;
    return MZG_OK;
}

void mzg_ibd_close(struct mzg_ibd *ibd)
{
    if (ibd->fd >= 0)
        close(ibd->fd);
    free(ibd->path);
    *ibd = (struct mzg_ibd){.fd = -1};
}

bool mzg_is_lfs_pointer(const char *bytes, size_t n)
{
    static const char head[] = "version https://git-lfs";
    return n >= sizeof head - 1 && memcmp(bytes, head, sizeof head - 1) == 0;
}

bool mzg_is_text(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isprint((unsigned char)bytes[i]) && !isspace((unsigned char)bytes[i]))
            return false;
    return n > 0;
}
