/*
 * All staged rows, in their order, delivered to the ranks that want their columns, in rounds of bounded size.
 */
#ifndef MZG_STAGE_EXCHANGE_H
#define MZG_STAGE_EXCHANGE_H

#include <stage/panels.h>
#include <stage/staged.h>

/* Rows in ascending order, or the slices of them that fall into the columns wanted. */
struct mzg_row_piece {
    int64_t first_row;
    int64_t n_rows;
    const int32_t *rows;   /* of each its distance from first_row; NULL: they are consecutive */
    const int32_t *counts; /* of the values in each row */
    const int32_t *bins;
    const void *values; /* of the stage's type, at an address of any 4 bytes */
};

/* Where the row of a piece stands in the matrix. Local. */
static inline int64_t mzg_row_piece_row(const struct mzg_row_piece *piece, int64_t row)
{
    return piece->first_row + (piece->rows ? piece->rows[row] : row);
}

struct mzg_exchange;

/* Rank r wants the columns wanted[r] (borrowed; the same on all ranks). The rows on their way take about
 * `memory` bytes of each rank, the least that any of them names. Collective over the stage's ranks. */
enum mzg_status mzg_exchange_new(struct mzg_staged *staged, const struct mzg_column_range *wanted,
                                 int64_t memory, struct mzg_exchange **exchange, struct mzg_error *err);
void mzg_exchange_free(struct mzg_exchange *exchange);

/* The bytes that an exchange takes for each rank, beside `memory`. Local. */
int64_t mzg_exchange_rank_memory(void);

/* The number of rounds, the same on all ranks. Local. */
int64_t mzg_exchange_rounds(const struct mzg_exchange *exchange);

/* The pieces of a round, rows ascending from piece to piece and round to round; they may hold values of
 * columns not wanted too. Valid until the next round. All ranks return the same status. Collective. */
enum mzg_status mzg_exchange_round(struct mzg_exchange *exchange, int64_t round,
                                   const struct mzg_row_piece **pieces, int64_t *n_pieces,
                                   struct mzg_error *err);

#endif
