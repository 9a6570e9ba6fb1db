#include <spatialdata/direct_row_ends.h>

#include <core/agree.h>
#include <core/array.h>
#include <core/mpi.h>
#include <core/piece.h>

#include <assert.h>
#include <stdlib.h>

static const char rows_known[] = "rows in the store";

void mzg_direct_row_ends_destroy(struct mzg_direct_row_ends *ends)
{
    free(ends->blocks);
    free(ends->counts);
    free(ends->held);
    *ends = (struct mzg_direct_row_ends){0};
}

void mzg_direct_row_ends_note(struct mzg_direct_row_ends *ends, int64_t first_row, int64_t first_value,
                              const struct mzg_rows *rows, struct mzg_error *err)
{
    if (err->status != MZG_OK || rows->n_rows == 0 ||
        mzg_array_grow(&ends->blocks, sizeof *ends->blocks, ends->n_blocks + 1, &ends->block_capacity,
                       rows_known, err) != MZG_OK ||
        mzg_array_grow(&ends->counts, sizeof *ends->counts, ends->n_rows + rows->n_rows, &ends->row_capacity,
                       rows_known, err) != MZG_OK)
        return;
    ends->blocks[ends->n_blocks++] = (struct mzg_direct_row_block){first_row, rows->n_rows, first_value};
    for (int64_t row = 0; row < rows->n_rows; row++)
        ends->counts[ends->n_rows++] = (int32_t)rows->row_counts[row]; /* no more than bins */
}

/* What a rank needs to deal. */
struct dealer {
    struct mzg_direct_row_ends *ends;
    int64_t n; /* numbers of all ranks */
    int64_t block, in_block,
        at;        /* the row whose end goes next: its block, its place there, and among this rank's */
    int64_t value; /* where it begins */
    int64_t *sent; /* in this turn */
    int64_t n_sent, capacity;
    int *counts; /* sent, where they begin, received, where these begin: of each rank */
};

/* Lines up the ends of this rank's rows that are numbers below `end`. Number 0 is of no row. */
static enum mzg_status line_up(struct dealer *d, int64_t end, struct mzg_error *err)
{
    const struct mzg_direct_row_ends *ends = d->ends;
    for (; d->block < ends->n_blocks; d->block++, d->in_block = 0) {
        const struct mzg_direct_row_block *block = &ends->blocks[d->block];
        int64_t before = end - 1 - block->first, until = before < block->n_rows ? before : block->n_rows;
        if (until > d->in_block && mzg_array_grow(&d->sent, sizeof *d->sent, d->n_sent + until - d->in_block,
                                                  &d->capacity, rows_known, err) != MZG_OK)
            return err->status;
        if (d->in_block == 0)
            d->value = block->first_value;
        for (; d->in_block < until; d->in_block++)
            d->sent[d->n_sent++] = d->value += ends->counts[d->at++];
        if (before < block->n_rows)
            break;
    }
    return MZG_OK;
}

static int compare_ends(const void *a, const void *b)
{
    const int64_t *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

/* Deals the pieces of one turn, one for each rank. Where rows end ascends with the rows, so those of a piece
 * are in order once they are sorted, whatever ranks they come from. All ranks return the same status.
 * Collective. */
static enum mzg_status deal_turn(struct dealer *d, int64_t turn, struct mzg_error *err)
{
    const struct mzg_context *context = d->ends->context;
    int size = context->size;
    int *sent = d->counts, *sent_begins = sent + size, *counts = sent_begins + size, *begins = counts + size;
    d->n_sent = 0;
    for (int rank = 0; rank < size; rank++) {
        int64_t before = d->n_sent;
        if (err->status == MZG_OK)
            line_up(d, (turn * size + rank + 1) * MZG_PIECE_ROWS, err);
        sent[rank] = mzg_mpi_count(d->n_sent - before, rows_known);
    }
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    (void)mzg_mpi_count(mzg_mpi_line_up(sent, sent_begins, size), rows_known);
    MZG_MPI(MPI_Alltoall(sent, 1, MPI_INT, counts, 1, MPI_INT, context->comm));
    int64_t piece = turn * size + context->rank, n = mzg_mpi_line_up(counts, begins, size);
    int64_t *to = d->ends->held + turn * MZG_PIECE_ROWS + (piece == 0);
    assert(n == mzg_piece_rows(d->n, piece) - (piece == 0));
    MZG_MPI(MPI_Alltoallv(d->sent, sent, sent_begins, MPI_INT64_T, to, counts, begins, MPI_INT64_T,
                          context->comm));
    qsort(to, (size_t)n, sizeof *to, compare_ends);
    return MZG_OK;
}

enum mzg_status mzg_direct_row_ends_deal(struct mzg_direct_row_ends *ends, int64_t n_rows,
                                         struct mzg_error *err)
{
    const struct mzg_context *context = ends->context;
    struct dealer d = {.ends = ends, .n = n_rows + 1};
    int64_t held = mzg_piece_held(d.n, context->size, context->rank);
    ends->held = calloc((size_t)held + 1, sizeof *ends->held);
    d.counts = malloc(4 * (size_t)context->size * sizeof *d.counts);
    if (!ends->held || !d.counts)
        mzg_fail(err, MZG_ENOMEM, "no memory for where %lld rows end", (long long)held);
    mzg_agree(context->comm, err);
    int64_t turns = (mzg_pieces_of(d.n) + context->size - 1) / context->size;
    for (int64_t turn = 0; turn < turns && err->status == MZG_OK; turn++)
        deal_turn(&d, turn, err);
    free(d.counts);
    free(d.sent);
    return err->status;
}
