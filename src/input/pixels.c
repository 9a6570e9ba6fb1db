#include <core/memory.h>
#include <input/pixels.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct positions {
    const int32_t *first;
    size_t stride;
};

static const int32_t *position(const struct positions *positions, int64_t i)
{
    return (const int32_t *)((const char *)positions->first + (size_t)i * positions->stride);
}

static bool has_position(const int32_t *xyz)
{
    return xyz[0] != INT32_MIN;
}

void mzg_pixels_box(const int32_t *positions, size_t stride, int64_t n, int32_t min[3], int32_t max[3])
{
    struct positions all = {positions, stride};
    for (int64_t i = 0; i < n; i++) {
        const int32_t *xyz = position(&all, i);
        for (int d = 0; d < 3 && has_position(xyz); d++) {
            if (xyz[d] < min[d])
                min[d] = xyz[d];
            if (xyz[d] > max[d])
                max[d] = xyz[d];
        }
    }
}

/* Looks for a position that occurs twice by ticking off the cells of the bounding box; gives up, as if there
 * were one, when the box has more than 64 cells a spectrum. */
static bool may_repeat(const struct positions *positions, int64_t n)
{
    int32_t min[3] = {INT32_MAX, INT32_MAX, INT32_MAX}, max[3] = {INT32_MIN, INT32_MIN, INT32_MIN};
    mzg_pixels_box(positions->first, positions->stride, n, min, max);
    if (min[0] > max[0])
        return false; /* no positions at all */

    int64_t extent[3];
    for (int d = 0; d < 3; d++)
        extent[d] = (int64_t)max[d] - min[d] + 1;
    int64_t cells = mzg_size_product3(extent[0], extent[1], extent[2]);
    if (cells < 0 || cells / 64 > n)
        return true;
    unsigned char *seen = calloc((size_t)cells / 8 + 1, 1);
    bool repeats = !seen;
    for (int64_t i = 0; i < n && !repeats; i++) {
        const int32_t *xyz = position(positions, i);
        if (!has_position(xyz))
            continue;
        int64_t cell = ((int64_t)xyz[2] - min[2]) * extent[1] + ((int64_t)xyz[1] - min[1]);
        cell = cell * extent[0] + ((int64_t)xyz[0] - min[0]);
        unsigned char bit = (unsigned char)(1 << (cell % 8));
        repeats = seen[cell / 8] & bit;
        seen[cell / 8] |= bit;
    }
    free(seen);
    return repeats;
}

/* By position, then by ordinal. */
static int compare(const void *a, const void *b, void *context)
{
    int64_t i = *(const int64_t *)a, k = *(const int64_t *)b;
    const int32_t *p = position(context, i), *q = position(context, k);
    for (int d = 2; d >= 0; d--)
        if (p[d] != q[d])
            return p[d] < q[d] ? -1 : 1;
    return i < k ? -1 : i > k;
}

static bool same_pixel(const struct positions *positions, int64_t i, int64_t k)
{
    const int32_t *p = position(positions, i), *q = position(positions, k);
    return has_position(p) && memcmp(p, q, 3 * sizeof *p) == 0;
}

/* first[i] becomes the first spectrum at the position of spectrum i, from `order`, the spectra sorted by
 * position. */
static void find_first(const struct positions *positions, const int64_t *order, int64_t n, int64_t *first)
{
    for (int64_t k = 0; k < n; k++)
        first[order[k]] =
            k > 0 && same_pixel(positions, order[k - 1], order[k]) ? first[order[k - 1]] : order[k];
}

/* Turns first[] into the lists of spectra by pixel. `spectra` is overwritten. */
static void list_spectra(int64_t *first, int64_t n, struct mzg_pixels *pixels)
{
    int64_t *begin = pixels->begin;
    memset(begin, 0, ((size_t)n + 1) * sizeof *begin);
    /* first[i] becomes the number of the pixel: a first spectrum comes before all others of its pixel. */
    for (int64_t i = 0; i < n; i++) {
        first[i] = first[i] == i ? pixels->n++ : first[first[i]];
        begin[first[i] + 1]++;
    }
    for (int64_t p = 0; p < pixels->n; p++) {
        pixels->n_duplicate += begin[p + 1] > 1;
        begin[p + 1] += begin[p];
    }
    for (int64_t i = 0; i < n; i++)
        pixels->spectra[begin[first[i]]++] = i;
    /* Each begin[p] has moved on to begin[p + 1]. */
    memmove(begin + 1, begin, (size_t)pixels->n * sizeof *begin);
    begin[0] = 0;
}

enum mzg_status mzg_pixels_number(const int32_t *positions, size_t stride, int64_t n,
                                  struct mzg_pixels *pixels, struct mzg_error *err)
{
    struct positions all = {positions, stride};
    *pixels = (struct mzg_pixels){.n = n};
    if (!may_repeat(&all, n))
        return MZG_OK;

    *pixels = (struct mzg_pixels){0};
    size_t size = (size_t)n * sizeof(int64_t);
    int64_t *first = malloc(size + sizeof *first);
    pixels->spectra = malloc(size + sizeof *pixels->spectra);
    pixels->begin = malloc(size + sizeof *pixels->begin);
    if (!first || !pixels->spectra || !pixels->begin) {
        free(first);
        mzg_pixels_destroy(pixels);
        return mzg_fail(err, MZG_ENOMEM, "no memory to number the pixels of %" PRId64 " spectra", n);
    }
    for (int64_t i = 0; i < n; i++)
        pixels->spectra[i] = i;
    qsort_r(pixels->spectra, (size_t)n, sizeof *pixels->spectra, compare, &all);
    find_first(&all, pixels->spectra, n, first);
    list_spectra(first, n, pixels);
    free(first);
    if (pixels->n_duplicate == 0) {
        mzg_pixels_destroy(pixels);
        pixels->n = n;
    }
    return MZG_OK;
}

void mzg_pixels_destroy(struct mzg_pixels *pixels)
{
    free(pixels->begin);
    free(pixels->spectra);
    free(pixels->ordinals);
    *pixels = (struct mzg_pixels){0};
}
