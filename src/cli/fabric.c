#include <cli/fabric.h>

#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

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
