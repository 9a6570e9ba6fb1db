/*
 * Rows of a sparse matrix in CSR order, as they go from the resampling to the stage, and the search within a
 * row.
 *
 * All values of a run are of one type, float or double. What handles them alike knows their size only; a loop
 * that looks at each is compiled twice, from one text with a constant `wide`, so that no value asks for the
 * type.
 */
#ifndef MZG_STAGE_ROWS_H
#define MZG_STAGE_ROWS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct mzg_column_block;

/* Where the values of one row lie. */
struct mzg_row_place {
    const int32_t *bins;
    const void *values;
};

/* Consecutive rows of one rank: row i has row_counts[i] values, the bins of each row strictly increasing. */
struct mzg_rows {
    int64_t n_rows;
    int64_t n_values;
    int64_t *row_counts;
    int32_t *bins;                            /* all rows, one behind the other, */
    void *values;                             /*  float or double; */
    const struct mzg_row_place *places;       /* or each row by itself: for sorting only */
    const struct mzg_column_block *by_column; /* the same values sorted by column; NULL: they are not */
};

/* Where row `row` lies, whose first value is value `first` of all rows. */
static inline struct mzg_row_place mzg_rows_place(const struct mzg_rows *rows, int64_t row, int64_t first,
                                                  int64_t value_size)
{
    if (rows->places)
        return rows->places[row];
    return (struct mzg_row_place){.bins = rows->bins + first,
                                  .values = (const char *)rows->values + first * value_size};
}

/* Value i of an array of double (wide) or float, which may begin anywhere. */
static inline double mzg_value_at(const void *values, int64_t i, bool wide)
{
    double double_value;
    float float_value;
    if (wide) {
        memcpy(&double_value, (const char *)values + i * (int64_t)sizeof double_value, sizeof double_value);
        return double_value;
    }
    memcpy(&float_value, (const char *)values + i * (int64_t)sizeof float_value, sizeof float_value);
    return (double)float_value;
}

/* The first of n ascending bins that is not below `bin`; n if all are. */
static inline int64_t mzg_bins_lower_bound(const int32_t *bins, int64_t n, int64_t bin)
{
    int64_t low = 0, high = n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (bins[middle] < bin)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

#endif
