/* Statistics of the bins: the same on any number of ranks and workers, exact where sums in float would not
 * be. */
#include <core/pool.h>
#include <math.h>
#include <mpi_test.h>
#include <stream/statistics.h>

#include <string.h>

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
    cr_assert(eq(int, (int)mzg_statistics_init(BINS, MZG_FLOAT32, &statistics, &err), MZG_OK));

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

    const int64_t wanted_counts[BINS] = {ROWS, 14, 2, ROWS, 0};
    const double wanted_sums[BINS] = {790, 28, -6, 0, 0};
    const double wanted_maxima[BINS] = {39.25, 2, -3, (double)1e30f, 0};
    for (int k = 0; k < BINS; k++) {
        cr_expect(eq(i64, statistics.counts[k], wanted_counts[k]));
        cr_expect(eq(dbl, statistics.maxima[k], wanted_maxima[k]));
        double sum = mzg_exact_sum_round(statistics.kind, mzg_statistics_sum(&statistics, k));
        cr_expect(eq(dbl, sum, wanted_sums[k]));
    }

    mzg_statistics_destroy(&statistics);
    mzg_pool_free(pool);
}

/* A value of any size and sign that a float holds, the same for the same number; as a double with more bits,
 * and bin 3 with all exponents. */
static double value_of(int64_t number, int64_t bin, bool wide)
{
    uint64_t state = (uint64_t)(number * BINS + bin) * 6364136223846793005u + 1442695040888963407u;
    state ^= state >> 29;
    int range = bin == 0 ? 4 : bin == 1 ? 40 : wide && bin == 3 ? 2040 : 250; /* powers of 2 */
    double fraction = (double)(float)((double)(state >> 45) / (1 << 19));
    if (wide)
        fraction += (double)(state & 0xffffff) * 0x1p-52;
    double value = ldexp(1.0 + fraction / 2, (int)(state >> 20 & 0xffff) % range - range / 2);
    value = wide ? value : (double)(float)value;
    return state >> 10 & 1 && bin > 0 ? -value : value;
}

/* Adds rows that were sorted by column. */
static void add_by_column(const struct mzg_rows *rows, int64_t value_size, struct mzg_pool *pool,
                          struct mzg_statistics *statistics)
{
    struct mzg_error err = {0};
    struct mzg_column_sorter *sorter = NULL;
    struct mzg_column_block sorted;
    struct mzg_rows all = *rows;
    cr_assert(
        eq(int, (int)mzg_column_sorter_new(BINS, value_size, mzg_pool_size(pool), &sorter, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_column_sort(sorter, &all, pool, &sorted, &err), MZG_OK));
    all.by_column = &sorted;
    mzg_statistics_add(statistics, &all, pool);
    mzg_column_sorter_free(sorter);
}

/* Adds up many values of a type, dealt to the ranks, and one by one here, without the words in front: row by
 * row, or all at once, sorted by column. */
static void check_many(enum mzg_type type, bool by_column)
{
    enum { MANY = 3000 };
    static int64_t all_counts[MANY];
    static int32_t all_bins[MANY * BINS];
    static double all_values[MANY * BINS];
    struct mzg_rows all = {.row_counts = all_counts, .bins = all_bins, .values = all_values};
    size_t value_size = (size_t)mzg_type_size(type);
    bool wide = type == MZG_FLOAT64;
    struct mzg_error err = {0};
    struct mzg_pool *pool = NULL;
    struct mzg_statistics statistics;
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, 2, &pool, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_statistics_init(BINS, type, &statistics, &err), MZG_OK));
    static uint64_t sums[BINS][MZG_EXACT_SUM_MAX_LIMBS];
    memset(sums, 0, sizeof sums);
    double most[BINS];
    for (int64_t row = 0; row < MANY; row++) {
        int64_t count = BINS;
        int32_t bins[BINS];
        float narrow[BINS];
        double doubles[BINS];
        for (int32_t bin = 0; bin < BINS; bin++) {
            int64_t mantissa;
            uint32_t position;
            bins[bin] = bin;
            doubles[bin] = value_of(row, bin, wide);
            narrow[bin] = (float)doubles[bin];
            if (wide)
                mzg_exact_sum_split_float64(doubles[bin], &mantissa, &position);
            else
                mzg_exact_sum_split_float32(narrow[bin], &mantissa, &position);
            mzg_exact_sum_add_shifted(statistics.kind, sums[bin], mantissa, position);
            most[bin] = row == 0 || doubles[bin] > most[bin] ? doubles[bin] : most[bin];
        }
        struct mzg_rows rows = {.n_rows = 1,
                                .n_values = BINS,
                                .row_counts = &count,
                                .bins = bins,
                                .values = wide ? (void *)doubles : narrow};
        if (row % mpi_size != mpi_rank)
            continue;
        if (!by_column)
            mzg_statistics_add(&statistics, &rows, pool);
        memcpy((char *)all_values + (size_t)all.n_values * value_size, rows.values, BINS * value_size);
        memcpy(all_bins + all.n_values, bins, sizeof bins);
        all_counts[all.n_rows++] = BINS;
        all.n_values += BINS;
    }
    if (by_column)
        add_by_column(&all, (int64_t)value_size, pool, &statistics);
    mzg_statistics_reduce(&statistics, MPI_COMM_WORLD);
    for (int bin = 0; bin < BINS; bin++) {
        cr_expect(eq(i64, statistics.counts[bin], MANY));
        cr_expect(eq(dbl, statistics.maxima[bin], most[bin]));
        size_t size = (size_t)statistics.kind->limbs * sizeof(uint64_t);
        cr_expect(eq(int, memcmp(mzg_statistics_sum(&statistics, bin), sums[bin], size), 0));
    }
    mzg_statistics_destroy(&statistics);
    mzg_pool_free(pool);
}

MPI_TEST(statistics, of_many_floats_are_exact)
{
    check_many(MZG_FLOAT32, false);
    check_many(MZG_FLOAT32, true);
}

MPI_TEST(statistics, of_many_doubles_are_exact)
{
    check_many(MZG_FLOAT64, false);
    check_many(MZG_FLOAT64, true);
}
