#include <run/native_mz.h>

#include <core/log.h>
#include <core/mpi.h>
#include <core/pool.h>
#include <run/mz_scan.h>

#include <inttypes.h>
#include <stdio.h>

static const double highest_mz = 1e6;

/* m/z that are shared are nearly all in a sample; of some more, or this many, rare peaks may be the cause. */
enum { MORE_THAN_SAMPLED = 2, A_FEW = 1000 };

struct mzg_mz_set mzg_native_set(const struct mzg_context *context, const struct mzg_convert_options *options,
                                 int64_t memory)
{
    /* Each worker has a set of its own, whose arrays have half as much room as they need besides and a
     * quarter that is fresh; then those of two ranks meet. No more ranks are on a node than there are. */
    int64_t sets = (int64_t)context->size * (mzg_pool_size(context->pool) + 3);
    int64_t bytes_each = 2 * (int64_t)sizeof(double) * sets;
    int64_t most = memory / bytes_each < MZG_NATIVE_MOST ? memory / bytes_each : MZG_NATIVE_MOST;
    return (struct mzg_mz_set){.low = options->axis.min_mz > 0 ? options->axis.min_mz : 0,
                               .high = options->axis.max_mz > 0 ? options->axis.max_mz : highest_mz,
                               .most = most > 0 ? most : 1};
}

static enum mzg_status refuse(const struct mzg_mz_set *set, const char *path, struct mzg_error *err)
{
    if (set->is_full)
        return mzg_fail(
            err, MZG_ERANGE,
            "%s: the spectra have more than %" PRId64 " different m/z, the most that a native mass axis "
            "may have %s; choose a bin width with --mass-axis-type and --bin-width, or a narrower range "
            "with --min-mz and --max-mz",
            path, set->most, set->most < MZG_NATIVE_MOST ? "within this memory limit" : "at all");
    return MZG_OK;
}

static enum mzg_status gather(const struct mzg_context *context, const struct mzg_reader *reader,
                              struct mzg_mz_set *set, struct mzg_error *err)
{
    double begin = MPI_Wtime();
    if (mzg_mz_scan_distinct(context, reader, set, err) == MZG_OK)
        mzg_log_line(context->log, MZG_LOG_DETAIL, "gathering %" PRId64 " different m/z took %.2f s%s",
                     set->n, MPI_Wtime() - begin,
                     set->is_of_each ? "; all have the same array, which is read no more" : "");
    return err->status;
}

enum mzg_status mzg_native_gather(const struct mzg_context *context, const struct mzg_reader *reader,
                                  struct mzg_mz_set *set, struct mzg_error *err)
{
    return gather(context, reader, set, err) == MZG_OK ? refuse(set, reader->dataset.path, err) : err->status;
}

enum mzg_status mzg_native_try(const struct mzg_context *context, const struct mzg_reader *reader,
                               int64_t sampled, struct mzg_mz_set *set, bool *fits, char why_not[160],
                               struct mzg_error *err)
{
    int64_t allowed = set->most, expected = MORE_THAN_SAMPLED * sampled + A_FEW;
    bool by_sample = !reader->dataset.shared_mz && expected < allowed;
    set->most = by_sample ? expected : allowed;
    if (gather(context, reader, set, err) != MZG_OK)
        return err->status;
    int64_t n = set->n;
    MZG_MPI(MPI_Bcast(&n, 1, MPI_INT64_T, 0, context->comm));
    *fits = !set->is_full && n > 0;
    if (set->is_full && by_sample)
        snprintf(why_not, 160,
                 "the spectra of a sample share %" PRId64 " m/z, but all of them have more than %" PRId64,
                 sampled, set->most);
    else if (set->is_full)
        snprintf(why_not, 160, "the spectra have more than %" PRId64 " different m/z, the most allowed%s",
                 set->most, set->most < MZG_NATIVE_MOST ? " within this memory limit" : "");
    if (!*fits)
        mzg_mz_set_clear(set);
    return MZG_OK;
}
