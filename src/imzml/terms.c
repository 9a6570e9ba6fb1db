#include <imzml/terms.h>

#include <string.h>

enum { MAX_DIGITS = 8 };

int mzg_term_parse(struct mzg_text accession)
{
    static const struct {
        const char *prefix;
        size_t length;
        int base;
    } vocabularies[] = {{"MS:", 3, MZG_MS(0)}, {"IMS:", 4, MZG_IMS(0)}, {"UO:", 3, MZG_UO(0)}};

    for (size_t v = 0; v < sizeof vocabularies / sizeof *vocabularies; v++) {
        size_t skip = vocabularies[v].length;
        if (accession.n <= skip || accession.n > skip + MAX_DIGITS ||
            memcmp(accession.p, vocabularies[v].prefix, skip) != 0)
            continue;
        int number = 0;
        for (size_t i = skip; i < accession.n; i++) {
            if (accession.p[i] < '0' || accession.p[i] > '9')
                return MZG_TERM_UNKNOWN;
            number = 10 * number + (accession.p[i] - '0');
        }
        return vocabularies[v].base + number;
    }
    return MZG_TERM_UNKNOWN;
}

const char *mzg_term_unsupported(int term)
{
    switch (term) {
    case MZG_TERM_TEXT:
        return "MS:1001479 null-terminated ASCII string";
    case MZG_MS(1002312):
        return "MS:1002312 MS-Numpress linear prediction compression";
    case MZG_MS(1002313):
        return "MS:1002313 MS-Numpress positive integer compression";
    case MZG_MS(1002314):
        return "MS:1002314 MS-Numpress short logged float compression";
    case MZG_MS(1002746):
        return "MS:1002746 MS-Numpress linear prediction compression followed by zlib compression";
    case MZG_MS(1002747):
        return "MS:1002747 MS-Numpress positive integer compression followed by zlib compression";
    case MZG_MS(1002748):
        return "MS:1002748 MS-Numpress short logged float compression followed by zlib compression";
    case MZG_MS(1003088):
        return "MS:1003088 truncation and zlib compression";
    case MZG_MS(1003089):
        return "MS:1003089 truncation, delta prediction and zlib compression";
    case MZG_MS(1003090):
        return "MS:1003090 truncation, linear prediction and zlib compression";
    case MZG_MS(1003780):
        return "MS:1003780 zstd compression";
    case MZG_MS(1003781):
        return "MS:1003781 byte-shuffled zstd compression";
    case MZG_MS(1003782):
        return "MS:1003782 dictionary-encoded zstd compression";
    case MZG_MS(1003783):
        return "MS:1003783 MS-Numpress linear prediction compression followed by zstd compression";
    case MZG_MS(1003784):
        return "MS:1003784 MS-Numpress positive integer compression followed by zstd compression";
    case MZG_MS(1003785):
        return "MS:1003785 MS-Numpress short logged float compression followed by zstd compression";
    case MZG_MS(1003826):
        return "MS:1003826 coordinate grid encoding";
    default:
        return NULL;
    }
}

/* What psi-ms.obo has below MS:1000513 binary data array. */
static const struct other_array {
    int term;
    const char *name;
    bool is_mobility;
} other_arrays[] = {
    {MZG_MS(1000516), "MS:1000516 charge array", false},
    {MZG_MS(1000517), "MS:1000517 signal to noise array", false},
    {MZG_MS(1000595), "MS:1000595 time array", false},
    {MZG_MS(1000617), "MS:1000617 wavelength array", false},
    {MZG_MS(1000786), "MS:1000786 non-standard data array", false},
    {MZG_MS(1000820), "MS:1000820 flow rate array", false},
    {MZG_MS(1000821), "MS:1000821 pressure array", false},
    {MZG_MS(1000822), "MS:1000822 temperature array", false},
    {MZG_MS(1002477), "MS:1002477 mean ion mobility drift time array", true},
    {MZG_MS(1002478), "MS:1002478 mean charge array", false},
    {MZG_MS(1002529), "MS:1002529 resolution array", false},
    {MZG_MS(1002530), "MS:1002530 baseline array", false},
    {MZG_MS(1002742), "MS:1002742 noise array", false},
    {MZG_MS(1002743), "MS:1002743 sampled noise m/z array", false},
    {MZG_MS(1002744), "MS:1002744 sampled noise intensity array", false},
    {MZG_MS(1002745), "MS:1002745 sampled noise baseline array", false},
    {MZG_MS(1002816), "MS:1002816 mean ion mobility array", true},
    {MZG_MS(1002893), "MS:1002893 ion mobility array", true},
    {MZG_MS(1003006), "MS:1003006 mean inverse reduced ion mobility array", true},
    {MZG_MS(1003007), "MS:1003007 raw ion mobility array", true},
    {MZG_MS(1003008), "MS:1003008 raw inverse reduced ion mobility array", true},
    {MZG_MS(1003143), "MS:1003143 mass array", false},
    {MZG_MS(1003153), "MS:1003153 raw ion mobility drift time array", true},
    {MZG_MS(1003154), "MS:1003154 deconvoluted ion mobility array", true},
    {MZG_MS(1003155), "MS:1003155 deconvoluted inverse reduced ion mobility array", true},
    {MZG_MS(1003156), "MS:1003156 deconvoluted ion mobility drift time array", true},
    {MZG_MS(1003157), "MS:1003157 scanning quadrupole position lower bound m/z array", false},
    {MZG_MS(1003158), "MS:1003158 scanning quadrupole position upper bound m/z array", false},
};

static const struct other_array *find_other(int term)
{
    for (size_t i = 0; i < sizeof other_arrays / sizeof *other_arrays; i++)
        if (other_arrays[i].term == term)
            return &other_arrays[i];
    return NULL;
}

const char *mzg_term_other_array(int term)
{
    const struct other_array *array = find_other(term);
    return array ? array->name : NULL;
}

bool mzg_term_is_mobility(int term)
{
    const struct other_array *array = find_other(term);
    return array && array->is_mobility;
}

bool mzg_term_is_of_spectrum(int term)
{
    switch (term) {
    case MZG_TERM_POSITION_X:
    case MZG_TERM_POSITION_Y:
    case MZG_TERM_POSITION_Z:
    case MZG_TERM_EXTERNAL_OFFSET:
    case MZG_TERM_EXTERNAL_LENGTH:
    case MZG_TERM_EXTERNAL_ENCODED:
    case MZG_TERM_MZ_ARRAY:
    case MZG_TERM_INTENSITY_ARRAY:
    case MZG_TERM_NO_COMPRESSION:
    case MZG_TERM_ZLIB:
    case MZG_TERM_CENTROID:
    case MZG_TERM_PROFILE:
    case MZG_TERM_NEGATIVE_SCAN:
    case MZG_TERM_POSITIVE_SCAN:
    case MZG_TERM_MS_LEVEL:
    case MZG_TERM_MS1_SPECTRUM:
    case MZG_TERM_MSN_SPECTRUM:
    case MZG_TERM_HIGHEST_MZ:
    case MZG_TERM_LOWEST_MZ:
        return true;
    default:
        return mzg_array_type_of(term) != MZG_ARRAY_UNTYPED || mzg_term_other_array(term) ||
               mzg_term_unsupported(term);
    }
}

double mzg_term_micrometres(int unit)
{
    switch (unit) {
    case MZG_TERM_UNKNOWN:
    case MZG_TERM_MICROMETRE:
        return 1;
    case MZG_TERM_NANOMETRE:
        return 1e-3;
    case MZG_TERM_MILLIMETRE:
        return 1e3;
    case MZG_TERM_CENTIMETRE:
        return 1e4;
    case MZG_TERM_METRE:
        return 1e6;
    default:
        return 0;
    }
}

enum mzg_imzml_element mzg_element_parse(struct mzg_text name)
{
    /* The commonest first: most of a file is cvParam. */
    static const struct {
        const char *name;
        enum mzg_imzml_element element;
    } elements[] = {{"cvParam", MZG_ELEMENT_CV_PARAM},
                    {"referenceableParamGroupRef", MZG_ELEMENT_GROUP_REF},
                    {"binaryDataArray", MZG_ELEMENT_BINARY_DATA_ARRAY},
                    {"spectrum", MZG_ELEMENT_SPECTRUM},
                    {"userParam", MZG_ELEMENT_USER_PARAM},
                    {"spectrumList", MZG_ELEMENT_SPECTRUM_LIST},
                    {"mzML", MZG_ELEMENT_MZML},
                    {"indexedmzML", MZG_ELEMENT_INDEXED_MZML},
                    {"fileContent", MZG_ELEMENT_FILE_CONTENT},
                    {"sourceFileList", MZG_ELEMENT_SOURCE_FILE_LIST},
                    {"contact", MZG_ELEMENT_CONTACT},
                    {"referenceableParamGroupList", MZG_ELEMENT_GROUP_LIST},
                    {"sampleList", MZG_ELEMENT_SAMPLE_LIST},
                    {"softwareList", MZG_ELEMENT_SOFTWARE_LIST},
                    {"scanSettingsList", MZG_ELEMENT_SCAN_SETTINGS_LIST},
                    {"instrumentConfigurationList", MZG_ELEMENT_INSTRUMENT_LIST},
                    {"dataProcessingList", MZG_ELEMENT_DATA_PROCESSING_LIST},
                    {"run", MZG_ELEMENT_RUN}};

    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (name.n > 0 && name.p[0] == elements[i].name[0] && mzg_text_equals(name, elements[i].name))
            return elements[i].element;
    return MZG_ELEMENT_OTHER;
}

enum mzg_array_type mzg_array_type_of(int term)
{
    switch (term) {
    case MZG_TERM_FLOAT16:
        return MZG_ARRAY_FLOAT16;
    case MZG_TERM_FLOAT32:
        return MZG_ARRAY_FLOAT32;
    case MZG_TERM_FLOAT64:
        return MZG_ARRAY_FLOAT64;
    case MZG_TERM_INT8:
        return MZG_ARRAY_INT8;
    case MZG_TERM_INT16:
        return MZG_ARRAY_INT16;
    case MZG_TERM_INT32:
    case MZG_TERM_INT32_OLD:
        return MZG_ARRAY_INT32;
    case MZG_TERM_INT64:
    case MZG_TERM_INT64_OLD:
        return MZG_ARRAY_INT64;
    default:
        return MZG_ARRAY_UNTYPED;
    }
}
