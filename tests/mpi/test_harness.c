/*
 * The harness itself: each of these must make its CTest test fail, whatever
 * the rank that meets the fault. CTest expects the failure (WILL_FAIL).
 */
#include <mpi_test.h>

#include <signal.h>
#include <stdlib.h>

static bool last_rank(void)
{
    return mpi_rank == mpi_size - 1;
}

MPI_TEST(harness, expectation_fails_on_last_rank)
{
    cr_expect(not(last_rank()));
    MPI_Barrier(MPI_COMM_WORLD);
}

MPI_TEST(harness, assertion_fails_on_last_rank)
{
    cr_assert(not(last_rank()));
    MPI_Barrier(MPI_COMM_WORLD);
}

MPI_TEST(harness, last_rank_crashes)
{
    if (last_rank())
        raise(SIGSEGV);
    MPI_Barrier(MPI_COMM_WORLD);
}

MPI_TEST(harness, last_rank_exits_early)
{
    if (last_rank())
        exit(EXIT_SUCCESS);
    MPI_Barrier(MPI_COMM_WORLD);
}

MPI_TEST(harness, mpi_error_is_fatal)
{
    int value = 0;
    MPI_Send(&value, 1, MPI_INT, mpi_size, 0, MPI_COMM_WORLD);
}
