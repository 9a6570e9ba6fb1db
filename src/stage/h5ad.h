/* Makes the staged HDF5 file, which holds X, a complete AnnData file that any AnnData reader opens. */
#ifndef MZG_STAGE_H5AD_H
#define MZG_STAGE_H5AD_H

#include <core/frame.h>
#include <jansson.h>
#include <mzgrid/error.h>

struct mzg_h5ad {
    int64_t n_rows;
    const struct mzg_frame *obs;
    const struct mzg_frame *var; /* var->n is the number of columns of X */
    const double *spatial;       /* n_rows × 2 */
    const struct mzg_frame *skipped;
    const double *average_spectrum; /* var->n */
    json_t *uns;
};

/* Completes the file at `path`, whose X was written by a stage that is closed by now, and syncs it to disk.
 * Parallel HDF5 cannot write strings of variable length, so one rank does it, through a serial handle. Local.
 */
enum mzg_status mzg_h5ad_complete(const char *path, const struct mzg_h5ad *h5ad, struct mzg_error *err);

#endif
