/* From positions of spectra to pixels: distinct positions, numbered in the order of their first spectrum.
 * Pure. */
#ifndef MZG_INPUT_PIXELS_H
#define MZG_INPUT_PIXELS_H

#include <mzgrid/error.h>
#include <stddef.h>
#include <stdint.h>

/* The coordinate of a spectrum without a usable position. */
#define MZG_NO_COORDINATE INT32_MIN

/* Pixel i has the spectra spectra[begin[i]] … spectra[begin[i + 1] - 1], ascending. Both NULL if no
 * position occurs twice and none was left out: pixel i is then spectrum i. */
struct mzg_pixels {
    int64_t n;
    int64_t n_duplicate; /* with more than one spectrum */
    int64_t *begin;      /* n + 1 */
    int64_t *spectra;    /* one for each spectrum */
    int64_t *ordinals;   /* n: the numbers that the pixels had before others were left out; NULL: none was */
};

/* The k-th spectrum of a pixel, and how many it has. */
static inline int64_t mzg_pixels_spectrum(const struct mzg_pixels *pixels, int64_t pixel, int64_t k)
{
    return pixels->begin ? pixels->spectra[pixels->begin[pixel] + k] : pixel;
}

static inline int64_t mzg_pixels_count(const struct mzg_pixels *pixels, int64_t pixel)
{
    return pixels->begin ? pixels->begin[pixel + 1] - pixels->begin[pixel] : 1;
}

/* `positions` points to x, y, z of the first of n spectra, those of the next lie `stride` bytes further on. A
 * spectrum whose x is INT32_MIN has no position and is a pixel of its own. Takes up to 32 bytes a spectrum
 * where a position occurs twice or the positions lie far apart, else a bit for each cell of their bounding
 * box. Fails with MZG_ENOMEM. */
enum mzg_status mzg_pixels_number(const int32_t *positions, size_t stride, int64_t n,
                                  struct mzg_pixels *pixels, struct mzg_error *err);

void mzg_pixels_destroy(struct mzg_pixels *pixels);

/* Widens the box [min, max] by the positions that are there; the caller begins with min = INT32_MAX, max =
 * INT32_MIN. */
void mzg_pixels_box(const int32_t *positions, size_t stride, int64_t n, int32_t min[3], int32_t max[3]);

#endif
