/* Preloaded into the program: each process of it appends a line to the file MZG_TOLD_NAPS at its end, how
 * often it called nanosleep(), as waits that are slept through do (cli/nap.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long naps;

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): those of the C library are reserved */
int nanosleep(const struct timespec *length, struct timespec *left)
{
    naps++;
    int code = clock_nanosleep(CLOCK_REALTIME, 0, length, left);
    errno = code;
    return code == 0 ? 0 : -1;
}

__attribute__((destructor)) static void tell(void)
{
    FILE *told =
        strcmp(program_invocation_short_name, "mzgrid") == 0 ? fopen(getenv("MZG_TOLD_NAPS"), "a") : NULL;
    if (!told)
        return;
    fprintf(told, "%ld\n", naps);
    fclose(told);
}
