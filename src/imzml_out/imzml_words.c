/* The words that every imzML file has, whoever makes it. */
#include <imzml_out/imzml_words.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

char *mzg_imzml_hex(char *at, const uint8_t *bytes, int n)
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < n; i++) {
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    *at = '\0';
    return at;
}

void mzg_imzml_uuid(const uint8_t uuid[MZG_IMZML_UUID], char text[37])
{
    static const int groups[] = {4, 2, 2, 2, 6};
    for (int g = 0; g < 5; g++) {
        if (g > 0)
            *text++ = '-';
        text = mzg_imzml_hex(text, uuid, groups[g]);
        uuid += groups[g];
    }
}

static char *put_text(char *at, const char *text)
{
    return stpcpy(at, text);
}

static char *put_number(char *at, int64_t number)
{
    char digits[20];
    int n = 0;
    if (number < 0) {
        *at++ = '-';
        number = -number;
    }
    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

/* With six decimals. */
static char *put_mz(char *at, double mz)
{
    int64_t millionths = (int64_t)(mz * 1e6 + 0.5);
    at = put_number(at, millionths / 1000000);
    *at++ = '.';
    for (int64_t unit = 100000; unit > 0; unit /= 10)
        *at++ = (char)('0' + millionths / unit % 10);
    return at;
}

static char *put_array(char *at, const char *group, int64_t offset, int64_t n, int64_t bytes)
{
    at = put_text(at, "<binaryDataArray encodedLength=\"0\">\n<referenceableParamGroupRef ref=\"");
    at = put_text(at, group);
    at = put_text(at,
                  "\"/>\n<cvParam cvRef=\"IMS\" accession=\"IMS:1000102\" name=\"external offset\" value=\"");
    at = put_number(at, offset);
    at = put_text(
        at, "\"/>\n<cvParam cvRef=\"IMS\" accession=\"IMS:1000103\" name=\"external array length\" value=\"");
    at = put_number(at, n);
    at = put_text(
        at,
        "\"/>\n<cvParam cvRef=\"IMS\" accession=\"IMS:1000104\" name=\"external encoded length\" value=\"");
    at = put_number(at, bytes);
    return put_text(at, "\"/>\n<binary/>\n</binaryDataArray>\n");
}

#define MZ_UNIT "unitCvRef=\"MS\" unitAccession=\"MS:1000040\" unitName=\"m/z\""

int64_t mzg_imzml_spectrum(const struct mzg_imzml_spectrum *spectrum, char *text)
{
    char *at = put_text(text, "<spectrum id=\"spectrum=");
    at = put_number(at, spectrum->index + 1);
    at = put_text(at, "\" index=\"");
    at = put_number(at, spectrum->index);
    at = put_text(at, "\" defaultArrayLength=\"0\">\n<referenceableParamGroupRef ref=\"spectrum\"/>\n");
    if (spectrum->lowest_mz > 0) {
        at = put_text(at,
                      "<cvParam cvRef=\"MS\" accession=\"MS:1000528\" name=\"lowest observed m/z\" value=\"");
        at = put_mz(at, spectrum->lowest_mz);
        at = put_text(
            at, "\" " MZ_UNIT "/>\n"
                "<cvParam cvRef=\"MS\" accession=\"MS:1000527\" name=\"highest observed m/z\" value=\"");
        at = put_mz(at, spectrum->highest_mz);
        at = put_text(at, "\" " MZ_UNIT "/>\n");
    }
    at = put_text(at, "<scanList count=\"1\">\n"
                      "<cvParam cvRef=\"MS\" accession=\"MS:1000795\" name=\"no combination\"/>\n<scan>\n"
                      "<cvParam cvRef=\"IMS\" accession=\"IMS:1000050\" name=\"position x\" value=\"");
    at = put_number(at, spectrum->x);
    at = put_text(at, "\"/>\n<cvParam cvRef=\"IMS\" accession=\"IMS:1000051\" name=\"position y\" value=\"");
    at = put_number(at, spectrum->y);
    if (spectrum->has_z) {
        at = put_text(at,
                      "\"/>\n<cvParam cvRef=\"IMS\" accession=\"IMS:1000052\" name=\"position z\" value=\"");
        at = put_number(at, spectrum->z);
    }
    at = put_text(at, "\"/>\n</scan>\n</scanList>\n<binaryDataArrayList count=\"2\">\n");
    at = put_array(at, "mzArray", spectrum->mz_offset, spectrum->n, spectrum->n * 8);
    at = put_array(at, "intensityArray", spectrum->intensity_offset, spectrum->n,
                   spectrum->n * spectrum->intensity_size);
    at = put_text(at, "</binaryDataArrayList>\n</spectrum>\n");
    return at - text;
}

const char *mzg_imzml_trailer(void)
{
    return "</spectrumList>\n</run>\n</mzML>\n";
}
