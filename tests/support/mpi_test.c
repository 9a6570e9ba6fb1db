#include <mpi_test.h>

#include <core/mpi.h>

#include <stdlib.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>

/* What MPI never frees is not our leak, and at exit, when it has unloaded its
 * plug-ins, it could no longer be told from ours: mpi_test_end() checks. */
const char *__lsan_default_options(void)
{
    return "leak_check_at_exit=0:print_suppressions=0";
}

const char *__lsan_default_suppressions(void)
{
    return "leak:libpmix\nleak:libopen-pal\nleak:libmpi\nleak:libmca_\n";
}
#else
#define __lsan_disable()
#define __lsan_enable()
#define __lsan_do_recoverable_leak_check()
#endif

int mpi_rank;
int mpi_size;
bool mpi_test_done;

void mpi_test_begin(void)
{
    __lsan_disable();
    int level;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level); /* as the program does */
    __lsan_enable();
    mzg_mpi_watch(MPI_COMM_WORLD); /* as the program does */
    mzg_mpi_watch(MPI_COMM_SELF);

    MPI_Comm_rank(MPI_COMM_WORLD, &mpi_rank);
    MPI_Comm_size(MPI_COMM_WORLD, &mpi_size);
}

/* After a fatal assertion the other ranks may be inside a collective call, and
 * MPI_Finalize would wait for them for ever. Leaving without it makes this
 * rank's runner fail, on which mpiexec ends the job. */
void mpi_test_end(void)
{
    if (!mpi_test_done)
        _Exit(EXIT_FAILURE);

    __lsan_do_recoverable_leak_check();
    MPI_Finalize();
}
