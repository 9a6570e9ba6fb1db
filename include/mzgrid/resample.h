/*
 * Resampling: how one spectrum becomes values on the bins of a mass axis. Usable without MPI.
 *
 * A resampler is made once per run and then only read: any number of threads may share it. Each thread brings
 * a workspace of its own. The arithmetic is in double, the same bits for any number of threads.
 */
#ifndef MZGRID_RESAMPLE_H
#define MZGRID_RESAMPLE_H

#include <mzgrid/axis.h>
#include <mzgrid/error.h>
#include <mzgrid/export.h>
#include <mzgrid/sampling.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mzg_method {
    MZG_NEAREST_NEIGHBOR, /* each point's intensity is added to its bin */
    MZG_LINEAR,           /* piecewise linear through the points, at the bin centres */
    MZG_CUBIC,          /* not-a-knot cubic spline, at the bin centres; below 0 only where intensities are */
    MZG_PCHIP,          /* monotone cubic pieces (Fritsch and Carlson), at the bin centres */
    MZG_TIC_PRESERVING, /* linear, times one factor that gives the row the sum of the points inside the axis
                         */
    MZG_OVERLAP,        /* each intensity spread over its point's cell, bins get the parts they overlap */
    MZG_METHODS
};

/* What cleaning and resampling found in one spectrum. */
struct mzg_spectrum_summary {
    int64_t n_points;        /* as in the file */
    int64_t dropped_points;  /* m/z or intensity not finite, or m/z <= 0 */
    int64_t negative_points; /* finite intensities below 0 */
    int64_t outside_points;  /* clean points beyond the axis */
    int64_t clean_points;    /* with what was merged counted once; their range: */
    double min_mz, max_mz;   /*   0 without points */
    double
        outside_intensity[2]; /* sums of the sizes of the intensities of points below and above the axis, */
    double intensity_size;    /*   and of all that are finite */
    double tic;               /* sum of all finite intensities, in the order of the file */
    double base_peak_mz;      /* of the clean point of largest intensity, the first such; 0 without points */
    double base_peak_intensity; /* its intensity */
    bool unsorted;              /* m/z decreased somewhere, and were sorted */
    bool merged;                /* some m/z stood there twice, and were merged, intensities summed */
    bool by_nearest;            /* tic_preserving: no factor exists, so nearest_neighbor did it */
};

/* Values on the bins that the spectrum touches: bins strictly increasing. Values may be 0. */
struct mzg_sparse_row {
    const int32_t *bins;
    const double *values;
    int64_t n;
};

struct mzg_resampler;
struct mzg_workspace;

MZG_BEGIN_API

/* The name as on the command line, such as "linear". Local. */
const char *mzg_method_name(enum mzg_method method);

/* The method of that name; MZG_EUSAGE with a list of the names for any other. Local. */
enum mzg_status mzg_method_parse(const char *name, enum mzg_method *method, struct mzg_error *err);

/* Whether `method` invents values between points, as on a curve (a profile). Local. */
bool mzg_method_interpolates(enum mzg_method method);

struct mzg_resampler_options {
    size_t size; /* sizeof(struct mzg_resampler_options) */
    enum mzg_method method;

    /* Gaps (methods that interpolate): an interval wider than max_gap steps of `sampling` is read as zeros
     * that were trimmed away. 0: none is; else at least 1. */
    double max_gap;
    struct mzg_sampling sampling; /* with max_gap */

    /* If all spectra of the run have the same m/z array: that array, borrowed, outlives the resampler;
     * NULL: none. What depends on it alone is computed once, and spectra whose `mz` is that very pointer,
     * with n == n_shared, take the short way: the same values, sooner. */
    const double *shared_mz;
    int64_t n_shared;
};

/* What one value of a row is: "height" for a point of a curve, "sum" for the intensities that fell into the
 * bin. Local. */
const char *mzg_method_values(enum mzg_method method);

/* What is known of a run, to choose its method by. */
struct mzg_method_evidence {
    bool is_centroid;
    bool is_profile;
    const struct mzg_axis *axis;        /* with its edges */
    const struct mzg_sampling_fit *fit; /* of a profile; NULL: none */
    bool high_accuracy;                 /* --accuracy high */
    double work;                        /* points to read and values to compute, over the whole run */
};

/* Beyond this much work, high accuracy is not chosen by itself: about a quarter of an hour of one core. */
#define MZG_HIGH_ACCURACY_WORK 1e11

/* The method for `--interpolation-method auto`: nearest_neighbor except for profiles; for these linear, or
 * pchip if high accuracy is wanted, if the sampling follows the law of the axis and bins are narrower
 * than two sampling steps; else overlap. `reason` gets one sentence of at most `size` bytes, 300 suffice.
 * Local. */
enum mzg_method mzg_method_choose(const struct mzg_method_evidence *evidence, char *reason, size_t size);

/* A resampler onto `axis`, which is borrowed and outlives it. MZG_EUSAGE for impossible options, MZG_ENOMEM.
 * Release with mzg_resampler_free(), which accepts NULL. Local. */
enum mzg_status mzg_resampler_new(const struct mzg_resampler_options *options, const struct mzg_axis *axis,
                                  struct mzg_resampler **resampler, struct mzg_error *err);
void mzg_resampler_free(struct mzg_resampler *resampler);

/* Scratch space for one thread; it grows with the largest spectrum it met. MZG_ENOMEM. Release with
 * mzg_workspace_free(), which accepts NULL. Local. */
enum mzg_status mzg_workspace_new(struct mzg_workspace **workspace, struct mzg_error *err);
void mzg_workspace_free(struct mzg_workspace *workspace);

/* Cleans `spectrum` and resamples it. `row` points into the workspace and the resampler, and is valid until
 * the next use of the workspace. Fails only with MZG_ENOMEM. Local, thread-safe for distinct workspaces. */
enum mzg_status mzg_resample(const struct mzg_resampler *resampler, struct mzg_workspace *workspace,
                             const struct mzg_spectrum *spectrum, struct mzg_spectrum_summary *summary,
                             struct mzg_sparse_row *row, struct mzg_error *err);

MZG_END_API

#endif
