/* Makes the staged HDF5 file, which holds X, a complete AnnData file that any AnnData reader opens. */
#ifndef MZG_ANNDATA_H5AD_H
#define MZG_ANNDATA_H5AD_H

#include <anndata/anndata.h>
#include <core/context.h>

/* Completes the file at `path`, whose X was written by a stage that is closed by now, and syncs it to disk.
 * Rank 0, which alone held HDF5's handle of the file, opens it by itself, and gets the rows that lie on other
 * ranks piece by piece. After a failure the file is not to be used, and may still be open: take its name
 * away. All ranks return the same status. Collective over context->comm; with MPI_COMM_NULL this process is
 * alone. */
enum mzg_status mzg_h5ad_complete(const struct mzg_context *context, const char *path,
                                  const struct mzg_anndata *anndata, struct mzg_error *err);

#endif
