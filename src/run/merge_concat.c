/* The table of all samples, told top to bottom: one axis, X by all ranks with its statistics, obs and
 * obsm by all ranks, the rest by rank 0. */
#include <run/merge_concat.h>

#include <core/agree.h>
#include <core/mpi.h>
#include <run/merge_declare.h>
#include <run/merge_frames.h>
#include <run/merge_matrix.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What uns/samples/NAME keeps of the uns of a sample. */
static const char *const kept[] = {"mzgrid", "imzml", "synthetic", "skipped_pixels"};
enum { KEPT = sizeof kept / sizeof *kept };

enum mzg_status mzg_merge_concat_open(const struct mzg_context *context,
                                      const struct mzg_merge_options *options,
                                      const struct mzg_merge_inputs *inputs, struct mzg_merge_concat *concat,
                                      struct mzg_error *err)
{
    *concat = (struct mzg_merge_concat){0};
    if (mzg_merge_samples_open(context, options, inputs, &concat->samples, err) == MZG_OK)
        mzg_merge_axis_make(&concat->samples, &concat->axis, err);
    return mzg_agree(context->comm, err);
}

void mzg_merge_concat_close(struct mzg_merge_concat *concat)
{
    mzg_merge_samples_close(&concat->samples);
    mzg_axis_destroy(&concat->axis);
}

/* Calls `take` with each node that is kept and its path in the store. */
typedef enum mzg_status take_fn(void *context, const struct mzg_merge_input *input, const char *node,
                                const char *path, struct mzg_error *err);

static enum mzg_status for_each_kept(const struct mzg_merge_options *options,
                                     const struct mzg_merge_input *input, take_fn *take, void *context,
                                     struct mzg_error *err)
{
    for (int i = 0; i < KEPT && err->status == MZG_OK; i++) {
        char node[32], *path;
        snprintf(node, sizeof node, "uns/%s", kept[i]);
        if (!mzg_element_node(&input->catalog.elements[input->table], node))
            continue;
        if (asprintf(&path, "tables/%s/uns/samples/%s/%s", options->table, input->sample, kept[i]) < 0)
            return mzg_fail(err, MZG_ENOMEM, "%s: no memory for the paths of its uns", input->catalog.path);
        take(context, input, node, path, err);
        free(path);
    }
    return err->status;
}

static enum mzg_status list_file(void *context, const struct mzg_merge_input *input, const char *node,
                                 const char *path, struct mzg_error *err)
{
    return mzg_merge_files_add(input, &input->catalog.elements[input->table], node, path, context, err);
}

enum mzg_status mzg_merge_concat_list(const struct mzg_merge_options *options,
                                      const struct mzg_merge_inputs *inputs, struct mzg_merge_files *files,
                                      struct mzg_error *err)
{
    for (int i = 0; i < inputs->n && err->status == MZG_OK; i++)
        for_each_kept(options, &inputs->inputs[i], list_file, files, err);
    return err->status;
}

static enum mzg_status declare_node(void *context, const struct mzg_merge_input *input, const char *node,
                                    const char *path, struct mzg_error *err)
{
    return mzg_merge_declare_below(context, &input->catalog.elements[input->table], node, path, err);
}

/* uns/samples, a dict of dicts. */
static enum mzg_status declare_kept(const struct mzg_merge_options *options,
                                    const struct mzg_merge_inputs *inputs, struct mzg_sdata *sdata,
                                    struct mzg_error *err)
{
    char *path;
    for (int i = -1; i < inputs->n && err->status == MZG_OK; i++) {
        if (asprintf(&path, "%s/uns/samples%s%s", mzg_sdata_table_path(sdata), i < 0 ? "" : "/",
                     i < 0 ? "" : inputs->inputs[i].sample) < 0)
            return mzg_fail(err, MZG_ENOMEM, "no memory for the paths of the table of all samples");
        mzg_zarr_group(mzg_sdata_store(sdata), path, mzg_encoding("dict", "0.1.0"), err);
        free(path);
        if (i >= 0 && err->status == MZG_OK)
            for_each_kept(options, &inputs->inputs[i], declare_node, sdata, err);
    }
    return err->status;
}

/* On a rank that writes chunks only, the groups above them; their attributes are those of rank 0. */
static enum mzg_status declare_groups(const struct mzg_context *context, struct mzg_sdata *sdata,
                                      struct mzg_error *err)
{
    struct mzg_zarr_store *store = mzg_sdata_store(sdata);
    if (context->rank != 0 && mzg_zarr_group(store, "", json_object(), err) == MZG_OK)
        mzg_zarr_group(store, "tables", json_object(), err);
    if (err->status == MZG_OK)
        mzg_zarr_group(store, mzg_sdata_table_path(sdata), json_object(), err);
    return err->status;
}

static enum mzg_status write_matrices(const struct mzg_context *context, struct mzg_merge_concat *concat,
                                      struct mzg_codec codec, const struct mzg_progress *progress,
                                      struct mzg_sdata *sdata, struct mzg_statistics *statistics,
                                      int64_t *n_absent, struct mzg_error *err)
{
    const struct mzg_merge_sample *first = &concat->samples.samples[0];
    struct mzg_merge_matrix matrix = {.samples = &concat->samples,
                                      .path = "X",
                                      .layout = first->layout,
                                      .n_columns = concat->axis.n_bins,
                                      .codec = codec,
                                      .statistics = statistics,
                                      .progress = progress,
                                      .n_absent = n_absent};
    if (mzg_merge_matrix_write(context, sdata, &matrix, err) != MZG_OK || !first->has_rows)
        return err->status;
    matrix.path = "layers/csr";
    matrix.layout = MZG_MATRIX_CSR;
    matrix.statistics = NULL;
    return mzg_merge_matrix_write(context, sdata, &matrix, err);
}

/* Of a dense X a chunk may be absent because all in it is 0, or because it was lost: then bins have values in
 * fewer pixels than the samples say. `n_absent` are those of this rank. Collective. */
static enum mzg_status check_absent(const struct mzg_context *context, const struct mzg_merge_concat *concat,
                                    const struct mzg_statistics *statistics, int64_t n_absent,
                                    struct mzg_error *err)
{
    int64_t *told = NULL;
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &n_absent, 1, MPI_INT64_T, MPI_SUM, context->comm));
    if (n_absent == 0)
        return MZG_OK;
    if (context->rank == 0 && !(told = calloc((size_t)concat->axis.n_bins + 1, sizeof *told)))
        mzg_fail(err, MZG_ENOMEM, "no memory to hold the table of all samples against those that it is of");
    for (int i = 0; told && i < concat->samples.n && err->status == MZG_OK; i++) {
        const struct mzg_merge_sample *sample = &concat->samples.samples[i];
        void *values = NULL;
        if (mzg_merge_sample_read(sample, "var/n_pixels", MZG_INT64, sample->n_bins, &values, err) == MZG_OK)
            for (int64_t k = 0; k < sample->n_bins; k++) {
                int64_t n = ((const int64_t *)values)[k];
                told[sample->columns[k]] += n > 0 && n <= sample->n_rows ? n : 0;
            }
        free(values);
    }
    for (int64_t k = 0; told && k < concat->axis.n_bins && err->status == MZG_OK; k++)
        if (statistics->counts[k] < told[k])
            mzg_fail(err, MZG_EFORMAT,
                     "chunks of X are missing in one of the samples: m/z %.10g has values in %" PRId64
                     " pixels, and %" PRId64 " by var/n_pixels; the store is incomplete, copy it again",
                     concat->axis.centers[k], statistics->counts[k], told[k]);
    free(told);
    return mzg_agree(context->comm, err);
}

static enum mzg_status
write_frames(const struct mzg_context *context, const struct mzg_merge_options *options,
             const struct mzg_merge_inputs *inputs, const struct mzg_merge_concat *concat,
             const struct mzg_statistics *statistics, struct mzg_sdata *sdata, struct mzg_error *err)
{
    struct mzg_merge_frames frames = {0};
    const char *table = mzg_sdata_table_path(sdata);
    if (mzg_merge_frames_make(context, options, inputs, &concat->samples, &concat->axis, statistics, &frames,
                              err) == MZG_OK &&
        context->rank == 0 &&
        mzg_zarr_set_attributes(mzg_sdata_store(sdata), table,
                                mzg_sdata_table_attributes(json_incref(frames.regions)), err) == MZG_OK)
        mzg_zarr_consolidate(mzg_sdata_store(sdata), table, err); /* anndata opens the table alone */
    if (mzg_agree(context->comm, err) == MZG_OK &&
        mzg_sdata_write_rows(sdata, &frames.anndata, err) == MZG_OK) {
        frames.anndata.obs = NULL;
        mzg_sdata_write_table(sdata, &frames.anndata, err);
        if (context->rank == 0 && err->status == MZG_OK)
            declare_kept(options, inputs, sdata, err);
        mzg_agree(context->comm, err);
    }
    mzg_merge_frames_destroy(&frames);
    return err->status;
}

enum mzg_status mzg_merge_concat_write(const struct mzg_context *context,
                                       const struct mzg_merge_options *options,
                                       const struct mzg_merge_inputs *inputs, struct mzg_merge_concat *concat,
                                       struct mzg_codec codec, const struct mzg_progress *progress,
                                       struct mzg_sdata *sdata, struct mzg_merge_outcome *outcome,
                                       struct mzg_error *err)
{
    struct mzg_statistics statistics = {0};
    int64_t n_absent = 0;
    if (declare_groups(context, sdata, err) == MZG_OK)
        mzg_statistics_init(concat->axis.n_bins, concat->samples.samples[0].value_type, &statistics, err);
    if (mzg_agree(context->comm, err) != MZG_OK ||
        write_matrices(context, concat, codec, progress, sdata, &statistics, &n_absent, err) != MZG_OK)
        goto cleanup;
    mzg_statistics_reduce(&statistics, context->comm);
    if (check_absent(context, concat, &statistics, n_absent, err) != MZG_OK)
        goto cleanup;
    outcome->rows = concat->samples.n_rows;
    outcome->bins = concat->axis.n_bins;
    for (int64_t k = 0; k < concat->axis.n_bins; k++)
        outcome->non_zeros += statistics.counts[k];
    write_frames(context, options, inputs, concat, &statistics, sdata, err);

cleanup:
    mzg_statistics_destroy(&statistics);
    return err->status;
}
