/*
 * Three chunks are under way at any time:
 *
 *     thread beside   | read 0 | read 1               | read 2                  |
 *     main thread              |           resample 0 | hand over 0, resample 1 | hand over 1, resample 2 |
 *     workers                  | resample 0           | resample 1              | resample 2              |
 *
 * Two chunk objects are enough: the bytes of chunk k - 1 are no longer needed when those of chunk k + 1 come,
 * only its rows.
 */
#include <stream/pipeline.h>

#include <core/pool.h>

static struct mzg_chunk *chunk_of(struct mzg_pipeline *p, int64_t round)
{
    return &p->chunks[round % 2];
}

/* A task of the thread beside the workers: reads the chunk of p->round_read. */
static void read_chunk(void *context)
{
    struct mzg_pipeline *p = context;
    int64_t first;
    int64_t n = mzg_deal_pixels(p->deal, p->round_read, p->context->rank, &first);
    mzg_reader_fetch(p->options->reader, n > 0 ? first : 0, n, &chunk_of(p, p->round_read)->batch,
                     &p->read_error);
}

static void start_reading(struct mzg_pipeline *p, int64_t round)
{
    if (!mzg_deal_has_pixels(p->deal, round))
        return;
    p->round_read = round;
    mzg_pool_start_aside(p->context->pool, read_chunk, p);
}

static bool start_resampling(struct mzg_pipeline *p, int64_t round, struct mzg_error *err)
{
    return mzg_deal_has_pixels(p->deal, round) &&
           mzg_chunk_start(chunk_of(p, round), p->workers, p->context->pool, err) == MZG_OK;
}

/* Resamples along until all rows are there, sorts them by column if the sink wants them so, and adds them to
 * the statistics. */
static void finish_resampling(struct mzg_pipeline *p, int64_t round, struct mzg_error *err)
{
    struct mzg_chunk *chunk = chunk_of(p, round);
    struct mzg_pool *pool = p->context->pool;
    if (mzg_chunk_finish(chunk, p->workers, p->by_column, pool, err) != MZG_OK)
        return;
    chunk->rows.by_column = NULL;
    if (p->by_column) {
        struct mzg_column_room room;
        if (mzg_sink_room(*p->sink, &chunk->rows, &room))
            mzg_column_sort_to(p->sorter, &chunk->rows, pool, &room, &p->sorted, err);
        else
            mzg_column_sort(p->sorter, &chunk->rows, pool, &p->sorted, err);
        if (err->status != MZG_OK)
            return;
        chunk->rows.by_column = &p->sorted;
    }
    mzg_statistics_add(p->statistics, &chunk->rows, pool);
}

/* Waits for the bytes of the round behind. */
static void finish_reading(struct mzg_pipeline *p, int64_t pixels_resampled)
{
    double begin = MPI_Wtime();
    mzg_pool_wait_aside(p->context->pool);
    mzg_metrics_count(p->metrics, pixels_resampled, MPI_Wtime() - begin);
}

/* Whether the thread beside would only hinder the handing over: rows go to memory, and it shares the core of
 * the main thread. */
static bool reads_late(const struct mzg_pipeline *p)
{
    return mzg_pool_size(p->context->pool) == 1 && p->is_local;
}

/* Round k: read k + 1, resample k, hand over k - 1, all at the same time. The workers begin first, or the
 * thread beside them could take a core from the main thread while another one idles. A sink that needs the
 * workers gets its rows before they go on. Both ends of the run are rounds with less to do. */
void mzg_pipeline_round(struct mzg_pipeline *p, int64_t k, struct mzg_error *err)
{
    struct mzg_error not_started = {0}; /* which the sink does not wait for */
    bool late = reads_late(p);

    if (p->uses_pool)
        mzg_pipeline_hand_over(p, k - 1, err);
    bool resamples = err->status == MZG_OK && start_resampling(p, k, &not_started); /* the workers, */
    if (!late)
        start_reading(p, k + 1);           /* the thread beside them, */
    mzg_pipeline_hand_over(p, k - 1, err); /* and this thread, */
    if (late)
        start_reading(p, k + 1);
    if (resamples)
        finish_resampling(p, k, err); /* which then resamples along */
    finish_reading(p, resamples ? chunk_of(p, k)->n_pixels : 0);

    if (err->status == MZG_OK)
        *err = not_started;
    if (err->status == MZG_OK)
        *err = p->read_error;
}

void mzg_pipeline_hand_over(struct mzg_pipeline *p, int64_t round, struct mzg_error *err)
{
    const struct mzg_rows *rows = round >= 0 ? &chunk_of(p, round)->rows : NULL;
    const struct mzg_sink_part *parts;
    if (p->n_handed_over <= round && err->status == MZG_OK) {
        if (p->is_local)
            mzg_sink_append(*p->sink, rows, err);
        else if (p->learn_parts(p->owner, round, &parts, err) == MZG_OK)
            mzg_sink_append_parts(*p->sink, rows, parts, err);
    }
    p->n_handed_over = round + 1;
}

void mzg_pipeline_begin(struct mzg_pipeline *p, struct mzg_error *err)
{
    start_reading(p, 0);
    mzg_pool_wait_aside(p->context->pool);
    *err = p->read_error;
}

void mzg_pipeline_note_sink(struct mzg_pipeline *p)
{
    const struct mzg_sink *sink = *p->sink;
    p->is_local = sink->kind->local;
    p->uses_pool = sink->kind->uses_pool;
    p->by_column = sink->spec.by_column;
}

enum mzg_status mzg_pipeline_init(struct mzg_pipeline *p, struct mzg_error *err)
{
    int n_workers = mzg_pool_size(p->context->pool);
    mzg_chunk_init(&p->chunks[0]);
    mzg_chunk_init(&p->chunks[1]);
    mzg_pipeline_note_sink(p);
    if (mzg_chunk_workers_new(p->options, n_workers, &p->workers, err) == MZG_OK && p->by_column)
        mzg_column_sorter_new((*p->sink)->spec.n_columns, mzg_type_size(p->options->value_type), n_workers,
                              &p->sorter, err);
    return err->status;
}

void mzg_pipeline_destroy(struct mzg_pipeline *p)
{
    mzg_column_sorter_free(p->sorter);
    mzg_chunk_workers_free(p->workers);
    mzg_chunk_destroy(&p->chunks[0]);
    mzg_chunk_destroy(&p->chunks[1]);
}

void mzg_pipeline_trim(struct mzg_pipeline *p, int64_t round)
{
    if (p->sorter)
        mzg_column_sorter_trim(p->sorter);
    mzg_chunk_trim(chunk_of(p, round), chunk_of(p, round + 1), p->workers);
}
