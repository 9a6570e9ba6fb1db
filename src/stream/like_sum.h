/* Sums of floats of like size, as integers and so exact: the words before the exact sums of the bins. */
#ifndef MZG_STREAM_LIKE_SUM_H
#define MZG_STREAM_LIKE_SUM_H

#include <stdbool.h>
#include <stdint.h>

/* A value may be up to 2^MZG_LIKE_SHIFT times the unit of its sum, and has 24 bits: 256 of them fit. */
enum { MZG_LIKE_SHIFT = 30, MZG_LIKE_MOST = 256 };

struct mzg_like_sum {
    int64_t sum; /* in units of the exact sum << position */
    float maximum;
    bool is_like; /* else one is not finite, or too small or too large for the word: sum and maximum say
                     nothing */
};

/* Of n values, 1 to MZG_LIKE_MOST, that are not 0. Local. */
typedef struct mzg_like_sum mzg_like_sum_fn(const float *values, int64_t n, uint32_t position);

/* The fastest for this CPU; NULL if none is faster than adding one by one. */
mzg_like_sum_fn *mzg_like_sum_of_cpu(void);

/* Number i of those that this CPU can run; NULL behind the last. For tests. */
mzg_like_sum_fn *mzg_like_sum_number(int i);

#endif
