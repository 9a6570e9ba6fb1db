#include <cli/draw.h>

#include <core/format.h>
#include <core/own_file.h>

#include <inttypes.h>
#include <math.h>
#include <mzgrid/version.h>
#include <stdio.h>
#include <string.h>

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
