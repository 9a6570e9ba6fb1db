/*
 * Three chunks are under way on each rank at any time: while the workers resample chunk k, the main thread
 * hands over the rows of chunk k - 1, together with all other ranks, and fetches the bytes of chunk k + 1.
 * Two chunk objects are enough, for once its rows are handed over the chunk k - 1 takes the bytes of chunk k
 * + 1.
 *
 *     main thread    | fetch 0 |           | append 0, fetch 2 | append 1, fetch 3 |
 *     workers                  | resample 0 | resample 1        | resample 2        |
 *
 * A stage that needs the workers itself gets the rows before they go on.
 */
#include <run/stream.h>

#include <core/agree.h>
#include <core/log.h>
#include <core/pool.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LOGGED_SKIPS = 100 };

struct stream {
    const struct mzg_context *context;
    const struct mzg_stream_options *options;
    struct mzg_stage *stage;
    struct mzg_statistics *statistics;
    struct mzg_stream_result *result;
    struct mzg_chunk_workers *workers;
    struct mzg_chunk chunks[2];
    int64_t n_pixels;
    int64_t n_rounds;
    int *gather_counts; /* rank 0 */
    int *gather_begins;
};

static const struct mzg_dataset *dataset_of(const struct stream *s)
{
    return &s->options->chunk.reader->dataset;
}

/* The pixels of `rank` in `round`. */
static int64_t pixels_of_round(const struct stream *s, int64_t round, int rank, int64_t *first)
{
    *first = (round * s->context->size + rank) * s->options->chunk_size;
    int64_t left = s->n_pixels - *first;
    return left < 0 ? 0 : left < s->options->chunk_size ? left : s->options->chunk_size;
}

static void fetch_round(struct stream *s, int64_t round, struct mzg_error *err)
{
    int64_t first;
    int64_t n = pixels_of_round(s, round, s->context->rank, &first);
    struct mzg_batch *batch = &s->chunks[round % 2].batch;
    mzg_reader_fetch(s->options->chunk.reader, n > 0 ? first : 0, n, batch, err);
}

/* Rank 0 gets the records of the round, which are those of consecutive pixels. Collective. */
static void gather_records(struct stream *s, int64_t round, const struct mzg_chunk *chunk)
{
    const struct mzg_context *context = s->context;
    int64_t round_first = round * context->size * s->options->chunk_size;
    int record = (int)sizeof *chunk->records;
    if (context->rank == 0) {
        for (int rank = 0; rank < context->size; rank++) {
            int64_t first;
            s->gather_counts[rank] = (int)pixels_of_round(s, round, rank, &first) * record;
            s->gather_begins[rank] = rank == 0 ? 0 : s->gather_begins[rank - 1] + s->gather_counts[rank - 1];
        }
    }
    MPI_Gatherv(chunk->records, (int)chunk->batch.n_pixels * record, MPI_BYTE,
                s->result->records ? s->result->records + round_first : NULL, s->gather_counts,
                s->gather_begins, MPI_BYTE, 0, context->comm);
}

static void log_skip(struct stream *s, const struct mzg_skip *skip)
{
    int32_t position[3];
    int64_t first, n;
    mzg_reader_pixel(s->options->chunk.reader, skip->pixel, position, &first, &n);
    enum mzg_log_level level = s->result->n_skips < LOGGED_SKIPS ? MZG_LOG_WARNING : MZG_LOG_DETAIL;
    mzg_log_line(s->context->log, level, "pixel (%d,%d), spectrum %" PRId64 ", %s; skipped", position[0],
                 position[1], skip->fault.spectrum + 1, skip->fault.text);
    if (s->result->n_skips == LOGGED_SKIPS)
        mzg_log_line(
            s->context->log, MZG_LOG_WARNING,
            "more than %d spectra skipped; all are listed in uns[\"skipped_pixels\"] and the --log-file",
            LOGGED_SKIPS);
}

/* Rank 0 gets, keeps and logs the skips of the round; `total` of them on all ranks. Collective. */
static enum mzg_status gather_skips(struct stream *s, const struct mzg_chunk *chunk, int64_t total,
                                    struct mzg_error *err)
{
    const struct mzg_context *context = s->context;
    struct mzg_stream_result *result = s->result;
    int mine = (int)(chunk->n_skips * (int64_t)sizeof *chunk->skips);
    if (context->rank == 0) {
        struct mzg_skip *grown =
            realloc(result->skips, (size_t)(result->n_skips + total) * sizeof *result->skips);
        if (grown)
            result->skips = grown;
        else
            mzg_fail(err, MZG_ENOMEM, "no memory to list %" PRId64 " skipped spectra",
                     result->n_skips + total);
    }
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    MPI_Gather(&mine, 1, MPI_INT, s->gather_counts, 1, MPI_INT, 0, context->comm);
    for (int rank = 0; context->rank == 0 && rank < context->size; rank++)
        s->gather_begins[rank] = rank == 0 ? 0 : s->gather_begins[rank - 1] + s->gather_counts[rank - 1];
    MPI_Gatherv(chunk->skips, mine, MPI_BYTE, result->skips ? result->skips + result->n_skips : NULL,
                s->gather_counts, s->gather_begins, MPI_BYTE, 0, context->comm);
    for (int64_t i = 0; i < total; i++, result->n_skips++)
        if (context->rank == 0)
            log_skip(s, &result->skips[result->n_skips]);
    return MZG_OK;
}

/* The first fault of the chunk as an error, for --on-error fail. */
static enum mzg_status fail_on_skip(struct stream *s, const struct mzg_chunk *chunk, struct mzg_error *err)
{
    if (chunk->n_skips > 0) {
        int32_t position[3];
        int64_t first, n;
        mzg_reader_pixel(s->options->chunk.reader, chunk->skips[0].pixel, position, &first, &n);
        mzg_fail(err, MZG_EFORMAT, "%s: pixel (%d,%d), spectrum %" PRId64 ", %s; --on-error skip would go on",
                 dataset_of(s)->path, position[0], position[1], chunk->skips[0].fault.spectrum + 1,
                 chunk->skips[0].fault.text);
    }
    return mzg_agree(s->context->comm, err);
}

/* Adds what the ranks counted in this round. Collective. */
static int64_t add_counts(struct stream *s, const struct mzg_chunk *chunk)
{
    int64_t sums[3 + MZG_COUNTS] = {chunk->n_skips, chunk->batch.n_pixels - chunk->rows.n_rows,
                                    chunk->batch.bytes_read};
    memcpy(sums + 3, chunk->counts, sizeof chunk->counts);
    MPI_Allreduce(MPI_IN_PLACE, sums, 3 + MZG_COUNTS, MPI_INT64_T, MPI_SUM, s->context->comm);
    s->result->n_skipped += sums[1];
    s->result->bytes_read += sums[2];
    for (int i = 0; i < MZG_COUNTS; i++) {
        s->result->counts[i] += sums[3 + i];
        if (chunk->first[i] < s->result->first[i])
            s->result->first[i] = chunk->first[i]; /* of this rank; all come together at the end */
    }
    return sums[0];
}

static enum mzg_status check_skipped(const struct stream *s, struct mzg_error *err)
{
    if (s->options->keep_going || s->result->n_skipped <= s->options->max_skipped)
        return MZG_OK;
    return mzg_fail(err, MZG_ESKIPPED,
                    "%s: %" PRId64 " pixels skipped so far, more than the %" PRId64
                    " that --max-skipped allows; --keep-going lifts the limit",
                    dataset_of(s)->path, s->result->n_skipped, s->options->max_skipped);
}

/* Hands the finished chunk of `round` over to stage and result, with all other ranks. Collective. */
static enum mzg_status deliver_round(struct stream *s, int64_t round, struct mzg_error *err)
{
    const struct mzg_chunk *chunk = &s->chunks[round % 2];
    int64_t skips = add_counts(s, chunk);
    if (skips > 0 && s->options->fail_on_error)
        return fail_on_skip(s, chunk, err);
    if (skips > 0 && gather_skips(s, chunk, skips, err) != MZG_OK)
        return err->status;
    if (check_skipped(s, err) != MZG_OK)
        return err->status;
    gather_records(s, round, chunk);
    if (mzg_stage_append(s->stage, &chunk->rows, err) != MZG_OK)
        return err->status;
    if (s->context->rank == 0 && s->options->progress.update) {
        int64_t done = (round + 1) * s->context->size * s->options->chunk_size;
        s->options->progress.update(s->options->progress.context, "resampling",
                                    done < s->n_pixels ? done : s->n_pixels, s->n_pixels);
    }
    return MZG_OK;
}

static enum mzg_status run_rounds(struct stream *s, struct mzg_error *err)
{
    fetch_round(s, 0, err);
    for (int64_t round = 0; round <= s->n_rounds; round++) {
        if (err->status == MZG_OK && s->options->stop && *s->options->stop)
            mzg_fail(err, MZG_EINTERRUPTED, "interrupted; nothing was written");
        if (mzg_agree(s->context->comm, err) != MZG_OK)
            return err->status;

        struct mzg_chunk *chunk = &s->chunks[round % 2];
        struct mzg_error start_error = {0};
        bool deliver_first = round > 0 && mzg_stage_uses_pool(s->stage);
        if (deliver_first && deliver_round(s, round - 1, err) != MZG_OK)
            return err->status;
        bool started = round < s->n_rounds &&
                       mzg_chunk_start(chunk, s->workers, s->context->pool, &start_error) == MZG_OK;
        if (round > 0 && !deliver_first)
            deliver_round(s, round - 1, err);
        if (err->status == MZG_OK && round + 1 < s->n_rounds)
            fetch_round(s, round + 1, err);
        if (started && mzg_chunk_finish(chunk, s->workers, s->context->pool, err) == MZG_OK)
            mzg_statistics_add(s->statistics, &chunk->rows, s->context->pool);
        if (err->status == MZG_OK)
            *err = start_error;
    }
    return err->status;
}

static enum mzg_status allocate(struct stream *s, struct mzg_error *err)
{
    size_t size = (size_t)s->context->size;
    mzg_chunk_workers_new(&s->options->chunk, mzg_pool_size(s->context->pool), &s->workers, err);
    if (s->context->rank == 0 && err->status == MZG_OK) {
        s->gather_counts = calloc(2 * size, sizeof *s->gather_counts);
        s->result->records = calloc((size_t)s->n_pixels + 1, sizeof *s->result->records);
        if (!s->gather_counts || !s->result->records)
            mzg_fail(err, MZG_ENOMEM, "no memory for the records of %" PRId64 " pixels", s->n_pixels);
        else
            s->gather_begins = s->gather_counts + size;
    }
    return mzg_agree(s->context->comm, err);
}

enum mzg_status mzg_stream(const struct mzg_context *context, const struct mzg_stream_options *options,
                           struct mzg_stage *stage, struct mzg_statistics *statistics,
                           struct mzg_stream_result *result, struct mzg_error *err)
{
    struct stream s = {.context = context,
                       .options = options,
                       .stage = stage,
                       .statistics = statistics,
                       .result = result,
                       .n_pixels = options->chunk.reader->dataset.n_pixels};
    int64_t pixels_per_round = options->chunk_size * context->size;
    s.n_rounds = (s.n_pixels + pixels_per_round - 1) / pixels_per_round;
    *result = (struct mzg_stream_result){0};
    for (int i = 0; i < MZG_COUNTS; i++)
        result->first[i] = INT64_MAX;
    mzg_chunk_init(&s.chunks[0]);
    mzg_chunk_init(&s.chunks[1]);

    if (allocate(&s, err) == MZG_OK && run_rounds(&s, err) == MZG_OK)
        MPI_Allreduce(MPI_IN_PLACE, result->first, MZG_COUNTS, MPI_INT64_T, MPI_MIN, context->comm);

    mzg_chunk_workers_free(s.workers);
    mzg_chunk_destroy(&s.chunks[0]);
    mzg_chunk_destroy(&s.chunks[1]);
    free(s.gather_counts);
    if (err->status != MZG_OK)
        mzg_stream_result_destroy(result);
    return err->status;
}

void mzg_stream_result_destroy(struct mzg_stream_result *result)
{
    free(result->records);
    free(result->skips);
    *result = (struct mzg_stream_result){0};
}
