/*
 * Watches the memory of the ranks of each node while a run goes on: what they use together against the limit,
 * what the node and its control groups have left, and whether processes wait for memory.
 */
#ifndef MZG_RUN_WATCH_H
#define MZG_RUN_WATCH_H

#include <core/context.h>
#include <mzgrid/error.h>
#include <stdbool.h>
#include <stdint.h>

struct mzg_watch {
    MPI_Comm node;   /* the ranks of this node */
    int64_t limit;   /* of a node */
    double next;     /* when this rank looks again */
    int64_t pss;     /* of this rank, when it looked last; */
    int64_t left;    /*  what the node had left then, */
    double pressure; /* and how much it waited for memory, in percent */
};

/* Collective over context->comm. */
void mzg_watch_begin(struct mzg_watch *watch, const struct mzg_context *context, int64_t limit);
void mzg_watch_end(struct mzg_watch *watch);

/* Whether the ranks of this node come near to their limit, or the node near to its end; `*used` is what they
 * have together. Cheap: a rank looks a few times a second. The same on all ranks of a node. Collective over
 * them. */
bool mzg_watch_is_near(struct mzg_watch *watch, int64_t *used);

#endif
