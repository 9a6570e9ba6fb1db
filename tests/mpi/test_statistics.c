/* Statistics of the bins: the same on any number of ranks and workers, exact where sums in float would not
 * be. */
#include <core/pool.h>
#include <math.h>
#include <mpi_test.h>
#include <run/statistics.h>

enum { ROWS = 40, BINS = 5 };

/* Bin 0 is in every row, bin 1 in every third, bin 2 holds negative values only, bin 3 cancels, bin 4 is
 * empty. */
static int64_t fill_row(int64_t row, int32_t *bins, float *values)
{
    int64_t n = 0;
    bins[n] = 0;
    values[n++] = (float)row + 0.25f;
    if (row % 3 == 0) {
        bins[n] = 1;
        values[n++] = 2;
    }
    if (row < 2) {
        bins[n] = 2;
        values[n++] = -3;
    }
    bins[n] = 3;
    values[n++] = row % 2 ? -1e30f : 1e30f;
    return n;
}

MPI_TEST(statistics, of_all_ranks_together)
{
    struct mzg_error err = {0};
    struct mzg_pool *pool = NULL;
    struct mzg_statistics statistics;
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, 2, &pool, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_statistics_init(BINS, &statistics, &err), MZG_OK));

    int64_t counts[ROWS];
    int32_t bins[ROWS * BINS];
    float values[ROWS * BINS];
    struct mzg_rows rows = {.row_counts = counts, .bins = bins, .values = values};
    for (int64_t row = mpi_rank; row < ROWS; row += mpi_size) {
        counts[rows.n_rows] = fill_row(row, bins + rows.n_values, values + rows.n_values);
        rows.n_values += counts[rows.n_rows++];
    }
    mzg_statistics_add(&statistics, &rows, pool);
    mzg_statistics_reduce(&statistics, MPI_COMM_WORLD);

    const struct mzg_bin_statistics *b = statistics.bins;
    cr_expect(eq(i64, b[0].count, ROWS));
    cr_expect(eq(dbl, mzg_exact_sum_round(&b[0].sum), 39 * 40 / 2 + 10.0));
    cr_expect(eq(flt, b[0].maximum, 39.25f));
    cr_expect(eq(i64, b[1].count, 14));
    cr_expect(eq(dbl, mzg_exact_sum_round(&b[1].sum), 28.0));
    cr_expect(eq(i64, b[2].count, 2));
    cr_expect(eq(flt, b[2].maximum, -3.0f));
    cr_expect(eq(dbl, mzg_exact_sum_round(&b[3].sum), 0.0));
    cr_expect(eq(i64, b[4].count, 0));
    cr_expect(eq(dbl, mzg_exact_sum_round(&b[4].sum), 0.0));

    mzg_statistics_destroy(&statistics);
    mzg_pool_free(pool);
}

/* A value of any size and sign, the same for the same number. */
static float value_of(int64_t number, int64_t bin)
{
    uint64_t state = (uint64_t)(number * BINS + bin) * 6364136223846793005u + 1442695040888963407u;
    state ^= state >> 29;
    int range = bin == 0 ? 4 : bin == 1 ? 40 : 250; /* powers of 2 */
    float value = ldexpf(1.0f + (float)(state >> 45) / (float)(1 << 19),
                         (int)(state >> 20 & 0xffff) % range - range / 2);
    return state >> 10 & 1 && bin > 0 ? -value : value;
}

MPI_TEST(statistics, of_many_values_are_exact)
{
    enum { MANY = 3000 };
    struct mzg_error err = {0};
    struct mzg_pool *pool = NULL;
    struct mzg_statistics statistics;
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, 2, &pool, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_statistics_init(BINS, &statistics, &err), MZG_OK));
    struct mzg_exact_sum sums[BINS] = {0};
    float most[BINS];
    for (int64_t row = 0; row < MANY; row++) {
        int64_t count = BINS;
        int32_t bins[BINS];
        float values[BINS];
        for (int32_t bin = 0; bin < BINS; bin++) {
            bins[bin] = bin;
            values[bin] = value_of(row, bin);
            mzg_exact_sum_add(&sums[bin], values[bin]);
            most[bin] = row == 0 || values[bin] > most[bin] ? values[bin] : most[bin];
        }
        struct mzg_rows rows = {
            .n_rows = 1, .n_values = BINS, .row_counts = &count, .bins = bins, .values = values};
        if (row % mpi_size == mpi_rank)
            mzg_statistics_add(&statistics, &rows, pool);
    }
    mzg_statistics_reduce(&statistics, MPI_COMM_WORLD);
    for (int bin = 0; bin < BINS; bin++) {
        cr_expect(eq(i64, statistics.bins[bin].count, MANY));
        cr_expect(eq(flt, statistics.bins[bin].maximum, most[bin]));
        cr_expect(eq(int, memcmp(&statistics.bins[bin].sum, &sums[bin], sizeof sums[bin]), 0));
    }
    mzg_statistics_destroy(&statistics);
    mzg_pool_free(pool);
}
