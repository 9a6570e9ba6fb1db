/* The names of the files that a conversion makes beside its output. */
#ifndef MZG_RUN_PATHS_H
#define MZG_RUN_PATHS_H

#include <mzgrid/convert.h>

struct mzg_paths {
    char *h5ad;    /* [TEMP_DIR/]OUT.h5ad: the HDF5 file, once it is complete and kept */
    char *stage;   /* the same, while rows wait in it */
    char *scratch; /* where this rank may make a temporary file */
};

/* Fills `paths`, owned by the caller, who releases them with mzg_paths_destroy() also after a failure. Local.
 */
enum mzg_status mzg_paths_make(const struct mzg_convert_options *options, int rank, struct mzg_paths *paths,
                               struct mzg_error *err);
void mzg_paths_destroy(struct mzg_paths *paths);

#endif
