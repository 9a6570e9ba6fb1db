/* Dealing pixels to ranks: each exactly once, in chunks that keep to their bounds, and so that ranks of
 * different and of changing speed are done at the same time. */
#include <stream/deal.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

enum { RANKS = 3, PIXELS = 20000, CHUNK = 100, SLACK = 3, MOST_ROUNDS = 2000 };

/* A pixel in a hundred weighs a hundred times as much. */
static int64_t weigh(const void *context, int64_t pixel)
{
    (void)context;
    return pixel % 100 == 99 ? 5000 : 50;
}

static int64_t weigh_alike(const void *context, int64_t pixel)
{
    (void)context;
    (void)pixel;
    return 50;
}

static struct mzg_deal *new_deal(int n_ranks, int64_t (*weigh_pixel)(const void *, int64_t), int64_t n_pixels,
                                 int64_t chunk_bytes)
{
    struct mzg_deal_options options = {.n_ranks = n_ranks,
                                       .n_pixels = n_pixels,
                                       .weigh = weigh_pixel,
                                       .chunk_size = CHUNK,
                                       .chunk_bytes = chunk_bytes};
    struct mzg_deal *deal = NULL;
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_deal_new(&options, &deal, &err), MZG_OK));
    return deal;
}

/* A job in which each rank works for as long as `seconds` says, and no rank is more than SLACK rounds ahead.
 */
struct job {
    int n_ranks;
    double (*seconds)(int rank, int64_t round, int64_t n_pixels);
    double busy[RANKS], busy_after[MOST_ROUNDS][RANKS];
    double free_at[RANKS], free_after[MOST_ROUNDS][RANKS];
    int64_t rounds;
};

/* Runs it, checks that all pixels are dealt once and in order, and returns when the last rank is done. */
static double run(struct job *job, struct mzg_deal *deal, int64_t n_pixels)
{
    int64_t next = 0, round = 0;
    for (mzg_deal_round(deal, 0); mzg_deal_has_pixels(deal, round); mzg_deal_round(deal, ++round)) {
        cr_assert(lt(i64, round, MOST_ROUNDS));
        for (int rank = 0; rank < job->n_ranks; rank++) {
            int64_t first;
            int64_t n = mzg_deal_pixels(deal, round, rank, &first);
            cr_assert(eq(i64, first, next));
            cr_assert(le(i64, n, CHUNK));
            next += n;
            for (int other = 0; round > SLACK && other < job->n_ranks; other++) /* waits for its tally */
                if (job->free_after[round - SLACK - 1][other] > job->free_at[rank])
                    job->free_at[rank] = job->free_after[round - SLACK - 1][other];
            double seconds = job->seconds(rank, round, n);
            job->busy[rank] += seconds;
            job->free_at[rank] += seconds;
            job->free_after[round][rank] = job->free_at[rank];
            job->busy_after[round][rank] = job->busy[rank];
        }
        int64_t known = round - SLACK - 1;
        for (int rank = 0; known >= 0 && rank < job->n_ranks; rank++)
            mzg_deal_note_pace(deal, known, rank, job->free_after[known][rank], job->busy_after[known][rank]);
    }
    job->rounds = round;
    cr_expect(eq(i64, next, n_pixels));
    double last = 0;
    for (int rank = 0; rank < job->n_ranks; rank++)
        last = job->free_at[rank] > last ? job->free_at[rank] : last;
    return last;
}

static double alike(int rank, int64_t round, int64_t n_pixels)
{
    (void)rank;
    (void)round;
    return 1e-3 * (double)n_pixels;
}

static double last_is_slow(int rank, int64_t round, int64_t n_pixels)
{
    (void)round;
    return (rank == RANKS - 1 ? 2e-3 : 1e-3) * (double)n_pixels;
}

/* Each rank is three times as slow in a quarter of the rounds, which no one can foresee. */
static double disturbed(int rank, int64_t round, int64_t n_pixels)
{
    uint64_t mixed = ((uint64_t)round * 3 + (uint64_t)rank + 1) * UINT64_C(0x9E3779B97F4A7C15);
    return (mixed >> 62 == 0 ? 3e-3 : 1e-3) * (double)n_pixels;
}

/* The seconds that all pixels take when no rank ever waits. */
static double ideal(const struct job *job)
{
    double sum = 0;
    for (int rank = 0; rank < job->n_ranks; rank++)
        sum += job->busy[rank];
    return sum / job->n_ranks;
}

Test(deal, ranks_that_are_alike_are_done_at_the_same_time)
{
    struct job job = {.n_ranks = RANKS, .seconds = alike};
    struct mzg_deal *deal = new_deal(RANKS, weigh_alike, PIXELS, 1 << 20);
    double last = run(&job, deal, PIXELS);
    cr_expect(lt(dbl, last, 1.01 * ideal(&job)));
    cr_expect(lt(i64, job.rounds, PIXELS / (RANKS * CHUNK) + 10));
    mzg_deal_free(deal);
}

Test(deal, a_slow_rank_gets_less)
{
    struct job job = {.n_ranks = RANKS, .seconds = last_is_slow};
    struct mzg_deal *deal = new_deal(RANKS, weigh_alike, PIXELS, 1 << 20);
    double last = run(&job, deal, PIXELS);
    cr_expect(lt(dbl, last, 1.04 * ideal(&job))); /* in equal shares it would be 1.5 times that */
    mzg_deal_free(deal);
}

Test(deal, disturbances_even_out)
{
    struct job job = {.n_ranks = RANKS, .seconds = disturbed};
    struct mzg_deal *deal = new_deal(RANKS, weigh_alike, PIXELS, 1 << 20);
    double last = run(&job, deal, PIXELS);
    cr_expect(lt(dbl, last, 1.1 * ideal(&job)));
    mzg_deal_free(deal);
}

Test(deal, chunks_keep_to_their_bytes_unless_they_are_one_pixel)
{
    for (int n_ranks = 1; n_ranks <= RANKS; n_ranks++) {
        struct mzg_deal *deal = new_deal(n_ranks, weigh, PIXELS, 2000);
        int64_t next = 0;
        int64_t round = 0;
        for (mzg_deal_round(deal, 0); mzg_deal_has_pixels(deal, round); mzg_deal_round(deal, ++round)) {
            for (int rank = 0; rank < n_ranks; rank++) {
                int64_t first, bytes = 0;
                int64_t n = mzg_deal_pixels(deal, round, rank, &first);
                cr_assert(eq(i64, first, next));
                next += n;
                for (int64_t i = first; i < first + n; i++)
                    bytes += weigh(NULL, i);
                cr_expect(bytes <= 2000 || n == 1);
                cr_expect(eq(i64, mzg_deal_firsts(deal, round)[rank + 1], next));
            }
        }
        cr_expect(eq(i64, next, PIXELS));
        mzg_deal_free(deal);
    }
}

Test(deal, shrinks_to_half_while_that_frees_memory)
{
    struct mzg_deal *deal = new_deal(1, weigh_alike, PIXELS, 3 << 20);
    cr_expect(mzg_deal_shrink(deal));
    cr_expect(eq(i64, mzg_deal_chunk_size(deal), CHUNK / 2));
    cr_expect(mzg_deal_shrink(deal));
    cr_expect(not(mzg_deal_shrink(deal)));
    cr_expect(eq(i64, mzg_deal_chunk_size(deal), CHUNK / 4));
    mzg_deal_round(deal, 0);
    mzg_deal_round(deal, 1);
    int64_t first;
    cr_expect(eq(i64, mzg_deal_pixels(deal, 1, 0, &first), CHUNK / 4));
    mzg_deal_free(deal);
}

Test(deal, all_who_know_the_same_come_to_the_same)
{
    struct mzg_deal *deals[2] = {new_deal(RANKS, weigh, PIXELS, 4000), new_deal(RANKS, weigh, PIXELS, 4000)};
    for (int64_t round = 0; round < 40; round++) {
        for (int i = 0; i < 2; i++) {
            mzg_deal_round(deals[i], round);
            for (int rank = 0; rank < RANKS; rank++)
                mzg_deal_note_pace(deals[i], round, rank, disturbed(rank, round, 100 * (round + 1)),
                                   alike(rank, round, 100 * (round + 1)));
        }
        for (int rank = 0; rank <= RANKS; rank++)
            cr_expect(
                eq(i64, mzg_deal_firsts(deals[0], round)[rank], mzg_deal_firsts(deals[1], round)[rank]));
    }
    mzg_deal_free(deals[0]);
    mzg_deal_free(deals[1]);
}

Test(deal, grows_again_to_what_it_was)
{
    struct mzg_deal *deal = new_deal(1, weigh_alike, PIXELS, 3 << 20);
    cr_expect(not(mzg_deal_grow(deal)));
    cr_expect(mzg_deal_shrink(deal));
    cr_expect(mzg_deal_shrink(deal));
    cr_expect(mzg_deal_grow(deal));
    cr_expect(eq(i64, mzg_deal_chunk_size(deal), CHUNK / 2));
    cr_expect(mzg_deal_grow(deal));
    cr_expect(eq(i64, mzg_deal_chunk_size(deal), CHUNK));
    cr_expect(not(mzg_deal_grow(deal)));
    mzg_deal_free(deal);
}

Test(deal, does_not_shrink_chunks_that_take_hardly_any_memory)
{
    struct mzg_deal *deal = new_deal(1, weigh_alike, PIXELS, 64 << 20);
    mzg_deal_round(deal, 0); /* from now on it is known that a pixel takes 50 bytes */
    cr_expect(not(mzg_deal_shrink(deal)));
    cr_expect(eq(i64, mzg_deal_chunk_size(deal), CHUNK));
    mzg_deal_free(deal);
}
