/*
 * What a run needs from its surroundings: the ranks it works with, threads, a log, the wish to end early.
 * Every function that reads or converts takes a context.
 *
 * MPI. The program starts it, with MPI_THREAD_FUNNELED at least, and ends it after the last context is freed;
 * mzg_context_new_world() is for programs that have no MPI of their own. The thread that started MPI is the
 * one that calls functions with a context. "Collective" means that all ranks of the context call the
 * function, in the same order and with the same arguments, except where the declaration says otherwise; they
 * then return the same status and text. "Local" means that a rank may call it alone. An error of MPI itself
 * ends the job with one sentence on standard error, because other ranks may wait in the same call for ever.
 *
 * Threads. Threads of the library only compute, except one that reads ahead and calls foreign readers
 * (mzgrid/foreign.h). One function of the library at a time runs with a context, and one conversion or
 * validation at a time in a process. Functions without a context (mzgrid/axis.h, mzgrid/resample.h,
 * mzgrid/sampling.h) may be called by any thread, also side by side with different objects.
 *
 * Strings. What a program hands over is borrowed during the call, unless the declaration says otherwise.
 * Texts are UTF-8 and end in 0; paths are what open() takes. JSON comes as text that the caller frees with
 * mzg_free().
 *
 * Sizes. A struct that begins with `size` may become longer in a later library. The caller sets it to the
 * sizeof the struct, and the library neither reads nor writes beyond it. Members are only ever added at the
 * end. Structs without a `size` stay as they are for as long as the SONAME does. Enumerations may get further
 * values; the library refuses a value that it does not know with MZG_EUSAGE.
 *
 * What the library does to the process. From mzg_context_new() to mzg_context_free() the calling thread is
 * bound to one core, as each of the threads is. The first conversion that uses HDF5 starts it by
 * H5dont_atexit(), so that a program with HDF5 files of its own closes them itself; the printing of HDF5's
 * errors is off during a conversion and as before after it. Memory that large steps leave is given back by
 * malloc_trim(), if the C library has it. Signals, locale, allocator, working directory and umask are left
 * alone; SIGXFSZ should be ignored by programs that run with a limit on the size of files.
 */
#ifndef MZGRID_CONTEXT_H
#define MZGRID_CONTEXT_H

#if defined(__cplusplus) && !defined(OMPI_SKIP_MPICXX)
#define OMPI_SKIP_MPICXX                                                                                     \
    1 /* MPI's C++ bindings are gone from the standard, and would have to be linked with */
#endif
#if defined(__cplusplus) && !defined(MPICH_SKIP_MPICXX)
#define MPICH_SKIP_MPICXX 1
#endif

#include <mpi.h>
#include <mzgrid/error.h>
#include <mzgrid/export.h>
#include <mzgrid/log.h>
#include <stddef.h>

struct mzg_context;

/* All zero but `size` is the default. */
struct mzg_context_options {
    size_t size; /* sizeof(struct mzg_context_options) */
    int threads; /* that compute on each rank, the caller among them; 0: as many as the rank has cores */

    /* Given each line of the log on rank 0, by the thread that called the library; NULL: no log. `text` has
     * no newline, control characters in it are shown escaped; it is valid during the call. */
    void (*log)(void *log_data, enum mzg_log_level level, const char *text);
    void *log_data;               /* borrowed, outlives the context */
    enum mzg_log_level log_level; /* `log` gets lines up to this level; 0: only errors */
};

MZG_BEGIN_API

/* A context for all ranks of `comm`, of which it makes a copy. `options` may be NULL; `threads` may differ
 * from rank to rank. MZG_EUSAGE if MPI does not run, or not with the thread level that is needed. Release
 * with mzg_context_free(). Collective over `comm`. */
enum mzg_status mzg_context_new(MPI_Comm comm, const struct mzg_context_options *options,
                                struct mzg_context **context, struct mzg_error *err);

/* The same for languages that have no MPI_Comm: `comm` is what MPI_Comm_c2f() gives, in mpi4py comm.py2f().
 * Collective over it. */
enum mzg_status mzg_context_new_f(int comm, const struct mzg_context_options *options,
                                  struct mzg_context **context, struct mzg_error *err);

/* The same for all ranks of the job: those that mpirun or srun started, else this process alone. Starts MPI
 * if nobody has, which then ends when the process exits. Collective over all ranks. */
enum mzg_status mzg_context_new_world(const struct mzg_context_options *options, struct mzg_context **context,
                                      struct mzg_error *err);

/* Frees it and its readers, before MPI_Finalize(). Accepts NULL. Collective. */
void mzg_context_free(struct mzg_context *context);

/* The number of this rank, from 0, and how many there are. Local. */
int mzg_context_rank(const struct mzg_context *context);
int mzg_context_size(const struct mzg_context *context);

/* Hands `n` bytes of rank 0 to all ranks, for programs that do not speak MPI themselves: what rank 0 alone
 * found out before a run. `err` is read, too: all zero if this rank goes on. If some rank comes with an error
 * of its own, all return that of the lowest such rank, and `bytes` is untouched. A rank that waits for the
 * others leaves its core to them. Collective. */
enum mzg_status mzg_context_share(const struct mzg_context *context, void *bytes, size_t n,
                                  struct mzg_error *err);

/* Lets what runs with this context, or runs next, end with MZG_EINTERRUPTED on all ranks as soon as it can;
 * one rank suffices. The wish stays until mzg_context_resume(). May be called by any thread and by a signal
 * handler. Local. */
void mzg_context_stop(struct mzg_context *context);
void mzg_context_resume(struct mzg_context *context);

/* Frees a text that the library made. Accepts NULL. Local. */
void mzg_free(void *text);

MZG_END_API

#endif
