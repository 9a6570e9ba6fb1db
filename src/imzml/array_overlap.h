/*
 * Arrays that lie in the same bytes of the ibd, so that values of one are read as those of another. One m/z
 * array for several spectra is no such case, nor is one intensity array, as long as all of them mean the same
 * bytes:
 *
 *     ibd          |m/z of 1     |intensities of 1|m/z of 2     |
 *     spectrum 3                          |intensities of 3|          an offset that cannot be right
 */
#ifndef MZG_IMZML_ARRAY_OVERLAP_H
#define MZG_IMZML_ARRAY_OVERLAP_H

#include <imzml/entry.h>
#include <input/findings.h>

struct mzg_imzml_overlaps {
    int64_t n_usable;   /* spectra without a fault, the only ones looked at */
    int64_t n_spectra;  /* of them, those with an array that overlaps another */
    int64_t n_crossing; /* of these, those where it is one of the other kind */
    char first[200];    /* the case at the lowest byte */
};

/* Looks for them: one pass where offsets ascend in the file, as they do in most; else they are sorted. Takes
 * 2 bits a spectrum, and 8 bytes for each array of a kind whose offsets do not ascend. MZG_ENOMEM. Local. */
enum mzg_status mzg_imzml_find_overlaps(const struct mzg_imzml_entry *entries, int64_t n, int64_t ibd_size,
                                        struct mzg_imzml_overlaps *overlaps, struct mzg_error *err);

/* Repairs offsets that the size of the ibd contradicts, where it proves the right ones: counted as if each
 * spectrum had an m/z array of its own, though all share one (`is_shared`), or counted with sizes other than
 * those stated. Arrays then follow one another in the order of the file, from behind the UUID to the very
 * end. To be called where some array lies outside the ibd or overlaps another. Whether it did; `findings`
 * hears of each offset. Local. */
bool mzg_imzml_lay_out(struct mzg_imzml_entry *entries, int64_t n, int64_t ibd_size, bool is_shared,
                       struct mzg_findings *findings);

#endif
