/* The versions of mzgrid and of the libraries it runs with. */
#ifndef MZG_CLI_VERSIONS_H
#define MZG_CLI_VERSIONS_H

#include <stdio.h>

struct mzg_library {
    const char *name;
    char version[64];
};

enum { MZG_LIBRARIES = 6 };

/* Open MPI first, then the others. MPI must be running. Local. */
void mzg_version_libraries(struct mzg_library libraries[MZG_LIBRARIES]);

/* What `mzgrid --version` says. Local. */
void mzg_version_print(FILE *file);

#endif
