/*
 * Three chunks are under way on each rank at any time: while the workers resample chunk k, a thread beside
 * them fetches the bytes of chunk k + 1, and the main thread hands over the rows of chunk k - 1, together
 * with all other ranks, and then resamples along. Two chunk objects are enough: the bytes of chunk k - 1 are
 * no longer needed when those of chunk k + 1 come, only its rows.
 *
 *     thread beside   | fetch 0 | fetch 1              | fetch 2              |
 *     main thread               |           resample 0 | append 0, resample 1 | append 1, resample 2 |
 *     workers                   | resample 0           | resample 1           | resample 2           |
 *
 * A stage that needs the workers itself gets the rows before they go on.
 */
#include <run/stream.h>

#include <core/agree.h>
#include <core/log.h>
#include <core/pool.h>
#include <run/watch.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LOGGED_SKIPS = 100, ROUNDS_BETWEEN_TRIMS = 4, LEAST_CHUNK_BYTES = 1 << 20 };

struct stream {
    const struct mzg_context *context;
    const struct mzg_stream_options *options;
    struct mzg_stage *stage;
    struct mzg_statistics *statistics;
    struct mzg_stream_result *result;
    struct mzg_chunk_workers *workers;
    struct mzg_chunk chunks[2];
    struct mzg_column_sorter *sorter; /* where the stage is by column */
    struct mzg_column_block sorted;   /* of the rows that were resampled last */
    int64_t n_pixels;
    int64_t chunk_size; /* as options->chunk_size and chunk_bytes, until they have to shrink */
    int64_t chunk_bytes;
    int64_t *begins[3];     /* of rounds k, k - 1, k - 2: the first pixel of each rank's chunk, and the end */
    int64_t *begins_of_all; /* in which they lie */
    struct mzg_watch watch;
    int *gather_counts; /* rank 0 */
    int *gather_begins;
    int64_t round;                /* under way */
    int64_t trimmed_round;        /* when chunks shrank last */
    int rounds_to_trim;           /* for so many rounds more buffers may be larger than the chunks to come */
    int64_t fetched_round;        /* by the thread beside the workers, */
    struct mzg_error fetch_error; /*  and how it went */
};

static const struct mzg_dataset *dataset_of(const struct stream *s)
{
    return &s->options->chunk.reader->dataset;
}

/* The pixels of `rank` in `round`, one of the three last that were cut. */
static int64_t pixels_of_round(const struct stream *s, int64_t round, int rank, int64_t *first)
{
    const int64_t *begins = s->begins[round % 3];
    *first = begins[rank];
    return begins[rank + 1] - begins[rank];
}

/* Where the chunk ends that begins with pixel `first`. */
static int64_t end_of_chunk(const struct stream *s, int64_t first)
{
    int64_t bytes = 0, pixel = first;
    while (pixel < s->n_pixels && pixel - first < s->chunk_size) {
        int64_t stored, points;
        mzg_reader_measure(s->options->chunk.reader, pixel, 1, &stored, &points);
        bytes += mzg_pixel_memory(&s->options->weight, stored, points);
        if (bytes > s->chunk_bytes && pixel > first)
            break;
        pixel++;
    }
    return pixel;
}

/* Deals the pixels that follow to the ranks. All ranks come to the same. */
static void cut_round(struct stream *s, int64_t round)
{
    int64_t *begins = s->begins[round % 3];
    begins[0] = round == 0 ? 0 : s->begins[(round - 1) % 3][s->context->size];
    for (int rank = 0; rank < s->context->size; rank++)
        begins[rank + 1] = end_of_chunk(s, begins[rank]);
}

/* Whether the round has any pixels. */
static bool has_pixels(const struct stream *s, int64_t round)
{
    return s->begins[round % 3][0] < s->n_pixels;
}

/* A task of the thread beside the workers: fetches the bytes of s->fetched_round. */
static void fetch_round(void *context)
{
    struct stream *s = context;
    int64_t first;
    int64_t n = pixels_of_round(s, s->fetched_round, s->context->rank, &first);
    struct mzg_batch *batch = &s->chunks[s->fetched_round % 2].batch;
    mzg_reader_fetch(s->options->chunk.reader, n > 0 ? first : 0, n, batch, &s->fetch_error);
}

static void start_fetch(struct stream *s, int64_t round)
{
    if (!has_pixels(s, round))
        return;
    s->fetched_round = round;
    mzg_pool_start_aside(s->context->pool, fetch_round, s);
}

/* Rank 0 gets the records of the round, which are those of consecutive pixels. Collective. */
static void gather_records(struct stream *s, int64_t round, const struct mzg_chunk *chunk)
{
    const struct mzg_context *context = s->context;
    int64_t round_first = s->begins[round % 3][0];
    int record = (int)sizeof *chunk->records;
    if (context->rank == 0) {
        for (int rank = 0; rank < context->size; rank++) {
            int64_t first;
            s->gather_counts[rank] = (int)pixels_of_round(s, round, rank, &first) * record;
            s->gather_begins[rank] = rank == 0 ? 0 : s->gather_begins[rank - 1] + s->gather_counts[rank - 1];
        }
    }
    MPI_Gatherv(chunk->records, (int)chunk->n_pixels * record, MPI_BYTE,
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

/* Halves the chunks to come, where the memory of some node comes to an end. Collective. */
static void mind_memory(struct stream *s)
{
    int64_t used;
    int near = mzg_watch_is_near(&s->watch, &used);
    MPI_Allreduce(MPI_IN_PLACE, &near, 1, MPI_INT, MPI_LOR, s->context->comm);
    if (!near || s->chunk_size == 1 || s->chunk_bytes < LEAST_CHUNK_BYTES)
        return; /* smaller ones would give up next to nothing */
    if (s->trimmed_round + ROUNDS_BETWEEN_TRIMS > s->round)
        return; /* what was given up last is not free yet */
    s->trimmed_round = s->round;
    s->chunk_size /= 2;
    s->chunk_bytes /= 2;
    s->rounds_to_trim = 3;
    mzg_log_line(s->context->log, MZG_LOG_INFO,
                 "memory nears its end (%" PRId64 " of %" PRId64
                 " MiB used by the ranks of this node, %" PRId64 " MiB left on it): chunks shrink to %" PRId64
                 " pixels",
                 used >> 20, s->options->memory_limit >> 20, s->watch.left >> 20, s->chunk_size);
}

/* Adds what the ranks counted in this round. Collective. */
static int64_t add_counts(struct stream *s, const struct mzg_chunk *chunk)
{
    int64_t sums[4 + MZG_COUNTS] = {chunk->n_skips, chunk->n_pixels - chunk->rows.n_rows, chunk->bytes_read,
                                    mzg_metrics_is_due(s->options->metrics)};
    memcpy(sums + 4, chunk->counts, sizeof chunk->counts);
    MPI_Allreduce(MPI_IN_PLACE, sums, 4 + MZG_COUNTS, MPI_INT64_T, MPI_SUM, s->context->comm);
    s->result->n_skipped += sums[1];
    s->result->bytes_read += sums[2];
    for (int i = 0; i < MZG_COUNTS; i++) {
        s->result->counts[i] += sums[4 + i];
        if (chunk->first[i] < s->result->first[i])
            s->result->first[i] = chunk->first[i]; /* of this rank; all come together at the end */
    }
    if (sums[3])
        mzg_metrics_round(s->options->metrics, "stream", s->round, s->chunk_size);
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
        s->options->progress.update(s->options->progress.context, "resampling",
                                    s->begins[round % 3][s->context->size], s->n_pixels);
    }
    return MZG_OK;
}

/* Sorts the rows of a chunk by column, where the stage wants them so, and adds them to the statistics. */
static enum mzg_status finish_rows(struct stream *s, struct mzg_chunk *chunk, struct mzg_error *err)
{
    chunk->rows.by_column = NULL;
    if (s->stage->order == MZG_STAGE_BY_COLUMN) {
        if (mzg_column_sort(s->sorter, &chunk->rows, s->context->pool, &s->sorted, err) != MZG_OK)
            return err->status;
        chunk->rows.by_column = &s->sorted;
    }
    mzg_statistics_add(s->statistics, &chunk->rows, s->context->pool);
    return MZG_OK;
}

/* Whether the thread beside would only hinder the handing over: where rows go to memory, and it shares the
 * core of the main thread. What it takes of that core all ranks wait for. */
static bool hinders_delivery(const struct stream *s)
{
    return mzg_pool_size(s->context->pool) == 1 && mzg_stage_memory(s->stage) > 0;
}

/* One round of the pipeline: chunk `round` is resampled, the one before handed over, the one behind fetched.
 * The workers begin first: else the thread beside them could take a core from the main thread while another
 * one idles. Both ends of the run are rounds with less to do. */
static void run_round(struct stream *s, int64_t round, struct mzg_error *err)
{
    struct mzg_chunk *chunk = &s->chunks[round % 2];
    struct mzg_pool *pool = s->context->pool;
    struct mzg_error start_error = {0};
    cut_round(s, round + 1);
    bool fetch_late = hinders_delivery(s);
    bool deliver_first = mzg_stage_uses_pool(s->stage);
    if (round > 0 && deliver_first)
        deliver_round(s, round - 1, err);
    bool started = err->status == MZG_OK && has_pixels(s, round) &&
                   mzg_chunk_start(chunk, s->workers, pool, &start_error) == MZG_OK;
    if (!fetch_late)
        start_fetch(s, round + 1);
    if (round > 0 && !deliver_first)
        deliver_round(s, round - 1, err);
    if (fetch_late)
        start_fetch(s, round + 1);
    if (started && mzg_chunk_finish(chunk, s->workers, pool, err) == MZG_OK)
        finish_rows(s, chunk, err);
    double begin = MPI_Wtime();
    mzg_pool_wait_aside(pool);
    mzg_metrics_count(s->options->metrics, started ? chunk->n_pixels : 0, MPI_Wtime() - begin);
    if (err->status == MZG_OK)
        *err = start_error;
    if (err->status == MZG_OK)
        *err = s->fetch_error;
}

static enum mzg_status run_rounds(struct stream *s, struct mzg_error *err)
{
    cut_round(s, 0);
    start_fetch(s, 0);
    mzg_pool_wait_aside(s->context->pool);
    *err = s->fetch_error;
    /* The last round has nothing but the rows of the one before. */
    for (s->round = 0; s->round == 0 || has_pixels(s, s->round - 1); s->round++) {
        if (err->status == MZG_OK && s->options->stop && *s->options->stop)
            mzg_fail(err, MZG_EINTERRUPTED, "interrupted; nothing was written");
        if (mzg_agree(s->context->comm, err) != MZG_OK)
            return err->status;
        mind_memory(s);
        run_round(s, s->round, err);
        if (s->rounds_to_trim > 0) {
            if (s->sorter)
                mzg_column_sorter_trim(s->sorter);
            mzg_chunk_trim(&s->chunks[s->round % 2], &s->chunks[(s->round + 1) % 2], s->workers);
            s->rounds_to_trim--;
        }
    }
    return err->status;
}

static enum mzg_status allocate(struct stream *s, struct mzg_error *err)
{
    size_t size = (size_t)s->context->size;
    int n_workers = mzg_pool_size(s->context->pool);
    if (mzg_chunk_workers_new(&s->options->chunk, n_workers, &s->workers, err) == MZG_OK &&
        s->stage->order == MZG_STAGE_BY_COLUMN)
        mzg_column_sorter_new(s->stage->n_columns, mzg_stage_value_size(s->stage), n_workers, &s->sorter,
                              err);
    s->begins_of_all = calloc(3 * (size + 1), sizeof *s->begins_of_all);
    if (!s->begins_of_all && err->status == MZG_OK)
        mzg_fail(err, MZG_ENOMEM, "no memory for the rounds of %zu ranks", size);
    for (int i = 0; i < 3; i++)
        s->begins[i] = s->begins_of_all + (size_t)i * (size + 1);
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
                       .n_pixels = options->chunk.reader->dataset.n_pixels,
                       .chunk_size = options->chunk_size,
                       .chunk_bytes = options->chunk_bytes,
                       .trimmed_round = -ROUNDS_BETWEEN_TRIMS};
    *result = (struct mzg_stream_result){0};
    for (int i = 0; i < MZG_COUNTS; i++)
        result->first[i] = INT64_MAX;
    mzg_chunk_init(&s.chunks[0]);
    mzg_chunk_init(&s.chunks[1]);
    mzg_watch_begin(&s.watch, context, options->memory_limit);

    if (allocate(&s, err) == MZG_OK && run_rounds(&s, err) == MZG_OK)
        MPI_Allreduce(MPI_IN_PLACE, result->first, MZG_COUNTS, MPI_INT64_T, MPI_MIN, context->comm);

    mzg_watch_end(&s.watch);
    mzg_column_sorter_free(s.sorter);
    mzg_chunk_workers_free(s.workers);
    mzg_chunk_destroy(&s.chunks[0]);
    mzg_chunk_destroy(&s.chunks[1]);
    free(s.gather_counts);
    free(s.begins_of_all);
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
