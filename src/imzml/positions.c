#include <core/memory.h>
#include <imzml/positions.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A raster is nearly empty with more cells for each pixel, and worth a word with more cells. */
enum { CELLS_OF_PIXEL = 100, CELLS = 100000 };

/* The polarity as spectra are told apart by it: what a spectrum does not state is that of the file, or the
 * only one of its level, with which it is read. */
static int polarity_of(const struct mzg_imzml_entry *entry, const struct mzg_kinds *kinds, int level)
{
    bool vary = kinds->n[level][MZG_POLARITY_POSITIVE] > 0 && kinds->n[level][MZG_POLARITY_NEGATIVE] > 0;
    enum mzg_polarity stated = mzg_entry_polarity(entry);
    if (!vary)
        return MZG_POLARITY_UNKNOWN;
    return stated != MZG_POLARITY_UNKNOWN ? (int)stated : (int)kinds->unstated;
}

/* The spectra of a pixel that are the first two of one kind: false if there are none. */
static bool find_pair(const struct mzg_imzml_entry *entries, const struct mzg_pixels *pixels,
                      const struct mzg_kinds *kinds, int64_t pixel, int64_t *first, int64_t *second)
{
    int64_t seen[MZG_MS_LEVELS][MZG_POLARITIES] = {0};
    int64_t n = mzg_pixels_count(pixels, pixel);
    for (int64_t k = 0; k < n && n > 1; k++) {
        int64_t i = mzg_pixels_spectrum(pixels, pixel, k);
        int level = mzg_entry_level(&entries[i]) > 0 ? mzg_entry_level(&entries[i]) : 1;
        int64_t *one = &seen[level][polarity_of(&entries[i], kinds, level)];
        *first = *one - 1;
        *second = i;
        if (*one > 0)
            return true;
        *one = i + 1;
    }
    return false;
}

/* Lines that lost their numbers all lie on the first. */
static bool is_one_line(const struct mzg_dataset *dataset)
{
    return dataset->n_pixels > 1 && dataset->min[1] == dataset->max[1] && dataset->min[2] == dataset->max[2];
}

/* Spectra of different kinds at one pixel are none, wherever they are read side by side. */
static void find_duplicates(const struct mzg_imzml_entry *entries, const struct mzg_pixels *pixels,
                            const struct mzg_dataset *dataset, struct mzg_findings *findings)
{
    for (int64_t p = 0; p < pixels->n && pixels->n_duplicate > 0; p++) {
        int64_t first, second;
        if (!find_pair(entries, pixels, &dataset->kinds, p, &first, &second))
            continue;
        char line[80] = "";
        if (is_one_line(dataset))
            snprintf(line, sizeof line, ", all with y = %d: have lines lost their number (IMS:1000051)?",
                     dataset->min[1]);
        mzg_find(findings, MZG_FOUND_DUPLICATES,
                 "(%d,%d), spectra %" PRId64 " and %" PRId64 "; %" PRId64 " spectra at %" PRId64
                 " positions%s",
                 entries[first].position[0], entries[first].position[1], first + 1, second + 1,
                 dataset->n_spectra, dataset->n_pixels, line);
    }
}

static int compare(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static int64_t divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The pixels along one direction: the greatest common divisor of their distances, and between which
 * coordinates most of them lie, where one gap takes more than half of the extent. `x` is sorted on the way.
 */
struct spread {
    int64_t step;
    int32_t low, high;
};

static struct spread spread_of(int32_t *x, int64_t n)
{
    struct spread spread = {.step = 0};
    int64_t widest = 1; /* the gap before it */
    qsort(x, (size_t)n, sizeof *x, compare);
    for (int64_t i = 1; i < n; i++) {
        spread.step = divisor((int64_t)x[i] - x[0], spread.step);
        if ((int64_t)x[i] - x[i - 1] > (int64_t)x[widest] - x[widest - 1])
            widest = i;
    }
    bool is_apart = n > 1 && 2 * ((int64_t)x[widest] - x[widest - 1]) > (int64_t)x[n - 1] - x[0];
    bool most_above = n - widest > widest;
    spread.low = is_apart && most_above ? x[widest] : x[0];
    spread.high = is_apart && !most_above ? x[widest - 1] : x[n - 1];
    return spread;
}

/* Room for n coordinates, those of direction d; NULL if there is no memory. `n` becomes how many there
 * are. */
static int32_t *coordinates(const struct mzg_imzml_entry *entries, const struct mzg_pixels *pixels, int d,
                            int64_t *n)
{
    int32_t *x = malloc((size_t)pixels->n * sizeof *x);
    *n = 0;
    for (int64_t p = 0; x && p < pixels->n; p++) {
        int32_t value = entries[mzg_pixels_spectrum(pixels, p, 0)].position[d];
        if (value != MZG_NO_COORDINATE)
            x[(*n)++] = value;
    }
    return x;
}

static int64_t count_inside(const struct mzg_imzml_entry *entries, const struct mzg_pixels *pixels,
                            const struct spread spread[2])
{
    int64_t n = 0;
    for (int64_t p = 0; p < pixels->n; p++) {
        const int32_t *at = entries[mzg_pixels_spectrum(pixels, p, 0)].position;
        n += at[0] >= spread[0].low && at[0] <= spread[0].high && at[1] >= spread[1].low &&
             at[1] <= spread[1].high;
    }
    return n;
}

/* A spot far from all others, or positions that are lengths, make a raster of which nearly all is empty. */
static void find_sparse(const struct mzg_imzml_entry *entries, const struct mzg_pixels *pixels,
                        const struct mzg_dataset *dataset, struct mzg_findings *findings)
{
    struct spread spread[2];
    int64_t extent[3], n = 0;
    for (int d = 0; d < 3; d++)
        extent[d] = (int64_t)dataset->max[d] - dataset->min[d] + 1;
    int64_t cells = mzg_size_product3(extent[0], extent[1], extent[2]);
    if (extent[0] < 1 || (cells >= 0 && (cells < CELLS || cells / CELLS_OF_PIXEL <= pixels->n)))
        return;
    for (int d = 0; d < 2; d++) {
        int32_t *x = coordinates(entries, pixels, d, &n);
        if (!x)
            return; /* no more than a warning is lost */
        spread[d] = spread_of(x, n);
        free(x);
    }
    char advice[100] = "--region would take a part of it";
    int64_t inside = count_inside(entries, pixels, spread);
    bool is_step = spread[0].step != 1 && spread[1].step != 1 && spread[0].step + spread[1].step > 0;
    if (is_step)
        snprintf(advice, sizeof advice,
                 "their distances are multiples of %" PRId64 " and %" PRId64 ": are they lengths?",
                 spread[0].step, spread[1].step);
    else if (inside < n && 2 * inside > n)
        snprintf(advice, sizeof advice, "--region %d:%d,%d:%d would take %" PRId64 " of them", spread[0].low,
                 spread[0].high, spread[1].low, spread[1].high, inside);
    mzg_find(findings, MZG_FOUND_SPARSE,
             "its %" PRId64 " pixels lie in a raster of %" PRId64 " x %" PRId64
             " positions that is nearly empty; %s",
             n, extent[0], extent[1], advice);
}

void mzg_imzml_judge_positions(const struct mzg_imzml_entry *entries, const struct mzg_pixels *pixels,
                               const struct mzg_dataset *dataset, struct mzg_findings *findings)
{
    find_duplicates(entries, pixels, dataset, findings);
    find_sparse(entries, pixels, dataset, findings);
}

enum mzg_status mzg_imzml_refuse_positions(const struct mzg_findings *findings, struct mzg_error *err)
{
    const char *first = findings->first[MZG_FOUND_NO_POSITION];
    bool has_value = strchr(first, '"') != NULL;
    return mzg_fail(
        err, MZG_EFORMAT,
        "no spectrum has a usable position (IMS:1000050, IMS:1000051), which counts pixels in whole "
        "numbers: %s%s",
        first,
        has_value ? "; if these are lengths, divide them by the size of a pixel and round"
                  : "; is it an image?");
}
