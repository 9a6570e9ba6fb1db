#include <run/merge_obs.h>

#include <core/array.h>
#include <zarr/read.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mzg_merge_owned {
    struct mzg_merge_owned *next;
    void *memory;
    struct mzg_zarr_strings strings;
};

static struct mzg_merge_owned *add_owned(struct mzg_merge_frames *frames, struct mzg_error *err)
{
    struct mzg_merge_owned *owned = calloc(1, sizeof *owned);
    if (!owned) {
        mzg_fail(err, MZG_ENOMEM, "no memory for the table of all samples");
        return NULL;
    }
    owned->next = frames->owned;
    frames->owned = owned;
    return owned;
}

void *mzg_merge_keep(struct mzg_merge_frames *frames, int64_t count, int64_t size, struct mzg_error *err)
{
    struct mzg_merge_owned *owned = add_owned(frames, err);
    if (!owned)
        return NULL;
    owned->memory = calloc((size_t)count + 1, (size_t)size);
    if (!owned->memory)
        mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " rows of the table of all samples", count);
    return owned->memory;
}

void mzg_merge_frames_destroy(struct mzg_merge_frames *frames)
{
    while (frames->owned) {
        struct mzg_merge_owned *owned = frames->owned;
        frames->owned = owned->next;
        mzg_zarr_strings_free(&owned->strings);
        free(owned->memory);
        free(owned);
    }
    json_decref(frames->uns);
    json_decref(frames->regions);
    *frames = (struct mzg_merge_frames){0};
}

/* Reads the strings at `below` of a sample's table, which go with the frames. */
static const struct mzg_zarr_strings *read_strings(const struct mzg_merge_sample *sample, const char *below,
                                                   int64_t most, struct mzg_merge_frames *frames,
                                                   struct mzg_error *err)
{
    struct mzg_merge_owned *owned = add_owned(frames, err);
    char *path = owned ? mzg_merge_sample_path(sample, below, err) : NULL;
    if (path)
        mzg_zarr_read_strings(sample->store, path, most, &owned->strings, err);
    free(path);
    return err->status == MZG_OK ? &owned->strings : NULL;
}

static const struct mzg_zarr_strings *read_texts(const struct mzg_merge_sample *sample, const char *below,
                                                 struct mzg_merge_frames *frames, struct mzg_error *err)
{
    const struct mzg_zarr_strings *texts = read_strings(sample, below, sample->n_rows, frames, err);
    if (texts && texts->n != sample->n_rows) {
        mzg_fail(err, MZG_EFORMAT, "%s/%s/%s: it has %" PRId64 " elements; expected %" PRId64, sample->store,
                 sample->node, below, texts->n, sample->n_rows);
        return NULL;
    }
    return texts;
}

/* What kind of column a table has at `below`, and the type of its numbers or codes. */
struct kind {
    enum mzg_merge_column_kind kind;
    enum mzg_type type;
};

/* Of an array of one dimension; MZG_MERGE_OTHER for what is not read here. */
static struct kind kind_of_array(const json_t *metadata)
{
    const json_t *attributes = json_object_get(metadata, "attributes");
    const char *name = json_string_value(json_object_get(metadata, "data_type"));
    const char *encoding = json_string_value(json_object_get(attributes, "encoding-type"));
    bool is_plain = encoding && (strcmp(encoding, "array") == 0 || strcmp(encoding, "string-array") == 0);
    enum mzg_type type;
    if (name && is_plain && mzg_type_of(name, &type) &&
        json_array_size(json_object_get(metadata, "shape")) == 1)
        return (struct kind){type == MZG_STRING ? MZG_MERGE_TEXTS : MZG_MERGE_NUMBERS, type};
    return (struct kind){MZG_MERGE_OTHER, MZG_STRING};
}

static struct kind kind_of(const struct mzg_element *element, const char *name)
{
    static const struct kind other = {MZG_MERGE_OTHER, MZG_STRING};
    char path[512];
    int length = snprintf(path, sizeof path, "obs/%s", name);
    if (length < 0 || length >= (int)sizeof path - 16)
        return other;
    const struct mzg_catalog_node *node = mzg_element_node(element, path);
    if (!node)
        return other;
    const json_t *attributes = json_object_get(node->metadata, "attributes");
    const char *encoding = json_string_value(json_object_get(attributes, "encoding-type"));
    if (!encoding || strcmp(encoding, "categorical") != 0)
        return kind_of_array(node->metadata);
    snprintf(path + length, sizeof path - (size_t)length, "/categories");
    const struct mzg_catalog_node *categories = mzg_element_node(element, path);
    if (!categories || kind_of_array(categories->metadata).kind != MZG_MERGE_TEXTS ||
        json_is_true(json_object_get(attributes, "ordered")))
        return other;
    return (struct kind){MZG_MERGE_CATEGORIES, MZG_INT32};
}

/* That all pixels have a key: 0 is the background of the labels, and what a chunk that was lost reads as. */
static enum mzg_status check_keys(const struct mzg_merge_sample *sample, const char *below,
                                  enum mzg_type type, const void *values, struct mzg_error *err)
{
    for (int64_t row = 0; row < sample->n_rows; row++) {
        int64_t key = type == MZG_INT64   ? ((const int64_t *)values)[row]
                      : type == MZG_INT32 ? ((const int32_t *)values)[row]
                                          : 1;
        if (key == 0)
            return mzg_fail(err, MZG_EFORMAT,
                            "%s/%s/%s: row %" PRId64
                            " has none; the store is damaged or incomplete, copy it again",
                            sample->store, sample->node, below, row);
    }
    return MZG_OK;
}

static enum mzg_status add_numbers(const struct mzg_merge_samples *samples, const char *name,
                                   const char *below, enum mzg_type type, struct mzg_merge_frames *frames,
                                   struct mzg_error *err)
{
    size_t size = (size_t)mzg_type_size(type);
    char *all = mzg_merge_keep(frames, samples->n_rows, (int64_t)size, err);
    for (int i = 0; i < samples->n && err->status == MZG_OK; i++) {
        const struct mzg_merge_sample *sample = &samples->samples[i];
        void *values = NULL;
        if (mzg_merge_sample_read(sample, below, type, sample->n_rows, &values, err) == MZG_OK &&
            (strcmp(name, "instance_key") != 0 || check_keys(sample, below, type, values, err) == MZG_OK))
            memcpy(all + (size_t)sample->first_row * size, values, (size_t)sample->n_rows * size);
        free(values);
    }
    if (err->status == MZG_OK)
        mzg_frame_add(&frames->obs, name, type, all);
    return err->status;
}

static enum mzg_status add_texts(const struct mzg_merge_samples *samples, const char *name, const char *below,
                                 struct mzg_merge_frames *frames, struct mzg_error *err)
{
    const char **all = mzg_merge_keep(frames, samples->n_rows, sizeof *all, err);
    for (int i = 0; i < samples->n && err->status == MZG_OK; i++) {
        const struct mzg_merge_sample *sample = &samples->samples[i];
        const struct mzg_zarr_strings *texts = read_texts(sample, below, frames, err);
        for (int64_t row = 0; texts && row < sample->n_rows; row++)
            all[sample->first_row + row] = texts->items[row];
    }
    if (err->status == MZG_OK)
        mzg_frame_add(&frames->obs, name, MZG_STRING, all);
    return err->status;
}

/* The categories of all samples, in the order in which they come first. */
struct categories {
    int64_t n, capacity;
    const char **names;
    json_t *numbers; /* of each name */
};

static enum mzg_status number_of(struct categories *all, const char *name, int32_t *number,
                                 struct mzg_error *err)
{
    const json_t *known = json_object_get(all->numbers, name);
    if (known) {
        *number = (int32_t)json_integer_value(known);
        return MZG_OK;
    }
    if (mzg_array_grow(&all->names, sizeof *all->names, all->n + 1, &all->capacity, "categories", err) !=
        MZG_OK)
        return err->status;
    *number = (int32_t)all->n;
    all->names[all->n++] = name;
    if (json_object_set_new(all->numbers, name, json_integer(*number)) != 0)
        return mzg_fail(err, MZG_EFORMAT, "'%s' cannot be a category: it is not UTF-8, or there is no memory",
                        name);
    return MZG_OK;
}

/* What the elements that a sample's rows annotate are called in the output. */
static const char *rename_region(const struct mzg_merge_options *options, const struct mzg_merge_input *input,
                                 const char *region, struct mzg_merge_frames *frames, struct mzg_error *err)
{
    struct mzg_merge_owned *owned = add_owned(frames, err);
    char *renamed = NULL;
    if (owned && mzg_rename_apply(options->renames, options->n_renames, input->sample, input->number, region,
                                  &renamed, err) == MZG_OK)
        owned->memory = renamed;
    return renamed;
}

/* The codes of one sample, as numbers of the categories of all. */
static enum mzg_status add_codes(const struct mzg_merge_options *options, const struct mzg_merge_input *input,
                                 const struct mzg_merge_sample *sample, const char *name,
                                 struct categories *all, int32_t *codes, struct mzg_merge_frames *frames,
                                 struct mzg_error *err)
{
    char categories_path[512], codes_path[512];
    int32_t *numbers = NULL;
    int64_t *values = NULL;
    void *read = NULL;
    snprintf(categories_path, sizeof categories_path, "obs/%s/categories", name);
    snprintf(codes_path, sizeof codes_path, "obs/%s/codes", name);
    const struct mzg_zarr_strings *names = read_strings(sample, categories_path, INT32_MAX, frames, err);
    if (!names || !(numbers = mzg_merge_keep(frames, names->n, sizeof *numbers, err)))
        return err->status;
    for (int64_t i = 0; i < names->n && err->status == MZG_OK; i++) {
        const char *category = names->items[i];
        if (strcmp(name, "region") == 0)
            category = rename_region(options, input, category, frames, err);
        if (err->status == MZG_OK)
            number_of(all, category, &numbers[i], err);
    }
    if (err->status != MZG_OK ||
        mzg_merge_sample_read(sample, codes_path, MZG_INT64, sample->n_rows, &read, err) != MZG_OK)
        return err->status;
    values = read;
    for (int64_t row = 0; row < sample->n_rows && err->status == MZG_OK; row++) {
        if (values[row] < -1 || values[row] >= names->n)
            mzg_fail(err, MZG_EFORMAT, "%s/%s/%s: its code %" PRId64 " in row %" PRId64 " has no category",
                     sample->store, sample->node, codes_path, values[row], row);
        else
            codes[row] = values[row] < 0 ? -1 : numbers[values[row]];
    }
    free(values);
    return err->status;
}

static enum mzg_status add_categories(const struct mzg_merge_options *options,
                                      const struct mzg_merge_inputs *inputs,
                                      const struct mzg_merge_samples *samples, const char *name,
                                      struct mzg_merge_frames *frames, struct mzg_error *err)
{
    struct categories all = {.numbers = json_object()};
    struct mzg_merge_owned *owned = add_owned(frames, err);
    int32_t *codes = owned ? mzg_merge_keep(frames, samples->n_rows, sizeof *codes, err) : NULL;
    if (codes && !all.numbers)
        mzg_fail(err, MZG_ENOMEM, "no memory for the categories of '%s'", name);
    for (int i = 0; i < samples->n && err->status == MZG_OK; i++)
        add_codes(options, &inputs->inputs[i], &samples->samples[i], name, &all,
                  codes + samples->samples[i].first_row, frames, err);
    if (err->status == MZG_OK)
        mzg_frame_add_categories(&frames->obs, name, all.n, all.names, MZG_INT32, codes);
    bool is_region = err->status == MZG_OK && strcmp(name, "region") == 0;
    for (int64_t i = 0; is_region && i < all.n; i++) {
        if (json_array_append_new(frames->regions, json_string(all.names[i])) != 0) {
            mzg_fail(err, MZG_ENOMEM, "no memory for the names of regions");
            break;
        }
    }
    json_decref(all.numbers);
    if (owned)
        owned->memory = all.names;
    return err->status;
}

enum mzg_status mzg_merge_column_add(const struct mzg_merge_options *options,
                                     const struct mzg_merge_inputs *inputs,
                                     const struct mzg_merge_samples *samples, const char *name,
                                     struct mzg_merge_frames *frames, bool *added, struct mzg_error *err)
{
    struct kind kind = {0};
    char below[512];
    *added = false;
    for (int i = 0; i < samples->n; i++) {
        const struct mzg_merge_input *input = &inputs->inputs[i];
        struct kind here = kind_of(&input->catalog.elements[input->table], name);
        if (here.kind == MZG_MERGE_OTHER || (i > 0 && (here.kind != kind.kind || here.type != kind.type)))
            return MZG_OK;
        kind = here;
    }
    *added = true;
    snprintf(below, sizeof below, "obs/%s", name);
    if (kind.kind == MZG_MERGE_NUMBERS)
        return add_numbers(samples, name, below, kind.type, frames, err);
    if (kind.kind == MZG_MERGE_TEXTS)
        return add_texts(samples, name, below, frames, err);
    return add_categories(options, inputs, samples, name, frames, err);
}

enum mzg_status mzg_merge_index_make(const struct mzg_merge_inputs *inputs,
                                     const struct mzg_merge_samples *samples, struct mzg_merge_frames *frames,
                                     struct mzg_error *err)
{
    const char **all = mzg_merge_keep(frames, samples->n_rows, sizeof *all, err);
    for (int i = 0; i < samples->n && err->status == MZG_OK; i++) {
        const struct mzg_merge_sample *sample = &samples->samples[i];
        const struct mzg_merge_input *input = &inputs->inputs[i];
        const json_t *obs = mzg_element_node(&input->catalog.elements[input->table], "obs")->metadata;
        const char *index = json_string_value(json_object_get(json_object_get(obs, "attributes"), "_index"));
        char below[512];
        snprintf(below, sizeof below, "obs/%s", index ? index : "_index");
        const struct mzg_zarr_strings *texts = read_texts(sample, below, frames, err);
        if (!texts)
            break;
        size_t suffix = strlen(input->sample) + 2, size = 0;
        for (int64_t row = 0; row < sample->n_rows; row++)
            size += strlen(texts->items[row]) + suffix;
        char *text = mzg_merge_keep(frames, (int64_t)size, 1, err);
        for (int64_t row = 0; text && row < sample->n_rows; row++) {
            all[sample->first_row + row] = text;
            text += sprintf(text, "%s-%s", texts->items[row], input->sample) + 1;
        }
    }
    frames->obs.index_texts = all;
    return err->status;
}
