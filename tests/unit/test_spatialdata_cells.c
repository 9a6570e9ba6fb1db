/* Cells on the Z curve, and the levels of a pyramid made of them against means computed on a full raster. */
#include <spatialdata/cells.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <float.h>
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
