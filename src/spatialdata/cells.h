/*
 * The occupied cells of a raster, in the order of the Z curve: a raster is written shard by shard and halved
 * for the next level of a pyramid without ever standing in memory, for in this order the cells of a shard
 * follow each other, and so do the four cells that become one.
 *
 *      0  1 |  4  5     x is in the even bits of a cell's code, y in the odd ones. Any square whose side is a
 *      2  3 |  6  7     power of two and that is aligned to its side is one interval of codes.
 *     ------+------
 *      8  9 | 12 13
 *     10 11 | 14 15
 */
#ifndef MZG_SPATIALDATA_CELLS_H
#define MZG_SPATIALDATA_CELLS_H

#include <spatialdata/spatialdata.h>

struct mzg_cell {
    uint64_t code;
    int32_t label;
    float value;
    uint32_t z;
};

/* The number of cells in each dimension: z, y, x. */
struct mzg_raster_size {
    int64_t depth;
    int64_t height;
    int64_t width;
};

/* The size of the bounding box. MZG_ERANGE for more than 2^32 cells, unless the geometry allows them, for
 * more than 2^59, and for a box that ends before it begins. Local. */
enum mzg_status mzg_raster_size(const struct mzg_sdata_geometry *geometry, struct mzg_raster_size *size,
                                struct mzg_error *err);

/* The cells of the pixels, ordered by z, then along the curve; *cells is to be freed. Local. */
enum mzg_status mzg_cells_new(const struct mzg_sdata_geometry *geometry,
                              const struct mzg_sdata_pixels *pixels, struct mzg_cell **cells,
                              struct mzg_error *err);

/* Orders them so, those of one place by their labels. In place. Local. */
void mzg_cells_sort(struct mzg_cell *cells, int64_t n);

/* Position of a cell in its plane. */
uint32_t mzg_cell_x(const struct mzg_cell *cell);
uint32_t mzg_cell_y(const struct mzg_cell *cell);

/* Makes the next level of a pyramid in place: the value of a cell is the mean of those of its up to 2 × 2
 * cells that lie in the raster; empty ones count as 0. Returns the number of occupied cells that are left;
 * labels lose their meaning, `size` becomes that of the level. Local. */
int64_t mzg_cells_halve(struct mzg_cell *cells, int64_t n, struct mzg_raster_size *size);

#endif
