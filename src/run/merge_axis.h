/*
 * One mass axis for the tables that become one: where all have the same bins, those; of windows on one
 * endless grid the window that holds all; of native axes the union of their m/z. Anything else is refused,
 * because columns would not mean the same.
 */
#ifndef MZG_RUN_MERGE_AXIS_H
#define MZG_RUN_MERGE_AXIS_H

#include <mzgrid/axis.h>
#include <run/merge_samples.h>

/* Makes the axis, and tells each sample's bins their columns. MZG_EUSAGE with the two axes if they cannot be
 * one. Every rank makes the same. Release with mzg_axis_destroy(), also after a failure. Local. */
enum mzg_status mzg_merge_axis_make(struct mzg_merge_samples *samples, struct mzg_axis *axis,
                                    struct mzg_error *err);

/* What uns tells of the axis. A new reference, or NULL without memory. Local. */
json_t *mzg_merge_axis_describe(const struct mzg_axis *axis);

#endif
