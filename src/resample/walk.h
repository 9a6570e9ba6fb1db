/* Looking a curve up at the bin centres, in one walk over both: the ordinary way of curve.c. */
#ifndef MZG_RESAMPLE_WALK_H
#define MZG_RESAMPLE_WALK_H

#include <axis/locator.h>
#include <resample/gaps.h>

/* The row as it grows; `next` is the first centre still to come. */
struct mzg_walk {
    const struct mzg_locator *locator;
    double lowest; /* values of splines are not below */
    int32_t *bins;
    double *values;
    int64_t n;
    int64_t next;
};

/* The centres in [low, high]: numbers `*first` to `*end` - 1. */
void mzg_center_range(const struct mzg_locator *locator, double low, double high, int64_t *first,
                      int64_t *end);

/* Appends the values at the centres between the ends of one or more pieces, of two points or more each, to
 * the row, which has room for them. `pieces->ends` count from a point that is `begin` points before the
 * first. Intervals where the curve is 0 from end to end, or cut off there, are left out. `slopes` is NULL for
 * a polyline. Fails with MZG_ENOMEM. */
enum mzg_status mzg_walk_pieces(const struct mzg_pieces *pieces, int64_t begin, const double *slopes,
                                struct mzg_workspace *workspace, struct mzg_walk *walk,
                                struct mzg_error *err);

#endif
