/* One pass over the XML of an imzML file: its header and, unless only that is wanted, the index of its
 * spectra. */
#ifndef MZG_IMZML_PARSE_H
#define MZG_IMZML_PARSE_H

#include <imzml/body.h>
#include <imzml/header.h>
#include <imzml/index.h>
#include <stdatomic.h>

struct mzg_imzml_document {
    struct mzg_imzml_header header;
    struct mzg_imzml_index index;
    struct mzg_findings findings;
    char *header_xml; /* the XML before the first spectrum, in UTF-8, at most 1 MiB of it */
    int64_t size;     /* of the XML in bytes */
    int max_depth;    /* of elements */
};

struct mzg_imzml_parse_options {
    bool header_only;       /* end where the spectra begin */
    bool allow_truncated;   /* of an XML that ends early use the complete spectra */
    int64_t ibd_size;       /* the arrays must lie within it */
    const atomic_int *stop; /* ends it with MZG_EINTERRUPTED (core/stop.h) */
};

/* Parses the file at `path` into `document`, which need not be initialised. Local. */
enum mzg_status mzg_imzml_parse(const char *path, const struct mzg_imzml_parse_options *options,
                                struct mzg_imzml_document *document, struct mzg_error *err);

/* The same from bytes in memory; `path` is for messages. Feeds pieces of `piece` bytes. Local. */
enum mzg_status mzg_imzml_parse_bytes(const char *bytes, int64_t n, int64_t piece, const char *path,
                                      const struct mzg_imzml_parse_options *options,
                                      struct mzg_imzml_document *document, struct mzg_error *err);

/* Parses all but the spectra into `document`, and tells where these are. False, and nothing in `document`,
 * where the spectra do not lie in one piece between a head and a tail, or anything around them is not as it
 * should be. Local. */
bool mzg_imzml_parse_around(const struct mzg_imzml_source *source, struct mzg_imzml_document *document,
                            struct mzg_imzml_body *body);

/* Accepts a document of zeros. Local. */
void mzg_imzml_document_destroy(struct mzg_imzml_document *document);

#endif
