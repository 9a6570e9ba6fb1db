#include <core/file.h>
#include <input/not_input.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define RAW(vendor) "raw data of " vendor "; convert it to imzML first, or read it in Python with Thyra"
#define NO_POSITIONS "mzML, which has no positions; convert it to imzML first"

/* How files begin. */
static const struct {
    const char *bytes;
    size_t n_bytes;
    const char *words;
} beginnings[] = {
/* clang-format off */
#define BEGINS(bytes, words) {(bytes), sizeof(bytes) - 1, words}
    BEGINS("\x1f\x8b", "compressed by gzip; unpack it first (gunzip)"),
    BEGINS("BZh", "compressed by bzip2; unpack it first (bunzip2)"),
    BEGINS("\xfd" "7zXZ", "compressed by xz; unpack it first (unxz)"),
    BEGINS("\x28\xb5\x2f\xfd", "compressed by zstd; unpack it first (unzstd)"),
    BEGINS("PK\3\4", "a zip archive; unpack it first (unzip)"),
    BEGINS("7z\xbc\xaf", "a 7z archive; unpack it first"),
    BEGINS("\x01\xa1" "F\0i\0n\0n\0i\0g\0a\0n\0", RAW("Thermo")),
    BEGINS("SQLite format 3", RAW("Bruker (or another database)")),
    BEGINS("\x89HDF", "an HDF5 file; give the imzML file that it was made from"),
#undef BEGINS
    /* clang-format on */
};

static const struct {
    const char *end, *words;
} endings[] = {
    {".mzML", NO_POSITIONS},
    {".mzXML", "mzXML, which has no positions; convert it to imzML first"},
    {".ibd", "the binary half of a pair; give the .imzML beside it"},
    {".wiff", RAW("Sciex")},
    {".tar", "a tar archive; unpack it first (tar -xf)"},
};

const char *mzg_not_input_words(const char *path)
{
    char head[32];
    int fd;
    int64_t size;
    struct mzg_error none = {0};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (mzg_file_ends_in(path, endings[i].end))
            return endings[i].words;
    if (mzg_open_regular(path, &fd, &size, &none) != MZG_OK)
        return NULL;
    const char *words = NULL;
    size_t n_head = size < (int64_t)sizeof head ? (size_t)size : sizeof head;
    if (mzg_read_at(fd, head, (int64_t)n_head, 0) == 0) {
        for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings && !words; i++)
            if (n_head >= beginnings[i].n_bytes &&
                memcmp(head, beginnings[i].bytes, beginnings[i].n_bytes) == 0)
                words = beginnings[i].words;
    }
    close(fd);
    return words;
}

enum mzg_status mzg_not_there(const char *path, int code, struct mzg_error *err)
{
    char here[PATH_MAX];
    const char *reason = strerror(code);
    if (code != ENOENT)
        return mzg_fail(err, MZG_EIO, "%s: cannot open: %s", path, reason);
    if (strncasecmp(path, "file://", 7) == 0)
        return mzg_fail(err, MZG_EIO, "%s: cannot open: %s; give the path without file://", path, reason);
    if (strstr(path, "://"))
        return mzg_fail(
            err, MZG_EIO,
            "%s: cannot open: mzgrid reads files, not URLs; download the .imzML and the .ibd first", path);
    if (path[0] == '~')
        return mzg_fail(
            err, MZG_EIO,
            "%s: cannot open: %s; only the shell knows '~', and not within quotes: give the whole "
            "path",
            path, reason);
    if (path[0] == '/' || !getcwd(here, sizeof here))
        return mzg_fail(err, MZG_EIO, "%s: cannot open: %s; look for a slip in the path", path, reason);
    return mzg_fail(err, MZG_EIO, "%s: cannot open: %s; look for a slip in the path, which counts from %s",
                    path, reason, here);
}

static bool has_entry(const char *directory, const char *name)
{
    char *path = mzg_file_path(directory, name);
    bool has = path && access(path, F_OK) == 0;
    free(path);
    return has;
}

static enum mzg_status refuse_directory(const char *path, struct mzg_error *err)
{
    static const struct {
        const char *entry, *words;
    } known[] = {
        {"/zarr.json", "a Zarr store; give the .imzML file that it was made from"},
        {"/.zgroup", "a Zarr store; give the .imzML file that it was made from"},
        {"/analysis.tsf", RAW("Bruker")},
        {"/analysis.tdf", RAW("Bruker")},
        {"/analysis.baf", RAW("Bruker")},
        {"/_FUNC001.DAT", RAW("Waters")},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (has_entry(path, known[i].entry))
            return mzg_fail(err, MZG_EFORMAT, "%s: it is %s", path, known[i].words);
    return mzg_fail(err, MZG_EFORMAT, "%s: it is a directory; give the .imzML file in it", path);
}

enum mzg_status mzg_not_input(const char *path, struct mzg_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return mzg_not_there(path, errno, err);
    if (S_ISDIR(info.st_mode))
        return refuse_directory(path, err);
    const char *words = mzg_not_input_words(path);
    if (words)
        return mzg_fail(err, MZG_EFORMAT, "%s: it is %s", path, words);
    return mzg_fail(err, MZG_EFORMAT, "%s: not an imzML file; give the .imzML of a pair", path);
}
