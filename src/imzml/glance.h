/* The m/z range of a few spectra, from the first and the last m/z of their arrays: what a description can
 * tell without reading the input. */
#ifndef MZG_IMZML_GLANCE_H
#define MZG_IMZML_GLANCE_H

#include <imzml/slices.h>

struct mzg_mz_glance {
    double low, high;
    int64_t n; /* spectra that were looked at; 0: the range is unknown */
};

/* Looks at some spectra of each slice, whose arrays are in the file `fd` and not compressed. Local. */
void mzg_mz_glance_add(struct mzg_mz_glance *glance, const struct mzg_imzml_part *part, int fd);

#endif
