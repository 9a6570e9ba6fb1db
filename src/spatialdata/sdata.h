/* What the files of this room share: the container under construction. */
#ifndef MZG_SPATIALDATA_SDATA_H
#define MZG_SPATIALDATA_SDATA_H

#include <spatialdata/place.h>
#include <spatialdata/spatialdata.h>

struct mzg_sdata {
    const struct mzg_context *context;
    struct mzg_place *place;
    char *part; /* where the store is built */
    struct mzg_zarr_store *store;
    struct mzg_codec codec; /* of numbers */
    char *table_path;       /* tables/ID_z0 */
    char *region;           /* ID_z0_pixels */
    char *image;            /* ID_z0_tic */
    bool complete;          /* and on the disk, but for its name */
    bool finished;
};

#endif
