#include <run/merge_declare.h>

#include <core/json.h>
#include <core/log.h>
#include <spatialdata/systems.h>
#include <version.h>
#include <zarr/read.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum mzg_status no_memory(const char *what, struct mzg_error *err)
{
    return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its metadata", what);
}

/* What an element that a table annotates is called in the output; to be freed. */
static enum mzg_status rename_region(const struct mzg_merge_options *options,
                                     const struct mzg_merge_input *input, const char *region, char **renamed,
                                     struct mzg_error *err)
{
    return mzg_rename_apply(options->renames, options->n_renames, input->sample, input->number, region,
                            renamed, err);
}

static enum mzg_status rename_texts(const struct mzg_merge_options *options,
                                    const struct mzg_merge_input *input, json_t *object, const char *key,
                                    struct mzg_error *err)
{
    json_t *value = json_object_get(object, key), *item, *renamed = json_array();
    size_t i;
    bool is_list = json_is_array(value), failed = !renamed;
    if (!is_list)
        value = json_pack("[O]", value);
    json_array_foreach(value, i, item)
    {
        char *name = NULL;
        if (!json_is_string(item))
            failed |= json_array_append(renamed, item) != 0;
        else if (rename_region(options, input, json_string_value(item), &name, err) == MZG_OK)
            failed |= json_array_append_new(renamed, json_string(name)) != 0;
        free(name);
    }
    failed |= !value || json_object_set(object, key, is_list ? renamed : json_array_get(renamed, 0)) != 0;
    if (!is_list)
        json_decref(value);
    json_decref(renamed);
    return failed && err->status == MZG_OK ? no_memory(input->catalog.path, err) : err->status;
}

/* The column of obs that says which element a row annotates. */
static const char *region_key(const struct mzg_element *element)
{
    const json_t *table = mzg_element_node(element, "")->metadata;
    const char *key = json_string_value(json_object_get(json_object_get(table, "attributes"), "region_key"));
    return key ? key : "";
}

static bool is_strings(const json_t *metadata)
{
    const char *node = json_string_value(json_object_get(metadata, "node_type"));
    const char *type = json_string_value(json_object_get(metadata, "data_type"));
    return node && strcmp(node, "array") == 0 && type && strcmp(type, "string") == 0;
}

bool mzg_merge_is_rewritten(const struct mzg_element *element, const struct mzg_catalog_node *node)
{
    static const char attribute[] = "uns/spatialdata_attrs/region";
    if (element->kind != MZG_ELEMENT_TABLES || !is_strings(node->metadata))
        return false;
    const char *below = NULL, *key = region_key(element);
    if (strncmp(node->path, "obs/", 4) == 0 && *key && strncmp(node->path + 4, key, strlen(key)) == 0)
        below = node->path + 4 + strlen(key);
    else if (strncmp(node->path, attribute, strlen(attribute)) == 0)
        below = node->path + strlen(attribute);
    /* AnnData has several encodings of strings. */
    return below && (strcmp(below, "") == 0 || strcmp(below, "/categories") == 0 ||
                     strcmp(below, "/values") == 0 || strcmp(below, "/categories/values") == 0);
}

static int64_t item_of(const void *source, int64_t i, char *text, int64_t size)
{
    const char *item = ((char *const *)source)[i];
    size_t length = strlen(item);
    if (text)
        memcpy(text, item, (int64_t)length < size ? length : (size_t)size);
    return (int64_t)length;
}

/* Writes an array of names of elements with those that they have in the output. */
static enum mzg_status write_names(const struct mzg_merge_options *options,
                                   const struct mzg_merge_input *input, struct mzg_sdata *sdata,
                                   const char *from, const json_t *metadata, const char *to,
                                   struct mzg_error *err)
{
    enum { CHUNK = 1 << 16 };
    struct mzg_zarr_strings names = {0};
    struct mzg_zarr_array *array;
    char **renamed = NULL;
    if (mzg_zarr_read_strings(input->catalog.path, from, INT32_MAX, &names, err) != MZG_OK)
        return err->status;
    renamed = calloc((size_t)names.n + 1, sizeof *renamed);
    if (!renamed)
        no_memory(input->catalog.path, err);
    for (int64_t i = 0; i < names.n && err->status == MZG_OK; i++)
        rename_region(options, input, names.items[i], &renamed[i], err);
    bool is_scalar = json_array_size(json_object_get(metadata, "shape")) == 0;
    struct mzg_zarr_array_spec spec = {.type = MZG_STRING,
                                       .n_dimensions = is_scalar ? 0 : 1,
                                       .shape = {names.n},
                                       .chunk = {names.n < 1       ? 1
                                                 : names.n < CHUNK ? names.n
                                                                   : CHUNK},
                                       .codec = {.kind = MZG_CODEC_ZSTD, .level = 3}};
    json_t *attributes = json_object_get(metadata, "attributes");
    if (err->status == MZG_OK &&
        mzg_zarr_array(mzg_sdata_store(sdata), to, &spec,
                       attributes ? json_incref(attributes) : json_object(), &array, err) == MZG_OK)
        mzg_zarr_write_strings(array, item_of, renamed, err);
    for (int64_t i = 0; renamed && i < names.n; i++)
        free(renamed[i]);
    free(renamed);
    mzg_zarr_strings_free(&names);
    return err->status;
}

/* The metadata of an element's own group, as they are in the output. */
static enum mzg_status change_group(const struct mzg_merge_options *options,
                                    const struct mzg_merge_input *input, const struct mzg_element *element,
                                    const char *name, const char *shown, struct mzg_error *err)
{
    json_t *attributes = json_object_get(mzg_element_node(element, "")->metadata, "attributes");
    json_t *multiscale;
    size_t i;
    if (element->kind == MZG_ELEMENT_TABLES)
        return json_object_get(attributes, "region") ? rename_texts(options, input, attributes, "region", err)
                                                     : MZG_OK;
    json_array_foreach(json_object_get(json_object_get(attributes, "ome"), "multiscales"), i, multiscale)
    {
        const char *called = json_string_value(json_object_get(multiscale, "name"));
        if (called && strcmp(called, element->name) == 0 &&
            json_object_set_new(multiscale, "name", json_string(name)) != 0)
            return no_memory(shown, err);
    }
    return options->shared_systems ? MZG_OK : mzg_systems_rename(attributes, input->sample, shown, err);
}

static enum mzg_status declare_node(const struct mzg_merge_options *options,
                                    const struct mzg_merge_input *input, struct mzg_sdata *sdata,
                                    const struct mzg_element *element, const struct mzg_catalog_node *node,
                                    const char *name, struct mzg_error *err)
{
    const char *group = mzg_element_group(element->kind), *slash = *node->path ? "/" : "";
    char *from, *to;
    if (asprintf(&from, "%s/%s%s%s", group, element->name, slash, node->path) < 0)
        from = NULL;
    if (asprintf(&to, "%s/%s%s%s", group, name, slash, node->path) < 0)
        to = NULL;
    if (!from || !to)
        no_memory(input->catalog.path, err);
    else if (mzg_merge_is_rewritten(element, node))
        write_names(options, input, sdata, from, node->metadata, to, err);
    else
        mzg_zarr_declare(mzg_sdata_store(sdata), to, json_incref(node->metadata), err);
    if (err->status == MZG_OK && element->kind == MZG_ELEMENT_TABLES && !*node->path)
        mzg_zarr_consolidate(mzg_sdata_store(sdata), to, err); /* anndata opens the table alone */
    free(to);
    free(from);
    return err->status;
}

static enum mzg_status declare_element(const struct mzg_merge_options *options,
                                       const struct mzg_merge_input *input, struct mzg_sdata *sdata,
                                       const struct mzg_element *element, const char *name,
                                       struct mzg_error *err)
{
    char *shown;
    if (asprintf(&shown, "%s/%s/%s", input->catalog.path, mzg_element_group(element->kind), element->name) <
        0)
        return no_memory(input->catalog.path, err);
    if (change_group(options, input, element, name, shown, err) == MZG_OK) {
        for (int64_t i = 0; i < element->n_nodes && err->status == MZG_OK; i++)
            declare_node(options, input, sdata, element, &element->nodes[i], name, err);
    }
    free(shown);
    return err->status;
}

enum mzg_status mzg_merge_declare_below(struct mzg_sdata *sdata, const struct mzg_element *element,
                                        const char *node, const char *path, struct mzg_error *err)
{
    size_t length = strlen(node);
    for (int64_t i = 0; i < element->n_nodes && err->status == MZG_OK; i++) {
        const struct mzg_catalog_node *one = &element->nodes[i];
        if (strncmp(one->path, node, length) != 0 || (one->path[length] && one->path[length] != '/'))
            continue;
        char *to;
        if (asprintf(&to, "%s%s", path, one->path + length) < 0)
            return no_memory(path, err);
        mzg_zarr_declare(mzg_sdata_store(sdata), to, json_incref(one->metadata), err);
        free(to);
    }
    return err->status;
}

/* What users put into the roots: kept where no other store says otherwise. A new reference, or NULL without
 * memory. */
static json_t *common_attributes(const struct mzg_context *context, const struct mzg_merge_inputs *inputs)
{
    json_t *common = json_object(), *dropped = json_object();
    for (int i = 0; i < inputs->n && common && dropped; i++) {
        const struct mzg_catalog *catalog = &inputs->inputs[i].catalog;
        const char *key;
        json_t *value;
        json_object_foreach(catalog->attributes, key, value)
        {
            const json_t *before = json_object_get(common, key);
            if (strcmp(key, "spatialdata_attrs") == 0 || strcmp(key, "mzgrid") == 0 ||
                json_object_get(dropped, key))
                continue;
            if (!before && json_object_set(common, key, value) == 0)
                continue;
            if (before && json_equal(before, value))
                continue;
            mzg_log_line(context->log, MZG_LOG_WARNING,
                         "%s: its attribute '%s' differs from that of another store: it is left out",
                         catalog->path, key);
            json_object_del(common, key);
            json_object_set_new(dropped, key, json_true());
        }
    }
    json_decref(dropped);
    return common;
}

/* The sample, and what is of it. */
static json_t *describe_samples(const struct mzg_merge_options *options,
                                const struct mzg_merge_inputs *inputs)
{
    json_t *samples = json_array();
    for (int i = 0; i < inputs->n; i++) {
        const struct mzg_merge_input *input = &inputs->inputs[i];
        json_t *elements = json_array();
        for (int64_t k = 0; k < input->catalog.n_elements; k++) {
            if (k != input->table)
                elements = mzg_json_append(elements, json_string(input->names[k]));
        }
        samples = mzg_json_append(
            samples, json_pack("{s:s, s:s, s:o}", "name", input->sample, "coordinate_system",
                               options->shared_systems ? "global" : input->sample, "elements", elements));
    }
    return samples;
}

static enum mzg_status declare_root(const struct mzg_context *context,
                                    const struct mzg_merge_options *options,
                                    const struct mzg_merge_inputs *inputs, struct mzg_sdata *sdata,
                                    struct mzg_error *err)
{
    json_t *root = mzg_sdata_root_attributes();
    root = mzg_json_merge(root, common_attributes(context, inputs));
    root = mzg_json_with(
        root, "mzgrid",
        json_pack("{s:s, s:o}", "version", MZG_VERSION, "samples", describe_samples(options, inputs)));
    return mzg_zarr_group(mzg_sdata_store(sdata), "", root, err);
}

/* The names of all elements of one kind; NULL: no memory. */
static json_t *list_names(const struct mzg_merge_inputs *inputs, enum mzg_element_kind kind)
{
    json_t *names = json_array();
    for (int i = 0; i < inputs->n; i++) {
        const struct mzg_merge_input *input = &inputs->inputs[i];
        for (int64_t k = 0; k < input->catalog.n_elements; k++) {
            if (input->catalog.elements[k].kind == kind && k != input->table)
                names = mzg_json_append(names, json_string(input->names[k]));
        }
    }
    return names;
}

static enum mzg_status declare_groups(const struct mzg_merge_options *options,
                                      const struct mzg_merge_inputs *inputs, struct mzg_sdata *sdata,
                                      struct mzg_error *err)
{
    for (int kind = 0; kind < MZG_ELEMENT_KINDS && err->status == MZG_OK; kind++) {
        json_t *names = list_names(inputs, (enum mzg_element_kind)kind);
        bool is_used = json_array_size(names) > 0 || (kind == MZG_ELEMENT_TABLES && options->concat);
        json_t *attributes =
            kind == MZG_ELEMENT_LABELS ? json_pack("{s:{s:O}}", "ome", "labels", names) : json_object();
        json_decref(names);
        if (is_used)
            mzg_zarr_group(mzg_sdata_store(sdata), mzg_element_group((enum mzg_element_kind)kind), attributes,
                           err);
        else
            json_decref(attributes);
    }
    return err->status;
}

enum mzg_status mzg_merge_declare(const struct mzg_context *context, const struct mzg_merge_options *options,
                                  const struct mzg_merge_inputs *inputs, struct mzg_sdata *sdata,
                                  struct mzg_error *err)
{
    if (declare_root(context, options, inputs, sdata, err) != MZG_OK ||
        declare_groups(options, inputs, sdata, err) != MZG_OK)
        return err->status;
    for (int i = 0; i < inputs->n; i++) {
        const struct mzg_merge_input *input = &inputs->inputs[i];
        for (int64_t k = 0; k < input->catalog.n_elements; k++) {
            if (k != input->table && declare_element(options, input, sdata, &input->catalog.elements[k],
                                                     input->names[k], err) != MZG_OK)
                return err->status;
        }
    }
    return MZG_OK;
}
