/* Tiles on the Z curve against counting all that come before. */
#include <core/block.h>
#include <spatialdata/tiles.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* Bit by bit, as no code of the library does it. */
static int64_t code_of(int64_t column, int64_t row)
{
    int64_t code = 0;
    for (int bit = 0; bit < 20; bit++)
        code += ((column >> bit) % 2) * ((int64_t)1 << (2 * bit)) +
                ((row >> bit) % 2) * ((int64_t)1 << (2 * bit + 1));
    return code;
}

Test(tiles, are_numbered_along_the_curve)
{
    const int64_t sizes[][2] = {{1, 1}, {5, 5}, {3, 1}, {1, 6}, {7, 2}, {4, 9}};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        struct mzg_raster_size size = {
            .width = sizes[k][0] * 2048 - 5, .height = sizes[k][1] * 2048 - 2047, .depth = 1};
        struct mzg_tiles tiles = mzg_tiles_of(&size, 3);
        cr_assert(eq(i64, tiles.columns, sizes[k][0]));
        cr_assert(eq(i64, tiles.rows, sizes[k][1]));
        for (int64_t tile = 0; tile < tiles.columns * tiles.rows; tile++) {
            int64_t column = tile % tiles.columns, row = tile / tiles.columns, before = 0;
            for (int64_t i = 0; i < tiles.columns * tiles.rows; i++)
                before += code_of(i % tiles.columns, i / tiles.columns) < code_of(column, row);
            cr_expect(eq(i64, mzg_tiles_before(&tiles, column, row), before));
        }
    }
}

/* Three planes of 5 x 3 tiles: 45 for 4 ranks. At the next level 3 x 2 tiles cover a plane. */
Test(tiles, go_to_ranks_in_their_order)
{
    struct mzg_raster_size size = {.width = 5 * 2048, .height = 3 * 2048, .depth = 3};
    struct mzg_tiles tiles = mzg_tiles_of(&size, 4);
    for (int level = 0; level < 2; level++) {
        for (uint32_t z = 0; z < 3; z++) {
            for (int64_t tile = 0; tile < (level == 0 ? 15 : 6); tile++) {
                int64_t column = tile % (level == 0 ? 5 : 3), row = tile / (level == 0 ? 5 : 3), before = 0;
                for (int64_t i = 0; i < 15; i++)
                    before += code_of(i % 5, i / 5) < code_of(column << level, row << level);
                struct mzg_cell cell = {.code = (uint64_t)code_of(column * 2048 + 3, row * 2048 + 2047),
                                        .z = z};
                int64_t counts[4], number = z * 15 + before;
                mzg_tiles_count(&tiles, level, &cell, 1, counts);
                for (int rank = 0; rank < 4; rank++) {
                    struct mzg_block share = mzg_block_of(45, 4, rank);
                    bool has_it = number >= share.first && number < share.first + share.count;
                    cr_expect(eq(i64, counts[rank], has_it));
                }
            }
        }
    }
}

/* Ranks side by side share a node, which would have all tiles if the first ranks had them. */
Test(tiles, that_are_fewer_than_ranks_lie_far_apart)
{
    struct mzg_raster_size size = {.width = 2 * 2048, .height = 2048, .depth = 2};
    const struct mzg_tiles tiles = mzg_tiles_of(&size, 16);
    for (uint32_t tile = 0; tile < 4; tile++) {
        struct mzg_cell cell = {.code = (uint64_t)code_of((int64_t)(tile % 2) * 2048 + 1, 2047),
                                .z = tile / 2};
        int64_t counts[16];
        mzg_tiles_count(&tiles, 0, &cell, 1, counts);
        for (int rank = 0; rank < 16; rank++)
            cr_expect(eq(i64, counts[rank], rank == 4 * (int)tile));
    }
    for (int rank = 0; rank < 16; rank++)
        cr_expect(eq(i64, mzg_tiles_of_rank(&tiles, rank), rank % 4 == 0));
    size = (struct mzg_raster_size){.width = 5 * 2048, .height = 3 * 2048, .depth = 3};
    const struct mzg_tiles many = mzg_tiles_of(&size, 4);
    for (int rank = 0; rank < 4; rank++)
        cr_expect(eq(i64, mzg_tiles_of_rank(&many, rank), mzg_block_of(45, 4, rank).count));
}
