/* `mzgrid spectrum`: a spectrum of a finished store, as a picture or as numbers. */
#include <cli/commands.h>
#include <cli/draw.h>
#include <cli/new_file.h>
#include <cli/numbers.h>
#include <core/context.h>
#include <core/format.h>
#include <core/own_file.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct position {
    int64_t at[3]; /* x, y, z */
    int n;
};

struct spectrum_settings {
    bool mean, max, overwrite, quiet;
    struct position pixel;
    double min_mz, max_mz;
    const char *dataset, *output;
};

static enum mzg_status set_pixel(const char *text, void *target, struct mzg_error *err)
{
    struct position position = {.n = 0};
    char number[24];
    for (const char *at = text; position.n < 3; at++) {
        at += strspn(at, " ");
        size_t length = strcspn(at, ",");
        if (length >= sizeof number)
            break;
        memcpy(number, at, length);
        number[length] = '\0';
        if (!mzg_read_integer(number, &position.at[position.n]))
            break;
        position.n++;
        at += length;
        if (!*at && position.n >= 2) {
            *(struct position *)target = position;
            return MZG_OK;
        }
        if (!*at)
            break;
    }
    return mzg_fail(err, MZG_EUSAGE, "'%s' is not a position X,Y or X,Y,Z in whole numbers, such as 50,40",
                    text);
}

/* One row each, as a table is read. */
/* clang-format off */
static const struct mzg_option options[] = {
    {.kind = MZG_OPTION_GROUP, .name = "Options"},
    {.kind = MZG_OPTION_FLAG, .name = "mean", .offset = offsetof(struct spectrum_settings, mean),
     .help = "The mean over all pixels. This is the default of these three."},
    {.kind = MZG_OPTION_FLAG, .name = "max", .offset = offsetof(struct spectrum_settings, max),
     .help = "The largest value of any pixel in each bin."},
    {.kind = MZG_OPTION_OWN, .name = "pixel", .argument = "X,Y[,Z]", .set = set_pixel,
     .offset = offsetof(struct spectrum_settings, pixel),
     .help = "The spectrum of the pixel at this position of the input."},
    {.kind = MZG_OPTION_NUMBER, .name = "min-mz", .argument = "MZ", .above_low = true,
     .offset = offsetof(struct spectrum_settings, min_mz), .help = "Only bins whose centres are MZ or above."},
    {.kind = MZG_OPTION_NUMBER, .name = "max-mz", .argument = "MZ", .above_low = true,
     .offset = offsetof(struct spectrum_settings, max_mz), .help = "Only bins whose centres are MZ or below."},
    {.kind = MZG_OPTION_TEXT, .name = "dataset", .argument = "NAME", .offset = offsetof(struct spectrum_settings, dataset),
     .help = "The table, if the store has several; the _z0 at its end may be left out."},
    {.kind = MZG_OPTION_TEXT, .name = "output", .argument = "FILE", .letter = 'o',
     .offset = offsetof(struct spectrum_settings, output),
     .help = "Where the spectrum goes: FILE.png, a picture, or FILE.csv, m/z and intensity of each bin."},
    {.kind = MZG_OPTION_FLAG, .name = "overwrite", .offset = offsetof(struct spectrum_settings, overwrite),
     .help = "Replace an existing file."},
    {.kind = MZG_OPTION_FLAG, .name = "quiet", .letter = 'q', .offset = offsetof(struct spectrum_settings, quiet),
     .help = "Only warnings and errors."},
    {0},
};
/* clang-format on */

static enum mzg_status read_settings(const struct mzg_arguments *arguments,
                                     struct spectrum_settings *settings, struct mzg_error *err)
{
    *settings = (struct spectrum_settings){.max_mz = HUGE_VAL};
    if (mzg_arguments_apply(arguments, settings, err) != MZG_OK)
        return err->status;
    if (!settings->output)
        return mzg_fail(err, MZG_EUSAGE, "-o FILE is missing");
    if (settings->mean + settings->max + (settings->pixel.n > 0) > 1)
        return mzg_fail(err, MZG_EUSAGE, "--mean, --max and --pixel are different spectra: give one of them");
    if (settings->min_mz > settings->max_mz)
        return mzg_fail(err, MZG_EUSAGE, "--max-mz: %.10g is below --min-mz %.10g", settings->max_mz,
                        settings->min_mz);
    enum mzg_file_kind kind = mzg_file_kind_of(settings->output);
    if (kind != MZG_FILE_PNG && kind != MZG_FILE_CSV)
        return mzg_fail(err, MZG_EUSAGE, "-o: '%s' ends in neither .png nor .csv", settings->output);
    return MZG_OK;
}

/* Its n_bins values, to be freed. */
static enum mzg_status read_spectrum(const struct mzg_view *view, const struct spectrum_settings *settings,
                                     struct mzg_log *log, double **values, struct mzg_error *err)
{
    const struct position *pixel = &settings->pixel;
    int64_t row;
    if (pixel->n == 0)
        return mzg_view_bins(view, settings->max ? "max_intensity" : "mean_intensity", values, err);
    if (mzg_view_pixel_at(view, pixel->at[0], pixel->at[1], pixel->n > 2 ? &pixel->at[2] : NULL, &row, err) !=
        MZG_OK)
        return err->status;
    mzg_warn_of_cost(log, view, MZG_VIEW_SPECTRA);
    double *made = malloc((size_t)view->n_bins * sizeof *made);
    if (!made)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for a spectrum of %" PRId64 " bins", view->store,
                        view->n_bins);
    if (mzg_view_spectrum(view, row, made, err) == MZG_OK)
        *values = made;
    else
        free(made);
    return err->status;
}

/* The bins [first, end) that were asked for. */
static enum mzg_status choose_bins(const struct mzg_view *view, const struct spectrum_settings *settings,
                                   int64_t *first, int64_t *end, struct mzg_error *err)
{
    int64_t from = 0, to = view->n_bins;
    while (from < to && view->mz[from] < settings->min_mz)
        from++;
    while (to > from && view->mz[to - 1] > settings->max_mz)
        to--;
    if (from == to)
        return mzg_fail(
            err, MZG_ERANGE,
            "%s: no bin has its centre between --min-mz and --max-mz; the axis runs from %.8g to %.8g",
            view->store, view->mz_low, view->mz_high);
    *first = from;
    *end = to;
    return MZG_OK;
}

static void name_spectrum(const struct spectrum_settings *settings, struct mzg_spectrum_pane *pane)
{
    const int64_t *at = settings->pixel.at;
    char plane[32] = "";
    if (settings->pixel.n > 2)
        snprintf(plane, sizeof plane, ", z = %" PRId64, at[2]);
    if (settings->pixel.n > 0)
        snprintf(pane->title, sizeof pane->title, "Pixel x = %" PRId64 ", y = %" PRId64 "%s", at[0], at[1],
                 plane);
    else
        snprintf(pane->title, sizeof pane->title, settings->max ? "Maximum spectrum" : "Mean spectrum");
    snprintf(pane->label, sizeof pane->label,
             settings->pixel.n > 0 ? "intensity"
             : settings->max       ? "largest intensity"
                                   : "mean intensity");
}

static enum mzg_status draw_spectrum(const struct mzg_view *view, const struct spectrum_settings *settings,
                                     const double *values, int64_t first, int64_t end, struct mzg_error *err)
{
    char note[300], count[MZG_FORMAT_SIZE];
    struct mzg_spectrum_pane pane = {.mz = view->mz + first, .values = values + first, .n = end - first};
    name_spectrum(settings, &pane);
    snprintf(pane.subtitle, sizeof pane.subtitle, "%s bins, m/z %.4f to %.4f",
             mzg_format_count(count, sizeof count, pane.n), pane.mz[0], pane.mz[pane.n - 1]);
    mzg_note(view, note, sizeof note);
    struct mzg_sheet sheet = {.spectrum = &pane, .note = note};
    return mzg_draw_png(&sheet, settings->output, settings->overwrite, err);
}

/* Each number with the digits that bring back its very value. */
static enum mzg_status list_spectrum(const struct mzg_view *view, const struct spectrum_settings *settings,
                                     const double *values, int64_t first, int64_t end, struct mzg_error *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *list = open_memstream(&text, &size);
    if (list) {
        fprintf(list, "mz,intensity\n");
        for (int64_t i = first; i < end; i++)
            fprintf(list, "%.17g,%.17g\n", view->mz[i], values[i]);
    }
    bool is_whole = list && !ferror(list);
    if (list && fclose(list) != 0)
        is_whole = false;
    if (!is_whole)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to list %" PRId64 " bins", settings->output, end - first);
    else
        mzg_aside_write(settings->output, settings->overwrite, text, size, "the spectrum", err);
    free(text);
    return err->status;
}

static int run(struct mzg_context *context, const struct mzg_arguments *arguments, struct mzg_error *err)
{
    struct spectrum_settings settings;
    struct mzg_view *view = NULL;
    double *values = NULL;
    int64_t first = 0, end = 0;
    const char *store = arguments->operands[0];
    if (read_settings(arguments, &settings, err) != MZG_OK || context->rank != 0)
        return 0;
    if (mzg_check_new_file("-o", settings.output, store, settings.overwrite, err) != MZG_OK ||
        mzg_view_open(store, settings.dataset, context->stop, &view, err) != MZG_OK ||
        choose_bins(view, &settings, &first, &end, err) != MZG_OK)
        goto cleanup;
    read_spectrum(view, &settings, context->log, &values, err);
    if (mzg_view_check_same(view, err) != MZG_OK || !values)
        goto cleanup;
    if (mzg_file_kind_of(settings.output) == MZG_FILE_PNG)
        draw_spectrum(view, &settings, values, first, end, err);
    else
        list_spectrum(view, &settings, values, first, end, err);
    if (err->status == MZG_OK && !settings.quiet)
        mzg_log_line(context->log, MZG_LOG_INFO, "%s is complete: %" PRId64 " bins, m/z %.4f to %.4f",
                     settings.output, end - first, view->mz[first], view->mz[end - 1]);

cleanup:
    free(values);
    mzg_view_free(view);
    return 0;
}

static bool works_without_mpi(const struct mzg_arguments *arguments)
{
    (void)arguments;
    return true;
}

const struct mzg_command mzg_command_spectrum = {
    .name = "spectrum",
    .summary = "Draw a spectrum of a store.",
    .description =
        "Draws the mean or the maximum spectrum of STORE.zarr, which 'mzgrid convert' made, or that of one "
        "pixel, with the m/z of its strongest peaks, or lists it as text.",
    .examples = "mzgrid spectrum tissue.zarr --mean -o mean.png\n"
                "mzgrid spectrum tissue.zarr --pixel 50,40 -o pixel.csv",
    .operands = {"STORE.zarr"},
    .needed = "-o FILE",
    .options = options,
    .without_mpi = works_without_mpi,
    .run = run,
};
