/*
 * The scratch space of one thread: a few arrays, the lanes, that grow to the largest spectrum met. Growing
 * does not copy: each use fills a lane anew. After a warm-up nothing is allocated.
 */
#ifndef MZG_RESAMPLE_WORKSPACE_H
#define MZG_RESAMPLE_WORKSPACE_H

#include <mzgrid/resample.h>
#include <stdbool.h>
#include <stddef.h>

enum mzg_lane {
    MZG_LANE_CLEAN_MZ, /* cleaned points, and */
    MZG_LANE_CLEAN_INTENSITY,
    MZG_LANE_SORT_MZ, /*   the other half of their merge sort */
    MZG_LANE_SORT_INTENSITY,
    MZG_LANE_PIECE_MZ, /* points with the zeros beside gaps put in */
    MZG_LANE_PIECE_INTENSITY,
    MZG_LANE_PIECE_ENDS,
    MZG_LANE_PREPARED, /* what a spline computes from m/z alone */
    MZG_LANE_SLOPES,
    MZG_LANE_DEAD,      /* where a curve is 0, */
    MZG_LANE_RUNS,      /* stretches of a curve that are not 0, and */
    MZG_LANE_POSITIONS, /*   their places; or the places of points in bins, and */
    MZG_LANE_CELLS,     /*   the ends of their cells */
    MZG_LANE_BINS,      /* the resampled row */
    MZG_LANE_VALUES,
    MZG_LANES
};

struct mzg_workspace {
    void *lanes[MZG_LANES];
    int64_t sizes[MZG_LANES]; /* bytes */
    bool lends_points;        /* a row may point to the intensities of its spectrum, if they are its values */
};

/* Memory for n elements of `size` bytes in the lane, valid until the lane is asked for again; NULL, with
 * MZG_ENOMEM in `err`, where there is none. Local. */
void *mzg_workspace_lane(struct mzg_workspace *workspace, enum mzg_lane lane, int64_t n, size_t size,
                         struct mzg_error *err);

#endif
