/*
 * MPI_TEST: a Criterion test whose body runs as one rank of an MPI job.
 *
 * Criterion runs each test in a worker process of its own, and an MPI job can
 * be joined only once by each process that mpiexec starts. So CTest starts one
 * job for each test (see cmake/CriterionMpi.cmake), and the worker, never the
 * process that mpiexec started, initialises MPI.
 *
 * Rank-local checks in a body are the cr_expect_* family: a rank that fails
 * one goes on, and so the other ranks never wait for it in a collective call.
 * A fatal cr_assert_* ends the whole job at once.
 */
#ifndef MPI_TEST_H
#define MPI_TEST_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <mpi.h>
#include <stdbool.h>

extern int mpi_rank; /* of this process in MPI_COMM_WORLD */
extern int mpi_size;
extern bool mpi_test_done; /* the body ran to its end on this rank */

void mpi_test_begin(void);
void mpi_test_end(void);

#define MPI_TEST(suite, name)                                                                                \
    static void suite##_##name##_body(void);                                                                 \
    Test(suite, name, .init = mpi_test_begin, .fini = mpi_test_end)                                          \
    {                                                                                                        \
        suite##_##name##_body();                                                                             \
        mpi_test_done = true;                                                                                \
    }                                                                                                        \
    static void suite##_##name##_body(void)

#endif
