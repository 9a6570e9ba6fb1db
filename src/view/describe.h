/* What a finished store is, as JSON. All local. */
#ifndef MZG_VIEW_DESCRIBE_H
#define MZG_VIEW_DESCRIBE_H

#include <jansson.h>
#include <view/view.h>

/* A tree of uns, as "uns/mzgrid", as it was written: groups as objects, scalars as strings or numbers, lists
 * as arrays of at most 1000 elements; whatever else there is, is null. A new reference; null if the node is
 * not there. */
enum mzg_status mzg_view_tree(const struct mzg_view *view, const char *node, json_t **tree,
                              struct mzg_error *err);

/* Sizes, mass axis and method with their reasons, layout, bytes on the disk, the feature table if there is
 * one, pixels that were skipped, with reasons: an object of numbers and words, a new reference. */
enum mzg_status mzg_view_describe(const struct mzg_view *view, json_t **description, struct mzg_error *err);

#endif
