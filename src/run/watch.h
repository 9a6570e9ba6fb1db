/*
 * Watches the memory of the ranks of each node while a run goes on: what they use together against the limit,
 * what the node and its control groups have left, and whether processes wait for memory. Each rank looks for
 * itself; what all saw tells how each node fares.
 */
#ifndef MZG_RUN_WATCH_H
#define MZG_RUN_WATCH_H

#include <core/context.h>
#include <mzgrid/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a rank saw when it looked last. */
struct mzg_watch_sight {
    int64_t pss;     /* bytes that it takes */
    int64_t pressed; /* whether its node comes to an end, or waits for memory */
};

struct mzg_watch {
    int64_t limit; /* of a node */
    int size;      /* ranks of the run */
    int my_node;
    int *nodes;    /* of each rank */
    int64_t *sums; /* of each node */
    double next;   /* when this rank looks again */
    int64_t left;  /* what the node had left when it looked last */
    struct mzg_watch_sight sight;
};

/* All ranks return the same status. Collective over context->comm. */
enum mzg_status mzg_watch_begin(struct mzg_watch *watch, const struct mzg_context *context, int64_t limit,
                                struct mzg_error *err);

/* Local. */
void mzg_watch_end(struct mzg_watch *watch);

/* What this rank sees. Cheap: it looks a few times a second. Local. */
struct mzg_watch_sight mzg_watch_look(struct mzg_watch *watch);

/* Whether the ranks of any node come near to their limit, or a node near to its end, by what each rank saw:
 * sights[0], and the next ones `stride` bytes behind each other. `*used` is what the ranks of this node take
 * together. Local; the same on all ranks. */
bool mzg_watch_is_near(struct mzg_watch *watch, const struct mzg_watch_sight *sights, size_t stride,
                       int64_t *used);

#endif
