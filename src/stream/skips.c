#include <stream/skips.h>

#include <core/agree.h>
#include <core/array.h>
#include <core/log.h>
#include <core/mpi.h>
#include <input/pixels.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOGGED_SKIPS = 100 };

enum mzg_status mzg_skips_init(struct mzg_skips *skips, const struct mzg_context *context,
                               const struct mzg_reader *reader, struct mzg_error *err)
{
    *skips = (struct mzg_skips){.context = context, .reader = reader};
    if (context->rank > 0)
        return MZG_OK;
    skips->counts = calloc(2 * (size_t)context->size, sizeof *skips->counts);
    if (!skips->counts)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the skipped spectra of %d ranks", context->size);
    skips->begins = skips->counts + context->size;
    return MZG_OK;
}

void mzg_skips_destroy(struct mzg_skips *skips)
{
    free(skips->kept);
    free(skips->counts);
    free(skips->list);
    *skips = (struct mzg_skips){0};
}

enum mzg_status mzg_skips_keep(struct mzg_skips *skips, const struct mzg_chunk *chunk, struct mzg_error *err)
{
    int64_t wanted = skips->n_kept + chunk->n_skips;
    if (mzg_array_grow(&skips->kept, sizeof *skips->kept, wanted, &skips->capacity, "skipped spectra", err) !=
        MZG_OK)
        return err->status;
    if (chunk->n_skips > 0)
        memcpy(skips->kept + skips->n_kept, chunk->skips, (size_t)chunk->n_skips * sizeof *skips->kept);
    skips->n_kept = wanted;
    return MZG_OK;
}

enum { AT_SIZE = 40 };

/* Where the pixel of a skip is. */
static void name_place(const struct mzg_skips *skips, const struct mzg_skip *skip, char at[static AT_SIZE])
{
    int32_t position[3];
    int64_t first, n;
    mzg_reader_pixel(skips->reader, skip->pixel, position, &first, &n);
    if (position[0] != MZG_NO_COORDINATE)
        snprintf(at, AT_SIZE, "(%d,%d)", position[0], position[1]);
    else
        snprintf(at, AT_SIZE, "without a position");
}

static void log_skip(const struct mzg_skips *skips, int64_t i)
{
    const struct mzg_skip *skip = &skips->list[i];
    char at[AT_SIZE];
    name_place(skips, skip, at);
    mzg_log_line(skips->context->log, i < LOGGED_SKIPS ? MZG_LOG_WARNING : MZG_LOG_DETAIL,
                 "pixel %s, spectrum %" PRId64 ", %s; skipped", at, skip->fault.spectrum + 1,
                 skip->fault.text);
    if (i == LOGGED_SKIPS)
        mzg_log_line(
            skips->context->log, MZG_LOG_WARNING,
            "more than %d spectra skipped; all are listed in uns[\"skipped_pixels\"] and the --log-file",
            LOGGED_SKIPS);
}

enum mzg_status mzg_skips_gather(struct mzg_skips *skips, int64_t mine, int64_t total, struct mzg_error *err)
{
    const struct mzg_context *context = skips->context;
    int n = mzg_mpi_count(mine, "skipped spectra of a round");
    mzg_mpi_count(total, "skipped spectra of a round");
    MPI_Datatype skip; /* MPI counts skips, for their bytes are more than fit into an int */
    if (context->rank == 0)
        mzg_array_grow(&skips->list, sizeof *skips->list, skips->n + total, &skips->list_capacity,
                       "skipped spectra", err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    MZG_MPI(MPI_Type_contiguous((int)sizeof *skips->kept, MPI_BYTE, &skip));
    MZG_MPI(MPI_Type_commit(&skip));
    MZG_MPI(MPI_Gather(&n, 1, MPI_INT, skips->counts, 1, MPI_INT, 0, context->comm));
    for (int rank = 0; context->rank == 0 && rank < context->size; rank++)
        skips->begins[rank] = rank == 0 ? 0 : skips->begins[rank - 1] + skips->counts[rank - 1];
    MZG_MPI(MPI_Gatherv(skips->kept, n, skip, skips->list ? skips->list + skips->n : NULL, skips->counts,
                        skips->begins, skip, 0, context->comm));
    MZG_MPI(MPI_Type_free(&skip));
    skips->n_kept -= mine;
    if (skips->n_kept > 0)
        memmove(skips->kept, skips->kept + mine, (size_t)skips->n_kept * sizeof *skips->kept);
    for (int64_t i = skips->n; context->rank == 0 && i < skips->n + total; i++)
        log_skip(skips, i);
    skips->n += total;
    return MZG_OK;
}

enum mzg_status mzg_skips_fail(const struct mzg_skips *skips, int64_t mine, struct mzg_error *err)
{
    if (mine == 0)
        return MZG_OK;
    char at[AT_SIZE];
    name_place(skips, &skips->kept[0], at);
    return mzg_fail(
        err, MZG_EFORMAT, "%s: pixel %s, spectrum %" PRId64 ", %s; --on-error skip leaves it out and goes on",
        skips->reader->dataset.path, at, skips->kept[0].fault.spectrum + 1, skips->kept[0].fault.text);
}
