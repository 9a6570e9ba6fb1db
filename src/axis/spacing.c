#include <axis/spacing.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SPACINGS = 1 << 17, STRIPS = 8 };

/* The close spacing is this quantile; fewer lie below it where something is odd. */
static const double close_quantile = 0.02;

/* The share of spacings that may be narrower than a bin. Spectra have the same peaks, so that edges may lie
 * badly for all of them at once: each of these is taken to be lost, though edges part most. A little less
 * than the 0.1 % that are tolerated, for this is a sample. */
static const double most_narrower = 0.0008;

/* Strips that lie closer together than this factor tell no exponent. */
static const double least_extent = 1.5;

struct spacing {
    double place;
    double width;
};

static int by_place(const void *a, const void *b)
{
    double x = ((const struct spacing *)a)->place, y = ((const struct spacing *)b)->place;
    return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int64_t collect(const struct mzg_spectrum *spectra, int64_t n_spectra, int64_t stride,
                       struct spacing *found)
{
    int64_t n = 0, number = 0;
    for (int64_t i = 0; i < n_spectra; i++) {
        const double *mz = spectra[i].mz;
        for (int64_t j = 1; j < spectra[i].n; j++) {
            double width = mz[j] - mz[j - 1];
            if (!(mz[j - 1] > 0.0 && width > 0.0 && isfinite(width)))
                continue;
            if (number++ % stride == 0)
                found[n++] = (struct spacing){mz[j - 1] + width / 2.0, width};
        }
    }
    return n;
}

enum mzg_status mzg_spacings_collect(const struct mzg_spectrum *spectra, int64_t n_spectra,
                                     struct mzg_spacings *spacings, struct mzg_error *err)
{
    int64_t most = 0;
    for (int64_t i = 0; i < n_spectra; i++)
        most += spectra[i].n;
    int64_t stride = most / MOST_SPACINGS + 1;
    size_t room = (size_t)(most / stride + 1);
    struct spacing *found = malloc(room * sizeof *found);
    struct mzg_spacings made = {.place = malloc(room * sizeof *made.place),
                                .width = malloc(room * sizeof *made.width)};
    if (!found || !made.place || !made.width) {
        mzg_fail(err, MZG_ENOMEM, "no memory for the distances of m/z in a sample of the spectra");
        mzg_spacings_destroy(&made);
        goto cleanup;
    }
    made.n = collect(spectra, n_spectra, stride, found);
    qsort(found, (size_t)made.n, sizeof *found, by_place);
    for (int64_t i = 0; i < made.n; i++) {
        made.place[i] = found[i].place;
        made.width[i] = found[i].width;
    }
    *spacings = made;

cleanup:
    free(found);
    return err->status;
}

void mzg_spacings_destroy(struct mzg_spacings *spacings)
{
    free(spacings->place);
    free(spacings->width);
    *spacings = (struct mzg_spacings){0};
}

static double quantile(const double *sorted, int64_t n, double share)
{
    return sorted[(int64_t)(share * (double)(n - 1))];
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, by_value);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2.0;
}

bool mzg_spacings_exponent(const struct mzg_spacings *spacings, double *exponent, struct mzg_error *err)
{
    double places[STRIPS], widths[STRIPS], slopes[STRIPS * (STRIPS - 1) / 2];
    int64_t n = spacings->n;
    int n_slopes = 0;
    if (n < MZG_SPACINGS_ENOUGH)
        return false;
    double *strip = malloc((size_t)n * sizeof *strip);
    if (!strip) {
        mzg_fail(err, MZG_ENOMEM, "no memory for the distances of m/z in a sample of the spectra");
        return false;
    }
    for (int s = 0; s < STRIPS; s++) {
        int64_t first = n * s / STRIPS, count = n * (s + 1) / STRIPS - first;
        memcpy(strip, spacings->width + first, (size_t)count * sizeof *strip);
        qsort(strip, (size_t)count, sizeof *strip, by_value);
        places[s] = log(spacings->place[first + count / 2]);
        widths[s] = log(quantile(strip, count, close_quantile));
    }
    free(strip);
    for (int i = 0; i < STRIPS; i++)
        for (int j = 0; j < i; j++)
            if (places[i] > places[j])
                slopes[n_slopes++] = (widths[i] - widths[j]) / (places[i] - places[j]);
    if (n_slopes == 0 || places[STRIPS - 1] - places[0] < log(least_extent))
        return false;
    *exponent = median(slopes, n_slopes);
    return true;
}

double mzg_law_shape(const struct mzg_axis_spec *spec, double mz)
{
    if (spec->type == MZG_AXIS_TOF)
        return sqrt(spec->tof_a * mz + spec->tof_b * mz * mz);
    return pow(mz, mzg_axis_exponent(spec->type));
}

enum mzg_status mzg_spacings_width(const struct mzg_spacings *spacings, const struct mzg_axis_spec *spec,
                                   double reference, double *width, double *close, struct mzg_error *err)
{
    int64_t n = spacings->n;
    *width = *close = 0.0;
    if (n == 0)
        return MZG_OK;
    double *relative = malloc((size_t)n * sizeof *relative);
    if (!relative)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the distances of m/z in a sample of the spectra");
    for (int64_t i = 0; i < n; i++)
        relative[i] = spacings->width[i] / mzg_law_shape(spec, spacings->place[i]);
    qsort(relative, (size_t)n, sizeof *relative, by_value);
    double shape = mzg_law_shape(spec, reference);
    *width = shape * quantile(relative, n, most_narrower);
    *close = shape * quantile(relative, n, close_quantile);
    free(relative);
    return MZG_OK;
}

double mzg_width_rounded(double width)
{
    char text[32];
    if (!(width > 0.0) || !isfinite(width))
        return width;
    /* Printed and read, the width is the very number that a user would write. A hair is let go. */
    double digits = pow(10.0, floor(log10(width)) - 1.0);
    snprintf(text, sizeof text, "%.1e", floor(width / digits * (1.0 + 1e-9)) * digits);
    return strtod(text, NULL);
}
