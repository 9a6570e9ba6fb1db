/* What an imzML file tells of itself, as JSON: to keep with the result, and for `mzgrid info`. */
#ifndef MZG_IMZML_METADATA_H
#define MZG_IMZML_METADATA_H

#include <imzml/facts.h>
#include <imzml/parse.h>
#include <input/kinds.h>

struct json_t;

/*
 * The metadata of struct mzg_dataset: every term of the header, as arrays of strings by section. Each string
 * is a term:
 *
 *     <element>: <accession> <name> = <value> <unit>
 *     scansettings1: IMS:1000046 pixel size (x) = 100.0 micrometer
 *
 * without "<element>: " where the section has one element only, and without what the file does not give. The
 * caller owns the object. Local.
 */
enum mzg_status mzg_imzml_metadata(const struct mzg_imzml_document *document,
                                   const struct mzg_imzml_identity *identity, const struct mzg_kinds *kinds,
                                   struct json_t **metadata, struct mzg_error *err);

/* struct mzg_reader_kind.describe. Local. */
enum mzg_status mzg_imzml_describe(const char *path, struct json_t **description, struct mzg_error *err);

#endif
