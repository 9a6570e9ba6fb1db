/* Finding the bins of a native axis, whose edges follow no law. The m/z lie inside [e_0, e_N]. All local. */
#ifndef MZG_AXIS_NATIVE_H
#define MZG_AXIS_NATIVE_H

#include <mzgrid/axis.h>

/* The bin that holds `mz`, in O(log N). */
int64_t mzg_native_locate(const struct mzg_axis *axis, double mz);

/* The first bin whose centre is `mz` or above; n_bins if none is. */
int64_t mzg_native_first_center(const struct mzg_axis *axis, double mz);

/* The bins of n m/z, best in increasing order: then each costs the logarithm of the bins since the last one.
 */
void mzg_native_bins(const struct mzg_axis *axis, const double *mz, int64_t n, int32_t *bins);

#endif
