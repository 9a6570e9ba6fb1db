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

enum { LOGGED_SKIPS = 100, TAG = 2 };

static const char of_skips[] = "bytes of skipped spectra";

/* How many skips, and how many bytes their sentences take. */
struct mzg_skip_parcel {
    int64_t n, n_bytes;
};

enum mzg_status mzg_skips_init(struct mzg_skips *skips, const struct mzg_context *context,
                               const struct mzg_reader *reader, struct mzg_error *err)
{
    *skips = (struct mzg_skips){.context = context, .reader = reader};
    if (context->rank > 0)
        return MZG_OK;
    skips->parcels = calloc((size_t)context->size, sizeof *skips->parcels);
    if (!skips->parcels)
        mzg_fail(err, MZG_ENOMEM, "no memory for the skipped spectra of %d ranks", context->size);
    return err->status;
}

void mzg_skip_list_destroy(struct mzg_skip_list *list)
{
    free(list->skips);
    free(list->texts);
    *list = (struct mzg_skip_list){0};
}

void mzg_skips_destroy(struct mzg_skips *skips)
{
    free(skips->kept);
    free(skips->parcels);
    free(skips->parcel);
    mzg_skip_list_destroy(&skips->list);
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

/* Where a pixel is. */
static void name_place(const struct mzg_skips *skips, int64_t pixel, char at[static AT_SIZE])
{
    int32_t position[3];
    int64_t first, n;
    mzg_reader_pixel(skips->reader, pixel, position, &first, &n);
    if (position[0] != MZG_NO_COORDINATE)
        snprintf(at, AT_SIZE, "(%d,%d)", position[0], position[1]);
    else
        snprintf(at, AT_SIZE, "without a position");
}

static void log_skip(const struct mzg_skips *skips, int64_t i, const char *text)
{
    const struct mzg_listed_skip *skip = &skips->list.skips[i];
    char at[AT_SIZE];
    name_place(skips, skip->pixel, at);
    mzg_log_line(skips->context->log, i < LOGGED_SKIPS ? MZG_LOG_WARNING : MZG_LOG_DETAIL,
                 "pixel %s, spectrum %" PRId64 ", %s; skipped", at, skip->spectrum + 1, text);
    if (i == LOGGED_SKIPS)
        mzg_log_line(
            skips->context->log, MZG_LOG_WARNING,
            "more than %d spectra skipped; all are listed in uns[\"skipped_pixels\"] and the --log-file",
            LOGGED_SKIPS);
}

/* Moves the first `n` of those kept into the parcel: all numbers, then all sentences. */
static struct mzg_skip_parcel pack(struct mzg_skips *skips, int64_t n, struct mzg_error *err)
{
    struct mzg_skip_parcel parcel = {.n = n};
    for (int64_t i = 0; i < n; i++)
        parcel.n_bytes += (int64_t)strlen(skips->kept[i].fault.text) + 1;
    int64_t numbers = n * (int64_t)sizeof *skips->list.skips;
    if (mzg_array_reserve(&skips->parcel, 1, numbers + parcel.n_bytes, &skips->parcel_capacity, of_skips,
                          err) != MZG_OK)
        return parcel;
    char *text = skips->parcel + numbers;
    for (int64_t i = 0; i < n; i++) {
        const struct mzg_skip *skip = &skips->kept[i];
        struct mzg_listed_skip listed = {skip->fault.spectrum, (int32_t)skip->pixel, skip->fault.reason};
        memcpy(skips->parcel + (size_t)i * sizeof listed, &listed, sizeof listed);
        text = stpcpy(text, skip->fault.text) + 1;
    }
    skips->n_kept -= n;
    if (skips->n_kept > 0)
        memmove(skips->kept, skips->kept + n, (size_t)skips->n_kept * sizeof *skips->kept);
    return parcel;
}

/* Makes room on rank 0 for what comes from all ranks. */
static enum mzg_status make_room(struct mzg_skips *skips, struct mzg_error *err)
{
    struct mzg_skip_list *list = &skips->list;
    int64_t n = list->n, n_bytes = list->n_bytes;
    for (int rank = 0; rank < skips->context->size; rank++) {
        n += skips->parcels[rank].n;
        n_bytes += skips->parcels[rank].n_bytes;
    }
    if (mzg_array_grow(&list->skips, sizeof *list->skips, n, &list->capacity, "skipped spectra", err) ==
        MZG_OK)
        mzg_array_grow(&list->texts, 1, n_bytes, &list->byte_capacity, of_skips, err);
    return err->status;
}

/* Adds what comes from `rank` to the list. */
static void take(struct mzg_skips *skips, int rank)
{
    const struct mzg_skip_parcel *parcel = &skips->parcels[rank];
    struct mzg_skip_list *list = &skips->list;
    MPI_Comm comm = skips->context->comm;
    struct mzg_listed_skip *numbers = list->skips + list->n;
    char *text = list->texts + list->n_bytes;
    size_t bytes = (size_t)parcel->n * sizeof *numbers;
    if (rank == 0) {
        memcpy(numbers, skips->parcel, bytes);
        memcpy(text, skips->parcel + bytes, (size_t)parcel->n_bytes);
    } else {
        MZG_MPI(MPI_Recv(numbers, mzg_mpi_count((int64_t)bytes, of_skips), MPI_BYTE, rank, TAG, comm,
                         MPI_STATUS_IGNORE));
        MZG_MPI(MPI_Recv(text, mzg_mpi_count(parcel->n_bytes, of_skips), MPI_BYTE, rank, TAG, comm,
                         MPI_STATUS_IGNORE));
    }
    list->n_bytes += parcel->n_bytes;
    for (int64_t end = list->n + parcel->n; list->n < end; list->n++) {
        log_skip(skips, list->n, text);
        text += strlen(text) + 1;
    }
}

static void send(const struct mzg_skips *skips, const struct mzg_skip_parcel *parcel)
{
    int64_t numbers = parcel->n * (int64_t)sizeof *skips->list.skips;
    MPI_Comm comm = skips->context->comm;
    MZG_MPI(MPI_Send(skips->parcel, mzg_mpi_count(numbers, of_skips), MPI_BYTE, 0, TAG, comm));
    MZG_MPI(
        MPI_Send(skips->parcel + numbers, mzg_mpi_count(parcel->n_bytes, of_skips), MPI_BYTE, 0, TAG, comm));
}

enum mzg_status mzg_skips_gather(struct mzg_skips *skips, int64_t mine, int64_t total, struct mzg_error *err)
{
    const struct mzg_context *context = skips->context;
    struct mzg_skip_parcel parcel = pack(skips, mine, err);
    MZG_MPI(MPI_Gather(&parcel, 2, MPI_INT64_T, skips->parcels, 2, MPI_INT64_T, 0, context->comm));
    if (context->rank == 0 && err->status == MZG_OK)
        make_room(skips, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    if (context->rank > 0 && mine > 0)
        send(skips, &parcel);
    for (int rank = 0; context->rank == 0 && rank < context->size; rank++)
        if (skips->parcels[rank].n > 0)
            take(skips, rank);
    skips->n += total;
    return MZG_OK;
}

enum mzg_status mzg_skips_fail(const struct mzg_skips *skips, int64_t mine, struct mzg_error *err)
{
    if (mine == 0)
        return MZG_OK;
    char at[AT_SIZE];
    name_place(skips, skips->kept[0].pixel, at);
    return mzg_fail(
        err, MZG_EFORMAT, "%s: pixel %s, spectrum %" PRId64 ", %s; --on-error skip leaves it out and goes on",
        skips->reader->dataset.path, at, skips->kept[0].fault.spectrum + 1, skips->kept[0].fault.text);
}
