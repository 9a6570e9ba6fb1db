/*
 * The pipeline of a rank: the bytes of a chunk are read, resampled to rows, and the rows handed over to the
 * sink. Which pixels a chunk has, the deal says; what the ranks tell each other about it, stream.c.
 */
#ifndef MZG_STREAM_PIPELINE_H
#define MZG_STREAM_PIPELINE_H

#include <stage/column_block.h>
#include <stage/sink.h>
#include <stream/chunk.h>
#include <stream/deal.h>
#include <stream/metrics.h>
#include <stream/statistics.h>

struct mzg_pipeline {
    /* To be set by the owner; all of it borrowed. */
    const struct mzg_context *context;
    const struct mzg_chunk_options *options;
    struct mzg_sink **sink; /* that rows are handed over to */
    struct mzg_statistics *statistics;
    const struct mzg_deal *deal;
    struct mzg_metrics *metrics; /* may be NULL */
    /* What all ranks append of `round`, which they told each other; called before they do, unless the sink is
     * local. All ranks return the same status. Collective. */
    enum mzg_status (*learn_parts)(void *owner, int64_t round, const struct mzg_sink_part **parts,
                                   struct mzg_error *err);
    void *owner;

    bool is_local, by_column, uses_pool; /* of the sink, by mzg_pipeline_note_sink() */
    struct mzg_chunk chunks[2];          /* that of round k is chunks[k % 2] */
    struct mzg_chunk_workers *workers;
    struct mzg_column_sorter *sorter; /* if the sink takes rows by column */
    struct mzg_column_block sorted;   /* of the rows that were resampled last */
    int64_t n_handed_over;            /* rounds */
    int64_t round_read;               /* by the thread beside the workers, */
    struct mzg_error read_error;      /*  and how it went */
};

/* The pipeline with what the owner set. Not collective, though it may fail: agree. */
enum mzg_status mzg_pipeline_init(struct mzg_pipeline *pipeline, struct mzg_error *err);

/* Accepts a pipeline of zeros. Local. */
void mzg_pipeline_destroy(struct mzg_pipeline *pipeline);

/* Takes note of what the sink is like, which is another one after it has moved. Local. */
void mzg_pipeline_note_sink(struct mzg_pipeline *pipeline);

/* Reads the chunk of round 0. Local. */
void mzg_pipeline_begin(struct mzg_pipeline *pipeline, struct mzg_error *err);

/* One round: resamples chunk `k`, while that of the round behind is read, and the rows of the round
 * before are handed over. A rank that failed leaves out its rounds until all know, and what one alone failed
 * at here, the others do not know. Collective, unless the sink is local. */
void mzg_pipeline_round(struct mzg_pipeline *pipeline, int64_t k, struct mzg_error *err);

/* Hands over the rows of `round`, the last one resampled, unless that was done. Collective, unless the sink
 * is local. */
void mzg_pipeline_hand_over(struct mzg_pipeline *pipeline, int64_t round, struct mzg_error *err);

/* Gives back the memory that chunks smaller than before do not need, after `round`. Local. */
void mzg_pipeline_trim(struct mzg_pipeline *pipeline, int64_t round);

#endif
