/*
 * Times the resampling kernels on one core, each method on the same spectra, beside plain loops and memcpy.
 *
 *     kernels FILE LAW LOWEST HIGHEST BINS SHARED STEP SECONDS [METHOD]
 *
 * FILE holds the number of spectra, then for each its number of points, m/z and intensities, all 8-byte
 * numbers. With SHARED 1 all have the m/z array of the first. With STEP s above 0 the methods that
 * interpolate are timed again, with gaps of three sampling steps s sqrt(m/z) or more read as trimmed zeros.
 * Every line of output is `name seconds points values`: the time of the fastest pass over all spectra, the
 * points in it, and the values it gave.
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
    double step;    /* the sampling step at m/z 1, growing with its root; 0: not to be used */
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

/* The polyline at each centre between the ends, its interval by a binary search in the points. */
static int64_t pass_line(const struct workload *w, void *context)
{
    double *row = context;
    int64_t values = 0;
    for (int64_t i = 0; i < w->n; i++) {
        const double *mz = w->spectra[i].mz;
        const double *y = w->spectra[i].intensity;
        int64_t last = w->spectra[i].n - 1;
        for (int64_t k = 0; k < w->axis.n_bins; k++) {
            double center = w->axis.centers[k];
            if (center < mz[0] || center > mz[last])
                continue;
            int64_t low = 0;
            int64_t high = last;
            while (high - low > 1) {
                int64_t middle = (low + high) / 2;
                if (mz[middle] <= center)
                    low = middle;
                else
                    high = middle;
            }
            row[k] = y[low] + (center - mz[low]) / (mz[low + 1] - mz[low]) * (y[low + 1] - y[low]);
            values++;
        }
    }
    return values;
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

static void measure_method(const struct workload *w, enum mzg_method method, bool has_gaps)
{
    struct method_context context;
    struct mzg_error err = {0};
    struct mzg_resampler_options options = {.size = sizeof options, .method = method};
    if (has_gaps) {
        options.max_gap = 3.0;
        options.sampling = (struct mzg_sampling){.scale = w->step, .exponent = 0.5};
    }
    if (w->is_shared) {
        options.shared_mz = w->spectra[0].mz;
        options.n_shared = w->spectra[0].n;
    }
    if (mzg_resampler_new(&options, &w->axis, &context.resampler, &err) != MZG_OK ||
        mzg_workspace_new(&context.workspace, &err) != MZG_OK)
        fail(err.text);
    char name[64];
    snprintf(name, sizeof name, "%s%s", mzg_method_name(method), has_gaps ? ",gaps" : "");
    measure(name, w, pass_method, &context);
    mzg_workspace_free(context.workspace);
    mzg_resampler_free(context.resampler);
}

int main(int argc, char **argv)
{
    struct workload w = {0};
    struct mzg_error err = {0};
    struct mzg_axis_spec spec = {.tof_a = 2.0, .tof_b = 0.001};
    if (argc != 9 && argc != 10)
        fail("usage: kernels FILE LAW LOWEST HIGHEST BINS SHARED STEP SECONDS [METHOD]");
    if (mzg_axis_type_parse(argv[2], &spec.type, &err) != MZG_OK)
        fail(err.text);
    spec.min_mz = atof(argv[3]);
    spec.max_mz = atof(argv[4]);
    spec.bins = atoll(argv[5]);
    w.is_shared = atoi(argv[6]) != 0;
    w.step = atof(argv[7]);
    w.seconds = atof(argv[8]);
    if (mzg_axis_build(&spec, &w.axis, &err) != MZG_OK)
        fail(err.text);
    read_spectra(argv[1], &w);

    double *row = calloc((size_t)w.axis.n_bins, sizeof *row);
    char *copy = malloc((size_t)w.most_points * 2 * sizeof(double));
    if (!row || !copy)
        fail("no memory");
    for (int method = 0; method < MZG_METHODS; method++)
        for (int has_gaps = 0; has_gaps <= (w.step > 0.0 && mzg_method_interpolates((enum mzg_method)method));
             has_gaps++)
            if (argc < 10 || strcmp(argv[9], mzg_method_name((enum mzg_method)method)) == 0)
                measure_method(&w, (enum mzg_method)method, has_gaps);
    if (argc == 10)
        return 0;
    measure("plain_loop", &w, pass_plain, row);
    measure("binary_search", &w, pass_search, row);
    measure("linear_search", &w, pass_line, row);
    measure("memcpy", &w, pass_copy, copy);
    return 0;
}
