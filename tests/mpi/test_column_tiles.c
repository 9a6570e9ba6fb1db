/* Rows that fill a good part of their columns are sorted by tiles: every value lies in its column, in the
 * order of rows, whatever the processor, the workers, the type and where rows lie. */
#include <core/pool.h>
#include <mpi_test.h>
#include <stage/column_block.h>
#include <stage/column_tiles.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows of a seed, as a table with 0 where there is no value. */
struct table {
    int64_t n_rows, n_columns;
    double *cells;
    bool wide;
    struct mzg_rows rows;
    struct mzg_row_place *places;
};

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

static void set_value(struct table *t, int64_t i, double value)
{
    if (t->wide)
        ((double *)t->rows.values)[i] = value;
    else
        ((float *)t->rows.values)[i] = (float)value;
}

static void make_table(int64_t n_rows, int64_t n_columns, uint32_t percent, bool wide, bool apart,
                       struct table *t)
{
    *t = (struct table){.n_rows = n_rows, .n_columns = n_columns, .wide = wide, .rows.n_rows = n_rows};
    uint32_t seed = (uint32_t)(n_rows * 7 + n_columns);
    size_t n = (size_t)(n_rows * n_columns), size = wide ? sizeof(double) : sizeof(float);
    t->cells = calloc(n, sizeof *t->cells);
    t->rows.row_counts = calloc((size_t)n_rows, sizeof *t->rows.row_counts);
    t->rows.bins = calloc(n, sizeof *t->rows.bins);
    t->rows.values = calloc(n, size);
    t->places = calloc((size_t)n_rows, sizeof *t->places);
    for (int64_t row = 0; row < n_rows; row++) {
        t->places[row] =
            (struct mzg_row_place){.bins = t->rows.bins + t->rows.n_values,
                                   .values = (char *)t->rows.values + t->rows.n_values * (int64_t)size};
        for (int64_t column = 0; column < n_columns; column++) {
            if (next(&seed) % 100 >= percent)
                continue;
            double value = next(&seed) % 50 == 0 ? NAN : (double)next(&seed) + 1 - 1000.5;
            t->cells[row * n_columns + column] = value;
            t->rows.bins[t->rows.n_values] = (int32_t)column;
            set_value(t, t->rows.n_values++, value);
            t->rows.row_counts[row]++;
        }
    }
    t->rows.places = apart ? t->places : NULL;
}

static void free_table(struct table *t)
{
    free(t->cells);
    free(t->rows.row_counts);
    free(t->rows.bins);
    free(t->rows.values);
    free(t->places);
}

/* The first entry that is not as in the table; -1: all are. */
static int64_t find_wrong(const struct table *t, const struct mzg_column_block *block)
{
    int64_t i = 0;
    int shift = mzg_column_bucket_shift(t->n_columns);
    for (int64_t column = 0; column < t->n_columns; column++) {
        int64_t begin = i;
        if (column % (INT64_C(1) << shift) == 0 && block->bucket_begins[column >> shift] != i)
            return i;
        for (int64_t row = 0; row < t->n_rows; row++) {
            double value = t->cells[row * t->n_columns + column];
            if (value == 0)
                continue;
            double found = mzg_value_at(block->values, i, t->wide);
            if (block->rows[i] != row || !(found == value || (isnan(found) && isnan(value))))
                return i;
            i++;
        }
        if (block->column_counts[column] != i - begin)
            return i;
    }
    return block->bucket_begins[mzg_column_buckets(t->n_columns)] == i ? -1 : i;
}

static void check(const struct table *t, bool plain, struct mzg_pool *pool)
{
    int64_t size = t->wide ? sizeof(double) : sizeof(float), n = t->rows.n_values;
    int64_t *bucket_begins = calloc((size_t)mzg_column_buckets(t->n_columns) + 1, sizeof *bucket_begins);
    uint16_t *column_counts = calloc((size_t)t->n_columns, sizeof *column_counts);
    uint16_t *rows = malloc((size_t)(n + 1) * sizeof *rows);
    char *values = malloc((size_t)((n + 1) * size));
    struct mzg_column_tiles tiles = {.rows = &t->rows,
                                     .n_columns = t->n_columns,
                                     .value_size = size,
                                     .n_workers = mzg_pool_size(pool),
                                     .plain = plain,
                                     .bucket_shift = mzg_column_bucket_shift(t->n_columns),
                                     .bucket_begins = bucket_begins,
                                     .column_counts = column_counts,
                                     .sorted_rows = rows,
                                     .sorted_values = values};
    rows[n] = 12345; /* nothing is written behind the values */
    memset(values + n * size, 77, (size_t)size);
    int64_t bytes = mzg_column_tiles_memory(&tiles);
    cr_assert(gt(i64, bytes, 0));
    void *scratch = aligned_alloc(64, (size_t)bytes);
    memset(scratch, 255, (size_t)bytes);
    mzg_column_tiles_sort(&tiles, scratch, pool);
    struct mzg_column_block block = {.n_columns = t->n_columns,
                                     .n_values = n,
                                     .bucket_begins = bucket_begins,
                                     .column_counts = column_counts,
                                     .rows = rows,
                                     .values = values};
    cr_expect(eq(i64, find_wrong(t, &block), -1), "%lld rows, %lld columns, %s", (long long)t->n_rows,
              (long long)t->n_columns, t->wide ? "double" : "float");
    cr_expect(eq(int, rows[n], 12345));
    for (int64_t i = 0; i < size; i++)
        cr_expect(eq(int, (unsigned char)values[n * size + i], 77));
    free(scratch);
    free(bucket_begins);
    free(column_counts);
    free(rows);
    free(values);
}

static void check_all(int threads)
{
    static const int64_t sizes[][2] = {{1, 1},  {1, 5000}, {15, 31},   {16, 32},  {17, 33},
                                       {8, 65}, {300, 64}, {1000, 97}, {130, 700}};
    static const uint32_t percents[] = {50, 100, 30};
    struct mzg_error err = {0};
    struct mzg_pool *pool = NULL;
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_SELF, threads, &pool, &err), MZG_OK));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t p = 0; p < (i < 7 ? sizeof percents / sizeof percents[0] : 1); p++)
            for (int way = 0; way < 4; way++) {
                struct table table;
                make_table(sizes[i][0], sizes[i][1], percents[p], way & 1, way >> 1, &table);
                if (table.rows.n_values * 4 >= sizes[i][0] * sizes[i][1]) {
                    check(&table, false, pool);
                    check(&table, true, pool);
                }
                free_table(&table);
            }
    mzg_pool_free(pool);
}

MPI_TEST(column_tiles, hold_every_value_in_its_column)
{
    check_all(1);
}

MPI_TEST(column_tiles, are_shared_by_workers)
{
    check_all(3);
}

/* What tiles are not for: their memory is 0. */
MPI_TEST(column_tiles, are_not_for_rows_with_few_values_or_without_any)
{
    struct table table;
    make_table(100, 1000, 2, false, false, &table);
    struct mzg_column_tiles tiles = {.rows = &table.rows, .n_columns = 1000, .value_size = 4, .n_workers = 1};
    cr_expect(eq(i64, mzg_column_tiles_memory(&tiles), 0));
    table.rows.n_rows = 0;
    table.rows.n_values = 0;
    cr_expect(eq(i64, mzg_column_tiles_memory(&tiles), 0));
    free_table(&table);
}
