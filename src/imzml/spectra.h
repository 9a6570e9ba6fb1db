/* The index of an imzML, made by all ranks: each parses a run of its slices, or rank 0 alone the whole file
 * where it is not one to be cut. */
#ifndef MZG_IMZML_SPECTRA_H
#define MZG_IMZML_SPECTRA_H

#include <core/context.h>
#include <imzml/parse.h>
#include <imzml/slices.h>

/* What rank 0 knows of an imzML before its spectra are parsed. */
struct mzg_imzml_outline {
    struct mzg_imzml_document document; /* its header, and what was found in it */
    bool has_body;                      /* the document can be cut: */
    struct mzg_imzml_body body;
};

/* Parses the header, and all else that surrounds the spectra where these can be cut. An outline must not move
 * from then on. Local. */
enum mzg_status mzg_imzml_outline_read(const char *path, struct mzg_imzml_outline *outline,
                                       struct mzg_error *err);

/* Parses the spectra. Rank 0 has the outline and the options; its document gets the totals, the findings and,
 * where the whole file had to be parsed, all else anew. Each rank gets the entries of its part in `part`,
 * which follow each other in the order of ranks. `slice_size` is MZG_SLICE_SIZE but in tests, and `path` the
 * same on all ranks. Collective. */
enum mzg_status mzg_imzml_spectra_parse(const struct mzg_context *context, const char *path,
                                        const struct mzg_imzml_parse_options *options, int64_t slice_size,
                                        struct mzg_imzml_outline *outline, struct mzg_imzml_part *part,
                                        struct mzg_error *err);

#endif
