/*
 * What lies outside the mass axis, over all spectra of a run: how many points, which share of the intensity,
 * and which range would hold them all. The sums are exact, and so the same for any number of ranks, threads
 * and chunks.
 */
#ifndef MZG_STREAM_OUTSIDE_H
#define MZG_STREAM_OUTSIDE_H

#include <core/context.h>
#include <core/exact_sum.h>
#include <mzgrid/resample.h>

enum { MZG_BELOW_AXIS, MZG_ABOVE_AXIS, MZG_ALL_POINTS, MZG_OUTSIDE_SUMS };

/* Begin with zeros. */
struct mzg_outside {
    uint64_t sums[MZG_OUTSIDE_SUMS][MZG_EXACT_SUM_MAX_LIMBS]; /* of the sizes of intensities */
    int64_t n_points;                                         /* clean, */
    int64_t n_outside;                                        /*   and of them those outside */
    double min_mz;                                            /* of the clean points; 0: there are none */
    double max_mz;
};

/* Adds a spectrum, or what others have met. Local. */
void mzg_outside_add(const struct mzg_spectrum_summary *summary, struct mzg_outside *outside);
void mzg_outside_merge(const struct mzg_outside *other, struct mzg_outside *outside);

/* Makes it that of all ranks, on each of them. Collective over `comm`. */
void mzg_outside_reduce(struct mzg_outside *outside, MPI_Comm comm);

/* Where the range of an axis comes from. */
struct mzg_outside_axis {
    double min_mz, max_mz;
    bool asked[2];      /* the user set its lower or upper end */
    const char *reason; /* of the range */
};

/* Warns of points outside the axis, with their share of the intensity. MZG_ERANGE if more than a
 * thousandth of it was lost without being asked for, or where the axis holds no point at all. `first` is the
 * lowest spectrum that has such points. The same on all ranks. Local, after reducing. */
enum mzg_status mzg_outside_judge(const struct mzg_outside *outside, const struct mzg_outside_axis *axis,
                                  const char *path, int64_t first, struct mzg_log *log,
                                  struct mzg_error *err);

#endif
