#include <core/pool.h>
#include <failing_calls.h>
#include <mpi_test.h>

#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum { ITEMS = 1000 };

struct tally {
    atomic_int done[ITEMS];
    int64_t by_worker[8];
};

static void count_item(void *context, int64_t item, int worker)
{
    struct tally *tally = context;
    atomic_fetch_add(&tally->done[item], 1);
    tally->by_worker[worker]++;
}

MPI_TEST(pool, every_item_is_done_once)
{
    struct mzg_error err = {0};
    struct mzg_pool *pool = NULL;
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, 3, &pool, &err), MZG_OK));
    cr_expect(eq(int, mzg_pool_size(pool), 3));

    static struct tally tally;
    for (int batch = 0; batch < 50; batch++)
        mzg_pool_run(pool, ITEMS, count_item, &tally);
    mzg_pool_run(pool, 0, count_item, &tally);

    for (int i = 0; i < ITEMS; i++)
        cr_expect(eq(int, atomic_load(&tally.done[i]), 50));
    int64_t sum = tally.by_worker[0] + tally.by_worker[1] + tally.by_worker[2];
    cr_expect(eq(i64, sum, 50 * ITEMS));
    mzg_pool_free(pool);
}

MPI_TEST(pool, default_size_is_at_least_one)
{
    struct mzg_error err = {0};
    struct mzg_pool *pool = NULL;
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, 0, &pool, &err), MZG_OK));
    cr_expect(ge(int, mzg_pool_size(pool), 1));
    mzg_pool_free(pool);
}

/* Begins to read ahead only once the workers are at it, and ends after them: nobody waits for the other. */
struct both {
    atomic_int items;
    atomic_int aside;
};

static void count_down(void *context, int64_t item, int worker)
{
    (void)item;
    (void)worker;
    struct both *both = context;
    atomic_fetch_add(&both->items, 1);
}

static void wait_for_items(void *context)
{
    struct both *both = context;
    while (atomic_load(&both->items) < ITEMS)
        continue;
    atomic_fetch_add(&both->aside, 1);
}

MPI_TEST(pool, a_function_runs_beside_the_workers)
{
    struct mzg_error err = {0};
    struct mzg_pool *pool = NULL;
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, 2, &pool, &err), MZG_OK));
    mzg_pool_wait_aside(pool);
    for (int turn = 1; turn <= 20; turn++) {
        struct both both = {0};
        mzg_pool_start_aside(pool, wait_for_items, &both);
        mzg_pool_run(pool, ITEMS, count_down, &both);
        mzg_pool_wait_aside(pool);
        cr_expect(eq(int, atomic_load(&both.aside), 1));
    }
    mzg_pool_free(pool);
}

/* How long the items took by a clock of their own, in nanoseconds. */
static atomic_llong in_items;

static long long nanoseconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void sleep_a_while(void *context, int64_t item, int worker)
{
    (void)context;
    (void)item;
    (void)worker;
    long long begin = nanoseconds();
    usleep(2000);
    atomic_fetch_add(&in_items, nanoseconds() - begin);
}

MPI_TEST(pool, busy_seconds_are_those_of_all_workers)
{
    struct mzg_error err = {0};
    struct mzg_pool *pool = NULL;
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, 2, &pool, &err), MZG_OK));
    in_items = 0;
    long long begin = nanoseconds();
    mzg_pool_start(pool, 10, sleep_a_while, NULL);
    mzg_pool_wait(pool);
    double all = 1e-9 * (double)(nanoseconds() - begin);
    cr_expect(ge(dbl, mzg_pool_busy(pool), 1e-9 * (double)in_items));
    cr_expect(ge(dbl, mzg_pool_busy(pool), 0.02));
    cr_expect(le(dbl, mzg_pool_busy(pool), mzg_pool_size(pool) * all));
    mzg_pool_free(pool);
}

static enum mzg_status try_to_make(void *fixture, struct mzg_error *err)
{
    struct mzg_pool *pool = NULL;
    (void)fixture;
    enum mzg_status status = mzg_pool_new(MPI_COMM_WORLD, 3, &pool, err);
    end_failing();
    cr_expect(eq(int, pool != NULL, status == MZG_OK));
    mzg_pool_free(pool);
    return status;
}

/* Its two workers, or the thread beside them. */
MPI_TEST(pool, is_made_by_no_rank_if_the_last_can_start_no_thread)
{
    cr_expect(eq(long, fail_each_call(THREADS, mpi_size - 1, 0, try_to_make, NULL), 3));
}

MPI_TEST(pool, is_made_by_no_rank_if_the_last_has_no_memory)
{
    cr_expect(ge(long, fail_each_call(MEMORY, mpi_size - 1, 0, try_to_make, NULL), 2));
}

MPI_TEST(pool, null_is_freed)
{
    mzg_pool_free(NULL);
    cr_expect(eq(int, mpi_size > 0, 1));
}
