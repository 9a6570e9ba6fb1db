/*
 * In each turn a rank packs one piece of all arrays. What it sends to a writer is, array by array,
 *
 *     | size: int64 | the packed chunk |
 *
 * so a writer that knows which files it has finds its chunks without being told more. Turns follow each other
 * by piece, and so do the chunks of a file.
 */
#include <anndata/zarr_rows.h>

#include <core/agree.h>
#include <core/mpi.h>
#include <core/piece.h>
#include <core/pool.h>
#include <core/stop.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char on_their_way[] = "bytes of chunks on their way";

struct worker {
    unsigned char *values; /* of a piece of one array */
    struct mzg_buffer text;
};

struct packed {
    struct mzg_buffer chunk;
    struct mzg_error err;
};

struct writer {
    const struct mzg_zarr_rows *rows;
    const struct mzg_context *context;
    int64_t n_rows, n_pieces;
    int64_t piece; /* that this rank packs in this turn */
    int n_workers;
    struct worker *workers;
    struct packed *packed;        /* of each array */
    struct mzg_zarr_file **files; /* of each array: that which this rank is writing, or NULL */
    int *counts; /* of each rank: sent, where they begin, received, where these begin, in bytes */
    struct mzg_buffer sent, received;
};

enum mzg_status mzg_zarr_rows_add(struct mzg_zarr_rows *rows, struct mzg_zarr_array *array,
                                  const struct mzg_zarr_array_spec *spec, struct mzg_row_column of_rows,
                                  struct mzg_error *err)
{
    if (!rows || rows->n == MZG_ANNDATA_MAX_OF_ROWS)
        return mzg_fail(err, MZG_EUSAGE, "rows that lie on several ranks have no place here");
    rows->arrays[rows->n++] =
        (struct mzg_zarr_rows_array){.array = array,
                                     .type = spec->type,
                                     .width = spec->n_dimensions > 1 ? spec->shape[1] : 1,
                                     .chunk = spec->chunk[0],
                                     .file_chunks = spec->shard[0] > 0 ? spec->shard[0] / spec->chunk[0] : 1,
                                     .of_rows = of_rows};
    return MZG_OK;
}

/* Bytes of a value as it is filled in; strings come as their numbers, unless they come as texts. */
static size_t value_size(const struct mzg_zarr_rows_array *array)
{
    return array->type == MZG_STRING ? sizeof(int64_t) : (size_t)(mzg_type_size(array->type) * array->width);
}

/* An item of a column of strings. */
static int64_t text_of_row(const void *source, int64_t i, char *text, int64_t size)
{
    const struct mzg_row_column *of_rows = source;
    return of_rows->rows->text(of_rows->rows->source, of_rows->column, i, text, size);
}

/* A task of the workers: packs array `item` of this rank's piece. */
static void pack(void *context, int64_t item, int number)
{
    struct writer *w = context;
    const struct mzg_zarr_rows_array *array = &w->rows->arrays[item];
    struct worker *worker = &w->workers[number];
    struct packed *packed = &w->packed[item];
    int64_t first = w->piece * MZG_PIECE_ROWS, n = mzg_piece_rows(w->n_rows, w->piece);
    size_t size = value_size(array);
    packed->err.status = MZG_OK;
    if (array->type == MZG_STRING && array->of_rows.rows->text) {
        mzg_zarr_pack_strings(array->array, w->piece, text_of_row, &array->of_rows, &worker->text,
                              &packed->chunk, &packed->err);
        return;
    }
    array->of_rows.rows->fill(array->of_rows.rows->source, array->of_rows.column, first, n, worker->values);
    memset(worker->values + (size_t)n * size, 0, (size_t)(array->chunk - n) * size);
    struct mzg_decimals decimals = {(const int64_t *)(const void *)worker->values, first};
    if (array->type == MZG_STRING)
        mzg_zarr_pack_strings(array->array, w->piece, mzg_decimal_text, &decimals, &worker->text,
                              &packed->chunk, &packed->err);
    else
        mzg_zarr_pack(array->array, worker->values, &packed->chunk, &packed->err);
}

/* The rank that writes the file of an array in which `piece` lies. */
static int writer_of(const struct writer *w, int array, int64_t piece)
{
    int64_t file = piece / w->rows->arrays[array].file_chunks;
    return (int)((file * w->rows->n + array) % w->context->size);
}

/* Packs this rank's piece, if it has one, and lines the chunks up by writer. */
static enum mzg_status pack_piece(struct writer *w, struct mzg_error *err)
{
    int size = w->context->size, *sent = w->counts, *begins = w->counts + size;
    int64_t total = 0;
    memset(sent, 0, (size_t)size * sizeof *sent);
    for (int i = 0; i < w->rows->n; i++)
        w->packed[i].chunk.size = 0;
    if (w->piece < w->n_pieces && w->context->pool) {
        mzg_pool_run(w->context->pool, w->rows->n, pack, w);
    } else if (w->piece < w->n_pieces) {
        for (int i = 0; i < w->rows->n; i++)
            pack(w, i, 0);
    }
    for (int i = 0; w->piece < w->n_pieces && i < w->rows->n; i++) {
        if (w->packed[i].err.status != MZG_OK)
            return mzg_fail(err, w->packed[i].err.status, "%s", w->packed[i].err.text);
        int64_t bytes = (int64_t)(sizeof(int64_t) + w->packed[i].chunk.size);
        total = mzg_mpi_count(total + bytes, on_their_way); /* and so the sums below fit an int, too */
        sent[writer_of(w, i, w->piece)] += (int)bytes;
    }
    if (mzg_buffer_reserve(&w->sent, (size_t)total + 1, err) != MZG_OK)
        return err->status;
    for (int rank = 0, at = 0; rank < size; rank++) {
        begins[rank] = at;
        at += sent[rank];
        sent[rank] = 0;
    }
    for (int i = 0; w->piece < w->n_pieces && i < w->rows->n; i++) {
        const struct mzg_buffer *chunk = &w->packed[i].chunk;
        int rank = writer_of(w, i, w->piece);
        unsigned char *to = w->sent.bytes + begins[rank] + sent[rank];
        int64_t bytes = (int64_t)chunk->size;
        memcpy(to, &bytes, sizeof bytes);
        if (bytes > 0)
            memcpy(to + sizeof bytes, chunk->bytes, chunk->size);
        sent[rank] += (int)(sizeof bytes + chunk->size);
    }
    return MZG_OK;
}

/* Makes room for what this rank receives. Collective, though it may fail: agree. */
static enum mzg_status make_room(struct writer *w, struct mzg_error *err)
{
    int size = w->context->size, *counts = w->counts + size + size, *begins = counts + size;
    MZG_MPI(MPI_Alltoall(w->counts, 1, MPI_INT, counts, 1, MPI_INT, w->context->comm));
    int total = mzg_mpi_count(mzg_mpi_line_up(counts, begins, size), on_their_way);
    return mzg_buffer_reserve(&w->received, (size_t)total + 1, err);
}

/* Collective. */
static void exchange(const struct writer *w)
{
    int size = w->context->size;
    const int *sent = w->counts, *begins = sent + size, *counts = begins + size, *places = counts + size;
    MZG_MPI(MPI_Alltoallv(w->sent.bytes, sent, begins, MPI_BYTE, w->received.bytes, counts, places, MPI_BYTE,
                          w->context->comm));
}

/* Puts a chunk into its file, which begins with its first and ends with its last one. */
static enum mzg_status put(struct writer *w, int i, int64_t piece, const unsigned char *chunk, int64_t bytes,
                           struct mzg_error *err)
{
    const struct mzg_zarr_rows_array *array = &w->rows->arrays[i];
    int64_t inner = piece % array->file_chunks;
    if (!w->files[i] &&
        mzg_zarr_file_begin(array->array, piece / array->file_chunks, &w->files[i], err) != MZG_OK)
        return err->status;
    if (mzg_zarr_file_put(w->files[i], inner, chunk, (size_t)bytes, err) == MZG_OK &&
        inner < array->file_chunks - 1 && piece < w->n_pieces - 1)
        return MZG_OK;
    mzg_zarr_file_end(w->files[i], err);
    w->files[i] = NULL;
    return err->status;
}

/* Writes the chunks that came of the pieces from `first` on, one of each rank. */
static enum mzg_status put_all(struct writer *w, int64_t first, struct mzg_error *err)
{
    int size = w->context->size;
    const int *begins = w->counts + size + size + size; /* of what was received */
    for (int rank = 0; rank < size && first + rank < w->n_pieces; rank++) {
        const unsigned char *at = w->received.bytes + begins[rank];
        for (int i = 0; i < w->rows->n; i++) {
            int64_t bytes;
            if (writer_of(w, i, first + rank) != w->context->rank)
                continue;
            memcpy(&bytes, at, sizeof bytes);
            at += sizeof bytes;
            if (put(w, i, first + rank, at, bytes, err) != MZG_OK)
                return err->status;
            at += bytes;
        }
    }
    return MZG_OK;
}

static void allocate(struct writer *w, struct mzg_error *err)
{
    size_t most = 1, chunk = 1;
    for (int i = 0; i < w->rows->n; i++) {
        const struct mzg_zarr_rows_array *array = &w->rows->arrays[i];
        most = value_size(array) > most ? value_size(array) : most;
        chunk = (size_t)array->chunk > chunk ? (size_t)array->chunk : chunk;
    }
    w->n_workers = w->context->pool ? mzg_pool_size(w->context->pool) : 1;
    w->workers = calloc((size_t)w->n_workers, sizeof *w->workers);
    w->packed = calloc((size_t)w->rows->n + 1, sizeof *w->packed);
    w->files = calloc((size_t)w->rows->n + 1, sizeof *w->files);
    w->counts = calloc(4 * (size_t)w->context->size, sizeof *w->counts);
    bool complete = w->workers && w->packed && w->files && w->counts;
    for (int i = 0; complete && i < w->n_workers; i++) {
        w->workers[i].values = malloc(most * chunk);
        complete = w->workers[i].values != NULL;
    }
    if (!complete)
        mzg_fail(err, MZG_ENOMEM, "no memory for a piece of %" PRId64 " rows of obs", (int64_t)chunk);
}

static void release(struct writer *w, struct mzg_error *err)
{
    for (int i = 0; i < w->rows->n; i++) {
        if (w->files)
            mzg_zarr_file_end(w->files[i], err);
        if (w->packed)
            free(w->packed[i].chunk.bytes);
    }
    for (int i = 0; w->workers && i < w->n_workers; i++) {
        free(w->workers[i].values);
        free(w->workers[i].text.bytes);
    }
    free(w->workers);
    free(w->packed);
    free(w->files);
    free(w->counts);
    free(w->sent.bytes);
    free(w->received.bytes);
}

enum mzg_status mzg_zarr_rows_write(const struct mzg_zarr_rows *rows, const struct mzg_context *context,
                                    int64_t n_rows, struct mzg_error *err)
{
    struct writer w = {.rows = rows, .context = context, .n_rows = n_rows, .n_pieces = mzg_pieces_of(n_rows)};
    allocate(&w, err);
    for (int64_t first = 0; first < w.n_pieces; first += context->size) {
        w.piece = first + context->rank;
        if (err->status == MZG_OK && mzg_check_stop(context->stop, err) == MZG_OK)
            pack_piece(&w, err);
        if (mzg_agree(context->comm, err) != MZG_OK)
            break;
        make_room(&w, err);
        if (mzg_agree(context->comm, err) != MZG_OK)
            break;
        exchange(&w);
        put_all(&w, first, err);
    }
    release(&w, err);
    return mzg_agree(context->comm, err);
}
