/* The mass axis is computed once, on rank 0, so that no two ranks can differ in the last bit of an edge. */
#ifndef MZG_RUN_AXIS_BROADCAST_H
#define MZG_RUN_AXIS_BROADCAST_H

#include <core/context.h>
#include <mzgrid/axis.h>

/* Builds the axis that `spec` describes, or reads the one in the axis file `path` (NULL: none), on rank 0 and
 * broadcasts it. `memory` is what a rank may take, in bytes; an axis that alone would exceed it is refused
 * with the numbers. All ranks return the same status. Release with mzg_axis_destroy(). Collective over
 * context->comm. */
enum mzg_status mzg_axis_build_shared(const struct mzg_context *context, const struct mzg_axis_spec *spec,
                                      const char *path, int64_t memory, struct mzg_axis *axis,
                                      struct mzg_error *err);

#endif
