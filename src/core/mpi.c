#include <core/mpi.h>

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The texts of the calls that are being made: within one, MPI may call an operation of ours, which asks MPI
 * for the size of a type. */
enum { MOST_NESTED = 4 };
static const char *calls[MOST_NESTED];
static int n_calls;

static const char *output;                /* that does not come into being if the job ends now */
static void (*end)(const char *sentence); /* NULL: the default */

/* The innermost of them; NULL: none, or not known. */
static const char *current(void)
{
    return n_calls > 0 && n_calls <= MOST_NESTED ? calls[n_calls - 1] : NULL;
}

void mzg_mpi_set_output(const char *path)
{
    output = path;
}

void mzg_mpi_set_end(void (*new_end)(const char *sentence))
{
    end = new_end;
}

static bool is_running(void)
{
    int begun = 0, over = 1;
    return MPI_Initialized(&begun) == MPI_SUCCESS && MPI_Finalized(&over) == MPI_SUCCESS && begun && !over;
}

/* "on rank 1 of 2 (host)", where MPI can tell. */
static int name_rank(char text[static 320], bool running)
{
    char host[256] = "";
    int rank = 0, size = 0;
    gethostname(host, sizeof host - 1);
    if (running && MPI_Comm_rank(MPI_COMM_WORLD, &rank) == MPI_SUCCESS &&
        MPI_Comm_size(MPI_COMM_WORLD, &size) == MPI_SUCCESS)
        snprintf(text, 320, "on rank %d of %d (%s)", rank, size, host);
    else
        snprintf(text, 320, "on %s", host);
    return rank;
}

/* An error that all ranks meet at once is told by rank 0, which ends the others before they speak. */
static void let_rank_0_speak(int rank)
{
    struct timespec moment = {.tv_nsec = 300000000};
    if (rank > 0)
        nanosleep(&moment, NULL);
}

/* MPI_Abort() of Open MPI has lines of its own to say, which add nothing to the sentence. Those of a job of
 * several ranks come from mpirun, and are silent by its -q. */
static void silence(void)
{
    int size = 0;
    if (MPI_Comm_size(MPI_COMM_WORLD, &size) != MPI_SUCCESS || size != 1)
        return;
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0)
        dup2(nowhere, STDERR_FILENO);
}

/* What cannot be done at this place is done by nobody: other ranks may wait for this one for ever. */
static _Noreturn void end_job(const char *what, const char *reason)
{
    static bool ending;
    char rank_text[320], sentence[1020];
    bool running = is_running();
    /* Others may be gone from MPI already, and Open MPI hangs or crashes if they are to be ended from there;
     * that this process ends with an error is enough for the launcher. */
    bool leaving = strncmp(what, "MPI_Finalize ", strlen("MPI_Finalize ")) == 0;
    if (!ending) {
        ending = true;
        int rank = name_rank(rank_text, running);
        snprintf(sentence, sizeof sentence, "%s %s: %s%s%s%s", what, rank_text, reason, output ? "; " : "",
                 output ? output : "", output ? " is not written" : "");
        let_rank_0_speak(rank);
        if (end)
            end(sentence);
        else
            fprintf(stderr, "mzgrid: error: %s\n", sentence);
        fflush(NULL);
    }
    if (running && !leaving) {
        silence();
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    }
    _exit(EXIT_FAILURE);
}

/* `call` is a name, or the text of a call, of which the name counts. */
static _Noreturn void fail(const char *call, int code)
{
    char what[128], reason[MPI_MAX_ERROR_STRING + 32] = "";
    int length = 0;
    if (!is_running() || MPI_Error_string(code, reason, &length) != MPI_SUCCESS || reason[0] == '\0')
        snprintf(reason, sizeof reason, "error %d of MPI", code);
    reason[strcspn(reason, "\r\n")] = '\0';
    snprintf(what, sizeof what, "%.*s failed", call ? (int)strcspn(call, "(") : 11,
             call ? call : "a call of MPI");
    end_job(what, reason);
}

void mzg_mpi_begin(const char *call)
{
    if (n_calls < MOST_NESTED)
        calls[n_calls] = call;
    n_calls++;
}

void mzg_mpi_end(int code)
{
    if (code != MPI_SUCCESS)
        fail(current(), code);
    n_calls--;
}

/* Open MPI hands the name of the function over, of which the standard says nothing. */
static void on_error(MPI_Comm *comm, int *code, ...)
{
    const char *name = current();
    (void)comm;
#ifdef OPEN_MPI
    if (!name) {
        va_list args;
        va_start(args, code);
        name = va_arg(args, const char *);
        va_end(args);
    }
#endif
    fail(name, *code);
}

void mzg_mpi_watch(MPI_Comm comm)
{
    MPI_Errhandler handler;
    MZG_MPI(MPI_Comm_create_errhandler(on_error, &handler));
    MZG_MPI(MPI_Comm_set_errhandler(comm, handler));
    MZG_MPI(MPI_Errhandler_free(&handler)); /* the communicator keeps it */
}

bool mzg_mpi_is_started(void)
{
    int begun = 0;
    MZG_MPI(MPI_Initialized(&begun));
    return begun;
}

static void finalize(void)
{
    if (is_running())
        MZG_MPI(MPI_Finalize());
}

MPI_Comm mzg_mpi_start(void)
{
    int level;
    if (!mzg_mpi_is_started()) {
        MZG_MPI(MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level));
        (void)atexit(finalize); /* else the launcher tells of it */
    }
    return MPI_COMM_WORLD;
}

int mzg_mpi_count(int64_t n, const char *what)
{
    char text[160];
    if (n >= 0 && n <= INT_MAX)
        return (int)n;
    snprintf(text, sizeof text, "%" PRId64 " %s are more than MPI can send at once", n, what);
    end_job(text, "more ranks, or a smaller --chunk-size, make them fewer");
}

int64_t mzg_mpi_line_up(const int *counts, int *begins, int n)
{
    int64_t sum = 0;
    for (int i = 0; i < n; i++) {
        begins[i] = (int)(sum < INT_MAX ? sum : INT_MAX);
        sum += counts[i];
    }
    return sum;
}
