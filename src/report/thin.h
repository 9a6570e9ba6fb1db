/* Which bins of a spectrum are drawn, if there are more than a page should hold. Pure. */
#ifndef MZG_REPORT_THIN_H
#define MZG_REPORT_THIN_H

#include <mzgrid/error.h>
#include <stdint.h>

/* A range of bins of which each is drawn. */
struct mzg_thin_range {
    int64_t first, end;
};

/* Marks in `is_drawn` (n bytes, 0 or 1) the bins to draw of two spectra on one axis, and returns how many
 * they are: all if they are at most `most`; else those of the `n_ranges` ranges, the first and the last, and
 * of each of most / 4 equal parts of the axis the largest and the smallest of `one` and the largest of
 * `other`, so that no peak is lost and all that is drawn is true. NaN counts as the smallest. */
int64_t mzg_thin(const double *one, const double *other, int64_t n, int64_t most,
                 const struct mzg_thin_range *ranges, int n_ranges, unsigned char *is_drawn);

#endif
