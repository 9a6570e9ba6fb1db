#include <cli/nap.h>

#include <core/clock.h>

#include <sched.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const double awake = 50e-6;  /* a wait so long is not slept through: a message is often quicker */
static const double apart = 100e-6; /* what takes longer is not asking for messages */
static const double share = 8, longest = 1e-3;

static _Thread_local bool is_allowed;
static _Thread_local struct mzg_nap wait_of_thread;

void mzg_nap_allow(const struct mzg_placement *placement)
{
    is_allowed = placement->is_shared && placement->node_ranks > hwloc_bitmap_weight(placement->given);
}

double mzg_nap_length(struct mzg_nap *nap, double now)
{
    if (now - nap->last > apart)
        nap->begin = now;
    double waited = now - nap->begin;
    if (waited < awake)
        return 0;
    return waited / share < longest ? waited / share : longest;
}

void mzg_nap_end(struct mzg_nap *nap, double now)
{
    nap->last = now;
}

/* In place of that of the C library. */
int sched_yield(void)
{
    if (!is_allowed)
        return (int)syscall(SYS_sched_yield);
    struct timespec nap = {.tv_nsec = (long)(mzg_nap_length(&wait_of_thread, mzg_clock_seconds()) * 1e9)};
    int status = 0;
    if (nap.tv_nsec == 0)
        status = (int)syscall(SYS_sched_yield);
    else
        nanosleep(&nap, NULL);
    mzg_nap_end(&wait_of_thread, mzg_clock_seconds());
    return status;
}
