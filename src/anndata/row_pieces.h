/*
 * Brings rows that lie on all ranks to rank 0, which writes a file alone: column by column, piece by piece.
 * All ranks list the columns beforehand, in the order in which a back end gets them
 * (mzg_anndata_write_rows()). So each knows what comes next, nobody asks, and nothing is left to fail at.
 * What rank 0 does not want any more, after a failure, it receives and drops.
 */
#ifndef MZG_ANNDATA_ROW_PIECES_H
#define MZG_ANNDATA_ROW_PIECES_H

#include <anndata/anndata.h>
#include <core/context.h>

struct mzg_row_pieces {
    struct mzg_backend base; /* lists columns */
    const struct mzg_context *context;
    int64_t n_rows, n_pieces; /* of each column */
    int n_columns;
    struct mzg_row_column columns[MZG_ANNDATA_MAX_OF_ROWS];
    size_t sizes[MZG_ANNDATA_MAX_OF_ROWS]; /* bytes of a row */
    void *values;                          /* of one piece */
    int64_t n_taken;                       /* pieces of all columns */
};

/* Lists the columns of `anndata`; its obs may have none. Fails with MZG_ENOMEM: agree. Local. */
enum mzg_status mzg_row_pieces_init(const struct mzg_context *context, const struct mzg_anndata *anndata,
                                    struct mzg_row_pieces *pieces, struct mzg_error *err);
void mzg_row_pieces_destroy(struct mzg_row_pieces *pieces);

/* The next piece: its values, valid until the next call, and how many rows it has. To be called on rank 0,
 * while the others send. */
const void *mzg_row_pieces_take(struct mzg_row_pieces *pieces, int64_t *n);

/* Sends all that rank 0 takes; there, drops all that it has not taken. Cannot fail. Collective with
 * mzg_row_pieces_take(). */
void mzg_row_pieces_finish(struct mzg_row_pieces *pieces);

#endif
