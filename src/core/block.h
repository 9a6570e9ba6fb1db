/* Block distribution of n items over the ranks of a communicator. Nothing here communicates. */
#ifndef MZG_CORE_BLOCK_H
#define MZG_CORE_BLOCK_H

#include <stdint.h>

/* Items first .. first + count - 1 belong to one rank. */
struct mzg_block {
    int64_t first;
    int64_t count;
};

/* The share of `rank` among `size` ranks: shares are contiguous, in rank order, and differ by at most one
 * item. */
static inline struct mzg_block mzg_block_of(int64_t n, int size, int rank)
{
    int64_t base = n / size;
    int64_t extra = n % size; /* the first `extra` ranks take one more */
    return (struct mzg_block){
        .first = rank * base + (rank < extra ? rank : extra),
        .count = base + (rank < extra),
    };
}

#endif
