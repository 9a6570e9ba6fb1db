#include <run/merge_frames.h>

#include <core/agree.h>
#include <core/json.h>
#include <core/log.h>
#include <run/merge_axis.h>
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

/* Memory that goes with the frames; NULL with `err` filled. */
static void *keep(struct mzg_merge_frames *frames, int64_t count, size_t size, struct mzg_error *err)
{
    void *memory = calloc((size_t)count + 1, size);
    if (!memory)
        mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " bins of the table of all samples", count);
    frames->owned[frames->n_owned++] = memory;
    return memory;
}

void mzg_merge_frames_destroy(struct mzg_merge_frames *frames)
{
    for (int i = 0; i < frames->n_owned; i++)
        free(frames->owned[i]);
    mzg_merge_rows_free(frames->rows);
    json_decref(frames->description);
    json_decref(frames->uns);
    json_decref(frames->regions);
    *frames = (struct mzg_merge_frames){0};
}

/* Every rank gets what rank 0 has found out about obs, and reads its rows. Collective. */
static enum mzg_status make_obs(const struct mzg_context *context, const struct mzg_merge_options *options,
                                const struct mzg_merge_inputs *inputs,
                                const struct mzg_merge_samples *samples, struct mzg_merge_frames *frames,
                                struct mzg_error *err)
{
    char *text = NULL;
    if (context->rank == 0 && (frames->description = mzg_merge_obs_describe(options, inputs, samples, err)) &&
        !(text = json_dumps(frames->description, JSON_COMPACT)))
        mzg_fail(err, MZG_ENOMEM, "no memory for the columns of all samples");
    if (mzg_agree_text(context->comm, &text, err) == MZG_OK) {
        if (!frames->description && !(frames->description = json_loads(text, 0, NULL)))
            mzg_fail(err, MZG_ENOMEM, "no memory for the columns of all samples");
        else
            mzg_merge_rows_new(context, samples, frames->description, &frames->rows, err);
        if (err->status == MZG_OK)
            mzg_merge_rows_frame(frames->rows, &frames->obs);
        mzg_agree(context->comm, err);
    }
    free(text);
    return err->status;
}

/* The elements that rows annotate, as the column of regions has them. */
static enum mzg_status find_regions(const struct mzg_merge_inputs *inputs, struct mzg_merge_frames *frames,
                                    struct mzg_error *err)
{
    for (int i = 0; i < frames->obs.n_columns; i++) {
        const struct mzg_column *column = &frames->obs.columns[i];
        for (int64_t k = 0; strcmp(column->name, "region") == 0 && k < column->n_categories; k++)
            if (json_array_append_new(frames->regions, json_string(column->categories[k])) != 0)
                return mzg_fail(err, MZG_ENOMEM, "no memory for the names of regions");
    }
    if (json_array_size(frames->regions) == 0)
        mzg_fail(
            err, MZG_EFORMAT,
            "%s: the column 'region' of obs is not what mzgrid wrote, or %s has none; merge without --concat",
            inputs->inputs[0].catalog.path, inputs->inputs[1].catalog.path);
    return err->status;
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
    double *mean = keep(frames, n, sizeof *mean, err);
    void *largest = mean ? keep(frames, n, wide ? sizeof(double) : sizeof(float), err) : NULL;
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

/* Adds to `json` the word that uns/mzgrid/resampling of all samples has for `key`, if it is the same: what is
 * a peak depends on it. */
static json_t *add_common(const struct mzg_merge_samples *samples, const char *key, json_t *json,
                          struct mzg_error *err)
{
    static const char resampling[] = "uns/mzgrid/resampling";
    char below[64], word[32] = "";
    snprintf(below, sizeof below, "%s/%s", resampling, key);
    for (int i = 0; i < samples->n; i++) {
        const struct mzg_merge_sample *sample = &samples->samples[i];
        struct mzg_zarr_strings text = {0};
        if (!mzg_merge_sample_has(sample, "uns/mzgrid", "resampling", err) ||
            !mzg_merge_sample_has(sample, resampling, key, err))
            return json;
        char *path = mzg_merge_sample_path(sample, below, err);
        if (path)
            mzg_zarr_read_strings(sample->store, path, 1, &text, err);
        const char *found = text.items && text.n == 1 ? text.items[0] : "";
        if (err->status == MZG_OK && found[0] == '\0') /* as of a chunk that was lost */
            mzg_fail(err, MZG_EFORMAT,
                     "%s/%s: it has no word; the store is damaged or incomplete, copy it again",
                     sample->store, path);
        bool is_common = err->status == MZG_OK && (i == 0 || strcmp(found, word) == 0);
        if (is_common)
            snprintf(word, sizeof word, "%s", found);
        mzg_zarr_strings_free(&text);
        free(path);
        if (!is_common)
            return json;
    }
    return mzg_json_with(json, key, json_string(word));
}

static enum mzg_status make_uns(const struct mzg_merge_inputs *inputs,
                                const struct mzg_merge_samples *samples, const struct mzg_axis *axis,
                                struct mzg_merge_frames *frames, struct mzg_error *err)
{
    json_t *names = json_array();
    for (int i = 0; i < inputs->n; i++)
        names = mzg_json_append(names, json_string(inputs->inputs[i].sample));
    json_t *resampling = add_common(samples, "spectrum_type", json_object(), err);
    resampling = add_common(samples, "values", resampling, err);
    if (err->status != MZG_OK) {
        json_decref(resampling);
        json_decref(names);
        return err->status;
    }
    frames->uns = json_pack("{s:{s:O, s:s, s:s}, s:{s:s, s:o, s:o, s:o}}", "spatialdata_attrs", "region",
                            frames->regions, "region_key", "region", "instance_key", "instance_key", "mzgrid",
                            "version", MZG_VERSION, "samples", names, "mass_axis",
                            mzg_merge_axis_describe(axis), "resampling", resampling);
    return frames->uns
               ? MZG_OK
               : mzg_fail(err, MZG_ENOMEM, "no memory for the description of the table of all samples");
}

/* What stands on rank 0 alone. */
static enum mzg_status make_rest(const struct mzg_context *context, const struct mzg_merge_inputs *inputs,
                                 const struct mzg_merge_samples *samples, const struct mzg_axis *axis,
                                 const struct mzg_statistics *statistics, struct mzg_merge_frames *frames,
                                 struct mzg_error *err)
{
    frames->regions = json_array();
    if (!frames->regions)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the names of regions");
    if (find_regions(inputs, frames, err) != MZG_OK ||
        make_var(samples, axis, statistics, frames, err) != MZG_OK ||
        make_uns(inputs, samples, axis, frames, err) != MZG_OK)
        return err->status;
    for (int i = 0; i < inputs->n; i++) {
        if (tell_left_out(context, &inputs->inputs[i], frames, err) != MZG_OK)
            return err->status;
    }
    const struct mzg_column *mean = &frames->var.columns[3];
    frames->anndata.var = &frames->var;
    frames->anndata.n_uns = 1;
    frames->anndata.uns_members[0] = (struct mzg_anndata_member){
        .name = "average_spectrum", .type = MZG_FLOAT64, .n = axis->n_bins, .values = mean->values};
    frames->anndata.uns = frames->uns;
    frames->anndata.has_layers = samples->samples[0].has_rows;
    return MZG_OK;
}

enum mzg_status mzg_merge_frames_make(const struct mzg_context *context,
                                      const struct mzg_merge_options *options,
                                      const struct mzg_merge_inputs *inputs,
                                      const struct mzg_merge_samples *samples, const struct mzg_axis *axis,
                                      const struct mzg_statistics *statistics,
                                      struct mzg_merge_frames *frames, struct mzg_error *err)
{
    *frames = (struct mzg_merge_frames){0};
    if (make_obs(context, options, inputs, samples, frames, err) != MZG_OK)
        return err->status;
    frames->anndata = (struct mzg_anndata){.obs = &frames->obs,
                                           .n_obsm = 1,
                                           .obsm = {{.name = "spatial",
                                                     .type = MZG_FLOAT64,
                                                     .n = samples->n_rows,
                                                     .width = 2,
                                                     .of_rows = mzg_merge_rows_spatial(frames->rows)}}};
    if (context->rank == 0)
        make_rest(context, inputs, samples, axis, statistics, frames, err);
    return mzg_agree(context->comm, err);
}
