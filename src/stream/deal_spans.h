/*
 * What spans of pixels weigh together, so that a rank that deals does not weigh all pixels of all ranks: each
 * weighs its share of them once, and the sums lie once on each node.
 */
#ifndef MZG_STREAM_DEAL_SPANS_H
#define MZG_STREAM_DEAL_SPANS_H

#include <core/context.h>
#include <input/node_memory.h>
#include <stream/deal.h>

/* All zero, and nothing to be freed, if they would save nothing.
 * The spans are the fewer pixels the fewer a chunk has: to find where a chunk ends takes about as many sums
 * as pixels. */
struct mzg_deal_spans {
    struct mzg_node_memory *memory;
    int64_t pixels; /* of a span; 0: there are none */
};

/* Weighs the spans, and puts them into `options`. All ranks return the same status. Collective over
 * context->comm. */
enum mzg_status mzg_deal_spans_init(struct mzg_deal_spans *spans, const struct mzg_context *context,
                                    struct mzg_deal_options *options, struct mzg_error *err);

/* Collective. */
void mzg_deal_spans_destroy(struct mzg_deal_spans *spans);

#endif
