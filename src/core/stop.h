/*
 * The wish that a run ends early: a flag, not 0 once a signal asked for it, which workers read as well. What
 * takes long looks at it between steps of a fraction of a second, for mpirun kills its ranks one second after
 * it passed Ctrl-C on.
 */
#ifndef MZG_CORE_STOP_H
#define MZG_CORE_STOP_H

#include <mzgrid/error.h>

#include <stdatomic.h>
#include <stdbool.h>

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler sets the flag");

/* `stop` may be NULL. Local: ranks may see it at different times, and agree as on any failure. */
static inline bool mzg_is_stopped(const atomic_int *stop)
{
    return stop && *stop;
}

/* MZG_EINTERRUPTED if it is so. An error that `err` holds stays. Local. */
enum mzg_status mzg_check_stop(const atomic_int *stop, struct mzg_error *err);

#endif
