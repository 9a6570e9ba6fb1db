/*
 * Scans of m/z arrays: pixels go in groups to the workers of each rank, and each worker keeps what its groups
 * show until all are done.
 */
#include <run/mz_scan.h>

#include <core/agree.h>
#include <core/block.h>
#include <core/mpi.h>
#include <core/pool.h>
#include <core/stop.h>

#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    SCAN_PIXELS = 256, /* of one task */
    PIECE = 1 << 22    /* m/z of one message */
};

/* One worker's part of a scan. */
struct scan_worker {
    struct mzg_decoder *decoder;
    struct mzg_mz_scan found;
    struct mzg_mz_set distinct;
    struct mzg_error err;
};

struct scan {
    const struct mzg_reader *reader;
    bool full;
    int64_t sampled; /* pixels, spread over the run; 0: all are scanned */
    const atomic_int *stop;
    struct mzg_block block;      /* of this rank: of pixels, or of those sampled */
    struct mzg_mz_set *distinct; /* NULL: distinct m/z are not wanted; else also, */
    int64_t same[2]; /*  of the workers that met spectra, the least and most values of the one array that all
                      * of its spectra have; -1: they have not */
    atomic_bool is_full; /* a worker has more of them than may be held: the rest need not be read */
    struct scan_worker *workers;
};

static enum mzg_status take(void *taker, const double *mz, int64_t n, struct mzg_error *err)
{
    return mzg_mz_set_add(taker, mz, n, err);
}

/* The first of n pixels that are number `item` of the scan. */
static int64_t pixels_of_item(const struct scan *scan, int64_t item, int64_t *first)
{
    if (scan->sampled > 0) {
        /* n (2 i + 1) / (2 sampled), without a product that could overflow. */
        int64_t n = scan->reader->dataset.n_pixels, i = 2 * (scan->block.first + item) + 1;
        *first = n / (2 * scan->sampled) * i + n % (2 * scan->sampled) * i / (2 * scan->sampled);
        return 1;
    }
    int64_t left = scan->block.count - item * SCAN_PIXELS;
    *first = scan->block.first + item * SCAN_PIXELS;
    return left < SCAN_PIXELS ? left : SCAN_PIXELS;
}

/* A worker's task. */
static void scan_item(void *context, int64_t item, int number)
{
    struct scan *scan = context;
    struct scan_worker *worker = &scan->workers[number];
    int64_t first, n = pixels_of_item(scan, item, &first);
    if (atomic_load(&scan->is_full))
        return;
    if (mzg_check_stop(scan->stop, &worker->err) == MZG_OK)
        mzg_reader_scan_mz(scan->reader, first, n, scan->full, worker->decoder, &worker->found, &worker->err);
    if (worker->distinct.is_full)
        atomic_store(&scan->is_full, true);
}

void mzg_mz_scan_add(const struct mzg_mz_scan *other, struct mzg_mz_scan *found)
{
    found->min_mz = fmin(found->min_mz, other->min_mz);
    found->max_mz = fmax(found->max_mz, other->max_mz);
    found->n_by_ends += other->n_by_ends;
    if (other->unsorted < found->unsorted)
        found->unsorted = other->unsorted;
}

/* Adds the distinct m/z of a worker to those of the rank. */
static void add_distinct(struct scan *scan, struct scan_worker *worker, struct mzg_error *err)
{
    if (mzg_mz_set_settle(&worker->distinct, err) != MZG_OK)
        return;
    const struct mzg_mz_scan *found = &worker->found;
    int64_t n = worker->distinct.n;
    if (n > 0 || found->n_same != 0) {
        /* An increasing array within the range: there are as many different m/z as it has values. */
        int64_t same =
            found->n_same == n && found->unsorted == INT64_MAX && !worker->distinct.is_full ? n : -1;
        scan->same[0] = same < scan->same[0] ? same : scan->same[0];
        scan->same[1] = same > scan->same[1] ? same : scan->same[1];
    }
    mzg_mz_set_merge(scan->distinct, &worker->distinct, err);
}

static enum mzg_status scan_own(const struct mzg_context *context, struct scan *scan,
                                struct mzg_mz_scan *found, struct mzg_error *err)
{
    int n = mzg_pool_size(context->pool);
    int64_t items =
        scan->sampled > 0 ? scan->block.count : (scan->block.count + SCAN_PIXELS - 1) / SCAN_PIXELS;
    scan->workers = calloc((size_t)n, sizeof *scan->workers);
    if (!scan->workers)
        return mzg_fail(err, MZG_ENOMEM, "no memory to scan the m/z arrays");
    for (int i = 0; i < n && err->status == MZG_OK; i++) {
        struct scan_worker *worker = &scan->workers[i];
        worker->found = MZG_MZ_SCAN_NOTHING;
        if (scan->distinct) {
            worker->distinct = (struct mzg_mz_set){
                .low = scan->distinct->low, .high = scan->distinct->high, .most = scan->distinct->most};
            worker->found.take = take;
            worker->found.taker = &worker->distinct;
        }
        mzg_decoder_new(&scan->workers[i].decoder, err);
    }
    if (err->status == MZG_OK)
        mzg_pool_run(context->pool, items, scan_item, scan);
    for (int i = 0; i < n; i++) {
        struct scan_worker *worker = &scan->workers[i];
        if (err->status == MZG_OK)
            *err = worker->err;
        if (worker->decoder)
            mzg_mz_scan_add(&worker->found, found);
        if (scan->distinct && err->status == MZG_OK)
            add_distinct(scan, worker, err);
        mzg_mz_set_destroy(&worker->distinct);
        free(worker->found.first);
        mzg_decoder_free(worker->decoder);
    }
    free(scan->workers);
    return err->status;
}

enum mzg_status mzg_mz_scan_input(const struct mzg_context *context, const struct mzg_reader *reader,
                                  int64_t sampled, bool full, struct mzg_mz_scan *found,
                                  struct mzg_error *err)
{
    int64_t items = sampled > 0 ? sampled : reader->dataset.n_pixels;
    struct scan scan = {.reader = reader,
                        .full = full,
                        .sampled = sampled,
                        .stop = context->stop,
                        .block = mzg_block_of(items, context->size, context->rank)};
    *found = MZG_MZ_SCAN_NOTHING;
    scan_own(context, &scan, found, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &found->min_mz, 1, MPI_DOUBLE, MPI_MIN, context->comm));
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &found->max_mz, 1, MPI_DOUBLE, MPI_MAX, context->comm));
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &found->n_by_ends, 1, MPI_INT64_T, MPI_SUM, context->comm));
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &found->unsorted, 1, MPI_INT64_T, MPI_MIN, context->comm));
    return MZG_OK;
}

/* The distinct m/z of rank `from`, or of this rank for rank `to`; -1: none. All ranks take part, but may
 * return different statuses. Collective. */
static enum mzg_status pass_on(const struct mzg_context *context, int from, int to, struct mzg_mz_set *set,
                               struct mzg_error *err)
{
    enum { TAG = 51 };
    int64_t head[2] = {set->n, set->is_full};
    double *received = NULL;
    if (to >= 0)
        MZG_MPI(MPI_Send(head, 2, MPI_INT64_T, to, TAG, context->comm));
    if (from >= 0) {
        MZG_MPI(MPI_Recv(head, 2, MPI_INT64_T, from, TAG, context->comm, MPI_STATUS_IGNORE));
        received = malloc((size_t)(head[0] + 1) * sizeof *received);
        if (!received)
            mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " different m/z of another rank", head[0]);
    }
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto cleanup;
    for (int64_t first = 0; (from >= 0 || to >= 0) && first < head[0]; first += PIECE) {
        int n = (int)(head[0] - first < PIECE ? head[0] - first : PIECE);
        if (to >= 0)
            MZG_MPI(MPI_Send(set->mz + first, n, MPI_DOUBLE, to, TAG, context->comm));
        else
            MZG_MPI(MPI_Recv(received + first, n, MPI_DOUBLE, from, TAG, context->comm, MPI_STATUS_IGNORE));
    }
    if (from >= 0) {
        const struct mzg_mz_set other = {.mz = received, .n = head[0], .is_full = head[1] != 0};
        mzg_mz_set_merge(set, &other, err);
    }

cleanup:
    free(received);
    return err->status;
}

/* Brings the m/z of all ranks to rank 0, in as many steps as doublings make the number of ranks. Collective.
 */
static enum mzg_status gather_distinct(const struct mzg_context *context, struct mzg_mz_set *set,
                                       struct mzg_error *err)
{
    for (int step = 1; step < context->size; step *= 2) {
        int place = context->rank % (2 * step);
        int from = place == 0 && context->rank + step < context->size ? context->rank + step : -1;
        int to = place == step ? context->rank - step : -1;
        pass_on(context, from, to, set, err);
        if (mzg_agree(context->comm, err) != MZG_OK)
            break;
    }
    return err->status;
}

enum mzg_status mzg_mz_scan_distinct(const struct mzg_context *context, const struct mzg_reader *reader,
                                     struct mzg_mz_set *set, struct mzg_error *err)
{
    struct scan scan = {.reader = reader,
                        .full = true,
                        .stop = context->stop,
                        .block = mzg_block_of(reader->dataset.n_pixels, context->size, context->rank),
                        .distinct = set,
                        .same = {INT64_MAX, -1}};
    if (reader->dataset.shared_mz) /* one spectrum has them all */
        scan.block = (struct mzg_block){.count = context->rank == 0 ? 1 : 0};
    struct mzg_mz_scan found = MZG_MZ_SCAN_NOTHING;
    scan_own(context, &scan, &found, err);
    if (mzg_agree(context->comm, err) != MZG_OK || gather_distinct(context, set, err) != MZG_OK)
        return err->status;
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &scan.same[0], 1, MPI_INT64_T, MPI_MIN, context->comm));
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &scan.same[1], 1, MPI_INT64_T, MPI_MAX, context->comm));
    /* All arrays have as many values as there are different ones: they are the same. */
    int flags[2] = {set->is_full, set->n > 0 && scan.same[0] == set->n && scan.same[1] == set->n};
    MZG_MPI(MPI_Bcast(flags, 2, MPI_INT, 0, context->comm));
    if (context->rank != 0)
        mzg_mz_set_clear(set);
    set->is_full = flags[0] != 0;
    set->is_of_each = flags[1] != 0 && !set->is_full;
    return MZG_OK;
}
