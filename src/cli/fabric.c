#include <cli/fabric.h>

#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* By this an Open MPI is known. */
#define HELP "/share/openmpi/help-mpi-runtime.txt"

/* Devices of the networks that libfabric, PSM and PSM2 know. */
static const char *const patterns[] = {
    "infiniband/*", /* verbs, EFA, RoCE */
    "hfi1*",        /* Omni-Path */
    "ipath*",       /* True Scale */
    "cxi*",         /* Slingshot */
    "kgni*",        /* Aries */
};

static bool has_device(const char *devices, const char *pattern)
{
    char path[512];
    glob_t found;
    int length = snprintf(path, sizeof path, "%s/%s", devices, pattern);
    if (length < 0 || (size_t)length >= sizeof path)
        return true; /* not known */
    int failed = glob(path, GLOB_NOSORT, NULL, &found);
    if (failed == 0)
        globfree(&found);
    return failed != GLOB_NOMATCH;
}

void mzg_skip_shared_pointers(void)
{
    setenv("OMPI_MCA_sharedfp", "individual", 0);
}

void mzg_skip_absent_fabrics(const char *devices)
{
    if (getenv("OMPI_MCA_pml") || getenv("OMPI_MCA_mtl"))
        return;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (has_device(devices, patterns[i]))
            return;
    setenv("OMPI_MCA_mtl", "^ofi,psm,psm2", 1);
}

/* What holds the folder of a file, as /usr for /usr/bin/mzgrid; empty if there is none. */
static void folder_above(const char *file, char above[static PATH_MAX])
{
    char whole[PATH_MAX];
    above[0] = '\0';
    if (!realpath(file, whole))
        return;
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(whole, '/');
        if (!slash)
            return;
        *slash = '\0';
    }
    memcpy(above, whole, strlen(whole) + 1);
}

void mzg_place_open_mpi(const char *program, const char *library)
{
    char of_program[PATH_MAX], of_library[PATH_MAX], help[PATH_MAX + sizeof HELP];
    if (getenv("OPAL_PREFIX"))
        return;
    folder_above(program, of_program);
    folder_above(library, of_library);
    snprintf(help, sizeof help, "%s%s", of_library, HELP);
    if (of_library[0] && strcmp(of_program, of_library) == 0 && access(help, R_OK) == 0)
        setenv("OPAL_PREFIX", of_library, 0);
}
