/*
 * The median is counted for, not sorted for. The bits of positive doubles are ordered as these are, so their
 * range is halved, and the intensities up to its middle counted, until few are left in it:
 *
 *     smallest  |      |   few   |              |  largest
 *
 * Some ten times as a rule, at most about 70, and vectors count: faster than selecting by moving and
 * branching. The median of a pixel lies near that of the pixel before, so those about that one are taken out
 * first, in the only pass over all that there is as a rule. Whether it lies there changes nothing but the
 * time.
 */
#include <stream/intensities.h>

#include <axis/clones.h>
#include <core/array.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 32, MANY = 128, OCTAVES = 64, AT_ONCE = 32 };

/* How far about a median that of the next pixel is looked for, as a factor less 1: at first, at least and at
 * most. It grows when the next one is not found there, and shrinks as long as it is, so that one in fifteen
 * is not. */
static const double reach_first = 0.25, reach_least = 0.002, reach_most = 7, reach_grows = 1.25,
                    reach_shrinks = 0.985;

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

/* The largest value up to `limit`, which is above 0, and the smallest above it, both among the two in the
 * middle. By their bits, of which vectors find them. */
MZG_CLONES
static double mean_around(const double *values, int64_t n, double limit)
{
    int64_t below = 0, above = INT64_MAX, between;
    memcpy(&between, &limit, sizeof between);
    for (int64_t i = 0; i < n; i++) {
        int64_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        int64_t under = bits <= between ? bits : 0, over = bits > between ? bits : INT64_MAX;
        below = under > below ? under : below;
        above = over < above ? over : above;
    }
    return mean_of(value_of(below), value_of(above));
}

/* Of FEW values at most, the mean of those of rank `lower` and `upper`. A value has the rank of as many as
 * are less, or one above that if others are equal, so of a rank is the largest that has no more below it. */
MZG_CLONES
static double mean_of_ranks(const double *values, int64_t n, int64_t lower, int64_t upper)
{
    double few[FEW];
    int64_t bits[FEW], less[FEW] = {0}, found[2] = {0};
    for (int i = 0; i < FEW; i++)
        few[i] = i < n ? values[i] : INFINITY;
    memcpy(bits, few, sizeof bits);
    for (int64_t k = 0; k < n; k++)
        for (int i = 0; i < FEW; i++)
            less[i] += few[k] < few[i];
    for (int i = 0; i < FEW; i++) {
        int64_t low = less[i] <= lower ? bits[i] : 0, up = less[i] <= upper ? bits[i] : 0;
        found[0] = low > found[0] ? low : found[0];
        found[1] = up > found[1] ? up : found[1];
    }
    return mean_of(value_of(found[0]), value_of(found[1]));
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
    const struct mzg_compactor *compactor;
    const double *values; /* all, then those in the range, which are in `scratch` */
    int64_t n;
    int64_t lower, upper;
    double *scratch;
    struct range range;
};

/* Keeps the values in the range alone, if they are few enough to pay for it. */
static void drop_rest(struct search *s, int64_t few_enough)
{
    struct range *range = &s->range;
    int64_t left = range->to_high - range->to_low;
    if (left > few_enough || left == s->n)
        return;
    /* Where they are already, they are moved to what is free behind them. */
    double *to = s->values == s->scratch ? s->scratch + s->n : s->scratch;
    s->n = s->compactor->look(s->values, s->n, value_of(range->low), value_of(range->high), to).n_between;
    s->values = to;
    s->scratch = to;
    s->lower -= range->to_low;
    s->upper -= range->to_low;
    range->to_low = 0;
    range->to_high = s->n;
}

/* The smallest value above `low`, by its bits, of which vectors find it: intensities that are counts of ions
 * have few different values, between which halving finds nothing. */
MZG_CLONES
static int64_t next_value(const double *values, int64_t n, int64_t low)
{
    /* Several at once, as each waits for the one before it. */
    int64_t next[AT_ONCE];
    for (int k = 0; k < AT_ONCE; k++)
        next[k] = INT64_MAX;
    int64_t i = 0;
    for (; i + AT_ONCE <= n; i += AT_ONCE) {
        int64_t bits[AT_ONCE];
        memcpy(bits, values + i, sizeof bits);
        for (int k = 0; k < AT_ONCE; k++) {
            bits[k] = bits[k] > low ? bits[k] : INT64_MAX;
            next[k] = bits[k] < next[k] ? bits[k] : next[k];
        }
    }
    for (; i < n; i++) {
        int64_t bits = bits_of(values[i]);
        next[0] = bits > low && bits < next[0] ? bits : next[0];
    }
    for (int k = 1; k < AT_ONCE; k++)
        next[0] = next[k] < next[0] ? next[k] : next[0];
    return next[0];
}

/* Halves the range until few values are left in it, of which it takes the middle. */
static double search_range(struct search *s, double near)
{
    int64_t octaves = 1;
    int64_t guess = bits_of(near);
    bool told_nothing = false; /* by the last count */
    while (s->range.to_high - s->range.to_low > FEW && s->range.high - s->range.low > 1) {
        struct range before = s->range;
        int64_t middle =
            told_nothing ? next_value(s->values, s->n, s->range.low) : next_place(&s->range, guess, octaves);
        int64_t count = narrow(s->values, s->n, middle, s->lower, &s->range);
        if (count > s->lower && count <= s->upper)
            return mean_around(s->values, s->n, value_of(middle));
        if (told_nothing && count > s->lower)
            return value_of(middle); /* of equal ones the middle is among these */
        told_nothing = !told_nothing && (count == before.to_low || count == before.to_high);
        octaves = middle == guess || octaves >= OCTAVES ? octaves : 2 * octaves;
        if (s->n > MANY)
            drop_rest(s, s->n / 4);
    }
    if (s->range.high - s->range.low == 1)
        return value_of(s->range.high); /* all that are left */
    drop_rest(s, FEW);
    return mean_of_ranks(s->values, s->n, s->lower, s->upper);
}

/* Of the values above 0, all finite. `look` says how many are not above 0, and come first in the order, and
 * has put those about the median of the pixel before to `scratch`. */
static double median_of(const double *values, int64_t n, const struct mzg_look *look,
                        const struct mzg_compactor *compactor, double *scratch,
                        const struct mzg_median_range *about, bool *was_near)
{
    int64_t others = look->to_zero, to_high = look->to_low + look->n_between;
    struct search s = {.compactor = compactor,
                       .values = values,
                       .n = n,
                       .lower = others + (n - others - 1) / 2,
                       .upper = others + (n - others) / 2,
                       .scratch = scratch,
                       .range = {.high = bits_of(DBL_MAX), .to_low = others, .to_high = n}};
    *was_near = s.lower >= look->to_low && s.upper < to_high;
    if (*was_near) {
        s.values = scratch;
        s.n = look->n_between;
        s.lower -= look->to_low;
        s.upper -= look->to_low;
        s.range = (struct range){bits_of(about->low), bits_of(about->high), 0, s.n};
        return search_range(&s, about->median);
    }
    if (s.upper == look->to_low && s.lower < look->to_low)
        return mean_around(values, n, about->low);
    if (s.lower < to_high && s.upper == to_high)
        return mean_around(values, n, about->high);
    if (s.upper < look->to_low) {
        s.range.high = bits_of(about->low);
        s.range.to_high = look->to_low;
    } else if (about->high > 0) {
        s.range.low = bits_of(about->high);
        s.range.to_low = to_high;
    }
    double middle = values[n / 2] > 0 ? values[n / 2] : values[n / 3];
    return search_range(&s, about->median > 0 ? about->median : middle);
}

/* Where the median of the next pixel is looked for. */
static void move_range(struct mzg_median_range *about, double median, bool was_near, int64_t n_between)
{
    if (about->reach <= 0)
        about->reach = reach_first;
    else if (!was_near)
        about->reach = fmin(about->reach * reach_grows, reach_most);
    else if (n_between > FEW)
        about->reach = fmax(about->reach * reach_shrinks, reach_least);
    about->median = median;
    about->low = median / (1 + about->reach);
    about->high = median * (1 + about->reach);
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

struct mzg_intensities mzg_intensities_by(const struct mzg_compactor *compactor, const double *intensities,
                                          int64_t n, double *scratch, struct mzg_median_range *about)
{
    struct mzg_intensities found = {0};
    struct mzg_look look = compactor->look(intensities, n, about->low, about->high, scratch);
    bool plain = look.squares >= DBL_MIN && look.squares <= DBL_MAX;
    if (!plain) {
        double *finite = scratch + n;
        n = drop_others(intensities, n, finite);
        intensities = finite;
        look = compactor->look(intensities, n, about->low, about->high, scratch);
    }
    if (n > 0)
        found.rms = plain ? sqrt(look.squares / (double)n) : rms_by_size(intensities, n);
    if (n == look.to_zero)
        return found;
    bool was_near;
    found.median = median_of(intensities, n, &look, compactor, scratch, about, &was_near);
    move_range(about, found.median, was_near, look.n_between);
    return found;
}

struct mzg_intensities mzg_intensities_of(const double *intensities, int64_t n, double *scratch,
                                          struct mzg_median_range *about)
{
    return mzg_intensities_by(mzg_compactor_of_cpu(), intensities, n, scratch, about);
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
    if (mzg_array_grow(&pool->scratch, sizeof *pool->scratch, 2 * n, &pool->scratch_capacity,
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
