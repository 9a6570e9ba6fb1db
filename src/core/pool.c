/*
 * Workers wait for a batch of items, take items one by one from a shared counter, and say so when none is
 * left. Worker 0 is the thread that made the pool; it takes items while it waits. Where it has all of a
 * rank's core to itself nothing is lost to switching between threads, and what MPI burns while it polls is
 * taken from nobody.
 * Which core a worker gets placement.h says.
 */
#include <core/agree.h>
#include <core/clock.h>
#include <core/mpi.h>
#include <core/placement.h>
#include <core/pool.h>

#include <hwloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct worker {
    struct mzg_pool *pool;
    pthread_t thread; /* not of worker 0 */
    int number;
    _Atomic double busy; /* seconds that it worked on items; others may ask for them meanwhile */
};

/* The thread beside the workers. */
struct aside {
    pthread_t thread;
    bool started;
    pthread_cond_t changed;
    void (*function)(void *context); /* under way; NULL: none */
    void *context;
};

struct mzg_pool {
    struct mzg_placement *placement;
    struct worker *workers;
    int size;
    int n_started;               /* of the workers from number 1 on */
    hwloc_cpuset_t cores_before; /* where worker 0 ran before; NULL: it stays there */
    struct aside aside;

    pthread_mutex_t lock;
    pthread_cond_t work_ready;
    pthread_cond_t work_done;
    int64_t batch; /* counts batches, so that a worker does not take part in one twice */
    int busy;      /* workers that are not done yet */
    bool ending;

    mzg_task_fn *task;
    void *context;
    int64_t items;
    atomic_int_fast64_t next_item;
};

static void run_items(struct mzg_pool *pool, struct worker *worker)
{
    double begin = mzg_clock_seconds();
    for (;;) {
        int64_t item = atomic_fetch_add_explicit(&pool->next_item, 1, memory_order_relaxed);
        if (item >= pool->items)
            break;
        pool->task(pool->context, item, worker->number);
    }
    double before = atomic_load_explicit(&worker->busy, memory_order_relaxed); /* no other thread adds */
    atomic_store_explicit(&worker->busy, before + mzg_clock_seconds() - begin, memory_order_relaxed);
}

/* Some containers forbid it; the work is the same. */
static void pin(struct worker *worker)
{
    const struct mzg_placement *placement = worker->pool->placement;
    if (placement->threads[worker->number])
        (void)hwloc_set_cpubind(placement->topology, placement->threads[worker->number],
                                HWLOC_CPUBIND_THREAD);
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct mzg_pool *pool = worker->pool;
    pin(worker);

    int64_t seen = 0;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->batch == seen && !pool->ending)
            pthread_cond_wait(&pool->work_ready, &pool->lock);
        if (pool->ending)
            break;
        seen = pool->batch;
        pthread_mutex_unlock(&pool->lock);

        run_items(pool, worker);

        pthread_mutex_lock(&pool->lock);
        if (--pool->busy == 0)
            pthread_cond_signal(&pool->work_done);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void *aside_main(void *argument)
{
    struct mzg_pool *pool = argument;
    struct aside *aside = &pool->aside;
    hwloc_set_cpubind(pool->placement->topology, pool->placement->cores, HWLOC_CPUBIND_THREAD);
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!aside->function && !pool->ending)
            pthread_cond_wait(&aside->changed, &pool->lock);
        if (!aside->function)
            break;
        pthread_mutex_unlock(&pool->lock);
        aside->function(aside->context);
        pthread_mutex_lock(&pool->lock);
        aside->function = NULL;
        pthread_cond_broadcast(&aside->changed);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Pins the caller as worker 0 and starts all others and the thread beside them. */
static enum mzg_status start_workers(struct mzg_pool *pool, struct mzg_error *err)
{
    for (int i = 0; i < pool->size; i++) {
        pool->workers[i].pool = pool;
        pool->workers[i].number = i;
    }
    for (int i = 1; i < pool->size; i++) {
        int code = pthread_create(&pool->workers[i].thread, NULL, worker_main, &pool->workers[i]);
        if (code)
            return mzg_fail(err, MZG_ENOMEM, "cannot start worker thread %d of %d: %s; try fewer --threads",
                            i, pool->size - 1, strerror(code));
        pool->n_started++;
    }
    int code = pthread_create(&pool->aside.thread, NULL, aside_main, pool);
    if (code)
        return mzg_fail(err, MZG_ENOMEM, "cannot start a thread that reads ahead: %s", strerror(code));
    pool->aside.started = true;

    hwloc_cpuset_t before = hwloc_bitmap_alloc();
    if (before && hwloc_get_cpubind(pool->placement->topology, before, HWLOC_CPUBIND_THREAD) == 0)
        pool->cores_before = before;
    else
        hwloc_bitmap_free(before);
    pin(&pool->workers[0]);
    return MZG_OK;
}

enum mzg_status mzg_pool_new(MPI_Comm comm, int threads, struct mzg_pool **pool, struct mzg_error *err)
{
    struct mzg_placement *placement = NULL;
    struct mzg_pool *new_pool = NULL;
    if (mzg_placement_new(comm, threads, &placement, err) != MZG_OK) {
        mzg_placement_free(placement);
        return err->status;
    }
    new_pool = calloc(1, sizeof *new_pool);
    if (!new_pool) {
        mzg_fail(err, MZG_ENOMEM, "no memory for the thread pool");
        mzg_placement_free(placement);
    } else {
        pthread_mutex_init(&new_pool->lock, NULL);
        pthread_cond_init(&new_pool->work_ready, NULL);
        pthread_cond_init(&new_pool->work_done, NULL);
        pthread_cond_init(&new_pool->aside.changed, NULL);
        new_pool->placement = placement;
        new_pool->workers = calloc((size_t)placement->size, sizeof *new_pool->workers);
        new_pool->size = new_pool->workers ? placement->size : 0;
        if (!new_pool->workers)
            mzg_fail(err, MZG_ENOMEM, "no memory for %d worker threads", placement->size);
        else
            start_workers(new_pool, err);
    }
    if (mzg_agree(comm, err) != MZG_OK) {
        mzg_pool_free(new_pool);
        return err->status;
    }
    *pool = new_pool;
    return MZG_OK;
}

void mzg_pool_free(struct mzg_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_cond_broadcast(&pool->work_ready);
    pthread_cond_broadcast(&pool->aside.changed);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 1; i <= pool->n_started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    if (pool->aside.started)
        pthread_join(pool->aside.thread, NULL);
    if (pool->cores_before)
        hwloc_set_cpubind(pool->placement->topology, pool->cores_before, HWLOC_CPUBIND_THREAD);
    hwloc_bitmap_free(pool->cores_before);
    pthread_cond_destroy(&pool->aside.changed);
    pthread_cond_destroy(&pool->work_done);
    pthread_cond_destroy(&pool->work_ready);
    pthread_mutex_destroy(&pool->lock);
    mzg_placement_free(pool->placement);
    free(pool->workers);
    free(pool);
}

int mzg_pool_size(const struct mzg_pool *pool)
{
    return pool->size;
}

const struct mzg_placement *mzg_pool_placement(const struct mzg_pool *pool)
{
    return pool->placement;
}

double mzg_pool_busy(const struct mzg_pool *pool)
{
    double busy = 0;
    for (int i = 0; i < pool->size; i++)
        busy += atomic_load_explicit(&pool->workers[i].busy, memory_order_relaxed);
    return busy;
}

void mzg_pool_start(struct mzg_pool *pool, int64_t items, mzg_task_fn *task, void *context)
{
    pthread_mutex_lock(&pool->lock);
    pool->task = task;
    pool->context = context;
    pool->items = items;
    atomic_store(&pool->next_item, 0);
    pool->busy = pool->n_started;
    pool->batch++;
    pthread_cond_broadcast(&pool->work_ready);
    pthread_mutex_unlock(&pool->lock);
}

void mzg_pool_wait(struct mzg_pool *pool)
{
    run_items(pool, &pool->workers[0]);
    pthread_mutex_lock(&pool->lock);
    while (pool->busy > 0)
        pthread_cond_wait(&pool->work_done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

void mzg_pool_run(struct mzg_pool *pool, int64_t items, mzg_task_fn *task, void *context)
{
    mzg_pool_start(pool, items, task, context);
    mzg_pool_wait(pool);
}

void mzg_pool_start_aside(struct mzg_pool *pool, void (*function)(void *context), void *context)
{
    pthread_mutex_lock(&pool->lock);
    pool->aside.function = function;
    pool->aside.context = context;
    pthread_cond_broadcast(&pool->aside.changed);
    pthread_mutex_unlock(&pool->lock);
}

void mzg_pool_wait_aside(struct mzg_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->aside.function)
        pthread_cond_wait(&pool->aside.changed, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}
