/*
 * The median is counted for, not sorted for. The bits of positive doubles are ordered as these are, so their
 * range is halved, and the intensities up to its middle counted, until few are left in it:
 *
 *     smallest  |      |   few   |              |  largest
 *
 * Some ten times as a rule, at most about 70, and vectors count: faster than selecting by moving and
 * branching. The median of a pixel lies near that of the pixel before, so the range about that one is counted
 * first; whether it lies there changes nothing but the time.
 */
#include <stream/intensities.h>

#include <axis/clones.h>
#include <core/array.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 8, FEW = 12, MANY = 4096, RARE = 16, OCTAVES = 64 };

/* The median of the next pixel is looked for within this share of that of the one before. */
static const double nearby = 0.05;

/* Of squares: LANES interleaved sums that are added up last, always in the same order, and vectors have it.
 */
MZG_CLONES
static double sum_squares(const double *values, int64_t n)
{
    double sums[LANES] = {0};
    int64_t whole = n - n % LANES;
    for (int64_t i = 0; i < whole; i += LANES)
        for (int lane = 0; lane < LANES; lane++)
            sums[lane] += values[i + lane] * values[i + lane];
    for (int64_t i = whole; i < n; i++)
        sums[i - whole] += values[i] * values[i];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/* For squares beyond what a double holds. */
static double rms_by_size(const double *values, int64_t n)
{
    double largest = 0, squares = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(values[i]));
    for (int64_t i = 0; largest > 0 && i < n; i++)
        squares += values[i] / largest * (values[i] / largest);
    return largest * sqrt(squares / (double)n);
}

MZG_CLONES
static int64_t count_up_to(const double *values, int64_t n, double limit)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        count += values[i] <= limit;
    return count;
}

/* Copies the values above `low` and up to `high`, to `found`, in which `values` may lie. */
static int64_t collect_some(const double *values, int64_t n, double low, double high, double *found)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        double value = values[i];
        found[kept] = value;
        kept += (value > low) & (value <= high);
    }
    return kept;
}

/* The same of few of all, most blocks of which have none. */
MZG_CLONES
static int64_t collect_few(const double *values, int64_t n, double low, double high, double *found)
{
    int64_t kept = 0, i = 0;
    for (; i + LANES <= n; i += LANES) {
        double block[LANES];
        int64_t any = 0;
        memcpy(block, values + i, sizeof block);
        for (int lane = 0; lane < LANES; lane++)
            any += (block[lane] <= high) - (block[lane] <= low);
        for (int lane = 0; any && lane < LANES; lane++)
            if (block[lane] > low && block[lane] <= high)
                found[kept++] = block[lane];
    }
    for (; i < n; i++)
        if (values[i] > low && values[i] <= high)
            found[kept++] = values[i];
    return kept;
}

/* The same as two counts, in one pass. */
MZG_CLONES
static void count_up_to_both(const double *values, int64_t n, double low, double high, int64_t counts[2])
{
    int64_t to_low = 0, to_high = 0;
    for (int64_t i = 0; i < n; i++) {
        to_low += values[i] <= low;
        to_high += values[i] <= high;
    }
    counts[0] = to_low;
    counts[1] = to_high;
}

/* Which of the two: `expected` are found. */
static int64_t collect(const double *values, int64_t n, double low, double high, int64_t expected,
                       double *found)
{
    return expected > n / ((int64_t)8 * LANES) ? collect_some(values, n, low, high, found)
                                               : collect_few(values, n, low, high, found);
}

static void sort(double *values, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        double value = values[i];
        int64_t k = i;
        for (; k > 0 && values[k - 1] > value; k--)
            values[k] = values[k - 1];
        values[k] = value;
    }
}

static int64_t bits_of(double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double value_of(int64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double mean_of(double a, double b)
{
    double sum = a + b;
    return sum <= DBL_MAX ? sum / 2 : a / 2 + b / 2;
}

/* The largest value up to `limit` and the smallest above it, both among the two in the middle. */
static double mean_around(const double *values, int64_t n, double limit)
{
    double below = 0, above = DBL_MAX;
    for (int64_t i = 0; i < n; i++) {
        double value = values[i];
        below = value <= limit && value > below ? value : below;
        above = value > limit && value < above ? value : above;
    }
    return mean_of(below, above);
}

/* Numbers by their bits: to_low of the values are up to `low`, to_high up to `high`. */
struct range {
    int64_t low, high;
    int64_t to_low, to_high;
};

/* Counts up to `middle`, and leaves in the range the part that has the value of rank `rank`. */
static int64_t narrow(const double *values, int64_t n, int64_t middle, int64_t rank, struct range *range)
{
    int64_t count = count_up_to(values, n, value_of(middle));
    if (count <= rank) {
        range->low = middle;
        range->to_low = count;
    } else {
        range->high = middle;
        range->to_high = count;
    }
    return count;
}

/* Where to count next: about some value at first, a factor of 2, 4, 16 ... from it, then in the middle. */
static int64_t next_place(const struct range *range, int64_t guess, int64_t octaves)
{
    int64_t step = octaves << 52;
    if (octaves < OCTAVES && range->low < guess && guess < range->high)
        return guess;
    if (octaves < OCTAVES && range->low >= guess && range->high - range->low > step)
        return range->low + step;
    if (octaves < OCTAVES && range->high <= guess && range->high - range->low > step)
        return range->high - step;
    return range->low + (range->high - range->low) / 2;
}

/* The search for the middle values, those of rank `lower` and `upper`, which are the same if their number is
 * odd. */
struct search {
    const double *values; /* all, then those in the range, which are in `scratch` */
    int64_t n;
    int64_t lower, upper;
    double *scratch;
    struct range range;
};

/* Keeps the values in the range alone, if they are few enough. */
static void drop_rest(struct search *s)
{
    struct range *range = &s->range;
    int64_t left = range->to_high - range->to_low;
    if (s->n <= MANY || left >= s->n / RARE)
        return;
    s->n = collect(s->values, s->n, value_of(range->low), value_of(range->high), left, s->scratch);
    s->values = s->scratch;
    s->lower -= range->to_low;
    s->upper -= range->to_low;
    range->to_low = 0;
    range->to_high = s->n;
}

/* Looks about the median of the pixel before. Returns whether `limit` parts the two middle values. */
static bool begin_about(struct search *s, const struct mzg_median_range *about, double *limit)
{
    int64_t counts[2];
    count_up_to_both(s->values, s->n, about->low, about->high, counts);
    struct range *range = &s->range;
    for (int i = 0; i < 2; i++) {
        *limit = i == 0 ? about->low : about->high;
        if (counts[i] > s->lower && counts[i] <= s->upper)
            return true;
        if (counts[i] <= s->lower && bits_of(*limit) > range->low) {
            range->low = bits_of(*limit);
            range->to_low = counts[i];
        } else if (counts[i] > s->lower && bits_of(*limit) < range->high) {
            range->high = bits_of(*limit);
            range->to_high = counts[i];
        }
    }
    drop_rest(s);
    return false;
}

/* The smallest value above `low`, by its bits, of which vectors find it: intensities that are counts of ions
 * have few different values, between which halving finds nothing. */
MZG_CLONES
static int64_t next_value(const double *values, int64_t n, int64_t low)
{
    int64_t next = INT64_MAX;
    for (int64_t i = 0; i < n; i++) {
        int64_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        bits = bits > low ? bits : INT64_MAX;
        next = bits < next ? bits : next;
    }
    return next;
}

/* Of the values above 0, all finite; the `others` are not, and come first in the order. */
static double median_of(const double *values, int64_t n, int64_t others, double *scratch,
                        struct mzg_median_range *about)
{
    int64_t octaves = 1;
    int64_t guess = bits_of(values[n / 2] > 0 ? values[n / 2] : values[n / 3]);
    struct search s = {.values = values,
                       .n = n,
                       .lower = others + (n - others - 1) / 2,
                       .upper = others + (n - others) / 2,
                       .scratch = scratch,
                       .range = {.high = bits_of(DBL_MAX), .to_low = others, .to_high = n}};
    bool told_nothing = false; /* by the last count */
    double limit;
    if (n > MANY && about->high > about->low && begin_about(&s, about, &limit))
        return mean_around(values, n, limit);
    while (s.range.to_high - s.range.to_low > FEW && s.range.high - s.range.low > 1) {
        struct range before = s.range;
        int64_t middle =
            told_nothing ? next_value(s.values, s.n, s.range.low) : next_place(&s.range, guess, octaves);
        int64_t count = narrow(s.values, s.n, middle, s.lower, &s.range);
        if (count > s.lower && count <= s.upper)
            return mean_around(s.values, s.n, value_of(middle));
        if (told_nothing && count > s.lower)
            return value_of(middle); /* of equal ones the middle is among these */
        told_nothing = !told_nothing && (count == before.to_low || count == before.to_high);
        octaves = middle == guess || octaves >= OCTAVES ? octaves : 2 * octaves;
        drop_rest(&s);
    }
    if (s.range.high - s.range.low == 1)
        return value_of(s.range.high); /* all that are left */
    int64_t left = s.range.to_high - s.range.to_low;
    sort(scratch, collect(s.values, s.n, value_of(s.range.low), value_of(s.range.high), left, scratch));
    return mean_of(scratch[s.lower - s.range.to_low], scratch[s.upper - s.range.to_low]);
}

/* The finite ones, to the front of `finite`. */
static int64_t drop_others(const double *values, int64_t n, double *finite)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++)
        if (fabs(values[i]) <= DBL_MAX)
            finite[kept++] = values[i];
    return kept;
}

struct mzg_intensities mzg_intensities_of(const double *intensities, int64_t n, double *scratch,
                                          struct mzg_median_range *about)
{
    struct mzg_intensities found = {0};
    double squares = sum_squares(intensities, n);
    bool plain = squares >= DBL_MIN && squares <= DBL_MAX;
    if (!plain) {
        n = drop_others(intensities, n, scratch);
        intensities = scratch;
    }
    if (n > 0)
        found.rms = plain ? sqrt(squares / (double)n) : rms_by_size(intensities, n);
    int64_t others = count_up_to(intensities, n, 0);
    if (n > others)
        found.median = median_of(intensities, n, others, scratch, about);
    if (found.median > 0)
        *about = (struct mzg_median_range){found.median * (1 - nearby), found.median * (1 + nearby)};
    return found;
}

enum mzg_status mzg_intensity_pool_add(struct mzg_intensity_pool *pool, const double *intensities, int64_t n,
                                       struct mzg_error *err)
{
    if (mzg_array_grow(&pool->all, sizeof *pool->all, pool->n + n, &pool->capacity, "intensities of a pixel",
                       err) != MZG_OK)
        return err->status;
    if (n > 0)
        memcpy(pool->all + pool->n, intensities, (size_t)n * sizeof *intensities);
    pool->n += n;
    return MZG_OK;
}

enum mzg_status mzg_intensity_pool_measure(struct mzg_intensity_pool *pool, const double *intensities,
                                           int64_t n, struct mzg_intensities *found, struct mzg_error *err)
{
    if (mzg_array_grow(&pool->scratch, sizeof *pool->scratch, n, &pool->scratch_capacity,
                       "intensities of a pixel", err) != MZG_OK)
        return err->status;
    *found = mzg_intensities_of(intensities, n, pool->scratch, &pool->about);
    return MZG_OK;
}

void mzg_intensity_pool_destroy(struct mzg_intensity_pool *pool)
{
    free(pool->all);
    free(pool->scratch);
    *pool = (struct mzg_intensity_pool){0};
}
