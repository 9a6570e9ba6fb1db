/* Frames as AnnData's dataframe: a group with a member for the index and one for each column. */
#include <anndata/elements.h>

#include <core/json.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t copy_text(const char *from, size_t length, char *text, int64_t size)
{
    if (text)
        memcpy(text, from, (int64_t)length < size ? length : (size_t)size);
    return (int64_t)length;
}

/* By hand: of 10^8 rows snprintf(), which is asked for each twice, takes seconds. */
int64_t mzg_decimal_text(const void *source, int64_t i, char *text, int64_t size)
{
    const struct mzg_decimals *decimals = source;
    int64_t number = decimals->numbers[i - decimals->first];
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    char decimal[24], *end = decimal + sizeof decimal, *begin = end;
    do
        *--begin = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (number < 0)
        *--begin = '-';
    return copy_text(begin, (size_t)(end - begin), text, size);
}

static int64_t index_text(const void *source, int64_t i, char *text, int64_t size)
{
    const struct mzg_frame *frame = source;
    if (frame->index_texts)
        return copy_text(frame->index_texts[i], strlen(frame->index_texts[i]), text, size);
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

static enum mzg_status write_strings(struct mzg_backend *backend, const char *path, int64_t n,
                                     int64_t (*item)(const void *, int64_t, char *, int64_t),
                                     const void *source, struct mzg_error *err)
{
    return backend->kind->strings(backend, path,
                                  &(struct mzg_strings){.n = n, .item = item, .source = source}, err);
}

/* With one category every row has code 0. */
static enum mzg_status write_categorical(struct mzg_backend *backend, const char *path,
                                         const struct mzg_column *column, int64_t n,
                                         const struct mzg_frame_rows *rows, struct mzg_error *err)
{
    bool is_one = column->category != NULL;
    struct mzg_numbers numbers = {
        .type = is_one ? MZG_INT8 : column->type, .n = n, .values = is_one ? NULL : column->values};
    if (!is_one)
        numbers.of_rows = (struct mzg_row_column){rows, column->of_rows};
    char *categories = join(path, "categories");
    char *codes = join(path, "codes");
    json_t *attributes = mzg_json_with(mzg_encoding("categorical", "0.2.0"), "ordered", json_false());
    if (!categories || !codes) {
        json_decref(attributes);
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for this column", path);
    } else if (backend->kind->group(backend, path, attributes, err) == MZG_OK &&
               write_strings(backend, categories, is_one ? 1 : column->n_categories,
                             is_one ? category_text : column_text,
                             is_one ? (const void *)column->category : column->categories, err) == MZG_OK) {
        backend->kind->numbers(backend, codes, &numbers, err);
    }
    free(codes);
    free(categories);
    return err->status;
}

static enum mzg_status write_column(struct mzg_backend *backend, const char *frame_path,
                                    const struct mzg_frame *frame, const struct mzg_column *column,
                                    struct mzg_error *err)
{
    char *path = join(frame_path, column->name);
    int64_t n = frame->n;
    struct mzg_numbers numbers = {
        .type = column->type, .n = n, .values = column->values, .of_rows = {frame->rows, column->of_rows}};
    struct mzg_strings strings = {
        .n = n, .of_rows = numbers.of_rows, .item = column_text, .source = column->values};
    if (!path)
        mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for this column", frame_path, column->name);
    else if (column->category || column->categories)
        write_categorical(backend, path, column, n, frame->rows, err);
    else if (column->type == MZG_STRING)
        backend->kind->strings(backend, path, &strings, err);
    else
        backend->kind->numbers(backend, path, &numbers, err);
    free(path);
    return err->status;
}

/* The attributes of a frame; NULL: no memory. */
static json_t *frame_attributes(const struct mzg_frame *frame)
{
    json_t *order = json_array();
    for (int i = 0; i < frame->n_columns; i++)
        order = mzg_json_append(order, json_string(frame->columns[i].name));
    json_t *attributes = mzg_json_with(mzg_encoding("dataframe", "0.2.0"), "_index", json_string("_index"));
    return mzg_json_with(attributes, "column-order", order);
}

enum mzg_status mzg_write_frame(struct mzg_backend *backend, const char *path, const struct mzg_frame *frame,
                                struct mzg_error *err)
{
    if (backend->kind->group(backend, path, frame_attributes(frame), err) != MZG_OK)
        return err->status;

    char *index = join(path, "_index");
    if (!index)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its index", path);
    struct mzg_strings strings = {
        .n = frame->n, .of_rows = {frame->rows, frame->index_of_rows}, .item = index_text, .source = frame};
    backend->kind->strings(backend, index, &strings, err);
    free(index);
    for (int i = 0; i < frame->n_columns && err->status == MZG_OK; i++)
        write_column(backend, path, frame, &frame->columns[i], err);
    return err->status;
}
