/*
 * The command line of mzgrid: what the user types, sees and gets back. Standard output is for results,
 * standard error for the log; a failure is one line there, printed by rank 0, and one exit status on all
 * ranks.
 */
#ifndef MZG_CLI_CLI_H
#define MZG_CLI_CLI_H

#include <mpi.h>
#include <mzgrid/error.h>

/* Puts something harmless on standard streams that the caller closed, before a file or a socket gets their
 * number; writing to it fails. To be called first of all. Local. */
void mzg_reserve_streams(void);

/* Runs the command that argv names and returns the exit status, the same on all ranks. Collective over
 * `comm`; argv must be the same on all ranks. */
int mzg_main(MPI_Comm comm, int argc, char **argv);

/* The exit status that stands for a failure. Local. */
int mzg_exit_status(enum mzg_status status);

#endif
