#include <input/imzml_facts.h>

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

/* The hexadecimal digits of `text` in lower case, braces, dashes and white space left out; "" where anything
 * else occurs or more than `size` - 1 digits. */
static void normalise_hex(const char *text, char *hex, size_t size)
{
    size_t n = 0;
    for (; *text; text++) {
        char c = (char)tolower((unsigned char)*text);
        if (strchr("{}- \t\r\n", c))
            continue;
        if (!strchr(hex_digits, c) || n + 1 >= size) {
            n = 0;
            break;
        }
        hex[n++] = c;
    }
    hex[n] = '\0';
}

static void print_hex(const unsigned char *bytes, const int *order, char *hex)
{
    for (int i = 0; i < 16; i++) {
        unsigned char byte = bytes[order ? order[i] : i];
        *hex++ = hex_digits[byte >> 4];
        *hex++ = hex_digits[byte & 15];
    }
    *hex = '\0';
}

static void identify_uuid(const struct mzg_imzml_header *header, const unsigned char ibd_head[16],
                          struct mzg_findings *findings, struct mzg_imzml_identity *identity)
{
    /* .NET writes the first three fields of a UUID with the least significant byte first. */
    static const int dot_net[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    char swapped[33];
    print_hex(ibd_head, NULL, identity->uuid_in_ibd);
    print_hex(ibd_head, dot_net, swapped);

    const struct mzg_imzml_param *param =
        mzg_imzml_header_find(header, MZG_SECTION_FILE_CONTENT, NULL, MZG_TERM_UUID);
    if (!param) {
        mzg_find(findings, MZG_FOUND_UUID,
                 "no UUID (IMS:1000080): whether the ibd belongs to it cannot be told");
        return;
    }
    normalise_hex(param->value, identity->uuid, sizeof identity->uuid);
    identity->uuid_agrees =
        strcmp(identity->uuid, identity->uuid_in_ibd) == 0 || strcmp(identity->uuid, swapped) == 0;
    if (strlen(identity->uuid) != 32)
        mzg_find(findings, MZG_FOUND_UUID, "its UUID \"%.60s\" is none", param->value);
    else if (!identity->uuid_agrees)
        mzg_find(findings, MZG_FOUND_UUID,
                 "its UUID is %s, but the ibd begins with %s: they may not belong together", identity->uuid,
                 identity->uuid_in_ibd);
}

void mzg_imzml_identify(const struct mzg_imzml_header *header, const unsigned char ibd_head[16],
                        struct mzg_findings *findings, struct mzg_imzml_identity *identity)
{
    static const struct {
        int term;
        const char *name;
        size_t length;
    } kinds[] = {{MZG_TERM_IBD_SHA256, "SHA-256", 64},
                 {MZG_TERM_IBD_SHA1, "SHA-1", 40},
                 {MZG_TERM_IBD_MD5, "MD5", 32}};

    *identity = (struct mzg_imzml_identity){0};
    identify_uuid(header, ibd_head, findings, identity);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct mzg_imzml_param *param =
            mzg_imzml_header_find(header, MZG_SECTION_FILE_CONTENT, NULL, kinds[i].term);
        if (!param)
            continue;
        char hex[65];
        normalise_hex(param->value, hex, sizeof hex);
        if (strlen(hex) != kinds[i].length) {
            mzg_find(findings, MZG_FOUND_CHECKSUM_TERM, "its ibd %s \"%.60s\" is no such checksum",
                     kinds[i].name, param->value);
        } else if (!identity->checksum_type) {
            identity->checksum_type = kinds[i].name;
            memcpy(identity->checksum, hex, sizeof identity->checksum);
        }
    }
    identity->checksum_status = identity->checksum_type ? "not verified" : "none";
}

static bool content_has(const struct mzg_imzml_header *header, int term)
{
    return mzg_imzml_header_find(header, MZG_SECTION_FILE_CONTENT, NULL, term) != NULL;
}

enum mzg_imzml_mode mzg_imzml_declared_mode(const struct mzg_imzml_header *header)
{
    bool continuous = content_has(header, MZG_TERM_CONTINUOUS);
    bool processed = content_has(header, MZG_TERM_PROCESSED) || content_has(header, MZG_TERM_PROCESSED_OLD);
    if (continuous == processed)
        return MZG_MODE_UNKNOWN;
    return continuous ? MZG_MODE_CONTINUOUS : MZG_MODE_PROCESSED;
}

const char *mzg_imzml_mode_name(enum mzg_imzml_mode mode)
{
    static const char *const names[] = {"unknown", "continuous", "processed"};
    return names[mode];
}

enum mzg_spectrum_type mzg_imzml_declared_type(const struct mzg_imzml_header *header)
{
    bool centroid = content_has(header, MZG_TERM_CENTROID);
    bool profile = content_has(header, MZG_TERM_PROFILE);
    if (centroid == profile)
        return MZG_SPECTRUM_UNKNOWN;
    return centroid ? MZG_SPECTRUM_CENTROID : MZG_SPECTRUM_PROFILE;
}

const char *mzg_spectrum_type_name(enum mzg_spectrum_type type)
{
    static const char *const names[] = {"unknown", "centroid", "profile"};
    return names[type];
}

enum mzg_spectrum_type mzg_imzml_decide_type(const struct mzg_imzml_header *header, const int64_t n_type[3],
                                             struct mzg_findings *findings)
{
    int64_t n_centroid = n_type[MZG_SPECTRUM_CENTROID], n_profile = n_type[MZG_SPECTRUM_PROFILE];
    enum mzg_spectrum_type declared = mzg_imzml_declared_type(header);
    bool says_both = content_has(header, MZG_TERM_CENTROID) && content_has(header, MZG_TERM_PROFILE);
    enum mzg_spectrum_type majority = n_centroid > n_profile   ? MZG_SPECTRUM_CENTROID
                                      : n_profile > n_centroid ? MZG_SPECTRUM_PROFILE
                                                               : MZG_SPECTRUM_UNKNOWN;
    enum mzg_spectrum_type type = majority == MZG_SPECTRUM_UNKNOWN ? declared : majority;
    if (n_centroid > 0 && n_profile > 0)
        mzg_find(findings, MZG_FOUND_SPECTRUM_TYPE,
                 "%" PRId64 " spectra say centroid (MS:1000127) and %" PRId64
                 " profile (MS:1000128); taken as %s",
                 n_centroid, n_profile, mzg_spectrum_type_name(type));
    else if (says_both || (declared != MZG_SPECTRUM_UNKNOWN && declared != type))
        mzg_find(findings, MZG_FOUND_SPECTRUM_TYPE,
                 "fileContent says %s, but the spectra say %s; taken as %s",
                 says_both ? "centroid and profile" : mzg_spectrum_type_name(declared),
                 majority == MZG_SPECTRUM_UNKNOWN ? "nothing" : mzg_spectrum_type_name(majority),
                 mzg_spectrum_type_name(type));
    else if (type == MZG_SPECTRUM_UNKNOWN)
        mzg_find(findings, MZG_FOUND_NO_TYPE,
                 "nothing says whether its spectra are centroid (MS:1000127) or profile (MS:1000128)");
    return type;
}

/* A positive length in micrometres; 0 without one, which `findings`, unless NULL, hear of. */
static double length_of(const struct mzg_imzml_param *param, struct mzg_findings *findings)
{
    double value;
    if (!param)
        return 0;
    double unit = mzg_term_micrometres(param->unit);
    if (mzg_text_to_double(mzg_text_of(param->value), &value) && value > 0 && unit > 0)
        return value * unit;
    if (findings)
        mzg_find(findings, MZG_FOUND_PIXEL_SIZE,
                 "its %.20s = \"%.40s\"%s%.20s is no positive length and is ignored", param->accession,
                 param->value, *param->unit_name ? " " : "", param->unit_name);
    return 0;
}

static int64_t count_of(const struct mzg_imzml_param *param)
{
    int64_t count;
    return param && mzg_text_to_int64(mzg_text_of(param->value), &count) && count > 0 ? count : 0;
}

/* The numbers of one scanSettings element. */
static void read_settings(const struct mzg_imzml_header *header, const char *id,
                          struct mzg_findings *findings, struct mzg_imzml_geometry *geometry)
{
    static const int size_terms[2] = {MZG_TERM_PIXEL_SIZE_X, MZG_TERM_PIXEL_SIZE_Y};
    static const int count_terms[2] = {MZG_TERM_MAX_COUNT_X, MZG_TERM_MAX_COUNT_Y};
    for (int d = 0; d < 2; d++) {
        geometry->pixel_size[d] =
            length_of(mzg_imzml_header_find(header, MZG_SECTION_SCAN_SETTINGS, id, size_terms[d]), findings);
        geometry->max_count[d] =
            count_of(mzg_imzml_header_find(header, MZG_SECTION_SCAN_SETTINGS, id, count_terms[d]));
    }
    for (int d = 0; d < 2; d++) /* the ontology: pixel size x is that of y, too, where y has none */
        if (geometry->pixel_size[d] == 0)
            geometry->pixel_size[d] = geometry->pixel_size[1 - d];
    geometry->settings = id;
}

/* Some old files give the area of a pixel where its width should be. The extent of the image, divided by its
 * count of pixels, proves it: that quotient squared is then the number given. */
static void repair_area(const struct mzg_imzml_header *header, struct mzg_findings *findings,
                        struct mzg_imzml_geometry *geometry)
{
    static const int dimension_terms[2] = {MZG_TERM_MAX_DIMENSION_X, MZG_TERM_MAX_DIMENSION_Y};
    const double tolerance = 0.01;
    double size[2] = {geometry->pixel_size[0], geometry->pixel_size[1]};
    for (int d = 0; d < 2; d++) {
        double extent = length_of(
            mzg_imzml_header_find(header, MZG_SECTION_SCAN_SETTINGS, geometry->settings, dimension_terms[d]),
            NULL);
        if (size[d] == 0 || extent == 0 || geometry->max_count[d] == 0)
            continue;
        double step = extent / (double)geometry->max_count[d];
        bool is_length = fabs(size[d] - step) <= tolerance * step;
        if (is_length || fabs(size[d] - step * step) > tolerance * step * step)
            continue;
        for (int e = 0; e < 2; e++)
            if (size[e] == size[d])
                geometry->pixel_size[e] = sqrt(size[d]);
        mzg_find(findings, MZG_FOUND_PIXEL_AREA,
                 "its pixel size %g is an area: %g micrometres for %" PRId64
                 " pixels; taken as %g micrometres",
                 size[d], extent, geometry->max_count[d], sqrt(size[d]));
    }
}

/* The scanSettings that the run's instrument configuration, or any, refers to; NULL without. */
static const char *referenced_settings(const struct mzg_imzml_header *header)
{
    const char *settings = NULL, *instrument = NULL;
    const struct mzg_imzml_param *param;
    struct mzg_imzml_cursor run = {.section = MZG_SECTION_RUN};
    while (!instrument && (param = mzg_imzml_header_next(header, &run)))
        if (param->kind == MZG_PARAM_ATTRIBUTE &&
            strcmp(param->name, "defaultInstrumentConfigurationRef") == 0)
            instrument = param->value;
    if (instrument)
        settings = mzg_imzml_header_attribute(header, MZG_SECTION_INSTRUMENTS, instrument, "scanSettingsRef");
    return settings;
}

/* The scanSettings elements of the file, at most `size` of them; more are nobody's. */
static int list_settings(const struct mzg_imzml_header *header, struct mzg_findings *findings,
                         struct mzg_imzml_geometry *settings, int size)
{
    int n = 0;
    struct mzg_imzml_cursor cursor = {.section = MZG_SECTION_SCAN_SETTINGS};
    while (n < size && mzg_imzml_header_next(header, &cursor)) {
        const char *id = cursor.owner->path;
        if (n == 0 || strcmp(settings[n - 1].settings, id) != 0)
            read_settings(header, id, findings, &settings[n++]);
    }
    return n;
}

void mzg_imzml_geometry(const struct mzg_imzml_header *header, struct mzg_findings *findings,
                        struct mzg_imzml_geometry *geometry)
{
    enum { MAX_SETTINGS = 32 };
    struct mzg_imzml_geometry settings[MAX_SETTINGS] = {0};
    int n = list_settings(header, findings, settings, MAX_SETTINGS);
    const char *wanted = referenced_settings(header);

    int chosen = 0;
    for (int i = n - 1; i >= 0; i--)
        if (settings[i].pixel_size[0] > 0)
            chosen = i;
    for (int i = 0; i < n && wanted; i++)
        if (strcmp(settings[i].settings, wanted) == 0)
            chosen = i;
    *geometry = settings[chosen];

    for (int i = 0; i < n; i++) {
        const double *size = settings[i].pixel_size;
        if (size[0] == 0 || (size[0] == geometry->pixel_size[0] && size[1] == geometry->pixel_size[1]))
            continue;
        mzg_find(
            findings, MZG_FOUND_SCAN_SETTINGS,
            "its scanSettings give different pixel sizes: \"%.40s\", which counts, %g x %g micrometres, and "
            "\"%.40s\" %g x %g",
            geometry->settings, geometry->pixel_size[0], geometry->pixel_size[1], settings[i].settings,
            size[0], size[1]);
    }
    if (geometry->settings)
        repair_area(header, findings, geometry);
}
