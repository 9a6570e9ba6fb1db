#include <spatialdata/direct_row_ends.h>

#include <core/agree.h>
#include <core/array.h>
#include <core/mpi.h>

#include <stdbool.h>
#include <stdlib.h>

enum { TAG = 19, BLOCK_WORDS = sizeof(struct mzg_block) / sizeof(int64_t) };

static const char rows_known[] = "rows in the store";

void mzg_direct_row_ends_destroy(struct mzg_direct_row_ends *ends)
{
    free(ends->blocks);
    free(ends->counts);
    *ends = (struct mzg_direct_row_ends){0};
}

void mzg_direct_row_ends_note(struct mzg_direct_row_ends *ends, int64_t first, const struct mzg_rows *rows,
                              struct mzg_error *err)
{
    if (err->status != MZG_OK || rows->n_rows == 0 ||
        mzg_array_grow(&ends->blocks, sizeof *ends->blocks, ends->n_blocks + 1, &ends->block_capacity,
                       rows_known, err) != MZG_OK ||
        mzg_array_grow(&ends->counts, sizeof *ends->counts, ends->n_rows + rows->n_rows, &ends->row_capacity,
                       rows_known, err) != MZG_OK)
        return;
    ends->blocks[ends->n_blocks++] = (struct mzg_block){first, rows->n_rows};
    for (int64_t row = 0; row < rows->n_rows; row++)
        ends->counts[ends->n_rows++] = (int32_t)rows->row_counts[row]; /* no more than bins */
}

/* Numbers to be put where the rows lie. */
static void put_counts(const struct mzg_direct_row_ends *from, int64_t *all)
{
    const int32_t *count = from->counts;
    for (int64_t i = 0; i < from->n_blocks; i++)
        for (int64_t row = 0; row < from->blocks[i].count; row++)
            all[1 + from->blocks[i].first + row] = *count++;
}

/* Two messages, if there are rows. */
static void send_counts(const struct mzg_direct_row_ends *ends)
{
    MPI_Comm comm = ends->context->comm;
    if (ends->n_rows == 0)
        return;
    MZG_MPI(MPI_Send(ends->blocks, mzg_mpi_count(BLOCK_WORDS * ends->n_blocks, "blocks of rows"), MPI_INT64_T,
                     0, TAG, comm));
    MZG_MPI(MPI_Send(ends->counts, mzg_mpi_count(ends->n_rows, "rows of a rank"), MPI_INT32_T, 0, TAG, comm));
}

/* On rank 0; `room` is for what the rank with the most rows has. */
static void receive_counts(struct mzg_direct_row_ends *room, const int64_t *sizes, int64_t *all)
{
    MPI_Comm comm = room->context->comm;
    for (int rank = 1; rank < room->context->size; rank++) {
        room->n_blocks = sizes[2 * (size_t)rank];
        room->n_rows = sizes[2 * (size_t)rank + 1];
        if (room->n_rows == 0)
            continue;
        MZG_MPI(MPI_Recv(room->blocks, (int)(BLOCK_WORDS * room->n_blocks), MPI_INT64_T, rank, TAG, comm,
                         MPI_STATUS_IGNORE));
        MZG_MPI(MPI_Recv(room->counts, (int)room->n_rows, MPI_INT32_T, rank, TAG, comm, MPI_STATUS_IGNORE));
        put_counts(room, all);
    }
}

/* What rank 0 needs for the numbers of all. */
static enum mzg_status make_room(const int64_t *sizes, int n_ranks, int64_t n_rows,
                                 struct mzg_direct_row_ends *room, int64_t **all, struct mzg_error *err)
{
    int64_t n_blocks = 0, n_counts = 0;
    for (int rank = 1; rank < n_ranks; rank++) {
        n_blocks = sizes[2 * (size_t)rank] > n_blocks ? sizes[2 * (size_t)rank] : n_blocks;
        n_counts = sizes[2 * (size_t)rank + 1] > n_counts ? sizes[2 * (size_t)rank + 1] : n_counts;
    }
    *all = calloc((size_t)n_rows + 1, sizeof **all);
    if (!*all)
        return mzg_fail(err, MZG_ENOMEM, "no memory for where %lld rows end", (long long)n_rows);
    if (mzg_array_reserve(&room->blocks, sizeof *room->blocks, n_blocks, &room->block_capacity, rows_known,
                          err) == MZG_OK)
        mzg_array_reserve(&room->counts, sizeof *room->counts, n_counts, &room->row_capacity, rows_known,
                          err);
    return err->status;
}

enum mzg_status mzg_direct_row_ends_gather(const struct mzg_direct_row_ends *ends, int64_t n_rows,
                                           int64_t **all, struct mzg_error *err)
{
    const struct mzg_context *context = ends->context;
    struct mzg_direct_row_ends room = {.context = context};
    int64_t mine[2] = {ends->n_blocks, ends->n_rows};
    bool is_root = context->rank == 0;
    int64_t *sizes = calloc(2 * (size_t)context->size, sizeof *sizes), *made = NULL;
    if (!sizes)
        mzg_fail(err, MZG_ENOMEM, "no memory for the rows of %d ranks", context->size);
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto cleanup;
    MZG_MPI(MPI_Gather(mine, 2, MPI_INT64_T, sizes, 2, MPI_INT64_T, 0, context->comm));
    if (is_root)
        make_room(sizes, context->size, n_rows, &room, &made, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto cleanup;
    if (!is_root) {
        send_counts(ends);
    } else {
        put_counts(ends, made);
        receive_counts(&room, sizes, made);
        for (int64_t row = 0; row < n_rows; row++)
            made[row + 1] += made[row];
        *all = made;
        made = NULL;
    }

cleanup:
    mzg_direct_row_ends_destroy(&room);
    free(sizes);
    free(made);
    return err->status;
}
