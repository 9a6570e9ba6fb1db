#include <run/peaks_source.h>

#include <core/agree.h>
#include <spatialdata/catalog.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NODE = 768 };

/* The path of a node of the table. */
static const char *node_of(const struct mzg_peaks_source *source, const char *name, char node[NODE])
{
    snprintf(node, NODE, "%s/%s", source->table, name);
    return node;
}

/* Whether mzgrid made this table from spectra. */
static bool is_converted(const char *store, const char *name)
{
    char *path;
    if (asprintf(&path, "%s/tables/%s/uns/mzgrid/mass_axis/zarr.json", store, name) < 0)
        return false;
    bool is = access(path, F_OK) == 0;
    free(path);
    return is;
}

/* The names of tables that could be meant, for a message. */
static void list_tables(const char *store, const struct mzg_zarr_strings *names, char *text, size_t size)
{
    size_t used = 0;
    for (int64_t i = 0; i < names->n && used < size; i++)
        if (is_converted(store, names->items[i]))
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", names->items[i]);
}

/* Rank 0: the path of the table that is meant. */
static enum mzg_status find_table(const char *store, const char *wanted, char **table, struct mzg_error *err)
{
    json_t *root = NULL;
    struct mzg_zarr_strings names = {0};
    const char *found = NULL;
    int n = 0;
    char text[400] = "";
    if (mzg_catalog_root(store, &root, err) != MZG_OK)
        return err->status;
    mzg_zarr_members(store, "tables", &names, err);
    for (int64_t i = 0; i < names.n; i++) {
        bool is_wanted = !wanted || strcmp(wanted, names.items[i]) == 0;
        if (is_wanted && is_converted(store, names.items[i])) {
            found = names.items[i];
            n++;
        }
    }
    list_tables(store, &names, text, sizeof text);
    if (err->status == MZG_OK && n == 0 && wanted && *text)
        mzg_fail(err, MZG_EUSAGE, "%s: it has no table '%s' that mzgrid converted; it has %s", store, wanted,
                 text);
    else if (err->status == MZG_OK && n == 0)
        mzg_fail(err, MZG_EFORMAT, "%s: it has no table that mzgrid converted", store);
    else if (err->status == MZG_OK && n > 1)
        mzg_fail(err, MZG_EUSAGE, "%s: it has several tables; choose one with --table: %s", store, text);
    else if (err->status == MZG_OK && asprintf(table, "tables/%s", found) < 0) {
        *table = NULL;
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for the path of its table", store);
    }
    mzg_zarr_strings_free(&names);
    json_decref(root);
    return err->status;
}

static enum mzg_status open_array(const struct mzg_peaks_source *source, const char *name,
                                  struct mzg_zarr_input **input, struct mzg_error *err)
{
    char node[NODE];
    return mzg_zarr_input_open(source->store, node_of(source, name, node), input, err);
}

/* A sparse X: three arrays whose lengths belong together. */
static enum mzg_status open_sparse(struct mzg_peaks_source *source, const json_t *group,
                                   struct mzg_error *err)
{
    const json_t *attributes = json_object_get(group, "attributes");
    const char *type = json_string_value(json_object_get(attributes, "encoding-type"));
    const json_t *shape = json_object_get(attributes, "shape");
    bool by_column = type && strcmp(type, "csc_matrix") == 0;
    if (!type || (!by_column && strcmp(type, "csr_matrix") != 0))
        return mzg_fail(err, MZG_EFORMAT, "%s/%s/X: it is not a csc_matrix, csr_matrix or array",
                        source->store, source->table);
    source->layout = by_column ? MZG_MATRIX_CSC : MZG_MATRIX_CSR;
    source->n_rows = json_integer_value(json_array_get(shape, 0));
    source->n_bins = json_integer_value(json_array_get(shape, 1));
    if (open_array(source, "X/data", &source->values, err) != MZG_OK ||
        open_array(source, "X/indices", &source->minors, err) != MZG_OK ||
        open_array(source, "X/indptr", &source->begins, err) != MZG_OK)
        return err->status;
    const struct mzg_zarr_shape *values = mzg_zarr_input_shape(source->values);
    const struct mzg_zarr_shape *minors = mzg_zarr_input_shape(source->minors);
    const struct mzg_zarr_shape *begins = mzg_zarr_input_shape(source->begins);
    source->n_values = values->shape[0];
    if (values->n_dimensions != 1 || minors->n_dimensions != 1 || begins->n_dimensions != 1 ||
        minors->shape[0] != source->n_values ||
        begins->shape[0] - 1 != (by_column ? source->n_bins : source->n_rows))
        return mzg_fail(err, MZG_EFORMAT, "%s/%s/X: its arrays do not fit its shape", source->store,
                        source->table);
    mzg_zarr_inputs_need_chunks(source->values, source->minors, by_column ? source->n_rows : source->n_bins);
    return MZG_OK;
}

static enum mzg_status open_matrix(struct mzg_peaks_source *source, struct mzg_error *err)
{
    char node[NODE];
    json_t *metadata = NULL;
    if (mzg_zarr_load(source->store, node_of(source, "X", node), &metadata, err) != MZG_OK)
        return err->status;
    const char *type = json_string_value(json_object_get(metadata, "node_type"));
    if (strcmp(type, "group") == 0) {
        open_sparse(source, metadata, err);
    } else if (open_array(source, "X", &source->values, err) == MZG_OK) {
        const struct mzg_zarr_shape *shape = mzg_zarr_input_shape(source->values);
        source->layout = MZG_MATRIX_DENSE;
        source->n_rows = shape->n_dimensions == 2 ? shape->shape[0] : 0;
        source->n_bins = shape->n_dimensions == 2 ? shape->shape[1] : 0;
    }
    json_decref(metadata);
    if (err->status != MZG_OK)
        return err->status;
    source->value_type = mzg_zarr_input_shape(source->values)->type;
    if (source->n_rows < 1 || source->n_bins < 1 || source->n_rows > INT32_MAX || source->n_bins > INT32_MAX)
        return mzg_fail(err, MZG_EFORMAT, "%s/%s/X: it has no rows or columns, or too many", source->store,
                        source->table);
    if (source->value_type != MZG_FLOAT32 && source->value_type != MZG_FLOAT64)
        return mzg_fail(err, MZG_EFORMAT, "%s/%s/X: its values are neither float32 nor float64",
                        source->store, source->table);
    return MZG_OK;
}

/* A column of var, which must be as long as X is wide. */
static enum mzg_status read_column(const struct mzg_peaks_source *source, const char *name,
                                   enum mzg_type type, void **values, struct mzg_error *err)
{
    char node[NODE];
    int64_t n = 0;
    if (mzg_zarr_read_whole(source->store, node_of(source, name, node), type, 1, source->n_bins, values, &n,
                            err) != MZG_OK)
        return err->status;
    if (n != source->n_bins)
        return mzg_fail(err, MZG_EFORMAT, "%s/%s: it has %" PRId64 " elements; expected %" PRId64,
                        source->store, node, n, source->n_bins);
    return MZG_OK;
}

static enum mzg_status read_edges(struct mzg_peaks_source *source, struct mzg_error *err)
{
    double *upper = NULL;
    if (read_column(source, "var/mz_lower", MZG_FLOAT64, (void **)&source->edges, err) != MZG_OK ||
        read_column(source, "var/mz_upper", MZG_FLOAT64, (void **)&upper, err) != MZG_OK)
        goto cleanup;
    double *grown = realloc(source->edges, ((size_t)source->n_bins + 1) * sizeof *grown);
    if (!grown) {
        mzg_fail(err, MZG_ENOMEM, "%s: no memory for its mass axis", source->store);
        goto cleanup;
    }
    source->edges = grown;
    grown[source->n_bins] = upper[source->n_bins - 1];
    for (int64_t k = 0; k < source->n_bins && err->status == MZG_OK; k++)
        if (!(source->mz[k] >= grown[k] && source->mz[k] <= grown[k + 1]))
            mzg_fail(err, MZG_EFORMAT,
                     "%s/%s/var: bin %" PRId64 " does not lie between its edges, or behind others",
                     source->store, source->table, k);

cleanup:
    free(upper);
    return err->status;
}

/* That the columns of a bin are finite, and agree on whether it has values: an absent chunk of one reads as
 * zeros. */
static enum mzg_status check_statistics(const struct mzg_peaks_source *source, struct mzg_error *err)
{
    for (int64_t k = 0; k < source->n_bins; k++) {
        double mean = source->mean[k], maximum = source->maximum[k];
        bool is_empty = mean == 0 && maximum == 0;
        bool is_count = source->n_pixels[k] >= 0 && source->n_pixels[k] <= INT32_MAX;
        bool is_finite = isfinite(mean) && isfinite(maximum);
        if (!is_count || !is_finite || is_empty == (source->n_pixels[k] > 0) || (mean == 0 && maximum > 0) ||
            (mean > 0 && maximum == 0))
            return mzg_fail(err, MZG_EFORMAT,
                            "%s/%s/var: mean_intensity, max_intensity and n_pixels of bin %" PRId64
                            " contradict each other, or are not finite; the store is damaged or incomplete, "
                            "copy it again",
                            source->store, source->table, k);
    }
    return MZG_OK;
}

/* Whether the word at a place of uns is that one; false if there is no such place. */
static enum mzg_status uns_says(const struct mzg_peaks_source *source, const char *name, const char *word,
                                bool *says, struct mzg_error *err)
{
    char node[NODE], *file = NULL;
    struct mzg_zarr_strings text = {0};
    *says = false;
    if (asprintf(&file, "%s/%s/zarr.json", source->store, node_of(source, name, node)) < 0)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for a path in it", source->store);
    bool is_absent = access(file, F_OK) != 0 && errno == ENOENT;
    free(file);
    if (is_absent)
        return MZG_OK;
    mzg_zarr_read_strings(source->store, node, 1, &text, err);
    if (err->status == MZG_OK && (text.n != 1 || text.items[0][0] == '\0')) /* as of a chunk that was lost */
        mzg_fail(err, MZG_EFORMAT, "%s/%s: it has no word; the store is damaged or incomplete, copy it again",
                 source->store, node);
    *says = err->status == MZG_OK && strcmp(text.items[0], word) == 0;
    mzg_zarr_strings_free(&text);
    return err->status;
}

/* Rank 0. */
static enum mzg_status read_axis(struct mzg_peaks_source *source, struct mzg_error *err)
{
    char node[NODE];
    if (read_column(source, "var/mz", MZG_FLOAT64, (void **)&source->mz, err) != MZG_OK ||
        read_edges(source, err) != MZG_OK ||
        read_column(source, "var/mean_intensity", MZG_FLOAT64, (void **)&source->mean, err) != MZG_OK ||
        read_column(source, "var/max_intensity", MZG_FLOAT64, (void **)&source->maximum, err) != MZG_OK ||
        read_column(source, "var/n_pixels", MZG_INT64, (void **)&source->n_pixels, err) != MZG_OK ||
        check_statistics(source, err) != MZG_OK ||
        mzg_zarr_read_strings(source->store, node_of(source, "var/_index", node), source->n_bins,
                              &source->names, err) != MZG_OK)
        return err->status;
    if (source->names.n != source->n_bins)
        return mzg_fail(err, MZG_EFORMAT, "%s/%s: it has %" PRId64 " names; expected %" PRId64, source->store,
                        node, source->names.n, source->n_bins);
    if (uns_says(source, "uns/mzgrid/resampling/spectrum_type", "centroid", &source->is_centroid, err) !=
            MZG_OK ||
        uns_says(source, "uns/mzgrid/resampling/values", "height", &source->has_heights, err) != MZG_OK)
        return err->status;
    return uns_says(source, "uns/mzgrid/mass_axis/type", "native", &source->is_native, err);
}

enum mzg_status mzg_peaks_source_open(const struct mzg_context *context, const char *store, const char *table,
                                      struct mzg_peaks_source *source, struct mzg_error *err)
{
    *source = (struct mzg_peaks_source){.store = store};
    if (context->rank == 0)
        find_table(store, table, &source->table, err);
    if (mzg_agree_text(context->comm, &source->table, err) != MZG_OK)
        return err->status;
    if (open_matrix(source, err) == MZG_OK && context->rank == 0)
        read_axis(source, err);
    return mzg_agree(context->comm, err);
}

void mzg_peaks_source_close(struct mzg_peaks_source *source)
{
    free(source->table);
    mzg_zarr_input_free(source->values);
    mzg_zarr_input_free(source->minors);
    mzg_zarr_input_free(source->begins);
    free(source->mz);
    free(source->edges);
    free(source->mean);
    free(source->maximum);
    free(source->n_pixels);
    mzg_zarr_strings_free(&source->names);
    *source = (struct mzg_peaks_source){0};
}

struct mzg_spectra mzg_peaks_source_spectra(const struct mzg_peaks_source *source)
{
    return (struct mzg_spectra){.n_bins = source->n_bins,
                                .mz = source->mz,
                                .mean = source->mean,
                                .maximum = source->maximum,
                                .n_pixels = source->n_pixels,
                                .n_rows = source->n_rows,
                                .is_centroid = source->is_centroid,
                                .is_native = source->is_native};
}
