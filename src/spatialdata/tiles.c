#include <spatialdata/tiles.h>

#include <string.h>

static int64_t tiles_along(int64_t cells)
{
    return (cells + MZG_TILE_SIDE - 1) / MZG_TILE_SIDE;
}

struct mzg_tiles mzg_tiles_of(const struct mzg_raster_size *size, int n_ranks)
{
    return (struct mzg_tiles){.columns = tiles_along(size->width),
                              .rows = tiles_along(size->height),
                              .planes = size->depth,
                              .n_ranks = n_ranks};
}

/* The first tile of a rank: tile t of n goes to rank t * n_ranks / n. There are no more tiles than cells,
 * which an int64 counts (mzg_raster_size()). */
static int64_t first_of(const struct mzg_tiles *tiles, int rank)
{
    int64_t n = tiles->columns * tiles->rows * tiles->planes;
    return (int64_t)(((__int128)n * rank + tiles->n_ranks - 1) / tiles->n_ranks);
}

int64_t mzg_tiles_of_rank(const struct mzg_tiles *tiles, int rank)
{
    return first_of(tiles, rank + 1) - first_of(tiles, rank);
}

/* How much of begin .. begin + side - 1 lies before `end`. */
static int64_t clip(int64_t begin, int64_t side, int64_t end)
{
    int64_t left = end - begin;
    return left < 0 ? 0 : left < side ? left : side;
}

/* From the largest square down: the quarters of it before the one in which the tile lies come before it. */
int64_t mzg_tiles_before(const struct mzg_tiles *tiles, int64_t column, int64_t row)
{
    int64_t before = 0, side = 1;
    while (side < tiles->columns || side < tiles->rows)
        side *= 2;
    for (side /= 2; side > 0; side /= 2) {
        int64_t left = column - column % (2 * side), top = row - row % (2 * side);
        int quarter = (int)(column / side % 2 + row / side % 2 * 2);
        for (int i = 0; i < quarter; i++)
            before +=
                clip(left + i % 2 * side, side, tiles->columns) * clip(top + i / 2 * side, side, tiles->rows);
    }
    return before;
}

void mzg_tiles_count(const struct mzg_tiles *tiles, int level, const struct mzg_cell *cells, int64_t n,
                     int64_t *counts)
{
    int64_t of_plane = tiles->columns * tiles->rows;
    uint64_t tile = 0;
    uint32_t z = 0;
    int rank = -1;
    memset(counts, 0, (size_t)tiles->n_ranks * sizeof *counts);
    for (int64_t i = 0; i < n; i++) {
        uint64_t here = cells[i].code >> (2 * MZG_TILE_BITS);
        if (rank < 0 || here != tile || cells[i].z != z) {
            tile = here;
            z = cells[i].z;
            int64_t column = (int64_t)(mzg_cell_x(&cells[i]) >> MZG_TILE_BITS) << level;
            int64_t row = (int64_t)(mzg_cell_y(&cells[i]) >> MZG_TILE_BITS) << level;
            int64_t before = z * of_plane + mzg_tiles_before(tiles, column, row),
                    all = of_plane * tiles->planes;
            rank = (int)((__int128)before * tiles->n_ranks / all);
        }
        counts[rank]++;
    }
}
