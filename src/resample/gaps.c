#include <resample/gaps.h>

#include <math.h>

void mzg_gap_finder_init(const struct mzg_resampler_options *options, struct mzg_gap_finder *finder)
{
    *finder = (struct mzg_gap_finder){.max_gap = options->max_gap, .sampling = options->sampling};
}

double mzg_sampling_step(const struct mzg_sampling *sampling, double mz)
{
    return sampling->scale * pow(mz, sampling->exponent);
}

void mzg_gap_finder_move(struct mzg_gap_finder *finder, double left)
{
    /* Powers are slow: bounds for the next 10 % of m/z decide nearly all intervals. */
    double until = left * 1.1;
    double here = finder->max_gap * mzg_sampling_step(&finder->sampling, left);
    double there = finder->max_gap * mzg_sampling_step(&finder->sampling, until);
    finder->until = until;
    finder->low = fmin(here, there) * (1.0 - 1e-12);
    finder->high = fmax(here, there) * (1.0 + 1e-12);
}

bool mzg_gap_finder_decide(const struct mzg_gap_finder *finder, double left, double right)
{
    double width = right - left;
    return width > finder->high || width > finder->max_gap * mzg_sampling_step(&finder->sampling, left);
}

/* The pieces made so far. */
struct cutter {
    const struct mzg_sampling *sampling;
    double *mz;
    double *intensity;
    int64_t n;
    int64_t *ends;
    int64_t n_pieces;
};

static void put(struct cutter *cutter, double mz, double intensity)
{
    cutter->mz[cutter->n] = mz;
    cutter->intensity[cutter->n++] = intensity;
}

/* Begins a piece with the point (mz, intensity); no curve reaches below `bound`. */
static void begin_piece(struct cutter *cutter, double mz, double intensity, double bound)
{
    if (intensity != 0.0) {
        double zero = fmax(mz - mzg_sampling_step(cutter->sampling, mz), bound);
        if (zero < mz)
            put(cutter, zero, 0.0);
    }
    put(cutter, mz, intensity);
}

/* Ends the piece behind its last point; no curve reaches above `bound`. A piece of one zero is none. */
static void end_piece(struct cutter *cutter, double bound)
{
    int64_t begin = cutter->n_pieces > 0 ? cutter->ends[cutter->n_pieces - 1] : 0;
    double mz = cutter->mz[cutter->n - 1];
    if (cutter->intensity[cutter->n - 1] != 0.0) {
        double zero = fmin(mz + mzg_sampling_step(cutter->sampling, mz), bound);
        if (zero > mz)
            put(cutter, zero, 0.0);
    } else if (cutter->n - begin == 1) {
        cutter->n = begin;
        return;
    }
    cutter->ends[cutter->n_pieces++] = cutter->n;
}

static void cut(struct cutter *cutter, struct mzg_gap_finder *finder, const struct mzg_points *points)
{
    const double *mz = points->mz;
    const double *y = points->intensity;
    begin_piece(cutter, mz[0], y[0], 0.0);
    for (int64_t i = 1; i < points->n; i++) {
        bool between_zeros = y[i - 1] == 0.0 && y[i] == 0.0;
        if (between_zeros || mzg_is_gap(finder, mz[i - 1], mz[i])) {
            double middle = mz[i - 1] + (mz[i] - mz[i - 1]) / 2.0;
            end_piece(cutter, middle);
            begin_piece(cutter, mz[i], y[i], middle);
        } else {
            put(cutter, mz[i], y[i]);
        }
    }
    end_piece(cutter, INFINITY);
}

enum mzg_status mzg_cut_at_gaps(const struct mzg_resampler_options *options, const struct mzg_points *points,
                                struct mzg_workspace *workspace, struct mzg_pieces *pieces,
                                struct mzg_error *err)
{
    bool has_gaps = options->max_gap > 0.0 && points->n > 0;
    int64_t capacity = has_gaps ? 3 * points->n : 0; /* a zero before and behind each point */
    struct cutter cutter = {
        .sampling = &options->sampling,
        .mz = mzg_workspace_lane(workspace, MZG_LANE_PIECE_MZ, capacity, sizeof(double), err),
        .intensity = mzg_workspace_lane(workspace, MZG_LANE_PIECE_INTENSITY, capacity, sizeof(double), err),
        .ends = mzg_workspace_lane(workspace, MZG_LANE_PIECE_ENDS, points->n + 1, sizeof(int64_t), err)};
    if (!cutter.mz || !cutter.intensity || !cutter.ends)
        return err->status;
    if (!has_gaps) {
        cutter.ends[0] = points->n;
        *pieces = (struct mzg_pieces){
            .mz = points->mz, .intensity = points->intensity, .ends = cutter.ends, .n = points->n > 0};
        return MZG_OK;
    }
    struct mzg_gap_finder finder;
    mzg_gap_finder_init(options, &finder);
    cut(&cutter, &finder, points);
    *pieces = (struct mzg_pieces){
        .mz = cutter.mz, .intensity = cutter.intensity, .ends = cutter.ends, .n = cutter.n_pieces};
    return MZG_OK;
}
