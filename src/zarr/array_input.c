/* Metadata as found: zarr.json read, and what an array's says, checked. */
#include <zarr/array_input.h>

#include <core/file.h>
#include <core/memory.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_METADATA = 1 << 28, MAX_INNER_CHUNKS = 1 << 24 };

static enum mzg_status read_file(const char *path, struct mzg_buffer *text, struct mzg_error *err)
{
    int fd;
    int64_t size;
    if (mzg_open_regular(path, &fd, &size, err) != MZG_OK)
        return err->status;
    if (size > MAX_METADATA)
        mzg_fail(err, MZG_EFORMAT, "%s: it has %" PRId64 " bytes, expected at most %d", path, size,
                 MAX_METADATA);
    else if (mzg_buffer_reserve(text, (size_t)size + 1, err) == MZG_OK) {
        int error = mzg_read_at(fd, text->bytes, size, 0);
        if (error)
            mzg_fail(err, MZG_EIO, "%s: it cannot be read: %s", path, strerror(error));
        text->size = (size_t)size;
    }
    close(fd);
    return err->status;
}

enum mzg_status mzg_zarr_load(const char *store, const char *node, json_t **metadata, struct mzg_error *err)
{
    struct mzg_buffer text = {0};
    json_t *json = NULL;
    char *path = NULL;
    if (asprintf(&path, "%s/%s%szarr.json", store, node, *node ? "/" : "") < 0) {
        path = NULL;
        mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory to read its metadata", store, node);
        goto cleanup;
    }
    if (read_file(path, &text, err) != MZG_OK)
        goto cleanup;
    json_error_t where;
    json = json_loadb((const char *)text.bytes, text.size, JSON_REJECT_DUPLICATES, &where);
    if (!json) {
        mzg_fail(err, MZG_EFORMAT, "%s: it is not JSON: %s, line %d", path, where.text, where.line);
        goto cleanup;
    }
    const char *type = json_string_value(json_object_get(json, "node_type"));
    if (json_integer_value(json_object_get(json, "zarr_format")) != 3 || !type ||
        (strcmp(type, "group") != 0 && strcmp(type, "array") != 0)) {
        mzg_fail(err, MZG_EFORMAT, "%s: it does not describe a group or array of Zarr version 3", path);
        goto cleanup;
    }
    *metadata = json_incref(json);

cleanup:
    json_decref(json);
    free(text.bytes);
    free(path);
    return err->status;
}

void mzg_zarr_strings_free(struct mzg_zarr_strings *strings)
{
    free(strings->items);
    free(strings->text);
    *strings = (struct mzg_zarr_strings){0};
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_member(int directory, const char *name)
{
    char path[NAME_MAX + 16];
    struct stat status;
    snprintf(path, sizeof path, "%s/zarr.json", name);
    return *name != '.' && fstatat(directory, path, &status, 0) == 0;
}

enum mzg_status mzg_zarr_strings_list(char *text, int64_t n, struct mzg_zarr_strings *strings,
                                      struct mzg_error *err)
{
    char **items = calloc((size_t)n + 1, sizeof *items);
    if (!items) {
        free(text);
        return mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " strings", n);
    }
    char *item = text;
    for (int64_t i = 0; i < n; i++) {
        items[i] = item;
        item += strlen(item) + 1;
    }
    *strings = (struct mzg_zarr_strings){n, items, text};
    return MZG_OK;
}

enum mzg_status mzg_zarr_members(const char *store, const char *node, struct mzg_zarr_strings *names,
                                 struct mzg_error *err)
{
    char *path = NULL, *text = NULL;
    size_t size = 0;
    int64_t n = 0;
    DIR *directory = NULL;
    FILE *list = open_memstream(&text, &size);
    if (!list || asprintf(&path, "%s/%s", store, node) < 0) {
        path = NULL;
        mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory to list it", store, node);
        goto cleanup;
    }
    directory = opendir(path);
    if (!directory) {
        mzg_fail(err, MZG_EIO, "%s: it cannot be listed: %s", path, strerror(errno));
        goto cleanup;
    }
    errno = 0;
    for (const struct dirent *entry; (entry = readdir(directory)); errno = 0) {
        if (is_member(dirfd(directory), entry->d_name)) {
            fwrite(entry->d_name, 1, strlen(entry->d_name) + 1, list);
            n++;
        }
    }
    if (errno != 0)
        mzg_fail(err, MZG_EIO, "%s: it cannot be listed: %s", path, strerror(errno));

cleanup:
    if (list && fclose(list) != 0 && err->status == MZG_OK)
        mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory to list it", store, node);
    if (directory)
        closedir(directory);
    free(path);
    if (err->status != MZG_OK) {
        free(text);
        return err->status;
    }
    if (mzg_zarr_strings_list(text, n, names, err) == MZG_OK)
        qsort(names->items, (size_t)n, sizeof *names->items, compare_names);
    return err->status;
}

enum mzg_status mzg_zarr_input_open(const char *store, const char *node, struct mzg_zarr_input **input,
                                    struct mzg_error *err)
{
    struct mzg_zarr_input *new_input = calloc(1, sizeof *new_input);
    if (new_input) {
        new_input->store = strdup(store);
        new_input->node = strdup(node);
    }
    if (!new_input || !new_input->store || !new_input->node)
        mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory to read it", store, node);
    else if (mzg_zarr_load(store, node, &new_input->metadata, err) == MZG_OK)
        mzg_zarr_input_understand(new_input, err);
    if (err->status != MZG_OK)
        mzg_zarr_input_free(new_input);
    else
        *input = new_input;
    return err->status;
}

void mzg_zarr_input_free(struct mzg_zarr_input *input)
{
    if (!input)
        return;
    json_decref(input->metadata);
    free(input->store);
    free(input->node);
    free(input);
}

const struct mzg_zarr_shape *mzg_zarr_input_shape(const struct mzg_zarr_input *input)
{
    return &input->shape;
}

const json_t *mzg_zarr_input_attributes(const struct mzg_zarr_input *input)
{
    return json_object_get(input->metadata, "attributes");
}

/* The rest of this file: what the metadata of an array say. */

static enum mzg_status not_read(const struct mzg_zarr_input *input, const char *member, const char *expected,
                                struct mzg_error *err)
{
    char *found = json_dumps(json_object_get(input->metadata, member), JSON_ENCODE_ANY | JSON_COMPACT);
    mzg_fail(err, MZG_EFORMAT, "%s/%s/zarr.json: \"%s\" is %.200s; expected %s", input->store, input->node,
             member, found ? found : "missing", expected);
    free(found);
    return err->status;
}

static bool name_is(const json_t *codec, const char *name)
{
    const char *found = json_string_value(json_is_string(codec) ? codec : json_object_get(codec, "name"));
    return found && strcmp(found, name) == 0;
}

static const json_t *configuration(const json_t *codec, const char *member)
{
    return json_object_get(json_object_get(codec, "configuration"), member);
}

/* A shape as found: `n` whole numbers not below `least`. */
static bool read_shape(const json_t *list, int n, int64_t least, int64_t *shape)
{
    if (!json_is_array(list) || json_array_size(list) != (size_t)n)
        return false;
    for (int d = 0; d < n; d++) {
        const json_t *item = json_array_get(list, (size_t)d);
        if (!json_is_integer(item) || json_integer_value(item) < least)
            return false;
        shape[d] = json_integer_value(item);
    }
    return true;
}

static enum mzg_status read_type(struct mzg_zarr_input *input, struct mzg_error *err)
{
    const char *name = json_string_value(json_object_get(input->metadata, "data_type"));
    if (name && mzg_type_of(name, &input->shape.type))
        return MZG_OK;
    return not_read(input, "data_type", "bool, int8, int32, int64, float32, float64 or string", err);
}

static bool read_real(const json_t *value, double *real)
{
    static const struct {
        const char *name;
        double value;
    } names[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
    if (json_is_number(value)) {
        *real = json_number_value(value);
        return true;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (json_is_string(value) && strcmp(json_string_value(value), names[i].name) == 0) {
            *real = names[i].value;
            return true;
        }
    }
    return false;
}

static bool read_fill(const json_t *value, enum mzg_type type, struct mzg_zarr_input *input)
{
    double real = 0;
    int64_t integer = json_is_integer(value) ? json_integer_value(value) : json_is_true(value);
    int32_t narrow = (int32_t)integer;
    int8_t byte = (int8_t)integer;
    float single;
    switch (type) {
    case MZG_BOOL:
        memcpy(input->fill, &byte, 1);
        return json_is_boolean(value);
    case MZG_INT8:
        memcpy(input->fill, &byte, sizeof byte);
        return json_is_integer(value) && byte == integer;
    case MZG_INT32:
        memcpy(input->fill, &narrow, sizeof narrow);
        return json_is_integer(value) && narrow == integer;
    case MZG_INT64:
        memcpy(input->fill, &integer, sizeof integer);
        return json_is_integer(value);
    case MZG_FLOAT32:
        if (!read_real(value, &real))
            return false;
        single = (float)real;
        memcpy(input->fill, &single, sizeof single);
        return true;
    case MZG_FLOAT64:
        if (!read_real(value, &real))
            return false;
        memcpy(input->fill, &real, sizeof real);
        return true;
    case MZG_STRING:
        break;
    }
    input->fill_text = json_string_value(value);
    return input->fill_text && strlen(input->fill_text) == json_string_length(value);
}

/* The codecs of a chunk: array to bytes, then compressors. */
static bool read_chunk_codecs(struct mzg_zarr_input *input, const json_t *codecs)
{
    static const char *const names[] = {
        [MZG_UNPACK_ZSTD] = "zstd", [MZG_UNPACK_BLOSC] = "blosc", [MZG_UNPACK_CRC32C] = "crc32c"};
    const json_t *first = json_array_get(codecs, 0);
    const json_t *endian = configuration(first, "endian");
    bool is_string = input->shape.type == MZG_STRING;
    if (!name_is(first, is_string ? "vlen-utf8" : "bytes") ||
        (!is_string && mzg_type_size(input->shape.type) > 1 && !name_is(endian, "little")) ||
        json_array_size(codecs) > 1 + MZG_ZARR_MAX_CODECS)
        return false;
    for (size_t i = 1; i < json_array_size(codecs); i++) {
        size_t kind = 0;
        while (kind < sizeof names / sizeof *names && !name_is(json_array_get(codecs, i), names[kind]))
            kind++;
        if (kind == sizeof names / sizeof *names)
            return false;
        input->codecs[input->n_codecs++] = (enum mzg_zarr_unpacking)kind;
    }
    return true;
}

static bool read_shards(struct mzg_zarr_input *input, const json_t *codec)
{
    const json_t *index = configuration(codec, "index_codecs");
    const json_t *location = configuration(codec, "index_location");
    size_t n_index = json_array_size(index);
    input->sharded = true;
    input->index_first = location && name_is(location, "start");
    input->index_checked = n_index == 2;
    return read_shape(configuration(codec, "chunk_shape"), input->shape.n_dimensions, 1,
                      input->shape.chunk) &&
           (!location || input->index_first || name_is(location, "end")) && n_index >= 1 && n_index <= 2 &&
           name_is(json_array_get(index, 0), "bytes") &&
           name_is(configuration(json_array_get(index, 0), "endian"), "little") &&
           (n_index == 1 || name_is(json_array_get(index, 1), "crc32c")) &&
           read_chunk_codecs(input, configuration(codec, "codecs"));
}

static bool read_codecs(struct mzg_zarr_input *input)
{
    const json_t *codecs = json_object_get(input->metadata, "codecs");
    const json_t *first = json_array_get(codecs, 0);
    memcpy(input->shape.chunk, input->shape.file, sizeof input->shape.chunk);
    if (name_is(first, "sharding_indexed"))
        return json_array_size(codecs) == 1 && read_shards(input, first);
    return read_chunk_codecs(input, codecs);
}

static enum mzg_status work_out_grid(struct mzg_zarr_input *input, struct mzg_error *err)
{
    struct mzg_zarr_shape *shape = &input->shape;
    int64_t item_size = shape->type == MZG_STRING ? 1 : mzg_type_size(shape->type);
    int64_t items = 1, n_files = 1;
    input->chunk_items = input->n_inner = 1;
    for (int d = 0; d < shape->n_dimensions; d++) {
        input->grid[d] = shape->shape[d] / shape->file[d] + (shape->shape[d] % shape->file[d] != 0);
        input->inner[d] = shape->file[d] / shape->chunk[d];
        if (shape->file[d] % shape->chunk[d] != 0)
            return not_read(input, "codecs", "shards of whole chunks", err);
        items = mzg_size_product(items, shape->shape[d]);
        n_files = mzg_size_product(n_files, input->grid[d]);
        input->n_inner = mzg_size_product(input->n_inner, input->inner[d]);
        input->chunk_items = mzg_size_product(input->chunk_items, shape->chunk[d]);
    }
    input->chunk_bytes = mzg_size_product(input->chunk_items, item_size);
    if (mzg_size_product(items, item_size) < 0 || n_files < 0)
        return not_read(input, "shape", "less than 2^63 bytes", err);
    if (input->n_inner < 0 || input->n_inner > MAX_INNER_CHUNKS || input->chunk_bytes < 0 ||
        input->chunk_bytes > MZG_CODEC_MAX_BYTES)
        return not_read(input, "chunk_grid", "chunks of at most 2 GiB, and at most 2^24 of them in a shard",
                        err);
    return MZG_OK;
}

enum mzg_status mzg_zarr_input_understand(struct mzg_zarr_input *input, struct mzg_error *err)
{
    const json_t *metadata = input->metadata;
    const json_t *list = json_object_get(metadata, "shape");
    const json_t *grid = json_object_get(metadata, "chunk_grid");
    const json_t *keys = json_object_get(metadata, "chunk_key_encoding");
    const json_t *separator = configuration(keys, "separator");
    const json_t *storage = json_object_get(metadata, "storage_transformers");
    size_t n = json_array_size(list);
    if (!name_is(json_object_get(metadata, "node_type"), "array"))
        return not_read(input, "node_type", "an array", err);
    if (n > MZG_ZARR_MAX_DIMENSIONS || !read_shape(list, (int)n, 0, input->shape.shape))
        return not_read(input, "shape", "up to four whole numbers", err);
    input->shape.n_dimensions = (int)n;
    if (read_type(input, err) != MZG_OK)
        return err->status;
    if (!read_fill(json_object_get(metadata, "fill_value"), input->shape.type, input))
        return not_read(input, "fill_value", "a value of the array's type", err);
    if (!name_is(grid, "regular") ||
        !read_shape(configuration(grid, "chunk_shape"), (int)n, 1, input->shape.file))
        return not_read(input, "chunk_grid", "regular chunks of as many dimensions as the array has", err);
    input->separator = separator && name_is(separator, ".") ? '.' : '/';
    if (!name_is(keys, "default") || (separator && input->separator == '/' && !name_is(separator, "/")))
        return not_read(input, "chunk_key_encoding", "the default one", err);
    if (json_array_size(storage) > 0)
        return not_read(input, "storage_transformers", "none", err);
    if (!read_codecs(input))
        return not_read(input, "codecs",
                        "bytes (little-endian) or vlen-utf8, then zstd, blosc or crc32c, in shards or not",
                        err);
    if (!json_is_object(json_object_get(metadata, "attributes")) &&
        json_object_set_new(input->metadata, "attributes", json_object()) != 0)
        return mzg_fail(err, MZG_ENOMEM, "%s/%s: no memory for its attributes", input->store, input->node);
    return work_out_grid(input, err);
}
