/* The clock that durations are measured by. */
#ifndef MZG_CORE_CLOCK_H
#define MZG_CORE_CLOCK_H

#include <time.h>

/* Seconds of the monotonic clock. Thread-safe. */
static inline double mzg_clock_seconds(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
