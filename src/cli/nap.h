/*
 * How a rank waits if the ranks of its node are more than its hardware threads. Open MPI asks all the time
 * whether a message has come, and between gives its core away by sched_yield(), if it sees that ranks are
 * too many (mpi_yield_when_idle). Ranks that wait for each other so hand the cores round, hundred thousands
 * of times a second, and the one that computes gets its core back only in its turn. So the program has a
 * sched_yield() of its own, which libraries find before that of the C library: it sleeps once the wait has
 * lasted (docs/decisions/053-ranks-that-wait-nap.md). libmzgrid has none: that would be its user's choice.
 */
#ifndef MZG_CLI_NAP_H
#define MZG_CLI_NAP_H

#include <core/placement.h>

/* A wait; `{0}` to begin. Seconds of the monotonic clock. */
struct mzg_nap {
    double begin; /* of the wait */
    double last;  /* when the core was given away, or slept through, last */
};

/* From now on waits of this thread, the one that calls MPI, are slept through, if the ranks of its node, as
 * `placement` has them, are more than the hardware threads that all of them share. Ranks that were given
 * different ones are left as they are. Local. */
void mzg_nap_allow(const struct mzg_placement *placement);

/* How long to sleep at `now`, in seconds: an eighth of what was waited so far, so that no wait gets longer by
 * more, and at most a millisecond. 0 at the beginning of a wait: the core is only given away. What was done
 * for so long that it cannot be asking for messages begins a new wait. Local. */
double mzg_nap_length(struct mzg_nap *nap, double now);

/* Notes that the core came back, or the sleep ended, at `now`. Local. */
void mzg_nap_end(struct mzg_nap *nap, double now);

#endif
