/* Where the rows of a matrix end that goes into the store as it comes: each rank gets its pieces of the
 * numbers. */
#include <core/piece.h>
#include <failing_calls.h>
#include <mpi_test.h>
#include <spatialdata/direct_row_ends.h>

#include <stdlib.h>

enum { ROUNDS = 7, MOST = 40000 };

/* The values of a row, and how many rows a rank has in a round. */
static int64_t count_of(int64_t row)
{
    return row * 7 % 5;
}

static int64_t rows_of(int round, int rank)
{
    return round == 2 && rank == 0 ? 0 : MOST / (rank + 1) - round;
}

/* Notes what this rank has; returns how many rows there are. */
static int64_t note(struct mzg_direct_row_ends *ends, struct mzg_error *err)
{
    static int64_t counts[MOST];
    int64_t row = 0, value = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int rank = 0; rank < mpi_size; rank++) {
            struct mzg_rows rows = {.n_rows = rows_of(round, rank), .row_counts = counts};
            int64_t first_row = row, first_value = value;
            for (int64_t i = 0; i < rows.n_rows; i++)
                value += counts[i] = count_of(row++);
            if (rank == mpi_rank)
                mzg_direct_row_ends_note(ends, first_row, first_value, &rows, err);
        }
    }
    return row;
}

MPI_TEST(row_ends, are_dealt_by_pieces)
{
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    struct mzg_direct_row_ends ends = {.context = &context};
    struct mzg_error err = {0};
    int64_t n_rows = note(&ends, &err), end = 0, mine = 0, wrong = 0;
    cr_assert(eq(int, err.status, MZG_OK));
    cr_assert(eq(int, (int)mzg_direct_row_ends_deal(&ends, n_rows, &err), MZG_OK));
    for (int64_t i = 0; i <= n_rows; i++) { /* number i is where row i begins, and row i - 1 ends */
        if (i / MZG_PIECE_ROWS % mpi_size == mpi_rank)
            wrong += ends.held[mine++] != end;
        end += count_of(i);
    }
    cr_expect(gt(i64, n_rows, 3 * MZG_PIECE_ROWS));
    cr_expect(eq(i64, wrong, 0));
    cr_expect(eq(i64, mine, mzg_piece_held(n_rows + 1, mpi_size, mpi_rank)));
    mzg_direct_row_ends_destroy(&ends);
}

MPI_TEST(row_ends, of_no_rows_are_one_number)
{
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    struct mzg_direct_row_ends ends = {.context = &context};
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_direct_row_ends_deal(&ends, 0, &err), MZG_OK));
    cr_expect(eq(i64, ends.held[0], 0));
    mzg_direct_row_ends_destroy(&ends);
}

static enum mzg_status try_to_deal(void *fixture, struct mzg_error *err)
{
    struct mzg_direct_row_ends ends = {.context = fixture};
    struct mzg_error mine = {0};
    int64_t n_rows = note(&ends, &mine);
    *err = mine;
    if (mzg_direct_row_ends_deal(&ends, n_rows, err) == MZG_OK)
        cr_expect(ends.held != NULL);
    end_failing();
    mzg_direct_row_ends_destroy(&ends);
    return err->status;
}

MPI_TEST(row_ends, that_find_no_memory)
{
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    fail_on_both(MEMORY, 12, try_to_deal, &context, 1, 1);
}
