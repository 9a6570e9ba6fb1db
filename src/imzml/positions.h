/* What is odd about the positions of an imzML file: several spectra at one, a raster that is nearly empty,
 * none at all. */
#ifndef MZG_IMZML_POSITIONS_H
#define MZG_IMZML_POSITIONS_H

#include <imzml/entry.h>
#include <input/findings.h>
#include <input/pixels.h>
#include <input/reader.h>

/* Adds findings about the pixels that are read. `dataset` has their number, that of their spectra, and their
 * box. Local. */
void mzg_imzml_judge_positions(const struct mzg_imzml_entry *entries, const struct mzg_pixels *pixels,
                               const struct mzg_dataset *dataset, struct mzg_findings *findings);

/* Fails, MZG_EFORMAT, because no spectrum has a position that can be used: the findings have the first case.
 * Local. */
enum mzg_status mzg_imzml_refuse_positions(const struct mzg_findings *findings, struct mzg_error *err);

#endif
