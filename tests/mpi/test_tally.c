/*
 * What ranks tell each other about their rounds: all come to the same, whatever one of them alone has to
 * tell, in whatever order they post, with rounds of different ranks under way at once.
 */
#include <core/mpi.h>
#include <mpi_test.h>
#include <stream/tally.h>

#include <stdlib.h>
#include <unistd.h>

enum { PIXELS = 3, ROUNDS = 7 };

struct fixture {
    struct mzg_context context;
    struct mzg_error err;
    struct mzg_watch watch;
    struct mzg_pixel_record *records;
    struct mzg_tallies *tallies;
};

static void begin(struct fixture *f)
{
    *f = (struct fixture){.context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size}};
    if (mpi_rank == 0)
        f->records = calloc((size_t)mpi_size * ROUNDS * PIXELS, sizeof *f->records);
    mzg_watch_begin(&f->watch, &f->context, 1000);
    cr_assert(eq(int, (int)mzg_tallies_new(&f->context, &f->watch, PIXELS, f->records, &f->tallies, &f->err),
                 MZG_OK));
}

static void end(struct fixture *f)
{
    mzg_tallies_free(f->tallies);
    free(f->records);
}

/* Each rank has PIXELS of a round, but the last one none. */
static void post(struct fixture *f, int64_t round, const struct mzg_tally *mine)
{
    int64_t firsts[65] = {0}, first = round * mpi_size * PIXELS;
    struct mzg_pixel_record records[PIXELS] = {{0}};
    int64_t n = mpi_rank == mpi_size - 1 ? 0 : PIXELS;
    for (int rank = 0; rank <= mpi_size; rank++)
        firsts[rank] = first + (int64_t)PIXELS * (rank < mpi_size ? rank : mpi_size - 1);
    for (int64_t i = 0; i < n; i++)
        records[i].tic = (double)(firsts[mpi_rank] + i + 1);
    mzg_tallies_post(f->tallies, round, mine, records, n, firsts);
}

static struct mzg_tally tally_of(int rank, int64_t round)
{
    return (struct mzg_tally){.sums = {.n_skips = rank, .bytes_read = INT64_C(1) << 40, .stage_bytes = round},
                              .round_end = round,
                              .sight = {.pss = 10 + rank, .left = 500 - rank, .waits = rank == 0},
                              .pace = {.elapsed = 0.1 * (double)(round + rank), .worked = 1.0 / (rank + 3)}};
}

MPI_TEST(tally, adds_what_all_ranks_tell_and_keeps_each_pace)
{
    struct fixture f;
    int64_t ranks = mpi_size, pss = 0;
    begin(&f);
    for (int rank = 0; rank < mpi_size; rank++)
        pss += 10 + rank;
    for (int64_t round = 0; round < ROUNDS; round++) {
        struct mzg_tally mine = tally_of(mpi_rank, round);
        if (round == 2)
            usleep((unsigned)(1000 * mpi_rank)); /* ranks are not in step */
        post(&f, round, &mine);
        if (round < MZG_TALLY_SLACK)
            continue;
        int64_t taken = round - MZG_TALLY_SLACK;
        struct mzg_round_tally all = mzg_tallies_take(f.tallies, taken);
        cr_expect(eq(i64, all.sums.n_failed, 0));
        cr_expect(eq(i64, all.sums.n_skips, ranks * (ranks - 1) / 2));
        cr_expect(eq(i64, all.my_skips, mpi_rank));
        cr_expect(eq(i64, all.sums.bytes_read, ranks << 40));
        cr_expect(eq(i64, all.sums.stage_bytes, ranks * taken));
        cr_expect(eq(i64, all.least_end, taken));
        cr_expect(eq(i64, all.greatest_end, taken));
        cr_expect(eq(i64, f.watch.n_nodes, 1));
        cr_expect(eq(i64, all.nodes[0].pss, pss));
        cr_expect(eq(i64, all.nodes[0].left, 501 - ranks));
        cr_expect(eq(i64, all.nodes[0].waits, 1));
        for (int rank = 0; rank < mpi_size; rank++) {
            struct mzg_tally told = tally_of(rank, taken);
            cr_expect(eq(dbl, all.paces[rank].elapsed, told.pace.elapsed));
            cr_expect(eq(dbl, all.paces[rank].worked, told.pace.worked));
        }
        for (int64_t i = 0; mpi_rank == 0 && i < PIXELS * (ranks - 1); i++)
            cr_expect(
                eq(dbl, f.records[taken * PIXELS * ranks + i].tic, (double)(taken * PIXELS * ranks + i + 1)));
    }
    end(&f);
}

MPI_TEST(tally, of_the_last_rank_alone_reaches_all)
{
    struct fixture f;
    begin(&f);
    bool is_last = mpi_rank == mpi_size - 1;
    struct mzg_tally mine = {.sums = {.n_failed = is_last, .counts = {[MZG_COUNTS - 1] = is_last ? 5 : 0}},
                             .round_end = is_last && mpi_size > 1 ? 7 : 9,
                             .sight = mzg_watch_no_sight};
    post(&f, 0, &mine);
    struct mzg_round_tally all = mzg_tallies_take(f.tallies, 0);
    cr_expect(eq(i64, all.sums.n_failed, 1));
    cr_expect(eq(i64, all.sums.counts[MZG_COUNTS - 1], 5));
    cr_expect(eq(i64, all.least_end, mpi_size > 1 ? 7 : 9));
    cr_expect(eq(i64, all.greatest_end, 9));
    end(&f);
}

/* What was posted and not taken is waited for. */
MPI_TEST(tally, that_nobody_takes_ends_with_the_run)
{
    struct fixture f;
    begin(&f);
    struct mzg_tally mine = tally_of(mpi_rank, 0);
    post(&f, 0, &mine);
    post(&f, 1, &mine);
    end(&f);
}
