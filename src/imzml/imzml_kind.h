/* The reader of imzML, for the registry. */
#ifndef MZG_IMZML_IMZML_KIND_H
#define MZG_IMZML_IMZML_KIND_H

#include <input/reader.h>

extern const struct mzg_reader_kind mzg_imzml_kind;

#endif
