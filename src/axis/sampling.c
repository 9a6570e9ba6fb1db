/*
 * Fitting the sampling step. On logarithmic scales the step s m^q is a line, log d = log s + q log m, hidden
 * among outliers: a peak list with its zeros trimmed has an interval of any width between two peaks. So
 *
 *   1. the range of log m is cut into strips, and in each the densest quarter of the differences gives one
 * point: a sampled grid puts most differences on one value, whatever the outliers do;
 *   2. the median of the slopes between all pairs of these points gives a first line (Theil and Sen);
 *   3. least squares over the differences near the line, three times, make it precise.
 */
#include <mzgrid/sampling.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum {
    MOST_INTERVALS = 1 << 16,
    MOST_STRIPS = 64,
    LEAST_PER_STRIP = 8,
    LEAST_INTERVALS = 2 * LEAST_PER_STRIP
};

/* Differences within this factor of the line belong to it. A missing point makes one of 2. */
static const double near_line = 1.25;

/* A difference of neighbouring m/z and where it stands, as logarithms. */
struct interval {
    double place;
    double width;
};

struct line {
    double level; /* at place 0 */
    double slope;
};

static int64_t count_intervals(const struct mzg_spectrum *spectra, int64_t n_spectra)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n_spectra; i++)
        count += spectra[i].n > 1 ? spectra[i].n - 1 : 0;
    return count;
}

/* Every stride-th difference of neighbours that makes sense. */
static int64_t collect(const struct mzg_spectrum *spectra, int64_t n_spectra, int64_t stride,
                       struct interval *intervals)
{
    int64_t n = 0;
    int64_t number = 0;
    for (int64_t i = 0; i < n_spectra; i++) {
        const double *mz = spectra[i].mz;
        for (int64_t j = 1; j < spectra[i].n; j++, number++) {
            double width = mz[j] - mz[j - 1];
            bool makes_sense = mz[j - 1] > 0.0 && mz[j] <= DBL_MAX && width > 0.0;
            if (number % stride == 0 && makes_sense)
                intervals[n++] = (struct interval){log(mz[j - 1] + width / 2.0), log(width)};
        }
    }
    return n;
}

static int by_place(const void *a, const void *b)
{
    double x = ((const struct interval *)a)->place;
    double y = ((const struct interval *)b)->place;
    return (x > y) - (x < y);
}

static int by_width(const void *a, const void *b)
{
    double x = ((const struct interval *)a)->width;
    double y = ((const struct interval *)b)->width;
    return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The middle of the densest quarter of the widths. Sorts the intervals. */
static struct interval densest(struct interval *intervals, int64_t n)
{
    qsort(intervals, (size_t)n, sizeof *intervals, by_width);
    int64_t quarter = n / 4 > 2 ? n / 4 : 2;
    int64_t best = 0;
    for (int64_t i = 0; i + quarter <= n; i++)
        if (intervals[i + quarter - 1].width - intervals[i].width <
            intervals[best + quarter - 1].width - intervals[best].width)
            best = i;
    return intervals[best + quarter / 2];
}

/* One point for each strip of places that holds enough intervals, which are sorted by place. */
static int find_strips(struct interval *intervals, int64_t n, struct interval *strips)
{
    double first = intervals[0].place;
    double extent = intervals[n - 1].place - first;
    int64_t wanted = n / LEAST_PER_STRIP < MOST_STRIPS ? n / LEAST_PER_STRIP : MOST_STRIPS;
    int found = 0;
    int64_t begin = 0;
    for (int64_t strip = 1; strip <= wanted; strip++) {
        double until = first + extent * (double)strip / (double)wanted;
        int64_t end = begin;
        while (end < n && (intervals[end].place <= until || strip == wanted))
            end++;
        if (end - begin >= LEAST_PER_STRIP)
            strips[found++] = densest(intervals + begin, end - begin);
        begin = end;
    }
    return found;
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, by_value);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2.0;
}

/* The line through the strips by the median of all slopes; false if they stand at one place. */
static bool first_line(const struct interval *strips, int n, struct line *line)
{
    double slopes[MOST_STRIPS * (MOST_STRIPS - 1) / 2];
    int n_slopes = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            if (strips[i].place > strips[j].place)
                slopes[n_slopes++] =
                    (strips[i].width - strips[j].width) / (strips[i].place - strips[j].place);
    if (n_slopes == 0)
        return false;
    line->slope = median(slopes, n_slopes);
    double levels[MOST_STRIPS];
    for (int i = 0; i < n; i++)
        levels[i] = strips[i].width - line->slope * strips[i].place;
    line->level = median(levels, n);
    return true;
}

static bool is_near(const struct line *line, const struct interval *interval)
{
    return fabs(interval->width - line->level - line->slope * interval->place) <= log(near_line);
}

/* Least squares over the intervals near the line; returns their number. */
static int64_t refine(const struct interval *intervals, int64_t n, struct line *line)
{
    double count = 0.0;
    double place = 0.0;
    double width = 0.0;
    for (int64_t i = 0; i < n; i++) {
        if (is_near(line, &intervals[i])) {
            count += 1.0;
            place += intervals[i].place;
            width += intervals[i].width;
        }
    }
    if (count == 0.0)
        return 0;
    place /= count;
    width /= count;
    double square = 0.0;
    double product = 0.0;
    for (int64_t i = 0; i < n; i++) {
        if (is_near(line, &intervals[i])) {
            square += (intervals[i].place - place) * (intervals[i].place - place);
            product += (intervals[i].place - place) * (intervals[i].width - width);
        }
    }
    if (square > 0.0)
        *line = (struct line){.level = width - product / square * place, .slope = product / square};
    return (int64_t)count;
}

enum mzg_status mzg_sampling_fit(const struct mzg_spectrum *spectra, int64_t n_spectra,
                                 struct mzg_sampling_fit *fit, struct mzg_error *err)
{
    err->status = MZG_OK;
    int64_t available = count_intervals(spectra, n_spectra);
    int64_t stride = (available + MOST_INTERVALS - 1) / MOST_INTERVALS;
    struct interval *intervals = malloc((MOST_INTERVALS + 1) * sizeof *intervals);
    if (!intervals)
        return mzg_fail(err, MZG_ENOMEM, "no memory to find the sampling step");
    int64_t n = collect(spectra, n_spectra, stride > 0 ? stride : 1, intervals);
    struct interval strips[MOST_STRIPS];
    struct line line;
    if (n < LEAST_INTERVALS) {
        mzg_fail(
            err, MZG_ERANGE,
            "the sampling step cannot be found: %lld usable differences of neighbouring m/z, expected %d or "
            "more",
            (long long)n, (int)LEAST_INTERVALS);
        goto cleanup;
    }
    qsort(intervals, (size_t)n, sizeof *intervals, by_place);
    if (!first_line(strips, find_strips(intervals, n, strips), &line)) {
        mzg_fail(err, MZG_ERANGE, "the sampling step cannot be found: all m/z differences lie at one m/z");
        goto cleanup;
    }
    int64_t agreeing = 0;
    for (int round = 0; round < 3; round++)
        agreeing = refine(intervals, n, &line);
    *fit = (struct mzg_sampling_fit){.sampling = {.scale = exp(line.level), .exponent = line.slope},
                                     .n_intervals = n,
                                     .agreement = (double)agreeing / (double)n};

cleanup:
    free(intervals);
    return err->status;
}

bool mzg_sampling_law(const struct mzg_sampling_fit *fit, enum mzg_axis_type *type)
{
    static const double least_agreement = 0.5;
    static const double nearest_exponent = 0.25; /* half of the distance between two laws */
    if (fit->agreement < least_agreement)
        return false;
    for (int i = 0; i < MZG_AXIS_LAWS; i++) {
        if (fabs(fit->sampling.exponent - mzg_axis_exponent((enum mzg_axis_type)i)) <= nearest_exponent) {
            *type = (enum mzg_axis_type)i;
            return true;
        }
    }
    return false;
}
