/*
 * Values of one type on their way to the exact sums. Included by statistics.c once for each type, with
 *
 *     VALUE           the type of the values
 *     WORD            an integer that holds MOST_RECENT of their mantissas, each shifted by WIDEST_SHIFT, and
 *                     a sign
 *     WIDEST_SHIFT    bits
 *     SPLIT           the function that takes a value apart
 *     OF_TYPE(name)   the name with the type in it
 */

/* What was added to a bin of late: sums of a few values of like size fit a word. */
struct OF_TYPE(recent) {
    WORD sum; /* in units of the exact sum << position */
    VALUE maximum;
    uint16_t count;
    uint16_t position;
};

/* Moves what a bin got of late to its exact sum. */
static void OF_TYPE(settle)(const struct mzg_statistics *statistics, int64_t bin)
{
    struct OF_TYPE(recent) *recent = (struct OF_TYPE(recent) *)statistics->recent + bin;
    if (recent->count == 0)
        return;
    mzg_exact_sum_add_shifted(statistics->kind, sum_of(statistics, bin), recent->sum, recent->position);
    if (statistics->counts[bin] == 0 || (double)recent->maximum > statistics->maxima[bin])
        statistics->maxima[bin] = (double)recent->maximum;
    statistics->counts[bin] += recent->count;
    *recent = (struct OF_TYPE(recent)){0};
}

/* Adds n values to a bin, by `add` if it can and is not NULL: the innermost loop over all stored values. The
 * first value after settling says which sizes a word is for; one that is far from it goes to the exact sum at
 * once. */
static inline void OF_TYPE(add_values)(const struct mzg_statistics *statistics, int64_t bin,
                                       const VALUE *values, int64_t n, mzg_like_sum_fn *add)
{
    struct OF_TYPE(recent) *kept = (struct OF_TYPE(recent) *)statistics->recent + bin;
    for (int64_t done = 0; done < n;) {
        struct OF_TYPE(recent) recent = *kept; /* which stays in registers */
        int64_t end = n - done < MOST_RECENT - recent.count ? n : done + MOST_RECENT - recent.count;
        int64_t mantissa;
        uint32_t position;
        if (recent.count == 0) {
            SPLIT(values[done], &mantissa, &position);
            recent.position = (uint16_t)(position > WIDEST_SHIFT / 2 ? position - WIDEST_SHIFT / 2 : 0);
            recent.maximum = values[done];
        }
        recent.count = (uint16_t)(recent.count + (end - done));
        if (OF_TYPE(add_like)(add, values + done, end - done, recent.position, &recent.sum, &recent.maximum))
            done = end;
        for (; done < end; done++) {
            SPLIT(values[done], &mantissa, &position);
            uint32_t shift = position - recent.position; /* of smaller values it is huge */
            if (shift <= WIDEST_SHIFT)
                recent.sum += mantissa * ((WORD)1 << shift);
            else
                mzg_exact_sum_add_shifted(statistics->kind, sum_of(statistics, bin), mantissa, position);
            recent.maximum = values[done] > recent.maximum ? values[done] : recent.maximum;
        }
        *kept = recent;
        if (recent.count == MOST_RECENT)
            OF_TYPE(settle)(statistics, bin);
    }
}

/* A worker's task: the item-th part of the bins, in every row, so that no two workers meet in a bin. */
static void OF_TYPE(add_part)(void *context, int64_t item, int worker)
{
    (void)worker;
    const struct addition *a = context;
    int64_t first = a->statistics->n_bins * item / a->n_parts;
    int64_t end = a->statistics->n_bins * (item + 1) / a->n_parts;
    const int32_t *bins = a->rows->bins;
    const VALUE *values = a->rows->values;
    for (int64_t row = 0; row < a->rows->n_rows; row++) {
        int64_t n = a->rows->row_counts[row];
        for (int64_t i = mzg_bins_lower_bound(bins, n, first); i < n && bins[i] < end; i++)
            OF_TYPE(add_values)(a->statistics, bins[i], &values[i], 1, NULL);
        bins += n;
        values += n;
    }
}

/* A worker's task: the item-th bucket of rows sorted by column. */
static void OF_TYPE(add_bucket)(void *context, int64_t item, int worker)
{
    (void)worker;
    const struct addition *a = context;
    const struct mzg_column_block *block = a->rows->by_column;
    int shift = mzg_column_bucket_shift(block->n_columns);
    mzg_like_sum_fn *add = mzg_like_sum_of_cpu();
    int64_t end = (item + 1) << shift < block->n_columns ? (item + 1) << shift : block->n_columns;
    const VALUE *values = (const VALUE *)block->values + block->bucket_begins[item];
    for (int64_t column = item << shift; column < end; column++) {
        OF_TYPE(add_values)(a->statistics, column, values, block->column_counts[column], add);
        values += block->column_counts[column];
    }
}

#undef VALUE
#undef WORD
#undef WIDEST_SHIFT
#undef SPLIT
#undef OF_TYPE
