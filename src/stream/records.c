/*
 * The records are dealt from the last rows to the first: what a rank gives away are then always the last of
 * those it has, so that its list shrinks while the new one fills.
 */
#include <stream/records.h>

#include <core/agree.h>
#include <core/array.h>
#include <core/memory.h>
#include <core/mpi.h>
#include <core/piece.h>

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_AT_ONCE = 4096 }; /* whose rows are numbered together */

static const char of_a_piece[] = "records of a piece";

/* Makes room for `n` more. By realloc(), which moves the pages of a large array and copies nothing: an array
 * that doubles by copying would have them twice for a moment. */
static enum mzg_status grow(struct mzg_records *records, int64_t n, struct mzg_error *err)
{
    if (records->list && records->n + n <= records->capacity)
        return MZG_OK;
    int64_t capacity = records->n + n + records->n / 2 + 1;
    int64_t bytes = mzg_size_product(capacity, (int64_t)sizeof *records->list);
    struct mzg_row_record *list = bytes < 0 ? NULL : realloc(records->list, (size_t)bytes);
    if (!list)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the records of %" PRId64 " pixels", capacity);
    records->list = list;
    records->capacity = capacity;
    return MZG_OK;
}

enum mzg_status mzg_records_keep(struct mzg_records *records, int64_t first,
                                 const struct mzg_pixel_record *of_pixels, int64_t n, struct mzg_error *err)
{
    if (mzg_array_grow(&records->rows, sizeof *records->rows, records->n_rounds + 1, &records->round_capacity,
                       "rounds", err) != MZG_OK ||
        grow(records, n, err) != MZG_OK)
        return err->status;
    int64_t before = records->n;
    for (int64_t i = 0; i < n; i++)
        if (of_pixels[i].first_spectrum >= 0)
            records->list[records->n++] =
                (struct mzg_row_record){.pixel = first + i, .of_pixel = of_pixels[i]};
    records->rows[records->n_rounds++] = records->n - before;
    return MZG_OK;
}

void mzg_records_cut(struct mzg_records *records, int64_t n)
{
    records->n = n;
    if (n == 0) {
        free(records->list);
        records->list = NULL;
        records->capacity = 0;
        return;
    }
    struct mzg_row_record *list = realloc(records->list, (size_t)n * sizeof *list);
    records->list = list ? list : records->list; /* if it cannot shrink it stays as it is */
    records->capacity = list ? n : records->capacity;
}

void mzg_records_destroy(struct mzg_records *records)
{
    free(records->list);
    free(records->rows);
    *records = (struct mzg_records){0};
}

/* Gives each record its row: those of a round come behind those of the rounds before, and of lower ranks.
 * Returns how many rows there are. Collective. */
static int64_t number_rows(struct mzg_records *records, MPI_Comm comm)
{
    int64_t before[ROUNDS_AT_ONCE], all[ROUNDS_AT_ONCE], n_rows = 0, record = 0;
    for (int64_t first = 0; first < records->n_rounds; first += ROUNDS_AT_ONCE) {
        int64_t left = records->n_rounds - first;
        int n = (int)(left < ROUNDS_AT_ONCE ? left : ROUNDS_AT_ONCE);
        memset(before, 0, sizeof before); /* rank 0 receives nothing */
        MZG_MPI(MPI_Exscan(records->rows + first, before, n, MPI_INT64_T, MPI_SUM, comm));
        MZG_MPI(MPI_Allreduce(records->rows + first, all, n, MPI_INT64_T, MPI_SUM, comm));
        for (int i = 0; i < n; i++) {
            for (int64_t k = 0; k < records->rows[first + i]; k++)
                records->list[record++].row = n_rows + before[i] + k;
            n_rows += all[i];
        }
    }
    return n_rows;
}

/* How many of the records lie before `row`. */
static int64_t count_before(const struct mzg_records *records, int64_t row)
{
    int64_t low = 0, high = records->n;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (records->list[middle].row < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What a rank needs to deal. */
struct dealer {
    const struct mzg_context *context;
    struct mzg_records *records;
    int64_t n_rows;
    struct mzg_row_record *mine;     /* the new list */
    struct mzg_row_record *received; /* of one piece, as they come from the ranks */
    int *counts;                     /* sent, where they begin, received, where these begin: of each rank */
    MPI_Datatype record;
};

/* Deals the pieces of one turn, one for each rank. Returns how many records this rank received. Collective.
 */
static int64_t deal_turn(struct dealer *d, int64_t turn)
{
    int size = d->context->size;
    int *sent = d->counts, *sent_begins = sent + size, *counts = sent_begins + size, *begins = counts + size;
    struct mzg_records *records = d->records;
    int64_t piece = turn * size, first = count_before(records, piece * MZG_PIECE_ROWS), at = first;
    for (int rank = 0; rank < size; rank++) {
        int64_t end = count_before(records, (piece + rank + 1) * MZG_PIECE_ROWS);
        sent[rank] = mzg_mpi_count(end - at, of_a_piece);
        sent_begins[rank] = mzg_mpi_count(at - first, of_a_piece);
        at = end;
    }
    MZG_MPI(MPI_Alltoall(sent, 1, MPI_INT, counts, 1, MPI_INT, d->context->comm));
    int64_t n = mzg_mpi_line_up(counts, begins, size);
    assert(n == mzg_piece_rows(d->n_rows, piece + d->context->rank));
    MZG_MPI(MPI_Alltoallv(records->list + first, sent, sent_begins, d->record, d->received, counts, begins,
                          d->record, d->context->comm));
    for (int64_t i = 0; i < n; i++)
        d->mine[mzg_piece_slot(d->received[i].row, size)] = d->received[i];
    mzg_records_cut(records, first);
    return n;
}

static void allocate(struct dealer *d, struct mzg_error *err)
{
    size_t size = (size_t)d->context->size;
    int64_t held = mzg_piece_held(d->n_rows, d->context->size, d->context->rank);
    int64_t most = held < MZG_PIECE_ROWS ? held : MZG_PIECE_ROWS;
    d->mine = malloc(((size_t)held + 1) * sizeof *d->mine);
    d->received = malloc(((size_t)most + 1) * sizeof *d->received);
    d->counts = malloc(4 * size * sizeof *d->counts);
    if (!d->mine || !d->received || !d->counts)
        mzg_fail(err, MZG_ENOMEM, "no memory for the records of %" PRId64 " rows", held);
}

enum mzg_status mzg_records_deal(struct mzg_records *records, const struct mzg_context *context,
                                 int64_t *n_rows, struct mzg_error *err)
{
    struct dealer d = {.context = context, .records = records};
    *n_rows = d.n_rows = number_rows(records, context->comm);
    if (context->size == 1) /* all are where they belong */
        return MZG_OK;
    allocate(&d, err);
    if (mzg_agree(context->comm, err) == MZG_OK) {
        MZG_MPI(MPI_Type_contiguous((int)sizeof *d.mine, MPI_BYTE, &d.record));
        MZG_MPI(MPI_Type_commit(&d.record));
        int64_t turns = (mzg_pieces_of(d.n_rows) + context->size - 1) / context->size, n = 0;
        for (int64_t turn = turns - 1; turn >= 0; turn--)
            n += deal_turn(&d, turn);
        MZG_MPI(MPI_Type_free(&d.record));
        free(records->list);
        records->list = d.mine;
        records->n = records->capacity = n;
        d.mine = NULL;
    }
    free(d.counts);
    free(d.received);
    free(d.mine);
    if (err->status != MZG_OK)
        mzg_records_destroy(records);
    return err->status;
}
