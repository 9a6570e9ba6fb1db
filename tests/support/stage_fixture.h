/* What the tests of stages share: a context with a pool, and a path for the file. Included once a program. */
#ifndef STAGE_FIXTURE_H
#define STAGE_FIXTURE_H

#include <core/pool.h>
#include <mpi_test.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct fixture {
    struct mzg_context context;
    struct mzg_error err;
    char path[256];
};

static inline void begin(struct fixture *f, const char *name)
{
    *f = (struct fixture){.context = {.comm = MPI_COMM_WORLD, .rank = mpi_rank, .size = mpi_size}};
    const char *directory = getenv("TMPDIR");
    snprintf(f->path, sizeof f->path, "%s/mzgrid-%s-%d.h5", directory ? directory : "/tmp", name, mpi_size);
    cr_assert(eq(int, (int)mzg_pool_new(MPI_COMM_WORLD, 2, &f->context.pool, &f->err), MZG_OK));
}

static inline void end(struct fixture *f)
{
    mzg_pool_free(f->context.pool);
    MPI_Barrier(MPI_COMM_WORLD);
    if (mpi_rank == 0)
        unlink(f->path);
}

#endif
