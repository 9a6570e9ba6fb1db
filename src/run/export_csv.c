/* The feature table as text: pixels and peaks, or the peaks alone. */
#include <run/export.h>

#include <core/file.h>
#include <core/memory.h>
#include <core/named_file.h>
#include <core/number.h>
#include <core/own_file.h>
#include <core/stop.h>
#include <run/export_rows.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_NAMES = INT32_MAX };

static const int64_t default_limit = INT64_C(8) << 30;

/* Whether the open table is one of peaks. */
static bool has_peaks(const struct mzg_view *view)
{
    return strcmp(view->edges[0], "var/mz_min") == 0;
}

/* Opens the feature table of the table that is meant, or that which is one itself. */
static enum mzg_status open_peaks(const struct mzg_context *context, const struct mzg_export_options *options,
                                  struct mzg_view **view, struct mzg_error *err)
{
    struct mzg_view *bins = NULL;
    char *name = NULL, *path = NULL;
    if (mzg_view_open(options->store, options->dataset, context->stop, &bins, err) != MZG_OK)
        return err->status;
    if (has_peaks(bins)) {
        *view = bins;
        return MZG_OK;
    }
    if (asprintf(&name, "%s_peaks", bins->name) < 0)
        name = NULL;
    if (name && asprintf(&path, "%s/tables/%s/zarr.json", options->store, name) < 0)
        path = NULL;
    if (!path)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to open it", options->store);
    else if (access(path, F_OK) != 0)
        mzg_fail(err, MZG_EUSAGE,
                 "%s: the table %s has no feature table yet; run 'mzgrid peaks %s' first, which makes one",
                 options->store, bins->name, options->store);
    else
        mzg_view_open(options->store, name, context->stop, view, err);
    mzg_view_free(bins);
    free(name);
    free(path);
    return err->status;
}

static enum mzg_status read_names(const struct mzg_view *view, const char *column,
                                  struct mzg_zarr_strings *names, struct mzg_error *err)
{
    char *node = NULL;
    if (asprintf(&node, "%s/var/%s", view->table, column) < 0)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to read %s", view->store, column);
    if (mzg_zarr_read_strings(view->store, node, MOST_NAMES, names, err) == MZG_OK &&
        names->n != view->n_bins)
        mzg_fail(err, MZG_EFORMAT, "%s/%s: has %" PRId64 " names, the table %" PRId64 " peaks", view->store,
                 node, names->n, view->n_bins);
    free(node);
    return err->status;
}

/* A field of text, in quotes if it needs them. */
static void put_field(FILE *csv, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, csv);
        return;
    }
    fputc('"', csv);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', csv);
        fputc(*text, csv);
    }
    fputc('"', csv);
}

/* A number; an empty field if it is none. */
static void put_double(FILE *csv, double value)
{
    char text[40];
    if (isnan(value))
        return;
    mzg_number_print_exactly(text, sizeof text, value);
    fputs(text, csv);
}

static void put_value(FILE *csv, const struct mzg_export_rows *rows, int64_t i)
{
    char text[40];
    if (rows->type == MZG_FLOAT64) {
        put_double(csv, ((const double *)rows->values)[i]);
    } else if (!isnan(((const float *)rows->values)[i])) {
        mzg_number_print_float(text, sizeof text, ((const float *)rows->values)[i]);
        fputs(text, csv);
    }
}

/* The positions of all pixels. z is left out if there is one plane. */
struct positions {
    double *at[3];
    int n;
};

static enum mzg_status read_positions(const struct mzg_view *view, struct positions *positions,
                                      struct mzg_error *err)
{
    static const char *const names[] = {"x", "y", "z"};
    struct mzg_view_raster place;
    if (mzg_view_place(view, &place, err) != MZG_OK)
        return err->status;
    if (place.n_regions > 1)
        return mzg_fail(
            err, MZG_EUSAGE,
            "%s: the table %s holds %zu regions, each with positions of its own; choose the table "
            "of one sample by --dataset",
            view->store, view->name, place.n_regions);
    for (int d = 0; d < 3; d++)
        if (mzg_view_pixels(view, names[d], &positions->at[d], err) != MZG_OK)
            return err->status;
    positions->n = place.n_planes > 1 ? 3 : 2;
    return MZG_OK;
}

static void put_row(FILE *csv, const struct positions *positions, const struct mzg_export_rows *rows,
                    int64_t row)
{
    int64_t i = rows->begins[row];
    for (int d = 0; d < positions->n; d++)
        fprintf(csv, "%s%.0f", d ? "," : "", positions->at[d][rows->at + row]);
    for (int64_t k = 0; k < rows->view->n_bins; k++) {
        fputc(',', csv);
        if (i < rows->begins[row + 1] && rows->bins[i] == k)
            put_value(csv, rows, i++);
        else
            fputc('0', csv);
    }
    fputs("\r\n", csv);
}

static enum mzg_status write_table(const struct mzg_view *view, int64_t memory_limit, FILE *csv,
                                   struct mzg_error *err)
{
    static const char *const names[] = {"x", "y", "z"};
    struct mzg_export_rows rows = {.view = view, .n = view->n_pixels};
    struct positions positions = {0};
    struct mzg_zarr_strings peaks = {0};
    int64_t available = mzg_memory_available() / 2;
    rows.memory = memory_limit > 0 ? memory_limit : available < default_limit ? available : default_limit;
    rows.memory -= mzg_export_rows_overhead(view, view->n_pixels, 1) +
                   3 * view->n_pixels * (int64_t)sizeof(double) + mzg_memory_pss();
    if (rows.memory < 1 << 20)
        rows.memory = 1 << 20;
    if (read_names(view, "_index", &peaks, err) != MZG_OK ||
        read_positions(view, &positions, err) != MZG_OK || mzg_export_rows_open(&rows, err) != MZG_OK)
        goto cleanup;
    for (int d = 0; d < 3 && d < positions.n; d++)
        fprintf(csv, "%s%s", d ? "," : "", names[d]);
    for (int64_t k = 0; k < view->n_bins; k++) {
        fputc(',', csv);
        put_field(csv, peaks.items[k]);
    }
    fputs("\r\n", csv);
    while (mzg_export_rows_next(&rows, err) == MZG_OK && rows.n_at > 0)
        for (int64_t row = 0; row < rows.n_at && !ferror(csv) && mzg_check_stop(view->stop, err) == MZG_OK;
             row++)
            put_row(csv, &positions, &rows, row);
    if (err->status == MZG_OK)
        mzg_export_rows_check(&rows, err);

cleanup:
    mzg_export_rows_close(&rows);
    mzg_zarr_strings_free(&peaks);
    for (int d = 0; d < 3; d++)
        free(positions.at[d]);
    return err->status;
}

static enum mzg_status write_list(const struct mzg_view *view, FILE *csv, struct mzg_error *err)
{
    static const char *const columns[] = {"mz_min", "mz_max", "mz_centroid", "height",
                                          "area",   "snr",    "n_pixels"};
    enum { N_COLUMNS = sizeof columns / sizeof *columns };
    double *values[N_COLUMNS] = {NULL};
    struct mzg_zarr_strings names = {0};
    if (read_names(view, "name", &names, err) != MZG_OK)
        goto cleanup;
    fputs("mz,name", csv);
    for (int c = 0; c < N_COLUMNS; c++) {
        if (mzg_view_bins(view, columns[c], &values[c], err) != MZG_OK)
            goto cleanup;
        fprintf(csv, ",%s", columns[c]);
    }
    fputs("\r\n", csv);
    for (int64_t k = 0; k < view->n_bins; k++) {
        put_double(csv, view->mz[k]);
        fputc(',', csv);
        put_field(csv, names.items[k]);
        for (int c = 0; c < N_COLUMNS; c++) {
            fputc(',', csv);
            put_double(csv, values[c][k]);
        }
        fputs("\r\n", csv);
    }

cleanup:
    for (int c = 0; c < N_COLUMNS; c++)
        free(values[c]);
    mzg_zarr_strings_free(&names);
    return err->status;
}

enum mzg_status mzg_export_csv(const struct mzg_context *context, const struct mzg_export_options *options,
                               bool list, struct mzg_export_outcome *outcome, struct mzg_error *err)
{
    struct mzg_view *view = NULL;
    struct mzg_aside *aside = NULL;
    FILE *csv = NULL;
    int fd = -1;
    if (mzg_export_check("-o", options->store, options->output, err) != MZG_OK ||
        open_peaks(context, options, &view, err) != MZG_OK || !view ||
        mzg_aside_new(options->output, options->overwrite, &aside, err) != MZG_OK)
        goto cleanup;
    fd = dup(mzg_aside_fd(aside));
    csv = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!csv) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory, or no descriptor, to write it", options->output);
        goto cleanup;
    }
    if (list)
        write_list(view, csv, err);
    else
        write_table(view, options->memory_limit, csv, err);
    mzg_view_check_same(view, err);
    errno = 0;
    bool is_whole = fflush(csv) == 0 && !ferror(csv);
    if (err->status == MZG_OK && !is_whole)
        mzg_file_write_failed(err, options->output, "the feature table", errno);
    *outcome = (struct mzg_export_outcome){
        .pixels = view->n_pixels, .bins = view->n_bins, .bytes = (int64_t)ftell(csv)};

cleanup:
    if (csv)
        fclose(csv);
    else if (fd >= 0)
        close(fd);
    if (aside)
        mzg_aside_end(aside, err);
    mzg_view_free(view);
    return err->status;
}
