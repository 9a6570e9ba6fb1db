/* Brings the cells of a raster to the ranks that write them (tiles.h). */
#ifndef MZG_SPATIALDATA_CELL_EXCHANGE_H
#define MZG_SPATIALDATA_CELL_EXCHANGE_H

#include <core/context.h>
#include <spatialdata/tiles.h>

/* The cells of this rank's tiles, sorted. */
struct mzg_cell_set {
    const struct mzg_context *context;
    struct mzg_tiles tiles;
    struct mzg_cell *cells;
    int64_t n, capacity;
    int64_t *shares; /* of each rank: cells */
    int *counts;     /* of each rank: sent, where they begin, received, where these begin */
};

/* Makes cells of the pixels of all ranks, each on the rank of its tile: slice by slice, so that what is on
 * its way is little. All ranks return the same status; on failure nothing is to be destroyed. Collective. */
enum mzg_status mzg_cell_set_new(const struct mzg_context *context, const struct mzg_sdata_geometry *geometry,
                                 const struct mzg_raster_size *size, const struct mzg_sdata_pixels *pixels,
                                 struct mzg_cell_set *set, struct mzg_error *err);

/* Halves the cells to those of `level`, `*size` to its size, and brings them to the ranks of its tiles. All
 * ranks return the same status. Collective. */
enum mzg_status mzg_cell_set_halve(struct mzg_cell_set *set, int level, struct mzg_raster_size *size,
                                   struct mzg_error *err);

/* Local. */
void mzg_cell_set_destroy(struct mzg_cell_set *set);

#endif
