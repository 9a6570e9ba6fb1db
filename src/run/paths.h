/* The names of the files that a conversion makes beside its output. */
#ifndef MZG_RUN_PATHS_H
#define MZG_RUN_PATHS_H

#include <core/context.h>
#include <core/own_file.h>
#include <mzgrid/convert.h>

struct mzg_paths {
    char *directory;      /* of temporary files: TEMP_DIR, or that of the output */
    char *h5ad;           /* [TEMP_DIR/]OUT.h5ad: the HDF5 file, once it is complete and kept */
    char *stage;          /* where rows wait, of this run alone; NULL before mzg_paths_claim() */
    char *scratch;        /* where this rank may make a temporary file; likewise */
    struct mzg_own *own;  /* rank 0 */
    struct mzg_own *kept; /* rank 0: the claim of `h5ad`; NULL: it is not to be kept */
    bool exchanged;       /* an old file at `h5ad` changed places with the stage */
};

/* Fills `paths` but for what is claimed; owned by the caller, who releases them with mzg_paths_destroy() also
 * after a failure. Local. */
enum mzg_status mzg_paths_make(const struct mzg_convert_options *options, struct mzg_paths *paths,
                               struct mzg_error *err);

/* MZG_EIO if the HDF5 file is to be kept, and another has its name and is not to be replaced. Local. */
enum mzg_status mzg_paths_look(const struct mzg_convert_options *options, const struct mzg_paths *paths,
                               struct mzg_error *err);

/* Claims the directory of temporary files for this run, looks once more as mzg_paths_look() does, removes
 * what dead runs of the same output left there, and looks whether all ranks see it. All ranks return the same
 * status. Collective. */
enum mzg_status mzg_paths_claim(const struct mzg_context *context, const struct mzg_convert_options *options,
                                struct mzg_paths *paths, struct mzg_error *err);

/* Gives the staged file, on the disk, the name paths->h5ad; an old one of that name is kept until
 * mzg_paths_destroy(). Rank 0. */
enum mzg_status mzg_paths_keep(struct mzg_paths *paths, bool overwrite, struct mzg_error *err);

/* Undoes it: the run failed after all. Rank 0. */
void mzg_paths_take_back(struct mzg_paths *paths);

/* Removes what is claimed, and frees the names. MZG_EIO names what could not be removed, which the next run
 * of the same output removes. */
enum mzg_status mzg_paths_destroy(struct mzg_paths *paths, struct mzg_error *err);

#endif
