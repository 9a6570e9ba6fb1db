/* linear: the polyline through the points, looked up at the bin centres between the first and the last point.
 */
#include <resample/curve.h>

const struct mzg_method_kind mzg_linear_method = {
    .name = "linear",
    .interpolates = true,
    .conserves = "heights, and the area of what is sampled finer than the bins",
    .share = mzg_curve_share,
    .resample = mzg_curve_resample,
};
