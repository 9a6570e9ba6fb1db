/* The program: starts MPI, hands over, finishes. */
#include <cli/cli.h>
#include <cli/fabric.h>
#include <core/hdf5.h>
#include <core/mpi.h>

int main(int argc, char **argv)
{
    int thread_level;
    mzg_reserve_streams();
    mzg_skip_absent_fabrics("/dev");
    mzg_hdf5_prepare();
    MZG_MPI(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &thread_level));
    mzg_mpi_watch(MPI_COMM_WORLD);
    mzg_mpi_watch(MPI_COMM_SELF);
    int status = mzg_main(MPI_COMM_WORLD, argc, argv);
    MZG_MPI(MPI_Finalize());
    return status;
}
