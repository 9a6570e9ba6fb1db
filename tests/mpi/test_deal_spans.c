/* Spans of pixels: the same deal as without them, while a rank weighs about its share of the pixels. */
#include <failing_calls.h>
#include <mpi_test.h>
#include <stream/deal_spans.h>

enum { PIXELS = 1000003, CHUNK = 4096 };

static const int64_t chunk_bytes = 1000000;

/* One in 5,000 takes a chunk of its own, others 50 to 646 bytes. */
static int64_t weigh(const void *context, int64_t pixel)
{
    int64_t *calls = *(int64_t *const *)context;
    ++*calls;
    return pixel % 5000 == 77 ? 3 * chunk_bytes : 50 + pixel * 7919 % 597;
}

static struct mzg_deal_options options_of(int64_t *const *calls)
{
    return (struct mzg_deal_options){.n_ranks = mpi_size,
                                     .n_pixels = PIXELS,
                                     .weigh = weigh,
                                     .context = calls,
                                     .chunk_size = CHUNK,
                                     .chunk_bytes = chunk_bytes};
}

/* Deals all rounds of both and returns how many chunks there were; a rank is slower than the others. */
static int64_t compare(struct mzg_deal *deals[2])
{
    int64_t round = 0, wrong = 0, chunks = 0;
    do {
        for (int i = 0; i < 2; i++)
            mzg_deal_round(deals[i], round);
        for (int rank = 0; rank <= mpi_size; rank++)
            wrong += mzg_deal_firsts(deals[0], round)[rank] != mzg_deal_firsts(deals[1], round)[rank];
        for (int rank = 0; rank < mpi_size; rank++) {
            double elapsed = (double)(round + 1) * (rank == 1 ? 1.5 : 1);
            for (int i = 0; i < 2; i++)
                mzg_deal_note_pace(deals[i], round, rank, elapsed, elapsed);
        }
        if (round == 20)
            wrong += mzg_deal_shrink(deals[0]) != mzg_deal_shrink(deals[1]);
        chunks += mpi_size;
    } while (mzg_deal_has_pixels(deals[0], round++));
    cr_expect(eq(i64, wrong, 0));
    return chunks;
}

MPI_TEST(deal_spans, leave_the_deal_as_it_is_and_most_pixels_unweighed)
{
    int64_t calls[2] = {0}, *counted[2] = {&calls[0], &calls[1]};
    struct mzg_deal_options options[2] = {options_of(&counted[0]), options_of(&counted[1])};
    struct mzg_deal_spans spans = {0};
    struct mzg_deal *deals[2] = {NULL};
    struct mzg_error err = {0};
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    cr_assert(eq(int, (int)mzg_deal_spans_init(&spans, &context, &options[1], &err), MZG_OK));
    cr_expect(eq(i64, spans.pixels, mpi_size == 1 ? 0 : 64));
    for (int i = 0; i < 2; i++)
        cr_assert(eq(int, (int)mzg_deal_new(&options[i], &deals[i], &err), MZG_OK));
    int64_t chunks = compare(deals);
    cr_expect(ge(i64, calls[0], PIXELS));
    /* Its share, and at either end of a chunk a part of a span; a pixel too many is weighed. */
    if (mpi_size > 1)
        cr_expect(le(i64, calls[1], PIXELS / mpi_size + 64 + chunks * 2 * 64));
    cr_expect(mpi_size < 4 || calls[1] < calls[0] / 2);
    for (int i = 0; i < 2; i++)
        mzg_deal_free(deals[i]);
    mzg_deal_spans_destroy(&spans);
}

static enum mzg_status try_to_weigh(void *fixture, struct mzg_error *err)
{
    int64_t calls = 0, *counted = &calls;
    struct mzg_deal_options options = options_of(&counted);
    struct mzg_deal_spans spans = {0};
    const struct mzg_context *context = fixture;
    enum mzg_status status = mzg_deal_spans_init(&spans, context, &options, err);
    end_failing();
    cr_expect(eq(int, options.span_pixels > 0, status == MZG_OK && mpi_size > 1));
    mzg_deal_spans_destroy(&spans);
    return status;
}

MPI_TEST(deal_spans, are_made_by_no_rank_if_the_last_has_no_memory)
{
    struct mzg_context context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    cr_expect(ge(long, fail_each_call(MEMORY, mpi_size - 1, 0, try_to_weigh, &context), mpi_size > 1));
}
