/* Places in ascending numbers, found by halving. Pure; n may be 0. */
#ifndef MZG_CORE_SEARCH_H
#define MZG_CORE_SEARCH_H

#include <stdint.h>

/* How many of the n numbers are below `value`: the place of the first that is not. */
static inline int64_t mzg_count_below(const double *numbers, int64_t n, double value)
{
    int64_t low = 0, high = n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (numbers[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How many of the n numbers are at most `value`: the place of the first above it. */
static inline int64_t mzg_count_up_to(const double *numbers, int64_t n, double value)
{
    int64_t low = 0, high = n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (numbers[middle] <= value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The k in [0, n) with begins[k] <= value < begins[k + 1], of n + 1 numbers that do not descend; n if `value`
 * lies behind all. */
static inline int64_t mzg_place_of(const int64_t *begins, int64_t n, int64_t value)
{
    int64_t low = 0, high = n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (begins[middle + 1] <= value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

#endif
