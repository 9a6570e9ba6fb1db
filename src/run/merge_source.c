#include <run/merge_source.h>

#include <core/search.h>
#include <stage/rows.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INDICES_AT_ONCE = 1 << 14 };

static enum mzg_status fail_damaged(const struct mzg_merge_sample *sample, const char *what, int64_t at,
                                    struct mzg_error *err)
{
    return mzg_fail(err, MZG_EFORMAT, "%s/%s: its matrix is damaged: %s at number %" PRId64, sample->store,
                    sample->node, what, at);
}

static enum mzg_status open_array(const struct mzg_merge_sample *sample, const char *path, const char *name,
                                  struct mzg_zarr_input **input, struct mzg_error *err)
{
    char *node;
    if (asprintf(&node, "%s/%s%s%s", sample->node, path, *name ? "/" : "", name) < 0)
        return mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for a path of its matrix", sample->store,
                        sample->node);
    mzg_zarr_input_open(sample->store, node, input, err);
    free(node);
    return err->status;
}

static enum mzg_status read_begins(const char *path, struct mzg_merge_source *source, struct mzg_error *err)
{
    const struct mzg_merge_sample *sample = source->sample;
    void *begins = NULL;
    char *below;
    if (asprintf(&below, "%s/indptr", path) < 0)
        return mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for a path of its matrix", sample->store,
                        sample->node);
    if (mzg_merge_sample_read(sample, below, MZG_INT64, source->n_majors + 1, &begins, err) == MZG_OK)
        source->begins = begins;
    free(below);
    if (err->status != MZG_OK)
        return err->status;
    if (source->begins[0] != 0)
        return fail_damaged(sample, "indptr does not begin with 0", 0, err);
    for (int64_t i = 0; i < source->n_majors; i++) {
        if (source->begins[i + 1] < source->begins[i])
            return fail_damaged(sample, "indptr decreases", i, err);
    }
    source->n_values = source->begins[source->n_majors];
    return MZG_OK;
}

/* Whether an array is of one dimension and has as many elements as indptr says. */
static bool is_of_values(const struct mzg_merge_source *source, const struct mzg_zarr_input *input)
{
    const struct mzg_zarr_shape *shape = mzg_zarr_input_shape(input);
    return shape->n_dimensions == 1 && shape->shape[0] == source->n_values;
}

static enum mzg_status open_sparse(const char *path, struct mzg_merge_source *source, struct mzg_error *err)
{
    const struct mzg_merge_sample *sample = source->sample;
    if (read_begins(path, source, err) != MZG_OK ||
        open_array(sample, path, "data", &source->data, err) != MZG_OK ||
        open_array(sample, path, "indices", &source->indices, err) != MZG_OK)
        return err->status;
    enum mzg_type indices = mzg_zarr_input_shape(source->indices)->type;
    if (!is_of_values(source, source->data) || !is_of_values(source, source->indices))
        return fail_damaged(sample, "data or indices end elsewhere than indptr says,", source->n_values, err);
    if ((indices != MZG_INT32 && indices != MZG_INT64) ||
        mzg_zarr_input_shape(source->data)->type != sample->value_type)
        return mzg_fail(err, MZG_EFORMAT,
                        "%s/%s: its matrix has indices or values of another type than expected",
                        sample->store, sample->node);
    mzg_zarr_inputs_need_chunks(source->data, source->indices, source->n_minors);
    return MZG_OK;
}

enum mzg_status mzg_merge_source_open(const struct mzg_merge_sample *sample, const char *path,
                                      enum mzg_matrix_layout layout, struct mzg_merge_source *source,
                                      struct mzg_error *err)
{
    bool by_column = layout == MZG_MATRIX_CSC;
    *source = (struct mzg_merge_source){.sample = sample,
                                        .n_majors = by_column ? sample->n_bins : sample->n_rows,
                                        .n_minors = by_column ? sample->n_rows : sample->n_bins};
    if (layout != MZG_MATRIX_DENSE)
        return open_sparse(path, source, err);
    return open_array(sample, path, "", &source->data, err);
}

void mzg_merge_source_close(struct mzg_merge_source *source)
{
    mzg_zarr_cursor_close(&source->data_cursor);
    mzg_zarr_cursor_close(&source->index_cursor);
    mzg_zarr_input_free(source->data);
    mzg_zarr_input_free(source->indices);
    free(source->begins);
    *source = (struct mzg_merge_source){0};
}

/* Of either type, as int32. */
static enum mzg_status read_indices(struct mzg_merge_source *source, int64_t first, int64_t n,
                                    int32_t *indices, struct mzg_error *err)
{
    int64_t wide[INDICES_AT_ONCE];
    if (mzg_zarr_input_shape(source->indices)->type == MZG_INT32)
        return mzg_zarr_read_range(source->indices, &source->index_cursor, first, n, indices, err);
    for (int64_t done = 0; done < n; done += INDICES_AT_ONCE) {
        int64_t count = n - done < INDICES_AT_ONCE ? n - done : INDICES_AT_ONCE;
        if (mzg_zarr_read_int64(source->indices, &source->index_cursor, first + done, count, wide, err) !=
            MZG_OK)
            return err->status;
        for (int64_t i = 0; i < count; i++)
            indices[done + i] = wide[i] >= 0 && wide[i] <= INT32_MAX ? (int32_t)wide[i] : -1;
    }
    return MZG_OK;
}

/* That the indices of values first .. first + n - 1 lie in the matrix and ascend within their row or column.
 */
static enum mzg_status check_indices(const struct mzg_merge_source *source, int64_t first, int64_t n,
                                     const int32_t *indices, struct mzg_error *err)
{
    int64_t major = mzg_place_of(source->begins, source->n_majors, first);
    int32_t before = -1;
    for (int64_t i = 0; i < n; i++) {
        for (; source->begins[major + 1] <= first + i; major++)
            before = -1;
        if (indices[i] < 0 || indices[i] >= source->n_minors)
            return fail_damaged(source->sample, "an index is outside of it", first + i, err);
        if (indices[i] <= before)
            return fail_damaged(source->sample,
                                "indices do not ascend (if another program left them so, in Python: "
                                "X.sort_indices())",
                                first + i, err);
        before = indices[i];
    }
    return MZG_OK;
}

enum mzg_status mzg_merge_source_read(struct mzg_merge_source *source, int64_t first, int64_t n,
                                      int32_t *indices, void *values, struct mzg_error *err)
{
    bool wide = source->sample->value_type == MZG_FLOAT64;
    if (read_indices(source, first, n, indices, err) != MZG_OK ||
        mzg_zarr_read_range(source->data, &source->data_cursor, first, n, values, err) != MZG_OK ||
        check_indices(source, first, n, indices, err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(mzg_value_at(values, i, wide)))
            return fail_damaged(source->sample, "a value is not finite", first + i, err);
    }
    return MZG_OK;
}

enum mzg_status mzg_merge_source_read_rows(struct mzg_merge_source *source, int64_t first, int64_t n,
                                           void *values, struct mzg_error *err)
{
    bool wide = source->sample->value_type == MZG_FLOAT64;
    int64_t origin[2] = {first, 0}, count[2] = {n, source->sample->n_bins};
    if (mzg_zarr_read(source->data, &source->data_cursor, origin, count, values, err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i < n * source->sample->n_bins; i++) {
        if (!isfinite(mzg_value_at(values, i, wide)))
            return fail_damaged(source->sample, "a value is not finite, in row", first + i / count[1], err);
    }
    return MZG_OK;
}
