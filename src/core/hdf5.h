/*
 * HDF5 files that one process writes by itself, and whose writes may fail. HDF5 does not expect that: what it
 * could not write stays in its cache, it tries again when the file is closed and once more when the process
 * ends, and after a close that failed it crashes there. So a file that failed is abandoned instead: HDF5
 * keeps its handle but writes what is left into memory, which does not fail, and closes in peace.
 */
#ifndef MZG_CORE_HDF5_H
#define MZG_CORE_HDF5_H

#include <hdf5.h>
#include <stdbool.h>

/* Has failures become sentences of ours instead of traces on the terminal, and HDF5 leave the end of the
 * process alone. To be called before other functions of HDF5, and by a program before MPI_Init(): HDF5 closes
 * everything in MPI_Finalize(), too, unless it was started first, and what failed to close before crashes it.
 * Later calls do nothing. Local. */
void mzg_hdf5_prepare(void);

/* Lets HDF5 print its failures as it did before mzg_hdf5_prepare(), which may be called again. Local. */
void mzg_hdf5_restore(void);

/* Has files that are opened with `access` not be locked, because some parallel file systems have no locks.
 * Below HDF5 1.10.7 mzg_hdf5_prepare() says so, in the environment. Below 0: it failed. Local. */
int mzg_hdf5_unlock(hid_t access);

/* Access for one process to a file that others may have open as well: the format of HDF5 1.10, no locks,
 * which some parallel file systems do not have. The caller closes it; below 0: no memory. Local. */
hid_t mzg_hdf5_serial_access(void);

/* Flushes and closes a file whose other objects are closed. False: the file is not on the disk as it should
 * be, errno tells why, if that is known, and the file is abandoned. Local. */
bool mzg_hdf5_finish(hid_t file);

/* Closes a file and all objects in it that are open, after a failure; what the disk has is left as it is.
 * Local. */
void mzg_hdf5_abandon(hid_t file);

#endif
