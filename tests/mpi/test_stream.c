/*
 * Streaming, where ranks differ: one that is slower, that fails in the middle, that is interrupted, or that
 * finds damaged spectra. The input is the synthetic kind, of which single functions are replaced.
 */
#include <stream/stream.h>

#include <core/pool.h>
#include <mpi_test.h>
#include <mzgrid/axis.h>
#include <stage/sink.h>

#include <stdlib.h>
#include <string.h>
#include <temp_files.h>
#include <time.h>

enum { PIXELS = 24 * 16, CHUNK = 8, BINS = 50, LEAST_FAULT = 3, FAULTS_EVERY = 7 };

static const char *const input = "synthetic:24x16:40:centroid:5:full";

enum kind { MEMORY, MEMORY_BY_COLUMN, SPILLING, HDF5, KINDS };

/* What the replaced functions do on this rank. */
static struct {
    const struct mzg_reader_kind *real;
    int calls;         /* of fetch */
    int slow_ms;       /* each call takes longer by so much */
    int fails_at;      /* this call fails; 0: none */
    int interrupts_at; /* this call interrupts the run */
    bool damaged;      /* every FAULTS_EVERY-th pixel is */
    atomic_int stop;
} act;

static enum mzg_status act_fetch(const struct mzg_reader *reader, int64_t first, int64_t n,
                                 struct mzg_batch *batch, struct mzg_error *err)
{
    act.calls++;
    struct timespec time = {.tv_nsec = act.slow_ms * 1000000L};
    nanosleep(&time, NULL);
    if (act.calls == act.interrupts_at)
        act.stop = 1;
    if (act.calls == act.fails_at)
        return mzg_fail(err, MZG_ENOMEM, "no memory on rank %d", mpi_rank);
    return act.real->fetch(reader, first, n, batch, err);
}

static bool act_decode(const struct mzg_reader *reader, const struct mzg_batch *batch, int64_t entry,
                       struct mzg_decoder *decoder, struct mzg_spectrum *spectrum, struct mzg_fault *fault)
{
    int64_t ordinal = batch->spectra[entry];
    if (!act.damaged || ordinal % FAULTS_EVERY != LEAST_FAULT)
        return act.real->decode(reader, batch, entry, decoder, spectrum, fault);
    *fault =
        (struct mzg_fault){.reason = MZG_FAULT_NO_ARRAY, .spectrum = ordinal, .text = "damaged by the test"};
    return false;
}

struct run {
    struct mzg_context context;
    struct mzg_reader *reader;
    struct mzg_reader_kind altered;
    struct mzg_axis axis;
    struct mzg_resampler *resampler;
    struct mzg_statistics statistics;
    struct mzg_sink *sink;
    struct mzg_staged *staged;
    struct mzg_stream_options options;
    struct mzg_stream_result result;
    char directory[256], path[300];
};

static struct mzg_sink *new_sink(const struct run *r, enum kind kind)
{
    struct mzg_sink *sink = NULL;
    struct mzg_error err = {0};
    struct mzg_sink_spec spec = {.context = &r->context,
                                 .n_columns = BINS,
                                 .value_type = MZG_FLOAT32,
                                 .by_column = kind != MEMORY,
                                 .path = r->path,
                                 .most_bytes = kind == SPILLING ? 40000 : 0};
    enum mzg_status status =
        mzg_sink_open(kind == HDF5 ? &mzg_hdf5_sink : &mzg_memory_sink, &spec, &sink, &err);
    cr_assert(eq(int, (int)status, MZG_OK), "%s", err.text);
    return sink;
}

static void begin(struct run *r, enum kind kind)
{
    struct mzg_error err = {0};
    struct mzg_reader_options reading = {0};
    struct mzg_axis_spec spec = {.type = MZG_AXIS_LINEAR_TOF, .min_mz = 100, .max_mz = 1000, .bins = BINS};
    *r = (struct run){
        .context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size, .stop = &act.stop}};
    if (mpi_rank == 0)
        make_temp_directory(r->directory);
    MPI_Bcast(r->directory, sizeof r->directory, MPI_CHAR, 0, MPI_COMM_WORLD);
    snprintf(r->path, sizeof r->path, "%s/stage.h5", r->directory);
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, 2, &r->context.pool, &err), MZG_OK));
    memset(&act, 0, sizeof act); /* the wish to stop of the run before, too */
    cr_assert(eq(int, (int)mzg_reader_open(&r->context, input, &reading, &r->reader, &err), MZG_OK));
    act.real = r->reader->kind;
    r->altered = *act.real;
    r->altered.fetch = act_fetch;
    r->altered.decode = act_decode;
    r->reader->kind = &r->altered;

    struct mzg_resampler_options resampling = {.size = sizeof resampling, .method = MZG_NEAREST_NEIGHBOR};
    cr_assert(eq(int, (int)mzg_axis_build(&spec, &r->axis, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_resampler_new(&resampling, &r->axis, &r->resampler, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_statistics_init(BINS, MZG_FLOAT32, &r->statistics, &err), MZG_OK));
    r->sink = new_sink(r, kind);
    r->options = (struct mzg_stream_options){
        .chunk = {.reader = r->reader, .resampler = r->resampler, .value_type = MZG_FLOAT32},
        .chunk_size = CHUNK,
        .chunk_bytes = 1 << 24,
        .weight = {.n_bins = BINS, .per_value = 30},
        .memory_limit = 1 << 30,
        .max_skipped = PIXELS};
}

static void end(struct run *r)
{
    mzg_stream_result_destroy(&r->result);
    mzg_staged_close(r->staged);
    mzg_sink_close(r->sink);
    mzg_statistics_destroy(&r->statistics);
    mzg_resampler_free(r->resampler);
    mzg_axis_destroy(&r->axis);
    r->reader->kind = act.real;
    mzg_reader_close(r->reader);
    mzg_pool_free(r->context.pool);
    MPI_Barrier(MPI_COMM_WORLD);
    if (mpi_rank == 0) {
        unlink(r->path);
        rmdir(r->directory);
    }
}

/* The values of bin 0 .. BINS - 1 of all rows, as a sum that the order of the rows changes. */
static double fingerprint(struct run *r)
{
    struct mzg_error err = {0};
    double sum = 0;
    int64_t *begins = calloc((size_t)r->staged->n_rows + 1, sizeof *begins);
    cr_assert(
        eq(int, (int)mzg_staged_read_row_begins(r->staged, 0, r->staged->n_rows + 1, begins, &err), MZG_OK));
    for (int64_t row = 0; row < r->staged->n_rows; row++)
        sum += (double)(row + 1) * (double)(begins[row + 1] - begins[row]);
    free(begins);
    for (int bin = 0; bin < BINS; bin++)
        sum += (double)(bin + 1) * (double)r->statistics.counts[bin];
    return sum;
}

/* Streams all with an obstacle on the last rank that only takes time; nothing may differ. Of a limit that no
 * node has, memory soon seems to come to an end, and chunks shrink. */
static double stream_all(enum kind kind, int slow_ms, int64_t memory_limit, int64_t *n_values)
{
    struct run r;
    struct mzg_error err = {0};
    begin(&r, kind);
    r.options.memory_limit = memory_limit;
    if (mpi_rank == mpi_size - 1)
        act.slow_ms = slow_ms;
    cr_expect(
        eq(int, (int)mzg_stream(&r.context, &r.options, &r.sink, &r.statistics, &r.result, &err), MZG_OK),
        "%s", err.text);
    cr_expect(eq(int, r.sink->kind->local, kind == MEMORY || kind == MEMORY_BY_COLUMN));
    cr_expect(eq(int, (int)mzg_sink_seal(&r.sink, &r.staged, &err), MZG_OK), "%s", err.text);
    mzg_statistics_reduce(&r.statistics, MPI_COMM_WORLD);
    cr_expect(eq(i64, r.staged->n_rows, PIXELS));
    cr_expect(eq(i64, r.result.n_skipped, 0));
    cr_expect(eq(i64, r.result.n_rows, PIXELS));
    cr_expect(eq(i64, r.result.records.n, mpi_rank == 0 ? PIXELS : 0)); /* all are of one piece */
    for (int64_t i = 0; i < r.result.records.n; i++) {
        cr_expect(eq(i64, r.result.records.list[i].row, i));
        cr_expect(eq(i64, r.result.records.list[i].pixel, i));
        cr_expect(eq(i64, r.result.records.list[i].of_pixel.first_spectrum, i));
    }
    *n_values = r.staged->n_values;
    double print = fingerprint(&r);
    end(&r);
    return print;
}

MPI_TEST(stream, is_the_same_for_a_slow_rank_any_stage_and_little_memory)
{
    int64_t n_values, first_values;
    double first = stream_all(MEMORY, 0, 1 << 30, &first_values);
    for (enum kind kind = 0; kind < KINDS; kind++) {
        cr_expect(eq(dbl, stream_all(kind, 5, 1 << 30, &n_values), first));
        cr_expect(eq(i64, n_values, first_values));
    }
    cr_expect(eq(dbl, stream_all(MEMORY_BY_COLUMN, 1, INT64_C(1) << 50, &n_values), first));
}

/* Runs into what `act` holds for the last rank; all ranks end with `expected` and the same text. */
static void expect_end(struct run *r, enum mzg_status expected, const char *text)
{
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)mzg_stream(&r->context, &r->options, &r->sink, &r->statistics, &r->result, &err),
                 (int)expected));
    cr_expect(ne(ptr, strstr(err.text, text), NULL), "%s", err.text);
    cr_expect(eq(ptr, r->result.records.list, NULL));
    end(r);
}

MPI_TEST(stream, ends_where_the_last_rank_fails)
{
    char text[40];
    snprintf(text, sizeof text, "no memory on rank %d", mpi_size - 1);
    for (enum kind kind = 0; kind < KINDS; kind++) {
        for (int call = 1; call < 12; call += 5) {
            struct run r;
            begin(&r, kind);
            if (mpi_rank == mpi_size - 1)
                act.fails_at = call;
            expect_end(&r, MZG_ENOMEM, text);
        }
    }
}

MPI_TEST(stream, ends_where_the_last_rank_is_interrupted)
{
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct run r;
        begin(&r, kind);
        if (mpi_rank == mpi_size - 1)
            act.interrupts_at = 3;
        expect_end(&r, MZG_EINTERRUPTED, "interrupted");
    }
}

MPI_TEST(stream, lists_damaged_spectra_in_order)
{
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct run r;
        struct mzg_error err = {0};
        begin(&r, kind);
        act.damaged = true;
        act.slow_ms = mpi_rank == 0 ? 2 : 0;
        cr_expect(eq(int, (int)mzg_stream(&r.context, &r.options, &r.sink, &r.statistics, &r.result, &err),
                     MZG_OK));
        int64_t expected = (PIXELS - LEAST_FAULT + FAULTS_EVERY - 1) / FAULTS_EVERY;
        cr_expect(eq(i64, r.result.n_skips, expected));
        cr_expect(eq(i64, r.result.n_skipped, expected));
        for (int64_t i = 0; mpi_rank == 0 && i < expected; i++)
            cr_expect(eq(i64, r.result.skips.skips[i].pixel, LEAST_FAULT + FAULTS_EVERY * i));
        /* 300 bytes each would hold rank 0 up when a twentieth of all pixels may be skipped. */
        const struct mzg_skip_list *list = &r.result.skips;
        cr_expect(
            le(i64, (int64_t)sizeof *list->skips * list->capacity + list->byte_capacity, 120 * expected));
        cr_expect(eq(int, (int)mzg_sink_seal(&r.sink, &r.staged, &err), MZG_OK));
        cr_expect(eq(i64, r.staged->n_rows, PIXELS - expected));
        end(&r);
    }
}

MPI_TEST(stream, ends_with_the_first_damaged_spectrum_or_with_too_many)
{
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct run r;
        begin(&r, kind);
        act.damaged = true;
        r.options.fail_on_error = true;
        expect_end(&r, MZG_EFORMAT, "pixel (4,1), spectrum 4, damaged by the test");

        begin(&r, kind);
        act.damaged = true;
        r.options.max_skipped = 5;
        expect_end(&r, MZG_ESKIPPED, "pixels skipped so far, more than the 5");
    }
}
