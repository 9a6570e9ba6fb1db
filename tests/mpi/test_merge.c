/* Columns merged from blocks that were sorted by column, where panels and tiles have several columns, parts
 * begin and end in the middle of them, and rows differ in length: against a matrix that is simply looked up.
 */
#include <core/pool.h>
#include <mpi_test.h>
#include <stage/stage.h>
#include <stage/transpose.h>

#include <stdlib.h>
#include <string.h>

enum { ROWS = 150, COLUMNS = 9001, CHUNK = 11, SPREAD = 37 };

/* Every column has some rows, the first ones all; row 4 is empty. */
static bool stored(int64_t row, int64_t column)
{
    return row != 4 && (column < 3 || (row * 31 + column * 17) % SPREAD == 0);
}

static double value_of(int64_t row, int64_t column)
{
    return (double)(row * COLUMNS + column + 1) / 8; /* exact in a float */
}

static void put(void *values, int64_t i, double value, enum mzg_type type)
{
    if (type == MZG_FLOAT64)
        ((double *)values)[i] = value;
    else
        ((float *)values)[i] = (float)value;
}

/* The matrix, appended by all ranks in rounds. */
static struct mzg_stage *fill(const struct mzg_context *context, enum mzg_type type, struct mzg_error *err)
{
    struct mzg_stage *stage = NULL;
    struct mzg_column_sorter *sorter = NULL;
    struct mzg_column_block sorted;
    cr_assert(
        eq(int, (int)mzg_stage_new_memory(context, COLUMNS, type, MZG_STAGE_BY_COLUMN, &stage, err), MZG_OK));
    cr_assert(eq(
        int,
        (int)mzg_column_sorter_new(COLUMNS, mzg_type_size(type), mzg_pool_size(context->pool), &sorter, err),
        MZG_OK));
    static int32_t bins[CHUNK * COLUMNS];
    static double values[CHUNK * COLUMNS];
    int64_t counts[CHUNK];
    for (int64_t round = 0; round * CHUNK * mpi_size < ROWS; round++) {
        struct mzg_rows rows = {.row_counts = counts, .bins = bins, .values = values};
        int64_t first = (round * mpi_size + mpi_rank) * CHUNK;
        for (int64_t row = first; row < first + CHUNK && row < ROWS; row++) {
            int64_t before = rows.n_values;
            for (int32_t column = 0; column < COLUMNS; column++) {
                if (!stored(row, column))
                    continue;
                bins[rows.n_values] = column;
                put(values, rows.n_values++, value_of(row, column), type);
            }
            counts[rows.n_rows++] = rows.n_values - before;
        }
        cr_assert(eq(int, (int)mzg_column_sort(sorter, &rows, context->pool, &sorted, err), MZG_OK));
        rows.by_column = &sorted;
        cr_assert(eq(int, (int)mzg_stage_append(stage, &rows, err), MZG_OK));
        if (round == 1)
            mzg_column_sorter_trim(sorter);
    }
    mzg_column_sorter_free(sorter);
    cr_assert(eq(int, (int)mzg_stage_seal(stage, err), MZG_OK));
    return stage;
}

/* Where the next value is looked for, and how many were not it. */
struct taken {
    int64_t next, row, column, n_wrong;
    enum mzg_type type;
};

static enum mzg_status take(void *context, const struct mzg_column_values *part, struct mzg_error *err)
{
    struct taken *t = context;
    t->n_wrong += part->first != t->next;
    for (int64_t i = 0; i < part->n; i++, t->row++) {
        while (t->column < COLUMNS && !stored(t->row, t->column)) {
            if (++t->row == ROWS) {
                t->row = 0;
                t->column++;
            }
        }
        double value = mzg_value_at(part->values, i, t->type == MZG_FLOAT64);
        t->n_wrong += part->rows[i] != t->row;
        t->n_wrong += value != value_of(t->row, t->column);
        if (t->row + 1 == ROWS) {
            t->row = -1;
            t->column++;
        }
    }
    t->next += part->n;
    return err->status;
}

static void check(enum mzg_type type, int threads)
{
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, threads, &context.pool, &err), MZG_OK));
    struct mzg_stage *stage = fill(&context, type, &err);
    int64_t *begins = calloc(COLUMNS + 1, sizeof *begins);
    for (int64_t column = 0; column < COLUMNS; column++) {
        begins[column + 1] = begins[column];
        for (int64_t row = 0; row < ROWS; row++)
            begins[column + 1] += stored(row, column);
    }
    int64_t n = begins[COLUMNS], column = COLUMNS * (int64_t)mpi_rank / mpi_size;
    struct mzg_transpose_options options = {.column_begins = begins, .first = begins[column]};
    options.n = begins[COLUMNS * (int64_t)(mpi_rank + 1) / mpi_size] - options.first;
    const int64_t part_values[] = {n, n / 3 + 1, 4099, 7};
    for (size_t i = 0; i < sizeof part_values / sizeof *part_values; i++) {
        options.part_values = part_values[i];
        struct taken taken = {.next = options.first, .column = column, .type = type};
        cr_expect(eq(int, (int)mzg_stage_transpose(stage, &options, take, &taken, &err), MZG_OK));
        cr_expect(eq(i64, taken.next, options.first + options.n));
        cr_expect(eq(i64, taken.n_wrong, 0));
    }
    free(begins);
    mzg_stage_close(stage);
    mzg_pool_free(context.pool);
}

MPI_TEST(merge, floats_arrive_in_column_order)
{
    check(MZG_FLOAT32, 1);
    check(MZG_FLOAT32, 3);
}

MPI_TEST(merge, doubles_arrive_in_column_order)
{
    check(MZG_FLOAT64, 1);
    check(MZG_FLOAT64, 2);
}

MPI_TEST(merge, of_too_many_rows_is_refused)
{
    struct mzg_error err = {0};
    struct mzg_pool *pool = NULL;
    struct mzg_column_sorter *sorter = NULL;
    struct mzg_column_block sorted;
    struct mzg_rows rows = {.n_rows = MZG_COLUMN_BLOCK_ROWS + 1};
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, 1, &pool, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_column_sorter_new(3, sizeof(float), 1, &sorter, &err), MZG_OK));
    cr_expect(eq(int, (int)mzg_column_sort(sorter, &rows, pool, &sorted, &err), MZG_EUSAGE));
    cr_expect(ne(ptr, strstr(err.text, "65536 rows"), NULL));
    mzg_column_sorter_free(sorter);
    mzg_pool_free(pool);
}
