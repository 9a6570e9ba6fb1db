#include <run/watch.h>

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
        watch->left = mzg_memory_available();
        watch->sight.pss = mzg_memory_pss();
        watch->sight.pressed =
            mzg_memory_pressure() > much_pressure || (double)watch->left < near_end * (double)watch->limit;
        watch->next = MPI_Wtime() + look_seconds;
    }
    return watch->sight;
}

bool mzg_watch_is_near(struct mzg_watch *watch, const struct mzg_watch_sight *sights, size_t stride,
                       int64_t *used)
{
    bool near = false;
    memset(watch->sums, 0, (size_t)watch->size * sizeof *watch->sums);
    for (int rank = 0; rank < watch->size; rank++) {
        struct mzg_watch_sight sight;
        memcpy(&sight, (const char *)sights + (size_t)rank * stride, sizeof sight);
        int64_t *sum = &watch->sums[watch->nodes[rank]];
        *sum += sight.pss;
        near = near || sight.pressed || (double)*sum > near_limit * (double)watch->limit;
    }
    *used = watch->sums[watch->my_node];
    return near;
}
