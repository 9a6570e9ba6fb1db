/* A context and a temporary directory that all ranks share, for tests that write files together. */
#ifndef MPI_DIRECTORY_H
#define MPI_DIRECTORY_H

#include <core/context.h>
#include <core/pool.h>
#include <core/remove_tree.h>
#include <mpi_test.h>
#include <temp_files.h>

static inline void begin_directory(struct mzg_context *context, int n_threads, char directory[256])
{
    struct mzg_error err = {0};
    *context = (struct mzg_context){.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size};
    if (mpi_rank == 0)
        make_temp_directory(directory);
    MPI_Bcast(directory, 256, MPI_CHAR, 0, MPI_COMM_WORLD);
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, n_threads, &context->pool, &err), MZG_OK));
}

static inline void end_directory(struct mzg_context *context, const char *directory)
{
    struct mzg_error err = {0};
    mzg_pool_free(context->pool);
    MPI_Barrier(MPI_COMM_WORLD);
    if (mpi_rank == 0)
        mzg_remove_tree(directory, &err);
    MPI_Barrier(MPI_COMM_WORLD);
}

#endif
