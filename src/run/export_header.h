/* What an exported imzML says before its first spectrum: what the store tells of itself, as XML. Rank 0. */
#ifndef MZG_RUN_EXPORT_HEADER_H
#define MZG_RUN_EXPORT_HEADER_H

#include <imzml_out/imzml_words.h>
#include <jansson.h>
#include <view/view.h>

struct mzg_export_facts {
    int64_t n_spectra;
    int64_t most[2]; /* the largest x and y */
    bool is_continuous, is_wide;
    double pixel_size[2]; /* micrometres; 0: not known */
    double offset[2];     /* by which the input moved its image, in micrometres; 0: it did not */
    int64_t ms_level;     /* 0: not known */
    uint8_t uuid[MZG_IMZML_UUID];
    const char *table; /* borrowed */
    json_t *polarity, *spectrum_type;
    json_t *instruments; /* terms of the input, a list of strings; or null */
};

/* Reads what the store tells, and makes the UUID, which follows from that, from the axis and from what var
 * tells of the values: the same export has the same one. n_spectra, most, is_continuous, is_wide are the
 * caller's. Release with mzg_export_facts_destroy(), also after a failure. Local. */
enum mzg_status mzg_export_facts_read(const struct mzg_view *view, struct mzg_export_facts *facts,
                                      struct mzg_error *err);
void mzg_export_facts_destroy(struct mzg_export_facts *facts);

/* The XML up to the first spectrum, in memory that the caller frees; NULL without memory. Its length does not
 * depend on the checksum. Local. */
char *mzg_export_header(const struct mzg_export_facts *facts, const uint8_t sha1[MZG_IMZML_SHA1]);

#endif
