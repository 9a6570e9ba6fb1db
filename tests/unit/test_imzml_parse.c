/* The XML of imzML in its many shapes → index: encodings, line ends, prefixes, comments, pieces, and hostile
 * documents. */
#include <imzml/parse.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <imzml_sample.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { IBD_SIZE = 1000 };
static const struct mzg_imzml_parse_options whole = {.ibd_size = IBD_SIZE};

static enum mzg_status parse_pieces(const char *text, size_t n, int64_t piece,
                                    struct mzg_imzml_document *document, struct mzg_error *err)
{
    return mzg_imzml_parse_bytes(text, (int64_t)n, piece, "x.imzML", &whole, document, err);
}

/* Three spectra: (1,1), (2,1), (1,2), of 2, 0 and 3 points. */
static void three_spectra(struct sample *sample)
{
    sample_head(sample, SAMPLE_CONTENT, "", "", 3);
    sample_spectrum(sample, 1, 1, 16, 32, 2);
    sample_spectrum(sample, 2, 1, 40, 40, 0);
    sample_spectrum(sample, 1, 2, 40, 64, 3);
    sample_tail(sample);
}

static void expect_three(const char *text, size_t n, int64_t piece, const char *about)
{
    struct mzg_imzml_document document;
    struct mzg_error err = {0};
    enum mzg_status status = parse_pieces(text, n, piece, &document, &err);
    cr_assert(eq(int, (int)status, MZG_OK), "%s: %s", about, err.text);
    static const struct {
        int32_t x, y;
        int64_t mz, intensity, n;
    } wanted[] = {{1, 1, 16, 32, 2}, {2, 1, 40, 40, 0}, {1, 2, 40, 64, 3}};
    cr_assert(eq(i64, document.index.entries.n, 3), "%s", about);
    for (int i = 0; i < 3; i++) {
        const struct mzg_imzml_entry *entry = mzg_entry_list_at(&document.index.entries, i);
        cr_expect(eq(int, entry->fault, MZG_ENTRY_OK), "%s: %d", about, i);
        cr_expect(eq(i32, entry->position[0], wanted[i].x), "%s", about);
        cr_expect(eq(i32, entry->position[1], wanted[i].y), "%s", about);
        cr_expect(eq(i32, entry->position[2], 1), "%s", about);
        cr_expect(eq(i64, entry->array[MZG_MZ].offset, wanted[i].mz), "%s", about);
        cr_expect(eq(i64, entry->array[MZG_INTENSITY].offset, wanted[i].intensity), "%s", about);
        cr_expect(eq(i64, entry->array[MZG_MZ].n, wanted[i].n), "%s", about);
        cr_expect(eq(i64, entry->array[MZG_INTENSITY].encoded, 4 * wanted[i].n), "%s", about);
        cr_expect(eq(int, (int)mzg_entry_type(entry, MZG_MZ), (int)MZG_ARRAY_FLOAT64), "%s", about);
        cr_expect(eq(int, (int)mzg_entry_type(entry, MZG_INTENSITY), (int)MZG_ARRAY_FLOAT32), "%s", about);
    }
    mzg_imzml_document_destroy(&document);
}

/* `from` → `to` everywhere, into `out`. */
static size_t replaced(const char *text, const char *from, const char *to, char *out, size_t size)
{
    size_t n = 0;
    while (*text) {
        bool here = strncmp(text, from, strlen(from)) == 0;
        const char *piece = here ? to : text;
        size_t length = here ? strlen(to) : 1;
        cr_assert(n + length < size);
        memcpy(out + n, piece, length);
        n += length;
        text += here ? strlen(from) : 1;
    }
    out[n] = '\0';
    return n;
}

static void expect_three_after(const char *from, const char *to, const char *about)
{
    static struct sample sample;
    static char text[1 << 17];
    sample.n = 0;
    three_spectra(&sample);
    size_t n = replaced(sample.text, from, to, text, sizeof text);
    cr_assert(strcmp(sample.text, text) != 0, "%s: nothing replaced", about);
    expect_three(text, n, 1000, about);
}

Test(parse, pieces_of_any_size)
{
    static struct sample sample;
    three_spectra(&sample);
    for (int64_t piece = 1; piece < 40; piece++)
        expect_three(sample.text, sample.n, piece, "pieces");
    expect_three(sample.text, sample.n, 1 << 20, "one piece");
}

Test(parse, line_ends_and_white_space)
{
    expect_three_after("\n", "\r\n", "CRLF");
    expect_three_after("\n", "", "one line");
    expect_three_after("><", ">\n\t<", "indented");
    expect_three_after("\"/>", "\" />", "blank before />");
    expect_three_after("\"", "'", "single quotes");
}

Test(parse, encodings)
{
    expect_three_after("<?xml", "\xef\xbb\xbf<?xml", "byte order mark");
    expect_three_after("UTF-8", "ISO-8859-1", "ISO-8859-1");
    expect_three_after("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "", "no declaration");
    expect_three_after("UTF-8", "klingon", "an encoding nobody knows");
    expect_three_after("id=\"s\"", "id=\"\xc3\xa4\"", "UTF-8 in an id");
    expect_three_after("id=\"s\"", "id=\"\xe4 \x93q\x94\"", "Windows-1252 declared as UTF-8");
    expect_three_after("id=\"s\"", "id=\"\x81\x8d\"", "bytes that Windows-1252 has not");
}

/* libxml2 would tell standard error that it cannot convert; what it cannot convert must be of no note to
 * users. */
Test(parse, nothing_is_printed)
{
    static struct sample sample;
    three_spectra(&sample);
    FILE *caught = tmpfile();
    cr_assert_not_null(caught);
    fflush(stderr);
    int before = dup(STDERR_FILENO);
    dup2(fileno(caught), STDERR_FILENO);
    for (size_t at = 0; at < sample.n; at += 7) {
        struct mzg_imzml_document document;
        struct mzg_error err = {0};
        char kept = sample.text[at];
        sample.text[at] = '\x81';
        if (parse_pieces(sample.text, sample.n, 1 << 20, &document, &err) == MZG_OK)
            mzg_imzml_document_destroy(&document);
        sample.text[at] = kept;
    }
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    fseek(caught, 0, SEEK_END);
    cr_expect(eq(int, (int)ftell(caught), 0));
    fclose(caught);
}

Test(parse, utf_16)
{
    static struct sample sample;
    static char wide[1 << 17];
    three_spectra(&sample);
    char *declared = strstr(sample.text, "UTF-8");
    memcpy(declared, "UTF16", 5);
    memmove(declared + 4, declared + 3, strlen(declared + 3) + 1);
    declared[3] = '-';
    size_t n = 0;
    wide[n++] = '\xff';
    wide[n++] = '\xfe';
    for (const char *c = sample.text; *c; c++) {
        wide[n++] = *c;
        wide[n++] = '\0';
    }
    expect_three(wide, n, 999, "UTF-16");
}

Test(parse, encoding_contradicted_is_a_finding)
{
    static struct sample sample;
    three_spectra(&sample);
    char *id = strstr(sample.text, "id=\"s\"");
    id[4] = '\xe4';
    struct mzg_imzml_document document;
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)parse_pieces(sample.text, sample.n, 500, &document, &err), MZG_OK));
    cr_expect(eq(int, (int)err.status, MZG_OK), "the first attempt leaves nothing behind");
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_ENCODING], 1));
    cr_expect(strstr(document.findings.first[MZG_FOUND_ENCODING], "read as windows-1252") != NULL);
    mzg_imzml_document_destroy(&document);
}

Test(parse, markup_that_means_nothing)
{
    expect_three_after("<spectrumList count", "<!-- <spectrumList> <spectrum> --><spectrumList count",
                       "comment in the head");
    expect_three_after("<scanList>", "<!-- <cvParam accession=\"IMS:1000050\" value=\"9\"/> --><scanList>",
                       "comment");
    expect_three_after("<binary/>", "<binary><![CDATA[</spectrum><spectrum>]]></binary>", "CDATA");
    expect_three_after("</spectrumList>", "</spectrumList><!-- </spectrumList> -->", "comment in the tail");
    expect_three_after("<run", "<?pi <spectrum ?><run", "processing instruction");
    expect_three_after("value=\"16\"", "value=\"&#49;6\"", "character reference in a number");
    expect_three_after("id=\"s\"", "id=\"a &amp; b &lt;\"", "predefined entities");
    expect_three_after("</mzML>\n", "</mzML>\n\n  ", "blanks at the end");
    expect_three_after("</mzML>\n", "</mzML>junk", "junk behind the root");
    expect_three_after("<scan>",
                       "<scan><cvParam accession=\"XYZ:1\" value=\"5\"/><unknown a=\"b\"><c/></unknown>",
                       "unknown elements");
    expect_three_after("<spectrum id", "<spectrum xsi:type=\"a\" id", "prefix never declared");
}

Test(parse, namespaces)
{
    static struct sample sample;
    static char text[1 << 17], prefixed[1 << 17];
    three_spectra(&sample);
    replaced(sample.text, "</", "\1", text, sizeof text);
    replaced(text, "<", "<m:", prefixed, sizeof prefixed);
    replaced(prefixed, "<m:?xml", "<?xml", text, sizeof text);
    replaced(text, "\1", "</m:", prefixed, sizeof prefixed);
    size_t n = replaced(prefixed, "xmlns=", "xmlns:m=", text, sizeof text);
    expect_three(text, n, 300, "prefix");
    expect_three_after(" xmlns=\"http://psi.hupo.org/ms/mzml\"", "", "no namespace");
}

Test(parse, indexed_mzml)
{
    static struct sample sample;
    static char text[1 << 17], wrapped[1 << 17];
    three_spectra(&sample);
    replaced(sample.text, "<mzML", "<indexedmzML><mzML", text, sizeof text);
    size_t n = replaced(
        text, "</mzML>",
        "</mzML><indexList count=\"1\"><index name=\"spectrum\"><offset idRef=\"s\">5</offset></index>"
        "</indexList></indexedmzML>",
        wrapped, sizeof wrapped);
    expect_three(wrapped, n, 77, "indexedmzML");
}

static void expect_refusal(const char *text, size_t n, const char *words)
{
    struct mzg_imzml_document document;
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)parse_pieces(text, n, 64, &document, &err), MZG_EFORMAT), "%s", words);
    cr_expect(strstr(err.text, words) != NULL, "%s", err.text);
}

Test(parse, what_is_not_imzml)
{
    expect_refusal("", 0, "x.imzML: the file is empty");
    expect_refusal("hello, world\n", 13, "does not begin as XML");
    expect_refusal("\x89HDF\r\n\x1a\n\0\0", 10, "does not begin as XML");
    expect_refusal("   \n", 4, "does not begin as XML");
    expect_refusal("<html><body/></html>", 20, "the root element is <html>, expected <mzML>");
    expect_refusal("<mzML></mzML>", 13, "no <spectrumList>");
    expect_refusal("version https://git-lfs.github.com/spec/v1\n", 43, "git lfs pull");
}

Test(parse, what_is_not_well_formed_is_refused_with_its_line)
{
    static const struct {
        const char *from, *to;
    } damage[] = {{"</scan>", "</scam>"},
                  {"<binary/>", "<binary>"},
                  {"value=\"16\"", "value=\"<\""},
                  {"value=\"16\"", "value=16"},
                  {"value=\"16\"", "value=\"16\" value=\"17\""},
                  {"<scan>", "<scan>&bomb;"},
                  {"value=\"16\"", "value=\"&bomb;\""}};
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        static struct sample sample;
        static char text[1 << 17];
        sample.n = 0;
        three_spectra(&sample);
        size_t n = replaced(sample.text, damage[i].from, damage[i].to, text, sizeof text);
        expect_refusal(text, n, "not well-formed XML");
        expect_refusal(text, n, "x.imzML: line ");
    }
}

Test(parse, a_document_type_is_refused)
{
    static struct sample sample;
    static char text[1 << 17];
    three_spectra(&sample);
    size_t n =
        replaced(sample.text, "<mzML", "<!DOCTYPE mzML [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><mzML",
                 text, sizeof text);
    expect_refusal(text, n, "document type declaration");
    n = replaced(sample.text, "<mzML", "<!DOCTYPE mzML SYSTEM \"file:///etc/passwd\"><mzML", text,
                 sizeof text);
    expect_refusal(text, n, "document type declaration");
}

Test(parse, absurd_nesting_is_refused)
{
    static struct sample sample;
    sample_add(&sample, "<mzML>");
    for (int i = 0; i < 5000; i++)
        sample_add(&sample, "<a>");
    expect_refusal(sample.text, sample.n, "nested more than 64 deep");
}

Test(parse, absurdly_many_attributes_are_refused)
{
    static struct sample sample;
    sample_add(&sample, "<mzML ");
    for (int i = 0; i < 5000; i++)
        sample_add(&sample, "a%d=\"\" ", i);
    sample_add(&sample, "/>");
    expect_refusal(sample.text, sample.n, "an element with more than 4096 attributes");
}

/* Cut at every byte: never a crash, never a spectrum that is not whole, and the number of those that are in
 * the message. */
Test(parse, truncated_at_every_byte)
{
    static struct sample sample;
    three_spectra(&sample);
    size_t root_end = (size_t)(strstr(sample.text, "</mzML>") - sample.text) + strlen("</mzML>");
    struct mzg_imzml_parse_options tolerant = {.ibd_size = IBD_SIZE, .allow_truncated = true};
    for (size_t n = 1; n < root_end; n++) {
        /* A copy of its own, so that reading beyond it is seen by the sanitizer. */
        char *cut = malloc(n);
        memcpy(cut, sample.text, n);
        int64_t complete = 0;
        for (const char *at = sample.text; (at = strstr(at, "</spectrum>")) && at + 11 <= sample.text + n;
             at++)
            complete++;
        struct mzg_imzml_document document;
        struct mzg_error err = {0};
        cr_expect(eq(int, (int)parse_pieces(cut, n, 1 << 20, &document, &err), MZG_EFORMAT));

        err = (struct mzg_error){0};
        enum mzg_status status =
            mzg_imzml_parse_bytes(cut, (int64_t)n, 4096, "x", &tolerant, &document, &err);
        if (complete > 0) {
            cr_expect(eq(int, (int)status, MZG_OK), "%s", err.text);
            cr_expect(eq(i64, document.index.entries.n, complete));
            cr_expect(eq(i64, document.findings.count[MZG_FOUND_TRUNCATED_XML], 1));
            mzg_imzml_document_destroy(&document);
        } else {
            cr_expect(eq(int, (int)status, MZG_EFORMAT));
        }
        free(cut);
    }
}

Test(parse, the_header_alone_ends_where_the_spectra_begin)
{
    static struct sample sample;
    sample_head(&sample, SAMPLE_CONTENT, "", "", 3);
    sample_add(&sample, "<spectrum this is no XML at all <<<");
    struct mzg_imzml_parse_options header = {.header_only = true};
    struct mzg_imzml_document document;
    struct mzg_error err = {0};
    cr_assert(
        eq(int,
           (int)mzg_imzml_parse_bytes(sample.text, (int64_t)sample.n, 1 << 20, "x", &header, &document, &err),
           MZG_OK),
        "%s", err.text);
    cr_expect(eq(i64, document.header.declared_spectra, 3));
    cr_expect(eq(str, document.header.version, "1.1.0"));
    cr_expect(eq(i64, document.index.entries.n, 0));
    cr_expect(strstr(document.header_xml, "<run id=\"r\">") != NULL);
    cr_expect(strstr(document.header_xml, "spectrumList") == NULL);
    mzg_imzml_document_destroy(&document);
}

Test(parse, the_text_of_the_header_is_utf_8)
{
    static const char *const names[] = {"Gie\xdf"
                                        "en",
                                        "Gie\xc3\x9f"
                                        "en"};
    for (int i = 0; i < 2; i++) {
        static struct sample sample;
        sample.n = 0;
        sample_add(&sample,
                   "<?xml version=\"1.0\" encoding=\"%s\"?><mzML><run id=\"%s\"><spectrumList/></run></mzML>",
                   i ? "UTF-8" : "ISO-8859-1", names[i]);
        struct mzg_imzml_document document;
        struct mzg_error err = {0};
        cr_assert(eq(int, (int)parse_pieces(sample.text, sample.n, 100, &document, &err), MZG_OK), "%s",
                  err.text);
        cr_expect(strstr(document.header_xml, names[1]) != NULL, "%s", document.header_xml);
        mzg_imzml_document_destroy(&document);
    }
}
