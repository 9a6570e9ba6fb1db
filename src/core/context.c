/* Contexts that mzg_context_new() makes; the program makes its own (cli/cli.c). */
#include <core/context.h>

#include <core/agree.h>
#include <core/hdf5.h>
#include <core/log.h>
#include <core/mpi.h>
#include <core/parameters.h>
#include <core/pool.h>
#include <mzgrid/context.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What a context of the library owns. */
struct owner {
    struct mzg_context context; /* first: callers have its address */
    atomic_int stop;
};

enum { SMALLEST_OPTIONS = offsetof(struct mzg_context_options, log_level) + sizeof(enum mzg_log_level) };

/* The options of a program that may know fewer of them. */
static enum mzg_status take_options(const struct mzg_context_options *given,
                                    struct mzg_context_options *options, struct mzg_error *err)
{
    *options = (struct mzg_context_options){.size = sizeof *options};
    if (!given)
        return MZG_OK;
    if (mzg_size_check("mzg_context_options", given->size, SMALLEST_OPTIONS, sizeof *options, err) != MZG_OK)
        return err->status;
    memcpy(options, given, given->size);
    if (options->threads < 0)
        return mzg_fail(err, MZG_EUSAGE, "threads must be 0 or more, not %d", options->threads);
    if ((int)options->log_level < 0 || options->log_level > MZG_LOG_DEBUG)
        return mzg_fail(err, MZG_EUSAGE, "log_level must be from 0 to %d, not %d", MZG_LOG_DEBUG,
                        (int)options->log_level);
    return MZG_OK;
}

/* Whether MPI may be called at all, and by this thread. Local. */
static enum mzg_status check_mpi(struct mzg_error *err)
{
    int begun = 0, over = 0, level = 0, is_main = 0;
    MZG_MPI(MPI_Initialized(&begun));
    if (!begun)
        return mzg_fail(err, MZG_EUSAGE,
                        "MPI does not run: call MPI_Init_thread() first, or mzg_context_new_world()");
    MZG_MPI(MPI_Finalized(&over));
    if (over)
        return mzg_fail(err, MZG_EUSAGE, "MPI has ended already: a context is made before MPI_Finalize()");
    MZG_MPI(MPI_Query_thread(&level));
    MZG_MPI(MPI_Is_thread_main(&is_main));
    if (level < MPI_THREAD_FUNNELED)
        return mzg_fail(
            err, MZG_EUSAGE,
            "MPI runs without threads: start it by MPI_Init_thread() with MPI_THREAD_FUNNELED or more");
    if (!is_main && level < MPI_THREAD_MULTIPLE)
        return mzg_fail(err, MZG_EUSAGE, "only the thread that started MPI can make a context");
    return MZG_OK;
}

/* Collective. */
static enum mzg_status fill(struct owner *owner, const struct mzg_context_options *options,
                            struct mzg_error *err)
{
    struct mzg_context *context = &owner->context;
    context->stop = &owner->stop;
    context->is_library = true;
    if (options->log)
        mzg_log_new_told(context->rank, options->log_level, options->log, options->log_data, &context->log,
                         err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    return mzg_pool_new(context->comm, options->threads, &context->pool, err);
}

enum mzg_status mzg_context_new(MPI_Comm comm, const struct mzg_context_options *options,
                                struct mzg_context **context, struct mzg_error *err)
{
    struct mzg_context_options full;
    *err = (struct mzg_error){0};
    if (check_mpi(err) != MZG_OK) /* without which the ranks cannot agree */
        return err->status;
    if (comm == MPI_COMM_NULL)
        return mzg_fail(err, MZG_EUSAGE, "MPI_COMM_NULL has no ranks");
    struct owner *owner = calloc(1, sizeof *owner);
    if (!owner)
        mzg_fail(err, MZG_ENOMEM, "no memory for a context");
    else
        take_options(options, &full, err);
    if (mzg_agree(comm, err) != MZG_OK || !owner) {
        free(owner);
        return err->status;
    }
    MZG_MPI(MPI_Comm_dup(comm, &owner->context.comm));
    mzg_mpi_watch(owner->context.comm);
    MZG_MPI(MPI_Comm_rank(owner->context.comm, &owner->context.rank));
    MZG_MPI(MPI_Comm_size(owner->context.comm, &owner->context.size));
    if (fill(owner, &full, err) != MZG_OK) {
        mzg_context_free(&owner->context);
        return mzg_name_parameters(err);
    }
    *context = &owner->context;
    return MZG_OK;
}

enum mzg_status mzg_context_new_f(int comm, const struct mzg_context_options *options,
                                  struct mzg_context **context, struct mzg_error *err)
{
    *err = (struct mzg_error){0};
    if (check_mpi(err) != MZG_OK)
        return err->status;
    return mzg_context_new(MPI_Comm_f2c((MPI_Fint)comm), options, context, err);
}

enum mzg_status mzg_context_new_world(const struct mzg_context_options *options, struct mzg_context **context,
                                      struct mzg_error *err)
{
    *err = (struct mzg_error){0};
    if (!mzg_mpi_is_started())
        mzg_hdf5_prepare(); /* before MPI */
    mzg_hdf5_restore();
    return mzg_context_new(mzg_mpi_start(), options, context, err);
}

void mzg_context_free(struct mzg_context *context)
{
    if (!context)
        return;
    while (context->foreign) {
        struct mzg_link *next = context->foreign->next;
        free(context->foreign);
        context->foreign = next;
    }
    mzg_pool_free(context->pool);
    mzg_log_free(context->log);
    MZG_MPI(MPI_Comm_free(&context->comm));
    free(context);
}

int mzg_context_rank(const struct mzg_context *context)
{
    return context->rank;
}

int mzg_context_size(const struct mzg_context *context)
{
    return context->size;
}

/* Until all ranks are here. MPI_Barrier() would keep a core busy, which rank 0 may need for minutes. */
static void wait_for_all(MPI_Comm comm)
{
    MPI_Request request;
    int is_over = 0;
    struct timespec nap = {.tv_nsec = 10000};
    MZG_MPI(MPI_Ibarrier(comm, &request));
    for (;;) {
        MZG_MPI(MPI_Test(&request, &is_over, MPI_STATUS_IGNORE));
        if (is_over)
            return;
        nanosleep(&nap, NULL);
        if (nap.tv_nsec < 20000000)
            nap.tv_nsec *= 2;
    }
}

enum mzg_status mzg_context_share(const struct mzg_context *context, void *bytes, size_t n,
                                  struct mzg_error *err)
{
    if (err->status == MZG_OK && n > INT_MAX)
        mzg_fail(err, MZG_EUSAGE, "%zu bytes are more than rank 0 can share at once", n);
    wait_for_all(context->comm);
    if (mzg_agree(context->comm, err) == MZG_OK)
        MZG_MPI(MPI_Bcast(bytes, (int)n, MPI_BYTE, 0, context->comm));
    return err->status;
}

void mzg_context_stop(struct mzg_context *context)
{
    ((struct owner *)context)->stop = 1;
}

void mzg_context_resume(struct mzg_context *context)
{
    ((struct owner *)context)->stop = 0;
}

void mzg_free(void *text)
{
    free(text);
}
