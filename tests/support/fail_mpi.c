/*
 * Preloaded into the program: the n-th call of one function of MPI on one rank fails, as MPI lets it fail.
 * The call is not made, so that the other ranks wait in it.
 *
 *   FAIL_MPI=NAME:N[:RANK]  MPI_NAME fails when it is called for the N-th time, from 1 on, on RANK (default:
 * 0) FAIL_MPI_HOW=raise      the handler of the communicator is called, then an error returned (default)
 *   FAIL_MPI_HOW=return     an error is only returned, as with MPI_ERRORS_RETURN
 *   FAIL_MPI_OF=program     only calls count that the program itself makes; otherwise those of libraries, too
 *   FAIL_MPI_COUNTS=PATH    MPI_Finalize writes how often each function was called, "NAME N" a line, to
 * PATH.RANK
 */
#define _GNU_SOURCE
#include <link.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct function {
    const char *name;
    long calls;
    struct function *next;
};

static struct function *functions;

static int find_program(struct dl_phdr_info *info, size_t size, void *range)
{
    uintptr_t *ends = range;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
            continue;
        ends[0] = info->dlpi_addr + part->p_vaddr;
        ends[1] = ends[0] + part->p_memsz;
    }
    return 1; /* the first one is the program */
}

static bool is_of_program(const void *caller)
{
    static uintptr_t ends[2];
    if (ends[1] == 0)
        dl_iterate_phdr(find_program, ends);
    return (uintptr_t)caller >= ends[0] && (uintptr_t)caller < ends[1];
}

/* Counts the call, and says whether it is the one to fail. */
static bool is_due(struct function *function, const void *caller)
{
    const char *which = getenv("FAIL_MPI"), *of = getenv("FAIL_MPI_OF");
    if (of && strcmp(of, "program") == 0 && !is_of_program(caller))
        return false;
    if (function->calls++ == 0) {
        function->next = functions;
        functions = function;
    }
    size_t length = strlen(function->name);
    if (!which || strncmp(which, function->name, length) != 0 || which[length] != ':')
        return false;
    char *end;
    int rank = 0;
    long n = strtol(which + length + 1, &end, 10);
    PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return function->calls == n && rank == (*end == ':' ? atoi(end + 1) : 0);
}

static bool is_raised(void)
{
    const char *how = getenv("FAIL_MPI_HOW");
    return !how || strcmp(how, "return") != 0;
}

static int fail_on(MPI_Comm comm)
{
    if (is_raised())
        PMPI_Comm_call_errhandler(comm, MPI_ERR_INTERN);
    return MPI_ERR_INTERN;
}

static int fail_on_file(MPI_File file)
{
    if (is_raised() && file != MPI_FILE_NULL)
        PMPI_File_call_errhandler(file, MPI_ERR_IO);
    return MPI_ERR_IO;
}

#define SHIM(shim_name, failure, parameters, arguments)                                                      \
    int MPI_##shim_name parameters                                                                           \
    {                                                                                                        \
        static struct function function = {.name = #shim_name};                                              \
        return is_due(&function, __builtin_return_address(0)) ? failure : PMPI_##shim_name arguments;        \
    }

#define ISHIM SHIM
#include "mpi_calls.h"

/* MPI opens and closes files together: no rank leaves the others behind in it, whatever it meets. */
int MPI_File_open(MPI_Comm comm, const char *path, int mode, MPI_Info info, MPI_File *file)
{
    static struct function function = {.name = "File_open"};
    bool fails = is_due(&function, __builtin_return_address(0));
    int code = PMPI_File_open(comm, path, mode, info, file);
    return fails ? fail_on_file(MPI_FILE_NULL) : code;
}

int MPI_File_close(MPI_File *file)
{
    static struct function function = {.name = "File_close"};
    bool fails = is_due(&function, __builtin_return_address(0));
    int code = PMPI_File_close(file);
    return fails ? fail_on_file(MPI_FILE_NULL) : code;
}

int MPI_Finalize(void)
{
    static struct function function = {.name = "Finalize"};
    bool fails = is_due(&function, __builtin_return_address(0));
    const char *counts = getenv("FAIL_MPI_COUNTS");
    char path[4096];
    int rank = 0;
    PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
    snprintf(path, sizeof path, "%s.%d", counts ? counts : "", rank);
    FILE *file = counts ? fopen(path, "w") : NULL;
    for (const struct function *f = functions; file && f; f = f->next)
        fprintf(file, "%s %ld\n", f->name, f->calls);
    if (file)
        fclose(file);
    return fails ? WORLD : PMPI_Finalize();
}
