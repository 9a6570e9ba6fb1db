#include <imzml/facts.h>

#include <input/kinds.h>

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

/* The hexadecimal digits of `text` in lower case, braces, dashes and white space left out; "" if anything
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
            mzg_find(findings, MZG_FOUND_CHECKSUM_TERM, "its ibd %s \"%.60s\" is not one", kinds[i].name,
                     param->value);
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

enum mzg_polarity mzg_imzml_declared_polarity(const struct mzg_imzml_header *header)
{
    bool positive = content_has(header, MZG_TERM_POSITIVE_SCAN);
    bool negative = content_has(header, MZG_TERM_NEGATIVE_SCAN);
    if (positive == negative)
        return MZG_POLARITY_UNKNOWN;
    return positive ? MZG_POLARITY_POSITIVE : MZG_POLARITY_NEGATIVE;
}

enum mzg_spectrum_type mzg_imzml_declared_type(const struct mzg_imzml_header *header)
{
    bool centroid = content_has(header, MZG_TERM_CENTROID);
    bool profile = content_has(header, MZG_TERM_PROFILE);
    if (centroid == profile)
        return MZG_SPECTRUM_UNKNOWN;
    return centroid ? MZG_SPECTRUM_CENTROID : MZG_SPECTRUM_PROFILE;
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
