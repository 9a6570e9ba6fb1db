/* Columns of rows in memory where a part has several slices, lines begin and end in the middle of columns,
 * and rows differ in length: against a matrix that is simply looked up. */
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
    cr_assert(eq(int, (int)mzg_stage_new_memory(context, COLUMNS, type, &stage, err), MZG_OK));
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
        cr_assert(eq(int, (int)mzg_stage_append(stage, &rows, err), MZG_OK));
    }
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
        const struct mzg_column_entry *entry = (const struct mzg_column_entry *)part->entries + i;
        const struct mzg_wide_column_entry *wide = (const struct mzg_wide_column_entry *)part->entries + i;
        bool is_wide = t->type == MZG_FLOAT64;
        t->n_wrong += (is_wide ? wide->row : entry->row) != t->row;
        t->n_wrong += (is_wide ? wide->value : (double)entry->value) != value_of(t->row, t->column);
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
    const int64_t most[] = {n, n / 3 + 1, 4099, 1000};
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        options.most_values = most[i];
        struct taken taken = {.next = options.first, .column = column, .type = type};
        cr_expect(eq(int, (int)mzg_stage_transpose(stage, &options, take, &taken, &err), MZG_OK));
        cr_expect(eq(i64, taken.next, options.first + options.n));
        cr_expect(eq(i64, taken.n_wrong, 0));
    }
    free(begins);
    mzg_stage_close(stage);
    mzg_pool_free(context.pool);
}

MPI_TEST(gather, floats_arrive_in_column_order)
{
    check(MZG_FLOAT32, 1);
    check(MZG_FLOAT32, 3);
}

MPI_TEST(gather, doubles_arrive_in_column_order)
{
    check(MZG_FLOAT64, 1);
    check(MZG_FLOAT64, 2);
}
