/*
 * Where the rows of a CSR matrix end that goes into the store as it comes. Each rank keeps how many values
 * its rows have, 4 bytes a row. In the end the ranks deal where rows end by pieces (core/piece.h), and write
 * `indptr` together.
 */
#ifndef MZG_SPATIALDATA_DIRECT_ROW_ENDS_H
#define MZG_SPATIALDATA_DIRECT_ROW_ENDS_H

#include <core/context.h>
#include <core/frame.h>
#include <stage/rows.h>

#include <mzgrid/error.h>

/* Consecutive rows that this rank appended. */
struct mzg_direct_row_block {
    int64_t first, n_rows;
    int64_t first_value; /* of the first row, among those of all ranks */
};

/* All zero but for `context`: no rows. */
struct mzg_direct_row_ends {
    const struct mzg_context *context;
    int64_t n_blocks, block_capacity;
    struct mzg_direct_row_block *blocks;
    int64_t n_rows, row_capacity;
    int32_t *counts; /* of the values in each of these rows */
    int64_t *held; /* once they are dealt, the numbers of indptr that are this rank's, by mzg_piece_slot() */
};

/* Accepts zeros. Local. */
void mzg_direct_row_ends_destroy(struct mzg_direct_row_ends *ends);

/* Notes the rows that this rank appends, the first of which is row `first_row` of all, and its first value
 * `first_value`. Local. */
void mzg_direct_row_ends_note(struct mzg_direct_row_ends *ends, int64_t first_row, int64_t first_value,
                              const struct mzg_rows *rows, struct mzg_error *err);

/* Deals the n_rows + 1 numbers of indptr, 0 and where each row of all ranks ends. All ranks return the same
 * status. Collective. */
enum mzg_status mzg_direct_row_ends_deal(struct mzg_direct_row_ends *ends, int64_t n_rows,
                                         struct mzg_error *err);

#endif
