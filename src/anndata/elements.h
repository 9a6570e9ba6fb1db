/* The parts of the tree: what each becomes in any back end. All local. */
#ifndef MZG_ANNDATA_ELEMENTS_H
#define MZG_ANNDATA_ELEMENTS_H

#include <anndata/backend.h>

/* Writes a group of AnnData's type "dict", without its members. */
enum mzg_status mzg_write_dict(struct mzg_backend *backend, const char *path, struct mzg_error *err);

/* Writes a frame as AnnData's "dataframe". */
enum mzg_status mzg_write_frame(struct mzg_backend *backend, const char *path, const struct mzg_frame *frame,
                                struct mzg_error *err);

/* Writes the members of a JSON object as elements of the group at `path`, which stands already: objects
 * become groups, arrays of one kind of value arrays, other arrays groups with the members "0", "1" …; null is
 * left out. Keys become names that SpatialData allows: letters, digits, '_', '-' and '.', unique when case is
 * ignored. */
enum mzg_status mzg_write_tree(struct mzg_backend *backend, const char *path, const json_t *tree,
                               struct mzg_error *err);

#endif
