#include <run/merge_inputs.h>

#include <core/named_file.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum mzg_status no_memory(struct mzg_error *err)
{
    return mzg_fail(err, MZG_ENOMEM, "no memory for the names of what is merged");
}

/* Whether one of the stores is given twice, or is where the output goes. */
static enum mzg_status check_places(const struct mzg_merge_options *options, struct mzg_error *err)
{
    for (int i = 0; i < options->n_inputs; i++) {
        struct stat info, other;
        const char *path = options->inputs[i];
        if (mzg_named_check("STORE", path, "the output", options->output, err) != MZG_OK ||
            mzg_named_check("-o", options->output, "a store that is merged", path, err) != MZG_OK)
            return err->status;
        if (stat(path, &info) != 0)
            continue; /* opening it says why */
        for (int k = 0; k < i; k++) {
            if (stat(options->inputs[k], &other) == 0 && info.st_dev == other.st_dev &&
                info.st_ino == other.st_ino)
                return mzg_fail(err, MZG_EUSAGE,
                                "%s and %s are the same store: it would be merged with itself",
                                options->inputs[k], path);
        }
    }
    return MZG_OK;
}

static enum mzg_status name_samples(const struct mzg_merge_options *options, struct mzg_merge_inputs *inputs,
                                    struct mzg_error *err)
{
    if (options->n_samples > 0 && options->n_samples != options->n_inputs)
        return mzg_fail(err, MZG_EUSAGE, "--samples has %d names, but %d stores are merged",
                        options->n_samples, options->n_inputs);
    for (int i = 0; i < inputs->n; i++) {
        struct mzg_merge_input *input = &inputs->inputs[i];
        if (options->n_samples == 0) {
            if (mzg_sample_name(options->inputs[i], &input->sample, err) != MZG_OK)
                return err->status;
        } else if (!mzg_is_element_name(options->samples[i])) {
            return mzg_fail(
                err, MZG_EUSAGE,
                "--samples: '%s' is not a valid name of a sample: expected letters, digits, '_', '-' or '.'",
                options->samples[i]);
        } else if (!(input->sample = strdup(options->samples[i]))) {
            return no_memory(err);
        }
        for (int k = 0; k < i; k++) {
            if (strcasecmp(input->sample, inputs->inputs[k].sample) == 0)
                return mzg_fail(err, MZG_EUSAGE,
                                "%s and %s are both called '%s': name the samples by --samples NAME,NAME...",
                                options->inputs[k], options->inputs[i], input->sample);
        }
    }
    return MZG_OK;
}

static enum mzg_status name_elements(const struct mzg_merge_options *options, struct mzg_merge_input *input,
                                     struct mzg_error *err)
{
    const struct mzg_catalog *catalog = &input->catalog;
    input->names = calloc((size_t)(catalog->n_elements > 0 ? catalog->n_elements : 1), sizeof *input->names);
    if (!input->names)
        return no_memory(err);
    for (int64_t i = 0; i < catalog->n_elements; i++) {
        if (mzg_rename_apply(options->renames, options->n_renames, input->sample, input->number,
                             catalog->elements[i].name, &input->names[i], err) != MZG_OK)
            return err->status;
    }
    return MZG_OK;
}

/* The table on the mass axis, whose columns are bins; tables of peaks are not. */
static bool is_binned(const struct mzg_element *element)
{
    return element->kind == MZG_ELEMENT_TABLES && mzg_element_node(element, "uns/mzgrid/mass_axis") &&
           mzg_element_node(element, "var/mz_lower");
}

static enum mzg_status find_table(struct mzg_merge_input *input, struct mzg_error *err)
{
    const struct mzg_catalog *catalog = &input->catalog;
    for (int64_t i = 0; i < catalog->n_elements; i++) {
        if (!is_binned(&catalog->elements[i]))
            continue;
        if (input->table >= 0)
            return mzg_fail(err, MZG_EUSAGE,
                            "--concat: %s has several tables of bins, '%s' and '%s': merge the stores that "
                            "they came from",
                            catalog->path, catalog->elements[input->table].name, catalog->elements[i].name);
        input->table = i;
    }
    if (input->table < 0)
        return mzg_fail(err, MZG_EUSAGE,
                        "--concat: %s has no table of bins that mzgrid wrote: merge it without --concat",
                        catalog->path);
    if (!mzg_element_node(&catalog->elements[input->table], "obs"))
        return mzg_fail(err, MZG_EFORMAT,
                        "%s/tables/%s: it has no obs; the store is incomplete, copy it again", catalog->path,
                        catalog->elements[input->table].name);
    return MZG_OK;
}

struct name {
    const char *name; /* in the output */
    const char *before;
    const char *path; /* of its store */
    enum mzg_element_kind kind;
    int order;
};

static int compare_names(const void *a, const void *b)
{
    const struct name *one = a, *other = b;
    int difference = strcasecmp(one->name, other->name);
    return difference ? difference : one->order - other->order;
}

static enum mzg_status fail_alike(const struct name *a, const struct name *b, struct mzg_error *err)
{
    const char *end = strstr(b->before, "_z0");
    int length = end ? (int)(end - b->before) : 0;
    const char *what = mzg_element_group(a->kind), *other = mzg_element_group(b->kind);
    if (strcmp(a->name, b->name) != 0)
        return mzg_fail(err, MZG_EUSAGE,
                        "%s has %s '%s' and %s has %s '%s', which differ by upper and lower case only: give "
                        "other names by --rename OLD=NEW",
                        a->path, what, a->name, b->path, other, b->name);
    if (length > 0)
        return mzg_fail(err, MZG_EUSAGE,
                        "%s and %s both have an element '%s': give each sample names of its own, as by "
                        "--rename '%.*s={sample}'",
                        a->path, b->path, a->name, length, b->before);
    return mzg_fail(err, MZG_EUSAGE,
                    "%s and %s both have an element '%s': give each sample names of its own, as by "
                    "--rename '*={sample}_{name}'",
                    a->path, b->path, a->name);
}

/* All elements of a SpatialData object have different names, also if case is ignored. */
static enum mzg_status check_names(const struct mzg_merge_options *options,
                                   const struct mzg_merge_inputs *inputs, struct mzg_error *err)
{
    size_t most = 1, n = 0;
    for (int i = 0; i < inputs->n; i++)
        most += (size_t)inputs->inputs[i].catalog.n_elements;
    struct name *names = malloc(most * sizeof *names);
    if (!names)
        return no_memory(err);
    for (int i = 0; i < inputs->n; i++) {
        const struct mzg_merge_input *input = &inputs->inputs[i];
        for (int64_t k = 0; k < input->catalog.n_elements; k++) {
            const struct mzg_element *element = &input->catalog.elements[k];
            if (k == input->table)
                continue;
            names[n] =
                (struct name){input->names[k], element->name, input->catalog.path, element->kind, (int)n};
            n++;
        }
    }
    if (options->concat) {
        names[n] = (struct name){options->table, options->table, "--table", MZG_ELEMENT_TABLES, (int)n};
        n++;
    }
    qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 1; i < n; i++) {
        if (strcasecmp(names[i - 1].name, names[i].name) == 0) {
            fail_alike(&names[i - 1], &names[i], err);
            break;
        }
    }
    free(names);
    return err->status;
}

/* How many chunk files an array of an element has. */
static int64_t count_chunks(const struct mzg_element *element, const char *node)
{
    size_t length = strlen(node);
    int64_t n = 0;
    for (int64_t i = 0; i < element->n_files; i++)
        n += strncmp(element->files[i].path, node, length) == 0 &&
             strncmp(element->files[i].path + length, "/c", 2) == 0;
    return n;
}

/* That an array of a sparse matrix has its chunk files, which a half-copied store lacks. A writer may leave
 * out chunks that are all zero: of `data` none is, and of indices of several rows and columns at most a last
 * one of a single index. */
static enum mzg_status check_chunks(const struct mzg_catalog *catalog, const struct mzg_element *table,
                                    const char *matrix, const char *name, struct mzg_error *err)
{
    char node[64];
    snprintf(node, sizeof node, "%s/%s", matrix, name);
    const struct mzg_catalog_node *array = mzg_element_node(table, node);
    const struct mzg_catalog_node *group = mzg_element_node(table, matrix);
    if (!array || !group)
        return MZG_OK;
    const json_t *shape = json_object_get(array->metadata, "shape");
    const json_t *grid = json_object_get(json_object_get(array->metadata, "chunk_grid"), "configuration");
    const json_t *sides = json_object_get(json_object_get(group->metadata, "attributes"), "shape");
    int64_t n = json_integer_value(json_array_get(shape, 0));
    int64_t chunk = json_integer_value(json_array_get(json_object_get(grid, "chunk_shape"), 0));
    if (json_array_size(shape) != 1 || n < 1 || chunk < 1)
        return MZG_OK;
    int64_t expected = (n - 1) / chunk + 1;
    if (strcmp(name, "indices") == 0) {
        expected -= n % chunk == 1;
        if (json_integer_value(json_array_get(sides, 0)) < 2 ||
            json_integer_value(json_array_get(sides, 1)) < 2 || chunk == 1)
            return MZG_OK;
    }
    int64_t found = count_chunks(table, node);
    if (found < expected)
        return mzg_fail(err, MZG_EFORMAT,
                        "%s/tables/%s/%s: it has %" PRId64 " chunk files; expected %" PRId64
                        "; the store is incomplete, copy it again",
                        catalog->path, table->name, node, found, expected);
    return MZG_OK;
}

static enum mzg_status check_matrices(const struct mzg_catalog *catalog, struct mzg_error *err)
{
    static const char *const matrices[] = {"X", "layers/csr"};
    for (int64_t k = 0; k < catalog->n_elements; k++) {
        const struct mzg_element *element = &catalog->elements[k];
        for (int i = 0; i < 2 && element->kind == MZG_ELEMENT_TABLES; i++)
            if (check_chunks(catalog, element, matrices[i], "data", err) != MZG_OK ||
                check_chunks(catalog, element, matrices[i], "indices", err) != MZG_OK)
                return err->status;
    }
    return MZG_OK;
}

enum mzg_status mzg_merge_inputs_open(const struct mzg_merge_options *options,
                                      struct mzg_merge_inputs *inputs, struct mzg_error *err)
{
    *inputs = (struct mzg_merge_inputs){.n = options->n_inputs,
                                        .inputs = calloc((size_t)options->n_inputs, sizeof *inputs->inputs)};
    if (!inputs->inputs) {
        inputs->n = 0;
        return no_memory(err);
    }
    if (check_places(options, err) != MZG_OK || name_samples(options, inputs, err) != MZG_OK)
        return err->status;
    for (int i = 0; i < inputs->n; i++) {
        struct mzg_merge_input *input = &inputs->inputs[i];
        input->number = i + 1;
        input->table = -1;
        if (mzg_catalog_open(options->inputs[i], &input->catalog, err) != MZG_OK ||
            check_matrices(&input->catalog, err) != MZG_OK || name_elements(options, input, err) != MZG_OK ||
            (options->concat && find_table(input, err) != MZG_OK))
            return err->status;
    }
    return check_names(options, inputs, err);
}

void mzg_merge_inputs_close(struct mzg_merge_inputs *inputs)
{
    for (int i = 0; i < inputs->n; i++) {
        struct mzg_merge_input *input = &inputs->inputs[i];
        for (int64_t k = 0; input->names && k < input->catalog.n_elements; k++)
            free(input->names[k]);
        free(input->names);
        free(input->sample);
        mzg_catalog_close(&input->catalog);
    }
    free(inputs->inputs);
    *inputs = (struct mzg_merge_inputs){0};
}

/* Of a table whose values were read, not cloned. */
static enum mzg_status check_table(const struct mzg_catalog *catalog, const struct mzg_element *table,
                                   struct mzg_error *err)
{
    for (int64_t i = 0; i < table->n_files && err->status == MZG_OK; i++) {
        char *path;
        if (asprintf(&path, "%s/tables/%s/%s", catalog->path, table->name, table->files[i].path) < 0)
            return no_memory(err);
        mzg_file_check_state(path, &table->files[i].state, err);
        free(path);
    }
    return err->status;
}

enum mzg_status mzg_merge_inputs_check(const struct mzg_merge_inputs *inputs, struct mzg_error *err)
{
    for (int i = 0; i < inputs->n && err->status == MZG_OK; i++) {
        const struct mzg_catalog *catalog = &inputs->inputs[i].catalog;
        if (mzg_catalog_check(catalog, err) == MZG_OK && inputs->inputs[i].table >= 0)
            check_table(catalog, &catalog->elements[inputs->inputs[i].table], err);
    }
    return err->status;
}
