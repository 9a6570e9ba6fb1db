/*
 * Loops over all points that leave some of them side by side, in their order: what compilers do not make
 * vectors of. Written for several CPUs; all give the same bits.
 */
#ifndef MZG_STREAM_COMPACT_H
#define MZG_STREAM_COMPACT_H

#include <mzgrid/resample.h>
#include <stdint.h>

/* What one look at intensities tells. */
struct mzg_look {
    double squares;    /* their sum: of eight interleaved sums, added up last */
    int64_t to_zero;   /* how many are 0 or below */
    int64_t to_low;    /* how many are `low` or below */
    int64_t n_between; /* how many are above `low` and up to `high` */
};

struct mzg_compactor {
    const char *name;

    /* Looks at n values, and puts those between to `between`, which has room for n, does not overlap
     * `values`, and is changed behind them, too. NaN is nowhere. Local. */
    struct mzg_look (*look)(const double *values, int64_t n, double low, double high, double *between);

    /* Puts what is to be stored of `row` to `bins` and `values`, which have room for all of it: what is not 0
     * as a float, and not below `min_intensity` if that is above 0. What a float does not hold becomes the
     * largest one, and is added to n_clamped. Returns how many are kept. Local. */
    int64_t (*keep)(const struct mzg_sparse_row *row, double min_intensity, int32_t *bins, float *values,
                    int64_t *n_clamped);
};

/* The fastest that this CPU can run. */
const struct mzg_compactor *mzg_compactor_of_cpu(void);

/* Number i of those that this CPU can run, the fastest first; NULL behind the last. For tests. */
const struct mzg_compactor *mzg_compactor(int i);

#endif
