#include <anndata/zarr_backend.h>

#include <anndata/zarr_rows.h>
#include <core/piece.h>

#include <stdio.h>
#include <stdlib.h>

enum {
    CHUNK_ITEMS = MZG_PIECE_ROWS, /* of a vector: half a megabyte of doubles */
    SHARD_CHUNKS = 64
};

/* Strings do not gain from the byte shuffle of blosc: always zstd. */
static const struct mzg_codec string_codec = {.kind = MZG_CODEC_ZSTD, .level = 3};

/* Of arrays of zeros, which have no chunk at all. */
static const struct mzg_codec zero_codec = {.kind = MZG_CODEC_ZSTD};

static struct mzg_zarr_backend *zarr_of(struct mzg_backend *backend)
{
    return (struct mzg_zarr_backend *)backend;
}

/* The path in the store, to be freed; NULL with `err` filled. */
static char *path_in_store(const struct mzg_zarr_backend *zarr, const char *path, struct mzg_error *err)
{
    char *joined;
    if (asprintf(&joined, "%s%s%s", zarr->root, *zarr->root ? "/" : "", path) >= 0)
        return joined;
    mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its path", zarr->root, path);
    return NULL;
}

/* An array of n × width values (a vector if width is 0, a scalar if n < 0): chunks and shards follow from its
 * shape alone. */
static struct mzg_zarr_array_spec array_spec(enum mzg_type type, int64_t n, int64_t width,
                                             struct mzg_codec codec)
{
    struct mzg_zarr_array_spec spec = {.type = type, .codec = codec};
    if (n < 0)
        return spec;
    spec.n_dimensions = width > 0 ? 2 : 1;
    spec.shape[0] = n;
    spec.shape[1] = spec.chunk[1] = width;
    spec.chunk[0] = n > 0 ? n : 1;
    if (n > CHUNK_ITEMS) {
        int64_t chunks = (n + CHUNK_ITEMS - 1) / CHUNK_ITEMS;
        spec.chunk[0] = CHUNK_ITEMS;
        spec.shard[0] = CHUNK_ITEMS * (chunks < SHARD_CHUNKS ? chunks : SHARD_CHUNKS);
        spec.shard[1] = width;
    }
    return spec;
}

static enum mzg_status zarr_group(struct mzg_backend *backend, const char *path, json_t *attributes,
                                  struct mzg_error *err)
{
    struct mzg_zarr_backend *zarr = zarr_of(backend);
    char *joined = path_in_store(zarr, path, err);
    if (!joined)
        json_decref(attributes);
    else
        mzg_zarr_group(zarr->store, joined, attributes, err);
    free(joined);
    return err->status;
}

/* Declares an array; takes the reference to `attributes`. */
static struct mzg_zarr_array *declare(struct mzg_zarr_backend *zarr, const char *path,
                                      const struct mzg_zarr_array_spec *spec, json_t *attributes,
                                      struct mzg_error *err)
{
    struct mzg_zarr_array *array = NULL;
    char *joined = path_in_store(zarr, path, err);
    if (!joined)
        json_decref(attributes);
    else
        mzg_zarr_array(zarr->store, joined, spec, attributes, &array, err);
    free(joined);
    return err->status == MZG_OK ? array : NULL;
}

static enum mzg_status zarr_numbers(struct mzg_backend *backend, const char *path,
                                    const struct mzg_numbers *numbers, struct mzg_error *err)
{
    struct mzg_zarr_backend *zarr = zarr_of(backend);
    bool of_rows = numbers->of_rows.rows != NULL;
    struct mzg_codec codec = !numbers->values && !of_rows ? zero_codec
                             : numbers->n < 0             ? (struct mzg_codec){.kind = MZG_CODEC_NONE}
                                                          : zarr->codec;
    struct mzg_zarr_array_spec spec = array_spec(numbers->type, numbers->n, numbers->width, codec);
    struct mzg_zarr_array *array = declare(zarr, path, &spec, mzg_encoding_of_numbers(numbers), err);
    if (array && of_rows)
        return mzg_zarr_rows_add(zarr->rows, array, &spec, numbers->of_rows, err);
    return array && numbers->values && !zarr->only_declares ? mzg_zarr_write_all(array, numbers->values, err)
                                                            : err->status;
}

static enum mzg_status zarr_strings(struct mzg_backend *backend, const char *path,
                                    const struct mzg_strings *strings, struct mzg_error *err)
{
    struct mzg_zarr_backend *zarr = zarr_of(backend);
    struct mzg_zarr_array_spec spec = array_spec(MZG_STRING, strings->n, 0, string_codec);
    struct mzg_zarr_array *array = declare(zarr, path, &spec, mzg_encoding_of_strings(strings), err);
    if (array && strings->of_rows.rows)
        return mzg_zarr_rows_add(zarr->rows, array, &spec, strings->of_rows, err);
    return array && !zarr->only_declares ? mzg_zarr_write_strings(array, strings->item, strings->source, err)
                                         : err->status;
}

static const struct mzg_backend_kind zarr_kind = {
    .group = zarr_group, .numbers = zarr_numbers, .strings = zarr_strings};

struct mzg_zarr_backend mzg_zarr_backend(struct mzg_zarr_store *store, const char *root,
                                         struct mzg_codec codec)
{
    return (struct mzg_zarr_backend){
        .base = {.kind = &zarr_kind}, .store = store, .root = root, .codec = codec};
}
