#include <run/merge_samples.h>

#include <core/agree.h>
#include <zarr/read.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *mzg_merge_sample_path(const struct mzg_merge_sample *sample, const char *below, struct mzg_error *err)
{
    char *path;
    if (asprintf(&path, "%s/%s", sample->node, below) >= 0)
        return path;
    mzg_fail(err, MZG_ENOMEM, "%s/%s/%s: no memory for its path", sample->store, sample->node, below);
    return NULL;
}

enum mzg_status mzg_merge_sample_read(const struct mzg_merge_sample *sample, const char *below,
                                      enum mzg_type type, int64_t n, void **values, struct mzg_error *err)
{
    int64_t read = 0;
    char *path = mzg_merge_sample_path(sample, below, err);
    if (path && mzg_zarr_read_whole(sample->store, path, type, 1, n, values, &read, err) == MZG_OK &&
        read != n) {
        mzg_fail(err, MZG_EFORMAT,
                 "%s/%s: it has %" PRId64 " elements; expected %" PRId64 ", as X has: the table is damaged",
                 sample->store, path, read, n);
        free(*values);
        *values = NULL;
    }
    free(path);
    return err->status;
}

/* Two numbers, both in [0, 2^31): the shape of a matrix. */
static bool get_shape(const json_t *shape, int64_t *n_rows, int64_t *n_columns)
{
    const json_t *rows = json_array_get(shape, 0), *columns = json_array_get(shape, 1);
    if (json_array_size(shape) != 2 || !json_is_integer(rows) || !json_is_integer(columns))
        return false;
    *n_rows = json_integer_value(rows);
    *n_columns = json_integer_value(columns);
    return *n_rows >= 0 && *n_rows <= INT32_MAX && *n_columns >= 1 && *n_columns <= INT32_MAX;
}

/* Layout and shape of X from its metadata. */
static enum mzg_status understand(struct mzg_merge_sample *sample, const json_t *metadata,
                                  struct mzg_error *err)
{
    const json_t *attributes = json_object_get(metadata, "attributes");
    const char *type = json_string_value(json_object_get(metadata, "node_type"));
    const char *encoding = json_string_value(json_object_get(attributes, "encoding-type"));
    bool is_array = type && strcmp(type, "array") == 0;
    if (is_array)
        sample->layout = MZG_MATRIX_DENSE;
    else if (encoding && strcmp(encoding, "csc_matrix") == 0)
        sample->layout = MZG_MATRIX_CSC;
    else if (encoding && strcmp(encoding, "csr_matrix") == 0)
        sample->layout = MZG_MATRIX_CSR;
    else
        return mzg_fail(err, MZG_EFORMAT, "%s/%s/X: it is not a matrix that mzgrid knows", sample->store,
                        sample->node);
    if (!get_shape(json_object_get(is_array ? metadata : attributes, "shape"), &sample->n_rows,
                   &sample->n_bins))
        return mzg_fail(err, MZG_EFORMAT, "%s/%s/X: its shape is not one of rows and bins", sample->store,
                        sample->node);
    return MZG_OK;
}

static enum mzg_status find_value_type(struct mzg_merge_sample *sample, struct mzg_error *err)
{
    struct mzg_zarr_input *input = NULL;
    char *path = mzg_merge_sample_path(sample, sample->layout == MZG_MATRIX_DENSE ? "X" : "X/data", err);
    if (path && mzg_zarr_input_open(sample->store, path, &input, err) == MZG_OK) {
        sample->value_type = mzg_zarr_input_shape(input)->type;
        if (sample->value_type != MZG_FLOAT32 && sample->value_type != MZG_FLOAT64)
            mzg_fail(err, MZG_EFORMAT, "%s/%s: its values are neither float32 nor float64", sample->store,
                     path);
    }
    mzg_zarr_input_free(input);
    free(path);
    return err->status;
}

bool mzg_merge_sample_has(const struct mzg_merge_sample *sample, const char *below, const char *name,
                          struct mzg_error *err)
{
    bool has = false;
    struct mzg_zarr_strings names = {0};
    char *path = mzg_merge_sample_path(sample, below, err);
    if (path && mzg_zarr_members(sample->store, path, &names, err) == MZG_OK) {
        for (int64_t i = 0; i < names.n; i++)
            has = has || strcmp(names.items[i], name) == 0;
    }
    mzg_zarr_strings_free(&names);
    free(path);
    return has;
}

static enum mzg_status open_sample(struct mzg_merge_sample *sample, struct mzg_error *err)
{
    json_t *metadata = NULL;
    char *path = mzg_merge_sample_path(sample, "X", err);
    if (path && mzg_zarr_load(sample->store, path, &metadata, err) == MZG_OK &&
        understand(sample, metadata, err) == MZG_OK && find_value_type(sample, err) == MZG_OK)
        sample->has_rows = mzg_merge_sample_has(sample, "layers", "csr", err);
    json_decref(metadata);
    free(path);
    return err->status;
}

static const char *layout_name(const struct mzg_merge_sample *sample)
{
    switch (sample->layout) {
    case MZG_MATRIX_CSC:
        return sample->has_rows ? "csc+csr" : "csc";
    case MZG_MATRIX_CSR:
        return "csr";
    case MZG_MATRIX_DENSE:
        break;
    }
    return "dense";
}

static enum mzg_status check_alike(const struct mzg_merge_sample *a, const struct mzg_merge_sample *b,
                                   struct mzg_error *err)
{
    if (strcmp(layout_name(a), layout_name(b)) != 0)
        return mzg_fail(
            err, MZG_EUSAGE,
            "--concat: the table of %s has the layout %s, that of %s %s: convert one of them again "
            "with the --layout of the other, or merge without --concat",
            a->store, layout_name(a), b->store, layout_name(b));
    if (a->value_type != b->value_type)
        return mzg_fail(
            err, MZG_EUSAGE,
            "--concat: the values of %s are %s, those of %s %s: convert one of them again with the "
            "--dtype of the other, or merge without --concat",
            a->store, a->value_type == MZG_FLOAT32 ? "float32" : "float64", b->store,
            b->value_type == MZG_FLOAT32 ? "float32" : "float64");
    return MZG_OK;
}

static enum mzg_status open_all(struct mzg_merge_samples *samples, struct mzg_error *err)
{
    for (int i = 0; i < samples->n; i++) {
        struct mzg_merge_sample *sample = &samples->samples[i];
        if (open_sample(sample, err) != MZG_OK || check_alike(&samples->samples[0], sample, err) != MZG_OK)
            return err->status;
        sample->first_row = samples->n_rows;
        samples->n_rows += sample->n_rows;
        if (samples->n_rows > INT32_MAX)
            return mzg_fail(err, MZG_ERANGE,
                            "--concat: up to %s there are %" PRId64
                            " rows; one table has at most %d: merge without --concat",
                            sample->store, samples->n_rows, INT32_MAX);
    }
    return MZG_OK;
}

enum mzg_status mzg_merge_samples_open(const struct mzg_context *context,
                                       const struct mzg_merge_options *options,
                                       const struct mzg_merge_inputs *inputs,
                                       struct mzg_merge_samples *samples, struct mzg_error *err)
{
    int n = options->n_inputs;
    *samples = (struct mzg_merge_samples){.samples = calloc((size_t)n, sizeof *samples->samples)};
    if (!samples->samples)
        mzg_fail(err, MZG_ENOMEM, "no memory for the tables that become one");
    if (mzg_agree(context->comm, err) != MZG_OK || !samples->samples)
        return err->status;
    samples->n = n;
    for (int i = 0; i < n; i++) {
        struct mzg_merge_sample *sample = &samples->samples[i];
        sample->store = options->inputs[i];
        if (context->rank == 0) {
            const struct mzg_merge_input *input = &inputs->inputs[i];
            if (asprintf(&sample->node, "tables/%s", input->catalog.elements[input->table].name) < 0) {
                sample->node = NULL;
                mzg_fail(err, MZG_ENOMEM, "%s: no memory for the path of its table", sample->store);
            }
        }
        if (mzg_agree_text(context->comm, &sample->node, err) != MZG_OK)
            return err->status;
    }
    open_all(samples, err);
    return mzg_agree(context->comm, err);
}

void mzg_merge_samples_close(struct mzg_merge_samples *samples)
{
    for (int i = 0; i < samples->n; i++) {
        free(samples->samples[i].node);
        free(samples->samples[i].columns);
    }
    free(samples->samples);
    *samples = (struct mzg_merge_samples){0};
}
