#include <zarr/box.h>

#include <string.h>

int64_t mzg_block_items(int n, const int64_t *shape)
{
    int64_t items = 1;
    for (int d = 0; d < n; d++)
        items *= shape[d];
    return items;
}

void mzg_block_coordinates(int n, const int64_t *grid, int64_t i, int64_t *coordinates)
{
    for (int d = n - 1; d >= 0; d--) {
        coordinates[d] = i % grid[d];
        i /= grid[d];
    }
}

void mzg_block_copy(int n_dimensions, size_t item_size, const void *source, const int64_t *source_shape,
                    const int64_t *origin, const int64_t *count, void *target, const int64_t *target_shape)
{
    if (n_dimensions == 0) {
        memcpy(target, source, item_size);
        return;
    }
    size_t source_step = item_size * (size_t)mzg_block_items(n_dimensions - 1, source_shape + 1);
    size_t target_step = item_size * (size_t)mzg_block_items(n_dimensions - 1, target_shape + 1);
    const unsigned char *from = (const unsigned char *)source + (size_t)origin[0] * source_step;
    if (n_dimensions == 1) {
        memcpy(target, from, (size_t)count[0] * item_size);
        return;
    }
    for (int64_t i = 0; i < count[0]; i++)
        mzg_block_copy(n_dimensions - 1, item_size, from + (size_t)i * source_step, source_shape + 1,
                       origin + 1, count + 1, (unsigned char *)target + (size_t)i * target_step,
                       target_shape + 1);
}
