#ifndef MZG_CORE_REMOVE_TREE_H
#define MZG_CORE_REMOVE_TREE_H

#include <mzgrid/error.h>

/* Removes the directory at `path` with all that is in it. Symbolic links are removed, never followed; a link
 * at `path` itself is refused. What does not exist is no error. Local. */
enum mzg_status mzg_remove_tree(const char *path, struct mzg_error *err);

#endif
