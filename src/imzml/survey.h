/* From a parsed document and its entries to the facts about the data set that all ranks need: pixels, box,
 * types, shared m/z. Runs on rank 0. */
#ifndef MZG_IMZML_SURVEY_H
#define MZG_IMZML_SURVEY_H

#include <imzml/imzml.h>
#include <imzml/parse.h>
#include <input/pixels.h>
#include <input/selection.h>

/* Repairs entries where that is safe, fills `summary` (but for the sizes of the files) and the table of
 * pixels, of which `selection` takes its part, and adds findings to the document. Its index has at least one
 * spectrum. MZG_EFORMAT if no spectrum has a position, MZG_ERANGE if none is selected. Local. */
enum mzg_status mzg_imzml_survey(struct mzg_imzml_document *document, struct mzg_imzml_entry *entries,
                                 int64_t n, struct mzg_selection *selection,
                                 struct mzg_imzml_summary *summary, struct mzg_pixels *pixels,
                                 struct mzg_error *err);

#endif
