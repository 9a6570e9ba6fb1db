/*
 * Methods that see the points of a spectrum as a curve and look it up at the bin centres: a polyline, or
 * cubic pieces that are given by the slopes at the points. What differs between splines is how they choose
 * the slopes.
 */
#ifndef MZG_RESAMPLE_CURVE_H
#define MZG_RESAMPLE_CURVE_H

#include <resample/method.h>

/* n >= 2 points. */
struct mzg_curve {
    const double *mz;
    const double *intensity;
    int64_t n;
    bool is_cut; /* a piece between gaps: it begins and ends at 0 */
};

struct mzg_slope_rule {
    int64_t prepared_per_point;
    bool may_overshoot; /* values below 0 are cut off, unless the spectrum has negative intensities itself */
    void (*prepare)(const double *mz, int64_t n, double *prepared); /* from m/z alone */
    /* `slopes` has room for 2 n: the slopes, and as many numbers to work with. */
    void (*slopes)(const struct mzg_curve *curve, const double *prepared, double *slopes);
};

/* The members of a method without more to say: a spline by task->rule, or a polyline. */
enum mzg_status mzg_curve_share(const struct mzg_task *task, struct mzg_shared *shared,
                                struct mzg_error *err);
enum mzg_status mzg_curve_resample(const struct mzg_task *task, struct mzg_workspace *workspace,
                                   struct mzg_spectrum_summary *summary, struct mzg_sparse_row *row,
                                   struct mzg_error *err);

#endif
