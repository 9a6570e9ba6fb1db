#include <run/export.h>

#include <core/named_file.h>
#include <core/own_name.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether a directory is a group or an array of a store. */
static bool is_node(const char *directory)
{
    static const char *const names[] = {"zarr.json", ".zgroup", ".zarray"};
    bool is = false;
    for (size_t i = 0; i < sizeof names / sizeof *names && !is; i++) {
        char *path;
        if (asprintf(&path, "%s/%s", directory, names[i]) < 0)
            return false;
        is = access(path, F_OK) == 0;
        free(path);
    }
    return is;
}

enum mzg_status mzg_export_check(const char *option, const char *store, const char *output,
                                 struct mzg_error *err)
{
    if (mzg_named_check(option, output, "the store", store, err) != MZG_OK)
        return err->status;
    char *directory = mzg_own_directory_of(output);
    char *whole = directory ? realpath(directory, NULL) : NULL;
    if (!whole)
        mzg_fail(err, MZG_EIO, "%s: cannot create it, because its directory cannot be used: %s", output,
                 strerror(errno));
    for (char *slash; whole && err->status == MZG_OK && (slash = strrchr(whole, '/')) != whole;) {
        if (is_node(whole))
            mzg_fail(err, MZG_EUSAGE, "%s: '%s' lies in the store %s; give a name outside of it", option,
                     output, whole);
        *slash = '\0';
    }
    free(whole);
    free(directory);
    return err->status;
}
