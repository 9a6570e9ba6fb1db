/*
 * The rounds of a run. In each one every rank does its part of the pipeline (stream/pipeline.c), and tells
 * all how it fares, in a tally. What follows from the tallies of a round, all ranks do together,
 * MZG_TALLY_SLACK rounds later if rows wait in memory: until then a rank that is slower for a moment holds up
 * no other. If all append together, they do it in the next round, before they append: the tally says who has
 * how many rows, and while it is under way the workers resample.
 */
#include <stream/stream.h>

#include <core/agree.h>
#include <core/log.h>
#include <core/mpi.h>
#include <core/stop.h>
#include <stream/deal.h>
#include <stream/deal_spans.h>
#include <stream/pipeline.h>
#include <stream/tally.h>
#include <stream/watch.h>

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_BETWEEN_TRIMS = 4 + MZG_TALLY_SLACK }; /* until what was given up shows in the tallies */

_Static_assert(MZG_DEAL_ROUNDS > MZG_TALLY_SLACK + 2, "rounds are known until their tallies were taken");

struct stream {
    const struct mzg_context *context;
    const struct mzg_stream_options *options;
    struct mzg_stream_result *result;
    struct mzg_pipeline pipeline;
    struct mzg_deal *deal;
    struct mzg_deal_spans spans;
    struct mzg_tallies *tallies;
    struct mzg_skips skips;
    struct mzg_watch watch;
    double begin, waited_before;       /* seconds: when all began, and what this rank had waited then */
    int64_t round;                     /* under way */
    int64_t taken;                     /* tallies of rounds before it were taken, */
    const struct mzg_sink_part *parts; /*  and what the last of them says of the ranks' rows */
    bool is_over;                      /* they say that a rank has failed, and `mine` is the error of all */
    int64_t stage_bytes;               /* of all ranks, by the tallies taken, */
    int64_t stage_growth;              /*  and the most by which it grew in a round, */
    double stage_per_pixel;            /*  and for a pixel */
    int64_t trimmed_round;             /* when chunks shrank last */
    int n_shrinks;
    int rounds_to_trim; /* for so many rounds more buffers may be larger than the chunks to come */
};

static const struct mzg_dataset *dataset_of(const struct stream *s)
{
    return &s->options->chunk.reader->dataset;
}

/* The bytes that a pixel takes in a chunk. */
static int64_t weigh_pixel(const void *context, int64_t pixel)
{
    const struct mzg_stream_options *options = context;
    int64_t stored, points;
    mzg_reader_measure(options->chunk.reader, pixel, 1, &stored, &points);
    return mzg_pixel_memory(&options->weight, stored, points);
}

/* Chunks grow again once memory is left for so long: the longer, the more often they shrank. */
static void grow_chunks(struct stream *s)
{
    if (s->round - s->trimmed_round < ROUNDS_BETWEEN_TRIMS << (s->n_shrinks < 6 ? s->n_shrinks : 6) ||
        !mzg_deal_grow(s->deal))
        return;
    s->trimmed_round = s->round;
    mzg_log_line(s->context->log, MZG_LOG_DETAIL, "memory is free again: chunks grow to %" PRId64 " pixels",
                 mzg_deal_chunk_size(s->deal));
}

/* Halves the chunks to come if the memory of some node comes to an end. */
static void mind_memory(struct stream *s, const struct mzg_watch_sight *nodes)
{
    int64_t used, left;
    enum mzg_watch_cause cause = mzg_watch_judge(&s->watch, nodes, &used, &left);
    if (cause == MZG_WATCH_CALM)
        grow_chunks(s);
    if (cause <= MZG_WATCH_FAIR ||
        s->trimmed_round + ROUNDS_BETWEEN_TRIMS > s->round) /* what was given up last is not free yet */
        return;
    if (!mzg_deal_shrink(s->deal))
        return;
    s->trimmed_round = s->round;
    s->rounds_to_trim = 3;
    mzg_log_line(s->context->log, s->n_shrinks++ == 0 ? MZG_LOG_INFO : MZG_LOG_DETAIL,
                 "chunks shrink to %" PRId64 " pixels, because %s (%" PRId64 " of %" PRId64
                 " MiB used by the ranks of this node, %" PRId64 " MiB left on it)",
                 mzg_deal_chunk_size(s->deal), mzg_watch_words(cause), used >> 20,
                 s->options->memory_limit >> 20, left >> 20);
}

/* Notes that the sink has `bytes` bytes on all ranks together after `round`. */
static void note_growth(struct stream *s, int64_t round, int64_t bytes)
{
    const int64_t *firsts = mzg_deal_firsts(s->deal, round);
    int64_t pixels = firsts[s->context->size] - firsts[0];
    int64_t growth = bytes - s->stage_bytes;
    if (growth > s->stage_growth)
        s->stage_growth = growth;
    if (pixels > 0 && (double)growth / (double)pixels > s->stage_per_pixel)
        s->stage_per_pixel = (double)growth / (double)pixels;
    s->stage_bytes = bytes;
}

/* Whether the rows may have outgrown its memory by the time that all know what followed `round`. */
static bool nears_move(const struct stream *s, int64_t round)
{
    int64_t left = dataset_of(s)->n_pixels - mzg_deal_firsts(s->deal, round)[s->context->size];
    double ahead = (double)((MZG_TALLY_SLACK + 1) * s->stage_growth);
    if (ahead > s->stage_per_pixel * (double)left)
        ahead = s->stage_per_pixel * (double)left;
    return mzg_sink_is_outgrown(*s->pipeline.sink, s->stage_bytes + (int64_t)ahead);
}

/* Adds a round to the result. */
static void add_tally(struct stream *s, int64_t round, const struct mzg_round_tally *tally)
{
    s->result->n_skipped += tally->sums.n_skipped;
    s->result->bytes_read += tally->sums.bytes_read;
    for (int i = 0; i < MZG_COUNTS; i++)
        s->result->counts[i] += tally->sums.counts[i];
    for (int rank = 0; s->pipeline.is_local && rank < s->context->size; rank++)
        mzg_deal_note_pace(s->deal, round, rank, tally->paces[rank].elapsed, tally->paces[rank].worked);
    note_growth(s, round, tally->sums.stage_bytes);
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

/* All ranks dealt for themselves; that they came to the same is checked, because otherwise pixels would be
 * lost.
 */
static enum mzg_status check_ends(const struct stream *s, const struct mzg_round_tally *tally,
                                  struct mzg_error *err)
{
    if (tally->least_end == tally->greatest_end)
        return MZG_OK;
    return mzg_fail(err, MZG_EIO,
                    "%s: the ranks dealt the pixels differently, up to %" PRId64 " and %" PRId64
                    "; do all nodes run the same mzgrid?",
                    dataset_of(s)->path, tally->least_end, tally->greatest_end);
}

/* Does what follows from the tallies of a round. `mine` is what this rank failed at since, which it tells
 * itself. All ranks return the same status. Collective. */
static enum mzg_status take_round(struct stream *s, int64_t round, const struct mzg_error *mine,
                                  struct mzg_error *err)
{
    const struct mzg_context *context = s->context;
    struct mzg_round_tally tally = mzg_tallies_take(s->tallies, round);
    add_tally(s, round, &tally);
    s->parts = tally.parts;
    if (tally.sums.n_failed > 0) {
        *err = *mine;
        return mzg_agree(context->comm, err);
    }
    if (check_ends(s, &tally, err) != MZG_OK)
        return err->status;
    if (tally.sums.metrics_due)
        mzg_metrics_round(s->options->metrics, "stream", round, mzg_deal_chunk_size(s->deal));
    if (tally.sums.n_skips > 0 && s->options->fail_on_error) {
        mzg_skips_fail(&s->skips, tally.my_skips, err);
        return mzg_agree(context->comm, err);
    }
    if ((tally.sums.n_skips > 0 &&
         mzg_skips_gather(&s->skips, tally.my_skips, tally.sums.n_skips, err) != MZG_OK) ||
        check_skipped(s, err) != MZG_OK)
        return err->status;
    mind_memory(s, tally.nodes);
    if (context->rank == 0 && s->options->progress.update)
        s->options->progress.update(s->options->progress.context, "resampling", tally.greatest_end,
                                    dataset_of(s)->n_pixels);
    return MZG_OK;
}

/* Tells all ranks how this one fares with `round`. Collective. */
static void post_tally(struct stream *s, int64_t round, struct mzg_error *err)
{
    const struct mzg_chunk *chunk = &s->pipeline.chunks[round % 2];
    const struct mzg_sink *sink = *s->pipeline.sink;
    int64_t first;
    int64_t n = mzg_deal_pixels(s->deal, round, s->context->rank, &first);
    bool done = n > 0 && err->status == MZG_OK;
    if (done && mzg_skips_keep(&s->skips, chunk, err) != MZG_OK)
        done = false;
    if (err->status == MZG_OK &&
        mzg_records_keep(&s->result->records, first, chunk->records, n, err) != MZG_OK)
        done = false;
    const int64_t *firsts = mzg_deal_firsts(s->deal, round);
    struct mzg_tally tally = {.sums = {.n_failed = err->status != MZG_OK,
                                       .metrics_due = mzg_metrics_is_due(s->options->metrics),
                                       .stage_bytes = sink->bytes},
                              .round_end = firsts[s->context->size],
                              .sight = mzg_watch_look(&s->watch)};
    if (done) {
        tally.sums.n_skips = chunk->n_skips;
        tally.sums.n_skipped = chunk->n_pixels - chunk->rows.n_rows;
        tally.sums.bytes_read = chunk->bytes_read;
        memcpy(tally.sums.counts, chunk->counts, sizeof chunk->counts);
        for (int i = 0; i < MZG_COUNTS; i++)
            if (chunk->first[i] < s->result->first[i])
                s->result->first[i] = chunk->first[i]; /* of this rank; all come together at the end */
        mzg_outside_merge(&chunk->outside, &s->result->outside);
        tally.sums.stage_bytes += mzg_sink_bytes_of_rows(sink, &chunk->rows);
    }
    if (s->pipeline.is_local) {
        struct mzg_pace *pace = &tally.of_rank.pace;
        pace->elapsed = MPI_Wtime() - s->begin;
        pace->worked = pace->elapsed - (mzg_agree_seconds() - s->waited_before);
    } else if (done) {
        tally.of_rank.part = (struct mzg_sink_part){chunk->rows.n_rows, chunk->rows.n_values};
    }
    mzg_tallies_post(s->tallies, round, &tally);
}

/* Takes the tallies of the round before the one under way, which all ranks do before they append its rows.
 * What this rank has failed at these tallies tell already: nothing fails between them and here. `owner` is
 * the stream. All ranks return the same status. Collective. */
static enum mzg_status learn_parts(void *owner, int64_t round, const struct mzg_sink_part **parts,
                                   struct mzg_error *err)
{
    struct stream *s = owner;
    struct mzg_error mine = *err;
    s->taken = round + 1;
    *err = (struct mzg_error){0};
    s->is_over = take_round(s, round, &mine, err) != MZG_OK;
    assert(s->is_over || mine.status == MZG_OK);
    *parts = s->parts;
    return err->status;
}

/* Takes what may wait no longer of rows in memory, and moves them to their file when they are near to outgrow
 * it. `mine` as for take_round(). All ranks return the same status. Collective. */
static enum mzg_status catch_up(struct stream *s, struct mzg_error *mine, struct mzg_error *err)
{
    while (s->pipeline.is_local && s->taken < s->round - MZG_TALLY_SLACK) {
        int64_t round = s->taken++;
        if (take_round(s, round, mine, err) != MZG_OK)
            return err->status;
        if (!nears_move(s, round))
            continue;
        for (; s->taken < s->round; s->taken++)
            if (take_round(s, s->taken, mine, err) != MZG_OK)
                return err->status;
        mzg_pipeline_hand_over(&s->pipeline, s->round - 1, mine);
        *err = *mine;
        struct mzg_sink **sink = s->pipeline.sink;
        mzg_log_line(s->context->log, MZG_LOG_INFO,
                     "the result outgrows its share of memory (%" PRId64 " MB) and moves to %s",
                     (*sink)->spec.most_bytes >> 20, (*sink)->spec.path);
        if (mzg_agree(s->context->comm, err) != MZG_OK || mzg_sink_move(sink, err) != MZG_OK)
            return err->status;
        mzg_pipeline_note_sink(&s->pipeline);
    }
    return MZG_OK;
}

static enum mzg_status run_rounds(struct stream *s, struct mzg_error *err)
{
    struct mzg_error mine = {0}; /* what this rank failed at: it goes on with empty rounds until all know */
    s->begin = MPI_Wtime();
    s->waited_before = mzg_agree_seconds();
    mzg_deal_round(s->deal, 0);
    mzg_pipeline_begin(&s->pipeline, &mine);
    /* The last round has nothing but the rows of the one before. */
    for (s->round = 0; s->round == 0 || mzg_deal_has_pixels(s->deal, s->round - 1); s->round++) {
        if (catch_up(s, &mine, err) != MZG_OK)
            return err->status;
        mzg_deal_round(s->deal, s->round + 1);
        if (mine.status == MZG_OK)
            mzg_pipeline_round(&s->pipeline, s->round, &mine);
        const struct mzg_sink_part *unused;
        if (!s->pipeline.is_local && s->taken < s->round)
            learn_parts(s, s->round - 1, &unused, &mine); /* this rank has failed: it hears from the others */
        if (s->is_over) {
            *err = mine;
            return err->status;
        }
        mzg_check_stop(s->context->stop, &mine);
        post_tally(s, s->round, &mine);
        if (s->rounds_to_trim > 0) {
            mzg_pipeline_trim(&s->pipeline, s->round);
            s->rounds_to_trim--;
        }
    }
    for (; s->taken < s->round; s->taken++)
        if (take_round(s, s->taken, &mine, err) != MZG_OK)
            return err->status;
    return MZG_OK;
}

/* All ranks return the same status. Collective. */
static enum mzg_status allocate(struct stream *s, struct mzg_error *err)
{
    const struct mzg_context *context = s->context;
    const struct mzg_stream_options *options = s->options;
    struct mzg_deal_options deal = {.n_ranks = context->size,
                                    .n_pixels = dataset_of(s)->n_pixels,
                                    .weigh = weigh_pixel,
                                    .context = options,
                                    .chunk_size = options->chunk_size,
                                    .chunk_bytes = options->chunk_bytes};
    if (mzg_deal_spans_init(&s->spans, context, &deal, err) != MZG_OK)
        return err->status;
    if (mzg_skips_init(&s->skips, context, options->chunk.reader, err) == MZG_OK &&
        mzg_deal_new(&deal, &s->deal, err) == MZG_OK &&
        mzg_tallies_new(context, &s->watch, &s->tallies, err) == MZG_OK) {
        s->pipeline.deal = s->deal;
        mzg_pipeline_init(&s->pipeline, err);
    }
    return mzg_agree(context->comm, err);
}

enum mzg_status mzg_stream(const struct mzg_context *context, const struct mzg_stream_options *options,
                           struct mzg_sink **sink, struct mzg_statistics *statistics,
                           struct mzg_stream_result *result, struct mzg_error *err)
{
    struct stream s = {.context = context,
                       .options = options,
                       .result = result,
                       .pipeline = {.context = context,
                                    .options = &options->chunk,
                                    .sink = sink,
                                    .statistics = statistics,
                                    .metrics = options->metrics,
                                    .learn_parts = learn_parts,
                                    .owner = &s},
                       .trimmed_round = -ROUNDS_BETWEEN_TRIMS};
    *result = (struct mzg_stream_result){0};
    for (int i = 0; i < MZG_COUNTS; i++)
        result->first[i] = INT64_MAX;

    mzg_watch_begin(&s.watch, context, options->memory_limit);
    if (allocate(&s, err) == MZG_OK && run_rounds(&s, err) == MZG_OK) {
        MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, result->first, MZG_COUNTS, MPI_INT64_T, MPI_MIN, context->comm));
        mzg_outside_reduce(&result->outside, context->comm);
        result->n_skips = s.skips.n;
        result->skips = s.skips.list;
        s.skips.list = (struct mzg_skip_list){0};
    }

    mzg_tallies_free(s.tallies);
    mzg_deal_free(s.deal);
    mzg_deal_spans_destroy(&s.spans);
    mzg_skips_destroy(&s.skips);
    mzg_pipeline_destroy(&s.pipeline);
    if (err->status == MZG_OK)
        mzg_records_deal(&result->records, context, &result->n_rows, err);
    if (err->status != MZG_OK)
        mzg_stream_result_destroy(result);
    return err->status;
}

void mzg_stream_result_destroy(struct mzg_stream_result *result)
{
    mzg_records_destroy(&result->records);
    mzg_skip_list_destroy(&result->skips);
    *result = (struct mzg_stream_result){0};
}
