/*
 * The rows are dealt to the ranks in rounds of blocks, cut so that each has about the same number of values,
 * however uneven the rows are. In each round every rank reads its block and sends
 * each other rank the slices of the rows that fall into the columns which that rank wants; what arrives,
 * taken in the order of the ranks, continues the rows of the round before:
 *
 *     round 0: rank 0 reads rows 0-9,   rank 1 rows 10-29
 *     round 1: rank 0 reads rows 30-32, rank 1 rows 33-39
 *
 * A message has the slices that are not empty, in 32-bit words; without any it is empty:
 *
 *     number of slices n | n rows, from the first of the block on | n counts of values | bins | values
 *     rows of the block  | counts of values of all its rows                            | bins | values
 *
 * The second form is taken if it is the shorter one. So what a rank sends follows from the values, and rows
 * without values for another rank cost nothing, however many ranks there are.
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

/* Of a slice on its way, at most, beside its values: its row and its count. Of a row of a block that is read:
 * where it begins, its count, and those of its slice; a block has a row for so many values, at most. */
static const int64_t slice_bytes = 8, row_bytes = 20, values_of_row = 4;

struct mzg_exchange {
    struct mzg_staged *staged;
    const struct mzg_column_range *wanted; /* of each rank */
    int64_t n_blocks, capacity;
    int64_t *firsts; /* of each block its first row, and n_rows; the same on all ranks */

    int64_t *row_begins; /* the block that this rank read */
    int32_t *counts;
    int32_t *slice_begins, *slice_counts; /* of each row, for the rank to which it is packed */
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

/* As mzg_bins_lower_bound(), if the bins before `from` are known to be below the column: quick if it is near.
 */
static int64_t lower_bound_from(const int32_t *bins, int64_t n, int64_t from, int64_t column)
{
    int64_t low = from, high = from;
    for (int64_t step = 1; high < n && bins[high] < column; step *= 2) {
        low = high + 1;
        high += step;
    }
    high = high < n ? high : n;
    return low + mzg_bins_lower_bound(bins + low, high - low, column);
}

/* Finds the slices of the block that fall into these columns, which do not begin before those that were
 * looked for last. Returns how many have values, which are `*n_values`. */
static int64_t find_slices(struct mzg_exchange *e, int64_t n_rows, struct mzg_column_range columns,
                           int64_t *n_values)
{
    int64_t n_slices = 0;
    *n_values = 0;
    for (int64_t row = 0; row < n_rows; row++) {
        const int32_t *bins = e->bins + (e->row_begins[row] - e->row_begins[0]);
        int64_t low = lower_bound_from(bins, e->counts[row], e->slice_begins[row], columns.first);
        int64_t high = lower_bound_from(bins, e->counts[row], low, columns.end);
        e->slice_begins[row] = (int32_t)low;
        e->slice_counts[row] = (int32_t)(high - low);
        n_slices += high > low;
        *n_values += high - low;
    }
    return n_slices;
}

/* Writes the number of slices, their rows and counts; returns what is behind them. */
static int32_t *write_head(const struct mzg_exchange *e, int64_t n_rows, int64_t n_slices, int32_t *out)
{
    bool is_listed = 2 * n_slices < n_rows;
    *out++ = (int32_t)(is_listed ? n_slices : n_rows);
    if (!is_listed) {
        memcpy(out, e->slice_counts, (size_t)(n_rows * WORD));
        return out + n_rows;
    }
    for (int64_t row = 0; row < n_rows; row++) {
        if (e->slice_counts[row] == 0)
            continue;
        out[n_slices] = e->slice_counts[row];
        *out++ = (int32_t)row;
    }
    return out + n_slices;
}

/* Appends to e->sent, from word `begin`, the slices of the block that rank `to` wants; returns the number of
 * words, or -1 if they exceed what MPI can count. */
static int64_t pack_piece(struct mzg_exchange *e, int64_t begin, int64_t n_rows, int to,
                          struct mzg_error *err)
{
    int64_t total, value_words = mzg_staged_value_size(e->staged) / WORD;
    if (to > 0 && e->wanted[to].first < e->wanted[to - 1].first)
        memset(e->slice_begins, 0, (size_t)(n_rows * WORD));
    int64_t n_slices = find_slices(e, n_rows, e->wanted[to], &total);
    if (total == 0)
        return 0;
    int64_t head = 1 + (2 * n_slices < n_rows ? 2 * n_slices : n_rows);
    int64_t words = head + (1 + value_words) * total;
    if (begin + words > INT_MAX) {
        mzg_fail(err, MZG_ERANGE, "%lld values in one block of %lld rows are more than MPI can send at once",
                 (long long)total, (long long)n_rows);
        return -1;
    }
    if (mzg_array_grow(&e->sent, WORD, begin + words, &e->sent_capacity, to_send, err) != MZG_OK)
        return -1;

    int32_t *bins_out = write_head(e, n_rows, n_slices, e->sent + begin);
    int32_t *values_out = bins_out + total;
    for (int64_t row = 0; row < n_rows; row++) {
        int64_t low = e->row_begins[row] - e->row_begins[0] + e->slice_begins[row];
        int64_t n = e->slice_counts[row];
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
    int size = e->staged->context->size;
    int64_t begin = 0, n_values = n_rows > 0 ? e->row_begins[n_rows] - e->row_begins[0] : 0;
    int64_t heads = size * n_rows < 2 * n_values ? size * n_rows : 2 * n_values;
    int64_t words = size + heads + n_values * (mzg_staged_entry_size(e->staged) / WORD);
    /* Enough, unless a column goes to two ranks. */
    if (mzg_array_reserve(&e->sent, WORD, words, &e->sent_capacity, to_send, err) != MZG_OK)
        return err->status;
    memset(e->slice_begins, 0, (size_t)(n_rows * WORD));
    for (int to = 0; to < size; to++) {
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

/* What a message of `n_words` words says of a block of n_rows rows. */
static struct mzg_row_piece read_message(const struct mzg_exchange *e, const int32_t *message,
                                         int64_t n_words, int64_t first_row, int64_t n_rows)
{
    if (n_words == 0)
        return (struct mzg_row_piece){.first_row = first_row};
    int64_t n_slices = message[0];
    bool is_listed = n_slices < n_rows;
    int64_t head = 1 + (is_listed ? 2 * n_slices : n_rows);
    int64_t values = (n_words - head) / (mzg_staged_entry_size(e->staged) / WORD);
    return (struct mzg_row_piece){.first_row = first_row,
                                  .n_rows = n_slices,
                                  .rows = is_listed ? message + 1 : NULL,
                                  .counts = is_listed ? message + 1 + n_slices : message + 1,
                                  .bins = message + head,
                                  .values = message + head + values};
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
    int64_t words = mzg_mpi_line_up(e->receive_counts, e->receive_begins, context->size);
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
        e->pieces[from] =
            read_message(e, e->received + e->receive_begins[from], e->receive_counts[from], first_row, rows);
    }
    return MZG_OK;
}

/* Values of a block: as many as take `memory` as read, as sent, and as received, if the columns of all ranks
 * have as many of them; and no more than give each rank a block in each round. Even if one rank gets those of
 * all, MPI can count them. */
static int64_t values_per_block(const struct mzg_staged *staged, int64_t memory)
{
    int64_t size = staged->context->size, entry = mzg_staged_entry_size(staged);
    int64_t values = memory / (3 * entry + 2 * slice_bytes + row_bytes / values_of_row);
    int64_t countable = INT_MAX / 2 / (size * ((entry + slice_bytes) / WORD));
    values = values > MOST_VALUES ? MOST_VALUES : values;
    if (values > LEAST_VALUES) {
        int64_t in_round = size * values, rounds = (staged->n_values + in_round - 1) / in_round;
        /* A block ends before the row that would be too much, which is half a row on average. */
        int64_t fair = rounds > 0 ? staged->n_values / (size * rounds) +
                                        staged->n_values / (staged->n_rows > 0 ? staged->n_rows : 1) + 1
                                  : values;
        values = values < fair ? values : fair;
    }
    values = values < LEAST_VALUES ? LEAST_VALUES : values;
    return values < countable ? values : countable;
}

static enum mzg_status add_block(struct mzg_exchange *e, int64_t first, struct mzg_error *err)
{
    if (mzg_array_grow(&e->firsts, sizeof *e->firsts, e->n_blocks + 1, &e->capacity, "blocks of rows", err) ==
        MZG_OK)
        e->firsts[e->n_blocks++] = first;
    return err->status;
}

/* Cuts the rows into blocks of at most `values` values, or one row, and not too many rows. Rank 0. */
static enum mzg_status cut_rows(struct mzg_exchange *e, int64_t values, struct mzg_error *err)
{
    int64_t n_rows = e->staged->n_rows, most_rows = values / values_of_row + 1;
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
    e->counts = calloc(3 * ((size_t)most_rows + 1), sizeof *e->counts);
    if (!e->pieces || !e->send_counts || !e->row_begins || !e->counts)
        return mzg_fail(err, MZG_ENOMEM, "no memory to turn rows into columns");
    e->slice_begins = e->counts + most_rows + 1;
    e->slice_counts = e->slice_begins + most_rows + 1;
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

int64_t mzg_exchange_rank_memory(void)
{
    return (int64_t)(sizeof(struct mzg_row_piece) + 4 * sizeof(int));
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
    e->pieces[0] = (struct mzg_row_piece){
        .first_row = first_row, .n_rows = n_rows, .counts = e->counts, .bins = e->bins, .values = e->values};
    return MZG_OK;
}
