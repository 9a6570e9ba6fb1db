#include <spatialdata/cells.h>

#include <core/memory.h>
#include <float.h>
#include <inttypes.h>
#include <stdlib.h>

/* The bytes of so many numbers in whole shards are still an int64, and so are all tiles (tiles.h). */
static const int64_t most_cells = INT64_C(1) << 59;

enum mzg_status mzg_raster_size(const struct mzg_sdata_geometry *geometry, struct mzg_raster_size *size,
                                struct mzg_error *err)
{
    int64_t cells[3];
    for (int d = 0; d < 3; d++) {
        cells[d] = (int64_t)geometry->max[d] - geometry->min[d] + 1;
        if (cells[d] < 1)
            return mzg_fail(err, MZG_ERANGE,
                            "the box of pixels goes from %" PRId32 " to %" PRId32 " in dimension %d",
                            geometry->min[d], geometry->max[d], d);
    }
    int64_t total = mzg_size_product3(cells[0], cells[1], cells[2]);
    bool is_too_large = total < 0 || total > most_cells;
    if (is_too_large || (total > INT64_C(1) << 32 && !geometry->allow_large))
        return mzg_fail(err, MZG_ERANGE,
                        "the pixels lie in a box of %" PRId64 " x %" PRId64 " x %" PRId64
                        " cells (x, y, z), more than %s: correct their positions%s",
                        cells[0], cells[1], cells[2],
                        is_too_large ? "the 2^59 that a raster can have" : "2^32",
                        is_too_large ? "" : ", or use --allow-large-grid");
    *size = (struct mzg_raster_size){.width = cells[0], .height = cells[1], .depth = cells[2]};
    return MZG_OK;
}

/* Puts a zero between any two bits of `value`. */
static uint64_t spread(uint32_t value)
{
    uint64_t bits = value;
    bits = (bits | bits << 16) & UINT64_C(0x0000ffff0000ffff);
    bits = (bits | bits << 8) & UINT64_C(0x00ff00ff00ff00ff);
    bits = (bits | bits << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    bits = (bits | bits << 2) & UINT64_C(0x3333333333333333);
    return (bits | bits << 1) & UINT64_C(0x5555555555555555);
}

/* Takes every other bit of `bits`, from the lowest. */
static uint32_t gather(uint64_t bits)
{
    bits &= UINT64_C(0x5555555555555555);
    bits = (bits | bits >> 1) & UINT64_C(0x3333333333333333);
    bits = (bits | bits >> 2) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    bits = (bits | bits >> 4) & UINT64_C(0x00ff00ff00ff00ff);
    bits = (bits | bits >> 8) & UINT64_C(0x0000ffff0000ffff);
    return (uint32_t)(bits | bits >> 16);
}

uint32_t mzg_cell_x(const struct mzg_cell *cell)
{
    return gather(cell->code);
}

uint32_t mzg_cell_y(const struct mzg_cell *cell)
{
    return gather(cell->code >> 1);
}

/* As float32, with what lies beyond its range at the end of it. */
static float to_float(double value)
{
    if (value > (double)FLT_MAX)
        return FLT_MAX;
    return value < -(double)FLT_MAX ? -FLT_MAX : (float)value;
}

enum mzg_status mzg_cells_new(const struct mzg_sdata_geometry *geometry,
                              const struct mzg_sdata_pixels *pixels, struct mzg_cell **cells,
                              struct mzg_error *err)
{
    const int32_t *positions[3] = {pixels->x, pixels->y, pixels->z};
    int64_t bytes = mzg_size_product(pixels->n, sizeof(struct mzg_cell));
    struct mzg_cell *new_cells = bytes < 0 ? NULL : malloc((size_t)bytes + 1);
    if (!new_cells)
        return mzg_fail(err, MZG_ENOMEM, "no memory to order %" PRId64 " pixels for the rasters", pixels->n);

    for (int64_t i = 0; i < pixels->n; i++) {
        uint32_t at[3];
        for (int d = 0; d < 3; d++) {
            int32_t position = positions[d][i];
            if (position < geometry->min[d] || position > geometry->max[d]) {
                free(new_cells);
                return mzg_fail(err, MZG_ERANGE,
                                "pixel %" PRId64 " lies at %" PRId32 ", outside %" PRId32 " to %" PRId32
                                " in dimension %d",
                                i, position, geometry->min[d], geometry->max[d], d);
            }
            at[d] = (uint32_t)position - (uint32_t)geometry->min[d];
        }
        new_cells[i] = (struct mzg_cell){.code = spread(at[0]) | spread(at[1]) << 1,
                                         .label = pixels->instance_key[i],
                                         .value = to_float(pixels->tic[i]),
                                         .z = at[2]};
    }
    mzg_cells_sort(new_cells, pixels->n);
    *cells = new_cells;
    return MZG_OK;
}

/* How many of the two cells that become cell `half` lie within `size`. */
static int children(uint32_t half, int64_t size)
{
    return 2 * (int64_t)half + 1 < size ? 2 : 1;
}

int64_t mzg_cells_halve(struct mzg_cell *cells, int64_t n, struct mzg_raster_size *size)
{
    int64_t left = 0;
    for (int64_t i = 0; i < n;) {
        struct mzg_cell parent = {.code = cells[i].code >> 2, .z = cells[i].z};
        double sum = 0;
        for (; i < n && cells[i].code >> 2 == parent.code && cells[i].z == parent.z; i++)
            sum += (double)cells[i].value;
        int count = children(mzg_cell_x(&parent), size->width) * children(mzg_cell_y(&parent), size->height);
        parent.value = (float)(sum / count);
        cells[left++] = parent;
    }
    size->width = (size->width + 1) / 2;
    size->height = (size->height + 1) / 2;
    return left;
}
