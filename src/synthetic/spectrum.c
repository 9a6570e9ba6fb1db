/*
 * One spectrum of a synthetic tissue: its peaks as they are (centroids.c), or as a digitizer samples them.
 * Loops over many samples do one thing each, without branches, and are compiled for several CPUs.
 */
#include <axis/clones.h>
#include <synthetic/peak_walk.h>

#include <stddef.h>

enum { BLOCK = 256 }; /* samples that one loop deals with before the next one does */

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
    const float *shape = &tissue->shape[at % MZG_TISSUE_PHASES][at / MZG_TISSUE_PHASES];
    for (int64_t i = 0; i <= last - first; i++)
        values[i] += height * shape[i];
}

/* Turns expectations into counts, roughly as Poisson's law has it. `first` is the sample that values[0]
 * belongs to; two samples share the bits of a draw. */
MZG_CLONES
static void count_ions(uint64_t key, int64_t first, int64_t n, float *values)
{
    uint32_t bits[BLOCK + 2];
    for (int64_t done = 0; done < n; done += BLOCK) {
        int64_t begin = first + done, odd = begin % 2;
        int m = n - done < BLOCK ? (int)(n - done) : BLOCK;
        for (int64_t i = 0; 2 * i < m + odd; i++) {
            uint64_t drawn = mzg_random_draw(key, (uint64_t)(begin / 2 + i));
            bits[2 * i] = lower(drawn);
            bits[2 * i + 1] = upper(drawn);
        }
        for (int i = 0; i < m; i++) {
            float expected = values[done + i];
            float count = expected + sqrtf(expected) * mzg_random_normal(bits[odd + i]) + 0.5F;
            int32_t whole = (int32_t)count;
            values[done + i] = (float)(whole * (whole > 0));
        }
    }
}

/* The m/z of samples from `first` on. */
MZG_CLONES
static void fill_samples(const struct mzg_tissue *tissue, int64_t first, int64_t n, double *mz)
{
    for (int i = 0; i < (int)n; i++)
        mz[i] = sample_mz(tissue, (int)first + i);
}

/* The samples first .. last, whose values are complete: their noise, the zeros at their ends, their m/z. */
static void finish_run(const struct walk *walk, uint64_t key, int64_t first, int64_t last, double *mz,
                       float *values)
{
    int64_t n = last - first + 1;
    count_ions(key, first, n, values);
    values[0] = values[n - 1] = 0;
    fill_samples(walk->tissue, first, n, mz);
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

/* Where the last peaks of the catalogue and of the noise lie, in the order of the walk; 0 if there is
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
        catalogue = catalogue_place(walk, k, lower(mzg_random_draw(walk->catalogue_key, (uint64_t)k)));
    }
    int64_t i = walk->n_noise - 1;
    if (i >= 0)
        noise = noise_place(walk, i, upper(mzg_random_draw(walk->noise_key, (uint64_t)i)));
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
            mzg_walk_centroids(&walk, mz, intensity);
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
