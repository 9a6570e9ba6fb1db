/*
 * One spectrum of a synthetic tissue. All kinds rest on the same walk over its peaks, in increasing t =
 * √(m/z):
 *
 *     catalogue   k  ·   k  k     ·   k      of the region's peaks, a share shows up    (· not this time)
 *     noise        |n   |  n |n   |   n|     one in each of equal cells, for the rest
 *     walk        k n    n  k k n   k  n     merged
 *
 * How many of each there are follows from the pixel's key alone, so that points can be counted without being
 * made.
 */
#include <synthetic/random.h>
#include <synthetic/tissue.h>

#include <math.h>
#include <stddef.h>

#define MIN_T 10.0               /* √100 */
#define MAX_T 31.622776601683793 /* √1000 */

enum { EMPTY_ONE_IN = 256 }; /* of the spectra on bare matrix */

/* The streams of a pixel. */
enum { STREAM_PIXEL, STREAM_CATALOGUE, STREAM_NOISE, STREAM_SAMPLES };

struct walk {
    const struct mzg_tissue *tissue;
    enum mzg_region region;
    uint64_t pixel_key;
    int64_t n; /* peaks in all */
    float gain;

    uint64_t catalogue_key;
    int64_t k;           /* the next peak of the catalogue to look at */
    double density, sum; /* a peak shows when density · expected + u reaches the next whole number, `sum` */
    double u;
    double drift;       /* relative error of t, common to all peaks */
    double catalogue_t; /* of the next peak that shows; INFINITY: no more */
    float catalogue_height;

    uint64_t noise_key;
    int64_t noise_i, n_noise;
    double cell;
    double noise_t;
    float noise_height;
};

static float table_of_four(const float *table, uint64_t bits)
{
    return table[((bits & 0xffff) + ((bits >> 16) & 0xffff) + ((bits >> 32) & 0xffff) + (bits >> 48)) >> 6];
}

static float table_of_two(const float *table, uint64_t bits)
{
    return table[((bits & 0xffff) + ((bits >> 16) & 0xffff)) >> 5];
}

static inline double catalogue_place(const struct walk *walk, int64_t k, uint64_t bits)
{
    return walk->tissue->peak_t[k] * (1 + walk->drift + 1.5e-6 * (double)mzg_random_normal(bits));
}

static inline double noise_place(const struct walk *walk, int64_t i, uint64_t bits)
{
    return MIN_T + ((double)i + (double)(bits >> 32) * 0x1p-32) * walk->cell;
}

static inline void next_of_catalogue(struct walk *walk)
{
    const struct mzg_tissue *tissue = walk->tissue;
    const double *expected = tissue->expected[walk->region];
    while (walk->k < tissue->n_peaks) {
        int64_t k = walk->k++;
        if (expected[k + 1] * walk->density + walk->u < walk->sum)
            continue;
        walk->sum += 1;
        uint64_t bits = mzg_random_draw(walk->catalogue_key, (uint64_t)k);
        walk->catalogue_t = catalogue_place(walk, k, bits);
        walk->catalogue_height =
            walk->gain * tissue->abundance[walk->region][k] * table_of_two(tissue->intensities, bits >> 32);
        return;
    }
    walk->catalogue_t = INFINITY;
}

static inline void next_of_noise(struct walk *walk)
{
    if (walk->noise_i == walk->n_noise) {
        walk->noise_t = INFINITY;
        return;
    }
    uint64_t bits = mzg_random_draw(walk->noise_key, (uint64_t)walk->noise_i);
    walk->noise_t = noise_place(walk, walk->noise_i, bits);
    float spread = table_of_two(walk->tissue->intensities, bits);
    walk->noise_height = 20.0F * walk->gain * spread * spread;
    walk->noise_i++;
}

/* The number of peaks at x, y and what they are drawn from; false where there is no spectrum or an empty one.
 */
static bool walk_begin(struct walk *walk, const struct mzg_tissue *tissue, int32_t x, int32_t y)
{
    enum mzg_region region = mzg_tissue_region(tissue, x, y);
    uint64_t key =
        mzg_random_draw(mzg_random_draw(mzg_random_draw(tissue->key, 2), (uint64_t)x), (uint64_t)y);
    uint64_t pixel = mzg_random_draw(key, STREAM_PIXEL);
    uint64_t bits = mzg_random_draw(pixel, 0);
    *walk = (struct walk){.tissue = tissue, .region = region, .pixel_key = key};
    if (region == MZG_REGION_NONE || (region == MZG_REGION_MATRIX && bits % EMPTY_ONE_IN == 0))
        return false;

    double mean = tissue->mean_peaks * (double)table_of_four(tissue->peak_counts, mzg_random_draw(pixel, 1));
    walk->n = (int64_t)(mean + mzg_random_unit(mzg_random_draw(pixel, 2)));
    if (walk->n < 1 && tissue->options.kind == MZG_SYNTHETIC_CENTROID)
        walk->n = 1;
    walk->u = mzg_random_unit(mzg_random_draw(pixel, 3));
    walk->drift = 1e-6 * (double)mzg_random_normal(bits >> 32);
    walk->gain = table_of_four(tissue->intensities, mzg_random_draw(pixel, 4));

    double expected = tissue->expected[region][tissue->n_peaks];
    double most = 0.9 * (double)walk->n;
    walk->density = most < expected ? most / expected : 1;
    walk->n_noise = walk->n - (int64_t)(expected * walk->density + walk->u);
    return true;
}

/* Goes to the first peak. */
static void walk_start(struct walk *walk)
{
    walk->catalogue_key = mzg_random_draw(walk->pixel_key, STREAM_CATALOGUE);
    walk->noise_key = mzg_random_draw(walk->pixel_key, STREAM_NOISE);
    walk->sum = 1;
    walk->cell = (MAX_T - MIN_T) / (double)(walk->n_noise > 0 ? walk->n_noise : 1);
    next_of_catalogue(walk);
    next_of_noise(walk);
}

/* The next peak; false after the last. */
static inline bool walk_next(struct walk *walk, double *t, float *height)
{
    if (walk->catalogue_t <= walk->noise_t) {
        if (walk->catalogue_t == INFINITY)
            return false;
        *t = walk->catalogue_t;
        *height = walk->catalogue_height;
        next_of_catalogue(walk);
    } else {
        *t = walk->noise_t;
        *height = walk->noise_height;
        next_of_noise(walk);
    }
    return true;
}

static void make_centroids(struct walk *walk, double *mz, float *intensity)
{
    double t, last = 0;
    float height;
    walk_start(walk);
    for (int64_t i = 0; walk_next(walk, &t, &height); i++) {
        double m = t * t;
        if (m <= last)
            m = last * (1 + 0x1p-52);
        last = mz[i] = m;
        intensity[i] = height;
    }
}

static inline double sample_mz(const struct mzg_tissue *tissue, int64_t j)
{
    double t = MIN_T + (double)j * tissue->sample_step;
    return t * t;
}

/* The samples that a peak at t spans, both ends included; `center` is t in samples. */
static void peak_window(const struct mzg_tissue *tissue, double t, double *center, int64_t *first,
                        int64_t *last)
{
    *center = (t - MIN_T) / tissue->sample_step;
    int64_t middle = (int64_t)(*center + 0.5);
    *first = middle > MZG_TISSUE_HALF_PEAK ? middle - MZG_TISSUE_HALF_PEAK : 0;
    *last = middle + MZG_TISSUE_HALF_PEAK < tissue->n_samples ? middle + MZG_TISSUE_HALF_PEAK
                                                              : tissue->n_samples - 1;
}

/* Adds the samples first .. last of a peak to values[0] .. */
static void add_peak(const struct mzg_tissue *tissue, double center, float height, int64_t first,
                     int64_t last, float *values)
{
    double middle = (2 * MZG_TISSUE_HALF_PEAK + 1) * MZG_TISSUE_PHASES / 2.0;
    int64_t at = (int64_t)(((double)first - center) * MZG_TISSUE_PHASES + middle + 0.5);
    at = at < 0 ? 0 : at;
    for (int64_t j = first; j <= last; j++, at += MZG_TISSUE_PHASES)
        values[j - first] += height * tissue->shape[at];
}

/* Turns expectations into counts, roughly as Poisson's law has it. `first` is the sample that values[0]
 * belongs to. */
static void count_ions(uint64_t key, int64_t first, int64_t n, float *values)
{
    for (int64_t i = 0; i < n; i++) {
        uint64_t sample = (uint64_t)(first + i);
        uint64_t bits = mzg_random_draw(key, sample / 2) >> (sample % 2 * 32);
        float count = values[i] + sqrtf(values[i]) * mzg_random_normal(bits) + 0.5F;
        values[i] = count > 0 ? (float)(int32_t)count : 0;
    }
}

/* The samples first .. last, whose values are complete: their noise, the zeros at their ends, their m/z. */
static void finish_run(const struct walk *walk, uint64_t key, int64_t first, int64_t last, double *mz,
                       float *values)
{
    int64_t n = last - first + 1;
    count_ions(key, first, n, values);
    values[0] = values[n - 1] = 0;
    for (int64_t i = 0; i < n; i++)
        mz[i] = sample_mz(walk->tissue, first + i);
}

/* Runs of samples around peaks. With mz NULL only counts them. Returns the number of points. */
static int64_t make_profile(struct walk *walk, double *mz, float *intensity)
{
    uint64_t key = mzg_random_draw(walk->pixel_key, STREAM_SAMPLES);
    int64_t n = 0, run_first = 0,
            run_last = -1; /* the run that is growing, behind the n points that are done */
    double t, center;
    float height;
    walk_start(walk);
    while (walk_next(walk, &t, &height)) {
        int64_t first, last;
        peak_window(walk->tissue, t, &center, &first, &last);
        if (first > run_last) {
            if (mz && run_last >= run_first)
                finish_run(walk, key, run_first, run_last, mz + n, intensity + n);
            n += run_last - run_first + 1;
            run_first = first;
            run_last = first - 1;
        }
        if (mz) {
            for (int64_t j = run_last + 1; j <= last; j++)
                intensity[n + j - run_first] = 0;
            add_peak(walk->tissue, center, height, first, last, intensity + n + first - run_first);
        }
        run_last = last;
    }
    if (mz && run_last >= run_first)
        finish_run(walk, key, run_first, run_last, mz + n, intensity + n);
    return n + run_last - run_first + 1;
}

static void make_curve(struct walk *walk, float *intensity)
{
    const struct mzg_tissue *tissue = walk->tissue;
    double t, center;
    float height;
    for (int64_t j = 0; j < tissue->n_samples; j++)
        intensity[j] = tissue->baseline[j] * walk->gain;
    walk_start(walk);
    while (walk_next(walk, &t, &height)) {
        int64_t first, last;
        peak_window(tissue, t, &center, &first, &last);
        add_peak(tissue, center, height, first, last, intensity + first);
    }
    count_ions(mzg_random_draw(walk->pixel_key, STREAM_SAMPLES), 0, tissue->n_samples, intensity);
}

int64_t mzg_tissue_max_points(const struct mzg_tissue *tissue)
{
    if (tissue->options.kind == MZG_SYNTHETIC_CONTINUOUS)
        return tissue->n_samples;
    int64_t peaks = (int64_t)(tissue->mean_peaks * (double)tissue->peak_counts[MZG_TISSUE_TABLE - 1]) + 1;
    if (tissue->options.kind == MZG_SYNTHETIC_CENTROID)
        return peaks;
    int64_t samples = peaks * (2 * MZG_TISSUE_HALF_PEAK + 1);
    return samples < tissue->n_samples ? samples : tissue->n_samples;
}

int64_t mzg_tissue_points_at_most(const struct mzg_tissue *tissue, int32_t x, int32_t y)
{
    struct walk walk;
    if (tissue->options.kind != MZG_SYNTHETIC_PROFILE)
        return mzg_tissue_points(tissue, x, y);
    if (!walk_begin(&walk, tissue, x, y))
        return 0;
    int64_t samples = walk.n * (2 * MZG_TISSUE_HALF_PEAK + 1);
    return samples < tissue->n_samples ? samples : tissue->n_samples;
}

/* Where the last peaks of the catalogue and of the noise lie, in the order of the walk; 0 where there is
 * none. */
static void find_last_peaks(const struct walk *walk, double t[2])
{
    const struct mzg_tissue *tissue = walk->tissue;
    const double *expected = tissue->expected[walk->region];
    double catalogue = 0, noise = 0;
    int64_t k = tissue->n_peaks;
    double shown = floor(expected[k] * walk->density + walk->u);
    if (shown > 0) {
        while (expected[k - 1] * walk->density + walk->u >= shown)
            k--;
        k--;
        catalogue = catalogue_place(walk, k, mzg_random_draw(walk->catalogue_key, (uint64_t)k));
    }
    int64_t i = walk->n_noise - 1;
    if (i >= 0)
        noise = noise_place(walk, i, mzg_random_draw(walk->noise_key, (uint64_t)i));
    t[0] = catalogue <= noise ? catalogue : noise;
    t[1] = catalogue <= noise ? noise : catalogue;
}

bool mzg_tissue_ends(const struct mzg_tissue *tissue, int32_t x, int32_t y, double ends[2])
{
    struct walk walk;
    double last[2], center;
    bool some = walk_begin(&walk, tissue, x, y);
    if (tissue->shared_mz) {
        ends[0] = tissue->shared_mz[0];
        ends[1] = tissue->shared_mz[tissue->n_samples - 1];
        return walk.region != MZG_REGION_NONE;
    }
    if (!some || walk.n == 0)
        return false;
    walk_start(&walk);
    double first = fmin(walk.catalogue_t, walk.noise_t);
    find_last_peaks(&walk, last);
    if (tissue->options.kind == MZG_SYNTHETIC_CENTROID) {
        ends[0] = first * first;
        ends[1] = last[1] * last[1];
        if (ends[1] <= last[0] * last[0])
            ends[1] = last[0] * last[0] * (1 + 0x1p-52);
        return true;
    }
    int64_t begin, end, ignored;
    peak_window(tissue, first, &center, &begin, &ignored);
    peak_window(tissue, last[1], &center, &ignored, &end);
    ends[0] = sample_mz(tissue, begin);
    ends[1] = sample_mz(tissue, end);
    return true;
}

int64_t mzg_tissue_points(const struct mzg_tissue *tissue, int32_t x, int32_t y)
{
    struct walk walk;
    if (tissue->options.kind == MZG_SYNTHETIC_CONTINUOUS)
        return mzg_tissue_region(tissue, x, y) == MZG_REGION_NONE ? 0 : tissue->n_samples;
    if (!walk_begin(&walk, tissue, x, y))
        return 0;
    return tissue->options.kind == MZG_SYNTHETIC_CENTROID ? walk.n : make_profile(&walk, NULL, NULL);
}

int64_t mzg_synthetic_spectrum(const struct mzg_tissue *tissue, int32_t x, int32_t y, double *mz,
                               float *intensity)
{
    struct walk walk;
    bool some = walk_begin(&walk, tissue, x, y);
    switch (tissue->options.kind) {
    case MZG_SYNTHETIC_CENTROID:
        if (some)
            make_centroids(&walk, mz, intensity);
        return walk.n;
    case MZG_SYNTHETIC_PROFILE:
        return some ? make_profile(&walk, mz, intensity) : 0;
    case MZG_SYNTHETIC_CONTINUOUS:
        break;
    }
    if (some)
        make_curve(&walk, intensity);
    else if (walk.region != MZG_REGION_NONE)
        for (int64_t j = 0; j < tissue->n_samples; j++)
            intensity[j] = 0;
    return walk.region == MZG_REGION_NONE ? 0 : tissue->n_samples;
}
