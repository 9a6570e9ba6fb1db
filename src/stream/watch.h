/*
 * Watches the memory of the ranks of each node while a run goes on: what they use together against the limit,
 * what the node and its control groups have left, and whether processes of this job wait for memory. That
 * they wait counts only if they use much of their limit or little is left: otherwise it is for a neighbour,
 * or for pages of files, and smaller chunks would not help. Each rank looks for itself; what all saw tells
 * how each node fares.
 */
#ifndef MZG_STREAM_WATCH_H
#define MZG_STREAM_WATCH_H

#include <core/context.h>
#include <mzgrid/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why memory is running out, if it is. */
enum mzg_watch_cause {
    MZG_WATCH_CALM, /* there is so much that chunks may grow */
    MZG_WATCH_FAIR, /* it does not */
    MZG_WATCH_LIMIT,
    MZG_WATCH_NODE,
    MZG_WATCH_WAITS
};

/* What a rank saw when it looked last. */
struct mzg_watch_sight {
    int64_t pss;   /* bytes that it takes */
    int64_t left;  /* bytes that its node and its control groups have left */
    int64_t waits; /* whether processes of its control group wait for memory */
};

struct mzg_watch {
    int64_t limit; /* of a node */
    int size;      /* ranks of the run */
    int my_node;
    int *nodes;    /* of each rank */
    int64_t *sums; /* of each node */
    double next;   /* when this rank looks again */
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
 * sights[0], and the next ones `stride` bytes behind each other. `*used` and `*left` are what the ranks of
 * this node take together, and what it has left. Local; what is returned is the same on all ranks. */
enum mzg_watch_cause mzg_watch_judge(struct mzg_watch *watch, const struct mzg_watch_sight *sights,
                                     size_t stride, int64_t *used, int64_t *left);

/* In words, behind "because". Local. */
const char *mzg_watch_words(enum mzg_watch_cause cause);

#endif
