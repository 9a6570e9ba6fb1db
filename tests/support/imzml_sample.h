/*
 * Small imzML documents for tests, put together from text: a head with parameter groups, spectra, a tail.
 * Each piece can be replaced by the test, which is what most tests are about.
 */
#ifndef IMZML_SAMPLE_H
#define IMZML_SAMPLE_H

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SAMPLE_UUID "00112233445566778899aabbccddeeff"

struct sample {
    size_t n;
    char text[1 << 16];
};

__attribute__((format(printf, 2, 3))) static inline void sample_add(struct sample *sample, const char *format,
                                                                    ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(sample->text + sample->n, sizeof sample->text - sample->n, format, args);
    va_end(args);
    cr_assert(n >= 0 && (size_t)n < sizeof sample->text - sample->n);
    sample->n += (size_t)n;
}

#define SAMPLE_CV(accession, name, value)                                                                    \
    "<cvParam cvRef=\"\" accession=\"" accession "\" name=\"" name "\" value=\"" value "\"/>"

#define SAMPLE_CONTENT                                                                                       \
    SAMPLE_CV("IMS:1000080", "uuid", "{" SAMPLE_UUID "}") SAMPLE_CV("IMS:1000031", "processed", "")
#define SAMPLE_MZ_GROUP                                                                                      \
    SAMPLE_CV("MS:1000514", "m/z array", "")                                                                 \
    SAMPLE_CV("MS:1000523", "64-bit float", "") SAMPLE_CV("MS:1000576", "no compression", "")
#define SAMPLE_INTENSITY_GROUP                                                                               \
    SAMPLE_CV("MS:1000515", "intensity array", "")                                                           \
    SAMPLE_CV("MS:1000521", "32-bit float", "") SAMPLE_CV("MS:1000576", "no compression", "")

/* From the XML declaration to <spectrumList>: `content` in fileContent, `groups` (whole elements) behind the
 * groups "mz" and "intensity", `more` (whole lists) before the run. */
static inline void sample_head(struct sample *sample, const char *content, const char *groups,
                               const char *more, int count)
{
    sample_add(sample,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<mzML xmlns=\"http://psi.hupo.org/ms/mzml\" "
               "version=\"1.1.0\">\n"
               "<fileDescription><fileContent>%s</fileContent></fileDescription>\n"
               "<referenceableParamGroupList count=\"2\">\n"
               "<referenceableParamGroup id=\"mz\">" SAMPLE_MZ_GROUP "</referenceableParamGroup>\n"
               "<referenceableParamGroup id=\"intensity\">" SAMPLE_INTENSITY_GROUP
               "</referenceableParamGroup>\n"
               "%s</referenceableParamGroupList>\n%s<run id=\"r\"><spectrumList count=\"%d\">\n",
               content, groups, more, count);
}

static inline void sample_array(struct sample *sample, const char *group, const char *params)
{
    sample_add(sample, "<binaryDataArray encodedLength=\"0\">");
    if (group)
        sample_add(sample, "<referenceableParamGroupRef ref=\"%s\"/>", group);
    sample_add(sample, "%s<binary/></binaryDataArray>\n", params);
}

/* The three numbers of an array. */
static inline void sample_place(char *text, size_t size, const char *offset, const char *n,
                                const char *encoded)
{
    snprintf(
        text, size,
        "<cvParam accession=\"IMS:1000102\" value=\"%s\"/><cvParam accession=\"IMS:1000103\" value=\"%s\"/>"
        "<cvParam accession=\"IMS:1000104\" value=\"%s\"/>",
        offset, n, encoded);
}

/* A spectrum of n points: m/z (64-bit float) at `mz`, intensities (32-bit float) at `intensity`. */
static inline void sample_spectrum(struct sample *sample, int x, int y, int64_t mz, int64_t intensity,
                                   int64_t n)
{
    char place[512], numbers[3][32];
    sample_add(sample,
               "<spectrum id=\"s\"><scanList><scan><cvParam accession=\"IMS:1000050\" value=\"%d\"/>"
               "<cvParam accession=\"IMS:1000051\" value=\"%d\"/></scan></scanList><binaryDataArrayList>\n",
               x, y);
    for (int which = 0; which < 2; which++) {
        snprintf(numbers[0], sizeof numbers[0], "%lld", (long long)(which ? intensity : mz));
        snprintf(numbers[1], sizeof numbers[1], "%lld", (long long)n);
        snprintf(numbers[2], sizeof numbers[2], "%lld", (long long)n * (which ? 4 : 8));
        sample_place(place, sizeof place, numbers[0], numbers[1], numbers[2]);
        sample_array(sample, which ? "intensity" : "mz", place);
    }
    sample_add(sample, "</binaryDataArrayList></spectrum>\n");
}

static inline void sample_tail(struct sample *sample)
{
    sample_add(sample, "</spectrumList></run></mzML>\n");
}

#endif
