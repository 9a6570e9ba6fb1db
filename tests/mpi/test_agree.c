#include <core/agree.h>
#include <mpi_test.h>

MPI_TEST(agree, success_on_all_ranks)
{
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)mzg_agree(MPI_COMM_WORLD, &err), MZG_OK));
}

MPI_TEST(agree, failure_of_last_rank_reaches_all)
{
    struct mzg_error err = {0};
    if (mpi_rank == mpi_size - 1)
        mzg_fail(&err, MZG_EIO, "%s: cannot open", "data.bin");

    cr_expect(eq(int, (int)mzg_agree(MPI_COMM_WORLD, &err), MZG_EIO));
    cr_expect(eq(str, err.text, "data.bin: cannot open"));
}

MPI_TEST(agree, lowest_failing_rank_wins)
{
    struct mzg_error err = {0};
    mzg_fail(&err, MZG_EFORMAT, "rank %d", mpi_rank);

    mzg_agree(MPI_COMM_WORLD, &err);
    cr_expect(eq(str, err.text, "rank 0"));
}
