/* Elements of AnnData in a group of a Zarr store. */
#ifndef MZG_ANNDATA_ZARR_BACKEND_H
#define MZG_ANNDATA_ZARR_BACKEND_H

#include <anndata/backend.h>
#include <zarr/zarr.h>

struct mzg_zarr_rows;

/* Everything is borrowed. */
struct mzg_zarr_backend {
    struct mzg_backend base;
    struct mzg_zarr_store *store;
    const char
        *root; /* the declared group that paths begin in, such as "tables/a_z0"; "": the store's root */
    struct mzg_codec codec;     /* of numbers */
    bool only_declares;         /* another rank writes what stands in memory */
    struct mzg_zarr_rows *rows; /* takes note of arrays whose rows lie on all ranks (zarr_rows.h); NULL: there
                                   are none */
};

/* A back end into the group `root`. Local. */
struct mzg_zarr_backend mzg_zarr_backend(struct mzg_zarr_store *store, const char *root,
                                         struct mzg_codec codec);

#endif
