/* The header of a synthetic imzML. Pure text, no files. Its length never depends on the checksum: what
 * follows can be placed before that is known. */
#ifndef MZG_SYNTHETIC_IMZML_TEXT_H
#define MZG_SYNTHETIC_IMZML_TEXT_H

#include <imzml_out/imzml_words.h>
#include <synthetic/synthetic.h>

/* The XML up to the first spectrum, in memory that the caller frees; NULL without memory. */
char *mzg_imzml_header(const struct mzg_synthetic_options *options, int64_t n_spectra,
                       const uint8_t uuid[MZG_IMZML_UUID], const uint8_t sha1[MZG_IMZML_SHA1]);

#endif
