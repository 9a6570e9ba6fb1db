#include <anndata/hdf5_backend.h>

#include <core/array.h>
#include <core/file.h>
#include <core/piece.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

enum { PIECE_STRINGS = MZG_PIECE_ROWS }; /* so that a million names never stand in memory together */

static struct mzg_hdf5_backend *hdf5_of(struct mzg_backend *backend)
{
    return (struct mzg_hdf5_backend *)backend;
}

enum mzg_status mzg_hdf5_failed(const struct mzg_hdf5_backend *backend, struct mzg_error *err)
{
    if (err->status != MZG_OK)
        return err->status;
    return mzg_file_write_failed(err, backend->path, "the metadata of the .h5ad file", errno);
}

static hid_t type_of(const struct mzg_hdf5_backend *hdf5, enum mzg_type type)
{
    switch (type) {
    case MZG_BOOL:
        return hdf5->boolean;
    case MZG_INT8:
        return H5T_NATIVE_INT8;
    case MZG_INT32:
        return H5T_NATIVE_INT32;
    case MZG_INT64:
        return H5T_NATIVE_INT64;
    case MZG_FLOAT32:
        return H5T_NATIVE_FLOAT;
    case MZG_FLOAT64:
        return H5T_NATIVE_DOUBLE;
    case MZG_STRING:
        break;
    }
    return hdf5->string;
}

/* A space of n × width elements (width 0: a vector of n; n < 0: a scalar). */
static hid_t space_of(int64_t n, int64_t width)
{
    hsize_t shape[2] = {(hsize_t)n, (hsize_t)width};
    return n < 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(width > 0 ? 2 : 1, shape, NULL);
}

/* An attribute of n values, or one (n < 0). */
static bool put_attribute(hid_t object, const char *name, hid_t type, int64_t n, const void *values)
{
    hid_t space = space_of(n, 0);
    hid_t attribute = space < 0 ? space : H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    return attribute >= 0 && (n == 0 || H5Awrite(attribute, type, values) >= 0) && H5Aclose(attribute) >= 0 &&
           H5Sclose(space) >= 0;
}

/* A list of strings, or of whole numbers. */
static bool put_list(const struct mzg_hdf5_backend *hdf5, hid_t object, const char *name, const json_t *list)
{
    size_t n = json_array_size(list);
    const char **texts = calloc(n + 1, sizeof *texts);
    int64_t *numbers = calloc(n + 1, sizeof *numbers);
    bool are_numbers = n > 0, done = false;
    for (size_t i = 0; i < n && texts && numbers; i++) {
        const json_t *item = json_array_get(list, i);
        are_numbers = are_numbers && json_is_integer(item);
        texts[i] = json_is_string(item) ? json_string_value(item) : "";
        numbers[i] = json_integer_value(item);
    }
    if (texts && numbers)
        done = are_numbers ? put_attribute(object, name, H5T_NATIVE_INT64, (int64_t)n, numbers)
                           : put_attribute(object, name, hdf5->string, (int64_t)n, texts);
    free(numbers);
    free(texts);
    return done;
}

static bool put_json(const struct mzg_hdf5_backend *hdf5, hid_t object, const char *name, const json_t *value)
{
    if (json_is_array(value))
        return put_list(hdf5, object, name, value);
    if (json_is_boolean(value))
        return put_attribute(object, name, hdf5->boolean, -1, &(int8_t){json_is_true(value)});
    const char *text = json_string_value(value);
    return text && put_attribute(object, name, hdf5->string, -1, &text);
}

enum mzg_status mzg_hdf5_set_attributes(struct mzg_hdf5_backend *backend, hid_t object, json_t *attributes,
                                        struct mzg_error *err)
{
    const char *name;
    json_t *value;
    if (!attributes)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for attributes", backend->path);
    json_object_foreach(attributes, name, value)
    {
        if (!put_json(backend, object, name, value)) {
            mzg_hdf5_failed(backend, err);
            break;
        }
    }
    json_decref(attributes);
    return err->status;
}

enum mzg_status mzg_hdf5_end_group(struct mzg_hdf5_backend *hdf5, hid_t group, json_t *attributes,
                                   struct mzg_error *err)
{
    if (group < 0) {
        json_decref(attributes);
        return mzg_hdf5_failed(hdf5, err);
    }
    if (mzg_hdf5_set_attributes(hdf5, group, attributes, err) != MZG_OK)
        return err->status;
    return H5Gclose(group) < 0 ? mzg_hdf5_failed(hdf5, err) : MZG_OK;
}

static enum mzg_status hdf5_group(struct mzg_backend *backend, const char *path, json_t *attributes,
                                  struct mzg_error *err)
{
    struct mzg_hdf5_backend *hdf5 = hdf5_of(backend);
    return mzg_hdf5_end_group(hdf5, H5Gcreate2(hdf5->file, path, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                              attributes, err);
}

/* A dataset with its encoding, and without values; below 0: failed. Takes the reference to `attributes`. */
static hid_t make_dataset(struct mzg_hdf5_backend *hdf5, const char *path, hid_t type, int64_t n,
                          int64_t width, json_t *attributes, struct mzg_error *err)
{
    hid_t space = space_of(n, width);
    hid_t dataset =
        space < 0 ? space : H5Dcreate2(hdf5->file, path, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (dataset < 0 || H5Sclose(space) < 0) {
        json_decref(attributes);
        mzg_hdf5_failed(hdf5, err);
        return -1;
    }
    return mzg_hdf5_set_attributes(hdf5, dataset, attributes, err) == MZG_OK ? dataset : -1;
}

/* Writes rows first .. first + n - 1 of a dataset that has `width` values in each (0: a vector). */
static bool write_rows(hid_t dataset, hid_t type, int64_t first, int64_t n, int64_t width, const void *values)
{
    hsize_t start[2] = {(hsize_t)first, 0}, count[2] = {(hsize_t)n, (hsize_t)width};
    hid_t file_space = H5Dget_space(dataset);
    hid_t memory_space = space_of(n, width);
    return file_space >= 0 && memory_space >= 0 &&
           H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
           H5Dwrite(dataset, type, memory_space, file_space, H5P_DEFAULT, values) >= 0 &&
           H5Sclose(memory_space) >= 0 && H5Sclose(file_space) >= 0;
}

/* Of rows that lie on all ranks. */
static bool write_pieces(struct mzg_hdf5_backend *hdf5, hid_t dataset, hid_t type,
                         const struct mzg_numbers *numbers)
{
    int64_t n = 0;
    for (int64_t first = 0; first < numbers->n; first += n) {
        const void *values = mzg_row_pieces_take(hdf5->pieces, &n);
        if (!write_rows(dataset, type, first, n, numbers->width, values))
            return false;
    }
    return true;
}

static enum mzg_status hdf5_numbers(struct mzg_backend *backend, const char *path,
                                    const struct mzg_numbers *numbers, struct mzg_error *err)
{
    struct mzg_hdf5_backend *hdf5 = hdf5_of(backend);
    hid_t type = type_of(hdf5, numbers->type);
    hid_t dataset =
        make_dataset(hdf5, path, type, numbers->n, numbers->width, mzg_encoding_of_numbers(numbers), err);
    if (dataset < 0)
        return err->status;
    bool is_empty = !numbers->values || numbers->n == 0; /* what is not written reads as 0 */
    bool done = numbers->of_rows.rows ? write_pieces(hdf5, dataset, type, numbers)
                : is_empty            ? true
                           : H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers->values) >= 0;
    return !done || H5Dclose(dataset) < 0 ? mzg_hdf5_failed(hdf5, err) : MZG_OK;
}

/* Strings in memory, as HDF5 wants them. All zero: none. */
struct texts {
    char *bytes;
    int64_t capacity;
    const char **pointers;
};

/* Makes strings first .. first + n - 1 stand in memory. */
static enum mzg_status get_texts(struct texts *texts, const struct mzg_strings *strings, int64_t first,
                                 int64_t n, struct mzg_error *err)
{
    size_t size = 0, at = 0;
    for (int64_t i = 0; i < n; i++)
        size += (size_t)strings->item(strings->source, first + i, NULL, 0) + 1;
    if (!texts->pointers)
        texts->pointers = malloc(PIECE_STRINGS * sizeof *texts->pointers);
    if (!texts->pointers)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %lld strings of the .h5ad file", (long long)n);
    if (mzg_array_reserve(&texts->bytes, 1, (int64_t)size, &texts->capacity, "bytes of strings", err) !=
        MZG_OK)
        return err->status;
    for (int64_t i = 0; i < n; i++) {
        int64_t length = strings->item(strings->source, first + i, texts->bytes + at, (int64_t)(size - at));
        texts->pointers[i] = texts->bytes + at;
        at += (size_t)length;
        texts->bytes[at++] = '\0';
    }
    return MZG_OK;
}

static enum mzg_status hdf5_strings(struct mzg_backend *backend, const char *path,
                                    const struct mzg_strings *strings, struct mzg_error *err)
{
    struct mzg_hdf5_backend *hdf5 = hdf5_of(backend);
    struct texts texts = {0};
    bool is_scalar = strings->n < 0;
    hid_t dataset =
        make_dataset(hdf5, path, hdf5->string, strings->n, 0, mzg_encoding_of_strings(strings), err);
    if (dataset < 0)
        return err->status;
    if (is_scalar && get_texts(&texts, strings, 0, 1, err) == MZG_OK &&
        H5Dwrite(dataset, hdf5->string, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts.pointers) < 0)
        mzg_hdf5_failed(hdf5, err);
    for (int64_t first = 0; first < strings->n && err->status == MZG_OK; first += PIECE_STRINGS) {
        int64_t n = strings->n - first < PIECE_STRINGS ? strings->n - first : PIECE_STRINGS;
        struct mzg_strings piece = *strings;
        struct mzg_decimals decimals = {.first = first};
        if (strings->of_rows.rows) {
            decimals.numbers = mzg_row_pieces_take(hdf5->pieces, &n);
            piece.item = mzg_decimal_text;
            piece.source = &decimals;
        }
        if (get_texts(&texts, &piece, first, n, err) == MZG_OK &&
            !write_rows(dataset, hdf5->string, first, n, 0, texts.pointers))
            mzg_hdf5_failed(hdf5, err);
    }
    if (err->status == MZG_OK && H5Dclose(dataset) < 0)
        mzg_hdf5_failed(hdf5, err);
    free(texts.pointers);
    free(texts.bytes);
    return err->status;
}

static const struct mzg_backend_kind hdf5_kind = {
    .group = hdf5_group, .numbers = hdf5_numbers, .strings = hdf5_strings};

enum mzg_status mzg_hdf5_backend_open(const char *path, hid_t file, struct mzg_hdf5_backend *backend,
                                      struct mzg_error *err)
{
    *backend = (struct mzg_hdf5_backend){.base = {.kind = &hdf5_kind},
                                         .path = path,
                                         .file = file,
                                         .string = H5Tcopy(H5T_C_S1),
                                         .boolean = H5Tenum_create(H5T_NATIVE_INT8)};
    if (backend->string < 0 || H5Tset_size(backend->string, H5T_VARIABLE) < 0 ||
        H5Tset_cset(backend->string, H5T_CSET_UTF8) < 0 || backend->boolean < 0 ||
        H5Tenum_insert(backend->boolean, "FALSE", &(int8_t){0}) < 0 ||
        H5Tenum_insert(backend->boolean, "TRUE", &(int8_t){1}) < 0)
        return mzg_hdf5_failed(backend, err);
    return MZG_OK;
}

enum mzg_status mzg_hdf5_backend_close(struct mzg_hdf5_backend *backend, struct mzg_error *err)
{
    if (H5Tclose(backend->string) < 0 || H5Tclose(backend->boolean) < 0)
        return mzg_hdf5_failed(backend, err);
    return MZG_OK;
}
