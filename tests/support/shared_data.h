/*
 * Real and damaged imzML files for tests, where they are at hand: in ../shared beside the source tree. A test
 * that needs them passes without, and says so.
 */
#ifndef SHARED_DATA_H
#define SHARED_DATA_H

#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The path of `name` in ../shared, from the path of the test's source, __FILE__, in tests/<folder>/. A
 * compiler cache may have made that path relative to the build directory. */
static inline bool shared_path(const char *source, const char *name, char *path, size_t size)
{
    char folder[1024];
    snprintf(folder, sizeof folder, "%s%s", *source == '/' ? "" : MZG_BUILD_DIRECTORY "/", source);
    snprintf(path, size, "%s/../../../shared/%s", dirname(folder), name);
    if (access(path, R_OK) == 0)
        return true;
    fprintf(stderr, "skipped: no %s beside the source tree\n",
            name); /* a warning fails with Criterion 2.3.3 */
    return false;
}

#endif
