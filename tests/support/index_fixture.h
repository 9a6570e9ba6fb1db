/* What the tests of the imzML index share: a sample that is written spectrum by spectrum, then parsed.
 * Included once a program. */
#ifndef INDEX_FIXTURE_H
#define INDEX_FIXTURE_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <imzml/parse.h>
#include <imzml_sample.h>

enum { IBD_SIZE = 1000 };
static const struct mzg_imzml_parse_options whole = {.ibd_size = IBD_SIZE};

static struct sample sample;
static struct mzg_imzml_document document;

static inline enum mzg_status parse(struct mzg_error *err)
{
    sample_tail(&sample);
    return mzg_imzml_parse_bytes(sample.text, (int64_t)sample.n, 4096, "x.imzML", &whole, &document, err);
}

static inline void parse_well(void)
{
    struct mzg_error err = {0};
    enum mzg_status status = parse(&err);
    cr_assert(eq(int, (int)status, MZG_OK), "%s", err.text);
}

static inline void expect_refusal(const char *words)
{
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)parse(&err), MZG_EFORMAT));
    cr_expect(strstr(err.text, words) != NULL, "%s", err.text);
}

static inline const struct mzg_imzml_entry *entry_at(int64_t i)
{
    cr_assert(lt(i64, i, document.index.entries.n));
    return mzg_entry_list_at(&document.index.entries, i);
}

static inline void head(const char *groups)
{
    sample.n = 0;
    sample_head(&sample, SAMPLE_CONTENT, groups, "", 1);
}

static inline void end_test(void)
{
    mzg_imzml_document_destroy(&document);
}

#define POSITION                                                                                             \
    "<cvParam accession=\"IMS:1000050\" value=\"4\"/><cvParam accession=\"IMS:1000051\" value=\"5\"/>"
#define PLACE(offset, n, encoded)                                                                            \
    "<cvParam accession=\"IMS:1000102\" value=\"" offset "\"/><cvParam accession=\"IMS:1000103\" value=\"" n \
    "\"/><cvParam accession=\"IMS:1000104\" value=\"" encoded "\"/>"

/* A spectrum with any parameters of its own and any two arrays. */
static inline void spectrum(const char *params, const char *mz_group, const char *mz,
                            const char *intensity_group, const char *intensity)
{
    sample_add(&sample, "<spectrum id=\"s\">%s<binaryDataArrayList>", params);
    sample_array(&sample, mz_group, mz);
    sample_array(&sample, intensity_group, intensity);
    sample_add(&sample, "</binaryDataArrayList></spectrum>\n");
}

static inline void spectrum_with(const char *params)
{
    spectrum(params, "mz", PLACE("16", "2", "16"), "intensity", PLACE("32", "2", "8"));
}

static inline void spectrum_with_mz(const char *mz)
{
    spectrum(POSITION, "mz", mz, "intensity", PLACE("32", "2", "8"));
}

#endif
