/*
 * The rows are dealt to the ranks in rounds of blocks, cut so that each has about the same number of values,
 * however uneven the rows are. In each round every rank reads its block and sends
 * each other rank the slices of the rows that fall into the columns which that rank wants; what arrives,
 * taken in the order of the ranks, continues the rows of the round before:
 *
 *     round 0: rank 0 reads rows 0-9,   rank 1 rows 10-29      sent: counts of the rows | bins | values
 *     round 1: rank 0 reads rows 30-32, rank 1 rows 33-39
 */
#include <stage/exchange.h>

#include <core/agree.h>
#include <core/array.h>
#include <core/memory.h>
#include <core/mpi.h>

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Values of a block: beyond the most nothing is gained, below the least little is done at once. */
enum { MOST_VALUES = 2 << 20, LEAST_VALUES = 32 << 10, WORD = 4, ROWS_AT_ONCE = 64 << 10 };

struct mzg_exchange {
    struct mzg_staged *staged;
    const struct mzg_column_range *wanted; /* of each rank */
    int64_t n_blocks, capacity;
    int64_t *firsts; /* of each block its first row, and n_rows; the same on all ranks */

    int64_t *row_begins; /* the block that this rank read */
    int32_t *counts;
    int32_t *bins;
    void *values;
    int64_t value_capacity;

    int32_t *sent, *received; /* pieces, as 32-bit words */
    int64_t sent_capacity, received_capacity;
    int *send_counts, *send_begins, *receive_counts, *receive_begins; /* in words, per rank */

    int64_t n_pieces;
    struct mzg_row_piece *pieces;
};

/* Reads rows first_row .. first_row + n_rows - 1 of the stage. */
static enum mzg_status read_block(struct mzg_exchange *e, int64_t first_row, int64_t n_rows,
                                  struct mzg_error *err)
{
    if (mzg_staged_read_row_begins(e->staged, first_row, n_rows + 1, e->row_begins, err) != MZG_OK)
        return err->status;
    int64_t n = e->row_begins[n_rows] - e->row_begins[0];
    const struct mzg_array arrays[] = {{&e->bins, sizeof *e->bins},
                                       {&e->values, mzg_staged_value_size(e->staged)}};
    if (mzg_arrays_reserve(arrays, 2, n, &e->value_capacity, "values of the rows to send", err) != MZG_OK)
        return err->status;
    for (int64_t i = 0; i < n_rows; i++)
        e->counts[i] = (int32_t)(e->row_begins[i + 1] - e->row_begins[i]);
    return mzg_staged_read_values(e->staged, e->row_begins[0], n, e->bins, e->values, err);
}

static const char to_send[] = "words of rows to send";

/* Appends to e->sent, from word `begin`, the slices of the block that rank `to` wants; returns the number of
 * words, or -1 if they exceed what MPI can count. */
static int64_t pack_piece(struct mzg_exchange *e, int64_t begin, int64_t n_rows, int to,
                          struct mzg_error *err)
{
    struct mzg_column_range columns = e->wanted[to];
    int64_t total = 0;
    if (mzg_array_grow(&e->sent, WORD, begin + n_rows, &e->sent_capacity, to_send, err) != MZG_OK)
        return -1;
    for (int64_t row = 0; row < n_rows; row++) {
        const int32_t *bins = e->bins + (e->row_begins[row] - e->row_begins[0]);
        int64_t low = mzg_bins_lower_bound(bins, e->counts[row], columns.first);
        int64_t high = mzg_bins_lower_bound(bins, e->counts[row], columns.end);
        e->sent[begin + row] = (int32_t)(high - low);
        total += high - low;
    }
    int64_t value_words = mzg_staged_value_size(e->staged) / WORD;
    int64_t words = n_rows + (1 + value_words) * total;
    if (begin + words > INT_MAX) {
        mzg_fail(err, MZG_ERANGE, "%lld values in one block of %lld rows are more than MPI can send at once",
                 (long long)total, (long long)n_rows);
        return -1;
    }
    if (mzg_array_grow(&e->sent, WORD, begin + words, &e->sent_capacity, to_send, err) != MZG_OK)
        return -1;

    int32_t *bins_out = e->sent + begin + n_rows;
    int32_t *values_out = bins_out + total;
    for (int64_t row = 0; row < n_rows; row++) {
        int64_t first = e->row_begins[row] - e->row_begins[0];
        int64_t low = first + mzg_bins_lower_bound(e->bins + first, e->counts[row], columns.first);
        int64_t n = e->sent[begin + row];
        if (n == 0)
            continue;
        memcpy(bins_out, e->bins + low, (size_t)(n * WORD));
        memcpy(values_out, (const char *)e->values + low * value_words * WORD,
               (size_t)(n * value_words * WORD));
        bins_out += n;
        values_out += n * value_words;
    }
    return words;
}

static enum mzg_status pack_block(struct mzg_exchange *e, int64_t n_rows, struct mzg_error *err)
{
    int64_t begin = 0, n_values = n_rows > 0 ? e->row_begins[n_rows] - e->row_begins[0] : 0;
    int64_t words = e->staged->context->size * n_rows + n_values * (mzg_staged_entry_size(e->staged) / WORD);
    /* Just enough, unless a column goes to two ranks. */
    if (mzg_array_reserve(&e->sent, WORD, words, &e->sent_capacity, to_send, err) != MZG_OK)
        return err->status;
    for (int to = 0; to < e->staged->context->size; to++) {
        words = pack_piece(e, begin, n_rows, to, err);
        if (words < 0)
            return err->status;
        e->send_begins[to] = (int)begin;
        e->send_counts[to] = (int)words;
        begin += words;
    }
    return MZG_OK;
}

/* How many rows a block has, from `first` on; none beyond the last. */
static int64_t rows_of_block(const struct mzg_exchange *e, int64_t block, int64_t *first)
{
    *first = e->firsts[block < e->n_blocks ? block : e->n_blocks];
    return block < e->n_blocks ? e->firsts[block + 1] - *first : 0;
}

/* Sends every rank its slices of the block read here, and lists what arrived. Collective. */
static enum mzg_status send_slices(struct mzg_exchange *e, int64_t round, int64_t n_rows,
                                   struct mzg_error *err)
{
    const struct mzg_context *context = e->staged->context;
    pack_block(e, n_rows, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    MZG_MPI(MPI_Alltoall(e->send_counts, 1, MPI_INT, e->receive_counts, 1, MPI_INT, context->comm));
    int64_t words = 0;
    for (int from = 0; from < context->size; from++) {
        e->receive_begins[from] = (int)(words < INT_MAX ? words : INT_MAX);
        words += e->receive_counts[from];
    }
    if (words > INT_MAX)
        mzg_fail(err, MZG_ERANGE,
                 "the columns of one rank have more values in a round than MPI can receive at once");
    else
        mzg_array_reserve(&e->received, WORD, words, &e->received_capacity, "words of rows that arrive", err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    MZG_MPI(MPI_Alltoallv(e->sent, e->send_counts, e->send_begins, MPI_INT32_T, e->received,
                          e->receive_counts, e->receive_begins, MPI_INT32_T, context->comm));

    for (int from = 0; from < context->size; from++) {
        int64_t first_row, rows = rows_of_block(e, round * context->size + from, &first_row);
        const int32_t *counts = e->received + e->receive_begins[from];
        int64_t values = (e->receive_counts[from] - rows) / (mzg_staged_entry_size(e->staged) / WORD);
        e->pieces[from] = (struct mzg_row_piece){.first_row = first_row,
                                                 .n_rows = rows,
                                                 .counts = counts,
                                                 .bins = counts + rows,
                                                 .values = counts + rows + values};
    }
    return MZG_OK;
}

/* Values of a block: as many as take `memory` as read, as sent, and as received, if the columns of all ranks
 * have as many of them. Even if one rank gets those of all, MPI can count them. */
static int64_t values_per_block(const struct mzg_staged *staged, int64_t memory)
{
    int64_t entry = mzg_staged_entry_size(staged), values = memory / (3 * entry);
    int64_t countable = INT_MAX / 2 / (staged->context->size * (entry / WORD));
    values = values > MOST_VALUES ? MOST_VALUES : values < LEAST_VALUES ? LEAST_VALUES : values;
    return values < countable ? values : countable;
}

static enum mzg_status add_block(struct mzg_exchange *e, int64_t first, struct mzg_error *err)
{
    if (mzg_array_grow(&e->firsts, sizeof *e->firsts, e->n_blocks + 1, &e->capacity, "blocks of rows", err) ==
        MZG_OK)
        e->firsts[e->n_blocks++] = first;
    return err->status;
}

/* Cuts the rows into blocks of at most `values` values, or one row, and so many rows that their counts, which
 * go to all ranks, are no more. Rank 0. */
static enum mzg_status cut_rows(struct mzg_exchange *e, int64_t values, struct mzg_error *err)
{
    int64_t n_rows = e->staged->n_rows, most_rows = values / e->staged->context->size + 1;
    int64_t *begins = malloc((ROWS_AT_ONCE + 1) * sizeof *begins);
    if (!begins)
        return mzg_fail(err, MZG_ENOMEM, "no memory to turn rows into columns");
    int64_t block_row = 0, block_begin = 0;
    if (n_rows > 0)
        add_block(e, 0, err);
    for (int64_t first = 0; first < n_rows && err->status == MZG_OK; first += ROWS_AT_ONCE) {
        int64_t n = n_rows - first < ROWS_AT_ONCE ? n_rows - first : ROWS_AT_ONCE;
        mzg_staged_read_row_begins(e->staged, first, n + 1, begins, err);
        for (int64_t i = 0; i < n && err->status == MZG_OK; i++) {
            bool is_full = begins[i + 1] - block_begin > values || first + i - block_row >= most_rows;
            if (!is_full || first + i == block_row)
                continue;
            block_row = first + i;
            block_begin = begins[i];
            add_block(e, block_row, err);
        }
    }
    free(begins);
    return err->status;
}

/* Cuts the rows into blocks. All ranks return the same status. Collective. */
static enum mzg_status cut_blocks(struct mzg_exchange *e, int64_t memory, struct mzg_error *err)
{
    const struct mzg_context *context = e->staged->context;
    if (context->rank == 0)
        cut_rows(e, values_per_block(e->staged, memory), err);
    MZG_MPI(MPI_Bcast(&e->n_blocks, 1, MPI_INT64_T, 0, context->comm));
    mzg_array_grow(&e->firsts, sizeof *e->firsts, e->n_blocks + 1, &e->capacity, "blocks of rows", err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    MZG_MPI(
        MPI_Bcast(e->firsts, mzg_mpi_count(e->n_blocks, "blocks of rows"), MPI_INT64_T, 0, context->comm));
    e->firsts[e->n_blocks] = e->staged->n_rows;
    return MZG_OK;
}

static enum mzg_status allocate(struct mzg_exchange *e, struct mzg_error *err)
{
    size_t size = (size_t)e->staged->context->size;
    int64_t most_rows = 0;
    for (int64_t i = 0; i < e->n_blocks; i++)
        most_rows = e->firsts[i + 1] - e->firsts[i] > most_rows ? e->firsts[i + 1] - e->firsts[i] : most_rows;
    e->pieces = calloc((size_t)e->n_pieces, sizeof *e->pieces);
    e->send_counts = calloc(4 * size, sizeof *e->send_counts);
    e->row_begins = calloc((size_t)most_rows + 1, sizeof *e->row_begins);
    e->counts = calloc((size_t)most_rows + 1, sizeof *e->counts);
    if (!e->pieces || !e->send_counts || !e->row_begins || !e->counts)
        return mzg_fail(err, MZG_ENOMEM, "no memory to turn rows into columns");
    e->send_begins = e->send_counts + size;
    e->receive_counts = e->send_begins + size;
    e->receive_begins = e->receive_counts + size;
    return MZG_OK;
}

enum mzg_status mzg_exchange_new(struct mzg_staged *staged, const struct mzg_column_range *wanted,
                                 int64_t memory, struct mzg_exchange **exchange, struct mzg_error *err)
{
    MZG_MPI(MPI_Allreduce(MPI_IN_PLACE, &memory, 1, MPI_INT64_T, MPI_MIN, staged->context->comm));
    struct mzg_exchange *made = calloc(1, sizeof *made);
    if (!made) {
        mzg_fail(err, MZG_ENOMEM, "no memory to turn rows into columns");
    } else {
        made->staged = staged;
        made->wanted = wanted;
        made->n_pieces = staged->context->size;
    }
    if (mzg_agree(staged->context->comm, err) == MZG_OK && cut_blocks(made, memory, err) == MZG_OK)
        allocate(made, err);
    if (mzg_agree(staged->context->comm, err) != MZG_OK)
        mzg_exchange_free(made);
    else
        *exchange = made;
    return err->status;
}

void mzg_exchange_free(struct mzg_exchange *exchange)
{
    if (!exchange)
        return;
    free(exchange->firsts);
    free(exchange->received);
    free(exchange->sent);
    free(exchange->values);
    free(exchange->bins);
    free(exchange->counts);
    free(exchange->row_begins);
    free(exchange->send_counts);
    free(exchange->pieces);
    free(exchange);
}

int64_t mzg_exchange_rounds(const struct mzg_exchange *exchange)
{
    int size = exchange->staged->context->size;
    return (exchange->n_blocks + size - 1) / size;
}

enum mzg_status mzg_exchange_round(struct mzg_exchange *e, int64_t round, const struct mzg_row_piece **pieces,
                                   int64_t *n_pieces, struct mzg_error *err)
{
    const struct mzg_context *context = e->staged->context;
    *pieces = e->pieces;
    *n_pieces = e->n_pieces;
    int64_t first_row, n_rows = rows_of_block(e, round * context->size + context->rank, &first_row);
    if (n_rows > 0)
        read_block(e, first_row, n_rows, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        return err->status;
    if (context->size > 1)
        return send_slices(e, round, n_rows, err);
    e->pieces[0] = (struct mzg_row_piece){first_row, n_rows, e->counts, e->bins, e->values};
    return MZG_OK;
}
