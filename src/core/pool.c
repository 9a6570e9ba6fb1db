/*
 * Workers wait for a batch of items, take items one by one from a shared counter, and report when none is
 * left. Worker 0 is the thread that made the pool; it takes items while it waits. Where it has all of a
 * rank's core to itself nothing is lost to switching between threads, and what MPI burns while it polls is
 * taken from nobody.
 *
 * Which core a worker gets: the launcher's set of cores for this rank, or all cores that the node allows.
 * Where the ranks of a node all see the same set (mpirun --bind-to none, --oversubscribe), each takes its
 * share of it, or every rank would pin its workers to the same first cores.
 */
#include <core/agree.h>
#include <core/mpi.h>
#include <core/pool.h>

#include <hwloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct worker {
    struct mzg_pool *pool;
    pthread_t thread; /* not of worker 0 */
    int number;
    hwloc_cpuset_t cores; /* where it may run; NULL: anywhere */
    double busy;          /* seconds that it worked on items */
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
    hwloc_topology_t topology;
    struct worker *workers;
    int size;
    int n_started;               /* of the workers from number 1 on */
    hwloc_cpuset_t cores;        /* of all of them */
    hwloc_cpuset_t cores_before; /* where worker 0 ran before; NULL: it stays there */
    struct aside aside;

    pthread_mutex_t lock;
    pthread_cond_t work_ready;
    pthread_cond_t work_done;
    int64_t batch; /* counts batches, so that a worker does not take part in one twice */
    int busy;      /* workers that have not reported yet */
    bool ending;

    mzg_task_fn *task;
    void *context;
    int64_t items;
    atomic_int_fast64_t next_item;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void run_items(struct mzg_pool *pool, struct worker *worker)
{
    double begin = now();
    for (;;) {
        int64_t item = atomic_fetch_add_explicit(&pool->next_item, 1, memory_order_relaxed);
        if (item >= pool->items)
            break;
        pool->task(pool->context, item, worker->number);
    }
    worker->busy += now() - begin;
}

/* Some containers forbid it; the work is the same. */
static void pin(struct worker *worker)
{
    if (worker->cores)
        (void)hwloc_set_cpubind(worker->pool->topology, worker->cores, HWLOC_CPUBIND_THREAD);
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
    hwloc_set_cpubind(pool->topology, pool->cores, HWLOC_CPUBIND_THREAD);
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

/* The cores that the launcher gave this process, within those that the node allows. */
static hwloc_cpuset_t cores_of_process(hwloc_topology_t topology)
{
    hwloc_cpuset_t cores = hwloc_bitmap_alloc();
    hwloc_const_cpuset_t allowed = hwloc_topology_get_allowed_cpuset(topology);
    if (hwloc_get_cpubind(topology, cores, HWLOC_CPUBIND_PROCESS) != 0 || hwloc_bitmap_iszero(cores))
        hwloc_bitmap_copy(cores, allowed);
    hwloc_bitmap_and(cores, cores, allowed);
    return cores;
}

/* Whether all ranks of this node see the set of cores that this one sees; then `share` of `sharers` is its
 * part. Collective. */
static bool cores_are_shared(MPI_Comm comm, hwloc_const_cpuset_t cores, int *share, int *sharers)
{
    MPI_Comm node;
    int rank;
    MZG_MPI(MPI_Comm_rank(comm, &rank));
    MZG_MPI(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node));
    MZG_MPI(MPI_Comm_rank(node, share));
    MZG_MPI(MPI_Comm_size(node, sharers));

    char mine[256] = "", first[256];
    hwloc_bitmap_list_snprintf(mine, sizeof mine, cores);
    memcpy(first, mine, sizeof first);
    MZG_MPI(MPI_Bcast(first, sizeof first, MPI_CHAR, 0, node));
    int same = strcmp(mine, first) == 0;
    int all_same;
    MZG_MPI(MPI_Allreduce(&same, &all_same, 1, MPI_INT, MPI_LAND, node));
    MZG_MPI(MPI_Comm_free(&node));
    return all_same && *sharers > 1;
}

/* Cuts `cores` into `n` sets of neighbouring cores, as hwloc finds them closest to each other. */
static void distribute_cores(hwloc_topology_t topology, hwloc_const_cpuset_t cores, int n,
                             hwloc_cpuset_t *sets)
{
    enum { MAX_ROOTS = 256 };
    hwloc_obj_t roots[MAX_ROOTS];
    unsigned n_roots = 0;
    hwloc_cpuset_t left = hwloc_bitmap_dup(cores);
    while (n_roots < MAX_ROOTS && !hwloc_bitmap_iszero(left)) {
        hwloc_obj_t largest = hwloc_get_first_largest_obj_inside_cpuset(topology, left);
        if (!largest)
            break;
        roots[n_roots++] = largest;
        hwloc_bitmap_andnot(left, left, largest->cpuset);
    }
    hwloc_bitmap_free(left);
    if (n_roots > 0)
        hwloc_distrib(topology, roots, n_roots, sets, (unsigned)n, INT_MAX, 0);
}

/* Narrows `cores` to the `share`-th of `sharers` parts, where there are enough cores for all. */
static void take_share(hwloc_topology_t topology, hwloc_cpuset_t cores, int share, int sharers)
{
    hwloc_cpuset_t *parts = calloc((size_t)sharers, sizeof *parts);
    if (!parts)
        return;
    distribute_cores(topology, cores, sharers, parts);
    if (parts[share])
        hwloc_bitmap_copy(cores, parts[share]);
    for (int i = 0; i < sharers; i++)
        hwloc_bitmap_free(parts[i]);
    free(parts);
}

static int count_cores(hwloc_topology_t topology, hwloc_const_cpuset_t cores)
{
    int n = hwloc_get_nbobjs_inside_cpuset_by_type(topology, cores, HWLOC_OBJ_CORE);
    if (n <= 0)
        n = hwloc_bitmap_weight(cores);
    return n > 0 ? n : 1;
}

/* Gives each worker its set of cores: one core each while there are enough. */
static void assign_cores(struct mzg_pool *pool, hwloc_const_cpuset_t cores)
{
    hwloc_cpuset_t *sets = calloc((size_t)pool->size, sizeof *sets);
    if (!sets)
        return;
    distribute_cores(pool->topology, cores, pool->size, sets);
    for (int i = 0; i < pool->size; i++) {
        if (sets[i] && pool->size <= hwloc_bitmap_weight(cores))
            hwloc_bitmap_singlify(sets[i]);
        pool->workers[i].cores = sets[i];
    }
    free(sets);
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
    if (before && hwloc_get_cpubind(pool->topology, before, HWLOC_CPUBIND_THREAD) == 0)
        pool->cores_before = before;
    else
        hwloc_bitmap_free(before);
    pin(&pool->workers[0]);
    return MZG_OK;
}

enum mzg_status mzg_pool_new(MPI_Comm comm, int threads, struct mzg_pool **pool, struct mzg_error *err)
{
    struct mzg_pool *new_pool = calloc(1, sizeof *new_pool);
    if (!new_pool)
        mzg_fail(err, MZG_ENOMEM, "no memory for the thread pool");
    else if (hwloc_topology_init(&new_pool->topology) != 0 || hwloc_topology_load(new_pool->topology) != 0)
        mzg_fail(err, MZG_EIO, "hwloc cannot read the topology of this node");
    if (mzg_agree(comm, err) != MZG_OK) {
        if (new_pool && new_pool->topology)
            hwloc_topology_destroy(new_pool->topology);
        free(new_pool);
        return err->status;
    }

    pthread_mutex_init(&new_pool->lock, NULL);
    pthread_cond_init(&new_pool->work_ready, NULL);
    pthread_cond_init(&new_pool->work_done, NULL);
    pthread_cond_init(&new_pool->aside.changed, NULL);
    hwloc_cpuset_t cores = cores_of_process(new_pool->topology);
    new_pool->cores = cores;
    int share, sharers;
    if (cores_are_shared(comm, cores, &share, &sharers))
        take_share(new_pool->topology, cores, share, sharers);

    int wanted = threads > 0 ? threads : count_cores(new_pool->topology, cores);
    new_pool->workers = calloc((size_t)wanted, sizeof *new_pool->workers);
    if (!new_pool->workers) {
        mzg_fail(err, MZG_ENOMEM, "no memory for %d worker threads", wanted);
    } else {
        new_pool->size = wanted;
        assign_cores(new_pool, cores);
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
        hwloc_set_cpubind(pool->topology, pool->cores_before, HWLOC_CPUBIND_THREAD);
    for (int i = 0; i < pool->size; i++)
        hwloc_bitmap_free(pool->workers[i].cores);
    hwloc_bitmap_free(pool->cores_before);
    hwloc_bitmap_free(pool->cores);
    pthread_cond_destroy(&pool->aside.changed);
    pthread_cond_destroy(&pool->work_done);
    pthread_cond_destroy(&pool->work_ready);
    pthread_mutex_destroy(&pool->lock);
    hwloc_topology_destroy(pool->topology);
    free(pool->workers);
    free(pool);
}

int mzg_pool_size(const struct mzg_pool *pool)
{
    return pool->size;
}

double mzg_pool_busy(const struct mzg_pool *pool)
{
    double busy = 0;
    for (int i = 0; i < pool->size; i++)
        busy += pool->workers[i].busy;
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
