#include <cli/preview_picture.h>

#include <cli/draw.h>
#include <core/format.h>
#include <core/log.h>
#include <report/lay_out.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many values may be read for one image: a few seconds. */
static const int64_t most_values = 300000000;
static const double percentile = 99.5;

/* What is drawn, and the memory that it is drawn from. */
struct preview {
    struct mzg_view_raster places;
    struct mzg_image_pane panes[2];
    float *cells[2];
    int n_panes;
    double *mean;
    struct mzg_spectrum_pane spectrum;
};

static enum mzg_status add_image(struct preview *preview, const double *values, struct mzg_error *err)
{
    struct mzg_image_pane *pane = &preview->panes[preview->n_panes];
    float **cells = &preview->cells[preview->n_panes];
    preview->n_panes++;
    pane->n_channels = 1;
    if (mzg_lay_out(&preview->places, values, cells, &pane->raster[0], err) == MZG_OK)
        mzg_limits_of(&pane->raster[0], percentile, &pane->limits[0], err);
    return err->status;
}

static enum mzg_status add_tic(const struct mzg_view *view, struct preview *preview, struct mzg_error *err)
{
    double *tic = NULL;
    char count[MZG_FORMAT_SIZE];
    struct mzg_image_pane *pane = &preview->panes[0];
    const struct mzg_view_raster *places = &preview->places;
    snprintf(pane->title, sizeof pane->title, "Total ion current");
    if (places->n_planes > 1)
        snprintf(pane->subtitle, sizeof pane->subtitle, "z = %" PRId64 ", the first of %" PRId64 " planes",
                 places->z, places->n_planes);
    else
        snprintf(pane->subtitle, sizeof pane->subtitle, "%s pixel%s",
                 mzg_format_count(count, sizeof count, view->n_pixels), view->n_pixels == 1 ? "" : "s");
    snprintf(pane->label, sizeof pane->label, "intensity");
    if (mzg_view_pixels(view, "tic", &tic, err) == MZG_OK)
        add_image(preview, tic, err);
    free(tic);
    return err->status;
}

/* The bin with the largest mean. */
static int64_t find_strongest(const struct mzg_view *view, const double *mean)
{
    int64_t strongest = 0;
    for (int64_t i = 1; i < view->n_bins; i++)
        if (mean[i] > mean[strongest])
            strongest = i;
    return strongest;
}

static enum mzg_status add_peak(const struct mzg_view *view, struct preview *preview, struct mzg_error *err)
{
    int64_t bytes, bin = find_strongest(view, preview->mean);
    struct mzg_view_window window = {
        .mz = view->mz[bin], .low = view->mz[bin], .high = view->mz[bin], .first = bin, .end = bin + 1};
    if (mzg_view_cost(view, MZG_VIEW_IMAGES, &bytes) > most_values)
        return MZG_OK;
    struct mzg_image_pane *pane = &preview->panes[preview->n_panes];
    double *values = malloc((size_t)view->n_pixels * sizeof *values);
    if (!values)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for an image of %" PRId64 " pixels", view->store,
                        view->n_pixels);
    snprintf(pane->title, sizeof pane->title, "m/z %.4f", window.mz);
    snprintf(pane->subtitle, sizeof pane->subtitle, "the bin with the largest mean");
    snprintf(pane->label, sizeof pane->label, "intensity");
    if (mzg_view_images(view, &window, 1, MZG_NORM_NONE, values, err) == MZG_OK)
        add_image(preview, values, err);
    free(values);
    return err->status;
}

static void add_spectrum(const struct mzg_view *view, struct preview *preview)
{
    struct mzg_spectrum_pane *pane = &preview->spectrum;
    char count[MZG_FORMAT_SIZE];
    *pane = (struct mzg_spectrum_pane){.mz = view->mz, .values = preview->mean, .n = view->n_bins};
    snprintf(pane->title, sizeof pane->title, "Mean spectrum");
    snprintf(pane->subtitle, sizeof pane->subtitle, "%s bins, m/z %.4f to %.4f",
             mzg_format_count(count, sizeof count, view->n_bins), view->mz_low, view->mz_high);
    snprintf(pane->label, sizeof pane->label, "mean intensity");
}

/* The only plane, or the first of several. */
static enum mzg_status find_places(const struct mzg_view *view, struct preview *preview,
                                   struct mzg_error *err)
{
    double *planes = NULL;
    if (mzg_view_pixels(view, "z", &planes, err) != MZG_OK)
        return err->status;
    double first = planes[0];
    for (int64_t i = 1; i < view->n_pixels; i++)
        first = fmin(first, planes[i]);
    free(planes);
    return mzg_view_raster(view, false, (int64_t)first, &preview->places, err);
}

enum mzg_status mzg_preview_draw(const struct mzg_context *context, const char *store, const char *dataset,
                                 const char *path, bool overwrite, struct mzg_error *err)
{
    struct preview preview = {0};
    struct mzg_view *view = NULL;
    char note[300];
    if (mzg_view_open(store, dataset, context->stop, &view, err) != MZG_OK ||
        find_places(view, &preview, err) != MZG_OK ||
        mzg_view_bins(view, "mean_intensity", &preview.mean, err) != MZG_OK ||
        add_tic(view, &preview, err) != MZG_OK || add_peak(view, &preview, err) != MZG_OK ||
        mzg_view_check_same(view, err) != MZG_OK)
        goto cleanup;
    add_spectrum(view, &preview);
    mzg_note(view, note, sizeof note);
    struct mzg_sheet sheet = {
        .images = preview.panes, .n_images = preview.n_panes, .spectrum = &preview.spectrum, .note = note};
    mzg_draw_png(&sheet, path, overwrite, err);

cleanup:
    for (int i = 0; i < 2; i++)
        free(preview.cells[i]);
    free(preview.mean);
    mzg_view_raster_destroy(&preview.places);
    mzg_view_free(view);
    return err->status;
}
