/*
 * Gaps: intervals so wide that the points between, all zero, must have been left out when the profile was
 * stored.
 *
 *      points      |   .              |          |   .   .
 *                . | . |              |        . | . |   |
 *      ----------+-+-+-+--------------+--------+-+-+-+---+--
 *                      0<- step       gap   step ->0
 *
 * The curve is cut there into pieces. A piece whose end is not a zero already gets one, a sampling step
 * further. Between two neighbouring zeros it is cut as well: nothing but zeros can have stood there. So a
 * profile gives the same pieces whether its zeros were stored, or all but the flanks of the peaks were
 * trimmed, or all.
 */
#ifndef MZG_RESAMPLE_GAPS_H
#define MZG_RESAMPLE_GAPS_H

#include <resample/clean.h>

/* Decides whether intervals are gaps. */
struct mzg_gap_finder {
    double max_gap; /* steps; 0: no interval is a gap */
    struct mzg_sampling sampling;
    double until; /* below this m/z, and from where it was set, max_gap steps lie in [low, high] */
    double low;
    double high;
};

void mzg_gap_finder_init(const struct mzg_resampler_options *options, struct mzg_gap_finder *finder);

/* The sampling step at `mz`. */
double mzg_sampling_step(const struct mzg_sampling *sampling, double mz);

/* Sets the bounds for m/z from `left` on. */
void mzg_gap_finder_move(struct mzg_gap_finder *finder, double left);

/* Whether an interval wider than the lower bound is a gap. */
bool mzg_gap_finder_decide(const struct mzg_gap_finder *finder, double left, double right);

/* Whether [left, right] is a gap. To be asked from low m/z to high; inline, for nearly all are none. */
static inline bool mzg_is_gap(struct mzg_gap_finder *finder, double left, double right)
{
    if (finder->max_gap == 0.0)
        return false;
    if (left >= finder->until)
        mzg_gap_finder_move(finder, left);
    return right - left > finder->low && mzg_gap_finder_decide(finder, left, right);
}

/* Piece i of a curve has the points ends[i - 1] .. ends[i] - 1, the first one those from 0. */
struct mzg_pieces {
    const double *mz;
    const double *intensity;
    const int64_t *ends;
    int64_t n;
};

/* Cuts the curve through `points`; without gaps in the options it is one piece. The result lies in the
 * workspace and in the points. Fails with MZG_ENOMEM. Local. */
enum mzg_status mzg_cut_at_gaps(const struct mzg_resampler_options *options, const struct mzg_points *points,
                                struct mzg_workspace *workspace, struct mzg_pieces *pieces,
                                struct mzg_error *err);

#endif
