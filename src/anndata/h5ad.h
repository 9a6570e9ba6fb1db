/* Makes the staged HDF5 file, which holds X, a complete AnnData file that any AnnData reader opens. */
#ifndef MZG_ANNDATA_H5AD_H
#define MZG_ANNDATA_H5AD_H

#include <anndata/anndata.h>

/* Completes the file at `path`, whose X was written by a stage that is closed by now, and syncs it to disk.
 * For one rank, which opens the file by itself: rank 0, which alone held HDF5's handle of it. After a failure
 * the file is not to be used, and may still be open: take its name away. Local. */
enum mzg_status mzg_h5ad_complete(const char *path, const struct mzg_anndata *anndata, struct mzg_error *err);

#endif
