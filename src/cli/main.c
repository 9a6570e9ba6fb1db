/* The program: starts MPI, if the command needs it, hands over, finishes. */
#include <cli/cli.h>
#include <cli/fabric.h>
#include <cli/launch.h>
#include <cli/signals.h>
#include <core/hdf5.h>
#include <core/memory.h>
#include <core/mpi.h>

#include <dlfcn.h>
#include <string.h>

/* See mzg_place_open_mpi(). */
static void place_mpi(void)
{
    int (*function)(int *, char ***, int, int *) = MPI_Init_thread;
    void *address;
    Dl_info found;
    memcpy(&address, &function, sizeof address); /* C has no cast for it */
    if (dladdr(address, &found) != 0 && found.dli_fname)
        mzg_place_open_mpi("/proc/self/exe", found.dli_fname);
}

int main(int argc, char **argv)
{
    int thread_level;
    mzg_reserve_streams();
    mzg_signals_allow_file_limit();
    mzg_memory_keep_to_limit();
    struct mzg_launch launch = mzg_launch_read();
    if (!mzg_needs_mpi(argc, argv))
        return mzg_main(MPI_COMM_NULL, &launch, argc, argv);

    struct mzg_error err = {0};
    if (mzg_launch_check_numbers(&launch, &err) != MZG_OK)
        return mzg_refuse(&launch, &err);

    mzg_skip_absent_fabrics("/dev");
    mzg_skip_shared_pointers();
    mzg_launch_alone(&launch);
    place_mpi();
    mzg_hdf5_prepare();
    MZG_MPI(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &thread_level));
    mzg_mpi_watch(MPI_COMM_WORLD);
    mzg_mpi_watch(MPI_COMM_SELF);
    int status = mzg_main(MPI_COMM_WORLD, &launch, argc, argv);
    MZG_MPI(MPI_Finalize());
    return status;
}
