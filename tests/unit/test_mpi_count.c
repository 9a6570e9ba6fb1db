/* Counts for MPI, without MPI: what does not fit into an int ends the process with a sentence. */
#include <core/mpi.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <limits.h>

Test(mpi_count, what_fits_is_kept)
{
    cr_expect(eq(int, mzg_mpi_count(0, "rows"), 0));
    cr_expect(eq(int, mzg_mpi_count(INT_MAX, "rows"), INT_MAX));
}

Test(mpi_count, more_ends_the_job, .exit_code = 1)
{
    mzg_mpi_count((int64_t)INT_MAX + 1, "rows");
    exit(0);
}

Test(mpi_count, less_than_none_ends_the_job, .exit_code = 1)
{
    mzg_mpi_count(-1, "rows");
    exit(0);
}
