/*
 * Who started this process, and as which of how many, by the environment that launchers of MPI jobs leave: so
 * that what needs no MPI need not start it, that MPI starts no helpers for a process that is alone, and that
 * processes which should be one job, but of which each takes itself to be alone, do not all write one output.
 */
#ifndef MZG_CLI_LAUNCH_H
#define MZG_CLI_LAUNCH_H

#include <mzgrid/error.h>
#include <stdbool.h>

struct mzg_launch {
    bool launched;  /* a launcher stands ready to connect this process with others */
    int rank;       /* 0 if nothing tells */
    int size;       /* of the job; 0 if nothing tells */
    const char *by; /* the variable that tells the size; NULL: none */
};

/* Reads the environment. Local. */
struct mzg_launch mzg_launch_read(void);

/* Open MPI 4 starts a daemon for a process that nobody launched, which takes 0.2 s and outlives it when it is
 * killed. Says by the environment that none is needed, unless the user chose by OMPI_MCA_ess or
 * OMPI_MCA_ess_singleton_isolated; and that it makes no directory below TMPDIR, which several such processes
 * would share. Other versions and libraries start none. To be called before MPI_Init, while there is one
 * thread. Local. */
void mzg_launch_alone(const struct mzg_launch *launch);

/* MZG_EIO if this process is one of several, each of which numbers its processes for itself, as containers
 * do: it cannot see the launcher that started it among its ancestors. Open MPI takes the shared memory of a
 * rank with its own process number for its own, and crashes or hangs. Not if the user chose by OMPI_MCA_btl.
 * To be called before MPI_Init. Local. */
enum mzg_status mzg_launch_check_numbers(const struct mzg_launch *launch, struct mzg_error *err);

/* MZG_EIO if MPI sees `size` processes, and the launcher started more. Local; the same on all of them. */
enum mzg_status mzg_launch_check(const struct mzg_launch *launch, int size, struct mzg_error *err);

#endif
