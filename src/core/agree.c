#include <core/agree.h>

enum mzg_status mzg_agree(MPI_Comm comm, struct mzg_error *err)
{
    int rank, size;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);

    int failed = err->status == MZG_OK ? size : rank;
    int first;
    MPI_Allreduce(&failed, &first, 1, MPI_INT, MPI_MIN, comm);
    if (first < size)
        MPI_Bcast(err, sizeof *err, MPI_BYTE, first, comm);
    return err->status;
}
