#include <spatialdata/direct_begun.h>

#include <core/agree.h>
#include <core/array.h>
#include <core/mpi.h>

#include <stdlib.h>
#include <string.h>

enum { TAG = 17, HEAD = sizeof(int64_t), REFUSED = -1 };

/* A message is a head, the number of values or REFUSED, and then of these the counts (dense), bins and
 * values, each read to where its cursor stands. */
struct mzg_direct_giver {
    int64_t n_items, at; /* of its message in `arriving`; at < 0: none is expected yet */
    const char *counts, *bins, *values;
};

static const char begun_values[] = "values on their way into the store";

static int64_t value_bytes(const struct mzg_direct_begun *begun)
{
    return (int64_t)sizeof(int32_t) + begun->value_size;
}

/* The bytes of a message of at most so many items. */
static int64_t most_bytes(const struct mzg_direct_begun *begun, int64_t n_items)
{
    return (HEAD + n_items * begun->row_bytes + 7) / 8 * 8;
}

enum mzg_status mzg_direct_begun_init(struct mzg_direct_begun *begun, const struct mzg_context *context,
                                      const struct mzg_matrix_arrays *x, struct mzg_error *err)
{
    size_t size = (size_t)context->size, most_pieces = (size_t)x->unit_items + 1;
    bool by_rows = x->spec.layout == MZG_MATRIX_DENSE;
    *begun = (struct mzg_direct_begun){.context = context,
                                       .by_rows = by_rows,
                                       .value_size = mzg_type_size(x->spec.value_type),
                                       .unit_items = x->unit_items,
                                       .pieces = calloc(most_pieces, sizeof *begun->pieces),
                                       .completed = calloc(most_pieces, sizeof *begun->completed),
                                       .givers = calloc(size, sizeof *begun->givers),
                                       .requests = calloc(size + 1, sizeof(MPI_Request)),
                                       .refusal = REFUSED};
    begun->row_bytes = value_bytes(begun);
    if (by_rows)
        begun->row_bytes = (int64_t)sizeof(int64_t) + x->spec.n_columns * value_bytes(begun);
    /* All that may come at once: that it is there spares a rank from telling who sends that it is not. */
    int64_t most = context->size > 1 ? x->unit_items * (begun->row_bytes + HEAD + HEAD) : 1;
    begun->arriving = malloc((size_t)most);
    begun->arriving_last = malloc(context->size > 1 ? (size_t)most_bytes(begun, x->unit_items) : 1);
    if (!begun->pieces || !begun->completed || !begun->givers || !begun->requests || !begun->arriving ||
        !begun->arriving_last)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %s", begun_values);
    return MZG_OK;
}

static void destroy_rows(struct mzg_direct_rows *rows)
{
    free(rows->counts);
    free(rows->bins);
    free(rows->values);
}

void mzg_direct_begun_destroy(struct mzg_direct_begun *begun)
{
    destroy_rows(&begun->mine);
    destroy_rows(&begun->mine_before);
    destroy_rows(&begun->whole);
    destroy_rows(&begun->last);
    free(begun->pieces);
    free(begun->completed);
    free(begun->givers);
    free(begun->requests);
    free(begun->arriving);
    free(begun->arriving_last);
    for (int i = 0; i < MZG_DIRECT_SENDS; i++)
        free(begun->leaving[i]);
    *begun = (struct mzg_direct_begun){0};
}

static int64_t sum_of(const int64_t *counts, int64_t n)
{
    int64_t sum = 0;
    for (int64_t i = 0; counts && i < n; i++)
        sum += counts[i];
    return sum;
}

struct mzg_direct_rows mzg_direct_part(const struct mzg_direct_begun *begun,
                                       const struct mzg_direct_rows *rows, int64_t first, int64_t n)
{
    if (n == 0)
        return (struct mzg_direct_rows){0};
    int64_t value = begun->by_rows ? sum_of(rows->counts, first) : first;
    int64_t n_values = begun->by_rows ? sum_of(rows->counts + first, n) : n;
    if (n_values == 0) /* empty rows */
        return (struct mzg_direct_rows){.n_items = n, .counts = rows->counts + first};
    return (struct mzg_direct_rows){.n_items = n,
                                    .n_values = n_values,
                                    .counts = begun->by_rows ? rows->counts + first : NULL,
                                    .bins = rows->bins + value,
                                    .values = (char *)rows->values + value * begun->value_size};
}

static enum mzg_status reserve_more(const struct mzg_direct_begun *begun, struct mzg_direct_rows *rows,
                                    int64_t n_items, int64_t n_values, struct mzg_error *err)
{
    const struct mzg_array values[] = {{&rows->bins, sizeof *rows->bins}, {&rows->values, begun->value_size}};
    if (err->status == MZG_OK && begun->by_rows)
        mzg_array_grow(&rows->counts, sizeof *rows->counts, rows->n_items + n_items, &rows->row_capacity,
                       begun_values, err);
    if (err->status == MZG_OK)
        mzg_arrays_grow(values, 2, rows->n_values + n_values, &rows->value_capacity, begun_values, err);
    return err->status;
}

/* Appends, with room that is there. */
static void append_counts(struct mzg_direct_rows *rows, const void *counts, int64_t n)
{
    if (counts)
        memcpy(rows->counts + rows->n_items, counts, (size_t)n * sizeof *rows->counts);
}

static void append_values(const struct mzg_direct_begun *begun, struct mzg_direct_rows *rows,
                          const void *bins, const void *values, int64_t n)
{
    if (n == 0 || !bins || !values)
        return;
    memcpy(rows->bins + rows->n_values, bins, (size_t)n * sizeof *rows->bins);
    memcpy((char *)rows->values + rows->n_values * begun->value_size, values,
           (size_t)(n * begun->value_size));
    rows->n_values += n;
}

static void append_rows(const struct mzg_direct_begun *begun, struct mzg_direct_rows *rows,
                        const struct mzg_direct_rows *more, struct mzg_error *err)
{
    if (more->n_items == 0 || reserve_more(begun, rows, more->n_items, more->n_values, err) != MZG_OK)
        return;
    if (begun->by_rows)
        append_counts(rows, more->counts, more->n_items);
    append_values(begun, rows, more->bins, more->values, more->n_values);
    rows->n_items += more->n_items;
}

static void add_piece(struct mzg_direct_begun *begun, int rank, int64_t n_items)
{
    int64_t last = begun->n_pieces - 1;
    begun->n_items += n_items;
    if (last >= 0 && begun->pieces[last].rank == rank)
        begun->pieces[last].n_items += n_items;
    else
        begun->pieces[begun->n_pieces++] = (struct mzg_direct_piece){rank, n_items};
}

/* Sends what this rank has of a unit to the one that packs it, which waits for it. */
static void give(struct mzg_direct_begun *begun, const struct mzg_direct_rows *rows, int to,
                 struct mzg_error *err)
{
    int k = begun->n_sends++;
    size_t counts = begun->by_rows ? (size_t)rows->n_items * sizeof *rows->counts : 0;
    size_t bins = (size_t)rows->n_values * sizeof *rows->bins;
    size_t values = (size_t)(rows->n_values * begun->value_size);
    int64_t size = (int64_t)(HEAD + counts + bins + values);
    const void *message = &begun->refusal;
    if (err->status == MZG_OK && mzg_array_reserve(&begun->leaving[k], 1, size, &begun->leaving_capacity[k],
                                                   begun_values, err) == MZG_OK) {
        char *to_bytes = begun->leaving[k];
        memcpy(to_bytes, &rows->n_values, HEAD);
        if (counts > 0)
            memcpy(to_bytes + HEAD, rows->counts, counts);
        if (rows->n_values > 0) {
            memcpy(to_bytes + HEAD + counts, rows->bins, bins);
            memcpy(to_bytes + HEAD + counts + bins, rows->values, values);
        }
        message = to_bytes;
    }
    int n = message == &begun->refusal ? HEAD : mzg_mpi_count(size, "bytes of a unit");
    MZG_MPI(MPI_Isend(message, n, MPI_BYTE, to, TAG, begun->context->comm, &begun->sends[k]));
}

static void receive(struct mzg_direct_begun *begun, char *bytes, int64_t most, int from)
{
    MZG_MPI(MPI_Irecv(bytes, mzg_mpi_count(most, "bytes of a unit"), MPI_BYTE, from, TAG,
                      begun->context->comm, &begun->requests[begun->n_requests++]));
}

/* Moves all rows; what `to` had is lost. */
static void move_rows(struct mzg_direct_rows *from, struct mzg_direct_rows *to)
{
    struct mzg_direct_rows rows = *to;
    *to = *from;
    *from = rows;
    from->n_items = from->n_values = 0;
}

/* Waits for nothing yet: what all others have of the unit begun is on its way to this rank. */
static void expect(struct mzg_direct_begun *begun)
{
    struct mzg_direct_giver *givers = begun->givers;
    int64_t at = 0;
    for (int64_t i = 0; i < begun->n_pieces; i++)
        givers[begun->pieces[i].rank] = (struct mzg_direct_giver){.at = -1};
    for (int64_t i = 0; i < begun->n_pieces; i++)
        givers[begun->pieces[i].rank].n_items += begun->pieces[i].n_items;
    for (int64_t i = 0; i < begun->n_pieces; i++) {
        struct mzg_direct_giver *giver = &givers[begun->pieces[i].rank];
        if (giver->at >= 0)
            continue;
        giver->at = at;
        if (begun->pieces[i].rank == begun->context->rank)
            continue;
        int64_t most = most_bytes(begun, giver->n_items);
        receive(begun, begun->arriving + at, most, begun->pieces[i].rank);
        at += most;
    }
    struct mzg_direct_piece *pieces = begun->completed;
    begun->completed = begun->pieces;
    begun->n_completed = begun->n_pieces;
    begun->pieces = pieces;
    move_rows(&begun->mine, &begun->mine_before);
}

static void clear_pieces(struct mzg_direct_begun *begun)
{
    begun->n_pieces = begun->n_items = 0;
}

/* Rank `rank` gets all of the unit begun. */
static void complete(struct mzg_direct_begun *begun, int rank, struct mzg_error *err)
{
    int me = begun->context->rank;
    bool has_some = false;
    for (int64_t i = 0; i < begun->n_pieces && !has_some; i++)
        has_some = begun->pieces[i].rank == me;
    if (rank == me) {
        expect(begun);
    } else if (has_some) {
        give(begun, &begun->mine, rank, err);
        begun->mine.n_items = begun->mine.n_values = 0;
    }
    clear_pieces(begun);
}

/* The rank that packs the unit begun, which `rank` completes by `own` items. It is one before it, or the
 * order of units would not be that of the ranks. */
static int packer_of(const struct mzg_direct_begun *begun, int rank, int64_t own)
{
    int before = begun->pieces[0].rank;
    return begun->n_pieces == 1 && before < rank && begun->n_items > own ? before : rank;
}

/* Rank `to`, which has the rest of it, packs the unit begun, of which `from` has the last `n` items: the
 * first of the `rows` that it appends. */
static void complete_before(struct mzg_direct_begun *begun, const struct mzg_direct_rows *rows, int64_t n,
                            int from, int to, struct mzg_error *err)
{
    if (begun->context->rank == from) {
        struct mzg_direct_rows own = {0};
        if (err->status == MZG_OK)
            own = mzg_direct_part(begun, rows, 0, n);
        give(begun, &own, to, err);
    } else if (begun->context->rank == to) {
        move_rows(&begun->mine, &begun->last);
        begun->n_last = n;
        receive(begun, begun->arriving_last, most_bytes(begun, n), from);
    }
    clear_pieces(begun);
}

/* Sets the cursors into what came. False: a rank refused. */
static bool open_messages(const struct mzg_direct_begun *begun, int64_t *n_values)
{
    bool is_whole = true;
    *n_values = begun->mine_before.n_values;
    for (int64_t i = 0; i < begun->n_completed; i++) {
        struct mzg_direct_giver *giver = &begun->givers[begun->completed[i].rank];
        const char *message = begun->arriving + giver->at;
        int64_t n;
        if (begun->completed[i].rank == begun->context->rank) {
            giver->counts = (const char *)begun->mine_before.counts;
            giver->bins = (const char *)begun->mine_before.bins;
            giver->values = begun->mine_before.values;
        } else if (!giver->counts) {
            memcpy(&n, message, sizeof n);
            is_whole = is_whole && n != REFUSED;
            *n_values += n == REFUSED ? 0 : n;
            giver->counts = message + HEAD;
            giver->bins = giver->counts + (begun->by_rows ? giver->n_items * (int64_t)sizeof(int64_t) : 0);
            giver->values = giver->bins + (n == REFUSED ? 0 : n) * (int64_t)sizeof(int32_t);
        }
    }
    return is_whole;
}

static void append_piece(const struct mzg_direct_begun *begun, struct mzg_direct_giver *giver,
                         struct mzg_direct_rows *whole, const struct mzg_direct_piece *piece)
{
    int64_t n_values = piece->n_items;
    if (begun->by_rows) {
        append_counts(whole, giver->counts, piece->n_items);
        n_values = sum_of(whole->counts + whole->n_items, piece->n_items);
        giver->counts += piece->n_items * (int64_t)sizeof(int64_t);
    }
    append_values(begun, whole, giver->bins, giver->values, n_values);
    whole->n_items += piece->n_items;
    if (n_values > 0) {
        giver->bins += n_values * (int64_t)sizeof(int32_t);
        giver->values += n_values * begun->value_size;
    }
}

/* The unit that this rank completes, of the pieces of all and the first of its own rows. */
static void put_together(struct mzg_direct_begun *begun, const struct mzg_direct_rows *rows,
                         struct mzg_direct_share *share, struct mzg_error *err)
{
    struct mzg_direct_rows *whole = &begun->whole, own = mzg_direct_part(begun, rows, 0, share->n_own);
    int64_t n_items = own.n_items, n_values;
    share->is_broken = !open_messages(begun, &n_values);
    for (int64_t i = 0; i < begun->n_completed; i++)
        n_items += begun->completed[i].n_items;
    whole->n_items = whole->n_values = 0;
    if (share->is_broken || reserve_more(begun, whole, n_items, n_values + own.n_values, err) != MZG_OK)
        return;
    for (int64_t i = 0; i < begun->n_completed; i++)
        append_piece(begun, &begun->givers[begun->completed[i].rank], whole, &begun->completed[i]);
    append_rows(begun, whole, &own, err);
}

/* The unit that this rank began, with what the one sent that completes it. */
static void put_last_together(struct mzg_direct_begun *begun, struct mzg_direct_share *share,
                              struct mzg_error *err)
{
    const char *bytes = begun->arriving_last;
    const struct mzg_direct_piece piece = {.n_items = begun->n_last};
    int64_t n;
    memcpy(&n, bytes, sizeof n);
    share->is_broken = share->is_broken || n == REFUSED;
    if (n == REFUSED || reserve_more(begun, &begun->last, begun->n_last, n, err) != MZG_OK)
        return;
    struct mzg_direct_giver giver = {.counts = bytes + HEAD};
    giver.bins = giver.counts + (begun->by_rows ? begun->n_last * (int64_t)sizeof(int64_t) : 0);
    giver.values = giver.bins + n * (int64_t)sizeof(int32_t);
    append_piece(begun, &giver, &begun->last, &piece);
}

/* What this rank packs of several ranks' rows, once all is there. */
static void put_all_together(struct mzg_direct_begun *begun, const struct mzg_direct_rows *rows,
                             struct mzg_direct_share *share, struct mzg_error *err)
{
    mzg_agree_wait(begun->n_requests, begun->requests);
    begun->n_requests = 0;
    if (share->completes)
        put_together(begun, rows, share, err);
    if (share->packs_last)
        put_last_together(begun, share, err);
}

void mzg_direct_begun_append(struct mzg_direct_begun *begun, const struct mzg_direct_rows *rows,
                             const int64_t *counts, int64_t stride, int64_t *units,
                             struct mzg_direct_share *share, struct mzg_error *err)
{
    int me = begun->context->rank;
    *share = (struct mzg_direct_share){0};
    for (int rank = 0; rank < begun->context->size; rank++) {
        int64_t n = counts[stride * rank], first = 0;
        units[rank] = (begun->n_items + n) / begun->unit_items;
        if (units[rank] > 0) {
            int64_t own = begun->n_items > 0 ? begun->unit_items - begun->n_items : 0;
            int64_t n_whole = (n - own) / begun->unit_items * begun->unit_items;
            int packer = begun->n_items > 0 ? packer_of(begun, rank, own) : -1;
            if (packer == rank) {
                complete(begun, rank, err);
            } else if (packer >= 0) {
                complete_before(begun, rows, own, rank, packer, err);
                units[packer]++;
                units[rank]--;
            }
            if (rank == me)
                *share =
                    (struct mzg_direct_share){.n_own = own, .n_whole = n_whole, .completes = packer == rank};
            else if (packer == me)
                share->packs_last = true;
            first = own + n_whole;
        }
        if (n == first)
            continue;
        add_piece(begun, rank, n - first);
        if (rank == me && err->status == MZG_OK) {
            struct mzg_direct_rows rest = mzg_direct_part(begun, rows, first, n - first);
            append_rows(begun, &begun->mine, &rest, err);
        }
    }
    put_all_together(begun, rows, share, err);
}

void mzg_direct_begun_end(struct mzg_direct_begun *begun, int64_t *units, struct mzg_direct_share *share,
                          struct mzg_error *err)
{
    int last = begun->n_pieces > 0 ? begun->pieces[begun->n_pieces - 1].rank : -1;
    const struct mzg_direct_rows none = {0};
    *share = (struct mzg_direct_share){.completes = last == begun->context->rank};
    for (int rank = 0; rank < begun->context->size; rank++)
        units[rank] = rank == last;
    if (last >= 0)
        complete(begun, last, err);
    put_all_together(begun, &none, share, err);
}

void mzg_direct_begun_wait(struct mzg_direct_begun *begun)
{
    mzg_agree_wait(begun->n_sends, begun->sends);
    begun->n_sends = 0;
}
