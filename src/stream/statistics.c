#include <stream/statistics.h>

#include <core/memory.h>
#include <core/mpi.h>
#include <core/pool.h>
#include <stream/like_sum.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS_PER_WORKER = 4, REDUCE_BYTES = 4 << 20 };

/* Values that a word gathers before it is added to the exact sum; as many at once as pay for a call. */
enum { MOST_RECENT = MZG_LIKE_MOST, WORTH_A_CALL = 4 };

struct addition {
    const struct mzg_statistics *statistics;
    const struct mzg_rows *rows;
    int64_t n_parts;
};

static uint64_t *sum_of(const struct mzg_statistics *statistics, int64_t bin)
{
    return statistics->sums + bin * statistics->kind->limbs;
}

/* Adds values to a word; false if one is not for it, and then nothing is added. */
static inline bool add_like_float32(mzg_like_sum_fn *add, const float *values, int64_t n, uint32_t position,
                                    int64_t *sum, float *maximum)
{
    if (!add || n < WORTH_A_CALL)
        return false;
    struct mzg_like_sum found = add(values, n, position);
    if (!found.is_like)
        return false;
    *sum += found.sum;
    *maximum = found.maximum > *maximum ? found.maximum : *maximum;
    return true;
}

/* Of words of 128 bits there are no vectors. */
static inline bool add_like_float64(mzg_like_sum_fn *add, const double *values, int64_t n, uint32_t position,
                                    const __int128 *sum, const double *maximum)
{
    (void)add, (void)values, (void)n, (void)position, (void)sum, (void)maximum;
    return false;
}

#define VALUE float
#define WORD int64_t
#define WIDEST_SHIFT MZG_LIKE_SHIFT
#define SPLIT mzg_exact_sum_split_float32
#define OF_TYPE(name) name##_float32
#include <stream/statistics_recent.h>

#define VALUE double
#define WORD __int128
#define WIDEST_SHIFT 64
#define SPLIT mzg_exact_sum_split_float64
#define OF_TYPE(name) name##_float64
#include <stream/statistics_recent.h>

static const struct value_kind {
    const struct mzg_exact_sum_kind *sums;
    size_t recent_size;
    mzg_task_fn *add_part, *add_bucket;
    void (*settle)(const struct mzg_statistics *statistics, int64_t bin);
} value_kinds[] = {
    [MZG_FLOAT32] = {&mzg_exact_sum_float32, sizeof(struct recent_float32), add_part_float32,
                     add_bucket_float32, settle_float32},
    [MZG_FLOAT64] = {&mzg_exact_sum_float64, sizeof(struct recent_float64), add_part_float64,
                     add_bucket_float64, settle_float64},
};

int64_t mzg_statistics_per_bin(enum mzg_type value_type)
{
    const struct value_kind *kind = &value_kinds[value_type];
    return (int64_t)(sizeof(int64_t) + sizeof(double) + (size_t)kind->sums->limbs * sizeof(uint64_t) +
                     kind->recent_size);
}

enum mzg_status mzg_statistics_init(int64_t n_bins, enum mzg_type value_type,
                                    struct mzg_statistics *statistics, struct mzg_error *err)
{
    const struct value_kind *kind = &value_kinds[value_type];
    int64_t bytes = mzg_size_product(n_bins, mzg_statistics_per_bin(value_type));
    *statistics = (struct mzg_statistics){.n_bins = n_bins, .value_type = value_type, .kind = kind->sums};
    char *memory = mzg_memory_large(bytes);
    if (!memory)
        return mzg_fail(err, MZG_ENOMEM,
                        "no memory for the statistics of %lld bins (%lld MB); ask for fewer bins",
                        (long long)n_bins, (long long)(n_bins * mzg_statistics_per_bin(value_type) >> 20));
    /* All in large pages, and touched here: of small ones that workers touch, reading a bin and then writing
     * it would take two faults for each, in the second of which every other core of the process is stopped.
     */
    memset(memory, 0, (size_t)bytes);
    statistics->recent = memory; /* the widest first, for alignment */
    statistics->sums = (uint64_t *)(void *)(memory + n_bins * (int64_t)kind->recent_size);
    statistics->maxima = (double *)(statistics->sums + n_bins * kind->sums->limbs);
    statistics->counts = (int64_t *)(statistics->maxima + n_bins);
    return MZG_OK;
}

void mzg_statistics_destroy(struct mzg_statistics *statistics)
{
    free(statistics->recent); /* with which the memory of all begins */
    *statistics = (struct mzg_statistics){0};
}

void mzg_statistics_add(struct mzg_statistics *statistics, const struct mzg_rows *rows, struct mzg_pool *pool)
{
    const struct value_kind *kind = &value_kinds[statistics->value_type];
    struct addition addition = {.statistics = statistics, .rows = rows};
    if (rows->by_column) {
        mzg_pool_run(pool, mzg_column_buckets(statistics->n_bins), kind->add_bucket, &addition);
        return;
    }
    /* A worker alone needs no parts, in which each row would be searched. */
    int64_t workers = mzg_pool_size(pool);
    addition.n_parts = workers > 1 ? workers * PARTS_PER_WORKER : 1;
    mzg_pool_run(pool, addition.n_parts, kind->add_part, &addition);
}

/* An MPI operation: merges sums, each an element of `type`. */
static void merge_sums(void *in, void *inout, int *n, MPI_Datatype *type)
{
    int bytes;
    MZG_MPI(MPI_Type_size(*type, &bytes));
    struct mzg_exact_sum_kind kind = {.limbs = bytes / (int)sizeof(uint64_t)};
    const uint64_t *from = in;
    uint64_t *to = inout;
    for (int i = 0; i < *n; i++)
        mzg_exact_sum_merge(&kind, to + (ptrdiff_t)i * kind.limbs, from + (ptrdiff_t)i * kind.limbs);
}

/* Makes bins first .. first + n - 1 those of all ranks. Collective. */
static void reduce_bins(struct mzg_statistics *statistics, int64_t first, int n, MPI_Datatype sum,
                        MPI_Op merge, MPI_Comm comm)
{
    int64_t *counts = statistics->counts + first;
    double *maxima = statistics->maxima + first;
    for (int i = 0; i < n; i++) {
        value_kinds[statistics->value_type].settle(statistics, first + i);
        if (counts[i] == 0)
            maxima[i] = -INFINITY;
    }
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, counts, n, MPI_INT64_T, MPI_SUM, comm));
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, maxima, n, MPI_DOUBLE, MPI_MAX, comm));
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, sum_of(statistics, first), n, sum, merge, comm));
    for (int i = 0; i < n; i++)
        if (counts[i] == 0)
            maxima[i] = 0;
}

void mzg_statistics_reduce(struct mzg_statistics *statistics, MPI_Comm comm)
{
    int sum_bytes = statistics->kind->limbs * (int)sizeof(uint64_t);
    int64_t bins_at_once = REDUCE_BYTES / sum_bytes;
    MPI_Datatype sum;
    MPI_Op merge;
    MZG_MPI(MPI_Type_contiguous(sum_bytes, MPI_BYTE, &sum));
    MZG_MPI(MPI_Type_commit(&sum));
    MZG_MPI(MPI_Op_create(merge_sums, 1, &merge));
    for (int64_t first = 0; first < statistics->n_bins; first += bins_at_once) {
        int64_t left = statistics->n_bins - first;
        reduce_bins(statistics, first, (int)(left < bins_at_once ? left : bins_at_once), sum, merge, comm);
    }
    MZG_MPI(MPI_Op_free(&merge));
    MZG_MPI(MPI_Type_free(&sum));
}

const uint64_t *mzg_statistics_sum(const struct mzg_statistics *statistics, int64_t bin)
{
    return sum_of(statistics, bin);
}
