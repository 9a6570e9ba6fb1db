/* The metadata of a store with one more table, from those that stand. All local. */
#ifndef MZG_SPATIALDATA_UPDATE_METADATA_H
#define MZG_SPATIALDATA_UPDATE_METADATA_H

#include <jansson.h>
#include <mzgrid/error.h>
#include <stdbool.h>

/* Whether a group's consolidated metadata name the node `path` below it; also if it has none. */
bool mzg_metadata_names(const json_t *group, const char *path);

/* Takes the node `path` and all below it out of a group's consolidated metadata, if it has such. */
enum mzg_status mzg_metadata_remove(json_t *group, const char *path, struct mzg_error *err);

/* Puts the node `path` with `metadata` into the consolidated metadata of a group, which are sorted by depth,
 * then name; if the node has such itself, what they hold takes the place of all that was below `path`. A
 * group without any gets none. */
enum mzg_status mzg_metadata_put(json_t *group, const char *path, const json_t *metadata,
                                 struct mzg_error *err);

/* Adds a column to the order of columns of a dataframe's group, unless it is there. */
enum mzg_status mzg_metadata_add_column(json_t *frame, const char *name, struct mzg_error *err);

#endif
