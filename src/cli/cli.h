/*
 * The command line of mzgrid: what the user types, sees and gets back. Standard output is for results,
 * standard error for the log; a failure is one line there, printed by rank 0, and one exit status on all
 * ranks.
 */
#ifndef MZG_CLI_CLI_H
#define MZG_CLI_CLI_H

#include <mpi.h>
#include <mzgrid/error.h>
#include <stdbool.h>

struct mzg_launch;

/* Puts something harmless on standard streams that the caller closed, before a file or a socket gets their
 * number; writing to it fails. To be called first of all. Local. */
void mzg_reserve_streams(void);

/* Whether the command that argv names needs MPI: --version, --help, `help`, `info` and a command line that
 * cannot be understood do not. Local; the same on all ranks. */
bool mzg_needs_mpi(int argc, char **argv);

/* Tells why nothing is done, before MPI starts: as rank 0 of `launch` does, or another if that has not ended
 * the job by then. Returns the exit status. Local. */
int mzg_refuse(const struct mzg_launch *launch, struct mzg_error *err);

/* Runs the command that argv names and returns the exit status, the same on all ranks. Collective over
 * `comm`; argv must be the same on all ranks. `comm` may be MPI_COMM_NULL if no MPI is needed: then each
 * process is alone, and rank 0 of `launch` speaks. */
int mzg_main(MPI_Comm comm, const struct mzg_launch *launch, int argc, char **argv);

/* The exit status that stands for a failure. Local. */
int mzg_exit_status(enum mzg_status status);

#endif
