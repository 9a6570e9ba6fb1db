/*
 * Where the rows of a CSR matrix end that goes into the store as it comes. Each rank keeps how many values
 * its rows have; in the end rank 0, which writes `indptr`, gets them from all: 4 bytes a row.
 */
#ifndef MZG_SPATIALDATA_DIRECT_ROW_ENDS_H
#define MZG_SPATIALDATA_DIRECT_ROW_ENDS_H

#include <core/block.h>
#include <core/context.h>
#include <stage/rows.h>

#include <mzgrid/error.h>

/* All zero but for `context`: no rows. */
struct mzg_direct_row_ends {
    const struct mzg_context *context;
    int64_t n_blocks, block_capacity;
    struct mzg_block *blocks; /* of consecutive rows that this rank appended */
    int64_t n_rows, row_capacity;
    int32_t *counts; /* of the values in each of these rows */
};

/* Accepts zeros. Local. */
void mzg_direct_row_ends_destroy(struct mzg_direct_row_ends *ends);

/* Notes the rows that this rank appends, the first of which is row `first` of all. Local. */
void mzg_direct_row_ends_note(struct mzg_direct_row_ends *ends, int64_t first, const struct mzg_rows *rows,
                              struct mzg_error *err);

/* On rank 0 `*all`, to be freed, gets n_rows + 1 numbers: 0, and where each row of all ranks ends. It stays
 * NULL elsewhere. All ranks return the same status. Collective. */
enum mzg_status mzg_direct_row_ends_gather(const struct mzg_direct_row_ends *ends, int64_t n_rows,
                                           int64_t **all, struct mzg_error *err);

#endif
