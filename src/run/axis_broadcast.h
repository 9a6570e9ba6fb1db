/* The mass axis is computed once, on rank 0, so that no two ranks can differ in the last bit of an edge. */
#ifndef MZG_RUN_AXIS_BROADCAST_H
#define MZG_RUN_AXIS_BROADCAST_H

#include <axis/mz_set.h>
#include <core/context.h>
#include <mzgrid/axis.h>

/* What an axis is made of: the file `path`, if it is not NULL, else for a native one the m/z that rank 0 has,
 * else what `spec` describes. */
struct mzg_axis_source {
    const char *path;
    const struct mzg_axis_spec *spec;
    const struct mzg_mz_set *native;
    int64_t memory;
};

/* Builds the axis on rank 0 and broadcasts it. `memory` is what a rank may take, in bytes; an axis that alone
 * would exceed it is refused with the numbers. All ranks return the same status. Release with
 * mzg_axis_destroy(). Collective over context->comm. */
enum mzg_status mzg_axis_build_shared(const struct mzg_context *context, const struct mzg_axis_source *source,
                                      struct mzg_axis *axis, struct mzg_error *err);

/* The bytes that a bin takes on each rank: its edge and centre, and its statistics, which take least for
 * float32. Local. */
int64_t mzg_axis_bytes_per_bin(void);

struct mzg_convert_options;
struct mzg_decisions;

/* The axis that was decided (run/decide.h), with the m/z that rank 0 has for a native one. As above. */
enum mzg_status mzg_axis_make(const struct mzg_context *context, const struct mzg_convert_options *options,
                              const struct mzg_decisions *decisions, const struct mzg_mz_set *native,
                              struct mzg_axis *axis, struct mzg_error *err);

#endif
