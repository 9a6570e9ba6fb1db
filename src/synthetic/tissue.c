/* The regions of a synthetic tissue and the peaks they show: everything that is the same for all of its
 * spectra. */
#include <synthetic/random.h>
#include <synthetic/tissue.h>

#include <core/memory.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIDE = 1000000, MAX_POINTS = 10000000, MIN_PEAKS = 24, MAX_PEAKS = 20000, MAX_ISOTOPES = 3 };

#define EDGE 1.55 /* of the measured positions, on the scale on which the tissue ends at 1 */
#define MIN_MZ 100.0
#define MAX_MZ 1000.0
#define MIN_SPACING                                                                                          \
    45e-6 /* between peaks of the catalogue, relative; twice the largest jitter in spectrum.c and more */

static const char *const kind_names[] = {"centroid", "profile", "continuous"};

const char *mzg_synthetic_kind_name(enum mzg_synthetic_kind kind)
{
    return kind_names[kind];
}

enum mzg_status mzg_synthetic_kind_parse(const char *name, enum mzg_synthetic_kind *kind,
                                         struct mzg_error *err)
{
    for (int k = MZG_SYNTHETIC_CENTROID; k <= MZG_SYNTHETIC_CONTINUOUS; k++)
        if (strcmp(name, kind_names[k]) == 0) {
            *kind = (enum mzg_synthetic_kind)k;
            return MZG_OK;
        }
    return mzg_fail(err, MZG_EUSAGE,
                    "'%s' is not a kind of synthetic data; expected centroid, profile or continuous", name);
}

enum mzg_status mzg_synthetic_check(const struct mzg_synthetic_options *options, struct mzg_error *err)
{
    if (options->width < 1 || options->height < 1 || options->width > MAX_SIDE || options->height > MAX_SIDE)
        return mzg_fail(err, MZG_EUSAGE,
                        "a synthetic raster of %" PRId64 " x %" PRId64
                        " positions: each side must be 1 to %d",
                        options->width, options->height, MAX_SIDE);
    if (options->points < 1 || options->points > MAX_POINTS)
        return mzg_fail(err, MZG_EUSAGE, "%" PRId64 " points per synthetic spectrum: must be 1 to %d",
                        options->points, MAX_POINTS);
    return MZG_OK;
}

/* Uniform noise in [0, 1) that changes smoothly over the raster, `cells` times from side to side. */
static double smooth_noise(uint64_t key, double u, double v, double cells)
{
    double x = (u + 1) * 0.5 * cells, y = (v + 1) * 0.5 * cells;
    uint64_t i = (uint64_t)x, j = (uint64_t)y;
    double fx = x - (double)i, fy = y - (double)j;
    fx *= fx * (3 - 2 * fx);
    fy *= fy * (3 - 2 * fy);
    double corner[4];
    for (unsigned c = 0; c < 4; c++)
        corner[c] = mzg_random_unit(mzg_random_draw(mzg_random_draw(key, i + (c & 1)), j + (c >> 1)));
    double upper = corner[0] + fx * (corner[1] - corner[0]);
    double lower = corner[2] + fx * (corner[3] - corner[2]);
    return upper + fy * (lower - upper);
}

static double ellipse(double u, double v, double center_u, double center_v, double half_u, double half_v)
{
    double du = (u - center_u) / half_u, dv = (v - center_v) / half_v;
    return du * du + dv * dv;
}

enum mzg_region mzg_tissue_region(const struct mzg_tissue *tissue, int32_t x, int32_t y)
{
    double u = 2 * (x - 0.5) / (double)tissue->options.width - 1;
    double v = 2 * (y - 0.5) / (double)tissue->options.height - 1;
    double bump = smooth_noise(tissue->key, u, v, 5) - 0.5;
    double outline = ellipse(u, v, 0, 0, 0.82, 0.78) + 0.35 * bump;

    if (outline >= EDGE && !tissue->options.full)
        return MZG_REGION_NONE;
    if (outline >= 1)
        return MZG_REGION_MATRIX;
    if (ellipse(u, v, -0.27, -0.15, 0.3, 0.38) + 0.8 * bump < 1)
        return MZG_REGION_A;
    if (ellipse(u, v, 0.36, -0.12, 0.22, 0.33) - 0.8 * bump < 1)
        return MZG_REGION_B;
    if (v > 0.38 + 0.3 * bump)
        return MZG_REGION_C;
    return MZG_REGION_TISSUE;
}

/* Whether the position has a spectrum. The noise moves the outline by 0.175 at most, so that it need not be
 * known far from there. */
static bool has_spectrum(const struct mzg_tissue *tissue, int32_t x, int32_t y)
{
    double u = 2 * (x - 0.5) / (double)tissue->options.width - 1;
    double v = 2 * (y - 0.5) / (double)tissue->options.height - 1;
    double outline = ellipse(u, v, 0, 0, 0.82, 0.78);
    if (fabs(outline - EDGE) > 0.18)
        return outline < EDGE;
    return mzg_tissue_region(tissue, x, y) != MZG_REGION_NONE;
}

static uint64_t *row_of(const struct mzg_tissue *tissue, int32_t y)
{
    return tissue->occupied + (y - 1) * tissue->row_words;
}

void mzg_tissue_next(const struct mzg_tissue *tissue, int32_t *x, int32_t *y)
{
    if (!tissue->occupied) {
        if (++*x > tissue->options.width) {
            *x = 1;
            ++*y;
        }
        return;
    }
    int64_t word = *x / 64; /* the next position has the bit *x, for they are counted from 1 */
    uint64_t bits = word < tissue->row_words ? row_of(tissue, *y)[word] >> (*x % 64) << (*x % 64) : 0;
    while (bits == 0) {
        if (++word >= tissue->row_words) {
            word = 0;
            ++*y;
        }
        bits = row_of(tissue, *y)[word];
    }
    *x = (int32_t)(word * 64 + __builtin_ctzll(bits)) + 1;
}

void mzg_tissue_position(const struct mzg_tissue *tissue, int64_t i, int32_t *x, int32_t *y)
{
    if (!tissue->occupied) {
        *x = (int32_t)(i % tissue->options.width) + 1;
        *y = (int32_t)(i / tissue->options.width) + 1;
        return;
    }
    int64_t row = 0, end = tissue->options.height;
    while (end - row > 1) {
        int64_t middle = row + (end - row) / 2;
        if (tissue->row_begins[middle] <= i)
            row = middle;
        else
            end = middle;
    }
    *y = (int32_t)row + 1;
    const uint64_t *words = row_of(tissue, *y);
    int64_t left = i - tissue->row_begins[row], word = 0;
    while (__builtin_popcountll(words[word]) <= left)
        left -= __builtin_popcountll(words[word++]);
    uint64_t bits = words[word];
    for (; left > 0; left--)
        bits &= bits - 1;
    *x = (int32_t)(word * 64 + __builtin_ctzll(bits)) + 1;
}

static enum mzg_status find_spectra(struct mzg_tissue *tissue, struct mzg_error *err)
{
    int64_t width = tissue->options.width, height = tissue->options.height;
    if (tissue->options.full) {
        tissue->n_spectra = width * height;
        return MZG_OK;
    }
    tissue->row_words = (width + 63) / 64;
    tissue->row_begins = malloc((size_t)(height + 1) * sizeof *tissue->row_begins);
    tissue->occupied = calloc((size_t)(height * tissue->row_words), sizeof *tissue->occupied);
    if (!tissue->row_begins || !tissue->occupied)
        return mzg_fail(err, MZG_ENOMEM,
                        "no memory for a synthetic raster of %" PRId64 " x %" PRId64 " positions", width,
                        height);
    int64_t n = 0;
    for (int32_t y = 1; y <= height; y++) {
        tissue->row_begins[y - 1] = n;
        for (int32_t x = 1; x <= width; x++) {
            uint64_t found = has_spectrum(tissue, x, y);
            row_of(tissue, y)[(x - 1) / 64] |= found << ((x - 1) % 64);
            n += (int64_t)found;
        }
    }
    tissue->row_begins[height] = n;
    tissue->n_spectra = n;
    return MZG_OK;
}

int64_t mzg_tissue_bytes(const struct mzg_tissue *tissue)
{
    return tissue->occupied ? tissue->options.height * (tissue->row_words + 1) * 8 : 0;
}

/* One peak of the catalogue, while it is being made. `owner` is the region where it is strong:
 * MZG_REGION_MATRIX for the matrix, found everywhere, MZG_REGION_TISSUE for all tissue. */
struct candidate {
    double mz;
    float abundance;
    enum mzg_region owner;
};

static int by_mz(const void *a, const void *b)
{
    const struct candidate *p = a, *q = b;
    return (p->mz > q->mz) - (p->mz < q->mz);
}

/* Draws molecules, each with some isotopes, until `n` peaks are there; puts them in order and drops those too
 * close to the one before. Returns how many remain. */
static int64_t draw_candidates(const struct mzg_tissue *tissue, int64_t n, struct candidate *candidates)
{
    uint64_t key = mzg_random_draw(tissue->key, 1);
    for (int64_t i = 0, molecule = 0; i < n; molecule++) {
        uint64_t bits = mzg_random_draw(key, 3 * (uint64_t)molecule);
        uint64_t more = mzg_random_draw(key, 3 * (uint64_t)molecule + 1);
        double nominal = MIN_MZ + 1 + (double)(bits % 890);
        double mz = nominal + 0.0005 * nominal +
                    0.3 * (mzg_random_unit(mzg_random_draw(key, 3 * (uint64_t)molecule + 2)) - 0.5);
        float spread = tissue->intensities[more % MZG_TISSUE_TABLE];
        float abundance = 150.0F * spread * spread * spread;
        unsigned kind = (unsigned)(more >> 32) % 10;
        enum mzg_region owner = kind < 2   ? MZG_REGION_MATRIX
                                : kind < 5 ? MZG_REGION_TISSUE
                                           : (enum mzg_region)(MZG_REGION_A + kind % 3);
        for (int isotope = 0; isotope <= MAX_ISOTOPES && i < n && mz < MAX_MZ - 1; isotope++) {
            candidates[i++] = (struct candidate){mz, abundance, owner};
            mz += 1.00335;
            abundance *= (float)(nominal / (1800.0 * (isotope + 1)));
        }
    }
    qsort(candidates, (size_t)n, sizeof *candidates, by_mz);
    int64_t kept = 1;
    for (int64_t i = 1; i < n; i++)
        if (candidates[i].mz > candidates[kept - 1].mz * (1 + MIN_SPACING))
            candidates[kept++] = candidates[i];
    return kept;
}

/* The share of a peak's abundance that a region shows. */
static float region_share(enum mzg_region region, enum mzg_region owner)
{
    if (owner == MZG_REGION_MATRIX)
        return region == MZG_REGION_MATRIX ? 1.0F : 0.6F;
    if (region == MZG_REGION_MATRIX)
        return 0;
    if (owner == MZG_REGION_TISSUE)
        return 1;
    return region == owner ? 1.5F : 0.05F;
}

static enum mzg_status make_catalogue(struct mzg_tissue *tissue, struct mzg_error *err)
{
    int64_t n = (int64_t)(tissue->mean_peaks / 2);
    n = n < MIN_PEAKS ? MIN_PEAKS : n > MAX_PEAKS ? MAX_PEAKS : n;
    struct candidate *candidates = malloc((size_t)n * sizeof *candidates);
    if (!candidates)
        goto no_memory;
    n = draw_candidates(tissue, n, candidates);
    tissue->n_peaks = n;
    tissue->peak_t = malloc((size_t)n * sizeof *tissue->peak_t);
    if (!tissue->peak_t)
        goto no_memory;
    for (int64_t k = 0; k < n; k++)
        tissue->peak_t[k] = sqrt(candidates[k].mz);
    for (enum mzg_region r = MZG_REGION_MATRIX; r < MZG_REGIONS; r++) {
        float *abundance = tissue->abundance[r] = malloc((size_t)n * sizeof *abundance);
        double *expected = tissue->expected[r] = malloc((size_t)(n + 1) * sizeof *expected);
        if (!abundance || !expected)
            goto no_memory;
        expected[0] = 0;
        for (int64_t k = 0; k < n; k++) {
            abundance[k] = candidates[k].abundance * region_share(r, candidates[k].owner);
            expected[k + 1] = expected[k] + (double)abundance[k] / ((double)abundance[k] + 10);
        }
    }
    free(candidates);
    return MZG_OK;

no_memory:
    free(candidates);
    return mzg_fail(err, MZG_ENOMEM, "no memory for a catalogue of %" PRId64 " synthetic peaks", n);
}

/* The tables are rounded to float, in which the last bit of the C library's exp() does not show. */
static void fill_tables(struct mzg_tissue *tissue)
{
    double sigma = tissue->options.kind == MZG_SYNTHETIC_CENTROID ? 0.5 : 0.25;
    /* The index is the sum of four uniform numbers, of standard deviation 1/√3 of their range: this is its
     * mean. */
    double half = sigma * sqrt(3.0) / 2;
    double mean = pow(sinh(half) / half, 4);
    for (int i = 0; i < MZG_TISSUE_TABLE; i++) {
        double z = ((i + 0.5) / MZG_TISSUE_TABLE * 4 - 2) * sqrt(3.0);
        tissue->peak_counts[i] = (float)(exp(sigma * z) / mean);
        tissue->intensities[i] = (float)exp(0.3 * z);
    }
    int samples = (2 * MZG_TISSUE_HALF_PEAK + 1) * MZG_TISSUE_PHASES;
    for (int i = 0; i <= samples; i++) {
        double distance = (i - samples / 2.0) / MZG_TISSUE_PHASES;
        tissue->shape[i % MZG_TISSUE_PHASES][i / MZG_TISSUE_PHASES] =
            (float)exp(-distance * distance / (2 * 3.0 * 3.0));
    }
}

/* Chooses the sampling grid, and the number of peaks that fills the wanted share of it. */
static enum mzg_status make_grid(struct mzg_tissue *tissue, struct mzg_error *err)
{
    int64_t points = tissue->options.points;
    int width = 2 * MZG_TISSUE_HALF_PEAK + 1;
    if (tissue->options.kind == MZG_SYNTHETIC_CENTROID) {
        tissue->mean_peaks = (double)points;
        return MZG_OK;
    }
    if (tissue->options.kind == MZG_SYNTHETIC_PROFILE) {
        tissue->n_samples = points * 8 > 20000 ? points * 8 : 20000;
        /* Windows overlap: random ones that cover the share s have a length of s + s²/2; noise peaks avoid
         * each other. */
        double share = (double)points / (double)tissue->n_samples;
        tissue->mean_peaks = (1 + share / 4) * (double)points / width;
    } else {
        tissue->n_samples = points;
        tissue->mean_peaks = (double)points / 50;
    }
    int64_t n = tissue->n_samples;
    tissue->sample_step = (sqrt(MAX_MZ) - sqrt(MIN_MZ)) / (double)(n > 1 ? n - 1 : 1);
    if (tissue->options.kind == MZG_SYNTHETIC_PROFILE)
        return MZG_OK;

    tissue->shared_mz = malloc((size_t)n * sizeof *tissue->shared_mz);
    tissue->baseline = malloc((size_t)n * sizeof *tissue->baseline);
    if (!tissue->shared_mz || !tissue->baseline)
        return mzg_fail(err, MZG_ENOMEM, "no memory for a sampling grid of %" PRId64 " points", n);
    for (int64_t j = 0; j < n; j++) {
        double t = sqrt(MIN_MZ) + (double)j * tissue->sample_step;
        tissue->shared_mz[j] = t * t;
        tissue->baseline[j] = (float)(600.0 / (t * t * t)) + 0.1F;
    }
    return MZG_OK;
}

enum mzg_status mzg_tissue_new(const struct mzg_synthetic_options *options, struct mzg_tissue **tissue,
                               struct mzg_error *err)
{
    if (mzg_synthetic_check(options, err) != MZG_OK)
        return err->status;
    struct mzg_tissue *made = calloc(1, sizeof *made);
    if (!made)
        return mzg_fail(err, MZG_ENOMEM, "no memory for a synthetic tissue");
    made->options = *options;
    made->key = mzg_random_mix(options->seed + UINT64_C(0x6d7a67726964)); /* the seed 0 must not stay 0 */
    fill_tables(made);
    if (make_grid(made, err) != MZG_OK || make_catalogue(made, err) != MZG_OK ||
        find_spectra(made, err) != MZG_OK) {
        mzg_tissue_free(made);
        return err->status;
    }
    *tissue = made;
    return MZG_OK;
}

void mzg_tissue_free(struct mzg_tissue *tissue)
{
    if (!tissue)
        return;
    for (int r = 0; r < MZG_REGIONS; r++) {
        free(tissue->abundance[r]);
        free(tissue->expected[r]);
    }
    free(tissue->peak_t);
    free(tissue->row_begins);
    free(tissue->occupied);
    free(tissue->shared_mz);
    free(tissue->baseline);
    free(tissue);
}
