#include <core/agree.h>

#include <core/mpi.h>

static double agree_seconds;

enum mzg_status mzg_agree(MPI_Comm comm, struct mzg_error *err)
{
    int rank, size;
    MZG_MPI(MPI_Comm_rank(comm, &rank));
    MZG_MPI(MPI_Comm_size(comm, &size));

    double begin = MPI_Wtime();
    int failed = err->status == MZG_OK ? size : rank;
    int first;
    MZG_MPI(MPI_Allreduce(&failed, &first, 1, MPI_INT, MPI_MIN, comm));
    if (first < size)
        MZG_MPI(MPI_Bcast(err, sizeof *err, MPI_BYTE, first, comm));
    agree_seconds += MPI_Wtime() - begin;
    return err->status;
}

void mzg_agree_wait(int n, MPI_Request *requests)
{
    double begin = MPI_Wtime();
    MZG_MPI(MPI_Waitall(n, requests, MPI_STATUSES_IGNORE));
    agree_seconds += MPI_Wtime() - begin;
}

double mzg_agree_seconds(void)
{
    return agree_seconds;
}
