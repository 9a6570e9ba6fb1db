/* The program: starts MPI, hands over, finishes. */
#include <cli/cli.h>
#include <cli/fabric.h>

int main(int argc, char **argv)
{
    int thread_level;
    mzg_reserve_streams();
    mzg_skip_absent_fabrics("/dev");
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &thread_level);
    int status = mzg_main(MPI_COMM_WORLD, argc, argv);
    MPI_Finalize();
    return status;
}
