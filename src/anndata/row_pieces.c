#include <anndata/row_pieces.h>

#include <core/mpi.h>
#include <core/piece.h>

#include <stdlib.h>

enum { TAG = 1 };

const void *mzg_row_pieces_take(struct mzg_row_pieces *pieces, int64_t *n)
{
    const struct mzg_context *context = pieces->context;
    int64_t column = pieces->n_taken / pieces->n_pieces, piece = pieces->n_taken % pieces->n_pieces;
    const struct mzg_row_column *of_rows = &pieces->columns[column];
    int owner = (int)(piece % context->size);
    pieces->n_taken++;
    *n = mzg_piece_rows(pieces->n_rows, piece);
    int bytes = mzg_mpi_count(*n * (int64_t)pieces->sizes[column], "bytes of a piece of rows");
    if (owner == context->rank)
        of_rows->rows->fill(of_rows->rows->source, of_rows->column, piece * MZG_PIECE_ROWS, *n,
                            pieces->values);
    if (owner != 0 && owner == context->rank)
        MZG_MPI(MPI_Send(pieces->values, bytes, MPI_BYTE, 0, TAG, context->comm));
    else if (owner != 0 && context->rank == 0)
        MZG_MPI(MPI_Recv(pieces->values, bytes, MPI_BYTE, owner, TAG, context->comm, MPI_STATUS_IGNORE));
    return pieces->values;
}

void mzg_row_pieces_finish(struct mzg_row_pieces *pieces)
{
    int64_t n;
    while (pieces->n_taken < pieces->n_columns * pieces->n_pieces)
        mzg_row_pieces_take(pieces, &n);
}

static enum mzg_status list_group(struct mzg_backend *backend, const char *path, json_t *attributes,
                                  struct mzg_error *err)
{
    (void)backend;
    if (!attributes)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for attributes", path);
    json_decref(attributes);
    return err->status;
}

static enum mzg_status list(struct mzg_backend *backend, struct mzg_row_column column, size_t size,
                            struct mzg_error *err)
{
    struct mzg_row_pieces *pieces = (struct mzg_row_pieces *)backend;
    if (!column.rows)
        return MZG_OK;
    if (pieces->n_columns == MZG_ANNDATA_MAX_OF_ROWS)
        return mzg_fail(err, MZG_EUSAGE, "a table with more than %d columns", pieces->n_columns);
    pieces->columns[pieces->n_columns] = column;
    pieces->sizes[pieces->n_columns++] = size;
    return MZG_OK;
}

static enum mzg_status list_numbers(struct mzg_backend *backend, const char *path,
                                    const struct mzg_numbers *numbers, struct mzg_error *err)
{
    (void)path;
    int64_t width = numbers->width > 0 ? numbers->width : 1;
    return list(backend, numbers->of_rows, (size_t)(width * mzg_type_size(numbers->type)), err);
}

static enum mzg_status list_strings(struct mzg_backend *backend, const char *path,
                                    const struct mzg_strings *strings, struct mzg_error *err)
{
    (void)path;
    return list(backend, strings->of_rows, sizeof(int64_t), err);
}

static const struct mzg_backend_kind listing = {
    .group = list_group, .numbers = list_numbers, .strings = list_strings};

enum mzg_status mzg_row_pieces_init(const struct mzg_context *context, const struct mzg_anndata *anndata,
                                    struct mzg_row_pieces *pieces, struct mzg_error *err)
{
    size_t most = 1;
    *pieces = (struct mzg_row_pieces){.base = {.kind = &listing}, .context = context};
    if (!anndata->obs->rows)
        return MZG_OK;
    pieces->n_rows = anndata->obs->n;
    pieces->n_pieces = mzg_pieces_of(pieces->n_rows);
    if (mzg_anndata_write_rows(&pieces->base, anndata, err) != MZG_OK)
        return err->status;
    for (int i = 0; i < pieces->n_columns; i++)
        most = pieces->sizes[i] > most ? pieces->sizes[i] : most;
    pieces->values = malloc(most * (size_t)mzg_piece_rows(pieces->n_rows, 0) + 1);
    if (!pieces->values)
        mzg_fail(err, MZG_ENOMEM, "no memory for %d rows of a table", MZG_PIECE_ROWS);
    return err->status;
}

void mzg_row_pieces_destroy(struct mzg_row_pieces *pieces)
{
    free(pieces->values);
    *pieces = (struct mzg_row_pieces){0};
}
