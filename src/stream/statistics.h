/*
 * What the table says of each bin over all rows: how many values it has, their sum and their largest. Exact,
 * and so independent of the number of ranks, threads and chunks.
 */
#ifndef MZG_STREAM_STATISTICS_H
#define MZG_STREAM_STATISTICS_H

#include <core/context.h>
#include <core/exact_sum.h>
#include <core/frame.h>
#include <mzgrid/error.h>
#include <stage/column_block.h>

/* Of each of n_bins bins; complete once they are reduced. */
struct mzg_statistics {
    int64_t n_bins;
    enum mzg_type value_type; /* MZG_FLOAT32 or MZG_FLOAT64 */
    const struct mzg_exact_sum_kind *kind;
    int64_t *counts;
    double *maxima; /* of the `counts` values; 0 if there are none */
    uint64_t *sums; /* kind->limbs each */
    void *recent;   /* what was added of late and is not yet in the others */
};

enum mzg_status mzg_statistics_init(int64_t n_bins, enum mzg_type value_type,
                                    struct mzg_statistics *statistics, struct mzg_error *err);
void mzg_statistics_destroy(struct mzg_statistics *statistics);

/* Bytes that the statistics of one bin take. Local. */
int64_t mzg_statistics_per_bin(enum mzg_type value_type);

/* Adds the rows, on the workers of the pool; faster of rows sorted by column. Local. */
void mzg_statistics_add(struct mzg_statistics *statistics, const struct mzg_rows *rows,
                        struct mzg_pool *pool);

/* Every rank gets the statistics of all ranks together. Collective over `comm`. */
void mzg_statistics_reduce(struct mzg_statistics *statistics, MPI_Comm comm);

/* The exact sum of a bin. Local, after reducing. */
const uint64_t *mzg_statistics_sum(const struct mzg_statistics *statistics, int64_t bin);

#endif
