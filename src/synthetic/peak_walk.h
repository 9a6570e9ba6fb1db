/*
 * The peaks of one spectrum of a synthetic tissue, on which all kinds rest: a walk over them in increasing t
 * = √(m/z).
 *
 *     catalogue   k  ·   k  k     ·   k      of the region's peaks, a share shows up    (· not this time)
 *     noise        |n   |  n |n   |   n|     one in each of equal cells, for the rest
 *     walk        k n    n  k k n   k  n     merged
 *
 * How many of each there are follows from the pixel's key alone, so that points can be counted without being
 * made.
 */
#ifndef MZG_SYNTHETIC_PEAK_WALK_H
#define MZG_SYNTHETIC_PEAK_WALK_H

#include <synthetic/random.h>
#include <synthetic/tissue.h>

#include <math.h>

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

static inline float table_of_four(const float *table, uint64_t bits)
{
    return table[((bits & 0xffff) + ((bits >> 16) & 0xffff) + ((bits >> 32) & 0xffff) + (bits >> 48)) >> 6];
}

static inline float table_of_two(const float *table, uint32_t bits)
{
    return table[((bits & 0xffff) + (bits >> 16)) >> 5];
}

/* A peak's place and height, from the lower and the upper half of the bits drawn for it. */
static inline double catalogue_place(const struct walk *walk, int64_t k, uint32_t low)
{
    return walk->tissue->peak_t[k] * (1 + walk->drift + 1.5e-6 * (double)mzg_random_normal(low));
}

static inline float catalogue_height(const struct walk *walk, int64_t k, uint32_t high)
{
    const struct mzg_tissue *tissue = walk->tissue;
    return walk->gain * tissue->abundance[walk->region][k] * table_of_two(tissue->intensities, high);
}

static inline double noise_place(const struct walk *walk, int64_t i, uint32_t high)
{
    return MIN_T + ((double)i + (double)high * 0x1p-32) * walk->cell;
}

static inline float noise_height(const struct walk *walk, uint32_t low)
{
    float spread = table_of_two(walk->tissue->intensities, low);
    return 20.0F * walk->gain * spread * spread;
}

static inline uint32_t lower(uint64_t bits)
{
    return (uint32_t)bits;
}

static inline uint32_t upper(uint64_t bits)
{
    return (uint32_t)(bits >> 32);
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
        walk->catalogue_t = catalogue_place(walk, k, lower(bits));
        walk->catalogue_height = catalogue_height(walk, k, upper(bits));
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
    walk->noise_t = noise_place(walk, walk->noise_i, upper(bits));
    walk->noise_height = noise_height(walk, lower(bits));
    walk->noise_i++;
}

/* The number of peaks at x, y and what they are drawn from; false if there is no spectrum or an empty one.
 */
static inline bool walk_begin(struct walk *walk, const struct mzg_tissue *tissue, int32_t x, int32_t y)
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

/* Everything that peaks are drawn from, before the first of them. */
static inline void walk_prepare(struct walk *walk)
{
    walk->catalogue_key = mzg_random_draw(walk->pixel_key, STREAM_CATALOGUE);
    walk->noise_key = mzg_random_draw(walk->pixel_key, STREAM_NOISE);
    walk->sum = 1;
    walk->cell = (MAX_T - MIN_T) / (double)(walk->n_noise > 0 ? walk->n_noise : 1);
}

/* Goes to the first peak. */
static inline void walk_start(struct walk *walk)
{
    walk_prepare(walk);
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

/* All peaks as centroids, for a walk that has only begun: walk->n strictly increasing m/z and their
 * intensities. Local. */
void mzg_walk_centroids(struct walk *walk, double *mz, float *intensity);

#endif
