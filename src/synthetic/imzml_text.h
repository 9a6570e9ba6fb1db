/*
 * The XML of a synthetic imzML: a header, one element per spectrum, a trailer. Pure text, no files. The
 * length of each part depends on the numbers in it alone, never on the checksum: parts can be placed before
 * it is known.
 */
#ifndef MZG_SYNTHETIC_IMZML_TEXT_H
#define MZG_SYNTHETIC_IMZML_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <synthetic/synthetic.h>

enum { MZG_IMZML_MAX_SPECTRUM = 2048, MZG_IMZML_SHA1 = 20, MZG_IMZML_UUID = 16 };

/* One spectrum, `n` points: m/z in doubles, intensities in floats, both without compression. */
struct mzg_imzml_spectrum {
    int64_t index; /* from 0 */
    int32_t x, y;  /* from 1 */
    int64_t n;
    int64_t mz_offset; /* bytes from the begin of the ibd */
    int64_t intensity_offset;
    double lowest_mz; /* 0: not told */
    double highest_mz;
};

/* The XML up to the first spectrum, in memory that the caller frees; NULL without memory. */
char *mzg_imzml_header(const struct mzg_synthetic_options *options, int64_t n_spectra,
                       const uint8_t uuid[MZG_IMZML_UUID], const uint8_t sha1[MZG_IMZML_SHA1]);

/* Writes the element of one spectrum, at most MZG_IMZML_MAX_SPECTRUM bytes and no terminator; returns its
 * length. */
int64_t mzg_imzml_spectrum(const struct mzg_imzml_spectrum *spectrum, char *text);

/* What follows the last spectrum. */
const char *mzg_imzml_trailer(void);

#endif
