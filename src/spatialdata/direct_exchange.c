#include <spatialdata/direct_exchange.h>

#include <core/agree.h>
#include <core/array.h>
#include <core/memory.h>
#include <core/mpi.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char on_their_way[] = "values on their way into the store";

enum mzg_status mzg_direct_rows_append(struct mzg_direct_rows *rows, const struct mzg_direct_rows *more,
                                       struct mzg_error *err)
{
    const struct mzg_array values[] = {{&rows->bins, sizeof *rows->bins}, {&rows->values, rows->value_size}};
    if (mzg_array_grow(&rows->counts, sizeof *rows->counts, rows->n_rows + more->n_rows, &rows->row_capacity,
                       on_their_way, err) != MZG_OK ||
        mzg_arrays_grow(values, 2, rows->n_values + more->n_values, &rows->value_capacity, on_their_way,
                        err) != MZG_OK)
        return err->status;
    if (more->n_rows > 0)
        memcpy(rows->counts + rows->n_rows, more->counts, (size_t)more->n_rows * sizeof *rows->counts);
    if (more->n_values > 0) {
        memcpy(rows->bins + rows->n_values, more->bins, (size_t)more->n_values * sizeof *rows->bins);
        memcpy((char *)rows->values + rows->n_values * rows->value_size, more->values,
               (size_t)(more->n_values * rows->value_size));
    }
    rows->n_rows += more->n_rows;
    rows->n_values += more->n_values;
    return MZG_OK;
}

void mzg_direct_rows_destroy(struct mzg_direct_rows *rows)
{
    free(rows->counts);
    free(rows->bins);
    free(rows->values);
    *rows = (struct mzg_direct_rows){0};
}

enum mzg_status mzg_direct_ranks_init(struct mzg_direct_ranks *ranks, const struct mzg_context *context,
                                      struct mzg_error *err)
{
    size_t size = (size_t)context->size;
    *ranks = (struct mzg_direct_ranks){.context = context,
                                       .sizes = calloc(2 * size, sizeof *ranks->sizes),
                                       .held = calloc(size, sizeof *ranks->held),
                                       .share = calloc(size, sizeof *ranks->share),
                                       .send_counts = calloc(4 * size, sizeof *ranks->send_counts)};
    if (!ranks->sizes || !ranks->held || !ranks->share || !ranks->send_counts)
        return mzg_fail(err, MZG_ENOMEM, "no memory for what %d ranks send each other", context->size);
    ranks->send_begins = ranks->send_counts + size;
    ranks->receive_counts = ranks->send_begins + size;
    ranks->receive_begins = ranks->receive_counts + size;
    return MZG_OK;
}

void mzg_direct_ranks_destroy(struct mzg_direct_ranks *ranks)
{
    free(ranks->sizes);
    free(ranks->held);
    free(ranks->share);
    free(ranks->send_counts);
    *ranks = (struct mzg_direct_ranks){0};
}

static struct mzg_block overlap(struct mzg_block a, struct mzg_block b)
{
    int64_t first = a.first > b.first ? a.first : b.first;
    int64_t end_a = a.first + a.count, end_b = b.first + b.count;
    int64_t end = end_a < end_b ? end_a : end_b;
    return (struct mzg_block){first, end > first ? end - first : 0};
}

/* The items that this rank sends and receives. Returns the first that it sends, among those it holds. */
static int64_t count_items(struct mzg_direct_ranks *ranks)
{
    int me = ranks->context->rank;
    int64_t first = -1;
    for (int rank = 0; rank < ranks->context->size; rank++) {
        struct mzg_block sent = overlap(ranks->held[me], ranks->share[rank]);
        ranks->send_counts[rank] = (int)sent.count;
        ranks->receive_counts[rank] = (int)overlap(ranks->held[rank], ranks->share[me]).count;
        if (sent.count > 0 && first < 0)
            first = sent.first - ranks->held[me].first;
    }
    return first < 0 ? 0 : first;
}

static int64_t sum_of(const int64_t *counts, int64_t n)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += counts[i];
    return sum;
}

/* Exchanges the lengths of rows, and puts numbers of values in place of numbers of rows. Returns the first
 * value that this rank sends. Collective. */
static int64_t exchange_counts(struct mzg_direct_ranks *ranks, const struct mzg_direct_rows *mine,
                               int64_t first_row, struct mzg_direct_rows *received)
{
    const int64_t *sent = mine->counts ? mine->counts + first_row : received->counts;
    mzg_mpi_line_up(ranks->send_counts, ranks->send_begins, ranks->context->size);
    mzg_mpi_line_up(ranks->receive_counts, ranks->receive_begins, ranks->context->size);
    MZG_MPI(MPI_Alltoallv(sent, ranks->send_counts, ranks->send_begins, MPI_INT64_T, received->counts,
                          ranks->receive_counts, ranks->receive_begins, MPI_INT64_T, ranks->context->comm));
    for (int rank = 0; rank < ranks->context->size; rank++) {
        ranks->send_counts[rank] = (int)sum_of(sent + ranks->send_begins[rank], ranks->send_counts[rank]);
        ranks->receive_counts[rank] =
            (int)sum_of(received->counts + ranks->receive_begins[rank], ranks->receive_counts[rank]);
    }
    return sum_of(mine->counts, first_row);
}

enum mzg_status mzg_direct_redistribute(struct mzg_direct_ranks *ranks, const struct mzg_direct_rows *mine,
                                        bool by_rows, struct mzg_direct_rows *received, struct mzg_error *err)
{
    MPI_Comm comm = ranks->context->comm;
    int size = ranks->context->size;
    const struct mzg_array arriving[] = {{&received->bins, sizeof *received->bins},
                                         {&received->values, received->value_size}};
    received->n_rows = by_rows ? ranks->share[ranks->context->rank].count : 0;
    if (mine->n_values > INT_MAX)
        mzg_fail(err, MZG_ERANGE,
                 "a chunk has %lld values, more than MPI can count; give a smaller --chunk-size",
                 (long long)mine->n_values);
    else
        mzg_array_reserve(&received->counts, sizeof *received->counts, received->n_rows,
                          &received->row_capacity, on_their_way, err);
    if (mzg_agree(comm, err) != MZG_OK)
        return err->status;
    int64_t first = count_items(ranks);
    if (by_rows)
        first = exchange_counts(ranks, mine, first, received);
    mzg_mpi_line_up(ranks->send_counts, ranks->send_begins, size);
    received->n_values = mzg_mpi_line_up(ranks->receive_counts, ranks->receive_begins, size);
    if (received->n_values > INT_MAX)
        mzg_fail(err, MZG_ERANGE, "a rank gets %lld values at once, more than MPI can count",
                 (long long)received->n_values);
    else
        mzg_arrays_reserve(arriving, 2, received->n_values, &received->value_capacity, on_their_way, err);
    if (mzg_agree(comm, err) != MZG_OK)
        return err->status;
    MPI_Datatype value = mine->value_size == 8 ? MPI_INT64_T : MPI_INT32_T; /* bits are bits */
    const void *bins = mine->bins ? mine->bins + first : received->bins;
    const void *values =
        mine->values ? (const char *)mine->values + first * mine->value_size : received->values;
    MZG_MPI(MPI_Alltoallv(bins, ranks->send_counts, ranks->send_begins, MPI_INT32_T, received->bins,
                          ranks->receive_counts, ranks->receive_begins, MPI_INT32_T, comm));
    MZG_MPI(MPI_Alltoallv(values, ranks->send_counts, ranks->send_begins, value, received->values,
                          ranks->receive_counts, ranks->receive_begins, value, comm));
    return MZG_OK;
}

enum mzg_status mzg_direct_parcel_init(struct mzg_direct_parcel *parcel, const struct mzg_direct_ranks *ranks,
                                       int64_t most_units, int64_t n_parts, struct mzg_error *err)
{
    *parcel =
        (struct mzg_direct_parcel){.ranks = ranks,
                                   .n_parts = n_parts,
                                   .sizes = calloc((size_t)(most_units * n_parts), sizeof *parcel->sizes),
                                   .owners = calloc((size_t)most_units, sizeof *parcel->owners)};
    if (!parcel->sizes || !parcel->owners)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the sizes of %lld chunks",
                        (long long)(most_units * n_parts));
    return MZG_OK;
}

void mzg_direct_parcel_destroy(struct mzg_direct_parcel *parcel)
{
    free(parcel->sizes);
    free(parcel->owners);
    free(parcel->sent);
    free(parcel->received);
    *parcel = (struct mzg_direct_parcel){0};
}

void mzg_direct_parcel_share(struct mzg_direct_parcel *parcel, const struct mzg_matrix_packer *packer,
                             const struct mzg_block *units)
{
    const struct mzg_direct_ranks *ranks = parcel->ranks;
    for (int rank = 0; rank < ranks->context->size; rank++)
        ranks->receive_counts[rank] =
            mzg_mpi_count(units[rank].count * parcel->n_parts, "parts of the matrix of a round");
    mzg_mpi_line_up(ranks->receive_counts, ranks->receive_begins, ranks->context->size);
    int32_t *mine = parcel->sizes + ranks->receive_begins[ranks->context->rank];
    for (int64_t i = 0; i < packer->n_units * parcel->n_parts; i++)
        mine[i] = (int32_t)packer->packed[i].size;
    MZG_MPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, parcel->sizes, ranks->receive_counts,
                           ranks->receive_begins, MPI_INT32_T, ranks->context->comm));
}

static int64_t size_of_unit(const struct mzg_direct_parcel *parcel, int64_t i)
{
    int64_t size = 0;
    for (int64_t part = 0; part < parcel->n_parts; part++)
        size += parcel->sizes[i * parcel->n_parts + part];
    return size;
}

/* The bytes that go from and to each rank, or MZG_ERANGE; `first` is the place of this rank's first unit. */
static enum mzg_status count_bytes(const struct mzg_direct_parcel *parcel, const struct mzg_block *units,
                                   int64_t *first, struct mzg_error *err)
{
    const struct mzg_direct_ranks *ranks = parcel->ranks;
    int me = ranks->context->rank;
    size_t bytes = (size_t)ranks->context->size * sizeof(int);
    int64_t sent = 0, received = 0, i = 0;
    memset(ranks->send_counts, 0, bytes);
    memset(ranks->receive_counts, 0, bytes);
    for (int rank = 0; rank < ranks->context->size; rank++) {
        if (rank == me)
            *first = i;
        for (int64_t u = 0; u < units[rank].count; u++, i++) {
            int64_t size = size_of_unit(parcel, i);
            sent += rank == me ? size : 0;
            received += parcel->owners[i] == me ? size : 0;
            if (sent > INT_MAX || received > INT_MAX)
                return mzg_fail(err, MZG_ERANGE,
                                "more packed bytes than MPI can count; lower --memory-limit");
            ranks->send_counts[parcel->owners[i]] += rank == me ? (int)size : 0;
            ranks->receive_counts[rank] += parcel->owners[i] == me ? (int)size : 0;
        }
    }
    mzg_mpi_line_up(ranks->send_counts, ranks->send_begins, ranks->context->size);
    mzg_mpi_line_up(ranks->receive_counts, ranks->receive_begins, ranks->context->size);
    return MZG_OK;
}

static int64_t total_of(const int *counts, const int *begins, int n)
{
    return (int64_t)begins[n - 1] + counts[n - 1];
}

/* Puts this rank's units, the first of which is the `first`, behind one another for each owner. */
static void fill_parcel(struct mzg_direct_parcel *parcel, const struct mzg_matrix_packer *packer,
                        int64_t first)
{
    const struct mzg_direct_ranks *ranks = parcel->ranks;
    for (int64_t u = 0; u < packer->n_units; u++) {
        int owner = parcel->owners[first + u];
        for (int64_t part = 0; part < parcel->n_parts; part++) {
            const struct mzg_buffer *chunk = &packer->packed[u * parcel->n_parts + part];
            if (chunk->size > 0)
                memcpy(parcel->sent + ranks->send_begins[owner], chunk->bytes, chunk->size);
            ranks->send_begins[owner] += (int)chunk->size;
        }
    }
    mzg_mpi_line_up(ranks->send_counts, ranks->send_begins, ranks->context->size);
}

enum mzg_status mzg_direct_parcel_send(struct mzg_direct_parcel *parcel,
                                       const struct mzg_matrix_packer *packer, const struct mzg_block *units,
                                       struct mzg_error *err)
{
    const struct mzg_direct_ranks *ranks = parcel->ranks;
    int n = ranks->context->size;
    int64_t first = 0;
    if (count_bytes(parcel, units, &first, err) == MZG_OK &&
        mzg_array_reserve(&parcel->sent, 1, total_of(ranks->send_counts, ranks->send_begins, n),
                          &parcel->sent_capacity, "packed bytes", err) == MZG_OK)
        mzg_array_reserve(&parcel->received, 1, total_of(ranks->receive_counts, ranks->receive_begins, n),
                          &parcel->received_capacity, "packed bytes", err);
    if (mzg_agree(ranks->context->comm, err) != MZG_OK)
        return err->status;
    fill_parcel(parcel, packer, first);
    MZG_MPI(MPI_Alltoallv(parcel->sent, ranks->send_counts, ranks->send_begins, MPI_BYTE, parcel->received,
                          ranks->receive_counts, ranks->receive_begins, MPI_BYTE, ranks->context->comm));
    return MZG_OK;
}

const char *mzg_direct_parcel_from(const struct mzg_direct_parcel *parcel, int rank)
{
    return parcel->received ? parcel->received + parcel->ranks->receive_begins[rank] : NULL;
}
