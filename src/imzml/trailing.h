/* What follows the end of an imzML's XML: nothing but white space, comments and processing instructions may.
 */
#ifndef MZG_IMZML_TRAILING_H
#define MZG_IMZML_TRAILING_H

#include <imzml/source.h>
#include <input/findings.h>

/* Adds a finding if anything else stands behind the root element, which ends after `end` bytes (-1: not
 * known), such as a second document. Fails if the file cannot be read. Local. */
enum mzg_status mzg_imzml_find_trailing(const struct mzg_imzml_source *source, int64_t end,
                                        struct mzg_findings *findings, struct mzg_error *err);

#endif
