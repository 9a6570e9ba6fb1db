#include <run/statistics.h>

#include <core/pool.h>

#include <stdlib.h>

enum { PARTS_PER_WORKER = 4, REDUCE_BINS = 1 << 16 };

enum mzg_status mzg_statistics_init(int64_t n_bins, struct mzg_statistics *statistics, struct mzg_error *err)
{
    statistics->n_bins = n_bins;
    statistics->bins = calloc((size_t)n_bins, sizeof *statistics->bins);
    if (!statistics->bins)
        return mzg_fail(err, MZG_ENOMEM,
                        "no memory for the statistics of %lld bins (%lld MB); ask for fewer bins",
                        (long long)n_bins, (long long)(n_bins * (int64_t)sizeof *statistics->bins >> 20));
    return MZG_OK;
}

void mzg_statistics_destroy(struct mzg_statistics *statistics)
{
    free(statistics->bins);
    *statistics = (struct mzg_statistics){0};
}

static void add_value(struct mzg_bin_statistics *bin, float value)
{
    mzg_exact_sum_add(&bin->sum, value);
    if (bin->count == 0 || value > bin->maximum)
        bin->maximum = value;
    bin->count++;
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
    for (int64_t row = 0; row < a->rows->n_rows; row++) {
        int64_t n = a->rows->row_counts[row];
        for (int64_t i = mzg_bins_lower_bound(bins, n, first); i < n && bins[i] < end; i++)
            add_value(&a->statistics->bins[bins[i]], values[i]);
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
