/*
 * Hints for MPI-IO, which a file system follows when a file is made: on how many servers it lies, and in
 * stripes of what size. They are lines of KEY=VALUE, as "striping_factor=8\nstriping_unit=4194304".
 *
 * Rows are not written by MPI-IO (stage/hdf5_sink.c), so that hints about transfers do nothing.
 */
#ifndef MZG_CORE_MPI_HINTS_H
#define MZG_CORE_MPI_HINTS_H

#include <mzgrid/error.h>

/* Whether all lines are KEY=VALUE of lengths that MPI takes; empty ones are none. MZG_EUSAGE with what was
 * expected. Local. */
enum mzg_status mzg_mpi_hints_check(const char *lines, struct mzg_error *err);

/* Makes a new, empty file at `path` by MPI-IO with these hints, which have been checked. Fails if it exists.
 * A file that was made before something failed stays. Local, with MPI running. */
enum mzg_status mzg_mpi_hints_make_file(const char *path, const char *lines, struct mzg_error *err);

#endif
