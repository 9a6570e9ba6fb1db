/*
 * The XML that all imzML files share: one element per spectrum, a trailer, numbers of a header. Pure text, no
 * files. The header before them must have the referenceable groups "mzArray", "intensityArray" and
 * "spectrum". The length of each part depends on the numbers in it alone.
 */
#ifndef MZG_IMZML_OUT_IMZML_WORDS_H
#define MZG_IMZML_OUT_IMZML_WORDS_H

#include <stdbool.h>
#include <stdint.h>

enum { MZG_IMZML_MAX_SPECTRUM = 2048, MZG_IMZML_SHA1 = 20, MZG_IMZML_UUID = 16 };

/* One spectrum, `n` points: m/z in doubles, intensities of 4 or 8 bytes, both without compression. */
struct mzg_imzml_spectrum {
    int64_t index; /* from 0 */
    int32_t x, y, z;
    bool has_z; /* else z is not told */
    int64_t n;
    int64_t mz_offset; /* bytes from the begin of the ibd */
    int64_t intensity_offset;
    int intensity_size; /* bytes of one */
    double lowest_mz;   /* 0: not told */
    double highest_mz;
};

/* Writes the element of one spectrum, at most MZG_IMZML_MAX_SPECTRUM bytes and no terminator; returns its
 * length. */
int64_t mzg_imzml_spectrum(const struct mzg_imzml_spectrum *spectrum, char *text);

/* What follows the last spectrum. */
const char *mzg_imzml_trailer(void);

/* Two digits per byte and a terminator; returns the place of the latter. */
char *mzg_imzml_hex(char *at, const uint8_t *bytes, int n);

/* As 8-4-4-4-12 digits. */
void mzg_imzml_uuid(const uint8_t uuid[MZG_IMZML_UUID], char text[37]);

#endif
