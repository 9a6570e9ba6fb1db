/* Which spectra a pixel has, once on each node, for all ranks. */
#ifndef MZG_INPUT_PIXEL_TABLE_H
#define MZG_INPUT_PIXEL_TABLE_H

#include <input/node_memory.h>
#include <input/pixels.h>
#include <input/reader.h>

/* All zero: pixel i is spectrum i. */
struct mzg_pixel_table {
    struct mzg_node_memory *memory;
    const int64_t *begin; /* as struct mzg_pixels */
    const int64_t *spectra;
    const int64_t *ordinals; /* NULL if all pixels are read */
};

/* Makes the table of rank 0's `pixels` for all ranks; of `dataset`, the same on all, the numbers of pixels
 * and spectra count. Collective over `comm`. */
enum mzg_status mzg_pixel_table_share(MPI_Comm comm, int rank, const struct mzg_pixels *pixels,
                                      const struct mzg_dataset *dataset, bool is_part,
                                      struct mzg_pixel_table *table, struct mzg_error *err);

/* Collective. */
void mzg_pixel_table_destroy(struct mzg_pixel_table *table);

/* The k-th spectrum of a pixel, and how many it has. Local. */
static inline int64_t mzg_pixel_table_spectrum(const struct mzg_pixel_table *table, int64_t pixel, int64_t k)
{
    return table->begin ? table->spectra[table->begin[pixel] + k] : pixel;
}

static inline int64_t mzg_pixel_table_count(const struct mzg_pixel_table *table, int64_t pixel)
{
    return table->begin ? table->begin[pixel + 1] - table->begin[pixel] : 1;
}

#endif
