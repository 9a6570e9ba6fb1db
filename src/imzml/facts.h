/*
 * What the header of an imzML file says about the whole data set: which ibd belongs to it, how spectra are
 * stored, what they are, how large a pixel is. Pure: reads the resolved header, adds findings.
 */
#ifndef MZG_IMZML_FACTS_H
#define MZG_IMZML_FACTS_H

#include <imzml/header.h>
#include <input/findings.h>
#include <input/reader.h>

/* Compares the UUID of the XML with the first 16 bytes of the ibd, and looks at the checksum terms. Texts are
 * lower-case hexadecimal; "" if there is none. */
struct mzg_imzml_identity {
    char uuid[33];
    char uuid_in_ibd[33];
    bool uuid_agrees;
    const char *checksum_type; /* "MD5", "SHA-1", "SHA-256"; NULL without one */
    char checksum[65];
    const char *checksum_status; /* "none", "not verified", "agrees", "differs", "not computed" */
};
void mzg_imzml_identify(const struct mzg_imzml_header *header, const unsigned char ibd_head[16],
                        struct mzg_findings *findings, struct mzg_imzml_identity *identity);

/* How the file says that spectra are stored; the offsets decide. */
enum mzg_imzml_mode { MZG_MODE_UNKNOWN, MZG_MODE_CONTINUOUS, MZG_MODE_PROCESSED };
enum mzg_imzml_mode mzg_imzml_declared_mode(const struct mzg_imzml_header *header);
const char *mzg_imzml_mode_name(enum mzg_imzml_mode mode);

/* The polarity that fileContent states; unknown if it states none or both. */
enum mzg_polarity mzg_imzml_declared_polarity(const struct mzg_imzml_header *header);

/* What fileContent says spectra are; MZG_SPECTRUM_UNKNOWN if it says nothing or both. */
enum mzg_spectrum_type mzg_imzml_declared_type(const struct mzg_imzml_header *header);

/* The type of the data set: what most spectra say (`n_type`, by enum mzg_spectrum_type), else fileContent. */
enum mzg_spectrum_type mzg_imzml_decide_type(const struct mzg_imzml_header *header, const int64_t n_type[3],
                                             struct mzg_findings *findings);

/* Scan settings: the size of a pixel (0: unknown) and where the corner of the image lies on the target, in
 * micrometres, and the grid (0: not told). Of several scanSettings the one that the run refers to counts,
 * else the first with a pixel size. `grid`: how many columns and rows the positions take; NULL while that is
 * not known. */
struct mzg_imzml_geometry {
    double pixel_size[2];
    double offset[2];
    int64_t max_count[2];
    const char *settings; /* id of the scanSettings used; NULL without any */
};
void mzg_imzml_geometry(const struct mzg_imzml_header *header, const int64_t *grid,
                        struct mzg_findings *findings, struct mzg_imzml_geometry *geometry);

#endif
