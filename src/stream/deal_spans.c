#include <stream/deal_spans.h>

#include <core/block.h>

enum {
    LEAST_PIXELS = 8, /* of a span: 1 byte a pixel, */
    MOST_PIXELS = 256,
    FEW_PIXELS = 1 << 14 /* of all, which weigh sooner than their sums are shared */
};

/* About the root of the pixels of a chunk. */
static int64_t choose_pixels(int64_t chunk_size)
{
    int64_t pixels = LEAST_PIXELS;
    while (pixels < MOST_PIXELS && pixels * pixels < chunk_size)
        pixels *= 2;
    return pixels;
}

enum mzg_status mzg_deal_spans_init(struct mzg_deal_spans *spans, const struct mzg_context *context,
                                    struct mzg_deal_options *options, struct mzg_error *err)
{
    int64_t pixels = choose_pixels(options->chunk_size), n = options->n_pixels / pixels;
    *spans = (struct mzg_deal_spans){0};
    if (context->size == 1 || options->n_pixels < FEW_PIXELS || options->chunk_size < pixels)
        return MZG_OK;
    if (mzg_node_memory_new(context->comm, n * (int64_t)sizeof(int64_t), &spans->memory, err) != MZG_OK)
        return err->status;
    int64_t *bytes = mzg_node_memory_bytes(spans->memory);
    struct mzg_block mine = mzg_block_of(n, context->size, context->rank);
    for (int64_t span = mine.first; span < mine.first + mine.count; span++) {
        int64_t sum = 0;
        for (int64_t pixel = span * pixels; pixel < (span + 1) * pixels; pixel++)
            sum += options->weigh(options->context, pixel);
        bytes[span] = sum;
    }
    mzg_node_memory_share(spans->memory, mine.first * (int64_t)sizeof *bytes,
                          mine.count * (int64_t)sizeof *bytes);
    spans->pixels = pixels;
    options->span_pixels = pixels;
    options->span_bytes = bytes;
    return MZG_OK;
}

void mzg_deal_spans_destroy(struct mzg_deal_spans *spans)
{
    mzg_node_memory_free(spans->memory);
    *spans = (struct mzg_deal_spans){0};
}
