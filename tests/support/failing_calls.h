/*
 * Calls of the system that the library makes, of which one fails as it does when memory, threads or disks run
 * out. The linker puts the functions of failing_calls.c in their place (--wrap, see
 * cmake/CriterionMpi.cmake); what MPI, HDF5 and Criterion call stays as it is.
 */
#ifndef FAILING_CALLS_H
#define FAILING_CALLS_H

#include <mzgrid/error.h>

#include <stdbool.h>

enum failing_calls {
    MEMORY,  /* malloc, calloc, realloc, aligned_alloc, strdup, strndup, mmap: ENOMEM */
    THREADS, /* pthread_create: EAGAIN */
    FILES    /* opening, reading, writing, closing, naming: EIO */
};

/* From now on the n-th call of this kind fails in this process, once; counted from 1. */
void begin_failing(enum failing_calls kind, long n);

/* No call fails any more; returns whether there was an n-th one. Does nothing if none was to fail. */
bool end_failing(void);

/* Calls a collective function. It ends the failing with end_failing() right after that, and then releases
 * what it got, on failure too. */
typedef enum mzg_status attempt_fn(void *fixture, struct mzg_error *err);

/* Attempts it again and again, each time with the next call of the kind failing on rank `rank` alone, until
 * there is no such call; if there are more than `most` (0: however many there are), with as many of them,
 * evenly spread. Expects that all ranks return the same status and text each
 * time, MZG_OK or one of a call that failed, and that no descriptor and no thread is left. Returns how many
 * attempts failed. Collective over MPI_COMM_WORLD. */
long fail_each_call(enum failing_calls kind, int rank, int most, attempt_fn *attempt, void *fixture);

/* The same on the last rank, and then on rank 0: expects that at least so many attempts fail on each of
 * them. */
void fail_on_both(enum failing_calls kind, int most, attempt_fn *attempt, void *fixture, long least_of_last,
                  long least_of_first);

#endif
