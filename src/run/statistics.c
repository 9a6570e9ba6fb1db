#include <run/statistics.h>

#include <core/pool.h>

#include <stdlib.h>

enum { PARTS_PER_WORKER = 4, REDUCE_BINS = 1 << 16 };

/* A word holds MOST_RECENT mantissas of 24 bits, each shifted by WIDEST_SHIFT at most, and a sign. */
enum { MOST_RECENT = 256, WIDEST_SHIFT = 30 };

enum mzg_status mzg_statistics_init(int64_t n_bins, struct mzg_statistics *statistics, struct mzg_error *err)
{
    *statistics = (struct mzg_statistics){
        .n_bins = n_bins,
        .bins = calloc((size_t)n_bins, sizeof *statistics->bins),
        .recent = calloc((size_t)n_bins, sizeof *statistics->recent),
    };
    if (!statistics->bins || !statistics->recent)
        return mzg_fail(err, MZG_ENOMEM,
                        "no memory for the statistics of %lld bins (%lld MB); ask for fewer bins",
                        (long long)n_bins, (long long)(n_bins * MZG_STATISTICS_PER_BIN >> 20));
    return MZG_OK;
}

void mzg_statistics_destroy(struct mzg_statistics *statistics)
{
    free(statistics->bins);
    free(statistics->recent);
    *statistics = (struct mzg_statistics){0};
}

/* Moves what a bin got of late to its exact sum. */
static void settle(struct mzg_recent_statistics *recent, struct mzg_bin_statistics *bin)
{
    if (recent->count == 0)
        return;
    mzg_exact_sum_add_shifted(&bin->sum, recent->sum, recent->position);
    if (bin->count == 0 || recent->maximum > bin->maximum)
        bin->maximum = recent->maximum;
    bin->count += recent->count;
    *recent = (struct mzg_recent_statistics){0};
}

/* The innermost loop over all stored values. The first value after settling says which sizes a word is for;
 * one that is far from it goes to the exact sum at once. */
static inline void add_value(struct mzg_recent_statistics *recent, struct mzg_bin_statistics *bin,
                             float value)
{
    int64_t mantissa;
    uint32_t position;
    mzg_exact_sum_split(value, &mantissa, &position);
    if (recent->count == 0) {
        recent->position = (uint16_t)(position > WIDEST_SHIFT / 2 ? position - WIDEST_SHIFT / 2 : 0);
        recent->maximum = value;
    }
    uint32_t shift = position - recent->position; /* of smaller values it is huge */
    if (shift <= WIDEST_SHIFT)
        recent->sum += mantissa * (INT64_C(1) << shift);
    else
        mzg_exact_sum_add(&bin->sum, value);
    recent->maximum = value > recent->maximum ? value : recent->maximum;
    if (++recent->count == MOST_RECENT)
        settle(recent, bin);
}

struct addition {
    struct mzg_statistics *statistics;
    const struct mzg_rows *rows;
    int64_t n_parts;
};

/* A worker's task: the item-th part of the bins, in every row, so that no two workers meet in a bin. */
static void add_part(void *context, int64_t item, int worker)
{
    (void)worker;
    const struct addition *a = context;
    int64_t first = a->statistics->n_bins * item / a->n_parts;
    int64_t end = a->statistics->n_bins * (item + 1) / a->n_parts;
    const int32_t *bins = a->rows->bins;
    const float *values = a->rows->values;
    struct mzg_bin_statistics *all = a->statistics->bins;
    struct mzg_recent_statistics *recent = a->statistics->recent;
    for (int64_t row = 0; row < a->rows->n_rows; row++) {
        int64_t n = a->rows->row_counts[row];
        for (int64_t i = mzg_bins_lower_bound(bins, n, first); i < n && bins[i] < end; i++)
            add_value(&recent[bins[i]], &all[bins[i]], values[i]);
        bins += n;
        values += n;
    }
}

void mzg_statistics_add(struct mzg_statistics *statistics, const struct mzg_rows *rows, struct mzg_pool *pool)
{
    struct addition addition = {statistics, rows, (int64_t)mzg_pool_size(pool) * PARTS_PER_WORKER};
    mzg_pool_run(pool, addition.n_parts, add_part, &addition);
}

static void merge_bins(void *in, void *inout, int *n, MPI_Datatype *type)
{
    (void)type;
    const struct mzg_bin_statistics *from = in;
    struct mzg_bin_statistics *to = inout;
    for (int i = 0; i < *n; i++) {
        if (from[i].count == 0)
            continue;
        if (to[i].count == 0 || from[i].maximum > to[i].maximum)
            to[i].maximum = from[i].maximum;
        to[i].count += from[i].count;
        mzg_exact_sum_merge(&to[i].sum, &from[i].sum);
    }
}

void mzg_statistics_reduce(struct mzg_statistics *statistics, MPI_Comm comm)
{
    for (int64_t k = 0; k < statistics->n_bins; k++)
        settle(&statistics->recent[k], &statistics->bins[k]);
    MPI_Datatype type;
    MPI_Op merge;
    MPI_Type_contiguous((int)sizeof *statistics->bins, MPI_BYTE, &type);
    MPI_Type_commit(&type);
    MPI_Op_create(merge_bins, 1, &merge);
    for (int64_t first = 0; first < statistics->n_bins; first += REDUCE_BINS) {
        int64_t left = statistics->n_bins - first;
        MPI_Allreduce(MPI_IN_PLACE, statistics->bins + first, (int)(left < REDUCE_BINS ? left : REDUCE_BINS),
                      type, merge, comm);
    }
    MPI_Op_free(&merge);
    MPI_Type_free(&type);
}
