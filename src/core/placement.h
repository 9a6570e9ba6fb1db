/*
 * Where the threads of a rank compute: a core each, of those that the launcher gave the rank, or all cores
 * that the node allows. If the ranks of a node all see the same cores (mpirun --bind-to none,
 * --oversubscribe), each takes its share of them, or every rank would pin its threads to the same first
 * cores.
 */
#ifndef MZG_CORE_PLACEMENT_H
#define MZG_CORE_PLACEMENT_H

#include <hwloc.h>
#include <mpi.h>
#include <mzgrid/error.h>
#include <stdbool.h>

struct mzg_placement {
    hwloc_topology_t topology; /* of this node; owned, as all below */
    hwloc_cpuset_t given;      /* what the launcher gave, within what the node allows */
    hwloc_cpuset_t cores;      /* the part of it that this rank uses */
    int size;                  /* threads */
    hwloc_cpuset_t *threads;   /* where each of them runs; an entry may be NULL: anywhere in `cores` */
    bool is_shared;            /* all ranks of the node were given the same */
    int node_ranks;            /* on this node */
};

/* Places `threads` threads (0: as many as the rank has cores) of this rank. Free it on failure, too.
 * Collective over `comm`, which decides who shares a node. */
enum mzg_status mzg_placement_new(MPI_Comm comm, int threads, struct mzg_placement **placement,
                                  struct mzg_error *err);

/* Accepts NULL. Local. */
void mzg_placement_free(struct mzg_placement *placement);

/* What mzg_placement_new() does once it knows topology and `given`: this is rank `share` of `node_ranks`,
 * which were given the same if `is_shared`. Local. */
enum mzg_status mzg_placement_assign(struct mzg_placement *placement, int share, int threads,
                                     struct mzg_error *err);

/* How many cores have a part in `set`, at least 1. Hardware threads of one core are one core. Local. */
int mzg_placement_count(hwloc_topology_t topology, hwloc_const_cpuset_t set);

/* Whether the launcher gave less than the node allows. Local. */
bool mzg_placement_is_bound(const struct mzg_placement *placement);

#endif
