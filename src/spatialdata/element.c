/* AnnData's simple elements: arrays and scalars with an encoding. */
#include <spatialdata/sdata.h>

#include <string.h>

enum {
    CHUNK_ITEMS = 1 << 16, /* of a vector: half a megabyte of doubles */
    SHARD_CHUNKS = 64
};

json_t *mzg_encoding(const char *type, const char *version)
{
    return json_pack("{s:s, s:s}", "encoding-type", type, "encoding-version", version);
}

struct mzg_zarr_array_spec mzg_vector_spec(enum mzg_type type, int64_t n, int64_t width,
                                           struct mzg_codec codec)
{
    struct mzg_zarr_array_spec spec = {.type = type,
                                       .n_dimensions = width > 0 ? 2 : 1,
                                       .shape = {n, width},
                                       .chunk = {n > 0 ? n : 1, width},
                                       .codec = codec};
    if (n > CHUNK_ITEMS) {
        int64_t chunks = (n + CHUNK_ITEMS - 1) / CHUNK_ITEMS;
        spec.chunk[0] = CHUNK_ITEMS;
        spec.shard[0] = CHUNK_ITEMS * (chunks < SHARD_CHUNKS ? chunks : SHARD_CHUNKS);
        spec.shard[1] = width;
    }
    return spec;
}

enum mzg_status mzg_write_dict(struct mzg_zarr_store *store, const char *path, struct mzg_error *err)
{
    return mzg_zarr_group(store, path, mzg_encoding("dict", "0.1.0"), err);
}

enum mzg_status mzg_write_numbers(struct mzg_zarr_store *store, const char *path, enum mzg_type type,
                                  int64_t n, int64_t width, const void *values, struct mzg_codec codec,
                                  struct mzg_error *err)
{
    struct mzg_zarr_array_spec spec = mzg_vector_spec(type, n, width, codec);
    struct mzg_zarr_array *array;
    if (mzg_zarr_array(store, path, &spec, mzg_encoding("array", "0.2.0"), &array, err) != MZG_OK)
        return err->status;
    return mzg_zarr_write_all(array, values, err);
}

/* Strings do not gain from the byte shuffle of blosc: always zstd. */
static const struct mzg_codec string_codec = {.kind = MZG_CODEC_ZSTD, .level = 3};

enum mzg_status mzg_write_strings(struct mzg_zarr_store *store, const char *path, int64_t n,
                                  mzg_zarr_string_fn *item, const void *source, struct mzg_error *err)
{
    struct mzg_zarr_array_spec spec = mzg_vector_spec(MZG_STRING, n, 0, string_codec);
    struct mzg_zarr_array *array;
    if (mzg_zarr_array(store, path, &spec, mzg_encoding("string-array", "0.2.0"), &array, err) != MZG_OK)
        return err->status;
    return mzg_zarr_write_strings(array, item, source, err);
}

static int64_t whole_text(const void *source, int64_t i, char *text, int64_t size)
{
    (void)i;
    int64_t length = (int64_t)strlen(source);
    if (text)
        memcpy(text, source, (size_t)(length < size ? length : size));
    return length;
}

enum mzg_status mzg_write_text(struct mzg_zarr_store *store, const char *path, const char *text,
                               struct mzg_error *err)
{
    struct mzg_zarr_array_spec spec = {.type = MZG_STRING, .codec = string_codec};
    struct mzg_zarr_array *array;
    if (mzg_zarr_array(store, path, &spec, mzg_encoding("string", "0.2.0"), &array, err) != MZG_OK)
        return err->status;
    return mzg_zarr_write_strings(array, whole_text, text, err);
}

enum mzg_status mzg_write_number(struct mzg_zarr_store *store, const char *path, enum mzg_type type,
                                 const void *value, struct mzg_error *err)
{
    struct mzg_zarr_array_spec spec = {.type = type};
    struct mzg_zarr_array *array;
    if (mzg_zarr_array(store, path, &spec, mzg_encoding("numeric-scalar", "0.2.0"), &array, err) != MZG_OK)
        return err->status;
    return mzg_zarr_write_all(array, value, err);
}
