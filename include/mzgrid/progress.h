/*
 * How a long call tells how far it has come.
 */
#ifndef MZGRID_PROGRESS_H
#define MZGRID_PROGRESS_H

#include <stdint.h>

/* Told how far the run has come: `done` of `total` pixels in the phase "resampling", parts of the store in
 * "writing". Called on rank 0 by its main thread. Has no `size`, and is therefore never longer. */
struct mzg_progress {
    void (*update)(void *context, const char *phase, int64_t done, int64_t total);
    void *context;
};

#endif
