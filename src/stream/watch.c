#include <stream/watch.h>

#include <core/mpi.h>

#include <math.h>

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

const struct mzg_watch_sight mzg_watch_no_sight = {.left = INT64_MAX};

void mzg_watch_merge(const struct mzg_watch_sight *from, struct mzg_watch_sight *into)
{
    into->pss += from->pss;
    into->waits += from->waits;
    if (from->left < into->left)
        into->left = from->left;
}

void mzg_watch_begin(struct mzg_watch *watch, const struct mzg_context *context, int64_t limit)
{
    MPI_Comm node; /* its lowest rank counts for it */
    int rank, size;
    *watch = (struct mzg_watch){.limit = limit};
    MZG_MPI(MPI_Comm_split_type(context->comm, MPI_COMM_TYPE_SHARED, context->rank, MPI_INFO_NULL, &node));
    MZG_MPI(MPI_Comm_rank(node, &rank));
    MZG_MPI(MPI_Comm_size(node, &size));
    mzg_memory_gauge_read(&watch->used);
    /* A rank alone on its node, which may have all rows in its own memory, need not look at its pages again:
     * it shares the same with other jobs as in the beginning. */
    if (size == 1)
        watch->used.next = INFINITY;
    int64_t counts = rank == 0;
    MZG_MPI(MPI_Exscan(&counts, &watch->node, 1, MPI_INT64_T, MPI_SUM, context->comm));
    if (context->rank == 0)
        watch->node = 0; /* MPI leaves open what rank 0 gets */
    MZG_MPI(MPI_Allreduce(&counts, &watch->n_nodes, 1, MPI_INT64_T, MPI_SUM, context->comm));
    MZG_MPI(MPI_Bcast(&watch->node, 1, MPI_INT64_T, 0, node));
    MZG_MPI(MPI_Comm_free(&node));
}

struct mzg_watch_sight mzg_watch_look(struct mzg_watch *watch)
{
    double now = MPI_Wtime();
    if (now >= watch->next) {
        watch->sight.left = mzg_memory_available();
        watch->sight.pss = mzg_memory_gauge_read(&watch->used);
        watch->sight.waits = mzg_memory_group_pressure() > much_pressure;
        watch->next = MPI_Wtime() + look_seconds;
    }
    return watch->sight;
}

/* How a node fares. */
static enum mzg_watch_cause judge(const struct mzg_watch_sight *sight, int64_t limit)
{
    double of_limit = (double)sight->pss / (double)limit, left = (double)sight->left / (double)limit;
    if (of_limit > near_limit)
        return MZG_WATCH_LIMIT;
    if (left < near_end)
        return MZG_WATCH_NODE;
    if (sight->waits > 0 && (of_limit > much_used || left < little_left))
        return MZG_WATCH_WAITS;
    return of_limit < calm_used && left > calm_left ? MZG_WATCH_CALM : MZG_WATCH_FAIR;
}

enum mzg_watch_cause mzg_watch_judge(const struct mzg_watch *watch, const struct mzg_watch_sight *nodes,
                                     int64_t *used, int64_t *left)
{
    enum mzg_watch_cause worst = MZG_WATCH_CALM;
    for (int64_t i = 0; i < watch->n_nodes; i++) {
        enum mzg_watch_cause cause = judge(&nodes[i], watch->limit);
        worst = cause > worst ? cause : worst;
    }
    *used = nodes[watch->node].pss;
    *left = nodes[watch->node].left;
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
