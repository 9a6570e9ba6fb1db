#include <core/agree.h>

#include <core/mpi.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static double agree_seconds;

enum mzg_status mzg_agree(MPI_Comm comm, struct mzg_error *err)
{
    if (comm == MPI_COMM_NULL)
        return err->status;
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

enum mzg_status mzg_agree_text(MPI_Comm comm, char **text, struct mzg_error *err)
{
    int rank, size = 0;
    MZG_MPI(MPI_Comm_rank(comm, &rank));
    size_t length = rank == 0 && err->status == MZG_OK ? strlen(*text) : 0;
    if (length >= INT_MAX)
        mzg_fail(err, MZG_ERANGE, "%zu bytes are more than rank 0 can tell all at once", length);
    if (mzg_agree(comm, err) != MZG_OK)
        return err->status;
    if (rank == 0)
        size = (int)length + 1;
    MZG_MPI(MPI_Bcast(&size, 1, MPI_INT, 0, comm));
    if (rank != 0 && !(*text = malloc((size_t)size)))
        mzg_fail(err, MZG_ENOMEM, "no memory for %d bytes that rank 0 tells all", size);
    if (mzg_agree(comm, err) == MZG_OK)
        MZG_MPI(MPI_Bcast(*text, size, MPI_CHAR, 0, comm));
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

enum mzg_status mzg_check_seen(int rank, const char *path, const char *what, struct mzg_error *err)
{
    if (access(path, F_OK) == 0)
        return MZG_OK;
    char host[MPI_MAX_PROCESSOR_NAME] = "?";
    int length;
    MZG_MPI(MPI_Get_processor_name(host, &length));
    return mzg_fail(err, MZG_EIO,
                    "%s: rank %d on node %s does not see it, though rank 0 made it: %s must lie on a file "
                    "system that all nodes share",
                    path, rank, host, what);
}
