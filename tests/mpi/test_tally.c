/*
 * What ranks tell each other about their rounds: all come to the same, whatever one of them alone has to
 * tell, in whatever order they post, with rounds of different ranks under way at once.
 */
#include <core/mpi.h>
#include <mpi_test.h>
#include <stream/tally.h>

#include <unistd.h>

enum { ROUNDS = 7 };

struct fixture {
    struct mzg_context context;
    struct mzg_error err;
    struct mzg_watch watch;
    struct mzg_tallies *tallies;
};

static void begin(struct fixture *f)
{
    *f = (struct fixture){.context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size}};
    mzg_watch_begin(&f->watch, &f->context, 1000);
    cr_assert(eq(int, (int)mzg_tallies_new(&f->context, &f->watch, &f->tallies, &f->err), MZG_OK));
}

static void end(struct fixture *f)
{
    mzg_tallies_free(f->tallies);
}

static struct mzg_tally tally_of(int rank, int64_t round)
{
    return (struct mzg_tally){
        .sums = {.n_skips = rank, .bytes_read = INT64_C(1) << 40, .stage_bytes = round},
        .round_end = round,
        .sight = {.pss = 10 + rank, .left = 500 - rank, .waits = rank == 0},
        .of_rank.pace = {.elapsed = 0.1 * (double)(round + rank), .worked = 1.0 / (rank + 3)}};
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
        mzg_tallies_post(f.tallies, round, &mine);
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
            cr_expect(eq(dbl, all.paces[rank].elapsed, told.of_rank.pace.elapsed));
            cr_expect(eq(dbl, all.paces[rank].worked, told.of_rank.pace.worked));
        }
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
    mzg_tallies_post(f.tallies, 0, &mine);
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
    mzg_tallies_post(f.tallies, 0, &mine);
    mzg_tallies_post(f.tallies, 1, &mine);
    end(&f);
}
