/*
 * The vocabulary of imzML: terms of the controlled vocabularies (cvParam), identified by accession and never
 * by name, for names vary between writers; and the elements that matter.
 *
 * A term is its accession as a number, the vocabulary in the leading digit: unknown terms keep their
 * identity, and known ones can be the cases of a switch.
 */
#ifndef MZG_IMZML_TERMS_H
#define MZG_IMZML_TERMS_H

#include <input/stored_array.h>
#include <input/text.h>
#include <stdbool.h>

#define MZG_MS(n) (100000000 + (n))
#define MZG_IMS(n) (200000000 + (n))
#define MZG_UO(n) (300000000 + (n))

enum mzg_imzml_term {
    MZG_TERM_UNKNOWN = 0,

    MZG_TERM_CONTINUOUS = MZG_IMS(1000030),
    MZG_TERM_PROCESSED = MZG_IMS(1000031),
    MZG_TERM_PROCESSED_OLD = MZG_IMS(1000032), /* an early MALDIquantForeign; not in the ontology */
    MZG_TERM_UUID = MZG_IMS(1000080),
    MZG_TERM_IBD_MD5 = MZG_IMS(1000090),
    MZG_TERM_IBD_SHA1 = MZG_IMS(1000091),
    MZG_TERM_IBD_SHA256 = MZG_IMS(1000092),

    MZG_TERM_MAX_COUNT_X = MZG_IMS(1000042),
    MZG_TERM_MAX_COUNT_Y = MZG_IMS(1000043),
    MZG_TERM_MAX_DIMENSION_X = MZG_IMS(1000044),
    MZG_TERM_MAX_DIMENSION_Y = MZG_IMS(1000045),
    MZG_TERM_PIXEL_SIZE_X = MZG_IMS(1000046),
    MZG_TERM_PIXEL_SIZE_Y = MZG_IMS(1000047),

    MZG_TERM_POSITION_X = MZG_IMS(1000050),
    MZG_TERM_POSITION_Y = MZG_IMS(1000051),
    MZG_TERM_POSITION_Z = MZG_IMS(1000052),
    MZG_TERM_OFFSET_X = MZG_IMS(1000053), /* of the whole image on the target */
    MZG_TERM_OFFSET_Y = MZG_IMS(1000054),

    MZG_TERM_EXTERNAL_OFFSET = MZG_IMS(1000102),
    MZG_TERM_EXTERNAL_LENGTH = MZG_IMS(1000103),
    MZG_TERM_EXTERNAL_ENCODED = MZG_IMS(1000104),

    MZG_TERM_MZ_ARRAY = MZG_MS(1000514),
    MZG_TERM_INTENSITY_ARRAY = MZG_MS(1000515),
    MZG_TERM_FLOAT16 = MZG_MS(1000520),
    MZG_TERM_FLOAT32 = MZG_MS(1000521),
    MZG_TERM_FLOAT64 = MZG_MS(1000523),
    MZG_TERM_INT32 = MZG_MS(1000519),
    MZG_TERM_INT64 = MZG_MS(1000522),
    MZG_TERM_INT32_OLD = MZG_IMS(1000141),
    MZG_TERM_INT64_OLD = MZG_IMS(1000142),
    MZG_TERM_INT8 = MZG_IMS(1100000),
    MZG_TERM_INT16 = MZG_IMS(1100001),
    MZG_TERM_TEXT = MZG_MS(1001479), /* null-terminated ASCII strings */
    MZG_TERM_NO_COMPRESSION = MZG_MS(1000576),
    MZG_TERM_ZLIB = MZG_MS(1000574),

    MZG_TERM_INSTRUMENT_MODEL = MZG_MS(1000031), /* the parent of all models */
    MZG_TERM_CENTROID = MZG_MS(1000127),
    MZG_TERM_PROFILE = MZG_MS(1000128),
    MZG_TERM_NEGATIVE_SCAN = MZG_MS(1000129),
    MZG_TERM_POSITIVE_SCAN = MZG_MS(1000130),
    MZG_TERM_MS_LEVEL = MZG_MS(1000511),
    MZG_TERM_MS1_SPECTRUM = MZG_MS(1000579),
    MZG_TERM_MSN_SPECTRUM = MZG_MS(1000580),
    MZG_TERM_HIGHEST_MZ = MZG_MS(1000527),
    MZG_TERM_LOWEST_MZ = MZG_MS(1000528),

    MZG_TERM_MICROMETRE = MZG_UO(17),
    MZG_TERM_NANOMETRE = MZG_UO(18),
    MZG_TERM_MILLIMETRE = MZG_UO(16),
    MZG_TERM_CENTIMETRE = MZG_UO(15),
    MZG_TERM_METRE = MZG_UO(8)
};

/* The term of an accession such as "IMS:1000050"; MZG_TERM_UNKNOWN if it is none of MS, IMS or UO. */
int mzg_term_parse(struct mzg_text accession);

/* The name of an array encoding that mzgrid cannot read (MS-Numpress and others); NULL for any other term. */
const char *mzg_term_unsupported(int term);

/* The name of a kind of array that is neither m/z nor intensities, such as "MS:1000517 signal to noise
 * array"; NULL for any other term. */
const char *mzg_term_other_array(int term);

/* Whether it is one of ion mobilities. */
bool mzg_term_is_mobility(int term);

/* Whether it says something of a spectrum, or of one of its arrays, that mzgrid reads there. */
bool mzg_term_is_of_spectrum(int term);

/* Micrometres in one unit of length; 0 for a term that is none. MZG_TERM_UNKNOWN, an absent unit, is taken as
 * micrometre, which the writers that leave it out mean. */
double mzg_term_micrometres(int unit);

enum mzg_imzml_element {
    MZG_ELEMENT_OTHER,
    MZG_ELEMENT_CV_PARAM,
    MZG_ELEMENT_USER_PARAM,
    MZG_ELEMENT_GROUP_REF,
    MZG_ELEMENT_BINARY_DATA_ARRAY,
    MZG_ELEMENT_SPECTRUM,
    MZG_ELEMENT_SPECTRUM_LIST,
    MZG_ELEMENT_MZML,
    MZG_ELEMENT_INDEXED_MZML,
    MZG_ELEMENT_FILE_CONTENT,
    MZG_ELEMENT_SOURCE_FILE_LIST,
    MZG_ELEMENT_CONTACT,
    MZG_ELEMENT_GROUP_LIST,
    MZG_ELEMENT_SAMPLE_LIST,
    MZG_ELEMENT_SOFTWARE_LIST,
    MZG_ELEMENT_SCAN_SETTINGS_LIST,
    MZG_ELEMENT_INSTRUMENT_LIST,
    MZG_ELEMENT_DATA_PROCESSING_LIST,
    MZG_ELEMENT_RUN
};

/* The element of a local name, without namespace prefix. */
enum mzg_imzml_element mzg_element_parse(struct mzg_text name);

/* The type that a term names; MZG_ARRAY_UNTYPED for any other term. */
enum mzg_array_type mzg_array_type_of(int term);

#endif
