#include <peaks/pick.h>

#include <peaks/bounds.h>
#include <peaks/chance.h>
#include <peaks/noise.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

const double mzg_peak_share = 0.05;

void mzg_peaks_destroy(struct mzg_peaks *peaks)
{
    free(peaks->items);
    *peaks = (struct mzg_peaks){0};
}

static enum mzg_status make_room(int64_t n, struct mzg_peaks *peaks, struct mzg_error *err)
{
    *peaks = (struct mzg_peaks){.items = calloc((size_t)n + 1, sizeof *peaks->items)};
    if (!peaks->items)
        return mzg_fail(err, MZG_ENOMEM, "no memory for up to %" PRId64 " peaks", n);
    return MZG_OK;
}

/* What lies beyond the ends of centroids: nothing. */
enum { BEYOND = -1 };

static double value_of(const double *values, int64_t bin)
{
    return bin == BEYOND ? 0 : values[bin];
}

/* For each bin, going through them in the direction `step`: the lowest bin since the last one that was
 * higher, the nearest of several, or since the beginning, beyond which centroids have nothing. `stack` is
 * scratch of n_bins. */
static void find_feet(const struct mzg_spectra *spectra, const double *values, int step, int64_t *stack,
                      int64_t *feet)
{
    int64_t n = spectra->n_bins, depth = 0;
    for (int64_t i = 0; i < n; i++) {
        int64_t k = step > 0 ? i : n - 1 - i;
        int64_t foot = k;
        while (depth > 0 && values[stack[depth - 1]] <= values[k]) {
            int64_t lower = feet[stack[--depth]];
            foot = value_of(values, lower) < value_of(values, foot) ? lower : foot;
        }
        if (depth == 0 && spectra->is_centroid && value_of(values, foot) > 0)
            foot = BEYOND;
        feet[k] = foot;
        stack[depth++] = k;
    }
}

/* The tops of the spectrum: bins higher than both neighbours, of equal ones the middle; the first and the
 * last bin only of centroids, which end there. Puts them to tops[] and returns how many there are. */
static int64_t find_tops(const struct mzg_spectra *spectra, const double *values, int64_t *tops)
{
    int64_t n = spectra->n_bins, n_tops = 0;
    bool ends = spectra->is_centroid;
    for (int64_t i = ends ? 0 : 1; i < (ends ? n : n - 1); i++) {
        if (!(values[i] > (i > 0 ? values[i - 1] : 0)))
            continue;
        int64_t ahead = i + 1;
        while (ahead < n && values[ahead] == values[i])
            ahead++;
        if (ahead < n ? values[ahead] < values[i] : ends && values[i] > 0)
            tops[n_tops++] = i + (ahead - 1 - i) / 2;
        i = ahead - 1;
    }
    return n_tops;
}

/* Whether a peak stands out of the noise: where peaks crowd the window, if its pixels are more than chance
 * puts into a bin as often as into its higher foot, or as into the lowest bins of the window. */
static bool stands_out(const struct mzg_spectra *spectra, const struct mzg_peak *peak, int64_t foot,
                       const struct mzg_noise *noise, int64_t window, double snr)
{
    int64_t n_pixels = spectra->n_pixels[peak->top];
    if (n_pixels < noise->least[window])
        return false;
    if (!isnan(peak->noise))
        return peak->prominence >= snr * peak->noise;
    double rate = foot == BEYOND ? 0 : (double)spectra->n_pixels[foot] / (double)spectra->n_rows;
    return rate <= noise->rate[window] ||
           mzg_chance_excludes(n_pixels, rate, spectra->n_rows, spectra->n_bins);
}

/* The peaks among n tops. */
static void judge_tops(const struct mzg_spectra *spectra, const double *values, const int64_t *tops,
                       int64_t n, const int64_t *left, const int64_t *right, const struct mzg_noise *noise,
                       double snr, struct mzg_peaks *peaks)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t top = tops[i], window = mzg_noise_window(noise, top);
        int64_t foot = value_of(values, left[top]) >= value_of(values, right[top]) ? left[top] : right[top];
        double height = values[top];
        struct mzg_peak peak = {.top = top,
                                .height = height,
                                .prominence = height - value_of(values, foot),
                                .noise = noise->sigma[window]};
        if (!mzg_noise_is_nothing(noise, spectra, top) && peak.prominence > 0 &&
            peak.prominence >= mzg_peak_share * (height - noise->median[window]) &&
            stands_out(spectra, &peak, foot, noise, window, snr))
            peaks->items[peaks->n++] = peak;
    }
}

static enum mzg_status pick_tops(const struct mzg_spectra *spectra, const double *values, double snr,
                                 const struct mzg_noise *noise, struct mzg_peaks *peaks,
                                 struct mzg_error *err)
{
    size_t n = (size_t)spectra->n_bins;
    int64_t *tops = malloc((n + 1) * sizeof *tops), *stack = malloc((n + 1) * sizeof *stack);
    int64_t *left = malloc((n + 1) * sizeof *left), *right = malloc((n + 1) * sizeof *right);
    if (!tops || !stack || !left || !right) {
        mzg_fail(err, MZG_ENOMEM, "no memory to pick peaks among %" PRId64 " bins", spectra->n_bins);
        goto cleanup;
    }
    int64_t n_tops = find_tops(spectra, values, tops);
    if (make_room(n_tops, peaks, err) == MZG_OK) {
        find_feet(spectra, values, 1, stack, left);
        find_feet(spectra, values, -1, stack, right);
        judge_tops(spectra, values, tops, n_tops, left, right, noise, snr, peaks);
    }

cleanup:
    free(right);
    free(left);
    free(stack);
    free(tops);
    return err->status;
}

/* Whether `a` gives way to `b`, if they are near: of two as high the later one does. */
static bool gives_way(const struct mzg_peak *a, const struct mzg_peak *b)
{
    return a->height < b->height || (a->height == b->height && a->top > b->top);
}

static int compare_heights(const void *a, const void *b)
{
    const struct mzg_peak *x = *(const struct mzg_peak *const *)a, *y = *(const struct mzg_peak *const *)b;
    return gives_way(x, y) - gives_way(y, x);
}

static bool is_near(const struct mzg_spectra *spectra, int64_t bin, int64_t top)
{
    return fabs(spectra->mz[bin] - spectra->mz[top]) <= spectra->mz[top] * MZG_PEAK_PPM * 1e-6;
}

/* Takes out those that are near a higher one that stays. A prominence below 0 marks them meanwhile. */
static enum mzg_status join_near(const struct mzg_spectra *spectra, struct mzg_peaks *peaks,
                                 struct mzg_error *err)
{
    struct mzg_peak *items = peaks->items;
    struct mzg_peak **order = malloc((size_t)(peaks->n + 1) * sizeof(struct mzg_peak *));
    if (!order)
        return mzg_fail(err, MZG_ENOMEM, "no memory to order %" PRId64 " peaks", peaks->n);
    for (int64_t i = 0; i < peaks->n; i++)
        order[i] = &items[i];
    qsort(order, (size_t)peaks->n, sizeof *order, compare_heights);
    for (int64_t i = 0; i < peaks->n; i++) {
        struct mzg_peak *peak = order[i];
        if (peak->prominence < 0)
            continue;
        for (struct mzg_peak *other = peak + 1;
             other < items + peaks->n && is_near(spectra, other->top, peak->top); other++)
            if (gives_way(other, peak))
                other->prominence = -1;
        for (struct mzg_peak *other = peak; other > items && is_near(spectra, other[-1].top, peak->top);
             other--)
            if (gives_way(&other[-1], peak))
                other[-1].prominence = -1;
    }
    int64_t n = 0;
    for (int64_t i = 0; i < peaks->n; i++)
        if (!(items[i].prominence < 0))
            items[n++] = items[i];
    peaks->n = n;
    free(order);
    return MZG_OK;
}

static enum mzg_status pick_from(const struct mzg_spectra *spectra, const double *values, double snr,
                                 enum mzg_peak_source source, struct mzg_peaks *peaks, struct mzg_error *err)
{
    struct mzg_noise noise;
    if (mzg_noise_measure(spectra, values, &noise, err) != MZG_OK)
        return err->status;
    if (pick_tops(spectra, values, snr, &noise, peaks, err) == MZG_OK && spectra->is_centroid)
        join_near(spectra, peaks, err);
    for (int64_t i = 0; i < peaks->n; i++)
        peaks->items[i].source = source;
    if (err->status == MZG_OK)
        mzg_peaks_bound(values, spectra->n_bins, &noise, peaks);
    mzg_noise_destroy(&noise);
    return err->status;
}

/* Adds peaks of the maximum whose tops lie in none of the mean, and cuts them where those begin. */
static enum mzg_status add_rare(const struct mzg_spectra *spectra, const struct mzg_peaks *rare,
                                struct mzg_peaks *peaks, struct mzg_error *err)
{
    struct mzg_peaks all;
    if (make_room(peaks->n + rare->n, &all, err) != MZG_OK)
        return err->status;
    int64_t i = 0; /* peaks of the mean that lie before */
    for (int64_t r = 0; r < rare->n; r++) {
        struct mzg_peak peak = rare->items[r];
        while (i < peaks->n && peaks->items[i].top <= peak.top)
            all.items[all.n++] = peaks->items[i++];
        const struct mzg_peak *before = i > 0 ? &peaks->items[i - 1] : NULL;
        const struct mzg_peak *after = i < peaks->n ? &peaks->items[i] : NULL;
        if ((before &&
             (peak.top < before->end || (spectra->is_centroid && is_near(spectra, peak.top, before->top)))) ||
            (after &&
             (peak.top >= after->first || (spectra->is_centroid && is_near(spectra, peak.top, after->top)))))
            continue;
        if (before && peak.first < before->end)
            peak.first = before->end;
        if (after && peak.end > after->first)
            peak.end = after->first;
        all.items[all.n++] = peak;
    }
    while (i < peaks->n)
        all.items[all.n++] = peaks->items[i++];
    mzg_peaks_destroy(peaks);
    *peaks = all;
    return MZG_OK;
}

/* Each column that any pixel has a value in is a peak, or part of one near it: of the nearer of two. */
static enum mzg_status take_columns(const struct mzg_spectra *spectra, struct mzg_peaks *peaks,
                                    struct mzg_error *err)
{
    if (make_room(spectra->n_bins, peaks, err) != MZG_OK)
        return err->status;
    for (int64_t k = 0; k < spectra->n_bins; k++)
        if (spectra->n_pixels[k] > 0)
            peaks->items[peaks->n++] =
                (struct mzg_peak){.top = k, .height = spectra->mean[k], .prominence = NAN, .noise = NAN};
    if (join_near(spectra, peaks, err) != MZG_OK)
        return err->status;
    int64_t begin = 0;
    for (int64_t i = 0; i < peaks->n; i++) {
        struct mzg_peak *peak = &peaks->items[i];
        int64_t end = i + 1 < peaks->n ? peak->top + 1 : spectra->n_bins;
        while (i + 1 < peaks->n &&
               spectra->mz[end] - spectra->mz[peak->top] <= spectra->mz[peak[1].top] - spectra->mz[end])
            end++;
        peak->first = begin;
        peak->end = begin = end;
        while (spectra->n_pixels[peak->first] == 0)
            peak->first++;
        while (spectra->n_pixels[peak->end - 1] == 0)
            peak->end--;
    }
    return MZG_OK;
}

enum mzg_status mzg_peaks_pick(const struct mzg_spectra *spectra, double snr, struct mzg_peaks *peaks,
                               struct mzg_error *err)
{
    struct mzg_peaks found = {0}, rare = {0};
    if (spectra->is_centroid && spectra->is_native)
        take_columns(spectra, &found, err);
    else if (pick_from(spectra, spectra->mean, snr, MZG_PEAK_MEAN, &found, err) == MZG_OK &&
             pick_from(spectra, spectra->maximum, MZG_PEAK_RARE * snr, MZG_PEAK_MAXIMUM, &rare, err) ==
                 MZG_OK)
        add_rare(spectra, &rare, &found, err);
    mzg_peaks_destroy(&rare);
    if (err->status == MZG_OK)
        *peaks = found;
    else
        mzg_peaks_destroy(&found);
    return err->status;
}
