/*
 * What Open MPI need not look for, and where it lies. Of its ways to special networks (MTLs) those of
 * Omni-Path and its like each sleep for 0.1 s before they find no device: on most machines that is more than
 * half of the start of an MPI job.
 */
#ifndef MZG_CLI_FABRIC_H
#define MZG_CLI_FABRIC_H

/* Tells Open MPI, by the environment, to leave these ways out, unless `devices` (/dev) has a device of a
 * network that one might be for, or the user chose by OMPI_MCA_mtl or OMPI_MCA_pml. What the site chose of
 * the rest stays. To be called before MPI_Init, while there is one thread. Local. */
void mzg_skip_absent_fabrics(const char *devices);

/* Tells Open MPI, by the environment, to keep no pointer that ranks share in files of MPI-IO, for which it
 * makes files beside them or complains that it cannot, unless the user chose by OMPI_MCA_sharedfp. To be
 * called before MPI_Init, while there is one thread. Local. */
void mzg_skip_shared_pointers(void);

/* Tells Open MPI, by the environment, the folder in which it lies, if that is the folder of the program, too,
 * unless OPAL_PREFIX is set: the Open MPI that pip brings was built for another folder, and has no words for
 * its errors there. `program` is the program's file and `library` that of MPI. To be called before MPI_Init,
 * while there is one thread. Local. */
void mzg_place_open_mpi(const char *program, const char *library);

#endif
