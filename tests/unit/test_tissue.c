/* Synthetic spectra: what a reader may rely on, and that they are the same whoever makes them, in whatever
 * order. */
#include <synthetic/tissue.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct mzg_tissue *make(enum mzg_synthetic_kind kind, int64_t side, int64_t points, uint64_t seed,
                               bool full)
{
    struct mzg_synthetic_options options = {
        .width = side, .height = side, .kind = kind, .points = points, .seed = seed, .full = full};
    struct mzg_error err = {0};
    struct mzg_tissue *tissue = NULL;
    cr_assert(eq(int, (int)mzg_tissue_new(&options, &tissue, &err), MZG_OK));
    return tissue;
}

struct sums {
    int64_t points, spectra, empty, unsorted, outside, negative, miscounted, wrong_ends, most, zeros;
    double tic;
};

/* Whether the ends that are found without the spectrum are those of its n m/z. */
static bool has_these_ends(const struct mzg_tissue *tissue, int32_t x, int32_t y, const double *mz, int64_t n)
{
    double ends[2];
    if (!mzg_tissue_ends(tissue, x, y, ends))
        return n == 0;
    return n > 0 && ends[0] == mz[0] && ends[1] == mz[n - 1];
}

/* Makes every spectrum of the raster and notes what is wrong with it. */
static struct sums survey(const struct mzg_tissue *tissue)
{
    struct sums sums = {0};
    size_t room = (size_t)mzg_tissue_max_points(tissue) + 1;
    double *mz = calloc(room, sizeof *mz);
    float *intensity = calloc(room, sizeof *intensity);
    for (int32_t y = 1; y <= tissue->options.height; y++)
        for (int32_t x = 1; x <= tissue->options.width; x++) {
            int64_t n = mzg_synthetic_spectrum(tissue, x, y, mz, intensity);
            const double *m = tissue->shared_mz ? tissue->shared_mz : mz;
            sums.spectra += mzg_tissue_region(tissue, x, y) != MZG_REGION_NONE;
            sums.miscounted +=
                n != mzg_tissue_points(tissue, x, y) || n > mzg_tissue_points_at_most(tissue, x, y);
            sums.wrong_ends += !has_these_ends(tissue, x, y, m, n);
            sums.empty += n == 0;
            sums.most = n > sums.most ? n : sums.most;
            sums.points += n;
            for (int64_t i = 0; i < n; i++) {
                sums.unsorted += i > 0 && !(m[i] > m[i - 1]);
                sums.outside += !(m[i] >= 100 && m[i] <= 1000.0001);
                sums.negative += !(intensity[i] >= 0);
                sums.zeros += intensity[i] == 0;
                sums.tic += (double)intensity[i];
            }
        }
    free(mz);
    free(intensity);
    return sums;
}

static void expect_sound(const struct mzg_tissue *tissue, const struct sums *sums)
{
    cr_expect(eq(i64, sums->spectra, tissue->n_spectra));
    cr_expect(eq(i64, sums->unsorted, 0));
    cr_expect(eq(i64, sums->outside, 0));
    cr_expect(eq(i64, sums->negative, 0));
    cr_expect(eq(i64, sums->miscounted, 0));
    cr_expect(eq(i64, sums->wrong_ends, 0));
    cr_expect(le(i64, sums->most, mzg_tissue_max_points(tissue)));
}

static bool is_near(double value, double wanted, double share)
{
    return fabs(value - wanted) <= share * wanted;
}

Test(tissue, centroids_have_the_mean_number_of_peaks)
{
    struct mzg_tissue *tissue = make(MZG_SYNTHETIC_CENTROID, 64, 300, 1, true);
    struct sums sums = survey(tissue);
    expect_sound(tissue, &sums);
    cr_expect(eq(i64, sums.spectra, 64 * 64));
    cr_expect(is_near((double)sums.points / (double)(sums.spectra - sums.empty), 300, 0.03));
    cr_expect(gt(i64, sums.most, 3 * 300)); /* lognormal: a long tail */
    cr_expect(gt(i64, sums.empty, 0));
    cr_expect(lt(i64, sums.empty, 64));
    cr_expect(eq(i64, sums.zeros, 0));
    mzg_tissue_free(tissue);
}

Test(tissue, profiles_have_about_the_mean_number_of_points)
{
    struct mzg_tissue *tissue = make(MZG_SYNTHETIC_PROFILE, 32, 5000, 1, true);
    struct sums sums = survey(tissue);
    expect_sound(tissue, &sums);
    cr_expect(is_near((double)sums.points / (double)(sums.spectra - sums.empty), 5000, 0.05));
    mzg_tissue_free(tissue);
}

Test(tissue, continuous_spectra_have_exactly_the_points)
{
    struct mzg_tissue *tissue = make(MZG_SYNTHETIC_CONTINUOUS, 24, 2000, 1, true);
    struct sums sums = survey(tissue);
    expect_sound(tissue, &sums);
    cr_expect(eq(i64, sums.points, 24 * 24 * 2000));
    cr_expect(gt(dbl, sums.tic, 0));
    cr_expect(is_near(tissue->shared_mz[0], 100, 1e-12));
    cr_expect(is_near(tissue->shared_mz[1999], 1000, 1e-12));
    mzg_tissue_free(tissue);
}

/* In a profile, the steps of √(m/z) are multiples of one step, and what lies between runs was zero at their
 * ends. */
Test(tissue, profiles_lie_on_a_grid_and_their_zeros_are_trimmed)
{
    struct mzg_tissue *tissue = make(MZG_SYNTHETIC_PROFILE, 8, 1000, 3, true);
    size_t room = (size_t)mzg_tissue_max_points(tissue);
    double *mz = calloc(room, sizeof *mz);
    float *intensity = calloc(room, sizeof *intensity);
    int64_t n = mzg_synthetic_spectrum(tissue, 4, 4, mz, intensity);
    cr_assert(gt(i64, n, 100));
    int off_grid = 0, open_ends = intensity[0] != 0 || intensity[n - 1] != 0, gaps = 0;
    for (int64_t i = 1; i < n; i++) {
        double steps = (sqrt(mz[i]) - sqrt(mz[i - 1])) / tissue->sample_step;
        off_grid += fabs(steps - round(steps)) > 1e-6 || steps < 0.5;
        if (steps > 1.5) {
            gaps++;
            open_ends += intensity[i] != 0 || intensity[i - 1] != 0;
        }
    }
    cr_expect(eq(int, off_grid, 0));
    cr_expect(eq(int, open_ends, 0));
    cr_expect(gt(int, gaps, 20));
    free(mz);
    free(intensity);
    mzg_tissue_free(tissue);
}

/* Every position with its region, one after the other. */
static void expect_corners_empty_and_positions_in_order(int32_t side)
{
    struct mzg_tissue *tissue = make(MZG_SYNTHETIC_CENTROID, side, 20, 5, false);
    struct sums sums = survey(tissue);
    expect_sound(tissue, &sums);
    cr_expect(eq(int, (int)mzg_tissue_region(tissue, 1, 1), MZG_REGION_NONE));
    cr_expect(eq(int, (int)mzg_tissue_region(tissue, side, side), MZG_REGION_NONE));
    cr_expect(eq(i64, mzg_tissue_points(tissue, 1, 1), 0));

    int64_t i = 0;
    bool seen[MZG_REGIONS] = {false};
    int32_t x, y, next_x, next_y;
    mzg_tissue_position(tissue, 0, &next_x, &next_y);
    for (int32_t row = 1; row <= side; row++)
        for (int32_t column = 1; column <= side; column++) {
            enum mzg_region region = mzg_tissue_region(tissue, column, row);
            seen[region] = true;
            if (region == MZG_REGION_NONE)
                continue;
            mzg_tissue_position(tissue, i, &x, &y);
            cr_expect(x == column && y == row, "spectrum %d", (int)i);
            cr_expect(next_x == column && next_y == row, "after spectrum %d", (int)i - 1);
            if (++i < tissue->n_spectra)
                mzg_tissue_next(tissue, &next_x, &next_y);
        }
    cr_expect(eq(i64, i, tissue->n_spectra));
    for (int r = 0; r < MZG_REGIONS; r++)
        cr_expect(seen[r], "region %d", r);
    mzg_tissue_free(tissue);
}

Test(tissue, corners_have_no_spectrum_and_positions_follow_the_rows)
{
    static const int32_t sides[] = {40, 64, 65, 150};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        expect_corners_empty_and_positions_in_order(sides[i]);
}

Test(tissue, a_region_shows_its_own_peaks)
{
    struct mzg_tissue *tissue = make(MZG_SYNTHETIC_CENTROID, 30, 400, 9, true);
    int own = 0;
    for (int64_t k = 0; k < tissue->n_peaks; k++)
        own += tissue->abundance[MZG_REGION_A][k] > 10 * tissue->abundance[MZG_REGION_B][k];
    cr_expect(gt(int, own, 10));
    for (int64_t k = 1; k < tissue->n_peaks; k++)
        cr_expect(gt(dbl, tissue->peak_t[k], tissue->peak_t[k - 1] * (1 + 20e-6)));
    mzg_tissue_free(tissue);
}

/* The same spectrum from two tissues made apart; another one from another seed and at the neighbouring pixel.
 */
static void compare(enum mzg_synthetic_kind kind)
{
    struct mzg_tissue *tissues[] = {make(kind, 16, 300, 1, true), make(kind, 16, 300, 1, true),
                                    make(kind, 16, 300, 2, true)};
    enum { ROOM = 40000 };
    double *mz[4];
    float *intensity[4];
    int64_t n[4];
    for (int i = 0; i < 4; i++) {
        mz[i] = calloc(ROOM, sizeof **mz);
        intensity[i] = calloc(ROOM, sizeof **intensity);
        cr_assert(le(i64, mzg_tissue_max_points(tissues[i % 3]), ROOM));
    }
    n[1] = mzg_synthetic_spectrum(tissues[1], 3, 9, mz[1], intensity[1]);
    n[1] = mzg_synthetic_spectrum(tissues[1], 8, 8, mz[1], intensity[1]);
    n[0] = mzg_synthetic_spectrum(tissues[0], 8, 8, mz[0], intensity[0]);
    n[2] = mzg_synthetic_spectrum(tissues[2], 8, 8, mz[2], intensity[2]);
    n[3] = mzg_synthetic_spectrum(tissues[0], 9, 8, mz[3], intensity[3]);
    cr_assert(eq(i64, n[0], n[1]));
    cr_expect(memcmp(mz[0], mz[1], (size_t)n[0] * sizeof **mz) == 0);
    cr_expect(memcmp(intensity[0], intensity[1], (size_t)n[0] * sizeof **intensity) == 0);
    for (int i = 2; i < 4; i++)
        cr_expect(n[i] != n[0] || memcmp(intensity[0], intensity[i], (size_t)n[0] * sizeof **intensity) != 0);
    for (int i = 0; i < 4; i++) {
        free(mz[i]);
        free(intensity[i]);
        mzg_tissue_free(i < 3 ? tissues[i] : NULL);
    }
}

Test(tissue, spectra_depend_on_seed_and_position_alone)
{
    for (int kind = MZG_SYNTHETIC_CENTROID; kind <= MZG_SYNTHETIC_CONTINUOUS; kind++)
        compare((enum mzg_synthetic_kind)kind);
}

Test(tissue, the_smallest_tissues_are_sound)
{
    for (int kind = MZG_SYNTHETIC_CENTROID; kind <= MZG_SYNTHETIC_CONTINUOUS; kind++)
        for (int64_t side = 1; side <= 4; side++)
            for (int64_t points = 1; points <= 20; points += 6) {
                struct mzg_tissue *tissue = make((enum mzg_synthetic_kind)kind, side, points, 1, false);
                struct sums sums = survey(tissue);
                cr_expect(gt(i64, tissue->n_spectra, 0));
                expect_sound(tissue, &sums);
                mzg_tissue_free(tissue);
            }
}

Test(tissue, impossible_options_are_refused)
{
    const struct mzg_synthetic_options good = {.width = 2, .height = 2, .points = 1};
    struct mzg_synthetic_options bad[] = {good, good, good, good};
    bad[0].width = 0;
    bad[1].height = 1000001;
    bad[2].points = 0;
    bad[3].points = 10000001;
    for (int i = 0; i < 4; i++) {
        struct mzg_error err = {0};
        struct mzg_tissue *tissue = NULL;
        cr_expect(eq(int, (int)mzg_tissue_new(&bad[i], &tissue, &err), MZG_EUSAGE));
        cr_expect(eq(ptr, tissue, NULL));
    }
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)mzg_synthetic_check(&good, &err), MZG_OK));
}

Test(tissue, kinds_are_found_by_name)
{
    struct mzg_error err = {0};
    enum mzg_synthetic_kind kind = MZG_SYNTHETIC_CENTROID;
    cr_expect(eq(int, (int)mzg_synthetic_kind_parse("profile", &kind, &err), MZG_OK));
    cr_expect(eq(int, (int)kind, MZG_SYNTHETIC_PROFILE));
    cr_expect(eq(str, (char *)mzg_synthetic_kind_name(MZG_SYNTHETIC_CONTINUOUS), "continuous"));
    cr_expect(eq(int, (int)mzg_synthetic_kind_parse("profiles", &kind, &err), MZG_EUSAGE));
    cr_expect(strstr(err.text, "centroid, profile or continuous") != NULL);
}
