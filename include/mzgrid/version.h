/*
 * The version of the library that a program runs with. It may be a newer one than that of the headers: a
 * program runs with every library of the same SONAME that is not older.
 */
#ifndef MZGRID_VERSION_H
#define MZGRID_VERSION_H

#include <mzgrid/export.h>

MZG_BEGIN_API

/* Such as "0.1.0". Valid for ever. Local. */
const char *mzg_version(void);

/* As one number: major * 1000000 + minor * 1000 + patch. Local. */
int mzg_version_number(void);

MZG_END_API

#endif
