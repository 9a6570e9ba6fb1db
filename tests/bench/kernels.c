/*
 * Times the resampling kernels on one core, each method on the same spectra, beside a plain loop and memcpy.
 *
 *     kernels FILE LAW LOWEST HIGHEST BINS SHARED SECONDS [METHOD]
 *
 * FILE holds the number of spectra, then for each its number of points, m/z and intensities, all 8-byte
 * numbers. With SHARED 1 all have the m/z array of the first. Every line of output is `name seconds points
 * values`: the time of the fastest pass over all spectra, the points in it, and the values it gave.
 */
#include <mzgrid/resample.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct workload {
    int64_t n;
    struct mzg_spectrum *spectra;
    int64_t n_points;
    int64_t most_points;
    struct mzg_axis axis;
    bool is_shared;
    double seconds; /* to spend on each kernel */
};

static void fail(const char *what)
{
    fprintf(stderr, "kernels: %s\n", what);
    exit(1);
}

/* Processor time: what else runs on the machine matters less. */
static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void *read_numbers(FILE *file, int64_t n)
{
    void *numbers = malloc((size_t)n * 8 + 8);
    if (!numbers || fread(numbers, 8, (size_t)n, file) != (size_t)n)
        fail("the file of spectra ends early");
    return numbers;
}

static void read_spectra(const char *path, struct workload *w)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail("cannot open the file of spectra");
    int64_t *count = read_numbers(file, 1);
    w->n = *count;
    free(count);
    w->spectra = calloc((size_t)w->n, sizeof *w->spectra);
    for (int64_t i = 0; i < w->n; i++) {
        int64_t *points = read_numbers(file, 1);
        struct mzg_spectrum *s = &w->spectra[i];
        s->n = *points;
        free(points);
        s->mz = read_numbers(file, s->n);
        s->intensity = read_numbers(file, s->n);
        if (w->is_shared && i > 0) {
            free((void *)s->mz);
            s->mz = w->spectra[0].mz;
        }
        w->n_points += s->n;
        w->most_points = s->n > w->most_points ? s->n : w->most_points;
    }
    fclose(file);
}

/* A pass over all spectra: returns the number of values. */
typedef int64_t pass_fn(const struct workload *w, void *context);

static void measure(const char *name, const struct workload *w, pass_fn *pass, void *context)
{
    /* As many passes at a time as take a tenth of a millisecond: short enough to find one that was not
     * disturbed. */
    double best = INFINITY;
    int64_t values = 0;
    int passes = 1;
    double end = now() + w->seconds;
    do {
        double begin = now();
        for (int i = 0; i < passes; i++)
            values = pass(w, context);
        double seconds = now() - begin;
        if (seconds < 1e-4)
            passes *= 2;
        else
            best = fmin(best, seconds / passes);
    } while (now() < end);
    printf("%s %.9f %lld %lld\n", name, best, (long long)w->n_points, (long long)values);
}

struct method_context {
    struct mzg_resampler *resampler;
    struct mzg_workspace *workspace;
};

static int64_t pass_method(const struct workload *w, void *context)
{
    struct method_context *c = context;
    struct mzg_error err = {0};
    int64_t values = 0;
    for (int64_t i = 0; i < w->n; i++) {
        struct mzg_spectrum_summary summary;
        struct mzg_sparse_row row;
        if (mzg_resample(c->resampler, c->workspace, &w->spectra[i], &summary, &row, &err) != MZG_OK)
            fail(err.text);
        values += row.n;
    }
    return values;
}

static double transform(const struct mzg_axis_spec *spec, double mz)
{
    switch (spec->type) {
    case MZG_AXIS_LINEAR_TOF:
        return 2.0 * sqrt(mz);
    case MZG_AXIS_REFLECTOR_TOF:
        return log(mz);
    case MZG_AXIS_ORBITRAP:
        return -2.0 / sqrt(mz);
    case MZG_AXIS_FTICR:
        return -1.0 / mz;
    case MZG_AXIS_TOF:
        return 2.0 / sqrt(spec->tof_b) * asinh(sqrt(spec->tof_b * mz / spec->tof_a));
    default:
        return mz;
    }
}

/* What one would write first: the law's own function and a division, into a whole row; no look at the edges,
 * no cleaning, no sums. */
static int64_t pass_plain(const struct workload *w, void *context)
{
    double *row = context;
    double sum = 0.0;
    for (int64_t i = 0; i < w->n; i++)
        for (int64_t j = 0; j < w->spectra[i].n; j++) {
            double t = transform(&w->axis.spec, w->spectra[i].mz[j]);
            int64_t bin = (int64_t)((t - w->axis.t_min) / w->axis.step);
            if (bin >= 0 && bin < w->axis.n_bins)
                sum += row[bin] += w->spectra[i].intensity[j];
        }
    return sum == 0.5;
}

/* A binary search in the edges for each point. */
static int64_t pass_search(const struct workload *w, void *context)
{
    double *row = context;
    double sum = 0.0;
    for (int64_t i = 0; i < w->n; i++)
        for (int64_t j = 0; j < w->spectra[i].n; j++) {
            int64_t low = 0;
            int64_t high = w->axis.n_bins;
            while (high - low > 1) {
                int64_t middle = (low + high) / 2;
                if (w->axis.edges[middle] <= w->spectra[i].mz[j])
                    low = middle;
                else
                    high = middle;
            }
            sum += row[low] += w->spectra[i].intensity[j];
        }
    return sum == 0.5;
}

/* The bytes of the points, both arrays. */
static int64_t pass_copy(const struct workload *w, void *context)
{
    for (int64_t i = 0; i < w->n; i++) {
        size_t size = (size_t)w->spectra[i].n * sizeof(double);
        memcpy(context, w->spectra[i].mz, size);
        memcpy((char *)context + size, w->spectra[i].intensity, size);
    }
    return 0;
}

static void measure_method(const struct workload *w, enum mzg_method method)
{
    struct method_context context;
    struct mzg_error err = {0};
    struct mzg_resampler_options options = {.method = method};
    if (w->is_shared) {
        options.shared_mz = w->spectra[0].mz;
        options.n_shared = w->spectra[0].n;
    }
    if (mzg_resampler_new(&options, &w->axis, &context.resampler, &err) != MZG_OK ||
        mzg_workspace_new(&context.workspace, &err) != MZG_OK)
        fail(err.text);
    measure(mzg_method_name(method), w, pass_method, &context);
    mzg_workspace_free(context.workspace);
    mzg_resampler_free(context.resampler);
}

int main(int argc, char **argv)
{
    struct workload w = {0};
    struct mzg_error err = {0};
    struct mzg_axis_spec spec = {.tof_a = 2.0, .tof_b = 0.001};
    if (argc != 8 && argc != 9)
        fail("usage: kernels FILE LAW LOWEST HIGHEST BINS SHARED SECONDS [METHOD]");
    if (mzg_axis_type_parse(argv[2], &spec.type, &err) != MZG_OK)
        fail(err.text);
    spec.min_mz = atof(argv[3]);
    spec.max_mz = atof(argv[4]);
    spec.bins = atoll(argv[5]);
    w.is_shared = atoi(argv[6]) != 0;
    w.seconds = atof(argv[7]);
    if (mzg_axis_build(&spec, &w.axis, &err) != MZG_OK)
        fail(err.text);
    read_spectra(argv[1], &w);

    double *row = calloc((size_t)w.axis.n_bins, sizeof *row);
    char *copy = malloc((size_t)w.most_points * 2 * sizeof(double));
    if (!row || !copy)
        fail("no memory");
    for (int method = 0; method < MZG_METHODS; method++)
        if (argc < 9 || strcmp(argv[8], mzg_method_name((enum mzg_method)method)) == 0)
            measure_method(&w, (enum mzg_method)method);
    if (argc == 9)
        return 0;
    measure("plain_loop", &w, pass_plain, row);
    measure("binary_search", &w, pass_search, row);
    measure("memcpy", &w, pass_copy, copy);
    return 0;
}
