/*
 * Streaming: the pixels of the input, in rounds of one chunk per rank, are fetched, resampled and appended to
 * the sink. Chunk i of a round belongs to rank i, so its rows are in the order of the pixels
 * for any number of ranks. A chunk has as many pixels as its memory allows, by what the index tells of each,
 * and fewer when the memory of a node comes to an end, or for a rank that lags behind.
 */
#ifndef MZG_STREAM_STREAM_H
#define MZG_STREAM_STREAM_H

#include <mzgrid/progress.h>
#include <stage/sink.h>
#include <stream/chunk.h>
#include <stream/metrics.h>
#include <stream/records.h>
#include <stream/skips.h>
#include <stream/statistics.h>
#include <stream/weight.h>

struct mzg_stream_options {
    struct mzg_chunk_options chunk;
    int64_t chunk_size;  /* pixels, at most */
    int64_t chunk_bytes; /* of memory, unless the chunk is a single pixel */
    struct mzg_pixel_weight weight;
    int64_t memory_limit; /* of a node */
    int64_t max_skipped;  /* pixels; above it the run ends */
    bool keep_going;      /* unless this is set */
    bool fail_on_error;   /* end at the first fault */
    struct mzg_progress progress;
    struct mzg_metrics *metrics; /* may be NULL */
};

struct mzg_stream_result {
    int64_t n_skipped; /* pixels; the same on all ranks, as all below unless said */
    int64_t bytes_read;
    int64_t counts[MZG_COUNTS]; /* by enum mzg_count */
    int64_t first[MZG_COUNTS];  /* the lowest spectrum that was counted; INT64_MAX: none was */
    struct mzg_outside outside; /* what lies outside the axis */
    int64_t n_skips;            /* faulty spectra */
    int64_t n_rows;
    struct mzg_records records; /* of the rows whose pieces are this rank's (core/piece.h) */
    struct mzg_skip_list skips; /* rank 0: n_skips; empty elsewhere */
};

/* Streams all pixels into `sink`, which may be another one then (mzg_sink_move()), and `statistics` (of this
 * rank's rows only). All ranks return the same status. Collective over context->comm. */
enum mzg_status mzg_stream(const struct mzg_context *context, const struct mzg_stream_options *options,
                           struct mzg_sink **sink, struct mzg_statistics *statistics,
                           struct mzg_stream_result *result, struct mzg_error *err);

void mzg_stream_result_destroy(struct mzg_stream_result *result);

#endif
