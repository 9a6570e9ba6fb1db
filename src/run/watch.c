#include <run/watch.h>

#include <core/memory.h>

/* Looking takes up to a millisecond for each gigabyte. */
static const double look_seconds = 0.2;

/* Chunks shrink before the limit is reached, for buffers go on growing for a while. */
static const double near_limit = 0.92;
static const double near_end = 0.05;    /* of the limit: what the node should have left */
static const double much_pressure = 25; /* percent */

void mzg_watch_begin(struct mzg_watch *watch, const struct mzg_context *context, int64_t limit)
{
    *watch = (struct mzg_watch){.limit = limit};
    MPI_Comm_split_type(context->comm, MPI_COMM_TYPE_SHARED, context->rank, MPI_INFO_NULL, &watch->node);
}

void mzg_watch_end(struct mzg_watch *watch)
{
    MPI_Comm_free(&watch->node);
}

bool mzg_watch_is_near(struct mzg_watch *watch, int64_t *used)
{
    double now = MPI_Wtime();
    if (now >= watch->next) {
        watch->pss = mzg_memory_pss();
        watch->left = mzg_memory_available();
        watch->pressure = mzg_memory_pressure();
        watch->next = MPI_Wtime() + look_seconds;
    }
    double limit = (double)watch->limit;
    int64_t sums[2] = {watch->pss, watch->pressure > much_pressure || (double)watch->left < near_end * limit};
    MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_INT64_T, MPI_SUM, watch->node);
    *used = sums[0];
    return (double)sums[0] > near_limit * limit || sums[1] > 0;
}
