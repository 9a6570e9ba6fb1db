#include <run/table.h>

#include <core/agree.h>
#include <input/kinds.h>
#include <run/provenance.h>

#include <inttypes.h>
#include <stdlib.h>

static void set_box(const struct mzg_dataset *dataset, const int32_t min[3], const int32_t max[3],
                    struct mzg_sdata_geometry *geometry)
{
    for (int axis = 0; axis < 3; axis++) {
        geometry->min[axis] = min[axis];
        geometry->max[axis] = max[axis];
        geometry->origin[axis] =
            (min[axis] - dataset->origin[axis]) * geometry->pixel_size[axis] + geometry->offset[axis];
    }
}

void mzg_table_geometry(const struct mzg_convert_options *options, const struct mzg_dataset *dataset,
                        struct mzg_sdata_geometry *geometry)
{
    *geometry = (struct mzg_sdata_geometry){.in_micrometers = true, .allow_large = options->allow_large_grid};
    for (int axis = 0; axis < 2; axis++) {
        double given = options->pixel_size[axis] > 0 ? options->pixel_size[axis] : options->pixel_size[0];
        geometry->pixel_size[axis] = given > 0 ? given : dataset->pixel_size[axis];
        if (geometry->pixel_size[axis] <= 0)
            geometry->in_micrometers = false;
    }
    if (!geometry->in_micrometers)
        geometry->pixel_size[0] = geometry->pixel_size[1] = 1;
    geometry->pixel_size[2] = options->z_spacing > 0 ? options->z_spacing : geometry->pixel_size[0];
    for (int axis = 0; axis < 2; axis++) {
        if (geometry->in_micrometers && !options->ignore_position_offset)
            geometry->offset[axis] = dataset->position_offset[axis];
    }
    set_box(dataset, dataset->min, dataset->max, geometry);
}

void mzg_table_narrow(const struct mzg_table *table, const struct mzg_dataset *dataset,
                      struct mzg_sdata_geometry *geometry)
{
    int32_t min[3], max[3];
    for (int axis = 0; axis < 3; axis++) {
        min[axis] = INT32_MAX;
        max[axis] = INT32_MIN;
        for (int64_t row = 0; row < table->n_rows; row++) {
            int32_t at = table->position[axis][row];
            min[axis] = at < min[axis] ? at : min[axis];
            max[axis] = at > max[axis] ? at : max[axis];
        }
    }
    if (table->n_rows > 0)
        set_box(dataset, min, max, geometry);
}

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
    size_t rows = (size_t)t->n_rows, bins = (size_t)n_bins, skips = (size_t)t->n_skips;
    bool ok = true;
    t->instance_key_text = make(rows, sizeof(int64_t), &ok);
    t->instance_key = make(rows, sizeof(int32_t), &ok);
    for (int axis = 0; axis < 3; axis++) {
        t->position[axis] = make(rows, sizeof(int32_t), &ok);
        t->skip_position[axis] = make(skips, sizeof(int32_t), &ok);
    }
    t->spatial = make(2 * rows, sizeof(double), &ok);
    t->spatial_x = make(rows, sizeof(double), &ok);
    t->spatial_y = make(rows, sizeof(double), &ok);
    t->spectrum_index = make(rows, sizeof(int64_t), &ok);
    t->ms_level = make(rows, sizeof(int32_t), &ok);
    t->n_spectra = make(rows, sizeof(int64_t), &ok);
    t->n_points = make(rows, sizeof(int64_t), &ok);
    t->dropped_points = make(rows, sizeof(int64_t), &ok);
    t->tic = make(rows, sizeof(double), &ok);
    t->rms = make(rows, sizeof(double), &ok);
    t->median_intensity = make(rows, sizeof(double), &ok);
    t->base_peak_mz = make(rows, sizeof(double), &ok);
    t->base_peak_intensity = make(rows, sizeof(double), &ok);
    t->mean_intensity = make(bins, sizeof(double), &ok);
    t->max_intensity = make(bins, (size_t)mzg_type_size(value_type), &ok);
    t->n_pixels = make(bins, sizeof(int64_t), &ok);
    t->skip_spectrum = make(skips, sizeof(int64_t), &ok);
    t->skip_reason = make(skips, sizeof(char *), &ok);
    t->skip_detail = make(skips, sizeof(char *), &ok);
    if (!ok)
        return mzg_fail(err, MZG_ENOMEM, "no memory for a table of %" PRId64 " pixels and %" PRId64 " bins",
                        t->n_rows, n_bins);
    return MZG_OK;
}

static void fill_rows(struct mzg_table *t, const struct mzg_table_source *source)
{
    const struct mzg_sdata_geometry *geometry = source->geometry;
    const struct mzg_dataset *dataset = &source->reader->dataset;
    int64_t row = 0;
    for (int64_t pixel = 0; pixel < dataset->n_pixels; pixel++) {
        const struct mzg_pixel_record *record = &source->stream->records[pixel];
        if (record->first_spectrum < 0)
            continue;
        int32_t position[3];
        double center[2];
        int64_t first, n;
        mzg_reader_pixel(source->reader, pixel, position, &first, &n);
        for (int axis = 0; axis < 3; axis++)
            t->position[axis][row] = position[axis];
        for (int axis = 0; axis < 2; axis++)
            center[axis] = (position[axis] - dataset->origin[axis] + 0.5) * geometry->pixel_size[axis] +
                           geometry->offset[axis];
        t->instance_key_text[row] = mzg_reader_ordinal(source->reader, pixel) + 1;
        t->instance_key[row] = (int32_t)t->instance_key_text[row];
        t->spatial[2 * row] = t->spatial_x[row] = center[0];
        t->spatial[2 * row + 1] = t->spatial_y[row] = center[1];
        t->spectrum_index[row] = record->first_spectrum;
        t->ms_level[row] = dataset->kinds.ms_level;
        t->n_spectra[row] = record->n_spectra;
        t->n_points[row] = record->n_points;
        t->dropped_points[row] = record->dropped_points;
        t->tic[row] = record->tic;
        t->rms[row] = record->intensities.rms;
        t->median_intensity[row] = record->intensities.median;
        t->base_peak_mz[row] = record->base_peak_mz;
        t->base_peak_intensity[row] = record->base_peak_intensity;
        row++;
    }
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
    for (int64_t i = 0; i < t->n_skips; i++) {
        const struct mzg_skip *skip = &source->stream->skips[i];
        int32_t position[3];
        int64_t first, n;
        mzg_reader_pixel(source->reader, skip->pixel, position, &first, &n);
        for (int axis = 0; axis < 3; axis++)
            t->skip_position[axis][i] = position[axis];
        t->skip_spectrum[i] = skip->fault.spectrum;
        t->skip_reason[i] = mzg_fault_name(skip->fault.reason);
        t->skip_detail[i] = skip->fault.text;
    }
}

static void make_frames(struct mzg_table *t, const struct mzg_table_source *source)
{
    const struct mzg_kinds *kinds = &source->reader->dataset.kinds;
    t->obs = (struct mzg_frame){.n = t->n_rows, .index_numbers = t->instance_key_text};
    mzg_frame_add(&t->obs, "instance_key", MZG_INT32, t->instance_key);
    mzg_frame_add_category(&t->obs, "region", source->region);
    mzg_frame_add(&t->obs, "x", MZG_INT32, t->position[0]);
    mzg_frame_add(&t->obs, "y", MZG_INT32, t->position[1]);
    mzg_frame_add(&t->obs, "z", MZG_INT32, t->position[2]);
    mzg_frame_add(&t->obs, "spatial_x", MZG_FLOAT64, t->spatial_x);
    mzg_frame_add(&t->obs, "spatial_y", MZG_FLOAT64, t->spatial_y);
    mzg_frame_add(&t->obs, "spectrum_index", MZG_INT64, t->spectrum_index);
    if (kinds->levels_vary)
        mzg_frame_add(&t->obs, "ms_level", MZG_INT32, t->ms_level);
    if (kinds->polarities_vary)
        mzg_frame_add_category(&t->obs, "polarity", mzg_polarity_name(kinds->polarity));
    mzg_frame_add(&t->obs, "n_spectra", MZG_INT64, t->n_spectra);
    mzg_frame_add(&t->obs, "n_points", MZG_INT64, t->n_points);
    mzg_frame_add(&t->obs, "dropped_points", MZG_INT64, t->dropped_points);
    mzg_frame_add(&t->obs, "tic", MZG_FLOAT64, t->tic);
    mzg_frame_add(&t->obs, "rms", MZG_FLOAT64, t->rms);
    mzg_frame_add(&t->obs, "median_intensity", MZG_FLOAT64, t->median_intensity);
    mzg_frame_add(&t->obs, "base_peak_mz", MZG_FLOAT64, t->base_peak_mz);
    mzg_frame_add(&t->obs, "base_peak_intensity", MZG_FLOAT64, t->base_peak_intensity);

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
    t->anndata = (struct mzg_anndata){
        .obs = &t->obs,
        .var = &t->var,
        .n_obsm = 1,
        .obsm = {{.name = "spatial", .type = MZG_FLOAT64, .n = t->n_rows, .width = 2, .values = t->spatial}},
        .n_uns = 2,
        .uns_members =
            {{.name = "average_spectrum", .type = MZG_FLOAT64, .n = t->var.n, .values = t->mean_intensity},
             {.name = "skipped_pixels", .frame = &t->skipped}},
        .uns = t->uns};
}

enum mzg_status mzg_table_build(const struct mzg_context *context, const struct mzg_table_source *source,
                                struct mzg_table *table, struct mzg_error *err)
{
    *table = (struct mzg_table){.n_rows = source->n_rows, .n_skips = source->stream->n_skips};
    if (context->rank == 0 &&
        allocate(table, source->axis->n_bins, source->statistics->value_type, err) == MZG_OK) {
        fill_rows(table, source);
        fill_bins(table, source);
        fill_skips(table, source);
        mzg_provenance_make(source, &table->uns, err);
    }
    make_frames(table, source);
    make_anndata(table);
    if (mzg_agree(context->comm, err) != MZG_OK)
        mzg_table_destroy(table);
    return err->status;
}

void mzg_table_destroy(struct mzg_table *table)
{
    void *arrays[] = {table->instance_key_text,
                      table->instance_key,
                      table->position[0],
                      table->position[1],
                      table->position[2],
                      table->spatial,
                      table->spatial_x,
                      table->spatial_y,
                      table->spectrum_index,
                      table->ms_level,
                      table->n_spectra,
                      table->n_points,
                      table->dropped_points,
                      table->tic,
                      table->rms,
                      table->median_intensity,
                      table->base_peak_mz,
                      table->base_peak_intensity,
                      table->mean_intensity,
                      table->max_intensity,
                      table->n_pixels,
                      table->skip_spectrum,
                      table->skip_position[0],
                      table->skip_position[1],
                      table->skip_position[2],
                      table->skip_reason,
                      table->skip_detail};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    json_decref(table->uns);
    *table = (struct mzg_table){0};
}
