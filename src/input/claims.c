#include <core/agree.h>
#include <core/memory.h>
#include <core/mpi.h>
#include <core/pool.h>
#include <input/claims.h>

#include <inttypes.h>

enum {
    POINT_BYTES = 48,      /* of one point while it is decoded and looked at */
    SHARED_POINT_BYTES = 8 /* of one point of the m/z array that all spectra share */
};

enum mzg_status mzg_claims_check_index(const char *path, int64_t n, int64_t entry_size, int64_t limit,
                                       struct mzg_error *err)
{
    int64_t needed = mzg_size_product3(2, n, entry_size); /* twice for a moment */
    if (needed < 0)
        needed = INT64_MAX;
    if (limit <= 0 || needed <= limit)
        return MZG_OK;
    return mzg_fail(err, MZG_ENOMEM,
                    "%s: the index of its %" PRId64 " spectra takes %" PRId64
                    " MiB while it is made, more than the memory limit of %" PRId64
                    " MiB; raise --memory-limit",
                    path, n, needed >> 20, limit >> 20);
}

static double of_rank(const struct mzg_context *context, const struct mzg_dataset *dataset)
{
    int workers = context->pool ? mzg_pool_size(context->pool) : 1;
    double points = (double)dataset->most_points;
    return (double)mzg_memory_pss() + workers * POINT_BYTES * points + 2 * (double)dataset->most_bytes +
           (dataset->shared_mz ? SHARED_POINT_BYTES * points : 0);
}

enum mzg_status mzg_claims_check(const struct mzg_context *context, const struct mzg_dataset *dataset,
                                 const char *path, int64_t limit, struct mzg_error *err)
{
    MPI_Comm node;
    double needed = of_rank(context, dataset);
    if (limit <= 0)
        return MZG_OK;
    MZG_MPI(MPI_Comm_split_type(context->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node));
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &needed, 1, MPI_DOUBLE, MPI_SUM, node));
    MZG_MPI(MPI_Comm_free(&node));
    if (needed > (double)limit)
        mzg_fail(err, MZG_ENOMEM,
                 "%s: the memory limit of %" PRId64
                 " MiB per node is too small: its largest spectrum has %" PRId64
                 " points, and the program takes %.0f MiB as it reads such spectra; raise --memory-limit, or "
                 "use fewer ranks and threads",
                 path, limit >> 20, dataset->most_points, needed / 0x1p20 + 1);
    return mzg_agree(context->comm, err);
}
