/*
 * A further kind of sink is one file: this one. Every rank keeps all rows in plain arrays of its own; what is
 * streamed into it is what the stage in memory gets.
 */
#include <run/stages.h>
#include <stream/stream.h>

#include <core/pool.h>
#include <mpi_test.h>
#include <mzgrid/axis.h>

#include <stdlib.h>
#include <string.h>

enum { BINS = 50, MOST_ROWS = 400, MOST_VALUES = MOST_ROWS * BINS };

static const char *const input = "synthetic:24x16:40:centroid:5:full";

/* Staged rows that lie in arrays. */
struct plain_staged {
    struct mzg_staged base;
    int64_t begins[MOST_ROWS + 1];
    int32_t bins[MOST_VALUES];
    float values[MOST_VALUES];
};

struct plain_sink {
    struct mzg_sink base;
    struct plain_staged *rows;
};

static enum mzg_status plain_read_row_begins(struct mzg_staged *base, int64_t first, int64_t n,
                                             int64_t *begins, struct mzg_error *err)
{
    const struct plain_staged *staged = (const struct plain_staged *)base;
    memcpy(begins, staged->begins + first, (size_t)n * sizeof *begins);
    return err->status;
}

static enum mzg_status plain_read_values(struct mzg_staged *base, int64_t first, int64_t n, int32_t *bins,
                                         void *values, struct mzg_error *err)
{
    const struct plain_staged *staged = (const struct plain_staged *)base;
    memcpy(bins, staged->bins + first, (size_t)n * sizeof *bins);
    memcpy(values, staged->values + first, (size_t)n * sizeof(float));
    return err->status;
}

static void plain_forget(struct mzg_staged *staged, int64_t block, const struct mzg_stage_taken *taken,
                         int64_t end)
{
    (void)staged;
    (void)block;
    (void)taken;
    (void)end;
}

static void plain_close_staged(struct mzg_staged *staged)
{
    free(staged);
}

static const struct mzg_staged_kind plain_staged_kind = {
    .read_row_begins = plain_read_row_begins,
    .read_values = plain_read_values,
    .forget = plain_forget,
    .close = plain_close_staged,
};

static enum mzg_status plain_open(const struct mzg_sink_spec *spec, struct mzg_sink **sink,
                                  struct mzg_error *err)
{
    struct plain_sink *made = calloc(1, sizeof *made);
    struct plain_staged *rows = calloc(1, sizeof *rows);
    cr_assert(made && rows);
    rows->base = (struct mzg_staged){.kind = &plain_staged_kind,
                                     .context = spec->context,
                                     .n_columns = spec->n_columns,
                                     .value_type = spec->value_type};
    made->rows = rows;
    *sink = &made->base;
    return err->status;
}

/* All ranks get the rows of all, rank by rank. */
static enum mzg_status plain_append(struct mzg_sink *base, const struct mzg_rows *rows,
                                    const struct mzg_sink_part *parts, struct mzg_error *err)
{
    struct plain_staged *to = ((struct plain_sink *)base)->rows;
    const struct mzg_context *context = base->spec.context;
    for (int rank = 0; rank < context->size; rank++) {
        static int64_t counts[MOST_ROWS];
        int64_t sizes[2] = {parts[rank].n_rows, parts[rank].n_values}; /* as the ranks told each other */
        int32_t *bins = to->bins + to->base.n_values;
        float *values = to->values + to->base.n_values;
        if (rank == context->rank && sizes[0] > 0) {
            memcpy(counts, rows->row_counts, (size_t)sizes[0] * sizeof *counts);
            memcpy(bins, rows->bins, (size_t)sizes[1] * sizeof *bins);
            memcpy(values, rows->values, (size_t)sizes[1] * sizeof *values);
        }
        MPI_Bcast(counts, (int)sizes[0], MPI_INT64_T, rank, context->comm);
        MPI_Bcast(bins, (int)sizes[1], MPI_INT32_T, rank, context->comm);
        MPI_Bcast(values, (int)sizes[1], MPI_FLOAT, rank, context->comm);
        for (int64_t i = 0; i < sizes[0]; i++) {
            to->base.n_values += counts[i];
            to->begins[++to->base.n_rows] = to->base.n_values;
        }
    }
    return err->status;
}

static enum mzg_status plain_seal(struct mzg_sink *base, struct mzg_staged **staged, struct mzg_error *err)
{
    struct plain_sink *sink = (struct plain_sink *)base;
    *staged = &sink->rows->base;
    sink->rows = NULL;
    return err->status;
}

static void plain_close(struct mzg_sink *base)
{
    free(((struct plain_sink *)base)->rows);
    free(base);
}

static const struct mzg_sink_kind plain_kind = {
    .name = "plain",
    .open = plain_open,
    .bytes_of_rows = mzg_sink_takes_no_memory,
    .append = plain_append,
    .move = mzg_sink_cannot_move,
    .seal = plain_seal,
    .close = plain_close,
};

/* Streams the input into a sink of this kind; returns what was staged. */
static struct mzg_staged *stage(const struct mzg_context *context, const struct mzg_sink_kind *kind)
{
    struct mzg_error err = {0};
    struct mzg_reader *reader = NULL;
    struct mzg_reader_options reading = {0};
    struct mzg_axis axis;
    struct mzg_axis_spec axis_spec = {
        .type = MZG_AXIS_LINEAR_TOF, .min_mz = 100, .max_mz = 1000, .bins = BINS};
    struct mzg_resampler *resampler = NULL;
    struct mzg_resampler_options resampling = {.size = sizeof resampling, .method = MZG_NEAREST_NEIGHBOR};
    struct mzg_statistics statistics;
    struct mzg_stream_result result;
    struct mzg_sink *sink = NULL;
    struct mzg_staged *staged = NULL;
    cr_assert(eq(int, (int)mzg_reader_open(context, input, &reading, &reader, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_axis_build(&axis_spec, &axis, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_resampler_new(&resampling, &axis, &resampler, &err), MZG_OK));
    cr_assert(eq(int, (int)mzg_statistics_init(BINS, MZG_FLOAT32, &statistics, &err), MZG_OK));
    struct mzg_stream_options options = {
        .chunk = {.reader = reader, .resampler = resampler, .value_type = MZG_FLOAT32},
        .chunk_size = 8,
        .chunk_bytes = 1 << 24,
        .weight = {.n_bins = BINS, .per_value = 30},
        .memory_limit = 1 << 30};
    struct mzg_sink_spec spec = {.context = context, .n_columns = BINS, .value_type = MZG_FLOAT32};
    cr_assert(eq(int, (int)mzg_sink_open(kind, &spec, &sink, &err), MZG_OK));
    cr_expect(eq(int, (int)mzg_stream(context, &options, &sink, &statistics, &result, &err), MZG_OK), "%s",
              err.text);
    cr_expect(eq(int, (int)mzg_sink_seal(&sink, &staged, &err), MZG_OK), "%s", err.text);
    mzg_sink_close(sink);
    mzg_stream_result_destroy(&result);
    mzg_statistics_destroy(&statistics);
    mzg_resampler_free(resampler);
    mzg_axis_destroy(&axis);
    mzg_reader_close(reader);
    return staged;
}

MPI_TEST(sink_kinds, of_a_test_gets_what_the_one_in_memory_gets)
{
    struct mzg_error err = {0};
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, 2, &context.pool, &err), MZG_OK));
    struct mzg_staged *staged[2] = {stage(&context, &mzg_memory_sink), stage(&context, &plain_kind)};
    int64_t n_rows = staged[0]->n_rows, n_values = staged[0]->n_values;
    cr_assert(eq(i64, n_rows, 24 * 16));
    cr_assert(eq(i64, staged[1]->n_rows, n_rows));
    cr_assert(eq(i64, staged[1]->n_values, n_values));
    cr_assert(gt(i64, n_values, n_rows));
    static int64_t begins[2][MOST_ROWS + 1];
    static int32_t bins[2][MOST_VALUES];
    static float values[2][MOST_VALUES];
    for (int i = 0; i < 2; i++) {
        mzg_staged_read_row_begins(staged[i], 0, n_rows + 1, begins[i], &err);
        mzg_staged_read_values(staged[i], 0, n_values, bins[i], values[i], &err);
        cr_expect(eq(int, (int)err.status, MZG_OK));
        mzg_staged_close(staged[i]);
    }
    cr_expect(eq(int, memcmp(begins[0], begins[1], (size_t)(n_rows + 1) * sizeof *begins[0]), 0));
    cr_expect(eq(int, memcmp(bins[0], bins[1], (size_t)n_values * sizeof *bins[0]), 0));
    cr_expect(eq(int, memcmp(values[0], values[1], (size_t)n_values * sizeof *values[0]), 0));
    mzg_pool_free(context.pool);
}

MPI_TEST(sink_kinds, are_found_by_their_names)
{
    struct mzg_error err = {0};
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    struct mzg_sink_spec spec = {.context = &context, .n_columns = 3, .value_type = MZG_FLOAT32};
    struct mzg_sink *sink = NULL;
    cr_expect(eq(int, (int)mzg_stage_open("memory", &spec, &sink, &err), MZG_OK));
    cr_expect(eq(ptr, (void *)sink->kind, (void *)&mzg_memory_sink));
    mzg_sink_close(sink);
    cr_expect(eq(int, (int)mzg_stage_open("tape", &spec, &sink, &err), MZG_EUSAGE));
    cr_expect(ne(ptr, strstr(err.text, "\"tape\""), NULL));
}
