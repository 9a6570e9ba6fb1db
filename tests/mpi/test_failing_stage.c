/*
 * Stages on which one rank is denied something: each request for memory, and each call on a file, is refused
 * once, first on the last rank alone, then on rank 0. All ranks end with the same error, none waits for
 * another for ever, and nothing is left.
 */
#include <core/agree.h>
#include <failing_calls.h>
#include <mpi_directory.h>
#include <stage/exchange.h>
#include <stage/sink.h>
#include <stage/transpose.h>

#include <string.h>

enum { ROWS = 3, COLUMNS = 5, VALUES = ROWS * COLUMNS, ROUNDS = 2 };

struct fixture {
    struct mzg_context context;
    char directory[256], path[300], scratch[300];
    const struct mzg_sink_kind *kind;
    bool moves;
    struct mzg_staged *staged;
};

static void begin(struct fixture *f, const struct mzg_sink_kind *kind)
{
    *f = (struct fixture){.kind = kind};
    begin_directory(&f->context, 2, f->directory);
    snprintf(f->path, sizeof f->path, "%s/stage.h5", f->directory);
    snprintf(f->scratch, sizeof f->scratch, "%s/columns-%d", f->directory, mpi_rank);
}

static void expect_no_file(const struct fixture *f, const char *name)
{
    MPI_Barrier(MPI_COMM_WORLD);
    cr_expect(not(path_is_like(f->directory, name)), "%s is left", name);
    MPI_Barrier(MPI_COMM_WORLD);
}

static void end(struct fixture *f)
{
    mzg_staged_close(f->staged);
    end_directory(&f->context, f->directory);
}

/* Opens a sink, appends full rows in rounds, moves it, if that is wanted, and seals it. Who appends to a
 * local sink agrees by itself. */
static enum mzg_status fill(struct fixture *f, struct mzg_sink **sink, struct mzg_staged **staged,
                            struct mzg_error *err)
{
    const struct mzg_sink_spec spec = {
        .context = &f->context, .n_columns = COLUMNS, .value_type = MZG_FLOAT32, .path = f->path};
    static int64_t counts[ROWS] = {COLUMNS, COLUMNS, COLUMNS};
    static int32_t bins[VALUES] = {0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4};
    static float values[VALUES] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    struct mzg_rows rows = {
        .n_rows = ROWS, .n_values = VALUES, .row_counts = counts, .bins = bins, .values = values};
    if (mzg_sink_open(f->kind, &spec, sink, err) != MZG_OK)
        return err->status;
    for (int round = 0; round < ROUNDS && err->status == MZG_OK; round++) {
        mzg_sink_append(*sink, &rows, err);
        if (f->kind->local)
            mzg_agree(MPI_COMM_WORLD, err);
    }
    if (err->status == MZG_OK && f->moves)
        mzg_sink_move(sink, err);
    return err->status == MZG_OK ? mzg_sink_seal(sink, staged, err) : err->status;
}

static enum mzg_status try_to_fill(void *fixture, struct mzg_error *err)
{
    struct fixture *f = fixture;
    struct mzg_sink *sink = NULL;
    struct mzg_staged *staged = NULL;
    enum mzg_status status = fill(f, &sink, &staged, err);
    end_failing();
    cr_expect(eq(int, staged != NULL, status == MZG_OK));
    if (staged)
        cr_expect(eq(i64, staged->n_values, (int64_t)VALUES * ROUNDS * mpi_size));
    mzg_staged_close(staged);
    mzg_sink_close(sink);
    MPI_Barrier(MPI_COMM_WORLD);
    if (mpi_rank == 0)
        unlink(f->path);
    MPI_Barrier(MPI_COMM_WORLD);
    return status;
}

static void try_kind(const struct mzg_sink_kind *kind, bool moves, enum failing_calls calls, long least)
{
    struct fixture f;
    begin(&f, kind);
    f.moves = moves;
    cr_expect(ge(long, fail_each_call(calls, mpi_size - 1, 0, try_to_fill, &f), least));
    cr_expect(ge(long, fail_each_call(calls, 0, 0, try_to_fill, &f), least));
    end(&f);
}

MPI_TEST(failing_stage, in_a_file_when_memory_is_denied)
{
    try_kind(&mzg_hdf5_sink, false, MEMORY, 5);
}

/* Opening, three arrays in each round, and closing. */
MPI_TEST(failing_stage, in_a_file_that_cannot_be_used)
{
    try_kind(&mzg_hdf5_sink, false, FILES, 1 + 3 * ROUNDS + 1);
}

MPI_TEST(failing_stage, in_memory_that_is_denied)
{
    try_kind(&mzg_memory_sink, false, MEMORY, 4);
}

MPI_TEST(failing_stage, in_memory_that_moves_when_memory_is_denied)
{
    try_kind(&mzg_memory_sink, true, MEMORY, 8);
}

MPI_TEST(failing_stage, in_memory_that_moves_to_a_file_that_cannot_be_used)
{
    try_kind(&mzg_memory_sink, true, FILES, 4 * ROUNDS);
}

/* A stage that is filled and sealed. */
static void begin_sealed(struct fixture *f, const struct mzg_sink_kind *kind)
{
    struct mzg_sink *sink = NULL;
    struct mzg_error err = {0};
    begin(f, kind);
    cr_assert(eq(int, (int)fill(f, &sink, &f->staged, &err), MZG_OK), "%s", err.text);
    mzg_sink_close(sink);
}

static enum mzg_status try_to_exchange(void *fixture, struct mzg_error *err)
{
    struct fixture *f = fixture;
    struct mzg_exchange *exchange = NULL;
    struct mzg_column_range wanted[64];
    for (int rank = 0; rank < mpi_size; rank++)
        wanted[rank] = (struct mzg_column_range){COLUMNS * rank / mpi_size, COLUMNS * (rank + 1) / mpi_size};
    if (mzg_exchange_new(f->staged, wanted, 1, &exchange, err) == MZG_OK) {
        const struct mzg_row_piece *pieces;
        int64_t n_pieces;
        for (int64_t i = 0; i < mzg_exchange_rounds(exchange) && err->status == MZG_OK; i++)
            mzg_exchange_round(exchange, i, &pieces, &n_pieces, err);
    }
    end_failing();
    mzg_exchange_free(exchange);
    return err->status;
}

MPI_TEST(failing_stage, whose_rows_cannot_be_exchanged)
{
    struct fixture f;
    begin_sealed(&f, &mzg_memory_sink);
    cr_expect(ge(long, fail_each_call(MEMORY, mpi_size - 1, 0, try_to_exchange, &f), 7));
    cr_expect(ge(long, fail_each_call(MEMORY, 0, 0, try_to_exchange, &f), 7));
    end(&f);
}

static enum mzg_status add_up(void *context, const struct mzg_column_values *part, struct mzg_error *err)
{
    *(int64_t *)context += part->n;
    return err->status;
}

/* In several parts and panels, so that they go through the temporary file. */
static enum mzg_status try_to_transpose(void *fixture, struct mzg_error *err)
{
    struct fixture *f = fixture;
    int64_t n = f->staged->n_values, begins[COLUMNS + 1], taken = 0;
    int fd = -1;
    for (int i = 0; i <= COLUMNS; i++)
        begins[i] = n / COLUMNS * i;
    struct mzg_transpose_options options = {.column_begins = begins,
                                            .first = n * mpi_rank / mpi_size,
                                            .n = n * (mpi_rank + 1) / mpi_size - n * mpi_rank / mpi_size,
                                            .part_values = 4,
                                            .most_values = 4,
                                            .scratch_path = f->scratch,
                                            .scratch_fd = &fd};
    enum mzg_status status = mzg_staged_transpose(f->staged, &options, add_up, &taken, err);
    end_failing();
    if (status == MZG_OK)
        cr_expect(eq(i64, taken, options.n));
    if (fd >= 0)
        close(fd);
    expect_no_file(f, "columns-*");
    return status;
}

static void try_transposition(const struct mzg_sink_kind *kind, enum failing_calls calls, long least)
{
    struct fixture f;
    begin_sealed(&f, kind);
    cr_expect(ge(long, fail_each_call(calls, mpi_size - 1, 0, try_to_transpose, &f), least));
    cr_expect(ge(long, fail_each_call(calls, 0, 0, try_to_transpose, &f), least));
    end(&f);
}

MPI_TEST(failing_stage, whose_rows_cannot_become_columns)
{
    try_transposition(&mzg_hdf5_sink, MEMORY, 8);
    try_transposition(&mzg_memory_sink, MEMORY, 4);
}

MPI_TEST(failing_stage, whose_columns_find_no_temporary_file)
{
    try_transposition(&mzg_hdf5_sink, FILES, 2);
}
