/* What the tests of stages share: a context with a pool, and a path for the file, in a directory that no
 * other run knows. Included once a program. */
#ifndef STAGE_FIXTURE_H
#define STAGE_FIXTURE_H

#include <mpi_directory.h>

#include <stdio.h>

struct fixture {
    struct mzg_context context;
    struct mzg_error err;
    char directory[256], path[300];
};

static inline void begin(struct fixture *f, const char *name)
{
    *f = (struct fixture){0};
    begin_directory(&f->context, 2, f->directory);
    snprintf(f->path, sizeof f->path, "%s/%s.h5", f->directory, name);
}

static inline void end(struct fixture *f)
{
    end_directory(&f->context, f->directory);
}

#endif
