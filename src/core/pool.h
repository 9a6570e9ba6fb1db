/*
 * The threads of one rank that compute, each pinned by hwloc to its own core inside the set that the launcher
 * gave the rank. The thread that makes the pool is one of them: it works along whenever it waits, so that no
 * core idles and none is shared. The others only compute, compress and copy: they never call MPI or HDF5, and
 * never log. Beside them stands one more thread that waits for files (mzg_pool_start_aside()).
 */
#ifndef MZG_CORE_POOL_H
#define MZG_CORE_POOL_H

#include <mpi.h>
#include <mzgrid/error.h>
#include <stdint.h>

struct mzg_placement;
struct mzg_pool;

/* One piece of work: `item` in [0, items), `worker` in [0, mzg_pool_size()), for per-thread scratch space.
 * Errors are left in `context`. */
typedef void mzg_task_fn(void *context, int64_t item, int worker);

/* Starts threads, so that `threads` work together (0: as many as the rank has cores), the caller among them,
 * which stays pinned until the pool is freed. Where the ranks of a node all see the same cores, as without
 * binding, the cores are divided among them. Collective over `comm`, which decides who shares a node. */
enum mzg_status mzg_pool_new(MPI_Comm comm, int threads, struct mzg_pool **pool, struct mzg_error *err);

/* Ends the threads. Accepts NULL. Local, by the thread that made the pool; no work may be under way. */
void mzg_pool_free(struct mzg_pool *pool);

/* The number of workers, the caller among them, at least 1. Local. */
int mzg_pool_size(const struct mzg_pool *pool);

/* Where the workers run (placement.h); borrowed. Local. */
const struct mzg_placement *mzg_pool_placement(const struct mzg_pool *pool);

/* Seconds that the workers together have worked on items so far, but for those of a batch under way that they
 * are not done with. Local. */
double mzg_pool_busy(const struct mzg_pool *pool);

/* Starts task(context, i, w) for each i in [0, items), in any order, on the other workers, and returns at
 * once: the caller communicates or writes meanwhile, and then calls mzg_pool_wait(). A pool of one worker
 * starts nothing before that. One such batch at a time. Local. */
void mzg_pool_start(struct mzg_pool *pool, int64_t items, mzg_task_fn *task, void *context);

/* Works along until every item is done. Everything the tasks wrote is then visible to the caller. Local. */
void mzg_pool_wait(struct mzg_pool *pool);

/* mzg_pool_start() and mzg_pool_wait(). Local. */
void mzg_pool_run(struct mzg_pool *pool, int64_t items, mzg_task_fn *task, void *context);

/* Starts function(context) on the thread beside the workers, which runs on any core of the rank: for reading
 * ahead, so that the workers need not wait for a disk. One at a time; wait before the next one. Local. */
void mzg_pool_start_aside(struct mzg_pool *pool, void (*function)(void *context), void *context);

/* Waits for it; returns at once where none was started. What it wrote is then visible to the caller. Local.
 */
void mzg_pool_wait_aside(struct mzg_pool *pool);

#endif
