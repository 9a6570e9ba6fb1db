#include <run/table_rows.h>

#include <core/agree.h>
#include <run/provenance.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One allocation, noted as failed in `*ok`. */
static void *make(size_t count, size_t size, bool *ok)
{
    void *array = calloc(count + 1, size);
    *ok = *ok && array;
    return array;
}

static enum mzg_status allocate(struct mzg_table *t, int64_t n_bins, enum mzg_type value_type,
                                struct mzg_error *err)
{
    size_t bins = (size_t)n_bins, skips = (size_t)t->n_skips;
    bool ok = true;
    for (int axis = 0; axis < 3; axis++)
        t->skip_position[axis] = make(skips, sizeof(int32_t), &ok);
    t->mean_intensity = make(bins, sizeof(double), &ok);
    t->max_intensity = make(bins, (size_t)mzg_type_size(value_type), &ok);
    t->n_pixels = make(bins, sizeof(int64_t), &ok);
    t->skip_spectrum = make(skips, sizeof(int64_t), &ok);
    t->skip_reason = make(skips, sizeof(char *), &ok);
    t->skip_detail = make(skips, sizeof(char *), &ok);
    if (!ok)
        return mzg_fail(err, MZG_ENOMEM,
                        "no memory for a table of %" PRId64 " bins and %" PRId64 " skipped spectra", n_bins,
                        t->n_skips);
    return MZG_OK;
}

static void fill_bins(struct mzg_table *t, const struct mzg_table_source *source)
{
    const struct mzg_statistics *statistics = source->statistics;
    for (int64_t k = 0; k < source->axis->n_bins; k++) {
        int64_t n = statistics->counts[k];
        double largest = n == t->n_rows || statistics->maxima[k] > 0 ? statistics->maxima[k] : 0;
        t->mean_intensity[k] =
            t->n_rows > 0 ? mzg_exact_sum_mean(statistics->kind, mzg_statistics_sum(statistics, k), t->n_rows)
                          : 0;
        t->n_pixels[k] = n;
        if (statistics->value_type == MZG_FLOAT64)
            ((double *)t->max_intensity)[k] = largest;
        else
            ((float *)t->max_intensity)[k] = (float)largest;
    }
}

static void fill_skips(struct mzg_table *t, const struct mzg_table_source *source)
{
    const char *text = source->stream->skips.texts;
    for (int64_t i = 0; i < t->n_skips; i++, text += strlen(text) + 1) {
        const struct mzg_listed_skip *skip = &source->stream->skips.skips[i];
        int32_t position[3];
        int64_t first, n;
        mzg_reader_pixel(source->reader, skip->pixel, position, &first, &n);
        for (int axis = 0; axis < 3; axis++)
            t->skip_position[axis][i] = position[axis];
        t->skip_spectrum[i] = skip->spectrum;
        t->skip_reason[i] = mzg_fault_name(skip->reason);
        t->skip_detail[i] = text;
    }
}

static void make_frames(struct mzg_table *t, const struct mzg_table_source *source)
{
    mzg_table_rows_frame(t->rows, &source->reader->dataset.kinds, source->region, &t->obs);
    const struct mzg_axis *axis = source->axis;
    /* Bins of a native axis are as wide as the far neighbour allows: their width tells no near one apart. */
    bool is_native = axis->spec.type == MZG_AXIS_NATIVE;
    t->var = (struct mzg_frame){
        .n = axis->n_bins, .index_values = axis->centers, .index_edges = is_native ? NULL : axis->edges};
    mzg_frame_add(&t->var, "mz", MZG_FLOAT64, axis->centers);
    mzg_frame_add(&t->var, "mz_lower", MZG_FLOAT64, axis->edges);
    mzg_frame_add(&t->var, "mz_upper", MZG_FLOAT64, axis->edges + 1);
    mzg_frame_add(&t->var, "mean_intensity", MZG_FLOAT64, t->mean_intensity);
    mzg_frame_add(&t->var, "max_intensity", source->statistics->value_type, t->max_intensity);
    mzg_frame_add(&t->var, "n_pixels", MZG_INT64, t->n_pixels);

    t->skipped = (struct mzg_frame){.n = t->n_skips};
    mzg_frame_add(&t->skipped, "spectrum_index", MZG_INT64, t->skip_spectrum);
    mzg_frame_add(&t->skipped, "x", MZG_INT32, t->skip_position[0]);
    mzg_frame_add(&t->skipped, "y", MZG_INT32, t->skip_position[1]);
    mzg_frame_add(&t->skipped, "z", MZG_INT32, t->skip_position[2]);
    mzg_frame_add(&t->skipped, "reason", MZG_STRING, t->skip_reason);
    mzg_frame_add(&t->skipped, "detail", MZG_STRING, t->skip_detail);
}

static void make_anndata(struct mzg_table *t)
{
    t->anndata = (struct mzg_anndata){.obs = &t->obs,
                                      .var = &t->var,
                                      .n_obsm = 1,
                                      .obsm = {{.name = "spatial",
                                                .type = MZG_FLOAT64,
                                                .n = t->n_rows,
                                                .width = 2,
                                                .of_rows = mzg_table_rows_spatial(t->rows)}},
                                      .n_uns = 2,
                                      .uns_members = {{.name = "average_spectrum",
                                                       .type = MZG_FLOAT64,
                                                       .n = t->var.n,
                                                       .values = t->mean_intensity},
                                                      {.name = "skipped_pixels", .frame = &t->skipped}},
                                      .uns = t->uns};
}

enum mzg_status mzg_table_build(const struct mzg_context *context, const struct mzg_table_source *source,
                                struct mzg_table *table, struct mzg_error *err)
{
    *table = (struct mzg_table){.n_rows = source->stream->n_rows, .n_skips = source->stream->n_skips};
    mzg_table_rows_new(context, source, &table->rows, err);
    if (context->rank == 0 && err->status == MZG_OK &&
        allocate(table, source->axis->n_bins, source->statistics->value_type, err) == MZG_OK) {
        fill_bins(table, source);
        fill_skips(table, source);
        mzg_provenance_make(source, &table->uns, err);
    }
    if (mzg_agree(context->comm, err) != MZG_OK) {
        mzg_table_destroy(table);
        return err->status;
    }
    make_frames(table, source);
    make_anndata(table);
    return MZG_OK;
}

void mzg_table_destroy(struct mzg_table *table)
{
    void *arrays[] = {
        table->rows,          table->mean_intensity,   table->max_intensity,    table->n_pixels,
        table->skip_spectrum, table->skip_position[0], table->skip_position[1], table->skip_position[2],
        table->skip_reason,   table->skip_detail};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    json_decref(table->uns);
    *table = (struct mzg_table){0};
}
