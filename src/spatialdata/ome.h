/* The metadata of rasters: OME-Zarr 0.5 with the coordinate transformations of SpatialData. */
#ifndef MZG_SPATIALDATA_OME_H
#define MZG_SPATIALDATA_OME_H

#include <jansson.h>
#include <spatialdata/cells.h>

enum { MZG_MAX_LEVELS = 32 };

/* The attributes of the group of a raster with the axes named by `axes`, one letter each ("yx", "czyx" …),
 * and n levels of these sizes, the full one first. `omero` tells of the channel of an image (omero.h), and
 * its reference is taken; NULL: labels. A new reference, or NULL without memory. Local. */
json_t *mzg_ome_attributes(const char *name, const char *axes, const struct mzg_raster_size *levels, int n,
                           const struct mzg_sdata_geometry *geometry, json_t *omero);

#endif
