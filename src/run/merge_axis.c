#include <run/merge_axis.h>

#include <core/json.h>
#include <zarr/read.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The axis of one sample: what its uns tells, and its bins. */
struct sample_axis {
    const struct mzg_merge_sample *sample;
    struct mzg_axis_spec spec; /* bin_width 0: its bins were counted, or given */
    double step;
    char sha256[65];
    int64_t n;
    double *mz, *lower, *upper;
    double begin, end; /* its outermost edges */
};

static enum mzg_status no_memory(struct mzg_error *err)
{
    return mzg_fail(err, MZG_ENOMEM, "no memory for the mass axis of all samples");
}

static enum mzg_status read_number(const struct sample_axis *a, const char *path, const char *key,
                                   double *value, struct mzg_error *err)
{
    void *values = NULL;
    int64_t n;
    char *node;
    if (asprintf(&node, "%s/%s", path, key) < 0)
        return no_memory(err);
    if (mzg_zarr_read_whole(a->sample->store, node, MZG_FLOAT64, 0, 1, &values, &n, err) == MZG_OK)
        memcpy(value, values, sizeof *value);
    free(values);
    free(node);
    return err->status;
}

static enum mzg_status read_text(const struct sample_axis *a, const char *path, const char *key, char *text,
                                 size_t size, struct mzg_error *err)
{
    struct mzg_zarr_strings strings = {0};
    char *node;
    if (asprintf(&node, "%s/%s", path, key) < 0)
        return no_memory(err);
    if (mzg_zarr_read_strings(a->sample->store, node, 1, &strings, err) == MZG_OK)
        snprintf(text, size, "%s", strings.n == 1 ? strings.items[0] : "");
    mzg_zarr_strings_free(&strings);
    free(node);
    return err->status;
}

/* What uns/mzgrid/mass_axis says. Which members there are depends on the law. */
static enum mzg_status read_law(struct sample_axis *a, struct mzg_error *err)
{
    const struct {
        const char *name;
        double *value;
    } numbers[] = {{"step", &a->step},
                   {"bin_width", &a->spec.bin_width},
                   {"reference_mz", &a->spec.reference_mz},
                   {"tof_a", &a->spec.tof_a},
                   {"tof_b", &a->spec.tof_b}};
    struct mzg_zarr_strings names = {0};
    char type[32] = "";
    char *path = mzg_merge_sample_path(a->sample, "uns/mzgrid/mass_axis", err);
    if (!path || mzg_zarr_members(a->sample->store, path, &names, err) != MZG_OK ||
        read_text(a, path, "type", type, sizeof type, err) != MZG_OK ||
        read_text(a, path, "edges_sha256", a->sha256, sizeof a->sha256, err) != MZG_OK)
        goto cleanup;
    for (int64_t i = 0; i < names.n; i++) {
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers && err->status == MZG_OK; k++) {
            if (strcmp(names.items[i], numbers[k].name) == 0)
                read_number(a, path, names.items[i], numbers[k].value, err);
        }
    }
    if (err->status == MZG_OK && mzg_axis_type_parse(type, &a->spec.type, err) != MZG_OK) {
        *err = (struct mzg_error){0};
        mzg_fail(err, MZG_EFORMAT,
                 "%s/%s: its mass axis is of the type '%s', which this version does not know",
                 a->sample->store, a->sample->node, type);
    }

cleanup:
    mzg_zarr_strings_free(&names);
    free(path);
    return err->status;
}

static enum mzg_status check_bins(const struct sample_axis *a, struct mzg_error *err)
{
    for (int64_t k = 0; k < a->n; k++) {
        bool is_bin = a->mz[k] > 0 && isfinite(a->mz[k]) && a->lower[k] <= a->mz[k] &&
                      a->mz[k] <= a->upper[k] && (k == 0 || a->mz[k] > a->mz[k - 1]);
        if (!is_bin)
            return mzg_fail(err, MZG_EFORMAT,
                            "%s/%s: bin %" PRId64
                            " of its var does not follow the one before it: m/z %.10g between "
                            "%.10g and %.10g",
                            a->sample->store, a->sample->node, k, a->mz[k], a->lower[k], a->upper[k]);
    }
    return MZG_OK;
}

static enum mzg_status read_axis(const struct mzg_merge_sample *sample, struct sample_axis *a,
                                 struct mzg_error *err)
{
    *a = (struct sample_axis){.sample = sample, .n = sample->n_bins};
    const struct {
        const char *name;
        double **values;
    } columns[] = {{"var/mz", &a->mz}, {"var/mz_lower", &a->lower}, {"var/mz_upper", &a->upper}};
    if (read_law(a, err) != MZG_OK)
        return err->status;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        void *values = NULL;
        if (mzg_merge_sample_read(sample, columns[i].name, MZG_FLOAT64, a->n, &values, err) != MZG_OK)
            return err->status;
        *columns[i].values = values;
    }
    a->begin = a->lower[0];
    a->end = a->upper[a->n - 1];
    return check_bins(a, err);
}

static void destroy_axis(struct sample_axis *a)
{
    free(a->mz);
    free(a->lower);
    free(a->upper);
}

static void describe(const struct sample_axis *a, char *text, size_t size)
{
    const char *type = mzg_axis_type_name(a->spec.type);
    if (a->spec.type == MZG_AXIS_NATIVE)
        snprintf(text, size, "%" PRId64 " native m/z", a->n);
    else if (a->spec.bin_width > 0)
        snprintf(text, size, "%s bins of %.6g Da at m/z %.6g", type, a->spec.bin_width, a->spec.reference_mz);
    else
        snprintf(text, size, "%" PRId64 " %s bins from m/z %.10g to %.10g", a->n, type, a->begin, a->end);
}

static bool has_same_bins(const struct sample_axis *a, const struct sample_axis *b)
{
    bool same = a->n == b->n && strcmp(a->sha256, b->sha256) == 0;
    for (int64_t k = 0; k < a->n && same; k++)
        same = a->mz[k] == b->mz[k];
    return same;
}

/* Whether both are windows on one grid. */
static bool has_same_grid(const struct sample_axis *a, const struct sample_axis *b)
{
    return a->spec.bin_width > 0 && b->spec.bin_width > 0 && a->spec.type == b->spec.type &&
           a->step == b->step && a->spec.tof_a == b->spec.tof_a && a->spec.tof_b == b->spec.tof_b;
}

static enum mzg_status check_fit(const struct sample_axis *a, const struct sample_axis *b,
                                 struct mzg_error *err)
{
    char one[128], other[128];
    bool both_native = a->spec.type == MZG_AXIS_NATIVE && b->spec.type == MZG_AXIS_NATIVE;
    if (both_native || has_same_grid(a, b) || has_same_bins(a, b))
        return MZG_OK;
    describe(a, one, sizeof one);
    describe(b, other, sizeof other);
    return mzg_fail(
        err, MZG_EUSAGE,
        "--concat: %s has %s, %s has %s: their columns are not the same; make one axis of all inputs, "
        "'mzgrid axis A.imzML B.imzML -o axis.json', and convert each again, 'mzgrid convert A.imzML "
        "A.zarr --mass-axis-file axis.json --overwrite', or merge without --concat",
        a->sample->store, one, b->sample->store, other);
}

/* Adds the m/z of a sample to an ascending list. */
static enum mzg_status add_mz(const struct sample_axis *a, double **mz, int64_t *n, struct mzg_error *err)
{
    double *merged = calloc((size_t)(*n + a->n) + 1, sizeof *merged);
    if (!merged)
        return no_memory(err);
    int64_t i = 0, k = 0, count = 0;
    while (i < *n || k < a->n) {
        if (k == a->n || (i < *n && (*mz)[i] < a->mz[k])) {
            merged[count++] = (*mz)[i++];
        } else {
            i += i < *n && (*mz)[i] == a->mz[k] ? 1 : 0;
            merged[count++] = a->mz[k++];
        }
    }
    free(*mz);
    *mz = merged;
    *n = count;
    if (count > INT32_MAX)
        return mzg_fail(err, MZG_ERANGE,
                        "--concat: the samples up to %s have %" PRId64
                        " different bins; one table has at most %d: merge without --concat",
                        a->sample->store, count, INT32_MAX);
    return MZG_OK;
}

static enum mzg_status map_columns(const struct sample_axis *a, struct mzg_merge_sample *sample,
                                   const double *mz, struct mzg_error *err)
{
    sample->columns = malloc((size_t)a->n * sizeof *sample->columns);
    if (!sample->columns)
        return no_memory(err);
    int32_t column = 0;
    for (int64_t k = 0; k < a->n; k++) {
        while (mz[column] < a->mz[k])
            column++;
        sample->columns[k] = column;
    }
    return MZG_OK;
}

/* The edges of a grid's window. The outermost ones of a sample may lie a little outside the grid, to hold its
 * range: within the window of all those of the grid count. */
static enum mzg_status join_edges(const struct sample_axis *axes, const struct mzg_merge_samples *samples,
                                  struct mzg_axis *axis, struct mzg_error *err)
{
    int64_t n = axis->n_bins;
    double *lower = calloc((size_t)n, sizeof *lower), *upper = calloc((size_t)n, sizeof *upper);
    axis->edges = malloc((size_t)(n + 1) * sizeof *axis->edges);
    if (!lower || !upper || !axis->edges) {
        no_memory(err);
        goto cleanup;
    }
    for (int64_t k = 0; k < n; k++) {
        lower[k] = k == 0 ? INFINITY : -INFINITY;
        upper[k] = k == n - 1 ? -INFINITY : INFINITY;
    }
    for (int i = 0; i < samples->n; i++) {
        for (int64_t k = 0; k < axes[i].n; k++) {
            int32_t column = samples->samples[i].columns[k];
            lower[column] =
                column == 0 ? fmin(lower[column], axes[i].lower[k]) : fmax(lower[column], axes[i].lower[k]);
            upper[column] = column == n - 1 ? fmax(upper[column], axes[i].upper[k])
                                            : fmin(upper[column], axes[i].upper[k]);
        }
    }
    for (int64_t k = 0; k + 1 < n; k++) {
        if (upper[k] < lower[k + 1]) {
            mzg_fail(
                err, MZG_EUSAGE,
                "--concat: no sample has bins between m/z %.10g and %.10g: one table would have no column "
                "there; convert with --min-mz and --max-mz so that their ranges meet, or merge without "
                "--concat",
                upper[k], lower[k + 1]);
            goto cleanup;
        }
        if (upper[k] > lower[k + 1]) {
            mzg_fail(
                err, MZG_EUSAGE,
                "--concat: the bins of the samples overlap at m/z %.10g, though their laws and widths are "
                "the same: they were made by different versions of mzgrid; convert them again with one",
                lower[k + 1]);
            goto cleanup;
        }
    }
    memcpy(axis->edges, lower, (size_t)n * sizeof *lower);
    axis->edges[n] = upper[n - 1];

cleanup:
    free(upper);
    free(lower);
    return err->status;
}

static enum mzg_status join(const struct sample_axis *axes, struct mzg_merge_samples *samples,
                            struct mzg_axis *axis, struct mzg_error *err)
{
    double *mz = NULL;
    int64_t n = 0;
    for (int i = 0; i < samples->n; i++) {
        if (check_fit(&axes[0], &axes[i], err) != MZG_OK || add_mz(&axes[i], &mz, &n, err) != MZG_OK)
            goto cleanup;
    }
    if (!mz) { /* no sample at all */
        no_memory(err);
        goto cleanup;
    }
    for (int i = 0; i < samples->n; i++) {
        if (map_columns(&axes[i], &samples->samples[i], mz, err) != MZG_OK)
            goto cleanup;
    }
    if (axes[0].spec.type == MZG_AXIS_NATIVE) {
        mzg_axis_build_native(mz, n, axis, err);
    } else {
        *axis = (struct mzg_axis){.spec = axes[0].spec, .step = axes[0].step, .n_bins = n, .centers = mz};
        mz = NULL;
        join_edges(axes, samples, axis, err);
    }

cleanup:
    free(mz);
    return err->status;
}

enum mzg_status mzg_merge_axis_make(struct mzg_merge_samples *samples, struct mzg_axis *axis,
                                    struct mzg_error *err)
{
    *axis = (struct mzg_axis){0};
    struct sample_axis *axes = calloc((size_t)samples->n, sizeof *axes);
    if (!axes)
        return no_memory(err);
    for (int i = 0; i < samples->n && err->status == MZG_OK; i++)
        read_axis(&samples->samples[i], &axes[i], err);
    if (err->status == MZG_OK)
        join(axes, samples, axis, err);
    for (int i = 0; i < samples->n; i++)
        destroy_axis(&axes[i]);
    free(axes);
    return err->status;
}

json_t *mzg_merge_axis_describe(const struct mzg_axis *axis)
{
    char sha256[65];
    struct mzg_error err = {0};
    const struct mzg_axis_spec *spec = &axis->spec;
    if (mzg_axis_digest(axis, sha256, &err) != MZG_OK)
        return NULL;
    json_t *json = json_pack("{s:s, s:I, s:f, s:f, s:s, s:s, s:s}", "type", mzg_axis_type_name(spec->type),
                             "n_bins", (json_int_t)axis->n_bins, "min_mz", axis->edges[0], "max_mz",
                             axis->edges[axis->n_bins], "edges_sha256", sha256, "type_reason",
                             "that of all samples", "range_reason", "the bins of all samples");
    if (spec->type == MZG_AXIS_NATIVE)
        return json;
    json = mzg_json_with(json, "step", json_real(axis->step));
    if (spec->type == MZG_AXIS_TOF) {
        json = mzg_json_with(json, "tof_a", json_real(spec->tof_a));
        json = mzg_json_with(json, "tof_b", json_real(spec->tof_b));
    } else {
        json = mzg_json_with(json, "exponent", json_real(mzg_axis_exponent(spec->type)));
    }
    if (spec->bin_width > 0) {
        json = mzg_json_with(json, "bin_width", json_real(spec->bin_width));
        json = mzg_json_with(json, "reference_mz", json_real(spec->reference_mz));
    }
    return json;
}
