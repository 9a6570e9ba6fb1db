/*
 * Watches the memory of the ranks of each node while a run goes on: what they use together against the limit,
 * what the node and its control groups have left, and whether processes of this job wait for memory. That
 * they wait counts only if they use much of their limit or little is left: otherwise it is for a neighbour,
 * or for pages of files, and smaller chunks would not help. Each rank looks for itself; what the
 * ranks of a node saw together tells how it fares.
 */
#ifndef MZG_STREAM_WATCH_H
#define MZG_STREAM_WATCH_H

#include <core/context.h>
#include <core/memory.h>
#include <stdint.h>

/* Why memory is running out, if it is. */
enum mzg_watch_cause {
    MZG_WATCH_CALM, /* there is so much that chunks may grow */
    MZG_WATCH_FAIR, /* it does not */
    MZG_WATCH_LIMIT,
    MZG_WATCH_NODE,
    MZG_WATCH_WAITS
};

/* What a rank saw when it looked last, or several of one node together. */
struct mzg_watch_sight {
    int64_t pss;  /* bytes that they take */
    int64_t left; /* bytes that their node and its control groups have left, the least that one of them saw */
    int64_t waits; /* above 0: processes of their control groups wait for memory */
};

/* Of no rank. */
extern const struct mzg_watch_sight mzg_watch_no_sight;

/* Adds what other ranks of the same node saw. Local. */
void mzg_watch_merge(const struct mzg_watch_sight *from, struct mzg_watch_sight *into);

struct mzg_watch {
    int64_t limit; /* of a node */
    int64_t n_nodes;
    int64_t node; /* of this rank: nodes count from 0, by their lowest ranks */
    double next;  /* when this rank looks again */
    struct mzg_memory_gauge used;
    struct mzg_watch_sight sight;
};

/* Collective over context->comm. */
void mzg_watch_begin(struct mzg_watch *watch, const struct mzg_context *context, int64_t limit);

/* What this rank sees. Cheap: it looks a few times a second. Local. */
struct mzg_watch_sight mzg_watch_look(struct mzg_watch *watch);

/* Whether the ranks of any node come near to their limit, or a node near to its end, by what the ranks of
 * each node saw together. `*used` and `*left` are what those of this node take, and what it has left. Local;
 * what is returned is the same on all ranks. */
enum mzg_watch_cause mzg_watch_judge(const struct mzg_watch *watch, const struct mzg_watch_sight *nodes,
                                     int64_t *used, int64_t *left);

/* In words, behind "because". Local. */
const char *mzg_watch_words(enum mzg_watch_cause cause);

#endif
