#include <spatialdata/matrix_arrays.h>

#include <anndata/zarr_rows.h>
#include <core/agree.h>
#include <core/memory.h>
#include <core/piece.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_VALUES = 1 << 18,  /* of a chunk of data or indices: an ion image of a csc matrix touches few */
    SHARDS = 64,             /* so many, that ranks can share the work, unless that makes them too large: */
    SHARD_VALUES = 32 << 20, /* 128 MiB of float32, which keeps 100 GB below 1000 files */
    INDPTR_CHUNK = 1 << 16,
    DENSE_CHUNK = 1 << 18, /* values, in bands of: */
    BAND_ROWS = 128,       /* unless that makes them too large: */
    BAND_VALUES = 8 << 20
};

/* The first number of values that int32 does not count. */
static const int64_t usual_wide_from = INT64_C(1) << 31;

enum mzg_type mzg_matrix_index_type(int64_t n_values, int64_t wide_from)
{
    return n_values < (wide_from > 0 ? wide_from : usual_wide_from) ? MZG_INT32 : MZG_INT64;
}

static int64_t ceil_div(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

/* The units of a shard of an array that has, or can have, n items. */
static int64_t units_of_shard(int64_t n, int64_t unit_items, int64_t most_items)
{
    int64_t units = ceil_div(ceil_div(n, SHARDS), unit_items);
    int64_t most = ceil_div(most_items, unit_items);
    return units < 1 ? 1 : units > most ? most : units;
}

enum { PATH_SIZE = 512 };

/* The path of the matrix in the store, with "/name" behind it if there is a name. */
static void find_path(struct mzg_sdata *sdata, const struct mzg_matrix_spec *spec, const char *name,
                      char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s%s%s", mzg_sdata_table_path(sdata), spec->path ? spec->path : "X",
             *name ? "/" : "", name);
}

static enum mzg_status declare_vector(struct mzg_sdata *sdata, const struct mzg_matrix_spec *matrix,
                                      const char *name, const struct mzg_zarr_array_spec *spec,
                                      struct mzg_zarr_array **array, struct mzg_error *err)
{
    char path[PATH_SIZE];
    find_path(sdata, matrix, name, path);
    return mzg_zarr_array(mzg_sdata_store(sdata), path, spec, json_object(), array, err);
}

static struct mzg_zarr_array_spec vector_of(enum mzg_type type, int64_t n, int64_t chunk, int64_t shard,
                                            struct mzg_codec codec)
{
    return (struct mzg_zarr_array_spec){
        .type = type, .n_dimensions = 1, .shape = {n}, .chunk = {chunk}, .shard = {shard}, .codec = codec};
}

/* The group of a sparse matrix, and that of the layers if it is one. */
static enum mzg_status declare_group(struct mzg_sdata *sdata, const struct mzg_matrix_spec *spec,
                                     json_t *attributes, struct mzg_error *err)
{
    char path[PATH_SIZE], layers[PATH_SIZE];
    find_path(sdata, spec, "", path);
    snprintf(layers, sizeof layers, "%s/layers", mzg_sdata_table_path(sdata));
    if (strncmp(path, layers, strlen(layers)) == 0 &&
        mzg_zarr_group(mzg_sdata_store(sdata), layers, mzg_encoding("dict", "0.1.0"), err) != MZG_OK) {
        json_decref(attributes);
        return err->status;
    }
    return mzg_zarr_group(mzg_sdata_store(sdata), path, attributes, err);
}

static json_t *sparse_attributes(const struct mzg_matrix_spec *spec, int64_t n_rows)
{
    const char *type = spec->layout == MZG_MATRIX_CSC ? "csc_matrix" : "csr_matrix";
    if (spec->rows_are_columns)
        return mzg_encoding_of_sparse("csc_matrix", spec->n_columns, n_rows);
    return mzg_encoding_of_sparse(type, n_rows, spec->n_columns);
}

static enum mzg_status declare_sparse(struct mzg_sdata *sdata, int64_t n_rows, int64_t n_values,
                                      struct mzg_matrix_arrays *x, struct mzg_error *err)
{
    const struct mzg_matrix_spec *spec = &x->spec;
    bool is_counted = spec->layout == MZG_MATRIX_CSC && !spec->sized_by_most;
    int64_t expected = is_counted ? n_values : spec->most_values;
    x->index_type = mzg_matrix_index_type(expected, spec->wide_from);
    x->unit_items = CHUNK_VALUES;
    x->units_per_shard = units_of_shard(expected, CHUNK_VALUES, SHARD_VALUES);
    x->n_arrays = 2;
    x->n_parts = 2;
    int64_t shard = x->units_per_shard * CHUNK_VALUES;
    struct mzg_zarr_array_spec data = vector_of(spec->value_type, n_values, CHUNK_VALUES, shard, spec->codec);
    struct mzg_zarr_array_spec indices = vector_of(x->index_type, n_values, CHUNK_VALUES, shard, spec->codec);
    indices.is_whole = true; /* all 0 are those of a first row alone; readers refuse what seems to be lost */
    if (declare_group(sdata, spec, sparse_attributes(spec, n_rows), err) != MZG_OK ||
        declare_vector(sdata, spec, "data", &data, &x->arrays[0], err) != MZG_OK)
        return err->status;
    return declare_vector(sdata, spec, "indices", &indices, &x->arrays[1], err);
}

int64_t mzg_matrix_band_rows(int64_t n_columns)
{
    int64_t rows = BAND_ROWS;
    while (rows > 1 && rows * n_columns > BAND_VALUES)
        rows /= 2;
    return rows;
}

static enum mzg_status declare_dense(struct mzg_sdata *sdata, int64_t n_rows, struct mzg_matrix_arrays *x,
                                     struct mzg_error *err)
{
    const struct mzg_matrix_spec *spec = &x->spec;
    int64_t band = mzg_matrix_band_rows(spec->n_columns);
    int64_t chunk = DENSE_CHUNK / band;
    x->chunk_columns = chunk < spec->n_columns ? chunk : spec->n_columns;
    x->unit_items = band;
    x->units_per_shard = units_of_shard(spec->most_rows, band, ceil_div(SHARD_VALUES, spec->n_columns));
    x->n_arrays = 1;
    x->n_parts = ceil_div(spec->n_columns, x->chunk_columns);
    struct mzg_zarr_array_spec array = {.type = spec->value_type,
                                        .n_dimensions = 2,
                                        .shape = {n_rows, spec->n_columns},
                                        .chunk = {band, x->chunk_columns},
                                        .shard = {band * x->units_per_shard, x->n_parts * x->chunk_columns},
                                        .codec = spec->codec};
    char path[PATH_SIZE];
    find_path(sdata, spec, "", path);
    json_t *attributes = mzg_encoding("array", "0.2.0");
    return mzg_zarr_array(mzg_sdata_store(sdata), path, &array, attributes, &x->arrays[0], err);
}

enum mzg_status mzg_matrix_arrays_declare(struct mzg_sdata *sdata, const struct mzg_matrix_spec *spec,
                                          int64_t n_rows, int64_t n_values, struct mzg_matrix_arrays *x,
                                          struct mzg_error *err)
{
    *x = (struct mzg_matrix_arrays){.spec = *spec};
    return spec->layout == MZG_MATRIX_DENSE ? declare_dense(sdata, n_rows, x, err)
                                            : declare_sparse(sdata, n_rows, n_values, x, err);
}

/* Makes numbers int32 where they lie. */
static enum mzg_status narrow(int64_t *numbers, int64_t n, struct mzg_error *err)
{
    char *to = (char *)numbers;
    for (int64_t i = 0; i < n; i++) {
        if (numbers[i] > INT32_MAX)
            return mzg_fail(err, MZG_ERANGE, "%" PRId64 " values are more than the input was taken to give",
                            numbers[i]);
        int32_t number = (int32_t)numbers[i];
        memcpy(to + (size_t)i * sizeof number, &number, sizeof number);
    }
    return MZG_OK;
}

static struct mzg_zarr_array_spec indptr_of(const struct mzg_matrix_arrays *x, int64_t n)
{
    int64_t shard = units_of_shard(n, INDPTR_CHUNK, SHARD_VALUES) * INDPTR_CHUNK;
    return vector_of(x->index_type, n, INDPTR_CHUNK, shard, x->spec.codec);
}

enum mzg_status mzg_matrix_write_indptr(struct mzg_sdata *sdata, const struct mzg_matrix_arrays *x, int64_t n,
                                        mzg_matrix_begins_fn *begins, void *context, struct mzg_error *err)
{
    struct mzg_zarr_array *indptr;
    struct mzg_zarr_array_spec spec = indptr_of(x, n);
    int64_t shard = spec.shard[0];
    if (declare_vector(sdata, &x->spec, "indptr", &spec, &indptr, err) != MZG_OK || !begins)
        return err->status;
    int64_t *numbers = malloc((size_t)(n < shard ? n : shard) * sizeof *numbers);
    if (!numbers)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " places in the matrix", n);
    for (int64_t first = 0, file = 0; first < n && err->status == MZG_OK; first += shard, file++) {
        int64_t count = n - first < shard ? n - first : shard;
        if (begins(context, first, count, numbers, err) == MZG_OK &&
            (x->index_type == MZG_INT64 || narrow(numbers, count, err) == MZG_OK))
            mzg_zarr_write(indptr, file, numbers, err);
    }
    free(numbers);
    return err->status;
}

_Static_assert((int)INDPTR_CHUNK == (int)MZG_PIECE_ROWS, "a piece is a chunk of indptr");

enum mzg_status mzg_matrix_write_indptr_of_rows(struct mzg_sdata *sdata, const struct mzg_matrix_arrays *x,
                                                const struct mzg_context *context, int64_t n,
                                                const struct mzg_frame_rows *rows, struct mzg_error *err)
{
    struct mzg_zarr_array *indptr;
    struct mzg_zarr_rows arrays = {0};
    struct mzg_zarr_array_spec spec = indptr_of(x, n);
    if (declare_vector(sdata, &x->spec, "indptr", &spec, &indptr, err) == MZG_OK)
        mzg_zarr_rows_add(&arrays, indptr, &spec, (struct mzg_row_column){.rows = rows}, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    return mzg_zarr_rows_write(&arrays, context, n, err);
}

enum mzg_status mzg_matrix_arrays_cut(struct mzg_sdata *sdata, struct mzg_matrix_arrays *x, int64_t n_rows,
                                      int64_t n_values, struct mzg_error *err)
{
    if (x->spec.layout == MZG_MATRIX_DENSE)
        return mzg_zarr_array_cut(x->arrays[0], n_rows, err);
    char path[PATH_SIZE];
    find_path(sdata, &x->spec, "", path);
    if (mzg_zarr_array_cut(x->arrays[0], n_values, err) != MZG_OK ||
        mzg_zarr_array_cut(x->arrays[1], n_values, err) != MZG_OK)
        return err->status;
    return mzg_zarr_set_attributes(mzg_sdata_store(sdata), path, sparse_attributes(&x->spec, n_rows), err);
}

int mzg_matrix_part(const struct mzg_matrix_arrays *x, int64_t unit, int64_t part, int64_t *inner)
{
    int64_t in_shard = unit % x->units_per_shard;
    bool dense = x->n_arrays == 1;
    *inner = dense ? in_shard * x->n_parts + part : in_shard;
    return dense ? 0 : (int)part;
}
