/* `mzgrid image`: ion images of a finished store, as a picture or as numbers. */
#include <cli/commands.h>
#include <cli/draw.h>
#include <cli/new_file.h>
#include <cli/numbers.h>
#include <core/context.h>
#include <core/own_file.h>
#include <report/lay_out.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_IMAGES = 64 };

struct mz_list {
    double mz[MOST_IMAGES];
    int n;
};

struct image_settings {
    struct mz_list list;
    double ppm, da, percentile;
    int norm, colours;
    int64_t z;
    const char *dataset, *output;
    bool rgb, overwrite, quiet;
};

/* As enum mzg_view_norm counts them. */
static const char *norm_choice(int number)
{
    static const char *const names[] = {"none", "tic", "rms", "median", NULL};
    return names[number];
}

static enum mzg_status set_mz(const char *text, void *target, struct mzg_error *err)
{
    struct mz_list list = {.n = 0};
    for (const char *at = text; list.n < MOST_IMAGES; at++) {
        at += strspn(at, " ");
        if (!mzg_read_number(at, &at, &list.mz[list.n]) || list.mz[list.n] <= 0 || (*at && *at != ','))
            break;
        list.n++;
        if (!*at) {
            *(struct mz_list *)target = list;
            return MZG_OK;
        }
    }
    return mzg_fail(err, MZG_EUSAGE,
                    "'%s' is not a list of 1 to %d m/z above 0, such as 798.54 or 798.54,616.18", text,
                    MOST_IMAGES);
}

/* One row each, as a table is read. */
/* clang-format off */
static const struct mzg_option options[] = {
    {.kind = MZG_OPTION_GROUP, .name = "Options"},
    {.kind = MZG_OPTION_OWN, .name = "mz", .argument = "MZ[,MZ...]", .offset = offsetof(struct image_settings, list),
     .set = set_mz, .help = "The m/z to show, an image for each."},
    {.kind = MZG_OPTION_NUMBER, .name = "ppm", .rivals = "da", .argument = "P", .offset = offsetof(struct image_settings, ppm),
     .standard = "the one bin that holds the m/z",
     .help = "Add up the bins whose centres lie within P ppm of the m/z."},
    {.kind = MZG_OPTION_NUMBER, .name = "da", .argument = "D", .offset = offsetof(struct image_settings, da),
     .help = "The same, within D Da."},
    {.kind = MZG_OPTION_CHOICE, .name = "normalize", .argument = "BY", .offset = offsetof(struct image_settings, norm),
     .choice = norm_choice, .standard = "none",
     .help = "Divide each pixel by its total ion current, the root mean square or the median of its intensities."},
    {.kind = MZG_OPTION_NUMBER, .name = "percentile", .argument = "P", .above_low = true, .high = 100,
     .offset = offsetof(struct image_settings, percentile), .standard = "99.5",
     .help = "The brightest colour is that of this percentile of the pixels."},
    {.kind = MZG_OPTION_CHOICE, .name = "colormap", .argument = "MAP", .offset = offsetof(struct image_settings, colours),
     .choice = mzg_colours_name, .standard = "viridis", .help = "Colours of a picture."},
    {.kind = MZG_OPTION_FLAG, .name = "rgb", .offset = offsetof(struct image_settings, rgb),
     .help = "One picture of two or three m/z, as red, green and blue."},
    {.kind = MZG_OPTION_INTEGER, .name = "z", .argument = "N", .offset = offsetof(struct image_settings, z),
     .least = INT32_MIN, .most = INT32_MAX, .help = "The plane, if the store has several."},
    {.kind = MZG_OPTION_TEXT, .name = "dataset", .argument = "NAME", .offset = offsetof(struct image_settings, dataset),
     .help = "The table, if the store has several; the _z0 at its end may be left out."},
    {.kind = MZG_OPTION_TEXT, .name = "output", .argument = "FILE", .letter = 'o',
     .offset = offsetof(struct image_settings, output),
     .help = "Where the images go: FILE.png, a picture, or FILE.tif, an OME-TIFF with the very values."},
    {.kind = MZG_OPTION_FLAG, .name = "overwrite", .offset = offsetof(struct image_settings, overwrite),
     .help = "Replace an existing file."},
    {.kind = MZG_OPTION_FLAG, .name = "quiet", .letter = 'q', .offset = offsetof(struct image_settings, quiet),
     .help = "Only warnings and errors."},
    {0},
};
/* clang-format on */

static enum mzg_status read_settings(const struct mzg_arguments *arguments, struct image_settings *settings,
                                     struct mzg_error *err)
{
    *settings = (struct image_settings){.percentile = 99.5};
    if (mzg_arguments_apply(arguments, settings, err) != MZG_OK)
        return err->status;
    if (!settings->list.n)
        return mzg_fail(err, MZG_EUSAGE, "--mz is missing");
    if (!settings->output)
        return mzg_fail(err, MZG_EUSAGE, "-o FILE is missing");
    if (mzg_arguments_has(arguments, "ppm") && mzg_arguments_has(arguments, "da"))
        return mzg_fail(err, MZG_EUSAGE, "--ppm and --da both say how wide the window is: give one of them");
    enum mzg_file_kind kind = mzg_file_kind_of(settings->output);
    if (kind != MZG_FILE_PNG && kind != MZG_FILE_TIFF)
        return mzg_fail(err, MZG_EUSAGE, "-o: '%s' ends in neither .png nor .tif", settings->output);
    if (settings->rgb && (settings->list.n < 2 || settings->list.n > MZG_PICTURE_CHANNELS))
        return mzg_fail(err, MZG_EUSAGE, "--rgb takes two or three m/z, got %d", settings->list.n);
    if (settings->rgb && kind == MZG_FILE_TIFF)
        return mzg_fail(err, MZG_EUSAGE,
                        "--rgb makes a picture: give -o FILE.png; a .tif has the values of each m/z");
    if (settings->rgb && mzg_arguments_has(arguments, "colormap"))
        return mzg_fail(err, MZG_EUSAGE, "--rgb has its own colours: leave out --colormap");
    return MZG_OK;
}

/* The images of one run of the command. */
struct images {
    int n;
    struct mzg_view_window windows[MOST_IMAGES];
    struct mzg_view_raster places;
    double *values;
    float *cells[MOST_IMAGES];
    struct mzg_raster rasters[MOST_IMAGES];
    struct mzg_image_pane *panes;
};

static void destroy_images(struct images *images)
{
    for (int i = 0; i < images->n; i++)
        free(images->cells[i]);
    free(images->values);
    free(images->panes);
    mzg_view_raster_destroy(&images->places);
}

static enum mzg_status find_windows(const struct mzg_view *view, const struct mzg_arguments *arguments,
                                    const struct image_settings *settings, struct images *images,
                                    struct mzg_error *err)
{
    struct mzg_view_tolerance tolerance = {MZG_VIEW_BIN, 0};
    if (mzg_arguments_has(arguments, "ppm"))
        tolerance = (struct mzg_view_tolerance){MZG_VIEW_PPM, settings->ppm};
    else if (mzg_arguments_has(arguments, "da"))
        tolerance = (struct mzg_view_tolerance){MZG_VIEW_DA, settings->da};
    images->n = settings->list.n;
    for (int i = 0; i < images->n && err->status == MZG_OK; i++)
        mzg_view_find(view, settings->list.mz[i], tolerance, &images->windows[i], err);
    return err->status;
}

/* Reads the values of all windows and lays each out. Columns are read one window at a time, so that memory
 * does not grow with their number; rows are read once for all. */
static enum mzg_status read_images(const struct mzg_view *view, const struct image_settings *settings,
                                   struct images *images, struct mzg_error *err)
{
    int64_t bytes;
    int at_once = mzg_view_cost(view, MZG_VIEW_IMAGES, &bytes) > 0 ? images->n : 1;
    images->values = malloc((size_t)at_once * (size_t)view->n_pixels * sizeof *images->values);
    if (!images->values)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for images of %" PRId64 " pixels", view->store,
                        view->n_pixels);
    for (int i = 0; i < images->n; i++) {
        double *values = images->values + (i % at_once) * view->n_pixels;
        if (i % at_once == 0 && mzg_view_images(view, &images->windows[i], at_once,
                                                (enum mzg_view_norm)settings->norm, values, err) != MZG_OK)
            return err->status;
        if (mzg_lay_out(&images->places, values, &images->cells[i], &images->rasters[i], err) != MZG_OK)
            return err->status;
    }
    return MZG_OK;
}

static const char *divisor_of(int norm)
{
    static const char *const names[] = {NULL, "TIC", "RMS", "median"};
    return names[norm];
}

/* The pane that image i becomes, or a channel of. */
static enum mzg_status fill_pane(const struct image_settings *settings, const struct images *images, int i,
                                 struct mzg_image_pane *pane, struct mzg_error *err)
{
    const char *divisor = divisor_of(settings->norm);
    char width[60] = "1 bin each";
    int c = pane->n_channels++;
    if (settings->ppm > 0)
        snprintf(width, sizeof width, "± %g ppm", settings->ppm);
    else if (settings->da > 0)
        snprintf(width, sizeof width, "± %g Da", settings->da);
    pane->raster[c] = images->rasters[i];
    pane->colours = settings->colours;
    snprintf(pane->names[c], MZG_PICTURE_TITLE, "m/z %.4f", images->windows[i].mz);
    snprintf(pane->label, MZG_PICTURE_TITLE, "intensity%s%s", divisor ? " / " : "", divisor ? divisor : "");
    if (c == 0)
        mzg_name_window(&images->windows[i], divisor, pane->title, pane->subtitle);
    else
        snprintf(pane->subtitle, MZG_PICTURE_TITLE, "%s, each to its percentile %g%s%s", width,
                 settings->percentile, divisor ? ", divided by " : "", divisor ? divisor : "");
    return mzg_limits_of(&images->rasters[i], settings->percentile, &pane->limits[c], err);
}

static enum mzg_status write_picture(const struct mzg_view *view, const struct image_settings *settings,
                                     struct images *images, struct mzg_error *err)
{
    char note[300];
    images->panes = calloc((size_t)images->n, sizeof *images->panes);
    if (!images->panes)
        return mzg_fail(err, MZG_ENOMEM, "no memory to draw %d images", images->n);
    for (int i = 0; i < images->n; i++)
        if (fill_pane(settings, images, i, &images->panes[settings->rgb ? 0 : i], err) != MZG_OK)
            return err->status;
    mzg_note(view, note, sizeof note);
    struct mzg_sheet sheet = {
        .images = images->panes, .n_images = settings->rgb ? 1 : images->n, .note = note};
    return mzg_draw_png(&sheet, settings->output, settings->overwrite, err);
}

static enum mzg_status write_values(const struct mzg_view *view, const struct image_settings *settings,
                                    const struct images *images, struct mzg_error *err)
{
    char texts[MOST_IMAGES][MZG_PICTURE_TITLE];
    const char *names[MOST_IMAGES];
    struct mzg_aside *aside = NULL;
    for (int i = 0; i < images->n; i++) {
        const char *divisor = divisor_of(settings->norm);
        snprintf(texts[i], sizeof texts[i], "m/z %.4f%s%s", images->windows[i].mz, divisor ? " / " : "",
                 divisor ? divisor : "");
        names[i] = texts[i];
    }
    if (mzg_aside_new(settings->output, settings->overwrite, &aside, err) != MZG_OK)
        return err->status;
    mzg_tiff_write(images->rasters, names, images->n, view->name, mzg_aside_fd(aside), settings->output, err);
    return mzg_aside_end(aside, err);
}

static void log_images(struct mzg_log *log, const struct image_settings *settings,
                       const struct images *images)
{
    for (int i = 0; i < images->n && !settings->quiet; i++)
        mzg_log_line(log, MZG_LOG_INFO, "m/z %.4f: %" PRId64 " bin%s, %.6f to %.6f", images->windows[i].mz,
                     images->windows[i].end - images->windows[i].first,
                     images->windows[i].end - images->windows[i].first == 1 ? "" : "s",
                     images->windows[i].low, images->windows[i].high);
    if (!settings->quiet)
        mzg_log_line(log, MZG_LOG_INFO, "%s is complete", settings->output);
}

static int run(struct mzg_context *context, const struct mzg_arguments *arguments, struct mzg_error *err)
{
    struct image_settings settings;
    struct mzg_view *view = NULL;
    struct images images = {0};
    const char *store = arguments->operands[0];
    if (read_settings(arguments, &settings, err) != MZG_OK || context->rank != 0)
        return 0;
    if (mzg_check_new_file("-o", settings.output, store, settings.overwrite, err) != MZG_OK ||
        mzg_view_open(store, settings.dataset, context->stop, &view, err) != MZG_OK ||
        find_windows(view, arguments, &settings, &images, err) != MZG_OK ||
        mzg_view_raster(view, !mzg_arguments_has(arguments, "z"), settings.z, &images.places, err) != MZG_OK)
        goto cleanup;
    mzg_warn_of_cost(context->log, view, MZG_VIEW_IMAGES);
    read_images(view, &settings, &images, err);
    if (mzg_view_check_same(view, err) != MZG_OK)
        goto cleanup;
    if (mzg_file_kind_of(settings.output) == MZG_FILE_PNG)
        write_picture(view, &settings, &images, err);
    else
        write_values(view, &settings, &images, err);
    if (err->status == MZG_OK)
        log_images(context->log, &settings, &images);

cleanup:
    destroy_images(&images);
    mzg_view_free(view);
    return 0;
}

static bool works_without_mpi(const struct mzg_arguments *arguments)
{
    (void)arguments;
    return true;
}

const struct mzg_command mzg_command_image = {
    .name = "image",
    .summary = "Draw ion images of a store.",
    .description =
        "Draws the ion images of one or more m/z from STORE.zarr, which 'mzgrid convert' made, with axes in "
        "micrometres, a scale bar and a colour bar, or writes their values as an OME-TIFF. Only the columns "
        "of "
        "these m/z are read.",
    .examples = "mzgrid image tissue.zarr --mz 798.54 --ppm 10 -o lipid.png\n"
                "mzgrid image tissue.zarr --mz 798.54,616.18 --ppm 10 -o lipids.ome.tif",
    .operands = {"STORE.zarr"},
    .needed = "--mz MZ -o FILE",
    .options = options,
    .without_mpi = works_without_mpi,
    .run = run,
};
