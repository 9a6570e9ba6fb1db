/*
 * Agreement on failure: what one rank alone met becomes known to all, so that all leave a collective
 * function together. It stands between a step that one rank may fail at and the next collective call.
 */
#ifndef MZG_CORE_AGREE_H
#define MZG_CORE_AGREE_H

#include <mpi.h>
#include <mzgrid/error.h>

/* Returns MZG_OK if no rank failed. Otherwise all ranks get the error of the lowest rank that did, in
 * `err` too. Collective over `comm`; with MPI_COMM_NULL this process is alone. */
enum mzg_status mzg_agree(MPI_Comm comm, struct mzg_error *err);

/* mzg_agree(), and then rank 0's `*text` for all: it is to be freed, and NULL on the other ranks before.
 * Ranks that have no memory for it fail together; MZG_ERANGE if it has more than 2^31 - 2 bytes. Collective
 * over `comm`. */
enum mzg_status mzg_agree_text(MPI_Comm comm, char **text, struct mzg_error *err);

/* Fails if this rank does not see `path`, which rank 0 made: on a disk of one node's own, each node would
 * fill its own. `what` lies there, as the error says. Local. */
enum mzg_status mzg_check_seen(int rank, const char *path, const char *what, struct mzg_error *err);

/* Waits for `n` requests by which ranks tell each other how they fare. Collective as they are. */
void mzg_agree_wait(int n, MPI_Request *requests);

/* Seconds that the main thread of this process has spent in agreements so far: as one stands before nearly
 * every collective call, the time in which it waited for other ranks. Local, on that thread. */
double mzg_agree_seconds(void);

#endif
