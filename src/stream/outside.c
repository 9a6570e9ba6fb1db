#include <stream/outside.h>

#include <core/log.h>
#include <core/mpi.h>

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const struct mzg_exact_sum_kind *const kind = &mzg_exact_sum_float64;

/* The share of the intensity that may be lost without being asked for. */
static const double most_lost = 0.001;

static void add(double size, uint64_t *sum)
{
    int64_t mantissa;
    uint32_t position;
    if (size == 0)
        return;
    mzg_exact_sum_split_float64(fmin(size, DBL_MAX), &mantissa, &position);
    mzg_exact_sum_add_shifted(kind, sum, mantissa, position);
}

static void widen(double min_mz, double max_mz, struct mzg_outside *outside)
{
    if (max_mz <= 0)
        return;
    outside->min_mz = outside->max_mz > 0 ? fmin(outside->min_mz, min_mz) : min_mz;
    outside->max_mz = fmax(outside->max_mz, max_mz);
}

void mzg_outside_add(const struct mzg_spectrum_summary *summary, struct mzg_outside *outside)
{
    add(summary->outside_intensity[0], outside->sums[MZG_BELOW_AXIS]);
    add(summary->outside_intensity[1], outside->sums[MZG_ABOVE_AXIS]);
    add(summary->intensity_size, outside->sums[MZG_ALL_POINTS]);
    outside->n_points += summary->clean_points;
    outside->n_outside += summary->outside_points;
    widen(summary->min_mz, summary->max_mz, outside);
}

void mzg_outside_merge(const struct mzg_outside *other, struct mzg_outside *outside)
{
    for (int i = 0; i < MZG_OUTSIDE_SUMS; i++)
        mzg_exact_sum_merge(kind, outside->sums[i], other->sums[i]);
    outside->n_points += other->n_points;
    outside->n_outside += other->n_outside;
    widen(other->min_mz, other->max_mz, outside);
}

/* Limbs travel as two halves each, of which a word holds the sum of 2^32 ranks. */
static void reduce_sum(uint64_t *sum, MPI_Comm comm)
{
    uint64_t halves[2 * MZG_EXACT_SUM_MAX_LIMBS];
    for (size_t i = 0; i < (size_t)kind->limbs; i++) {
        halves[2 * i] = sum[i] & UINT32_MAX;
        halves[2 * i + 1] = sum[i] >> 32;
        sum[i] = 0;
    }
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, halves, 2 * kind->limbs, MPI_UINT64_T, MPI_SUM, comm));
    for (int i = 0; i < 2 * kind->limbs; i++)
        mzg_exact_sum_add_shifted(kind, sum, (__int128)halves[i], 32 * (uint32_t)i);
}

void mzg_outside_reduce(struct mzg_outside *outside, MPI_Comm comm)
{
    int64_t points[2] = {outside->n_points, outside->n_outside};
    double ends[2] = {outside->max_mz > 0 ? -outside->min_mz : -INFINITY, outside->max_mz};
    for (int i = 0; i < MZG_OUTSIDE_SUMS; i++)
        reduce_sum(outside->sums[i], comm);
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, points, 2, MPI_INT64_T, MPI_SUM, comm));
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, ends, 2, MPI_DOUBLE, MPI_MAX, comm));
    outside->n_points = points[0];
    outside->n_outside = points[1];
    outside->min_mz = ends[1] > 0 ? -ends[0] : 0;
    outside->max_mz = ends[1];
}

enum mzg_status mzg_outside_judge(const struct mzg_outside *outside, const struct mzg_outside_axis *axis,
                                  const char *path, int64_t first, struct mzg_log *log, struct mzg_error *err)
{
    double sums[MZG_OUTSIDE_SUMS], unasked = 0;
    for (int i = 0; i < MZG_OUTSIDE_SUMS; i++)
        sums[i] =
            mzg_exact_sum_mean(kind, outside->sums[i], INT64_C(1) << 31); /* finite; shares are as well */
    for (int side = 0; side < 2; side++)
        unasked += axis->asked[side] ? 0 : sums[side];
    double share = sums[MZG_ALL_POINTS] > 0 ? (sums[0] + sums[1]) / sums[MZG_ALL_POINTS] : 0;
    bool was_asked = axis->asked[0] && axis->asked[1];
    if (outside->n_outside == 0)
        return MZG_OK;
    if (outside->n_outside == outside->n_points)
        return mzg_fail(err, MZG_ERANGE,
                        "%s: none of its %" PRId64
                        " points lies on the mass axis, m/z %.10g to %.10g (%s): the data have m/z %.10g to "
                        "%.10g; ask for a range that overlaps it, or for none",
                        path, outside->n_points, axis->min_mz, axis->max_mz, axis->reason, outside->min_mz,
                        outside->max_mz);
    if (unasked > most_lost * sums[MZG_ALL_POINTS])
        return mzg_fail(
            err, MZG_ERANGE,
            "%s: %" PRId64 " points with %.3g %% of the intensity lie outside the mass axis, m/z "
            "%.10g to %.10g (%s), more than the %g %% that a run may lose: the data have m/z %.10g "
            "to %.10g; --scan-range takes the range from every m/z, and --min-mz and --max-mz cut "
            "it on purpose",
            path, outside->n_outside, 100 * share, axis->min_mz, axis->max_mz, axis->reason, 100 * most_lost,
            outside->min_mz, outside->max_mz);
    mzg_log_line(log, MZG_LOG_WARNING,
                 "%" PRId64
                 " points with %.3g %% of the intensity lie outside the mass axis and were dropped%s; "
                 "first: spectrum %" PRId64,
                 outside->n_outside, 100 * share, was_asked ? ", as was asked" : "; --scan-range keeps them",
                 first + 1);
    return MZG_OK;
}
