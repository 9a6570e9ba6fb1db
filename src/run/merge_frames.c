#include <run/merge_frames.h>

#include <core/json.h>
#include <core/log.h>
#include <run/merge_axis.h>
#include <run/merge_obs.h>
#include <version.h>
#include <zarr/read.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct mzg_element *table_of(const struct mzg_merge_input *input)
{
    return &input->catalog.elements[input->table];
}

static const json_t *columns_of(const struct mzg_merge_input *input)
{
    const struct mzg_catalog_node *obs = mzg_element_node(table_of(input), "obs");
    return obs ? json_object_get(json_object_get(obs->metadata, "attributes"), "column-order") : NULL;
}

/* The sample of each row. */
static enum mzg_status add_samples(const struct mzg_merge_inputs *inputs,
                                   const struct mzg_merge_samples *samples, struct mzg_merge_frames *frames,
                                   struct mzg_error *err)
{
    const char **names = mzg_merge_keep(frames, samples->n, sizeof *names, err);
    int32_t *codes = names ? mzg_merge_keep(frames, samples->n_rows, sizeof *codes, err) : NULL;
    for (int i = 0; codes && i < samples->n; i++) {
        const struct mzg_merge_sample *sample = &samples->samples[i];
        names[i] = inputs->inputs[i].sample;
        for (int64_t row = 0; row < sample->n_rows; row++)
            codes[sample->first_row + row] = i;
    }
    if (codes)
        mzg_frame_add_categories(&frames->obs, "sample", samples->n, names, MZG_INT32, codes);
    return err->status;
}

static enum mzg_status make_obs(const struct mzg_merge_options *options,
                                const struct mzg_merge_inputs *inputs,
                                const struct mzg_merge_samples *samples, struct mzg_merge_frames *frames,
                                struct mzg_error *err)
{
    const json_t *columns = columns_of(&inputs->inputs[0]);
    frames->obs.n = samples->n_rows;
    if (mzg_merge_index_make(inputs, samples, frames, err) != MZG_OK)
        return err->status;
    for (size_t i = 0; i < json_array_size(columns) && err->status == MZG_OK; i++) {
        const char *name = json_string_value(json_array_get(columns, i));
        bool added;
        if (name && strcmp(name, "sample") != 0 && frames->obs.n_columns + 1 < MZG_FRAME_MAX_COLUMNS)
            mzg_merge_column_add(options, inputs, samples, name, frames, &added, err);
    }
    if (err->status == MZG_OK && json_array_size(frames->regions) == 0)
        mzg_fail(
            err, MZG_EFORMAT,
            "%s: the column 'region' of obs is not what mzgrid wrote, or %s has none; merge without --concat",
            inputs->inputs[0].catalog.path, inputs->inputs[1].catalog.path);
    return err->status == MZG_OK ? add_samples(inputs, samples, frames, err) : err->status;
}

static bool has_column(const struct mzg_frame *frame, const char *name)
{
    for (int i = 0; i < frame->n_columns; i++) {
        if (strcmp(frame->columns[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Whether a node right below a member of a table is no news to whoever merges it: it is in the table of all,
 * or known not to be. */
static bool has_place(const struct mzg_merge_frames *frames, const char *path)
{
    static const char
        *const known[] = {"obsm/spatial",       "layers/csr", "uns/average_spectrum", "uns/mzgrid",
                          "uns/skipped_pixels", "uns/imzml",  "uns/synthetic",        "uns/spatialdata_attrs",
                          "var/is_peak"}; /* of the sample's own peaks: mzgrid peaks tells them anew */
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(path, known[i]) == 0)
            return true;
    }
    const char *name = strchr(path, '/') + 1;
    if (strncmp(path, "X/", 2) == 0 || strcmp(name, "_index") == 0)
        return true;
    if (strncmp(path, "obs/", 4) == 0)
        return has_column(&frames->obs, name) && strcmp(name, "sample") != 0;
    return strncmp(path, "var/", 4) == 0 && has_column(&frames->var, name);
}

/* Says what of a sample's table is not in the table of all. */
static enum mzg_status tell_left_out(const struct mzg_context *context, const struct mzg_merge_input *input,
                                     const struct mzg_merge_frames *frames, struct mzg_error *err)
{
    const struct mzg_element *table = table_of(input);
    char *text = NULL;
    size_t size = 0;
    FILE *list = open_memstream(&text, &size);
    if (!list)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to tell what is left out", input->catalog.path);
    for (int64_t i = 0; i < table->n_nodes; i++) {
        const char *path = table->nodes[i].path, *slash = strchr(path, '/');
        if (slash && !strchr(slash + 1, '/') && !has_place(frames, path))
            fprintf(list, "%s%s", ftell(list) > 0 ? ", " : "", path);
    }
    if (fclose(list) != 0)
        mzg_fail(err, MZG_ENOMEM, "%s: no memory to tell what is left out", input->catalog.path);
    else if (size > 0)
        mzg_log_line(context->log, MZG_LOG_WARNING,
                     "%s: left out of the table of all samples, which has what mzgrid computes and the "
                     "columns of obs that "
                     "all samples have in one kind: %s",
                     input->catalog.path, text);
    free(text);
    return err->status;
}

static enum mzg_status make_var(const struct mzg_merge_samples *samples, const struct mzg_axis *axis,
                                const struct mzg_statistics *statistics, struct mzg_merge_frames *frames,
                                struct mzg_error *err)
{
    int64_t n = axis->n_bins;
    bool wide = statistics->value_type == MZG_FLOAT64;
    double *mean = mzg_merge_keep(frames, n, sizeof *mean, err);
    void *largest = mean ? mzg_merge_keep(frames, n, wide ? sizeof(double) : sizeof(float), err) : NULL;
    if (!largest)
        return err->status;
    for (int64_t k = 0; k < n; k++) {
        /* Values that are not stored count as 0. */
        bool counts = statistics->counts[k] == samples->n_rows || statistics->maxima[k] > 0;
        double maximum = counts ? statistics->maxima[k] : 0;
        if (samples->n_rows > 0)
            mean[k] =
                mzg_exact_sum_mean(statistics->kind, mzg_statistics_sum(statistics, k), samples->n_rows);
        if (wide)
            ((double *)largest)[k] = maximum;
        else
            ((float *)largest)[k] = (float)maximum;
    }
    bool is_native = axis->spec.type == MZG_AXIS_NATIVE;
    frames->var = (struct mzg_frame){
        .n = n, .index_values = axis->centers, .index_edges = is_native ? NULL : axis->edges};
    mzg_frame_add(&frames->var, "mz", MZG_FLOAT64, axis->centers);
    mzg_frame_add(&frames->var, "mz_lower", MZG_FLOAT64, axis->edges);
    mzg_frame_add(&frames->var, "mz_upper", MZG_FLOAT64, axis->edges + 1);
    mzg_frame_add(&frames->var, "mean_intensity", MZG_FLOAT64, mean);
    mzg_frame_add(&frames->var, "max_intensity", statistics->value_type, largest);
    mzg_frame_add(&frames->var, "n_pixels", MZG_INT64, statistics->counts);
    return MZG_OK;
}

/* obsm/spatial of all samples, of which each row has two numbers. */
static enum mzg_status read_places(const struct mzg_merge_samples *samples, struct mzg_merge_frames *frames,
                                   double **places, struct mzg_error *err)
{
    *places = mzg_merge_keep(frames, 2 * samples->n_rows, sizeof **places, err);
    for (int i = 0; i < samples->n && err->status == MZG_OK; i++) {
        const struct mzg_merge_sample *sample = &samples->samples[i];
        void *values = NULL;
        int64_t n;
        char *path = mzg_merge_sample_path(sample, "obsm/spatial", err);
        if (path && mzg_zarr_read_whole(sample->store, path, MZG_FLOAT64, 2, 2 * sample->n_rows, &values, &n,
                                        err) == MZG_OK) {
            if (n != 2 * sample->n_rows)
                mzg_fail(err, MZG_EFORMAT, "%s/%s: it does not have two numbers for each row", sample->store,
                         path);
            else
                memcpy(*places + 2 * sample->first_row, values, (size_t)n * sizeof **places);
        }
        free(values);
        free(path);
    }
    return err->status;
}

static enum mzg_status make_uns(const struct mzg_merge_inputs *inputs, const struct mzg_axis *axis,
                                struct mzg_merge_frames *frames, struct mzg_error *err)
{
    json_t *names = json_array();
    for (int i = 0; i < inputs->n; i++)
        names = mzg_json_append(names, json_string(inputs->inputs[i].sample));
    frames->uns =
        json_pack("{s:{s:O, s:s, s:s}, s:{s:s, s:o, s:o}}", "spatialdata_attrs", "region", frames->regions,
                  "region_key", "region", "instance_key", "instance_key", "mzgrid", "version", MZG_VERSION,
                  "samples", names, "mass_axis", mzg_merge_axis_describe(axis));
    return frames->uns
               ? MZG_OK
               : mzg_fail(err, MZG_ENOMEM, "no memory for the description of the table of all samples");
}

enum mzg_status mzg_merge_frames_make(const struct mzg_context *context,
                                      const struct mzg_merge_options *options,
                                      const struct mzg_merge_inputs *inputs,
                                      const struct mzg_merge_samples *samples, const struct mzg_axis *axis,
                                      const struct mzg_statistics *statistics,
                                      struct mzg_merge_frames *frames, struct mzg_error *err)
{
    double *places;
    *frames = (struct mzg_merge_frames){.regions = json_array()};
    if (!frames->regions)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the names of regions");
    if (make_obs(options, inputs, samples, frames, err) != MZG_OK ||
        make_var(samples, axis, statistics, frames, err) != MZG_OK ||
        read_places(samples, frames, &places, err) != MZG_OK || make_uns(inputs, axis, frames, err) != MZG_OK)
        return err->status;
    for (int i = 0; i < inputs->n; i++) {
        if (tell_left_out(context, &inputs->inputs[i], frames, err) != MZG_OK)
            return err->status;
    }
    const struct mzg_column *mean = &frames->var.columns[3];
    frames->anndata = (struct mzg_anndata){
        .obs = &frames->obs,
        .var = &frames->var,
        .n_obsm = 1,
        .obsm =
            {{.name = "spatial", .type = MZG_FLOAT64, .n = samples->n_rows, .width = 2, .values = places}},
        .n_uns = 1,
        .uns_members =
            {{.name = "average_spectrum", .type = MZG_FLOAT64, .n = axis->n_bins, .values = mean->values}},
        .uns = frames->uns,
        .has_layers = samples->samples[0].has_rows};
    return MZG_OK;
}
