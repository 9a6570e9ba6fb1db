#include <stream/watch.h>

#include <core/agree.h>
#include <core/memory.h>
#include <core/mpi.h>

#include <stdlib.h>
#include <string.h>

/* Looking takes up to a millisecond for each gigabyte. */
static const double look_seconds = 0.2;

/* Chunks shrink before the limit is reached, for buffers go on growing for a while. */
static const double near_limit = 0.92;
static const double near_end = 0.05;    /* of the limit: what the node should have left */
static const double much_pressure = 25; /* percent */

/* Of the limit: what must be in use, or the most that is left, for waiting to count. */
static const double much_used = 0.5;
static const double little_left = 0.25;

/* Of the limit: the most that is in use, and the least that is left, for chunks to grow. */
static const double calm_used = 0.6;
static const double calm_left = 0.5;

enum mzg_status mzg_watch_begin(struct mzg_watch *watch, const struct mzg_context *context, int64_t limit,
                                struct mzg_error *err)
{
    size_t size = (size_t)context->size;
    *watch = (struct mzg_watch){.limit = limit, .size = context->size};
    watch->nodes = calloc(size, sizeof *watch->nodes);
    watch->sums = calloc(size, sizeof *watch->sums);
    if (!watch->nodes || !watch->sums)
        mzg_fail(err, MZG_ENOMEM, "no memory to watch %zu ranks", size);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;

    MPI_Comm node; /* its lowest rank names it */
    MZG_MPI(MPI_Comm_split_type(context->comm, MPI_COMM_TYPE_SHARED, context->rank, MPI_INFO_NULL, &node));
    watch->my_node = context->rank;
    MZG_MPI(MPI_Bcast(&watch->my_node, 1, MPI_INT, 0, node));
    MZG_MPI(MPI_Comm_free(&node));
    MZG_MPI(MPI_Allgather(&watch->my_node, 1, MPI_INT, watch->nodes, 1, MPI_INT, context->comm));
    return MZG_OK;
}

void mzg_watch_end(struct mzg_watch *watch)
{
    free(watch->nodes);
    free(watch->sums);
    *watch = (struct mzg_watch){0};
}

struct mzg_watch_sight mzg_watch_look(struct mzg_watch *watch)
{
    double now = MPI_Wtime();
    if (now >= watch->next) {
        watch->sight.left = mzg_memory_available();
        watch->sight.pss = mzg_memory_pss();
        watch->sight.waits = mzg_memory_group_pressure() > much_pressure;
        watch->next = MPI_Wtime() + look_seconds;
    }
    return watch->sight;
}

/* How a rank fares whose node uses `used` bytes. */
static enum mzg_watch_cause judge(const struct mzg_watch_sight *sight, int64_t used, int64_t limit)
{
    double of_limit = (double)used / (double)limit, left = (double)sight->left / (double)limit;
    if (of_limit > near_limit)
        return MZG_WATCH_LIMIT;
    if (left < near_end)
        return MZG_WATCH_NODE;
    if (sight->waits && (of_limit > much_used || left < little_left))
        return MZG_WATCH_WAITS;
    return of_limit < calm_used && left > calm_left ? MZG_WATCH_CALM : MZG_WATCH_FAIR;
}

enum mzg_watch_cause mzg_watch_judge(struct mzg_watch *watch, const struct mzg_watch_sight *sights,
                                     size_t stride, int64_t *used, int64_t *left)
{
    struct mzg_watch_sight sight;
    enum mzg_watch_cause worst = MZG_WATCH_CALM;
    memset(watch->sums, 0, (size_t)watch->size * sizeof *watch->sums);
    *left = INT64_MAX;
    for (int rank = 0; rank < watch->size; rank++) {
        memcpy(&sight, (const char *)sights + (size_t)rank * stride, sizeof sight);
        watch->sums[watch->nodes[rank]] += sight.pss;
        if (watch->nodes[rank] == watch->my_node && sight.left < *left)
            *left = sight.left;
    }
    for (int rank = 0; rank < watch->size; rank++) {
        memcpy(&sight, (const char *)sights + (size_t)rank * stride, sizeof sight);
        enum mzg_watch_cause cause = judge(&sight, watch->sums[watch->nodes[rank]], watch->limit);
        worst = cause > worst ? cause : worst;
    }
    *used = watch->sums[watch->my_node];
    return worst;
}

const char *mzg_watch_words(enum mzg_watch_cause cause)
{
    static const char *const words[] = {
        [MZG_WATCH_CALM] = "memory is left",
        [MZG_WATCH_FAIR] = "memory is left",
        [MZG_WATCH_LIMIT] = "the ranks of a node are close to their limit",
        [MZG_WATCH_NODE] = "a node, or the control group of this job, has little memory left",
        [MZG_WATCH_WAITS] = "processes of this job wait for memory",
    };
    return words[cause];
}
