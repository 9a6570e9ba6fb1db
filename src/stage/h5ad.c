/*
 * AnnData's on-disk format in HDF5: every element is a group or dataset with the attributes encoding-type and
 * encoding-version. Strings are UTF-8 of variable length.
 *
 * A failing HDF5 call leaves `failed` set and the rest goes on: all handles are closed on one path, and one
 * sentence tells the user, who can do nothing about the difference.
 */
#include <stage/h5ad.h>

#include <core/file.h>

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE_ROWS = 1 << 16, NAME_BYTES = 64 };

struct writer {
    hid_t file;
    hid_t string; /* UTF-8, variable length */
    bool failed;
};

static void check(struct writer *w, bool ok)
{
    w->failed = w->failed || !ok;
}

static void put_attribute(struct writer *w, hid_t object, const char *name, hid_t type, hid_t space,
                          const void *value)
{
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    check(w, attribute >= 0 && H5Awrite(attribute, type, value) >= 0);
    if (attribute >= 0)
        H5Aclose(attribute);
}

static void put_string_attribute(struct writer *w, hid_t object, const char *name, const char *value)
{
    hid_t scalar = H5Screate(H5S_SCALAR);
    put_attribute(w, object, name, w->string, scalar, &value);
    H5Sclose(scalar);
}

static void put_encoding(struct writer *w, hid_t object, const char *type, const char *version)
{
    put_string_attribute(w, object, "encoding-type", type);
    put_string_attribute(w, object, "encoding-version", version);
}

static hid_t put_group(struct writer *w, hid_t parent, const char *name, const char *type,
                       const char *version)
{
    hid_t group = H5Gcreate2(parent, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    check(w, group >= 0);
    if (group >= 0)
        put_encoding(w, group, type, version);
    return group;
}

static void close_group(hid_t group)
{
    if (group >= 0)
        H5Gclose(group);
}

static hid_t hdf5_type(enum mzg_type type)
{
    switch (type) {
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
    case MZG_BOOL: /* no column of ours is one */
    case MZG_STRING:
        break;
    }
    return -1;
}

/* A dataset of one or two dimensions, or a scalar, with its encoding; `values` may be NULL, to be written
 * later. */
static hid_t put_dataset(struct writer *w, hid_t parent, const char *name, hid_t type, int n_dimensions,
                         const hsize_t *shape, const char *encoding, const void *values)
{
    hid_t space = n_dimensions > 0 ? H5Screate_simple(n_dimensions, shape, NULL) : H5Screate(H5S_SCALAR);
    hid_t dataset = H5Dcreate2(parent, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    check(w, dataset >= 0);
    if (dataset >= 0) {
        put_encoding(w, dataset, encoding, "0.2.0");
        if (values)
            check(w, H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    }
    H5Sclose(space);
    return dataset;
}

static void put_array(struct writer *w, hid_t parent, const char *name, hid_t type, int n_dimensions,
                      const hsize_t *shape, const void *values)
{
    hid_t dataset = put_dataset(w, parent, name, type, n_dimensions, shape, "array", values);
    if (dataset >= 0)
        H5Dclose(dataset);
}

static void put_strings(struct writer *w, hid_t parent, const char *name, const char *const *values,
                        int64_t n)
{
    hsize_t shape = (hsize_t)n;
    hid_t dataset = put_dataset(w, parent, name, w->string, 1, &shape, "string-array",
                                n > 0 ? (const void *)values : NULL);
    if (dataset >= 0)
        H5Dclose(dataset);
}

/* The index of a frame, in pieces, so that a million names never stand in memory together. */
static void put_index(struct writer *w, hid_t parent, const struct mzg_frame *frame)
{
    hsize_t shape = (hsize_t)frame->n;
    hid_t dataset = put_dataset(w, parent, "_index", w->string, 1, &shape, "string-array", NULL);
    char *names = malloc((size_t)PIECE_ROWS * NAME_BYTES);
    const char **pointers = malloc(PIECE_ROWS * sizeof *pointers);
    check(w, names && pointers);
    for (int64_t first = 0; first < frame->n && !w->failed; first += PIECE_ROWS) {
        hsize_t start = (hsize_t)first;
        hsize_t count = (hsize_t)(frame->n - first < PIECE_ROWS ? frame->n - first : PIECE_ROWS);
        for (hsize_t i = 0; i < count; i++) {
            pointers[i] = names + i * NAME_BYTES;
            mzg_frame_index(frame, first + (int64_t)i, names + i * NAME_BYTES, NAME_BYTES);
        }
        hid_t file_space = H5Dget_space(dataset);
        hid_t memory_space = H5Screate_simple(1, &count, NULL);
        H5Sselect_hyperslab(file_space, H5S_SELECT_SET, &start, NULL, &count, NULL);
        check(w, H5Dwrite(dataset, w->string, memory_space, file_space, H5P_DEFAULT, pointers) >= 0);
        H5Sclose(memory_space);
        H5Sclose(file_space);
    }
    free(pointers);
    free(names);
    if (dataset >= 0)
        H5Dclose(dataset);
}

/* A categorical column of one category: every code is 0. */
static void put_category(struct writer *w, hid_t parent, const struct mzg_column *column, int64_t n)
{
    hid_t group = put_group(w, parent, column->name, "categorical", "0.2.0");
    int8_t *codes = calloc((size_t)n + 1, sizeof *codes);
    check(w, codes != NULL);
    if (group >= 0 && codes) {
        hsize_t shape = (hsize_t)n;
        hid_t scalar = H5Screate(H5S_SCALAR);
        hbool_t ordered = 0;
        put_attribute(w, group, "ordered", H5T_NATIVE_HBOOL, scalar, &ordered);
        H5Sclose(scalar);
        put_strings(w, group, "categories", &column->category, 1);
        put_array(w, group, "codes", H5T_NATIVE_INT8, 1, &shape, codes);
    }
    free(codes);
    close_group(group);
}

static void put_frame(struct writer *w, hid_t parent, const char *name, const struct mzg_frame *frame)
{
    hid_t group = put_group(w, parent, name, "dataframe", "0.2.0");
    if (group < 0)
        return;
    const char *order[MZG_FRAME_MAX_COLUMNS];
    hsize_t n_columns = (hsize_t)frame->n_columns, n = (hsize_t)frame->n;
    for (int i = 0; i < frame->n_columns; i++)
        order[i] = frame->columns[i].name;
    hid_t space = H5Screate_simple(1, &n_columns, NULL);
    put_attribute(w, group, "column-order", w->string, space, order);
    H5Sclose(space);
    put_string_attribute(w, group, "_index", "_index");

    put_index(w, group, frame);
    for (int i = 0; i < frame->n_columns; i++) {
        const struct mzg_column *column = &frame->columns[i];
        if (column->category)
            put_category(w, group, column, frame->n);
        else if (column->type == MZG_STRING)
            put_strings(w, group, column->name, column->values, frame->n);
        else
            put_array(w, group, column->name, hdf5_type(column->type), 1, &n, column->values);
    }
    close_group(group);
}

static void put_scalar(struct writer *w, hid_t parent, const char *name, hid_t type, const char *encoding,
                       const void *value)
{
    hid_t dataset = put_dataset(w, parent, name, type, 0, NULL, encoding, value);
    if (dataset >= 0)
        H5Dclose(dataset);
}

/* An array of strings, or of numbers, which become doubles. */
static void put_json_array(struct writer *w, hid_t parent, const char *name, const json_t *array)
{
    size_t n = json_array_size(array);
    hsize_t shape = n;
    const char **strings = calloc(n + 1, sizeof *strings);
    double *numbers = calloc(n + 1, sizeof *numbers);
    check(w, strings && numbers);
    for (size_t i = 0; i < n && strings && numbers; i++) {
        const json_t *item = json_array_get(array, i);
        strings[i] = json_is_string(item) ? json_string_value(item) : "";
        numbers[i] = json_number_value(item);
    }
    if (n > 0 && json_is_number(json_array_get(array, 0)))
        put_array(w, parent, name, H5T_NATIVE_DOUBLE, 1, &shape, numbers);
    else
        put_strings(w, parent, name, strings, (int64_t)n);
    free(numbers);
    free(strings);
}

/* '/' separates the levels of an HDF5 path, so it cannot stand in a name. */
static void clean_name(const char *name, char *clean, size_t size)
{
    size_t i = 0;
    for (; name[i] && i + 1 < size; i++)
        clean[i] = name[i] == '/' ? '_' : name[i];
    clean[i] = '\0';
}

static void put_tree(struct writer *w, hid_t parent, const char *raw_name, json_t *tree);

static void put_children(struct writer *w, hid_t group, json_t *object)
{
    const char *key;
    json_t *child;
    json_object_foreach(object, key, child) put_tree(w, group, key, child);
}

static void put_tree(struct writer *w, hid_t parent, const char *raw_name, json_t *tree)
{
    char name[256];
    clean_name(raw_name, name, sizeof name);
    if (json_is_object(tree)) {
        hid_t group = put_group(w, parent, name, "dict", "0.1.0");
        if (group >= 0)
            put_children(w, group, tree);
        close_group(group);
    } else if (json_is_array(tree)) {
        put_json_array(w, parent, name, tree);
    } else if (json_is_string(tree)) {
        const char *text = json_string_value(tree);
        put_scalar(w, parent, name, w->string, "string", &text);
    } else if (json_is_integer(tree)) {
        int64_t number = json_integer_value(tree);
        put_scalar(w, parent, name, H5T_NATIVE_INT64, "numeric-scalar", &number);
    } else if (json_is_real(tree)) {
        double number = json_real_value(tree);
        put_scalar(w, parent, name, H5T_NATIVE_DOUBLE, "numeric-scalar", &number);
    } else if (json_is_boolean(tree)) {
        int64_t number = json_is_true(tree);
        put_scalar(w, parent, name, H5T_NATIVE_INT64, "numeric-scalar", &number);
    }
}

static void complete_matrix(struct writer *w, const struct mzg_h5ad *h5ad)
{
    hid_t group = H5Gopen2(w->file, "X", H5P_DEFAULT);
    check(w, group >= 0);
    if (group < 0)
        return;
    int64_t shape[2] = {h5ad->n_rows, h5ad->var->n};
    hsize_t two = 2;
    hid_t space = H5Screate_simple(1, &two, NULL);
    put_encoding(w, group, "csr_matrix", "0.1.0");
    put_attribute(w, group, "shape", H5T_NATIVE_INT64, space, shape);
    H5Sclose(space);
    H5Gclose(group);
}

static void put_uns(struct writer *w, const struct mzg_h5ad *h5ad)
{
    hid_t uns = put_group(w, w->file, "uns", "dict", "0.1.0");
    if (uns < 0)
        return;
    hsize_t n_bins = (hsize_t)h5ad->var->n;
    put_children(w, uns, h5ad->uns);
    put_array(w, uns, "average_spectrum", H5T_NATIVE_DOUBLE, 1, &n_bins, h5ad->average_spectrum);
    put_frame(w, uns, "skipped_pixels", h5ad->skipped);
    close_group(uns);
}

static void put_obsm(struct writer *w, const struct mzg_h5ad *h5ad)
{
    hid_t obsm = put_group(w, w->file, "obsm", "dict", "0.1.0");
    hsize_t shape[2] = {(hsize_t)h5ad->n_rows, 2};
    if (obsm >= 0)
        put_array(w, obsm, "spatial", H5T_NATIVE_DOUBLE, 2, shape, h5ad->spatial);
    close_group(obsm);
}

static void put_empty_groups(struct writer *w)
{
    static const char *const names[] = {"layers", "obsp", "varm", "varp"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        close_group(put_group(w, w->file, names[i], "dict", "0.1.0"));
}

static int sync_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int status = fsync(fd);
    close(fd);
    return status;
}

enum mzg_status mzg_h5ad_complete(const char *path, const struct mzg_h5ad *h5ad, struct mzg_error *err)
{
    struct writer w = {.file = -1, .string = H5Tcopy(H5T_C_S1)};
    H5Tset_size(w.string, H5T_VARIABLE);
    H5Tset_cset(w.string, H5T_CSET_UTF8);
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110);
    H5Pset_file_locking(access, 0, 1);
    errno = 0;
    w.file = H5Fopen(path, H5F_ACC_RDWR, access);
    H5Pclose(access);
    check(&w, w.file >= 0);
    if (w.file >= 0) {
        put_encoding(&w, w.file, "anndata", "0.1.0");
        complete_matrix(&w, h5ad);
        put_frame(&w, w.file, "obs", h5ad->obs);
        put_frame(&w, w.file, "var", h5ad->var);
        put_obsm(&w, h5ad);
        put_uns(&w, h5ad);
        put_empty_groups(&w);
        check(&w, H5Fflush(w.file, H5F_SCOPE_GLOBAL) >= 0);
        check(&w, H5Fclose(w.file) >= 0);
    }
    H5Tclose(w.string);
    int code = errno;
    check(&w, !w.failed && sync_file(path) == 0);
    if (w.failed)
        return mzg_file_write_failed(err, path, "the metadata of the .h5ad file", code);
    return MZG_OK;
}
