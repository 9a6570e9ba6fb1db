/*
 * What the table says of each bin over all rows: how many values it has, their sum and their largest. Exact,
 * and so independent of the number of ranks, threads and chunks.
 */
#ifndef MZG_RUN_STATISTICS_H
#define MZG_RUN_STATISTICS_H

#include <core/context.h>
#include <core/exact_sum.h>
#include <stage/stage.h>

struct mzg_bin_statistics {
    struct mzg_exact_sum sum;
    int64_t count;
    float maximum; /* of the `count` values */
};

/* What was added to a bin of late: sums of a few values of like size fit a word. */
struct mzg_recent_statistics {
    int64_t sum; /* in units of the exact sum << position */
    float maximum;
    uint16_t count;
    uint16_t position;
};

struct mzg_statistics {
    int64_t n_bins;
    struct mzg_bin_statistics *bins; /* complete once they are reduced */
    struct mzg_recent_statistics *recent;
};

/* Bytes that one bin takes. */
#define MZG_STATISTICS_PER_BIN                                                                               \
    ((int64_t)(sizeof(struct mzg_bin_statistics) + sizeof(struct mzg_recent_statistics)))

enum mzg_status mzg_statistics_init(int64_t n_bins, struct mzg_statistics *statistics, struct mzg_error *err);
void mzg_statistics_destroy(struct mzg_statistics *statistics);

/* Adds the rows, on the workers of the pool. Local. */
void mzg_statistics_add(struct mzg_statistics *statistics, const struct mzg_rows *rows,
                        struct mzg_pool *pool);

/* Every rank gets the statistics of all ranks together. Collective over `comm`. */
void mzg_statistics_reduce(struct mzg_statistics *statistics, MPI_Comm comm);

#endif
