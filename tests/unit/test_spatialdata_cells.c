/* Cells on the Z curve, and the levels of a pyramid made of them against means computed on a full raster. */
#include <core/memory.h>
#include <spatialdata/cells.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <float.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

Test(cells, come_in_the_order_of_the_curve)
{
    const int32_t x[] = {11, 10, 10, 12, 10}, y[] = {20, 21, 20, 20, 20}, z[] = {5, 5, 5, 5, 4};
    const int32_t key[] = {1, 2, 3, 4, 5};
    const double tic[] = {0.5, 1, 2, 3, 1e300};
    struct mzg_sdata_geometry geometry = {.min = {10, 20, 4}, .max = {12, 21, 5}};
    struct mzg_sdata_pixels pixels = {.n = 5, .x = x, .y = y, .z = z, .instance_key = key, .tic = tic};
    struct mzg_cell *cells;
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_cells_new(&geometry, &pixels, &cells, &err), MZG_OK));
    const int32_t expected[] = {5, 3, 1, 2, 4};
    for (int i = 0; i < 5; i++)
        cr_expect(eq(i32, cells[i].label, expected[i]));
    cr_expect(eq(u32, mzg_cell_x(&cells[4]), 2));
    cr_expect(eq(u32, mzg_cell_y(&cells[4]), 0));
    cr_expect(eq(flt, cells[0].value, FLT_MAX));
    free(cells);
}

Test(cells, corners_of_the_largest_plane_keep_their_positions)
{
    const int32_t x[] = {INT32_MIN, INT32_MAX}, y[] = {INT32_MAX, INT32_MIN}, z[] = {0, 0}, key[] = {1, 2};
    const double tic[] = {1, 1};
    struct mzg_sdata_geometry geometry = {.min = {INT32_MIN, INT32_MIN, 0}, .max = {INT32_MAX, INT32_MAX, 0}};
    struct mzg_sdata_pixels pixels = {.n = 2, .x = x, .y = y, .z = z, .instance_key = key, .tic = tic};
    struct mzg_cell *cells;
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_cells_new(&geometry, &pixels, &cells, &err), MZG_OK));
    cr_expect(eq(u32, mzg_cell_x(&cells[0]), UINT32_MAX));
    cr_expect(eq(u32, mzg_cell_y(&cells[0]), 0));
    cr_expect(eq(u32, mzg_cell_x(&cells[1]), 0));
    cr_expect(eq(u32, mzg_cell_y(&cells[1]), UINT32_MAX));
    free(cells);
}

Test(cells, pixel_outside_the_box_is_an_error)
{
    const int32_t x[] = {1, 4}, ones[] = {1, 1};
    const double tic[] = {1, 1};
    struct mzg_sdata_geometry geometry = {.min = {1, 1, 1}, .max = {3, 3, 1}};
    struct mzg_sdata_pixels pixels = {.n = 2, .x = x, .y = ones, .z = ones, .instance_key = ones, .tic = tic};
    struct mzg_cell *cells = NULL;
    struct mzg_error err = {0};
    cr_expect(eq(int, mzg_cells_new(&geometry, &pixels, &cells, &err), MZG_ERANGE));
    cr_expect_null(cells);
}

Test(cells, more_than_2_32_need_permission)
{
    struct mzg_sdata_geometry geometry = {.min = {1, 1, 1}, .max = {65536, 65536, 1}};
    struct mzg_raster_size size;
    struct mzg_error err = {0};
    cr_expect(eq(int, mzg_raster_size(&geometry, &size, &err), MZG_OK));
    cr_expect(eq(i64, size.width, 65536));
    geometry.max[0]++;
    cr_expect(eq(int, mzg_raster_size(&geometry, &size, &err), MZG_ERANGE));
    cr_expect_not_null(strstr(err.text, "65537 x 65536 x 1"));
    cr_expect_not_null(strstr(err.text, "--allow-large-grid"));
    err.status = MZG_OK;
    geometry.allow_large = true;
    cr_expect(eq(int, mzg_raster_size(&geometry, &size, &err), MZG_OK));
    geometry = (struct mzg_sdata_geometry){.min = {INT32_MIN, INT32_MIN, INT32_MIN},
                                           .max = {INT32_MAX, INT32_MAX, INT32_MAX},
                                           .allow_large = true};
    cr_expect(eq(int, mzg_raster_size(&geometry, &size, &err), MZG_ERANGE));
    cr_expect_null(strstr(err.text, "--allow-large-grid")); /* which would not help */
    err.status = MZG_OK;
    geometry =
        (struct mzg_sdata_geometry){.min = {1, 1, 1}, .max = {1 << 30, 1 << 29, 1}, .allow_large = true};
    cr_expect(eq(int, mzg_raster_size(&geometry, &size, &err), MZG_OK));
    geometry.max[2] = 2;
    cr_expect(eq(int, mzg_raster_size(&geometry, &size, &err), MZG_ERANGE));
    cr_expect_not_null(strstr(err.text, "more than the 2^59"));
    err.status = MZG_OK;
    geometry = (struct mzg_sdata_geometry){.min = {5, 1, 1}, .max = {4, 1, 1}};
    cr_expect(eq(int, mzg_raster_size(&geometry, &size, &err), MZG_ERANGE));
}

enum { WIDTH = 13, HEIGHT = 7 };

/* One step down on a full raster: means of the cells that exist. */
static void halve_raster(const float *from, int width, int height, float *to)
{
    for (int y = 0; y < (height + 1) / 2; y++) {
        for (int x = 0; x < (width + 1) / 2; x++) {
            double sum = 0;
            int n = 0;
            for (int k = 0; k < 4; k++) {
                int at_x = 2 * x + k % 2, at_y = 2 * y + k / 2;
                if (at_x < width && at_y < height) {
                    sum += (double)from[at_y * width + at_x];
                    n++;
                }
            }
            to[y * ((width + 1) / 2) + x] = (float)(sum / n);
        }
    }
}

Test(cells, levels_are_means_of_the_existing_cells)
{
    float raster[WIDTH * HEIGHT] = {0}, halved[WIDTH * HEIGHT];
    int32_t x[WIDTH * HEIGHT], y[WIDTH * HEIGHT], ones[WIDTH * HEIGHT];
    double tic[WIDTH * HEIGHT];
    int64_t n = 0;
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        if (i % 4 == 1)
            continue;
        x[n] = i % WIDTH;
        y[n] = i / WIDTH;
        ones[n] = 1;
        raster[i] = (float)(tic[n] = 0.1F * (float)(i * 29 % 37));
        n++;
    }
    struct mzg_sdata_geometry geometry = {.min = {0, 0, 1}, .max = {WIDTH - 1, HEIGHT - 1, 1}};
    struct mzg_sdata_pixels pixels = {.n = n, .x = x, .y = y, .z = ones, .instance_key = ones, .tic = tic};
    struct mzg_cell *cells;
    struct mzg_raster_size size;
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_raster_size(&geometry, &size, &err), MZG_OK));
    cr_assert(eq(int, mzg_cells_new(&geometry, &pixels, &cells, &err), MZG_OK));

    int width = WIDTH, height = HEIGHT;
    while (width > 1 || height > 1) {
        halve_raster(raster, width, height, halved);
        n = mzg_cells_halve(cells, n, &size);
        width = (width + 1) / 2;
        height = (height + 1) / 2;
        cr_assert(eq(i64, size.width, width));
        cr_assert(eq(i64, size.height, height));
        memset(raster, 0, sizeof raster);
        for (int64_t i = 0; i < n; i++)
            raster[mzg_cell_y(&cells[i]) * (uint32_t)width + mzg_cell_x(&cells[i])] = cells[i].value;
        cr_expect_arr_eq(raster, halved, (size_t)(width * height) * sizeof *raster);
    }
    free(cells);
}

/* Numbers that look random, the same on each machine. */
static uint32_t next_number(uint32_t *state)
{
    return *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
}

static int compare(const struct mzg_cell *a, const struct mzg_cell *b)
{
    if (a->z != b->z)
        return a->z < b->z ? -1 : 1;
    if (a->code != b->code)
        return a->code < b->code ? -1 : 1;
    return (a->label > b->label) - (a->label < b->label);
}

/* Sorts `n` cells with this many bits of z, code and label that differ, and follows them by their values. */
static void expect_order(int64_t n, int z_bits, int code_bits, int label_bits)
{
    uint32_t state = 1;
    struct mzg_cell *cells = malloc((size_t)n * sizeof *cells), *before = malloc((size_t)n * sizeof *before);
    bool *seen = calloc((size_t)n, sizeof *seen);
    cr_assert(cells && before && seen);
    for (int64_t i = 0; i < n; i++) {
        uint64_t code = (uint64_t)next_number(&state) << 32;
        code |= next_number(&state);
        before[i] = cells[i] = (struct mzg_cell){.z = z_bits ? next_number(&state) >> (32 - z_bits) : 3,
                                                 .code = code_bits ? code >> (64 - code_bits) : 5,
                                                 .value = (float)i};
        uint32_t label = label_bits ? next_number(&state) >> (32 - label_bits) : 0;
        before[i].label = cells[i].label = (int32_t)label - (label_bits > 30 ? 0 : 7);
    }
    mzg_cells_sort(cells, n);
    for (int64_t i = 0; i < n; i++) {
        int64_t from = (int64_t)cells[i].value;
        cr_assert(eq(int, seen[from], 0));
        cr_assert(eq(int, compare(&cells[i], &before[from]), 0));
        seen[from] = true;
        if (i > 0)
            cr_assert(compare(&cells[i - 1], &cells[i]) <= 0, "cell %ld", (long)i);
    }
    free(cells);
    free(before);
    free(seen);
}

Test(cells, are_sorted_by_plane_curve_and_label)
{
    for (int64_t n = 1; n < 60; n++)
        expect_order(n, 2, 3, 3);
    expect_order(20000, 0, 64, 32); /* values are exact up to 2^24 */
    expect_order(20000, 32, 20, 4);
    expect_order(20000, 1, 6, 32);
    expect_order(20000, 0, 0, 3);
    expect_order(20000, 0, 0, 0);
    expect_order(20000, 0, 30, 0);
}

Test(cells, are_sorted_without_memory_of_their_number)
{
    enum { N = 1 << 20 };
    uint32_t state = 1;
    struct mzg_cell *cells = malloc(N * sizeof *cells);
    cr_assert(cells != NULL);
    for (int64_t i = 0; i < N; i++)
        cells[i] = (struct mzg_cell){.code = next_number(&state)};
    int64_t before = mzg_memory_peak();
    mzg_cells_sort(cells, N);
    cr_expect(lt(i64, mzg_memory_peak() - before, (int64_t)(N * sizeof *cells / 4)));
    free(cells);
}
