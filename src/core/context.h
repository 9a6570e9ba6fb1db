/*
 * What every part of a run needs from its surroundings: the ranks it works with, its threads, its log,
 * whether it should end early. Owned by whoever starts the run; borrowed, and valid, for as long as any
 * object made with it lives.
 */
#ifndef MZG_CORE_CONTEXT_H
#define MZG_CORE_CONTEXT_H

#include <mpi.h>
#include <stdatomic.h>
#include <stdbool.h>

struct mzg_log;
struct mzg_pool;

/* The head of what the context frees by free() at its end. */
struct mzg_link {
    struct mzg_link *next;
};

struct mzg_context {
    MPI_Comm comm; /* all ranks of the run; an error of MPI ends the job (core/mpi.h) */
    int rank;
    int size;
    struct mzg_log *log;    /* may be NULL: silent */
    struct mzg_pool *pool;  /* the pinned worker threads of this rank */
    const atomic_int *stop; /* may be NULL; not 0: whatever is under way ends (core/stop.h) */
    bool is_library;        /* mzg_context_new() made it: messages speak of parameters (core/parameters.h) */
    struct mzg_link *foreign; /* registered readers (input/foreign.h) */
};

#endif
