#include <run/axis_broadcast.h>

#include <core/agree.h>
#include <core/mpi.h>
#include <run/decide.h>
#include <run/plan.h>
#include <stream/statistics.h>

#include <inttypes.h>
#include <stdlib.h>

enum { PIECE = 1 << 22 };

static void broadcast_doubles(double *values, int64_t n, MPI_Comm comm)
{
    for (int64_t first = 0; first < n; first += PIECE)
        MZG_MPI(MPI_Bcast(values + first, (int)(n - first < PIECE ? n - first : PIECE), MPI_DOUBLE, 0, comm));
}

int64_t mzg_axis_bytes_per_bin(void)
{
    return 2 * (int64_t)sizeof(double) + mzg_statistics_per_bin(MZG_FLOAT32) + 8;
}

/* Refuses an axis that would not fit. */
static enum mzg_status check_memory(int64_t n_bins, int64_t memory, struct mzg_error *err)
{
    int64_t per_bin = mzg_axis_bytes_per_bin();
    if (n_bins > memory / per_bin)
        return mzg_fail(err, MZG_ENOMEM,
                        "a mass axis of %" PRId64 " bins takes %" PRId64
                        " MiB on each rank, more than its share of the memory limit, %" PRId64
                        " MiB; raise the limit, or ask for fewer or wider bins, or a smaller m/z range",
                        n_bins, n_bins * per_bin >> 20, memory >> 20);
    return MZG_OK;
}

static enum mzg_status make_native(const struct mzg_axis_source *source, struct mzg_axis *axis,
                                   struct mzg_error *err)
{
    const struct mzg_mz_set *set = source->native;
    if (set->n == 0)
        return mzg_fail(err, MZG_EFORMAT,
                        "there is no m/z that is finite and above 0%s, so there is nothing to make a native "
                        "mass axis from",
                        set->low > 0 || set->high < 1e6 ? " in the range asked for" : "");
    if (check_memory(set->n, source->memory, err) != MZG_OK)
        return err->status;
    return mzg_axis_build_native(set->mz, set->n, axis, err);
}

static enum mzg_status make_axis(const struct mzg_axis_source *source, struct mzg_axis *axis,
                                 struct mzg_error *err)
{
    struct mzg_axis measured;
    if (source->path)
        return mzg_axis_read(source->path, axis, err) == MZG_OK
                   ? check_memory(axis->n_bins, source->memory, err)
                   : err->status;
    if (source->spec->type == MZG_AXIS_NATIVE)
        return make_native(source, axis, err);
    if (mzg_axis_measure(source->spec, &measured, err) != MZG_OK ||
        check_memory(measured.n_bins, source->memory, err) != MZG_OK)
        return err->status;
    return mzg_axis_build(source->spec, axis, err);
}

enum mzg_status mzg_axis_build_shared(const struct mzg_context *context, const struct mzg_axis_source *source,
                                      struct mzg_axis *axis, struct mzg_error *err)
{
    struct mzg_axis shared = {0};
    if (context->rank == 0)
        make_axis(source, &shared, err);
    if (mzg_agree(context->comm, err) != MZG_OK) {
        mzg_axis_destroy(&shared);
        return err->status;
    }

    double *edges = shared.edges, *centers = shared.centers;
    MZG_MPI(MPI_Bcast(&shared, sizeof shared, MPI_BYTE, 0, context->comm));
    shared.edges = edges;
    shared.centers = centers;
    if (context->rank != 0) {
        shared.edges = malloc(((size_t)shared.n_bins + 1) * sizeof *shared.edges);
        shared.centers = malloc((size_t)shared.n_bins * sizeof *shared.centers);
        if (!shared.edges || !shared.centers)
            mzg_fail(err, MZG_ENOMEM, "no memory for a mass axis of %" PRId64 " bins", shared.n_bins);
    }
    if (mzg_agree(context->comm, err) != MZG_OK) {
        mzg_axis_destroy(&shared);
        return err->status;
    }
    broadcast_doubles(shared.edges, shared.n_bins + 1, context->comm);
    broadcast_doubles(shared.centers, shared.n_bins, context->comm);
    *axis = shared;
    return MZG_OK;
}

enum mzg_status mzg_axis_make(const struct mzg_context *context, const struct mzg_convert_options *options,
                              const struct mzg_decisions *decisions, const struct mzg_mz_set *native,
                              struct mzg_axis *axis, struct mzg_error *err)
{
    const struct mzg_axis_source source = {.path = options->axis_file,
                                           .spec = &decisions->axis,
                                           .native = native,
                                           .memory = mzg_plan_limit(context->comm, options->memory_limit)};
    return mzg_axis_build_shared(context, &source, axis, err);
}
