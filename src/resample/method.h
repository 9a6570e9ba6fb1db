/*
 * The resampling methods, as a table. A further method is one file that defines a struct mzg_method_kind, and
 * one row in method.c.
 */
#ifndef MZG_RESAMPLE_METHOD_H
#define MZG_RESAMPLE_METHOD_H

#include <axis/locator.h>
#include <resample/clean.h>

/* What a method computes once from an m/z array that many spectra share. Which members it fills is its own
 * matter. */
struct mzg_shared {
    int32_t *bins;        /* of each point inside the axis; */
    bool has_bin_of_each; /*   no two have the same */

    int64_t n_centers;    /* of the centres between the ends of the array: */
    int32_t *center_bins; /*   their bins, */
    int32_t *intervals;   /*   the point that each comes after, */
    double *weights;      /*   how far it is on the way to the next one; */
    bool ends_on_center;  /*   the last one is on the last point; */
    double *prepared;     /*   what a spline computes from m/z alone */

    double *cells; /* the two ends of each point's cell, in bins */
};

struct mzg_slope_rule;

/* The points to resample: those numbered [inside, end) lie on the axis. */
struct mzg_task {
    const struct mzg_resampler_options *options;
    const struct mzg_slope_rule *rule; /* of the method */
    const struct mzg_locator *locator; /* and its axis */
    const struct mzg_shared *shared;   /* NULL: none; else made from the very points.mz */
    struct mzg_points points;
    int64_t inside;
    int64_t end;
};

struct mzg_method_kind {
    const char *name;
    bool interpolates;                 /* invents values between points, as on a curve */
    bool sums;                         /* its values are sums of intensities, else heights */
    const char *conserves;             /* what is the same before and after, in words */
    const struct mzg_slope_rule *rule; /* of a spline (curve.h); NULL: none */

    /* Fills `shared`, which is zero, from the m/z of a task without `shared` and intensities. Fails with
     * MZG_ENOMEM. */
    enum mzg_status (*share)(const struct mzg_task *task, struct mzg_shared *shared, struct mzg_error *err);

    /* Leaves the row in the workspace, and in `summary` what is the method's to say. The same values with and
     * without task->shared. Fails with MZG_ENOMEM. */
    enum mzg_status (*resample)(const struct mzg_task *task, struct mzg_workspace *workspace,
                                struct mzg_spectrum_summary *summary, struct mzg_sparse_row *row,
                                struct mzg_error *err);
};

extern const struct mzg_method_kind mzg_nearest_method;
extern const struct mzg_method_kind mzg_linear_method;
extern const struct mzg_method_kind mzg_cubic_method;
extern const struct mzg_method_kind mzg_pchip_method;
extern const struct mzg_method_kind mzg_tic_preserving_method;
extern const struct mzg_method_kind mzg_overlap_method;

/* The row of the table. Local. */
const struct mzg_method_kind *mzg_method_kind(enum mzg_method method);

#endif
