/*
 * Which rank writes which part of the rasters. A plane is cut into tiles, squares of 2048 x 2048 cells, in
 * which whole chunk files lie; the tiles of all planes follow each other along the Z curve, and each rank has
 * as many that follow each other, give or take one. So the cells of a rank follow each other, too, in the
 * order in which cells are sorted (cells.h), and those of lower ranks come before them. At each level of a
 * pyramid the rank of a tile is that of the first of those which it covers at the full size.
 *
 * Pure: nothing here communicates.
 */
#ifndef MZG_SPATIALDATA_TILES_H
#define MZG_SPATIALDATA_TILES_H

#include <spatialdata/cells.h>

enum { MZG_TILE_BITS = 11, MZG_TILE_SIDE = 1 << MZG_TILE_BITS };

struct mzg_tiles {
    int64_t columns, rows, planes; /* at the full size */
    int n_ranks;
};

struct mzg_tiles mzg_tiles_of(const struct mzg_raster_size *size, int n_ranks);

/* How many tiles of all planes a rank has; if there are fewer than ranks, those that have one lie far apart,
 * for ranks side by side share a node. */
int64_t mzg_tiles_of_rank(const struct mzg_tiles *tiles, int rank);

/* How many tiles of a plane come before this one on the Z curve. */
int64_t mzg_tiles_before(const struct mzg_tiles *tiles, int64_t column, int64_t row);

/* Fills counts[rank] with how many of the `n` sorted cells of a level go to each rank. */
void mzg_tiles_count(const struct mzg_tiles *tiles, int level, const struct mzg_cell *cells, int64_t n,
                     int64_t *counts);

#endif
