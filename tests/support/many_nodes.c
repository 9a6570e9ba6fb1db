/*
 * Preloaded into the program: the ranks of MPI_COMM_WORLD seem to lie on MANY_NODES nodes, in turns, because
 * ranks that share memory are told so only of the same node.
 */
#include <mpi.h>
#include <stdlib.h>

int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm *made)
{
    const char *nodes = getenv("MANY_NODES");
    int rank;
    PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (!nodes || atoi(nodes) < 2 || type != MPI_COMM_TYPE_SHARED)
        return PMPI_Comm_split_type(comm, type, key, info, made);
    return MPI_Comm_split(comm, rank % atoi(nodes), key, made);
}
