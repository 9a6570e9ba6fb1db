#include <run/peaks_table.h>

#include <core/json.h>
#include <core/number.h>
#include <version.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const sources[] = {
    [MZG_PEAK_MEAN] = "mean", [MZG_PEAK_MAXIMUM] = "maximum", [MZG_PEAK_LIST] = "list"};

/* One allocation, noted as failed in `*ok`. */
static void *make(int64_t n, size_t size, bool *ok)
{
    void *array = calloc((size_t)n + 1, size);
    *ok = *ok && array;
    return array;
}

static enum mzg_status allocate(const struct mzg_peaks_facts *facts, struct mzg_peaks_table *t,
                                struct mzg_error *err)
{
    double **numbers[] = {&t->mz,   &t->mz_min,     &t->mz_max, &t->mz_centroid, &t->height,
                          &t->area, &t->prominence, &t->noise,  &t->snr};
    int64_t n = facts->peaks->n;
    bool ok = true;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        *numbers[i] = make(n, sizeof(double), &ok);
    t->first_bin = make(n, sizeof(int64_t), &ok);
    t->n_bins = make(n, sizeof(int64_t), &ok);
    t->name = make(n, sizeof(char *), &ok);
    t->source = make(n, sizeof(char *), &ok);
    t->index = make(n, sizeof(char *), &ok);
    t->is_peak = make(facts->source->n_bins, 1, &ok);
    if (facts->list)
        t->texts = make(n, sizeof(char *), &ok);
    return ok ? MZG_OK : mzg_fail(err, MZG_ENOMEM, "no memory for a table of %" PRId64 " peaks", n);
}

static char *text_of(double mz)
{
    char text[64];
    mzg_number_print_exactly(text, sizeof text, mz);
    return strdup(text);
}

/* Area and centroid of a peak in the mean spectrum. */
static void weigh(const struct mzg_peaks_source *source, const struct mzg_peak *peak, double *area,
                  double *centroid)
{
    double sum = 0, moment = 0, weight = 0;
    for (int64_t k = peak->first; k < peak->end; k++) {
        sum += source->mean[k];
        if (source->mean[k] > 0) {
            weight += source->mean[k];
            moment += source->mean[k] * (source->mz[k] - source->mz[peak->first]);
        }
    }
    *area = sum;
    *centroid = weight > 0 ? source->mz[peak->first] + moment / weight : NAN;
}

static enum mzg_status fill_peak(const struct mzg_peaks_facts *facts, int64_t i, struct mzg_peaks_table *t,
                                 struct mzg_error *err)
{
    const struct mzg_peaks_source *source = facts->source;
    const struct mzg_peak *peak = &facts->peaks->items[i];
    bool has_bins = peak->end > peak->first;
    t->mz[i] = facts->list ? facts->list->items[i].mz : source->mz[peak->top];
    t->mz_min[i] = has_bins ? source->edges[peak->first] : t->mz[i];
    t->mz_max[i] = has_bins ? source->edges[peak->end] : t->mz[i];
    t->height[i] = peak->height;
    t->prominence[i] = peak->prominence;
    t->noise[i] = peak->noise;
    t->snr[i] = peak->prominence / peak->noise;
    t->first_bin[i] = peak->first;
    t->n_bins[i] = peak->end - peak->first;
    t->source[i] = sources[peak->source];
    t->name[i] = facts->list ? facts->list->items[i].name : "";
    weigh(source, peak, &t->area[i], &t->mz_centroid[i]);
    if (peak->top >= 0)
        t->is_peak[peak->top] = 1;
    if (facts->list)
        t->texts[i] = text_of(t->mz[i]);
    t->index[i] = facts->list ? t->texts[i] : source->names.items[peak->top];
    return t->index[i] ? MZG_OK : mzg_fail(err, MZG_ENOMEM, "no memory for the names of peaks");
}

static json_t *describe_picking(const struct mzg_peaks_facts *facts)
{
    const struct mzg_peaks_options *options = facts->options;
    if (facts->list)
        return json_pack("{s:s, s:I, s:f, s:s}", "from", "list", "listed", (json_int_t)facts->list->n,
                         "tolerance", options->tolerance, "tolerance_unit",
                         options->tolerance_in_da ? "Da" : "ppm");
    if (facts->source->is_centroid && facts->source->is_native)
        return json_pack("{s:s, s:i}", "from", "columns", "joined_within_ppm", MZG_PEAK_PPM);
    json_t *json = json_pack("{s:s, s:f, s:f, s:i, s:i, s:f}", "from", "spectra", "snr", options->snr,
                             "snr_of_maximum", MZG_PEAK_RARE * options->snr, "window_bins", MZG_PEAK_WINDOW,
                             "reach_half_widths", MZG_PEAK_REACH, "least_share", mzg_peak_share);
    if (facts->source->is_centroid)
        json = mzg_json_with(json, "joined_within_ppm", json_integer(MZG_PEAK_PPM));
    return json;
}

static json_t *describe(const struct mzg_peaks_facts *facts)
{
    const char *values = facts->source->has_heights
                             ? "area: sum of heights over the peak's bins, in steps of one bin"
                             : "sum over the peak's bins";
    const char *table = strchr(facts->source->table, '/') + 1;
    return json_pack("{s:{s:s, s:{s:s, s:s, s:o}}}", "mzgrid", "version", MZG_VERSION, "peaks", "table",
                     table, "values", values, "picking", describe_picking(facts));
}

static void make_frame(const struct mzg_peaks_facts *facts, struct mzg_peaks_table *t)
{
    t->var = (struct mzg_frame){.n = facts->peaks->n, .index_texts = t->index};
    mzg_frame_add(&t->var, "mz", MZG_FLOAT64, t->mz);
    mzg_frame_add(&t->var, "mz_min", MZG_FLOAT64, t->mz_min);
    mzg_frame_add(&t->var, "mz_max", MZG_FLOAT64, t->mz_max);
    mzg_frame_add(&t->var, "mz_centroid", MZG_FLOAT64, t->mz_centroid);
    mzg_frame_add(&t->var, "height", MZG_FLOAT64, t->height);
    mzg_frame_add(&t->var, "area", MZG_FLOAT64, t->area);
    mzg_frame_add(&t->var, "prominence", MZG_FLOAT64, t->prominence);
    mzg_frame_add(&t->var, "noise", MZG_FLOAT64, t->noise);
    mzg_frame_add(&t->var, "snr", MZG_FLOAT64, t->snr);
    mzg_frame_add(&t->var, "n_pixels", MZG_INT64, facts->n_pixels);
    mzg_frame_add(&t->var, "first_bin", MZG_INT64, t->first_bin);
    mzg_frame_add(&t->var, "n_bins", MZG_INT64, t->n_bins);
    mzg_frame_add(&t->var, "source", MZG_STRING, t->source);
    mzg_frame_add(&t->var, "name", MZG_STRING, t->name);
    t->anndata = (struct mzg_anndata){.var = &t->var, .uns = t->uns};
}

enum mzg_status mzg_peaks_table_build(const struct mzg_peaks_facts *facts, struct mzg_peaks_table *table,
                                      struct mzg_error *err)
{
    *table = (struct mzg_peaks_table){.var = {.n = facts->peaks->n}};
    if (allocate(facts, table, err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i < facts->peaks->n; i++)
        if (fill_peak(facts, i, table, err) != MZG_OK)
            return err->status;
    table->uns = describe(facts);
    if (!table->uns)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the description of the peaks");
    make_frame(facts, table);
    return MZG_OK;
}

void mzg_peaks_table_destroy(struct mzg_peaks_table *table)
{
    for (int64_t i = 0; table->texts && i < table->var.n; i++)
        free(table->texts[i]);
    void *arrays[] = {table->mz,     table->mz_min,    table->mz_max,     table->mz_centroid,
                      table->height, table->area,      table->prominence, table->noise,
                      table->snr,    table->first_bin, table->n_bins,     table->name,
                      table->source, table->index,     table->texts,      table->is_peak};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    json_decref(table->uns);
    *table = (struct mzg_peaks_table){0};
}
