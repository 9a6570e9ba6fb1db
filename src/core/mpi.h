/*
 * MPI calls that are looked at. MPI gives no way on after an error: other ranks may wait in the same call for
 * ever, and what it should have brought is not there. So an error of MPI ends the job, with one sentence that
 * says which call, on which rank, and what MPI says to it.
 *
 * Each call of MPI in src/ stands in MZG_MPI(), which scripts/check-mpi checks, but those about a file, whose
 * failures are told as those of any file (core/mpi_hints.c). Whoever uses the library need
 * not do anything: the sentence goes to standard error and MPI_Abort() ends the job. A program that has more
 * to do before the end sets a function of its own by mzg_mpi_set_end().
 */
#ifndef MZG_CORE_MPI_H
#define MZG_CORE_MPI_H

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>

/* Makes a call of MPI; returns only if it succeeded. As collective as the call. */
#define MZG_MPI(call) (mzg_mpi_begin(#call), mzg_mpi_end(call))

/* What MZG_MPI() does before and after a call; `call` is its text and not copied. Local. */
void mzg_mpi_begin(const char *call);
void mzg_mpi_end(int code);

/* Lets errors that MPI meets in calls on `comm`, and on communicators that are made from it, end the job in
 * the same way, in calls that another library makes, too. Otherwise they do what the caller of the library
 * chose. Collective as MPI_Comm_set_errhandler(): local. */
void mzg_mpi_watch(MPI_Comm comm);

/* Whether MPI runs, or has run. Local. */
bool mzg_mpi_is_started(void);

/* All ranks of the job. Starts MPI if nobody has, and lets it end when the process exits. Collective over the
 * job. */
MPI_Comm mzg_mpi_start(void);

/* The file that does not come into being if the job ends now, which the sentence names; NULL: none. Borrowed
 * until the next call. Local. */
void mzg_mpi_set_output(const char *path);

/* What is done with the sentence before MPI_Abort() ends the job: by default it is printed on standard error.
 * `end` is called on the rank that met the error, at any place of the program; it may only do what is local
 * and must not call MPI. NULL: the default. Local. */
void mzg_mpi_set_end(void (*end)(const char *sentence));

/* A count or displacement for MPI, which takes an int. More than that ends the job as an error of MPI does;
 * `what` says of what. Local. */
int mzg_mpi_count(int64_t n, const char *what);

/* Fills begins[i] with the sum of the `n` counts before i, as MPI_Alltoallv() takes them, and returns that of
 * all, which MPI can count if it is no more than INT_MAX; beyond that begins stay at INT_MAX. Local. */
int64_t mzg_mpi_line_up(const int *counts, int *begins, int n);

#endif
