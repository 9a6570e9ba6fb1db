/*
 * Points and centres both increase, so one walk over both finds the interval of every centre. Of a profile
 * with its zeros, most intervals are dead, 0 from end to end: the curve is taken as runs of other intervals,
 * whose first centres are located all at once; with many centres in one interval their end is located as
 * well, instead of walked to; and with one centre in each of several, these are done together.
 */
#include <resample/walk.h>

#include <axis/clones.h>
#include <resample/stretch.h>
#include <string.h>

/* More centres in one interval than this are many. So many intervals are looked at together; of so many it is
 * found out together whether they are dead. */
enum { FEW = 8, BLOCK = 8, WORD = 64 };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte of a word is its lowest");

/* Into each of its callers, or it would be compiled for the plainest CPU only. */
#define INTO_CLONES static inline __attribute__((always_inline))

/* BLOCK numbers, anywhere in an array. */
typedef double vector __attribute__((vector_size(8 * BLOCK), aligned(8), may_alias));
typedef int64_t signs __attribute__((vector_size(8 * BLOCK)));
typedef int64_t half_signs __attribute__((vector_size(4 * BLOCK)));
typedef int64_t quarter_signs __attribute__((vector_size(2 * BLOCK)));
typedef int32_t numbers __attribute__((vector_size(4 * BLOCK), aligned(4), may_alias));

/* Stretches of a curve without dead intervals. */
struct runs {
    const int64_t *edges;
    const int64_t *guesses; /* about the first centres at or behind their first points */
    int64_t n;
};

void mzg_center_range(const struct mzg_locator *locator, double low, double high, int64_t *first,
                      int64_t *end)
{
    *first = mzg_locator_first_center(locator, low);
    *end = mzg_locator_first_center(locator, high);
    if (*end < locator->axis->n_bins && locator->axis->centers[*end] == high)
        ++*end;
}

/* dead[i] is 1 where the curve is 0 all over interval i, or is to be cut off there at 0. */
MZG_CLONES
static void find_dead_lines(const double *restrict y, int64_t n, uint8_t *restrict dead)
{
    for (int64_t i = 0; i < n; i++)
        dead[i] = y[i] == 0.0;
    for (int64_t i = 0; i < n - 1; i++)
        dead[i] &= dead[i + 1];
}

MZG_CLONES
static void find_dead_cubics(const double *restrict y, const double *restrict slopes, int64_t n,
                             double lowest, uint8_t *restrict dead)
{
    for (int64_t i = 0; i < n - 1; i++)
        dead[i] = mzg_stretch_is_dead(y[i], y[i + 1], slopes[i], slopes[i + 1], lowest);
}

/* WORD bytes of 0 or 1 as the bits of a number, the first one lowest. Eight of them are moved side by side by
 * a product whose terms do not meet: bit 8 j goes to bit 56 + j. */
INTO_CLONES uint64_t bits_of(const uint8_t *bytes)
{
    uint64_t bits = 0;
    for (int i = 0; i < WORD; i += 8) {
        uint64_t eight;
        memcpy(&eight, bytes + i, sizeof eight);
        bits |= eight * UINT64_C(0x0102040810204080) >> 56 << i;
    }
    return bits;
}

/* Where dead intervals turn into others, and back: run r has the intervals edges[2 r] .. edges[2 r + 1] - 1.
 * `dead` ends with a whole word of ones. Peaks are short: a word of intervals is read at once, and what it
 * holds is data, not a branch for each. */
MZG_CLONES
static int64_t find_runs(const uint8_t *dead, int64_t n, int64_t *edges)
{
    int64_t n_edges = 0;
    uint64_t last = 1;
    for (int64_t i = 0; i < n; i += WORD) {
        uint64_t word = bits_of(dead + i);
        uint64_t turns = word ^ (word << 1 | last);
        last = word >> (WORD - 1);
        for (; turns; turns &= turns - 1)
            edges[n_edges++] = i + (int64_t)__builtin_ctzll(turns);
    }
    return n_edges / 2;
}

/* The first centre at or above `mz`, from about where it should be. */
static int64_t repair_first(const struct mzg_axis *axis, double mz, int64_t guess)
{
    while (guess > 0 && axis->centers[guess - 1] >= mz)
        guess--;
    while (guess < axis->n_bins && axis->centers[guess] < mz)
        guess++;
    return guess;
}

/* About where the first centres above the positions are: centre k stands at k + 0.5, so the first above u is
 * floor(u + 0.5). */
MZG_CLONES
static void guess_first(const double *positions, int64_t n, int64_t n_bins, int64_t *restrict guesses)
{
    double last = (double)n_bins;
    for (int64_t i = 0; i < n; i++) {
        double above = positions[i] + 0.5;
        double low = above > 0.0 ? above : 0.0;
        guesses[i] = (int32_t)(low < last ? low : last);
    }
}

INTO_CLONES double above(double lowest, double value)
{
    return value > lowest ? value : lowest;
}

/* The values at n centres of one interval. */
MZG_CLONES
static void look_up_many(const struct mzg_stretch *stretch, bool is_line, const double *centers, int64_t n,
                         double left, double per_width, double lowest, double *restrict values)
{
    struct mzg_stretch s = *stretch;
    if (is_line)
        for (int64_t k = 0; k < n; k++)
            values[k] = mzg_stretch_value(s, true, mzg_stretch_weight(centers[k], left, per_width));
    else
        for (int64_t k = 0; k < n; k++)
            values[k] =
                above(lowest, mzg_stretch_value(s, false, mzg_stretch_weight(centers[k], left, per_width)));
}

INTO_CLONES struct mzg_stretch stretch_of(const struct mzg_pieces *curve, const double *slopes, bool is_line,
                                          int64_t i)
{
    const double *y = curve->intensity;
    if (is_line)
        return mzg_stretch_line(y[i], y[i + 1]);
    return mzg_stretch_cubic(y[i], y[i + 1], curve->mz[i + 1] - curve->mz[i], slopes[i], slopes[i + 1]);
}

/* Whether BLOCK intervals have one centre each, no more and no less; centers[0] is not before the first.
 * Where the axis follows the sampling, most do. */
INTO_CLONES bool have_one_each(const double *mz, const double *centers)
{
    vector rights = *(const vector *)(mz + 1);
    vector before = *(const vector *)centers - rights;       /* to be below 0 */
    vector behind = *(const vector *)(centers + 1) - rights; /* and not */
    signs good = (signs)before & ~(signs)behind;
    half_signs halves[2];
    quarter_signs quarters[2];
    memcpy(halves, &good, sizeof good);
    halves[0] &= halves[1];
    memcpy(quarters, halves, sizeof quarters);
    quarters[0] &= quarters[1]; /* still a vector: taking numbers out of one is what costs */
    return (quarters[0][0] & quarters[0][1]) < 0;
}

/* The values at the centres of BLOCK such intervals, from interval i on. */
INTO_CLONES void look_up_each(const struct mzg_pieces *curve, const double *slopes, bool is_line, int64_t i,
                              const double *restrict centers, double lowest, double *restrict values)
{
    const double *mz = curve->mz + i;
    if (is_line) {
        vector left = *(const vector *)mz;
        vector level = *(const vector *)(curve->intensity + i);
        vector weight = (*(const vector *)centers - left) * (1.0 / (*(const vector *)(mz + 1) - left));
        *(vector *)values = level + weight * (*(const vector *)(curve->intensity + i + 1) - level);
        return;
    }
    for (int64_t j = 0; j < BLOCK; j++) {
        double weight = mzg_stretch_weight(centers[j], mz[j], 1.0 / (mz[j + 1] - mz[j]));
        double value = mzg_stretch_value(stretch_of(curve, slopes, false, i + j), false, weight);
        values[j] = above(lowest, value);
    }
}

/* Takes blocks of intervals with one centre each, at most `most` intervals, and returns how many it took. The
 * last block begins early enough to be a whole one, and does some intervals again. */
INTO_CLONES int64_t walk_together(const struct mzg_pieces *curve, const double *slopes, bool is_line,
                                  int64_t begin, int64_t most, const double *centers, double lowest,
                                  int32_t first_bin, double *restrict values, int32_t *restrict bins)
{
    const double *mz = curve->mz + begin;
    int64_t done = 0;
    for (int64_t i = 0; done < most && i + BLOCK <= most;) {
        if (!have_one_each(mz + i, centers + i))
            break;
        look_up_each(curve, slopes, is_line, begin + i, centers + i, lowest, values + i);
        *(numbers *)(bins + i) = (numbers){0, 1, 2, 3, 4, 5, 6, 7} + (first_bin + (int32_t)i);
        done = i + BLOCK;
        i = done + BLOCK <= most ? done : most - BLOCK;
    }
    return done;
}

/* The intervals begin .. finish - 1, at centres before `end`. */
INTO_CLONES void walk_run(const struct mzg_pieces *curve, const double *slopes, bool is_line, int64_t begin,
                          int64_t finish, int64_t end, struct mzg_walk *walk)
{
    const double *centers = walk->locator->axis->centers;
    const double *mz = curve->mz;
    int32_t *bins = walk->bins;
    double *values = walk->values;
    double lowest = walk->lowest;
    int64_t k = walk->next;
    int64_t n = walk->n;
    for (int64_t i = begin; i < finish;) {
        int64_t most = finish - i < end - 1 - k ? finish - i : end - 1 - k;
        int64_t done = walk_together(curve, slopes, is_line, i, most, centers + k, lowest, (int32_t)k,
                                     values + n, bins + n);
        i += done;
        k += done;
        n += done;
        int64_t alone = i + BLOCK < finish ? i + BLOCK : finish;
        for (; i < alone; i++) {
            double left = mz[i];
            double right = mz[i + 1];
            double per_width = 1.0 / (right - left);
            const struct mzg_stretch stretch = stretch_of(curve, slopes, is_line, i);
            if (k + FEW < end && centers[k + FEW] < right) {
                const struct mzg_stretch many = stretch; /* in memory; the other stays in registers */
                int64_t beyond = mzg_locator_first_center(walk->locator, right);
                look_up_many(&many, is_line, centers + k, beyond - k, left, per_width, lowest, values + n);
                for (; k < beyond; k++)
                    bins[n++] = (int32_t)k;
                continue;
            }
            for (; k < end && centers[k] < right; k++, n++) {
                double value =
                    mzg_stretch_value(stretch, is_line, mzg_stretch_weight(centers[k], left, per_width));
                values[n] = is_line ? value : above(lowest, value);
                bins[n] = (int32_t)k;
            }
        }
    }
    walk->next = k;
    walk->n = n;
}

/* All runs. What it goes by is copied, so that compilers know that no value written changes it. */
INTO_CLONES void walk_runs(const struct mzg_pieces *pieces, const double *slopes, bool is_line,
                           const struct runs *all, int64_t end, struct mzg_walk *result)
{
    const struct mzg_pieces copy = *pieces;
    const struct runs runs = *all;
    struct mzg_walk walked = *result;
    const struct mzg_pieces *curve = &copy;
    struct mzg_walk *walk = &walked;
    const struct mzg_axis *axis = walk->locator->axis;
    for (int64_t i = 0; i < runs.n && walk->next < end; i++) {
        if (i + 1 < runs.n)
            __builtin_prefetch(axis->centers + runs.guesses[i + 1]);
        int64_t begin = runs.edges[2 * i];
        int64_t finish = runs.edges[2 * i + 1];
        int64_t first = repair_first(axis, curve->mz[begin], runs.guesses[i]);
        walk->next = first > walk->next ? first : walk->next;
        walk_run(curve, slopes, is_line, begin, finish, end, walk);
        /* A centre on the very last point of a piece that does not end at 0: the last interval is closed. */
        if (curve->intensity[finish] != 0.0 && walk->next < end &&
            axis->centers[walk->next] == curve->mz[finish]) {
            walk->bins[walk->n] = (int32_t)walk->next++;
            walk->values[walk->n++] = curve->intensity[finish];
        }
    }
    *result = walked;
}

MZG_CLONES
static void walk_lines(const struct mzg_pieces *curve, const struct runs *runs, int64_t end,
                       struct mzg_walk *walk)
{
    walk_runs(curve, NULL, true, runs, end, walk);
}

MZG_CLONES
static void walk_cubics(const struct mzg_pieces *curve, const double *slopes, const struct runs *runs,
                        int64_t end, struct mzg_walk *walk)
{
    walk_runs(curve, slopes, false, runs, end, walk);
}

enum mzg_status mzg_walk_pieces(const struct mzg_pieces *pieces, int64_t begin, const double *slopes,
                                struct mzg_workspace *workspace, struct mzg_walk *walk, struct mzg_error *err)
{
    int64_t n = pieces->ends[pieces->n - 1] - begin;
    const double *mz = pieces->mz;
    const double *y = pieces->intensity;
    uint8_t *dead = mzg_workspace_lane(workspace, MZG_LANE_DEAD, n + WORD, sizeof *dead, err);
    int64_t *edges = mzg_workspace_lane(workspace, MZG_LANE_RUNS, n + n / 2 + 2, sizeof *edges, err);
    double *places = mzg_workspace_lane(workspace, MZG_LANE_POSITIONS, n + 2, sizeof *places, err);
    if (!dead || !edges || !places)
        return err->status;
    int64_t *guesses = edges + n + 1;
    int64_t first;
    int64_t end;
    mzg_center_range(walk->locator, mz[0], mz[n - 1], &first, &end);
    walk->next = first > walk->next ? first : walk->next;

    if (slopes)
        find_dead_cubics(y, slopes, n, walk->lowest, dead);
    else
        find_dead_lines(y, n, dead);
    memset(dead + n - 1, 1, WORD + 1);
    for (int64_t piece = 0; piece < pieces->n; piece++)
        dead[pieces->ends[piece] - begin - 1] = 1;
    struct runs runs = {.edges = edges, .guesses = guesses, .n = find_runs(dead, n, edges)};
    for (int64_t i = 0; i < runs.n; i++)
        places[i] = mz[edges[2 * i]];
    mzg_locator_positions(walk->locator, places, runs.n, places + n / 2 + 1);
    guess_first(places + n / 2 + 1, runs.n, walk->locator->axis->n_bins, guesses);
    if (slopes)
        walk_cubics(pieces, slopes, &runs, end, walk);
    else
        walk_lines(pieces, &runs, end, walk);
    return MZG_OK;
}
