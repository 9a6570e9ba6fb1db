/*
 * What is odd about the values of spectra that can be read: m/z that are none, out of order, repeated,
 * outside the range that the file states; intensities that are not finite, or negative. None of it keeps a
 * spectrum from being used. Pure functions of arrays.
 */
#ifndef MZG_INPUT_CONTENT_H
#define MZG_INPUT_CONTENT_H

#include <input/reader.h>
#include <stddef.h>

enum mzg_content_kind {
    MZG_MZ_NOT_FINITE,
    MZG_MZ_NOT_POSITIVE, /* 0 or below */
    MZG_MZ_UNSORTED,     /* below its predecessor */
    MZG_MZ_REPEATED,     /* equal to its predecessor */
    MZG_MZ_OUTSIDE,      /* finite and positive, but outside the stated range */
    MZG_INTENSITY_NOT_FINITE,
    MZG_INTENSITY_NEGATIVE,
    MZG_CONTENT_KINDS
};

/* Of each kind: the values, the spectra that have any, and the first such value of the spectrum with the
 * lowest ordinal. Begin with zeros. */
struct mzg_content {
    struct mzg_content_case {
        int64_t n_values;
        int64_t n_spectra;
        int64_t spectrum; /* from 0; where n_spectra is not 0 */
        int64_t point;    /* from 0 */
        double value;
    } cases[MZG_CONTENT_KINDS];
};

struct mzg_content_range {
    double min_mz, max_mz; /* -INFINITY, INFINITY: none is stated */
    bool any_order;        /* m/z need not ascend, as where they repeat for each ion mobility */
};

/* Adds what is odd about `n` m/z or intensities of the spectrum of ordinal `spectrum`. Local. */
void mzg_content_check_mz(const double *mz, int64_t n, int64_t spectrum,
                          const struct mzg_content_range *range, struct mzg_content *content);
void mzg_content_check_intensity(const double *intensity, int64_t n, int64_t spectrum,
                                 struct mzg_content *content);

/* Adds `other`, in any order of calls with the same result. Local. */
void mzg_content_merge(const struct mzg_content *other, struct mzg_content *content);

/* The stable name of a kind, such as "mz_unsorted". Local. */
const char *mzg_content_name(enum mzg_content_kind kind);

/* One sentence for a kind that occurred, such as "3 m/z of 2 spectra are below their predecessor; first: m/z
 * 100.5 at point 7 of spectrum 1"; of m/z where there is but one array for all, "3 m/z of the array that all
 * spectra share". Local. */
void mzg_content_describe(const struct mzg_content *content, enum mzg_content_kind kind, bool shared_mz,
                          char *text, size_t size);

#endif
