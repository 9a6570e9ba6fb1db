/*
 * Rows on their way to the ranks that want their columns: few rows have nearly all values, and still no block
 * is larger than the others; each rank gets the values of its columns and nothing else; and what one rank
 * cannot read ends the round on all.
 */
#include <core/pool.h>
#include <mpi_test.h>
#include <stage/exchange.h>
#include <stage/sink.h>

#include <stdlib.h>
#include <string.h>

/* Of each rank. The blocks have 32 Ki values at least, by stage/exchange.c. */
enum { COLUMNS = 4096, DENSE_ROWS = 64, SPARSE_ROWS = 4000, BLOCK_VALUES = 32 << 10 };

static const int64_t n_values = DENSE_ROWS * COLUMNS + SPARSE_ROWS;

static struct mzg_staged *uneven_rows(const struct mzg_context *context)
{
    struct mzg_error err = {0};
    struct mzg_sink *sink = NULL;
    struct mzg_staged *staged = NULL;
    const struct mzg_sink_spec spec = {.context = context, .n_columns = COLUMNS, .value_type = MZG_FLOAT32};
    static int64_t counts[DENSE_ROWS + SPARSE_ROWS];
    static int32_t bins[DENSE_ROWS * COLUMNS + SPARSE_ROWS];
    static float values[DENSE_ROWS * COLUMNS + SPARSE_ROWS];
    struct mzg_rows rows = {.n_rows = DENSE_ROWS + SPARSE_ROWS,
                            .n_values = n_values,
                            .row_counts = counts,
                            .bins = bins,
                            .values = values};
    for (int i = 0; i < DENSE_ROWS + SPARSE_ROWS; i++)
        counts[i] = i < DENSE_ROWS ? COLUMNS : 1;
    for (int i = 0; i < DENSE_ROWS * COLUMNS + SPARSE_ROWS; i++) {
        bins[i] = i % COLUMNS;
        values[i] = (float)(mpi_rank + 1);
    }
    cr_assert(eq(int, (int)mzg_sink_open(&mzg_memory_sink, &spec, &sink, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_sink_append(sink, &rows, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_sink_seal(&sink, &staged, &err), MZG_OK));
    mzg_sink_close(sink);
    return staged;
}

struct fixture {
    struct mzg_context context;
    struct mzg_error err;
    struct mzg_staged *staged;
    struct mzg_column_range wanted[64];
    struct mzg_exchange *exchange;
};

static void begin(struct fixture *f)
{
    *f = (struct fixture){.context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size}};
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, 1, &f->context.pool, &f->err), MZG_OK));
    f->staged = uneven_rows(&f->context);
    for (int rank = 0; rank < mpi_size; rank++)
        f->wanted[rank] =
            (struct mzg_column_range){COLUMNS * rank / mpi_size, COLUMNS * (rank + 1) / mpi_size};
    cr_assert(eq(int, (int)mzg_exchange_new(f->staged, f->wanted, 1, &f->exchange, &f->err), MZG_OK));
}

static void end(struct fixture *f)
{
    mzg_exchange_free(f->exchange);
    mzg_staged_close(f->staged);
    mzg_pool_free(f->context.pool);
}

/* Of the row: how many values it has in these columns. */
static int64_t values_expected(int64_t row, struct mzg_column_range columns)
{
    int64_t i = row % (DENSE_ROWS + SPARSE_ROWS);
    if (i < DENSE_ROWS)
        return columns.end - columns.first;
    int64_t bin = (i - DENSE_ROWS) % COLUMNS;
    return bin >= columns.first && bin < columns.end;
}

/* What a piece has in the columns of this rank is as it was appended. */
static void check_piece(const struct mzg_row_piece *piece, struct mzg_column_range columns, int64_t *next_row,
                        int64_t *sum)
{
    int64_t n = 0;
    for (int64_t i = 0; i < piece->n_rows; i++) {
        int64_t row = mzg_row_piece_row(piece, i), in_columns = 0;
        float value = (float)(row / (DENSE_ROWS + SPARSE_ROWS) + 1);
        for (; *next_row < row; ++*next_row) /* left out, because it is empty here */
            cr_expect(eq(i64, values_expected(*next_row, columns), 0), "row %d", (int)*next_row);
        cr_expect(eq(i64, row, *next_row));
        *next_row = row + 1;
        for (int64_t k = 0; k < piece->counts[i]; k++, n++) {
            float found;
            memcpy(&found, (const char *)piece->values + n * (int64_t)sizeof found, sizeof found);
            bool is_wanted = piece->bins[n] >= columns.first && piece->bins[n] < columns.end;
            in_columns += is_wanted;
            if ((!is_wanted && mpi_size > 1) || found != value)
                cr_expect(false, "row %d: bin %d, value %g", (int)row, piece->bins[n], (double)found);
        }
        cr_expect(eq(i64, in_columns, values_expected(row, columns)));
    }
    cr_expect(le(i64, n, BLOCK_VALUES));
    *sum += n;
}

MPI_TEST(exchange, has_blocks_of_as_many_values_however_uneven_rows_are)
{
    struct fixture f;
    begin(&f);
    int64_t next_row = 0, sum = 0, n_rows = (int64_t)(DENSE_ROWS + SPARSE_ROWS) * mpi_size;
    for (int64_t round = 0; round < mzg_exchange_rounds(f.exchange); round++) {
        const struct mzg_row_piece *pieces;
        int64_t n_pieces;
        cr_assert(eq(int, (int)mzg_exchange_round(f.exchange, round, &pieces, &n_pieces, &f.err), MZG_OK));
        for (int64_t p = 0; p < n_pieces; p++)
            check_piece(&pieces[p], f.wanted[mpi_rank], &next_row, &sum);
    }
    for (; next_row < n_rows; next_row++)
        cr_expect(eq(i64, values_expected(next_row, f.wanted[mpi_rank]), 0));
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    cr_expect(eq(i64, sum, n_values * mpi_size));
    end(&f);
}

/* The smallest memory makes small blocks; more of it still leaves every rank something to read in each round.
 */
MPI_TEST(exchange, gives_every_rank_a_block_if_there_are_values_enough)
{
    struct fixture f;
    begin(&f);
    mzg_exchange_free(f.exchange);
    f.exchange = NULL;
    cr_assert(
        eq(int, (int)mzg_exchange_new(f.staged, f.wanted, INT64_C(1) << 30, &f.exchange, &f.err), MZG_OK));
    cr_expect(eq(i64, mzg_exchange_rounds(f.exchange), 1));
    const struct mzg_row_piece *pieces;
    int64_t n_pieces, with_rows = 0;
    cr_assert(eq(int, (int)mzg_exchange_round(f.exchange, 0, &pieces, &n_pieces, &f.err), MZG_OK));
    for (int64_t p = 0; p < n_pieces; p++)
        with_rows += pieces[p].n_rows > 0;
    cr_expect(eq(i64, with_rows, mpi_size));
    end(&f);
}

static enum mzg_status fail_to_read(struct mzg_staged *staged, int64_t first, int64_t n, int32_t *bins,
                                    void *values, struct mzg_error *err)
{
    (void)staged;
    (void)bins;
    (void)values;
    return mzg_fail(err, MZG_EIO, "cannot read %d values from %d on", (int)n, (int)first);
}

MPI_TEST(exchange, ends_on_all_ranks_if_the_last_cannot_read)
{
    struct fixture f;
    begin(&f);
    struct mzg_staged_kind kind = *f.staged->kind;
    const struct mzg_staged_kind *real = f.staged->kind;
    if (mpi_rank == mpi_size - 1)
        kind.read_values = fail_to_read;
    f.staged->kind = &kind;
    const struct mzg_row_piece *pieces;
    int64_t n_pieces;
    cr_expect(eq(int, (int)mzg_exchange_round(f.exchange, 0, &pieces, &n_pieces, &f.err), MZG_EIO));
    cr_expect(ne(ptr, strstr(f.err.text, "cannot read"), NULL));
    f.staged->kind = real;
    end(&f);
}
