/* Positions → pixels: numbered by first appearance, duplicates together. */
#include <input/pixels.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

enum { STRIDE = 3 * sizeof(int32_t) };

static struct mzg_pixels number(const int32_t *positions, int64_t n)
{
    struct mzg_pixels pixels;
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_pixels_number(positions, STRIDE, n, &pixels, &err), MZG_OK));
    return pixels;
}

Test(pixels, without_duplicates_there_is_no_table)
{
    static const int32_t positions[] = {3, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1};
    struct mzg_pixels pixels = number(positions, 4);
    cr_expect(eq(i64, pixels.n, 4));
    cr_expect(eq(i64, pixels.n_duplicate, 0));
    cr_expect(pixels.begin == NULL && pixels.spectra == NULL);
}

Test(pixels, duplicates_are_numbered_by_first_appearance)
{
    /* a b a c b a */
    static const int32_t positions[] = {5, 5, 1, 1, 1, 1, 5, 5, 1, 0, 9, 1, 1, 1, 1, 5, 5, 1};
    struct mzg_pixels pixels = number(positions, 6);
    cr_assert(eq(i64, pixels.n, 3));
    cr_expect(eq(i64, pixels.n_duplicate, 2));
    static const int64_t begin[] = {0, 3, 5, 6}, spectra[] = {0, 2, 5, 1, 4, 3};
    for (int i = 0; i < 4; i++)
        cr_expect(eq(i64, pixels.begin[i], begin[i]));
    for (int i = 0; i < 6; i++)
        cr_expect(eq(i64, pixels.spectra[i], spectra[i]));
    mzg_pixels_destroy(&pixels);
}

Test(pixels, planes_are_apart)
{
    static const int32_t positions[] = {1, 1, 1, 1, 1, 2, 1, 1, 3};
    struct mzg_pixels pixels = number(positions, 3);
    cr_expect(eq(i64, pixels.n, 3));
    cr_expect(eq(i64, pixels.n_duplicate, 0));
}

/* The box of these has more cells than memory: the other way to find duplicates. */
Test(pixels, far_apart)
{
    static const int32_t positions[] = {INT32_MIN + 1, 0, 1, INT32_MAX, INT32_MAX, 1, 7, 7, INT32_MAX};
    struct mzg_pixels pixels = number(positions, 3);
    cr_expect(eq(i64, pixels.n, 3));
    cr_expect(pixels.begin == NULL);

    static const int32_t repeated[] = {INT32_MIN + 1, 0, 1, INT32_MAX, INT32_MAX, 1, INT32_MIN + 1, 0, 1};
    pixels = number(repeated, 3);
    cr_expect(eq(i64, pixels.n, 2));
    cr_expect(eq(i64, pixels.n_duplicate, 1));
    cr_expect(eq(i64, pixels.spectra[1], 2));
    mzg_pixels_destroy(&pixels);
}

Test(pixels, spectra_without_position_are_pixels_of_their_own)
{
    const int32_t none = INT32_MIN;
    const int32_t positions[] = {none, none, none, 1, 1, 1, none, none, none, 1, 1, 1};
    struct mzg_pixels pixels = number(positions, 4);
    cr_expect(eq(i64, pixels.n, 3));
    cr_expect(eq(i64, pixels.n_duplicate, 1));
    static const int64_t spectra[] = {0, 1, 3, 2};
    for (int i = 0; i < 4; i++)
        cr_expect(eq(i64, pixels.spectra[i], spectra[i]));
    mzg_pixels_destroy(&pixels);

    pixels = number(positions, 1);
    cr_expect(eq(i64, pixels.n, 1));
    int32_t min[3] = {INT32_MAX, INT32_MAX, INT32_MAX}, max[3] = {INT32_MIN, INT32_MIN, INT32_MIN};
    mzg_pixels_box(positions, STRIDE, 4, min, max);
    for (int d = 0; d < 3; d++)
        cr_expect(min[d] == 1 && max[d] == 1, "they do not count for the box");
}

/* Against the plain definition, on many small random grids. */
Test(pixels, as_defined)
{
    enum { N = 60 };
    srand(7);
    for (int round = 0; round < 200; round++) {
        int32_t positions[3 * N];
        int width = 1 + rand() % 12;
        for (int i = 0; i < 3 * N; i++)
            positions[i] = i % 3 == 2 ? 1 : rand() % width;
        struct mzg_pixels pixels = number(positions, N);
        int64_t next = 0, seen = 0;
        for (int i = 0; i < N; i++) {
            bool first = true;
            for (int k = 0; k < i && first; k++)
                first = memcmp(positions + 3 * i, positions + 3 * k, STRIDE) != 0;
            if (!first)
                continue;
            for (int k = i; k < N && pixels.begin; k++)
                if (memcmp(positions + 3 * i, positions + 3 * k, STRIDE) == 0)
                    cr_expect(eq(i64, pixels.spectra[seen++], k));
            next++;
            cr_expect(pixels.begin == NULL || pixels.begin[next] == seen);
        }
        cr_expect(eq(i64, pixels.n, next));
        mzg_pixels_destroy(&pixels);
    }
}
