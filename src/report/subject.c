#include <report/subject.h>

#include <inttypes.h>
#include <math.h>
#include <picture/picture.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <view/describe.h>

static const double least_snr = 10;            /* as `mzgrid peaks` */
static const int64_t usual_memory = 1LL << 30; /* for images */

static char *name_of(const char *store)
{
    size_t n = strlen(store);
    while (n > 1 && store[n - 1] == '/')
        n--;
    size_t first = n;
    while (first > 0 && store[first - 1] != '/')
        first--;
    return strndup(store + first, n - first);
}

/* A record may be that of another store of this name. */
static void judge_record(struct mzg_report_subject *subject)
{
    const json_t *record = subject->facts->record, *report = json_object_get(record, "report");
    if (!record)
        subject->no_record = "there is no run record beside the store";
    else if (json_integer_value(json_object_get(report, "pixels")) != subject->view->n_pixels ||
             json_integer_value(json_object_get(report, "bins")) != subject->view->n_bins)
        subject->no_record = "the run record beside the store is that of another one, with other sizes";
    else
        subject->record = record;
}

static enum mzg_status read_words(struct mzg_report_subject *subject, struct mzg_error *err)
{
    const struct mzg_view *view = subject->view;
    if (mzg_view_describe(view, &subject->description, err) != MZG_OK ||
        mzg_view_tree(view, "uns/mzgrid", &subject->made, err) != MZG_OK ||
        mzg_view_tree(view, "uns/imzml", &subject->input, err) != MZG_OK)
        return err->status;
    if (!json_is_null(subject->input))
        return MZG_OK;
    json_decref(subject->input);
    subject->input = NULL;
    mzg_view_tree(view, "uns/synthetic", &subject->input, err);
    subject->is_synthetic = json_is_object(subject->input);
    return err->status;
}

/* The only plane, or the first of several. */
static enum mzg_status read_raster(struct mzg_report_subject *subject, struct mzg_error *err)
{
    const struct mzg_view *view = subject->view;
    struct mzg_view_raster *place = &subject->place;
    int64_t memory = subject->facts->memory > 0 ? subject->facts->memory : usual_memory;
    if (mzg_view_place(view, place, err) != MZG_OK)
        return err->status;
    if (place->n_regions > 1) {
        snprintf(subject->no_images, sizeof subject->no_images,
                 "The pixels of this table lie in %zu regions: there is no one image of them.",
                 place->n_regions);
        return MZG_OK;
    }
    if (view->n_pixels < 1 || place->width < 1 || place->height < 1) {
        snprintf(subject->no_images, sizeof subject->no_images, "There is no pixel to be drawn.");
        return MZG_OK;
    }
    /* Rows and values of the cells, and the values of the pixels twice. */
    double needed = 8.0 * (double)place->width * (double)place->height + 16.0 * (double)view->n_pixels;
    if (needed > (double)memory) {
        snprintf(subject->no_images, sizeof subject->no_images,
                 "The grid has %" PRId64 " x %" PRId64 " cells: it is too large to be drawn here.",
                 place->width, place->height);
        return MZG_OK;
    }
    double *planes = NULL, first = HUGE_VAL;
    if (mzg_view_pixels(view, "z", &planes, err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i < view->n_pixels; i++)
        first = fmin(first, planes[i]);
    free(planes);
    mzg_view_raster_destroy(place);
    return mzg_view_raster(view, !(fabs(first) < 1e9), (int64_t)(fabs(first) < 1e9 ? first : 0), place, err);
}

static bool says(const json_t *tree, const char *group, const char *key, const char *word)
{
    const char *text = json_string_value(json_object_get(json_object_get(tree, group), key));
    return text && strcmp(text, word) == 0;
}

bool mzg_report_is_sticks(const struct mzg_report_subject *subject)
{
    return says(subject->made, "mass_axis", "type", "native") &&
           says(subject->made, "resampling", "spectrum_type", "centroid");
}

static int by_height(const void *a, const void *b)
{
    const struct mzg_peak *one = a, *other = b;
    return one->height != other->height ? (one->height < other->height ? 1 : -1)
                                        : (one->top > other->top) - (one->top < other->top);
}

/* Those that only the largest spectrum shows are no strong ones. */
static void keep_strongest(struct mzg_peaks *found, struct mzg_report_subject *subject)
{
    int64_t n = 0;
    for (int64_t i = 0; i < found->n; i++)
        if (found->items[i].source == MZG_PEAK_MEAN && found->items[i].height > 0)
            found->items[n++] = found->items[i];
    if (n > 0)
        qsort(found->items, (size_t)n, sizeof *found->items, by_height);
    subject->n_peaks = n < MZG_REPORT_PEAKS ? (int)n : MZG_REPORT_PEAKS;
    for (int i = 0; i < subject->n_peaks; i++)
        subject->peaks[i] = found->items[i];
}

static enum mzg_status find_peaks(struct mzg_report_subject *subject, struct mzg_error *err)
{
    const struct mzg_view *view = subject->view;
    struct mzg_peaks found = {0};
    int64_t *n_pixels = malloc((size_t)view->n_bins * sizeof *n_pixels);
    if (!n_pixels)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to find its peaks", view->store);
    for (int64_t i = 0; i < view->n_bins; i++)
        n_pixels[i] = (int64_t)subject->n_pixels[i];
    const struct mzg_spectra spectra = {
        .n_bins = view->n_bins,
        .mz = view->mz,
        .mean = subject->mean,
        .maximum = subject->maximum,
        .n_pixels = n_pixels,
        .n_rows = view->n_pixels,
        .is_centroid = says(subject->made, "resampling", "spectrum_type", "centroid"),
        .is_native = says(subject->made, "mass_axis", "type", "native"),
    };
    if (mzg_peaks_pick(&spectra, least_snr, &found, err) == MZG_OK) {
        subject->n_found = found.n;
        keep_strongest(&found, subject);
    }
    mzg_peaks_destroy(&found);
    free(n_pixels);
    return err->status;
}

enum mzg_status mzg_report_subject_read(const char *store, const struct mzg_report_facts *facts,
                                        struct mzg_report_subject *subject, struct mzg_error *err)
{
    *subject = (struct mzg_report_subject){.facts = facts, .name = name_of(store)};
    if (!subject->name)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its report", store);
    if (mzg_view_open(store, facts->dataset, facts->stop, &subject->view, err) != MZG_OK ||
        read_words(subject, err) != MZG_OK || read_raster(subject, err) != MZG_OK ||
        mzg_view_bins(subject->view, "mean_intensity", &subject->mean, err) != MZG_OK ||
        mzg_view_bins(subject->view, "max_intensity", &subject->maximum, err) != MZG_OK ||
        mzg_view_bins(subject->view, "n_pixels", &subject->n_pixels, err) != MZG_OK ||
        mzg_view_pixels(subject->view, "tic", &subject->tic, err) != MZG_OK ||
        mzg_view_skipped_read(subject->view, MZG_REPORT_DETAILS, &subject->skipped, err) != MZG_OK ||
        find_peaks(subject, err) != MZG_OK)
        return err->status;
    judge_record(subject);
    return MZG_OK;
}

void mzg_report_subject_destroy(struct mzg_report_subject *subject)
{
    mzg_view_skipped_destroy(&subject->skipped);
    mzg_view_raster_destroy(&subject->place);
    free(subject->tic);
    free(subject->n_pixels);
    free(subject->maximum);
    free(subject->mean);
    json_decref(subject->description);
    json_decref(subject->input);
    json_decref(subject->made);
    mzg_view_free(subject->view);
    free(subject->name);
    *subject = (struct mzg_report_subject){0};
}
