/* The metadata of a merged store: all nodes of all elements, with the names and coordinate systems that they
 * have in it. Rank 0; all local. */
#ifndef MZG_RUN_MERGE_DECLARE_H
#define MZG_RUN_MERGE_DECLARE_H

#include <run/merge_inputs.h>

/* Whether the array at `node` of a table is written anew: it holds names of elements. */
bool mzg_merge_is_rewritten(const struct mzg_element *element, const struct mzg_catalog_node *node);

/* Declares the root, the groups of elements and the nodes of each element but the tables that become one, and
 * writes arrays that hold names which change. Warns of attributes of the roots that contradict each other. */
enum mzg_status mzg_merge_declare(const struct mzg_context *context, const struct mzg_merge_options *options,
                                  const struct mzg_merge_inputs *inputs, struct mzg_sdata *sdata,
                                  struct mzg_error *err);

/* Declares `node` of an element, with all below it, at `path` in the store. */
enum mzg_status mzg_merge_declare_below(struct mzg_sdata *sdata, const struct mzg_element *element,
                                        const char *node, const char *path, struct mzg_error *err);

#endif
