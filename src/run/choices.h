/* The names of what options of a conversion choose from: as the command line takes them, and as the store
 * tells them. */
#ifndef MZG_RUN_CHOICES_H
#define MZG_RUN_CHOICES_H

#include <core/frame.h>
#include <mzgrid/convert.h>

/* The name of choice `number` of the enum, NULL behind the last one. Local. */
const char *mzg_dtype_name(int number);
const char *mzg_duplicates_name(int number);
const char *mzg_streaming_name(int number);

/* As which type values of a dtype are stored. Local. */
enum mzg_type mzg_dtype_type(enum mzg_dtype dtype);

#endif
