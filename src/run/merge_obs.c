#include <run/merge_obs.h>

#include <zarr/read.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The categories of all samples, in the order in which they come first. */
struct categories {
    json_t *names;   /* a list */
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
    *number = (int32_t)json_array_size(all->names);
    if (json_array_append_new(all->names, json_string(name)) != 0 ||
        json_object_set_new(all->numbers, name, json_integer(*number)) != 0)
        return mzg_fail(err, MZG_EFORMAT, "'%s' cannot be a category: it is not UTF-8, or there is no memory",
                        name);
    return MZG_OK;
}

/* Adds what a sample's categories are as numbers of those of all to the list `numbers`. */
static enum mzg_status add_categories(const struct mzg_merge_options *options,
                                      const struct mzg_merge_input *input,
                                      const struct mzg_merge_sample *sample, const char *name,
                                      struct categories *all, json_t *numbers, struct mzg_error *err)
{
    char below[512], *path = NULL;
    struct mzg_zarr_strings names = {0};
    snprintf(below, sizeof below, "obs/%s/categories", name);
    path = mzg_merge_sample_path(sample, below, err);
    if (path)
        mzg_zarr_read_strings(sample->store, path, INT32_MAX, &names, err);
    for (int64_t i = 0; i < names.n && err->status == MZG_OK; i++) {
        char *renamed = NULL;
        int32_t number;
        if (strcmp(name, "region") == 0)
            mzg_rename_apply(options->renames, options->n_renames, input->sample, input->number,
                             names.items[i], &renamed, err);
        if (err->status == MZG_OK &&
            number_of(all, renamed ? renamed : names.items[i], &number, err) == MZG_OK &&
            json_array_append_new(numbers, json_integer(number)) != 0)
            mzg_fail(err, MZG_ENOMEM, "no memory for the categories of '%s'", name);
        free(renamed);
    }
    mzg_zarr_strings_free(&names);
    free(path);
    return err->status;
}

/* The categories of a column, and what number each has for each sample, into the description of the column.
 */
static enum mzg_status describe_categories(const struct mzg_merge_options *options,
                                           const struct mzg_merge_inputs *inputs,
                                           const struct mzg_merge_samples *samples, const char *name,
                                           json_t *column, struct mzg_error *err)
{
    struct categories all = {.names = json_array(), .numbers = json_object()};
    json_t *of_samples = json_array();
    for (int i = 0; i < samples->n && err->status == MZG_OK; i++) {
        json_t *numbers = json_array();
        if (!all.numbers || !all.names || json_array_append(of_samples, numbers) != 0)
            mzg_fail(err, MZG_ENOMEM, "no memory for the categories of '%s'", name);
        else
            add_categories(options, &inputs->inputs[i], &samples->samples[i], name, &all, numbers, err);
        json_decref(numbers);
    }
    if (err->status == MZG_OK && (json_object_set(column, "categories", all.names) != 0 ||
                                  json_object_set(column, "numbers", of_samples) != 0))
        mzg_fail(err, MZG_ENOMEM, "no memory for the categories of '%s'", name);
    json_decref(all.names);
    json_decref(all.numbers);
    json_decref(of_samples);
    return err->status;
}

/* Adds a column, unless it is not of one kind in all samples. */
static enum mzg_status describe_column(const struct mzg_merge_options *options,
                                       const struct mzg_merge_inputs *inputs,
                                       const struct mzg_merge_samples *samples, const char *name,
                                       json_t *columns, struct mzg_error *err)
{
    struct kind kind = {0};
    for (int i = 0; i < samples->n; i++) {
        const struct mzg_merge_input *input = &inputs->inputs[i];
        struct kind here = kind_of(&input->catalog.elements[input->table], name);
        if (here.kind == MZG_MERGE_OTHER || (i > 0 && (here.kind != kind.kind || here.type != kind.type)))
            return MZG_OK;
        kind = here;
    }
    json_t *column =
        json_pack("{s:s, s:i, s:i}", "name", name, "kind", (int)kind.kind, "type", (int)kind.type);
    if (!column || json_array_append(columns, column) != 0)
        mzg_fail(err, MZG_ENOMEM, "no memory for the column '%s' of all samples", name);
    else if (kind.kind == MZG_MERGE_CATEGORIES)
        describe_categories(options, inputs, samples, name, column, err);
    json_decref(column);
    return err->status;
}

/* The columns of obs that all samples have. */
static enum mzg_status describe_columns(const struct mzg_merge_options *options,
                                        const struct mzg_merge_inputs *inputs,
                                        const struct mzg_merge_samples *samples, json_t *columns,
                                        struct mzg_error *err)
{
    const struct mzg_merge_input *first = &inputs->inputs[0];
    const struct mzg_catalog_node *obs = mzg_element_node(&first->catalog.elements[first->table], "obs");
    const json_t *order =
        obs ? json_object_get(json_object_get(obs->metadata, "attributes"), "column-order") : NULL;
    for (size_t i = 0; i < json_array_size(order) && err->status == MZG_OK; i++) {
        const char *name = json_string_value(json_array_get(order, i));
        if (name && strcmp(name, "sample") != 0 && json_array_size(columns) + 1 < MZG_FRAME_MAX_COLUMNS)
            describe_column(options, inputs, samples, name, columns, err);
    }
    return err->status;
}

/* For each sample its name, and where the index of its obs lies. */
static enum mzg_status describe_samples(const struct mzg_merge_inputs *inputs, json_t *list,
                                        struct mzg_error *err)
{
    for (int i = 0; i < inputs->n; i++) {
        const struct mzg_merge_input *input = &inputs->inputs[i];
        const json_t *obs = mzg_element_node(&input->catalog.elements[input->table], "obs")->metadata;
        const char *index = json_string_value(json_object_get(json_object_get(obs, "attributes"), "_index"));
        if (json_array_append_new(
                list, json_pack("{s:s, s:s}", "name", input->sample, "index", index ? index : "_index")) != 0)
            return mzg_fail(err, MZG_ENOMEM, "no memory for the samples of one table");
    }
    return MZG_OK;
}

json_t *mzg_merge_obs_describe(const struct mzg_merge_options *options, const struct mzg_merge_inputs *inputs,
                               const struct mzg_merge_samples *samples, struct mzg_error *err)
{
    json_t *list = json_array(), *columns = json_array();
    json_t *description = json_pack("{s:O, s:O}", "samples", list, "columns", columns);
    if (!description)
        mzg_fail(err, MZG_ENOMEM, "no memory for the columns of all samples");
    else if (describe_samples(inputs, list, err) == MZG_OK)
        describe_columns(options, inputs, samples, columns, err);
    json_decref(list);
    json_decref(columns);
    if (err->status == MZG_OK)
        return description;
    json_decref(description);
    return NULL;
}
