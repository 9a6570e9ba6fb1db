/*
 * The worker threads of one rank, each pinned by hwloc to its own core inside the set that the launcher gave
 * the rank. Workers only compute, compress and copy: they never call MPI or HDF5, and never log.
 */
#ifndef MZG_CORE_POOL_H
#define MZG_CORE_POOL_H

#include <mpi.h>
#include <mzgrid/error.h>
#include <stdint.h>

struct mzg_pool;

/* One piece of work: `item` in [0, items), `worker` in [0, mzg_pool_size()), for per-thread scratch space.
 * Errors are left in `context`. */
typedef void mzg_task_fn(void *context, int64_t item, int worker);

/* Starts `threads` workers (0: as many as the rank has cores). Where the ranks of a node all see the same
 * cores, as without binding, the cores are divided among them. Collective over `comm`, which decides who
 * shares a node. */
enum mzg_status mzg_pool_new(MPI_Comm comm, int threads, struct mzg_pool **pool, struct mzg_error *err);

/* Ends the workers. Accepts NULL. Local; no work may be under way. */
void mzg_pool_free(struct mzg_pool *pool);

/* The number of workers, at least 1. Local. */
int mzg_pool_size(const struct mzg_pool *pool);

/* Whether every worker could be bound to its core (containers may forbid it). Local. */
int mzg_pool_is_pinned(const struct mzg_pool *pool);

/* Starts task(context, i, w) for each i in [0, items), in any order, on the workers, and returns at once: the
 * caller reads or writes meanwhile, and then calls mzg_pool_wait(). One such batch at a time. Local. */
void mzg_pool_start(struct mzg_pool *pool, int64_t items, mzg_task_fn *task, void *context);

/* Waits until every item is done. Everything the tasks wrote is then visible to the caller. Local. */
void mzg_pool_wait(struct mzg_pool *pool);

/* mzg_pool_start() and mzg_pool_wait(). Local. */
void mzg_pool_run(struct mzg_pool *pool, int64_t items, mzg_task_fn *task, void *context);

#endif
