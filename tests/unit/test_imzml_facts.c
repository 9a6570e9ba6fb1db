/* What the header says of the whole: identity, mode, type, pixel size, metadata. */
#include <imzml/facts.h>
#include <imzml/metadata.h>
#include <imzml/pair.h>
#include <imzml/parse.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <imzml_sample.h>
#include <jansson.h>

static struct sample sample;
static struct mzg_imzml_document document;

/* Parses a header with these terms in fileContent and these lists before the run. */
static void parse(const char *content, const char *more)
{
    static const struct mzg_imzml_parse_options header = {.header_only = true};
    struct mzg_error err = {0};
    sample.n = 0;
    sample_head(&sample, content, "", more, 1);
    sample_tail(&sample);
    mzg_imzml_document_destroy(&document);
    cr_assert(eq(int,
                 (int)mzg_imzml_parse_bytes(sample.text, (int64_t)sample.n, 999, "x.imzML", &header,
                                            &document, &err),
                 MZG_OK),
              "%s", err.text);
}

static void end_test(void)
{
    mzg_imzml_document_destroy(&document);
}

TestSuite(facts, .fini = end_test);

static const unsigned char ibd_head[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                           0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};

static struct mzg_imzml_identity identify(const char *content)
{
    struct mzg_imzml_identity identity;
    parse(content, "");
    mzg_imzml_identify(&document.header, ibd_head, &document.findings, &identity);
    return identity;
}

Test(facts, a_uuid_in_any_form_agrees)
{
    static const char *const forms[] = {
        SAMPLE_CV("IMS:1000080", "", "{00112233-4455-6677-8899-AABBCCDDEEFF}"),
        SAMPLE_CV("IMS:1000080", "", "00112233-4455-6677-8899-aabbccddeeff"),
        SAMPLE_CV("IMS:1000080", "", "00112233445566778899aabbccddeeff"),
        SAMPLE_CV("IMS:1000080", "", " 00112233445566778899AABBCCDDEEFF "),
        SAMPLE_CV("IMS:1000080", "written by .NET", "{33221100-5544-7766-8899-AABBCCDDEEFF}")};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct mzg_imzml_identity identity = identify(forms[i]);
        cr_expect(identity.uuid_agrees, "%s", forms[i]);
        cr_expect(eq(str, identity.uuid_in_ibd, SAMPLE_UUID));
        cr_expect(eq(i64, document.findings.count[MZG_FOUND_UUID], 0), "%s", forms[i]);
    }
}

Test(facts, a_uuid_that_does_not_agree_is_a_finding)
{
    static const struct {
        const char *content, *words;
    } cases[] = {
        {"", "no UUID"},
        {SAMPLE_CV("IMS:1000080", "", ""), "is none"},
        {SAMPLE_CV("IMS:1000080", "", "0011223344"), "is none"},
        {SAMPLE_CV("IMS:1000080", "", "zz112233445566778899aabbccddeeff"), "is none"},
        {SAMPLE_CV("IMS:1000080", "", SAMPLE_UUID "00"), "is none"},
        {SAMPLE_CV("IMS:1000080", "", "10112233445566778899aabbccddeeff"), "they may not belong together"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect(not(identify(cases[i].content).uuid_agrees), "%s", cases[i].content);
        cr_expect(strstr(document.findings.first[MZG_FOUND_UUID], cases[i].words) != NULL, "%s",
                  cases[i].content);
        struct mzg_error err = {0};
        cr_expect(eq(int, (int)mzg_findings_refuse(&document.findings, "x.imzML", &err), MZG_EFORMAT));
        cr_expect(strstr(err.text, "x.imzML: ") && strstr(err.text, "--strict"), "%s", err.text);
    }
}

#define SHA1 "7e8fdb93053915d3edb51b70aa0619ac209964df"
#define MD5 "d41d8cd98f00b204e9800998ecf8427e"

Test(facts, checksums)
{
    struct mzg_imzml_identity identity = identify(SAMPLE_CONTENT);
    cr_expect(identity.checksum_type == NULL);
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_CHECKSUM_TERM], 0), "none is no fault");

    identity = identify(SAMPLE_CONTENT SAMPLE_CV("IMS:1000091", "ibd MD5, it says",
                                                 "7E8FDB93053915D3EDB51B70AA0619AC209964DF"));
    cr_expect(eq(str, (char *)identity.checksum_type, "SHA-1"), "by accession, not by name");
    cr_expect(eq(str, identity.checksum, SHA1));

    identity = identify(SAMPLE_CONTENT SAMPLE_CV("IMS:1000090", "", MD5) SAMPLE_CV("IMS:1000091", "", SHA1));
    cr_expect(eq(str, (char *)identity.checksum_type, "SHA-1"), "the stronger");

    identity = identify(SAMPLE_CONTENT SAMPLE_CV("IMS:1000090", "", MD5) SAMPLE_CV("IMS:1000091", "", ""));
    cr_expect(eq(str, (char *)identity.checksum_type, "MD5"));
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_CHECKSUM_TERM], 1), "an empty one is a finding");
}

Test(facts, modes)
{
    parse(SAMPLE_CV("IMS:1000030", "", ""), "");
    cr_expect(eq(int, (int)mzg_imzml_declared_mode(&document.header), (int)MZG_MODE_CONTINUOUS));
    parse(SAMPLE_CV("IMS:1000032", "processed", ""), "");
    cr_expect(eq(int, (int)mzg_imzml_declared_mode(&document.header), (int)MZG_MODE_PROCESSED),
              "an old accession");
    parse(SAMPLE_CV("IMS:1000030", "", "") SAMPLE_CV("IMS:1000031", "", ""), "");
    cr_expect(eq(int, (int)mzg_imzml_declared_mode(&document.header), (int)MZG_MODE_UNKNOWN));
    parse(SAMPLE_CV("IMS:1000080", "", ""), "");
    cr_expect(eq(int, (int)mzg_imzml_declared_mode(&document.header), (int)MZG_MODE_UNKNOWN));
}

static enum mzg_spectrum_type decide(const char *content, int64_t n_unknown, int64_t n_centroid,
                                     int64_t n_profile)
{
    const int64_t n_type[3] = {n_unknown, n_centroid, n_profile};
    parse(content, "");
    return mzg_imzml_decide_type(&document.header, n_type, &document.findings);
}

#define CENTROID SAMPLE_CV("MS:1000127", "profile spectrum", "")
#define PROFILE SAMPLE_CV("MS:1000128", "", "")

Test(facts, types_of_spectra)
{
    cr_expect(eq(int, (int)decide("", 9, 0, 0), (int)MZG_SPECTRUM_UNKNOWN));
    cr_expect(eq(int, (int)decide(CENTROID, 9, 0, 0), (int)MZG_SPECTRUM_CENTROID));
    cr_expect(eq(int, (int)decide("", 3, 0, 6), (int)MZG_SPECTRUM_PROFILE));
    cr_expect(eq(int, (int)decide(PROFILE, 0, 0, 9), (int)MZG_SPECTRUM_PROFILE));
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_SPECTRUM_TYPE], 0));

    cr_expect(eq(int, (int)decide(PROFILE, 0, 9, 0), (int)MZG_SPECTRUM_CENTROID), "the spectra know better");
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_SPECTRUM_TYPE], 1));
    cr_expect(eq(int, (int)decide("", 0, 2, 7), (int)MZG_SPECTRUM_PROFILE), "the majority");
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_SPECTRUM_TYPE], 1));
    cr_expect(eq(int, (int)decide(PROFILE CENTROID, 9, 0, 0), (int)MZG_SPECTRUM_UNKNOWN));
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_SPECTRUM_TYPE], 1));
}

#define SETTINGS(id, terms) "<scanSettings id=\"" id "\">" terms "</scanSettings>"
#define LENGTH(accession, value, unit)                                                                       \
    "<cvParam accession=\"" accession "\" value=\"" value "\" unitAccession=\"" unit "\" unitName=\"u\"/>"

static const int64_t *grid; /* of the positions; NULL: not known */

static struct mzg_imzml_geometry geometry_of(const char *settings)
{
    static char more[8192];
    snprintf(more, sizeof more, "<scanSettingsList>%s</scanSettingsList>", settings);
    struct mzg_imzml_geometry geometry;
    parse(SAMPLE_CONTENT, more);
    mzg_imzml_geometry(&document.header, grid, &document.findings, &geometry);
    return geometry;
}

static void expect_size(const char *settings, double x, double y)
{
    struct mzg_imzml_geometry geometry = geometry_of(settings);
    cr_expect(epsilon_eq(dbl, geometry.pixel_size[0], x, 1e-9), "%s", settings);
    cr_expect(epsilon_eq(dbl, geometry.pixel_size[1], y, 1e-9), "%s", settings);
}

Test(facts, pixel_sizes_in_any_unit)
{
    expect_size("", 0, 0);
    expect_size(SETTINGS("a", ""), 0, 0);
    expect_size(SETTINGS("a", SAMPLE_CV("IMS:1000046", "", "20")), 20, 20);
    expect_size(SETTINGS("a", SAMPLE_CV("IMS:1000046", "", "20") SAMPLE_CV("IMS:1000047", "", "30")), 20, 30);
    expect_size(SETTINGS("a", SAMPLE_CV("IMS:1000047", "", "4.406250e+00")), 4.40625, 4.40625);
    expect_size(SETTINGS("a", LENGTH("IMS:1000046", "4406.25", "UO:0000018")), 4.40625, 4.40625);
    expect_size(SETTINGS("a", LENGTH("IMS:1000046", "0.05", "UO:0000016")), 50, 50);
    expect_size(SETTINGS("a", LENGTH("IMS:1000046", "0.01", "UO:0000015")), 100, 100);
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_PIXEL_SIZE], 0));
}

Test(facts, pixel_sizes_that_are_none)
{
    expect_size(SETTINGS("a", SAMPLE_CV("IMS:1000046", "", "0")), 0, 0);
    expect_size(SETTINGS("a", SAMPLE_CV("IMS:1000046", "", "-5")), 0, 0);
    expect_size(SETTINGS("a", SAMPLE_CV("IMS:1000046", "", "20 um")), 0, 0);
    expect_size(SETTINGS("a", LENGTH("IMS:1000046", "20", "UO:0000010")), 0, 0);
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_PIXEL_SIZE], 1));
}

#define GRID(nx, ny, dx, dy)                                                                                 \
    SAMPLE_CV("IMS:1000042", "", nx)                                                                         \
    SAMPLE_CV("IMS:1000043", "", ny) SAMPLE_CV("IMS:1000044", "", dx) SAMPLE_CV("IMS:1000045", "", dy)

Test(facts, an_area_is_taken_for_one_where_the_image_proves_it)
{
    /* 3 pixels on 300 micrometres are 100 wide: 10000 is their area. */
    expect_size(SETTINGS("a", GRID("3", "3", "300", "300") SAMPLE_CV("IMS:1000046", "", "10000")), 100, 100);
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_PIXEL_AREA], 2));
    expect_size(SETTINGS("a", GRID("3", "3", "300", "300") SAMPLE_CV("IMS:1000046", "", "100")), 100, 100);
    expect_size(SETTINGS("a", GRID("3", "3", "300", "300") SAMPLE_CV("IMS:1000046", "", "5000")), 5000, 5000);
    expect_size(SETTINGS("a", GRID("3", "3", "3", "3") SAMPLE_CV("IMS:1000046", "", "1")), 1, 1);
    expect_size(SETTINGS("a", GRID("3", "3", "0", "0") SAMPLE_CV("IMS:1000046", "", "10000")), 10000, 10000);
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_PIXEL_AREA], 0));
}

#define EXTENT(dx, dy) SAMPLE_CV("IMS:1000044", "", dx) SAMPLE_CV("IMS:1000045", "", dy)

Test(facts, without_counts_the_positions_prove_an_area)
{
    static const int64_t of_the_index[2] = {4, 3}, other[2] = {5, 5};
    expect_size(SETTINGS("a", EXTENT("400", "300") SAMPLE_CV("IMS:1000046", "", "10000")), 10000, 10000);
    grid = of_the_index;
    expect_size(SETTINGS("a", EXTENT("400", "300") SAMPLE_CV("IMS:1000046", "", "10000")), 100, 100);
    cr_expect(eq(str, document.findings.first[MZG_FOUND_PIXEL_AREA],
                 "its pixel size 10000 is an area: 400 micrometres for 4 pixels; taken as 100 micrometres"));
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_PIXEL_SIZE], 0));
    expect_size(SETTINGS("a", EXTENT("400", "300") SAMPLE_CV("IMS:1000046", "", "100")), 100, 100);
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_PIXEL_AREA], 0));
    grid = other;
    expect_size(SETTINGS("a", EXTENT("400", "300") SAMPLE_CV("IMS:1000046", "", "10000")), 10000, 10000);
    grid = NULL;
}

Test(facts, without_a_size_the_extent_tells_one_where_both_directions_agree)
{
    static const int64_t of_the_index[2] = {4, 3};
    expect_size(SETTINGS("a", GRID("4", "3", "400", "300")), 100, 100);
    cr_expect(eq(
        str, document.findings.first[MZG_FOUND_PIXEL_SIZE],
        "it has no pixel size (IMS:1000046), but extents of 400 x 300 micrometres for 4 x 3 pixels; taken as "
        "100 x 100 micrometres, unless --pixel-size says otherwise"));
    expect_size(SETTINGS("a", EXTENT("400", "300")), 0, 0);
    grid = of_the_index;
    expect_size(SETTINGS("a", EXTENT("400", "300")), 100, 100);
    grid = NULL;
    expect_size(SETTINGS("a", GRID("4", "3", "300", "200")), 0, 0); /* from the first to the last pixel */
    expect_size(SETTINGS("a", GRID("1", "2", "0.0", "100.0")), 0, 0);
    expect_size(SETTINGS("a", GRID("4", "3", "4", "3")), 0, 0); /* counts once more */
}

static void expect_odd(const char *size, const char *words)
{
    char settings[400];
    snprintf(settings, sizeof settings, SETTINGS("a", SAMPLE_CV("IMS:1000046", "", "%s")), size);
    geometry_of(settings);
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_PIXEL_SIZE], words != NULL), "%s", size);
    if (words)
        cr_expect(strstr(document.findings.first[MZG_FOUND_PIXEL_SIZE], words) != NULL, "%s",
                  document.findings.first[MZG_FOUND_PIXEL_SIZE]);
}

Test(facts, sizes_that_no_instrument_has)
{
    expect_odd("10000",
               "larger than that of any instrument; if it is an area (an old meaning of IMS:1000046), "
               "--pixel-size 100 would");
    expect_odd("1001", "--pixel-size 31.639 would");
    expect_odd("0.01", "smaller than that of any instrument; if it is in millimetres, --pixel-size 10 would");
    expect_odd("1000", NULL);
    expect_odd("0.05", NULL);
}

Test(facts, where_the_image_lies)
{
    struct mzg_imzml_geometry geometry = geometry_of(SETTINGS(
        "a", LENGTH("IMS:1000053", "12345.5", "UO:0000017") LENGTH("IMS:1000054", "-2", "UO:0000016")));
    cr_expect(eq(dbl, geometry.offset[0], 12345.5));
    cr_expect(eq(dbl, geometry.offset[1], -2000));
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_OFFSET], 0));
    geometry = geometry_of(
        SETTINGS("a", LENGTH("IMS:1000053", "left", "UO:0000017") LENGTH("IMS:1000054", "5", "UO:0000010")));
    cr_expect(eq(dbl, geometry.offset[0], 0));
    cr_expect(eq(dbl, geometry.offset[1], 0));
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_OFFSET], 2));
    cr_expect(eq(str, document.findings.first[MZG_FOUND_OFFSET],
                 "its absolute position offset IMS:1000053 = \"left\" u is not a length and is ignored"));
    geometry = geometry_of(SETTINGS("a", LENGTH("IMS:1000053", "", "UO:0000017")));
    cr_expect(eq(dbl, geometry.offset[0], 0));
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_OFFSET], 0), "an empty one is none");
}

Test(facts, of_several_settings_the_first_with_a_size_counts)
{
    struct mzg_imzml_geometry geometry = geometry_of(SETTINGS("grid", GRID("5", "6", "50", "60")) SETTINGS(
        "first", SAMPLE_CV("IMS:1000046", "", "10")) SETTINGS("second", SAMPLE_CV("IMS:1000046", "", "25")));
    cr_expect(eq(str, (char *)geometry.settings, "first"));
    cr_expect(eq(dbl, geometry.pixel_size[0], 10));
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_SCAN_SETTINGS], 1));
    cr_expect(eq(i64, geometry.max_count[0], 0), "no chimera of several settings");

    geometry = geometry_of(SETTINGS("first", SAMPLE_CV("IMS:1000046", "", "10"))
                               SETTINGS("second", SAMPLE_CV("IMS:1000046", "", "10")));
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_SCAN_SETTINGS], 0), "they agree");
}

Test(facts, of_several_settings_the_one_referred_to_counts)
{
    static const char text[] =
        "<mzML><scanSettingsList>" SETTINGS("a", SAMPLE_CV("IMS:1000046", "", "10")) SETTINGS(
            "b",
            SAMPLE_CV("IMS:1000046", "",
                      "25")) "</scanSettingsList><instrumentConfigurationList>"
                             "<instrumentConfiguration id=\"IC1\" "
                             "scanSettingsRef=\"b\"/></instrumentConfigurationList>"
                             "<run defaultInstrumentConfigurationRef=\"IC1\"><spectrumList/></run></mzML>";
    static const struct mzg_imzml_parse_options header = {.header_only = true};
    struct mzg_error err = {0};
    cr_assert(
        eq(int, (int)mzg_imzml_parse_bytes(text, sizeof text - 1, 50, "x", &header, &document, &err), MZG_OK),
        "%s", err.text);
    struct mzg_imzml_geometry geometry;
    mzg_imzml_geometry(&document.header, NULL, &document.findings, &geometry);
    cr_expect(eq(dbl, geometry.pixel_size[0], 25));
}

Test(facts, terms_of_groups_count_in_every_section)
{
    sample.n = 0;
    sample_head(&sample, "<referenceableParamGroupRef ref=\"all\"/>",
                "<referenceableParamGroup id=\"all\">" SAMPLE_CONTENT PROFILE "</referenceableParamGroup>",
                "", 1);
    sample_tail(&sample);
    static const struct mzg_imzml_parse_options header = {.header_only = true};
    struct mzg_error err = {0};
    cr_assert(
        eq(int, (int)mzg_imzml_parse_bytes(sample.text, (int64_t)sample.n, 50, "x", &header, &document, &err),
           MZG_OK));
    cr_expect(eq(int, (int)mzg_imzml_declared_mode(&document.header), (int)MZG_MODE_PROCESSED));
    cr_expect(eq(int, (int)mzg_imzml_declared_type(&document.header), (int)MZG_SPECTRUM_PROFILE));
}

Test(facts, plain_mzml_is_refused)
{
    struct mzg_error err = {0};
    parse(PROFILE, "");
    cr_expect(eq(int, (int)mzg_imzml_require(&document.header, "x.imzML", &err), MZG_EFORMAT));
    cr_expect(strstr(err.text, "x.imzML: mzML, but not imzML") != NULL, "%s", err.text);
    err = (struct mzg_error){0};
    parse(SAMPLE_CV("IMS:1000031", "", ""), "");
    cr_expect(eq(int, (int)mzg_imzml_require(&document.header, "x.imzML", &err), MZG_OK), "%s", err.text);
}

static void expect_line(const json_t *metadata, const char *key, const char *line)
{
    size_t i;
    json_t *one;
    bool found = false;
    json_array_foreach(json_object_get(metadata, key), i, one) found =
        found || strcmp(json_string_value(one), line) == 0;
    cr_expect(found, "%s: no \"%s\"", key, line);
}

static const char every_list[] =
    "<softwareList><software id='A' version='1.2'>"
    "<cvParam accession='MS:1000799' name='custom' value='mine'/></software></softwareList>"
    "<scanSettingsList><scanSettings id='s1'>"
    "<cvParam accession='IMS:1000046' value='20' unitAccession='UO:0000017' unitName='u'/></scanSettings>"
    "<scanSettings id='s2'><userParam name='note' value='a &amp; b'/></scanSettings></scanSettingsList>"
    "<instrumentConfigurationList><instrumentConfiguration id='IC'>"
    "<cvParam accession='MS:1000557' name='LTQ FT Ultra'/><componentList><analyzer order='2'>"
    "<cvParam accession='MS:1000264' name='ion trap'/></analyzer></componentList>"
    "</instrumentConfiguration></instrumentConfigurationList>";

Test(facts, metadata_keep_every_term)
{
    parse(SAMPLE_CONTENT SAMPLE_CV("MS:1000130", "positive scan", ""), every_list);
    struct mzg_imzml_identity identity;
    mzg_imzml_identify(&document.header, ibd_head, &document.findings, &identity);
    json_t *metadata = NULL;
    const struct mzg_kinds kinds = {0};
    struct mzg_error err = {0};
    cr_assert(eq(int, (int)mzg_imzml_metadata(&document, &identity, &kinds, &metadata, &err), MZG_OK), "%s",
              err.text);
    expect_line(metadata, "file_content", "IMS:1000031 processed");
    expect_line(metadata, "file_content", "IMS:1000080 uuid = {" SAMPLE_UUID "}");
    expect_line(metadata, "software", "version = 1.2");
    expect_line(metadata, "software", "MS:1000799 custom = mine");
    expect_line(metadata, "scan_settings", "s1: IMS:1000046 = 20 u");
    expect_line(metadata, "scan_settings", "s2: note = a & b");
    expect_line(metadata, "instruments", "IC: MS:1000557 LTQ FT Ultra");
    expect_line(metadata, "instruments", "IC/analyzer 2: MS:1000264 ion trap");
    expect_line(metadata, "instrument_accessions", "MS:1000264");
    expect_line(metadata, "parameter_groups", "mz: MS:1000514 m/z array");
    cr_expect(eq(str, (char *)json_string_value(json_object_get(metadata, "polarity")), "positive"));
    cr_expect(eq(int, json_is_true(json_object_get(metadata, "uuid_agrees")), 1));
    const char *xml = json_string_value(json_object_get(metadata, "header_xml"));
    cr_expect(xml && strncmp(xml, sample.text, strlen(xml)) == 0, "the header as it stands in the file");
    json_decref(metadata);
}

Test(findings, one_line_for_each_kind_with_count_and_first_case)
{
    struct mzg_findings findings = {0};
    for (int i = 1; i <= 1000; i++)
        mzg_find(&findings, MZG_FOUND_GROUP_MISSING, "case %d", i);
    mzg_find(&findings, MZG_FOUND_NO_POSITION, "spectrum 8");
    findings.n_spectra = 20;
    json_t *lines = mzg_findings_json(&findings);
    cr_assert(eq(sz, json_array_size(lines), 2));
    cr_expect(eq(str, (char *)json_string_value(json_array_get(lines, 0)),
                 "1000 references name a parameter group that the file does not have; first: case 1"));
    cr_expect(eq(str, (char *)json_string_value(json_array_get(lines, 1)),
                 "1 of 20 spectra have no usable position and are skipped; first: spectrum 8"));
    json_decref(lines);
    struct mzg_error err = {0};
    cr_expect(eq(int, (int)mzg_findings_refuse(&findings, "x", &err), MZG_OK), "neither is about identity");
}
