/*
 * Rows of a table lie on the ranks in pieces, dealt in turn: piece i on rank i mod size, each rank's one
 * behind the other. A piece is what a vector of the store has in one inner chunk, so that a rank makes whole
 * chunks of what it holds. Nothing here communicates.
 */
#ifndef MZG_CORE_PIECE_H
#define MZG_CORE_PIECE_H

#include <stdint.h>

enum { MZG_PIECE_ROWS = 1 << 16 };

/* How many pieces `n_rows` rows have; the last one may be shorter. */
static inline int64_t mzg_pieces_of(int64_t n_rows)
{
    return (n_rows + MZG_PIECE_ROWS - 1) / MZG_PIECE_ROWS;
}

/* How many rows a piece has. */
static inline int64_t mzg_piece_rows(int64_t n_rows, int64_t piece)
{
    int64_t left = n_rows - piece * MZG_PIECE_ROWS;
    return left < 0 ? 0 : left < MZG_PIECE_ROWS ? left : MZG_PIECE_ROWS;
}

/* The place of a row among those that its rank holds. */
static inline int64_t mzg_piece_slot(int64_t row, int size)
{
    return row / MZG_PIECE_ROWS / size * MZG_PIECE_ROWS + row % MZG_PIECE_ROWS;
}

/* How many rows `rank` holds. */
static inline int64_t mzg_piece_held(int64_t n_rows, int size, int rank)
{
    int64_t pieces = mzg_pieces_of(n_rows), mine = pieces > rank ? (pieces - rank + size - 1) / size : 0;
    int64_t last = rank + (mine - 1) * size;
    return mine == 0 ? 0 : (mine - 1) * MZG_PIECE_ROWS + mzg_piece_rows(n_rows, last);
}

#endif
