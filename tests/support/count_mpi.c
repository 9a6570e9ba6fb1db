/*
 * Preloaded into the program: counts what it asks of MPI, by function.
 *
 *   COUNT_MPI=PATH  MPI_Finalize writes PATH.RANK, a line for each function: its name, how often it was
 * called, and
 *                   the messages and bytes that this rank sent for it. The line "other" is what was sent outside of
 *                   these functions, as by MPI_File_open.
 *
 * Messages are those that go from rank to rank, of which a collective call may send many. They are seen where
 * all of Open MPI sends them, in the table of functions `mca_pml` (ompi/mca/pml/pml.h of versions 4 and 5):
 * those that send are replaced. Of another MPI nothing is known but the calls, and -1 is written for the
 * rest. A collective call that returns before it is done is waited for at once, so that its messages are
 * counted as its own.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sent {
    long long messages, bytes;
};

struct function {
    const char *name;
    long long calls;
    struct sent sent;
    struct function *next, *outer; /* outer: in which it was called, as by an operation of a reduction */
};

static struct function *functions;
static struct function other = {.name = "other"};
static struct function *sender = &other; /* what messages are counted for */

/* Of `mca_pml`: where the functions stand that send, after nine others. What is prepared by the first of them
 * is sent once by whoever prepared it. */
enum { ISEND_INIT = 9, ISEND, SEND };

typedef int isend_fn(const void *data, size_t n, MPI_Datatype type, int to, int tag, int mode, MPI_Comm comm,
                     void **request);
typedef int send_fn(const void *data, size_t n, MPI_Datatype type, int to, int tag, int mode, MPI_Comm comm);

static bool sees_messages;
static isend_fn *real_isend_init, *real_isend;
static send_fn *real_send;

static void count_message(size_t n, MPI_Datatype type)
{
    int size = 0;
    PMPI_Type_size(type, &size);
    sender->sent.messages++;
    sender->sent.bytes += (long long)n * size;
}

static int counting_isend_init(const void *data, size_t n, MPI_Datatype type, int to, int tag, int mode,
                               MPI_Comm comm, void **request)
{
    count_message(n, type);
    return real_isend_init(data, n, type, to, tag, mode, comm, request);
}

static int counting_isend(const void *data, size_t n, MPI_Datatype type, int to, int tag, int mode,
                          MPI_Comm comm, void **request)
{
    count_message(n, type);
    return real_isend(data, n, type, to, tag, mode, comm, request);
}

static int counting_send(const void *data, size_t n, MPI_Datatype type, int to, int tag, int mode,
                         MPI_Comm comm)
{
    count_message(n, type);
    return real_send(data, n, type, to, tag, mode, comm);
}

/* Once MPI runs. */
static void watch_messages(void)
{
    void **table = dlsym(RTLD_DEFAULT, "mca_pml");
    if (sees_messages || !table)
        return;
    memcpy(&real_isend_init, &table[ISEND_INIT], sizeof real_isend_init);
    memcpy(&real_isend, &table[ISEND], sizeof real_isend);
    memcpy(&real_send, &table[SEND], sizeof real_send);
    isend_fn *isend_init = counting_isend_init, *isend = counting_isend;
    send_fn *send = counting_send;
    memcpy(&table[ISEND_INIT], &isend_init, sizeof isend_init);
    memcpy(&table[ISEND], &isend, sizeof isend);
    memcpy(&table[SEND], &send, sizeof send);
    sees_messages = true;
}

static void begin_call(struct function *function)
{
    watch_messages();
    if (function->calls++ == 0) {
        function->next = functions;
        functions = function;
    }
    function->outer = sender;
    sender = function;
}

static int end_call(int code)
{
    sender = sender->outer;
    return code;
}

#define SHIM(shim_name, failure, parameters, arguments)                                                      \
    int MPI_##shim_name parameters                                                                           \
    {                                                                                                        \
        static struct function function = {.name = #shim_name};                                              \
        begin_call(&function);                                                                               \
        return end_call(PMPI_##shim_name arguments);                                                         \
    }

#define ISHIM(shim_name, failure, parameters, arguments)                                                     \
    int MPI_##shim_name parameters                                                                           \
    {                                                                                                        \
        static struct function function = {.name = #shim_name};                                              \
        begin_call(&function);                                                                               \
        int code = PMPI_##shim_name arguments;                                                               \
        if (code == MPI_SUCCESS)                                                                             \
            code = PMPI_Wait(request, MPI_STATUS_IGNORE);                                                    \
        return end_call(code);                                                                               \
    }

#include "mpi_calls.h"

static void write_counts(const char *to)
{
    char path[4096];
    int rank = 0;
    PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
    other.next = functions;
    snprintf(path, sizeof path, "%s.%d", to, rank);
    FILE *file = fopen(path, "w");
    for (const struct function *f = &other; file && f; f = f->next)
        fprintf(file, "%s %lld %lld %lld\n", f->name, f->calls, sees_messages ? f->sent.messages : -1,
                sees_messages ? f->sent.bytes : -1);
    if (!file || fclose(file) != 0)
        fprintf(stderr, "count_mpi: cannot write %s\n", path);
}

int MPI_Finalize(void)
{
    const char *to = getenv("COUNT_MPI");
    if (to)
        write_counts(to);
    return PMPI_Finalize();
}
