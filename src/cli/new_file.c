#include <cli/new_file.h>

#include <cli/numbers.h>
#include <core/named_file.h>
#include <core/own_name.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum mzg_file_kind mzg_file_kind_of(const char *path)
{
    static const struct {
        const char *end;
        enum mzg_file_kind kind;
    } kinds[] = {{".png", MZG_FILE_PNG},
                 {".tif", MZG_FILE_TIFF},
                 {".tiff", MZG_FILE_TIFF},
                 {".csv", MZG_FILE_CSV},
                 {".svg", MZG_FILE_SVG}};
    const char *end = strrchr(path, '.');
    for (size_t i = 0; end && i < sizeof kinds / sizeof *kinds; i++)
        if (mzg_same_word(end, kinds[i].end))
            return kinds[i].kind;
    return MZG_FILE_OTHER;
}

enum mzg_status mzg_check_ending(const char *what, const char *path, const char *end, struct mzg_error *err)
{
    static const char *const known[] = {".zarr", ".h5ad", ".h5",  ".hdf5", ".imzML", ".ibd", ".mzML", ".zip",
                                        ".tif",  ".tiff", ".png", ".jpg",  ".svg",   ".pdf", ".html", ".json",
                                        ".csv",  ".xlsx", ".xls", ".txt",  ".toml",  ".log", ".py",   NULL};
    const char *found = strrchr(path, '.');
    if (found && mzg_same_word(found, ".txt") && mzg_same_word(end, ".csv")) /* CSV is text */
        return MZG_OK;
    for (int i = 0; found && known[i]; i++)
        if (mzg_same_word(found, known[i]) && !mzg_same_word(found, end))
            return mzg_fail(err, MZG_EUSAGE,
                            "%s: '%s' ends in %s, which is another kind of file; expected a name "
                            "that ends in %s",
                            what, path, found, end);
    return MZG_OK;
}

static enum mzg_status check_directory(const char *path, struct mzg_error *err)
{
    char *directory = mzg_own_directory_of(path);
    if (!directory)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its path", path);
    if (access(directory, W_OK | X_OK) != 0)
        mzg_fail(err, MZG_EIO, "%s: cannot create it, because its directory cannot be used: %s", path,
                 strerror(errno));
    free(directory);
    return err->status;
}

enum mzg_status mzg_check_new_file(const char *option, const char *path, const char *store, bool overwrite,
                                   struct mzg_error *err)
{
    struct stat info;
    if (mzg_named_check(option, path, "the store", store, err) != MZG_OK)
        return err->status;
    if (lstat(path, &info) != 0)
        return check_directory(path, err);
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) /* also through a link */
        return mzg_fail(err, MZG_EIO, "%s is not a file: it is not replaced; give another name", path);
    if (!overwrite)
        return mzg_fail(err, MZG_EIO, "%s: exists already; --overwrite replaces it", path);
    return MZG_OK;
}
