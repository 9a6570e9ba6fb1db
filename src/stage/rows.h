/* Rows of a sparse matrix in CSR order, as they go from the resampling to the stage, and the search within a
 * row. */
#ifndef MZG_STAGE_ROWS_H
#define MZG_STAGE_ROWS_H

#include <stdint.h>

/* Consecutive rows of one rank: row i has row_counts[i] values, the bins of each row strictly increasing. */
struct mzg_rows {
    int64_t n_rows;
    int64_t n_values;
    int64_t *row_counts;
    int32_t *bins;
    float *values;
};

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
