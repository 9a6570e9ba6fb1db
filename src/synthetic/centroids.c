/*
 * All peaks of a spectrum as centroids. This is the load that drives benchmarks, so it must be made no slower
 * than it is worked on: not peak by peak as the walk goes, but in loops over many that do one thing each,
 * without branches, compiled for several CPUs. The peaks are the same to the last bit.
 */
#include <axis/clones.h>
#include <synthetic/peak_walk.h>

enum { BLOCK = 256 }; /* peaks that one loop deals with before the next one does */

/* All noise peaks. */
MZG_CLONES
static void fill_noise(const struct walk *walk, double *t, float *height)
{
    uint32_t low[BLOCK], high[BLOCK];
    for (int64_t first = 0; first < walk->n_noise; first += BLOCK) {
        int n = walk->n_noise - first < BLOCK ? (int)(walk->n_noise - first) : BLOCK;
        for (int i = 0; i < n; i++) {
            uint64_t bits = mzg_random_draw(walk->noise_key, (uint64_t)(first + i));
            low[i] = lower(bits);
            high[i] = upper(bits);
        }
        for (int i = 0; i < n; i++)
            t[first + i] = noise_place(walk, (int)first + i, high[i]);
        for (int i = 0; i < n; i++)
            height[first + i] = noise_height(walk, low[i]);
    }
}

/* Those of the next BLOCK peaks of the catalogue that show, as next_of_catalogue() has it: no two peaks raise
 * their sum by more than 1 each, so a peak shows where the whole number below the sum changes. */
MZG_CLONES
static int next_block_of_catalogue(struct walk *walk, double t[BLOCK], float height[BLOCK])
{
    const double *expected = &walk->tissue->expected[walk->region][walk->k];
    int64_t left = walk->tissue->n_peaks - walk->k;
    int m = left < BLOCK ? (int)left : BLOCK, n = 0;
    int32_t before[BLOCK + 1];
    int shown[BLOCK];
    uint64_t bits[BLOCK];
    for (int i = 0; i <= m; i++)
        before[i] = (int32_t)(expected[i] * walk->density + walk->u);
    for (int i = 0; i < m; i++) {
        shown[n] = i;
        n += before[i + 1] > before[i];
    }
    for (int i = 0; i < n; i++)
        bits[i] = mzg_random_draw(walk->catalogue_key, (uint64_t)(walk->k + shown[i]));
    for (int i = 0; i < n; i++)
        t[i] = catalogue_place(walk, walk->k + shown[i], lower(bits[i]));
    for (int i = 0; i < n; i++)
        height[i] = catalogue_height(walk, walk->k + shown[i], upper(bits[i]));
    walk->k += m;
    return n;
}

/* m/z from their roots, strictly increasing. */
MZG_CLONES
static void square(double *mz, int64_t n)
{
    int disorder = 0;
    for (int64_t i = 0; i < n; i++)
        mz[i] *= mz[i];
    for (int64_t i = 1; i < n; i++)
        disorder |= mz[i] <= mz[i - 1];
    if (!disorder)
        return;
    for (int64_t i = 1; i < n; i++)
        if (mz[i] <= mz[i - 1])
            mz[i] = mz[i - 1] * (1 + 0x1p-52);
}

/* The noise is made at the end of the arrays; merged from the front, the peaks never catch up with it. */
void mzg_walk_centroids(struct walk *walk, double *mz, float *intensity)
{
    double t[BLOCK];
    float height[BLOCK];
    int64_t shift = walk->n - walk->n_noise, end = walk->n_noise; /* noise peak b is at shift + b */
    int64_t b = 0, i = 0;
    walk_prepare(walk);
    fill_noise(walk, mz + shift, intensity + shift);
    while (walk->k < walk->tissue->n_peaks) {
        int n = next_block_of_catalogue(walk, t, height);
        for (int a = 0; a < n; a++) {
            for (; b < end && mz[shift + b] < t[a]; b++) {
                mz[i] = mz[shift + b];
                intensity[i++] = intensity[shift + b];
            }
            mz[i] = t[a];
            intensity[i++] = height[a];
        }
    }
    /* What is left of the noise is where it belongs. */
    square(mz, walk->n);
}
