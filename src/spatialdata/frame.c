/* Frames as AnnData's dataframe: a group with a member for the index and one for each column. */
#include <spatialdata/sdata.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t copy_text(const char *from, size_t length, char *text, int64_t size)
{
    if (text)
        memcpy(text, from, (int64_t)length < size ? length : (size_t)size);
    return (int64_t)length;
}

static int64_t index_text(const void *source, int64_t i, char *text, int64_t size)
{
    char index[256];
    int length = mzg_frame_index(source, i, index, sizeof index);
    return copy_text(index, (size_t)length, text, size);
}

static int64_t column_text(const void *source, int64_t i, char *text, int64_t size)
{
    const char *value = ((const char *const *)source)[i];
    return copy_text(value, strlen(value), text, size);
}

static int64_t category_text(const void *source, int64_t i, char *text, int64_t size)
{
    (void)i;
    return copy_text(source, strlen(source), text, size);
}

static char *join(const char *path, const char *name)
{
    char *joined;
    return asprintf(&joined, "%s/%s", path, name) < 0 ? NULL : joined;
}

/* One category: every row has code 0, the fill value, so that the codes need no chunk at all. */
static enum mzg_status write_category(struct mzg_zarr_store *store, const char *path, const char *category,
                                      int64_t n, struct mzg_error *err)
{
    char *categories = join(path, "categories");
    char *codes = join(path, "codes");
    json_t *attributes = mzg_encoding("categorical", "0.2.0");
    struct mzg_zarr_array_spec spec =
        mzg_vector_spec(MZG_INT8, n, 0, (struct mzg_codec){.kind = MZG_CODEC_ZSTD});
    struct mzg_zarr_array *array;
    if (!categories || !codes || json_object_set_new(attributes, "ordered", json_false()) != 0) {
        json_decref(attributes);
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for this column", path);
    } else if (mzg_zarr_group(store, path, attributes, err) == MZG_OK &&
               mzg_write_strings(store, categories, 1, category_text, category, err) == MZG_OK) {
        mzg_zarr_array(store, codes, &spec, mzg_encoding("array", "0.2.0"), &array, err);
    }
    free(codes);
    free(categories);
    return err->status;
}

static enum mzg_status write_column(struct mzg_zarr_store *store, const char *frame_path, int64_t n,
                                    const struct mzg_column *column, struct mzg_codec codec,
                                    struct mzg_error *err)
{
    char *path = join(frame_path, column->name);
    if (!path)
        return mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for this column", frame_path, column->name);
    if (column->category)
        write_category(store, path, column->category, n, err);
    else if (column->type == MZG_STRING)
        mzg_write_strings(store, path, n, column_text, column->values, err);
    else
        mzg_write_numbers(store, path, column->type, n, 0, column->values, codec, err);
    free(path);
    return err->status;
}

enum mzg_status mzg_write_frame(struct mzg_zarr_store *store, const char *path, const struct mzg_frame *frame,
                                struct mzg_codec codec, struct mzg_error *err)
{
    json_t *attributes = mzg_encoding("dataframe", "0.2.0");
    json_t *order = json_array();
    for (int i = 0; i < frame->n_columns; i++)
        json_array_append_new(order, json_string(frame->columns[i].name));
    json_object_set_new(attributes, "_index", json_string("_index"));
    json_object_set_new(attributes, "column-order", order);
    if (mzg_zarr_group(store, path, attributes, err) != MZG_OK)
        return err->status;

    char *index = join(path, "_index");
    if (!index)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its index", path);
    mzg_write_strings(store, index, frame->n, index_text, frame, err);
    free(index);
    for (int i = 0; i < frame->n_columns && err->status == MZG_OK; i++)
        write_column(store, path, frame->n, &frame->columns[i], codec, err);
    return err->status;
}
