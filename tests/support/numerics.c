/*
 * Resamples spectra for tests/conformance/test_numerics.py: binary requests on stdin, binary answers on
 * stdout, all of 8-byte integers and doubles. A request is an axis, options of a resampler and some spectra;
 * the answer the axis, and a row and a summary for each spectrum, or the status and no more.
 */
#include <mzgrid/resample.h>

#include <stdio.h>
#include <stdlib.h>

static void get(void *to, size_t count)
{
    if (fread(to, 8, count, stdin) != count) {
        fprintf(stderr, "numerics: the request ends early\n");
        exit(1);
    }
}

static void put(const void *from, size_t count)
{
    if (fwrite(from, 8, count, stdout) != count) {
        fprintf(stderr, "numerics: cannot write\n");
        exit(1);
    }
}

static void put_integer(int64_t value)
{
    put(&value, 1);
}

static void *allocate(int64_t count)
{
    void *memory = malloc((size_t)count * 8 + 8);
    if (!memory) {
        fprintf(stderr, "numerics: no memory\n");
        exit(1);
    }
    return memory;
}

struct request {
    int64_t axis_type;
    double min_mz, max_mz, bin_width, reference_mz;
    int64_t bins;
    double tof_a, tof_b;
    int64_t method;
    double max_gap, scale, exponent;
    int64_t is_shared; /* all spectra have the m/z array of the first */
    int64_t n_spectra;
    int64_t fits; /* answer with the fitted sampling step instead */
};

static void fail_on(enum mzg_status status, const struct mzg_error *err)
{
    if (status == MZG_OK)
        return;
    fprintf(stderr, "numerics: %s\n", err->text);
    exit(1);
}

static void put_answer(const struct mzg_spectrum_summary *s, const struct mzg_sparse_row *row)
{
    int64_t counts[] = {s->n_points, s->dropped_points, s->outside_points,
                        s->unsorted, s->merged,         s->by_nearest};
    double numbers[] = {s->tic, s->base_peak_mz, s->base_peak_intensity};
    put(counts, 6);
    put(numbers, 3);
    put_integer(row->n);
    for (int64_t i = 0; i < row->n; i++)
        put_integer(row->bins[i]);
    put(row->values, (size_t)row->n);
}

struct spectra {
    int64_t n;
    struct mzg_spectrum *list;
};

static struct spectra get_spectra(int64_t n)
{
    struct spectra spectra = {.n = n, .list = malloc((size_t)(n + 1) * sizeof *spectra.list)};
    for (int64_t i = 0; i < n; i++) {
        int64_t size;
        get(&size, 1);
        double *mz = allocate(size);
        double *intensity = allocate(size);
        get(mz, (size_t)size);
        get(intensity, (size_t)size);
        spectra.list[i] = (struct mzg_spectrum){.mz = mz, .intensity = intensity, .n = size};
    }
    return spectra;
}

static void free_spectra(struct spectra *spectra)
{
    for (int64_t i = 0; i < spectra->n; i++) {
        free((void *)spectra->list[i].mz);
        free((void *)spectra->list[i].intensity);
    }
    free(spectra->list);
}

static void put_fit(const struct spectra *spectra)
{
    struct mzg_sampling_fit fit;
    struct mzg_error err = {0};
    fail_on(mzg_sampling_fit(spectra->list, spectra->n, &fit, &err), &err);
    put(&fit.sampling.scale, 1);
    put(&fit.sampling.exponent, 1);
    put(&fit.agreement, 1);
}

static void put_rows(const struct request *r, const struct spectra *spectra)
{
    struct mzg_axis_spec spec = {.type = (enum mzg_axis_type)r->axis_type,
                                 .min_mz = r->min_mz,
                                 .max_mz = r->max_mz,
                                 .bin_width = r->bin_width,
                                 .reference_mz = r->reference_mz,
                                 .bins = r->bins,
                                 .tof_a = r->tof_a,
                                 .tof_b = r->tof_b};
    struct mzg_axis axis;
    struct mzg_error err = {0};
    fail_on(mzg_axis_build(&spec, &axis, &err), &err);
    put_integer(axis.n_bins);
    put(&axis.step, 1);
    put(axis.edges, (size_t)axis.n_bins + 1);
    put(axis.centers, (size_t)axis.n_bins);

    struct mzg_resampler_options options = {.size = sizeof options,
                                            .method = (enum mzg_method)r->method,
                                            .max_gap = r->max_gap,
                                            .sampling = {.scale = r->scale, .exponent = r->exponent}};
    if (r->is_shared && spectra->n > 0) {
        options.shared_mz = spectra->list[0].mz;
        options.n_shared = spectra->list[0].n;
    }
    struct mzg_resampler *resampler;
    struct mzg_workspace *workspace;
    fail_on(mzg_resampler_new(&options, &axis, &resampler, &err), &err);
    fail_on(mzg_workspace_new(&workspace, &err), &err);
    for (int64_t i = 0; i < spectra->n; i++) {
        struct mzg_spectrum spectrum = spectra->list[i];
        if (r->is_shared)
            spectrum.mz = options.shared_mz;
        struct mzg_spectrum_summary summary;
        struct mzg_sparse_row row;
        fail_on(mzg_resample(resampler, workspace, &spectrum, &summary, &row, &err), &err);
        put_answer(&summary, &row);
    }
    mzg_workspace_free(workspace);
    mzg_resampler_free(resampler);
    mzg_axis_destroy(&axis);
}

static void answer(const struct request *r)
{
    struct spectra spectra = get_spectra(r->n_spectra);
    if (r->fits)
        put_fit(&spectra);
    else
        put_rows(r, &spectra);
    free_spectra(&spectra);
}

int main(void)
{
    struct request request;
    while (fread(&request, sizeof request, 1, stdin) == 1) {
        answer(&request);
        fflush(stdout);
    }
    return 0;
}
