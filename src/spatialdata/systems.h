/* Coordinate systems of elements: the names of those that an element's transformations lead to. */
#ifndef MZG_SPATIALDATA_SYSTEMS_H
#define MZG_SPATIALDATA_SYSTEMS_H

#include <jansson.h>
#include <mzgrid/error.h>

/* In the attributes of an element, those of its group, "global" becomes SAMPLE and any other coordinate
 * system SAMPLE_NAME. `shown` is the element, for messages. MZG_EFORMAT for transformations that are none.
 * Local. */
enum mzg_status mzg_systems_rename(json_t *attributes, const char *sample, const char *shown,
                                   struct mzg_error *err);

#endif
