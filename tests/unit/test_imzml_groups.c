/* Parameter groups: what they say counts wherever a spectrum refers to them, and costs no more than it is
 * long. */
#include <imzml/parse.h>

#include <imzml_sample.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

static struct sample sample;
static struct mzg_imzml_document document;
static struct mzg_error err;

static enum mzg_status parse(const char *text, int64_t n)
{
    const struct mzg_imzml_parse_options options = {.ibd_size = 1000000};
    err = (struct mzg_error){0};
    return mzg_imzml_parse_bytes(text, n, 1 << 20, "a.imzML", &options, &document, &err);
}

#define ARRAY(number)                                                                                        \
    SAMPLE_CV("IMS:1000102", "offset", number)                                                               \
    SAMPLE_CV("IMS:1000103", "length", "3") SAMPLE_CV("IMS:1000104", "encoded", "24")
#define GROUP(id, terms) "<referenceableParamGroup id=\"" id "\">" terms "</referenceableParamGroup>"
#define REF(id) "<referenceableParamGroupRef ref=\"" id "\"/>"

/* Every term of a spectrum that is read, from groups alone; those of positions and kinds at each place. */
Test(groups, each_term_counts_at_each_place)
{
    static const char *const places[] = {
        REF("here") REF("kind") "<scanList><scan/></scanList>",
        "<scanList>" REF("here") REF("kind") "<scan/></scanList>",
        "<scanList><scan>" REF("here") REF("kind") "</scan></scanList>",
        "<scanList><scan>" REF("user") REF("kind") "</scan></scanList>",
    };
    enum { N = sizeof places / sizeof *places };
    sample.n = 0;
    sample_head(
        &sample, SAMPLE_CONTENT,
        GROUP("here", SAMPLE_CV("IMS:1000050", "position x", "4") SAMPLE_CV("IMS:1000051", "position y", "5")
                          SAMPLE_CV("IMS:1000052", "position z", "6"))
            GROUP("user",
                  "<userParam name=\"3DPositionX\" value=\"4\"/><userParam name=\"3DPositionY\" value=\"5\"/>"
                  "<userParam name=\"3DPositionZ\" value=\"6.0\"/>")
                GROUP("kind", SAMPLE_CV("MS:1000511", "ms level", "2") SAMPLE_CV("MS:1000129", "negative", "")
                                  SAMPLE_CV("MS:1000128", "profile", "") SAMPLE_CV(
                                      "MS:1000528", "low", "100.5") SAMPLE_CV("MS:1000527", "high", "900.5"))
                    GROUP("first", SAMPLE_MZ_GROUP ARRAY("16"))
                        GROUP("second", SAMPLE_CV("MS:1000515", "intensity array", "")
                                            SAMPLE_CV("MS:1000523", "64-bit float", "")
                                                SAMPLE_CV("MS:1000574", "zlib", "") ARRAY("40")),
        "", N);
    for (int i = 0; i < N; i++)
        sample_add(&sample,
                   "<spectrum id=\"s\">%s<binaryDataArrayList><binaryDataArray>" REF(
                       "first") "</binaryDataArray><binaryDataArray>" REF("second") "</binaryDataArray>"
                                                                                    "</binaryDataArrayList></"
                                                                                    "spectrum>\n",
                   places[i]);
    sample_tail(&sample);
    cr_assert(eq(int, (int)parse(sample.text, (int64_t)sample.n), MZG_OK), "%s", err.text);
    for (int i = 0; i < N; i++) {
        const struct mzg_imzml_entry *entry = mzg_entry_list_at(&document.index.entries, i);
        cr_expect(eq(int, entry->fault, MZG_ENTRY_OK), "%d", i);
        for (int d = 0; d < 3; d++)
            cr_expect(eq(i32, entry->position[d], 4 + d), "%d", i);
        cr_expect(eq(int, mzg_entry_level(entry), 2), "%d", i);
        cr_expect(eq(int, (int)mzg_entry_polarity(entry), MZG_POLARITY_NEGATIVE), "%d", i);
        cr_expect(eq(i64, entry->array[MZG_MZ].offset, 16));
        cr_expect(eq(i64, entry->array[MZG_INTENSITY].offset, 40));
        cr_expect(eq(i64, entry->array[MZG_INTENSITY].encoded, 24));
        cr_expect(eq(int, (int)mzg_entry_type(entry, MZG_INTENSITY), MZG_ARRAY_FLOAT64));
        cr_expect(mzg_entry_is_zlib(entry, MZG_INTENSITY) && !mzg_entry_is_zlib(entry, MZG_MZ));
    }
    const struct mzg_kind_totals *totals = &document.index.totals.kinds.of[2][MZG_POLARITY_NEGATIVE];
    cr_expect(eq(i64, totals->n, N));
    cr_expect(eq(i64, totals->n_with_range, N));
    cr_expect(eq(i64, totals->n_type[MZG_SPECTRUM_PROFILE], N));
    mzg_imzml_document_destroy(&document);
}

Test(groups, what_a_spectrum_says_itself_wins)
{
    sample.n = 0;
    sample_head(&sample, SAMPLE_CONTENT,
                GROUP("kind", SAMPLE_CV("MS:1000511", "ms level", "2")
                                  SAMPLE_CV("MS:1000129", "negative",
                                            "") "<userParam name=\"3DPositionX\" value=\"9\"/><userParam "
                                                "name=\"3DPositionY\" value=\"9\"/>"),
                "", 1);
    sample_add(
        &sample,
        "<spectrum id=\"s\">" REF("kind") SAMPLE_CV("MS:1000511", "ms level", "3") SAMPLE_CV(
            "MS:1000130", "positive",
            "") "<userParam name=\"3DPositionX\" value=\"1\"/><userParam name=\"3DPositionY\" value=\"2\"/>"
                "</spectrum>");
    sample_tail(&sample);
    cr_assert(eq(int, (int)parse(sample.text, (int64_t)sample.n), MZG_OK), "%s", err.text);
    const struct mzg_imzml_entry *entry = mzg_entry_list_at(&document.index.entries, 0);
    cr_expect(eq(int, mzg_entry_level(entry), 3));
    cr_expect(eq(int, (int)mzg_entry_polarity(entry), MZG_POLARITY_POSITIVE));
    cr_expect(eq(i32, entry->position[0], 1));
    cr_expect(eq(i32, entry->position[1], 2));
    mzg_imzml_document_destroy(&document);
}

/* `n_groups` groups of `n_params` parameters, then `n_outer` groups that refer to the first `refs` times. */
static char *many(int n_params, const char *param, int n_outer, int refs, int64_t *n)
{
    char *text;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    fputs("<mzML><fileDescription><fileContent/></fileDescription><referenceableParamGroupList>"
          "<referenceableParamGroup id=\"large\">",
          file);
    for (int i = 0; i < n_params; i++)
        fputs(param, file);
    fputs("</referenceableParamGroup>", file);
    for (int g = 0; g < n_outer; g++) {
        fprintf(file, "<referenceableParamGroup id=\"g%d\">", g);
        for (int i = 0; i < refs; i++)
            fputs(REF("large"), file);
        fputs("</referenceableParamGroup>", file);
    }
    fputs("</referenceableParamGroupList><run><spectrumList><spectrum>" REF(
              "large") "</spectrum></spectrumList></run></mzML>",
          file);
    fclose(file);
    *n = (int64_t)size;
    return text;
}

Test(groups, groups_of_groups_are_bounded_together)
{
    int64_t n;
    char *text = many(4000, "<cvParam accession=\"MS:1000000\"/>", 10, 1, &n);
    cr_expect(eq(int, (int)parse(text, n), MZG_OK), "%s", err.text);
    const struct mzg_imzml_group *group =
        mzg_imzml_header_group(&document.header, (struct mzg_text){"g0", 2});
    cr_expect(eq(i64, group->n, 4000));
    cr_expect(eq(i64, group->n_of_spectrum, 0));
    mzg_imzml_document_destroy(&document);
    free(text);

    text = many(4000, "<cvParam accession=\"MS:1000000\"/>", 10000, 1, &n);
    cr_expect(eq(int, (int)parse(text, n), MZG_EFORMAT));
    cr_expect(strstr(err.text, "65536 parameters together") != NULL, "%s", err.text);
    free(text);
}

Test(groups, terms_of_a_spectrum_are_few)
{
    int64_t n;
    char *text = many(256, "<cvParam accession=\"MS:1000511\" value=\"1\"/>", 0, 0, &n);
    cr_expect(eq(int, (int)parse(text, n), MZG_OK), "%s", err.text);
    mzg_imzml_document_destroy(&document);
    free(text);
    text = many(257, "<cvParam accession=\"MS:1000511\" value=\"1\"/>", 0, 0, &n);
    cr_expect(eq(int, (int)parse(text, n), MZG_EFORMAT));
    cr_expect(strstr(err.text, "more than 256 terms of a spectrum") != NULL, "%s", err.text);
    free(text);
}
