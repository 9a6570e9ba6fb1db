/* A spectrum as files have it, made into one to compute with. */
#ifndef MZG_RESAMPLE_CLEAN_H
#define MZG_RESAMPLE_CLEAN_H

#include <resample/workspace.h>

/* Points with finite intensities and finite, positive, strictly increasing m/z. */
struct mzg_points {
    const double *mz;
    const double *intensity;
    int64_t n;
};

/* Whether m/z are finite, positive and strictly increasing. Local. */
bool mzg_mz_is_clean(const double *mz, int64_t n);

/* Drops points with a non-finite number or m/z <= 0, sorts by m/z (stable), merges equal m/z by adding
 * intensities in the order of the file, and fills `summary` except outside_points. `points` borrows from the
 * spectrum when it is clean already, else from the workspace. `mz_is_clean` says that the m/z need no check.
 * Fails with MZG_ENOMEM. Local. */
enum mzg_status mzg_clean(const struct mzg_spectrum *spectrum, bool mz_is_clean,
                          struct mzg_workspace *workspace, struct mzg_spectrum_summary *summary,
                          struct mzg_points *points, struct mzg_error *err);

#endif
