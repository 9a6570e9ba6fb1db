/* Arrays as declared: the checks of a specification, the grid of chunk files, the metadata. */
#include <core/json.h>
#include <core/memory.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarr/box.h>
#include <zarr/codec.h>
#include <zarr/shard.h>
#include <zarr/store.h>

/* Room for the index of a shard must stay small against the shard. */
enum { MAX_INNER_CHUNKS = 1 << 24 };

static enum mzg_status multiply(const char *path, int64_t *product, int64_t factor, struct mzg_error *err)
{
    *product = mzg_size_product(*product, factor);
    if (*product < 0)
        return mzg_fail(err, MZG_ERANGE, "array %s: it has more than 2^63 bytes or chunks", path);
    return MZG_OK;
}

/* Works out dimension `d` of the grid. */
static enum mzg_status set_dimension(struct mzg_zarr_array *array, int d, struct mzg_error *err)
{
    const struct mzg_zarr_array_spec *spec = &array->spec;
    int64_t chunk = spec->chunk[d];
    int64_t file = spec->shard[0] > 0 ? spec->shard[d] : chunk;
    if (spec->shape[d] < 0 || chunk < 1 || file < chunk || file % chunk != 0)
        return mzg_fail(err, MZG_EUSAGE,
                        "array %s, dimension %d: %" PRId64 " elements in chunks of %" PRId64
                        " and shards of %" PRId64
                        ": a chunk has at least one element, a shard a whole number of chunks",
                        array->path, d, spec->shape[d], chunk, spec->shard[d]);
    array->file_shape[d] = file;
    array->grid[d] = spec->shape[d] / file + (spec->shape[d] % file != 0);
    array->inner[d] = file / chunk;
    if (multiply(array->path, &array->chunk_items, chunk, err) != MZG_OK ||
        multiply(array->path, &array->n_inner, array->inner[d], err) != MZG_OK)
        return err->status;
    return multiply(array->path, &array->n_files, array->grid[d], err);
}

static enum mzg_status set_grid(struct mzg_zarr_array *array, struct mzg_error *err)
{
    const struct mzg_zarr_array_spec *spec = &array->spec;
    int64_t item_size = spec->type == MZG_STRING ? 1 : mzg_type_size(spec->type);
    if (spec->n_dimensions < 0 || spec->n_dimensions > MZG_ZARR_MAX_DIMENSIONS || item_size == 0)
        return mzg_fail(err, MZG_EUSAGE, "array %s: %d dimensions of type %d; up to %d can be stored",
                        array->path, spec->n_dimensions, (int)spec->type, MZG_ZARR_MAX_DIMENSIONS);
    array->chunk_items = array->n_inner = array->n_files = 1;
    int64_t bytes = item_size;
    for (int d = 0; d < spec->n_dimensions; d++) {
        if (set_dimension(array, d, err) != MZG_OK ||
            multiply(array->path, &bytes, spec->shape[d], err) != MZG_OK)
            return err->status;
    }
    int64_t chunk_bytes = mzg_size_product(array->chunk_items, item_size);
    if (chunk_bytes < 0 || chunk_bytes > MZG_CODEC_MAX_BYTES || array->n_inner > MAX_INNER_CHUNKS)
        return mzg_fail(err, MZG_ERANGE,
                        "array %s: chunks of %" PRId64 " elements, %" PRId64
                        " in a file; a chunk may have 2 GiB, a file %d chunks",
                        array->path, array->chunk_items, array->n_inner, MAX_INNER_CHUNKS);
    return MZG_OK;
}

static json_t *json_shape(int n, const int64_t *shape)
{
    json_t *list = json_array();
    for (int d = 0; d < n; d++)
        list = mzg_json_append(list, json_integer(shape[d]));
    return list;
}

static json_t *json_fill_value(enum mzg_type type)
{
    if (type == MZG_STRING)
        return json_string("");
    if (type == MZG_BOOL)
        return json_false();
    if (type == MZG_FLOAT32 || type == MZG_FLOAT64)
        return json_real(0.0);
    return json_integer(0);
}

/* The codecs of a chunk: array to bytes, then the compressor. */
static json_t *json_chunk_codecs(const struct mzg_zarr_array_spec *spec, struct mzg_error *err)
{
    json_t *compressor;
    int64_t chunk_bytes = mzg_type_size(spec->type) * mzg_block_items(spec->n_dimensions, spec->chunk);
    if (mzg_codec_json(&spec->codec, spec->type, chunk_bytes, &compressor, err) != MZG_OK)
        return NULL;
    json_t *to_bytes =
        spec->type == MZG_STRING
            ? json_pack("{s:s, s:{}}", "name", "vlen-utf8", "configuration")
            : json_pack("{s:s, s:{s:s}}", "name", "bytes", "configuration", "endian", "little");
    json_t *codecs = json_pack("[o]", to_bytes);
    return compressor ? mzg_json_append(codecs, compressor) : codecs;
}

static json_t *json_codecs(const struct mzg_zarr_array_spec *spec, struct mzg_error *err)
{
    json_t *codecs = json_chunk_codecs(spec, err);
    if (!codecs || spec->n_dimensions == 0 || spec->shard[0] == 0)
        return codecs;
    return json_pack("[{s:s, s:{s:o, s:o, s:[{s:s, s:{s:s}}, {s:s}], s:s}}]", "name", "sharding_indexed",
                     "configuration", "chunk_shape", json_shape(spec->n_dimensions, spec->chunk), "codecs",
                     codecs, "index_codecs", "name", "bytes", "configuration", "endian", "little", "name",
                     "crc32c", "index_location", "end");
}

/* Takes the reference to `attributes`. */
static json_t *json_metadata(const struct mzg_zarr_array *array, json_t *attributes, struct mzg_error *err)
{
    const struct mzg_zarr_array_spec *spec = &array->spec;
    int n = spec->n_dimensions;
    json_t *metadata = json_pack(
        "{s:i, s:s, s:o, s:s, s:{s:s, s:{s:o}}, s:{s:s, s:{s:s}}, s:o, s:o, s:o}", "zarr_format", 3,
        "node_type", "array", "shape", json_shape(n, spec->shape), "data_type", mzg_type_name(spec->type),
        "chunk_grid", "name", "regular", "configuration", "chunk_shape", json_shape(n, array->file_shape),
        "chunk_key_encoding", "name", "default", "configuration", "separator", "/", "fill_value",
        json_fill_value(spec->type), "codecs", json_codecs(spec, err), "attributes", attributes);
    if (metadata && spec->dimension_names) {
        json_t *names = json_array();
        for (int d = 0; d < n; d++)
            names = mzg_json_append(names, json_stringn(&spec->dimension_names[d], 1));
        metadata = mzg_json_with(metadata, "dimension_names", names);
    }
    if (!metadata && err->status == MZG_OK)
        mzg_fail(err, MZG_ENOMEM, "array %s: no memory for its metadata", array->path);
    return metadata;
}

static void free_array(struct mzg_zarr_array *array)
{
    free(array->path);
    free(array);
}

enum mzg_status mzg_zarr_array(struct mzg_zarr_store *store, const char *path,
                               const struct mzg_zarr_array_spec *spec, json_t *attributes,
                               struct mzg_zarr_array **array, struct mzg_error *err)
{
    struct mzg_zarr_array *new_array = calloc(1, sizeof *new_array);
    if (new_array)
        new_array->path = strdup(path);
    if (!new_array || !new_array->path) {
        mzg_fail(err, MZG_ENOMEM, "array %s: no memory for it", path);
        goto fail;
    }
    new_array->store = store;
    new_array->spec = *spec;
    if (set_grid(new_array, err) != MZG_OK)
        goto fail;
    json_t *metadata = json_metadata(new_array, attributes, err);
    attributes = NULL;
    new_array->spec.dimension_names = NULL; /* borrowed, and not needed again */
    if (!metadata || mzg_zarr_declare(store, path, metadata, err) != MZG_OK)
        goto fail;
    new_array->next = store->arrays;
    store->arrays = new_array;
    *array = new_array;
    return MZG_OK;

fail:
    json_decref(attributes);
    if (new_array)
        free_array(new_array);
    return err->status;
}

enum mzg_status mzg_zarr_array_cut(struct mzg_zarr_array *array, int64_t n, struct mzg_error *err)
{
    json_t *metadata = json_object_get(array->store->nodes, array->path);
    array->spec.shape[0] = n;
    if (set_grid(array, err) != MZG_OK)
        return err->status;
    if (json_object_set_new(metadata, "shape", json_shape(array->spec.n_dimensions, array->spec.shape)) != 0)
        return mzg_fail(err, MZG_ENOMEM, "array %s: no memory for its metadata", array->path);
    return MZG_OK;
}

int64_t mzg_zarr_array_files(const struct mzg_zarr_array *array)
{
    return array->n_files;
}

void mzg_zarr_file_extent(const struct mzg_zarr_array *array, int64_t file, int64_t *origin, int64_t *extent)
{
    mzg_block_coordinates(array->spec.n_dimensions, array->grid, file, origin);
    for (int d = 0; d < array->spec.n_dimensions; d++) {
        origin[d] *= array->file_shape[d];
        int64_t left = array->spec.shape[d] - origin[d];
        extent[d] = left < array->file_shape[d] ? left : array->file_shape[d];
    }
}
