#include <cli/draw.h>

#include <cli/numbers.h>
#include <core/format.h>
#include <core/named_file.h>
#include <core/own_file.h>
#include <core/own_name.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <mzgrid/version.h>
#include <stdio.h>
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

enum mzg_status mzg_check_directory(const char *path, struct mzg_error *err)
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

enum mzg_status mzg_check_picture(const char *option, const char *path, const char *store, bool overwrite,
                                  struct mzg_error *err)
{
    struct stat info;
    if (mzg_named_check(option, path, "the store", store, err) != MZG_OK)
        return err->status;
    if (lstat(path, &info) != 0)
        return mzg_check_directory(path, err);
    if (S_ISDIR(info.st_mode))
        return mzg_fail(err, MZG_EIO, "%s is not a file: it is not replaced; give another name", path);
    if (!overwrite)
        return mzg_fail(err, MZG_EIO, "%s: exists already; --overwrite replaces it", path);
    return MZG_OK;
}

void mzg_warn_of_cost(struct mzg_log *log, const struct mzg_view *view, enum mzg_view_question question)
{
    int64_t bytes, n = mzg_view_cost(view, question, &bytes);
    char size[MZG_FORMAT_SIZE];
    if (n > INT64_C(50000000)) /* some seconds */
        mzg_log_line(log, MZG_LOG_WARNING,
                     "%s: all of its %" PRId64
                     " values (%s unpacked) are read, because it has them by %s only; "
                     "a store of --layout csc+csr has both",
                     view->store, n, mzg_format_data(size, sizeof size, bytes),
                     question == MZG_VIEW_IMAGES ? "rows" : "columns");
}

void mzg_name_window(const struct mzg_view_window *window, const char *divided_by, char *title,
                     char *subtitle)
{
    int64_t n = window->end - window->first;
    /* One bin may lie otherwise, mostly on a native axis: then the subtitle alone says where. */
    bool is_centred =
        fabs((window->low + window->high) / 2 - window->mz) < 0.5e-4; /* not in the digits shown */
    int length = snprintf(title, MZG_PICTURE_TITLE, "m/z %.4f", window->mz);
    if (is_centred && length > 0 && length < MZG_PICTURE_TITLE)
        snprintf(title + length, (size_t)(MZG_PICTURE_TITLE - length), " ± %.4f",
                 (window->high - window->low) / 2);
    snprintf(subtitle, MZG_PICTURE_TITLE, "%.4f to %.4f, %" PRId64 " bin%s%s%s", window->low, window->high, n,
             n == 1 ? "" : "s", divided_by ? ", divided by " : "", divided_by ? divided_by : "");
}

void mzg_note(const struct mzg_view *view, char *text, size_t size)
{
    size_t n = strlen(view->store);
    while (n > 1 && view->store[n - 1] == '/')
        n--;
    size_t first = n;
    while (first > 0 && view->store[first - 1] != '/')
        first--;
    snprintf(text, size, "%.*s, %s, mzgrid %s", (int)(n - first), view->store + first, view->name,
             mzg_version());
}

enum mzg_status mzg_draw_png(const struct mzg_sheet *sheet, const char *path, bool overwrite,
                             struct mzg_error *err)
{
    struct mzg_aside *aside = NULL;
    if (mzg_aside_new(path, overwrite, &aside, err) != MZG_OK)
        return err->status;
    mzg_sheet_write_png(sheet, mzg_aside_fd(aside), path, err);
    return mzg_aside_end(aside, err);
}
