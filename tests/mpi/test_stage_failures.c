/*
 * Stages of which one rank cannot go on: it cannot write, open, map, or has done something else than the
 * others. All ranks end alike, or go another way together.
 */
#include <stage/memory_block.h>
#include <stage/sink.h>
#include <stage/staged.h>
#include <stage_fixture.h>

#include <signal.h>
#include <string.h>
#include <sys/resource.h>

/* Ranks that went on for different numbers of rounds would mix up the order of the rows. */
MPI_TEST(stage_failures, in_memory_is_not_sealed_unless_all_appended_equally_often)
{
    struct fixture f;
    begin(&f, "unequal");
    struct mzg_sink *sink = NULL;
    const struct mzg_sink_spec spec = {
        .context = &f.context, .n_columns = 4, .value_type = MZG_FLOAT32, .path = f.path};
    cr_assert(eq(int, (int)mzg_sink_open(&mzg_memory_sink, &spec, &sink, &f.err), MZG_OK));
    struct mzg_staged *staged = NULL;
    int64_t counts[1] = {0};
    struct mzg_rows rows = {.n_rows = 1, .row_counts = counts};
    for (int i = 0; i < 2 + (mpi_rank == mpi_size - 1); i++)
        cr_expect(eq(int, (int)mzg_sink_append(sink, &rows, &f.err), MZG_OK));
    cr_expect(eq(int, (int)mzg_sink_seal(&sink, &staged, &f.err), mpi_size > 1 ? MZG_EUSAGE : MZG_OK));
    cr_expect(eq(int, strstr(f.err.text, "appended rows 3 times, others 2 times") != NULL, mpi_size > 1));
    f.err = (struct mzg_error){0};
    mzg_staged_close(staged);
    mzg_sink_close(sink);
    end(&f);
}

MPI_TEST(stage_failures, in_a_missing_directory_fails_on_all_ranks)
{
    struct fixture f;
    begin(&f, "missing");
    struct mzg_sink *sink = NULL;
    const struct mzg_sink_spec spec = {.context = &f.context,
                                       .n_columns = 4,
                                       .value_type = MZG_FLOAT32,
                                       .path = "/nonexistent-directory/stage.h5"};
    enum mzg_status status = mzg_sink_open(&mzg_hdf5_sink, &spec, &sink, &f.err);
    cr_expect(eq(int, (int)status, MZG_EIO));
    cr_expect(ne(ptr, strstr(f.err.text, "/nonexistent-directory/stage.h5"), NULL));
    cr_expect(eq(ptr, sink, NULL));
    end(&f);
}

enum { LARGE_COLUMNS = 1 << 16, LARGE_ROWS = 8, LARGE_ROUNDS = 16 };

/* A sink into which every rank has put some 64 MB, in full rows. */
static struct mzg_sink *large_sink(struct fixture *f, const struct mzg_sink_kind *kind, int rounds)
{
    struct mzg_sink *sink = NULL;
    const struct mzg_sink_spec spec = {
        .context = &f->context, .n_columns = LARGE_COLUMNS, .value_type = MZG_FLOAT32, .path = f->path};
    static int64_t counts[LARGE_ROWS];
    static int32_t bins[LARGE_ROWS * LARGE_COLUMNS];
    static float values[LARGE_ROWS * LARGE_COLUMNS];
    for (int i = 0; i < LARGE_ROWS * LARGE_COLUMNS; i++) {
        counts[i / LARGE_COLUMNS] = LARGE_COLUMNS;
        bins[i] = i % LARGE_COLUMNS;
        values[i] = (float)(i % 1013 + mpi_rank);
    }
    struct mzg_rows rows = {.n_rows = LARGE_ROWS,
                            .n_values = LARGE_ROWS * LARGE_COLUMNS,
                            .row_counts = counts,
                            .bins = bins,
                            .values = values};
    cr_assert(eq(int, (int)mzg_sink_open(kind, &spec, &sink, &f->err), MZG_OK), "%s", f->err.text);
    for (int i = 0; i < rounds && f->err.status == MZG_OK; i++)
        mzg_sink_append(sink, &rows, &f->err);
    return sink;
}

/* Lets the last rank have `more` bytes of address space, or write files up to `more` bytes. */
static struct rlimit limit_last_rank(int resource, rlim_t more)
{
    struct rlimit before;
    cr_assert(eq(int, getrlimit(resource, &before), 0));
    struct rlimit less = {.rlim_cur = more, .rlim_max = before.rlim_max};
    if (resource == RLIMIT_AS) {
        long pages = 0;
        FILE *file = fopen("/proc/self/statm", "r");
        cr_assert(file && fscanf(file, "%ld", &pages) == 1);
        fclose(file);
        less.rlim_cur += (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
    }
    signal(SIGXFSZ, SIG_IGN);
    if (mpi_rank == mpi_size - 1)
        cr_assert(eq(int, setrlimit(resource, &less), 0));
    return before;
}

MPI_TEST(stage_failures, in_a_file_ends_on_all_ranks_if_the_last_cannot_write)
{
    struct fixture f;
    begin(&f, "limited");
    struct rlimit before = limit_last_rank(RLIMIT_FSIZE, 1 << 20);
    if (mpi_size > 1) { /* else creating it fails */
        struct mzg_sink *sink = large_sink(&f, &mzg_hdf5_sink, 2);
        cr_expect(eq(int, (int)f.err.status, MZG_EIO));
        cr_expect(ne(ptr, strstr(f.err.text, "limit of the size of files"), NULL), "%s", f.err.text);
        mzg_sink_close(sink);
    }
    setrlimit(RLIMIT_FSIZE, &before);
    end(&f);
}

MPI_TEST(stage_failures, in_a_file_is_not_sealed_if_the_last_rank_cannot_open_it)
{
    struct fixture f;
    begin(&f, "unopened");
    struct mzg_sink *sink = large_sink(&f, &mzg_hdf5_sink, 1);
    struct mzg_staged *staged = NULL;
    cr_assert(eq(int, (int)f.err.status, MZG_OK), "%s", f.err.text);
    struct rlimit before = limit_last_rank(RLIMIT_NOFILE, 3); /* what is open stays so */
    mzg_sink_seal(&sink, &staged, &f.err);
    setrlimit(RLIMIT_NOFILE, &before);
    cr_expect(eq(int, (int)f.err.status, MZG_EIO));
    cr_expect(ne(ptr, strstr(f.err.text, "cannot be opened again"), NULL), "%s", f.err.text);
    cr_expect(eq(ptr, staged, NULL));
    mzg_sink_close(sink);
    end(&f);
}

/* The rows move to a file that all ranks write, but the last cannot. */
MPI_TEST(stage_failures, that_moves_ends_on_all_ranks_if_the_last_cannot_write)
{
    struct fixture f;
    begin(&f, "moving");
    struct mzg_sink *sink = large_sink(&f, &mzg_memory_sink, 2);
    struct rlimit before = limit_last_rank(RLIMIT_FSIZE, 1 << 20);
    cr_expect(eq(int, (int)mzg_sink_move(&sink, &f.err), MZG_EIO));
    cr_expect(eq(ptr, (void *)sink->kind, (void *)&mzg_memory_sink));
    mzg_sink_close(sink);
    setrlimit(RLIMIT_FSIZE, &before);
    end(&f);
}

/* One that cannot map what the others have has them all go on with the file. One rank alone, which has no
 * memory of its own for its rows, keeps them as if there were others. */
MPI_TEST(stage_failures, in_memory_moves_to_a_file_if_the_last_rank_cannot_see_it)
{
    struct fixture f;
    begin(&f, "unseen");
    struct rlimit before = limit_last_rank(RLIMIT_AS, 40 << 20);
    struct mzg_sink *sink = large_sink(&f, &mzg_memory_sink, LARGE_ROUNDS);
    struct mzg_staged *staged = NULL;
    cr_assert(eq(int, (int)f.err.status, MZG_OK), "%s", f.err.text);
    mzg_sink_seal(&sink, &staged, &f.err);
    setrlimit(RLIMIT_AS, &before);
    cr_assert(eq(int, (int)f.err.status, MZG_OK), "%s", f.err.text);
    cr_expect(eq(ptr, (void *)sink->kind, (void *)&mzg_hdf5_sink));
    cr_expect(eq(i64, staged->n_rows, (int64_t)LARGE_ROWS * LARGE_ROUNDS * mpi_size));
    cr_expect(eq(i64, staged->memory, 0));
    static int32_t bins[LARGE_COLUMNS];
    static float values[LARGE_COLUMNS];
    int64_t last = staged->n_values - LARGE_COLUMNS;
    cr_expect(
        eq(int, (int)mzg_staged_read_values(staged, last, LARGE_COLUMNS, bins, values, &f.err), MZG_OK));
    cr_expect(eq(i32, bins[LARGE_COLUMNS - 1], LARGE_COLUMNS - 1));
    int64_t i = (int64_t)LARGE_ROWS * LARGE_COLUMNS - 1;
    cr_expect(eq(flt, values[LARGE_COLUMNS - 1], (float)(i % 1013 + mpi_size - 1)));
    mzg_staged_close(staged);
    mzg_sink_close(sink);
    end(&f);
}

/* Its rows lie where it can see them. */
MPI_TEST(stage_failures, in_memory_of_one_rank_need_no_more_to_be_seen)
{
    struct fixture f;
    begin(&f, "alone");
    struct mzg_context alone = f.context;
    alone.comm = MPI_COMM_SELF;
    alone.rank = 0;
    alone.size = 1;
    struct mzg_sink *sink = NULL;
    struct mzg_staged *staged = NULL;
    const struct mzg_sink_spec spec = {
        .context = &alone, .n_columns = 4, .value_type = MZG_FLOAT32, .path = f.path, .by_column = true};
    static const int64_t begins[] = {0, 1, 1, 2, 3};
    static const uint16_t counts[] = {1, 0, 1, 1};
    int64_t row_counts[] = {2, 1};
    cr_assert(eq(int, (int)mzg_sink_open(&mzg_memory_sink, &spec, &sink, &f.err), MZG_OK));
    struct mzg_rows rows = {.n_rows = 2, .n_values = 3, .row_counts = row_counts};
    const void *places[2];
    for (int i = 0; i < 2; i++) {
        struct mzg_column_room room;
        cr_assert(mzg_sink_room(sink, &rows, &room));
        float *values = room.values;
        for (int k = 0; k < 3; k++) {
            room.rows[k] = k == 1;
            values[k] = (float)(10 * i + k);
        }
        struct mzg_column_block block = {.n_columns = 4,
                                         .n_values = 3,
                                         .bucket_begins = begins,
                                         .column_counts = counts,
                                         .rows = room.rows,
                                         .values = values};
        rows.by_column = &block;
        places[i] = values;
        cr_assert(eq(int, (int)mzg_sink_append(sink, &rows, &f.err), MZG_OK));
    }
    struct rlimit before = limit_last_rank(RLIMIT_AS, 1 << 20);
    mzg_sink_seal(&sink, &staged, &f.err);
    setrlimit(RLIMIT_AS, &before);
    cr_assert(eq(int, (int)f.err.status, MZG_OK), "%s", f.err.text);
    cr_assert(eq(i64, staged->n_blocks, 2));
    for (int i = 0; i < 2; i++)
        cr_expect(eq(ptr, (void *)staged->blocks[i].by_column.values, (void *)places[i]));
    int32_t bins[6];
    float values[6];
    cr_expect(eq(int, (int)mzg_staged_read_values(staged, 0, 6, bins, values, &f.err), MZG_OK));
    static const int32_t right_bins[] = {0, 3, 2, 0, 3, 2};
    static const float right[] = {0, 2, 1, 10, 12, 11};
    for (int i = 0; i < 6; i++) {
        cr_expect(eq(i32, bins[i], right_bins[i]));
        cr_expect(eq(flt, values[i], right[i]));
    }
    mzg_staged_close(staged);
    mzg_sink_close(sink);
    end(&f);
}

/* tests/cli/test_namespaces.sh has ranks that do not. */
MPI_TEST(stage_failures, sees_that_ranks_see_each_others_memory)
{
    struct fixture f;
    char reason[256];
    bool is_shared = false;
    begin(&f, "shared");
    cr_expect(eq(int, (int)mzg_memory_is_shared(&f.context, &is_shared, reason, &f.err), MZG_OK));
    cr_expect(eq(int, is_shared, true), "%s", reason);
    end(&f);
}
