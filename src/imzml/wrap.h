/*
 * Offsets that a writer counted in 32 bits: beyond 2 or 4 GiB they wrap around, and the file gives them less
 * some multiple of 2^32, often negative.
 *
 *     written    |16 ... |2147483000 ... |2147490000 ... |        the ibd, array behind array
 *     stated      16      2147483000      -2147477296
 *
 * Where every array begins at the end of the one before once such multiples are added, and the last one ends
 * where the ibd ends, nothing else can have been meant. Else they are left as they are.
 */
#ifndef MZG_IMZML_WRAP_H
#define MZG_IMZML_WRAP_H

#include <imzml/entry.h>
#include <input/findings.h>

/* Repairs what can be proven, else marks what is in doubt, and checks the repaired entries again. Whether any
 * entry may have changed. Local. */
bool mzg_imzml_unwrap(struct mzg_imzml_entry *entries, int64_t n, int64_t ibd_size,
                      struct mzg_findings *findings);

#endif
