/* What a spectrum says, where, how often and how wrongly → its entry, faults and findings. */
#include <input/pixels.h>

#include <index_fixture.h>
#include <inttypes.h>

TestSuite(index, .fini = end_test);

Test(index, positions_stand_anywhere_in_a_spectrum)
{
    head("<referenceableParamGroup id=\"here\">" POSITION "</referenceableParamGroup>");
    spectrum_with(POSITION);
    spectrum_with("<scanList><scan>" POSITION
                  "<cvParam accession=\"IMS:1000052\" value=\"7\"/></scan></scanList>");
    spectrum_with("<referenceableParamGroupRef ref=\"here\"/>");
    spectrum_with(
        "<userParam name=\"3DPositionX\" value=\"4.0\"/><userParam name=\"3DPositionY\" value=\"5.000\"/>");
    parse_well();
    for (int i = 0; i < 4; i++) {
        cr_expect(eq(int, entry_at(i)->fault, MZG_ENTRY_OK), "%d", i);
        cr_expect(eq(i32, entry_at(i)->position[0], 4), "%d", i);
        cr_expect(eq(i32, entry_at(i)->position[1], 5), "%d", i);
        cr_expect(eq(i32, entry_at(i)->position[2], i == 1 ? 7 : 1), "%d", i);
    }
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_USER_POSITION], 1));
}

Test(index, user_positions_do_not_count_beside_real_ones)
{
    head("");
    spectrum_with("<userParam name=\"3DPositionX\" value=\"99\"/>" POSITION
                  "<userParam name=\"3DPositionY\" value=\"0.5\"/>");
    parse_well();
    cr_expect(eq(i32, entry_at(0)->position[0], 4));
    cr_expect(eq(i32, entry_at(0)->position[1], 5));
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_USER_POSITION], 0));
}

Test(index, user_planes_count_beside_user_positions_only)
{
    head("");
    spectrum_with(
        "<userParam name=\"3DPositionX\" value=\"4.0\"/><userParam name=\"3DPositionY\" value=\"5\"/>"
        "<userParam name=\"3DPositionZ\" value=\"6.000\"/>");
    spectrum_with(POSITION "<userParam name=\"3DPositionZ\" value=\"0.25\"/>");
    spectrum_with(POSITION "<cvParam accession=\"IMS:1000052\" value=\"0\"/>");
    static const int32_t planes[] = {6, 1, 0};
    parse_well();
    for (int i = 0; i < 3; i++) {
        cr_expect(eq(int, entry_at(i)->fault, MZG_ENTRY_OK), "%d", i);
        cr_expect(eq(i32, entry_at(i)->position[2], planes[i]), "%d", i);
    }
}

Test(index, positions_that_are_none)
{
    static const char *const bad[] = {"", "x", "1.5", "9999999999", "-2147483648"};
    char params[256];
    head("");
    spectrum_with("");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(params, sizeof params,
                 "<cvParam accession=\"IMS:1000050\" value=\"%s\"/><cvParam accession=\"IMS:1000051\" "
                 "value=\"1\"/>",
                 bad[i]);
        spectrum_with(params);
    }
    spectrum_with(POSITION);
    parse_well();
    for (int i = 0; i < 6; i++) {
        cr_expect(eq(int, entry_at(i)->fault, MZG_ENTRY_NO_POSITION), "%d", i);
        for (int d = 0; d < 3; d++)
            cr_expect(eq(i32, entry_at(i)->position[d], MZG_NO_COORDINATE), "%d", i);
    }
    cr_expect(eq(int, entry_at(6)->fault, MZG_ENTRY_OK));
    cr_expect(eq(i64, document.index.totals.n_without_position, 6));
}

Test(index, zero_and_negative_positions_are_positions)
{
    head("");
    spectrum_with(
        "<cvParam accession=\"IMS:1000050\" value=\"0\"/><cvParam accession=\"IMS:1000051\" value=\"-3\"/>");
    parse_well();
    cr_expect(eq(int, entry_at(0)->fault, MZG_ENTRY_OK));
    cr_expect(eq(i32, entry_at(0)->position[0], 0));
    cr_expect(eq(i32, entry_at(0)->position[1], -3));
}

Test(index, what_an_element_says_wins_over_its_group)
{
    head("<referenceableParamGroup id=\"late\"><cvParam accession=\"MS:1000521\" name=\"32-bit "
         "float\"/>" PLACE("1", "1", "1") "</referenceableParamGroup>");
    /* Before and behind the reference. */
    spectrum(POSITION, "mz", PLACE("16", "2", "16") "<referenceableParamGroupRef ref=\"late\"/>", "intensity",
             PLACE("32", "2", "16") "<cvParam accession=\"MS:1000523\"/>");
    parse_well();
    cr_expect(eq(i64, entry_at(0)->array[MZG_MZ].offset, 16));
    cr_expect(eq(i64, entry_at(0)->array[MZG_MZ].n, 2));
    cr_expect(eq(int, (int)mzg_entry_type(entry_at(0), MZG_INTENSITY), (int)MZG_ARRAY_FLOAT64));
}

Test(index, groups_may_refer_to_groups)
{
    head("<referenceableParamGroup id=\"outer\"><referenceableParamGroupRef "
         "ref=\"mz\"/></referenceableParamGroup>");
    spectrum(POSITION, "outer", PLACE("16", "2", "16"), "intensity", PLACE("32", "2", "8"));
    parse_well();
    cr_expect(eq(int, entry_at(0)->fault, MZG_ENTRY_OK));
}

Test(index, groups_that_refer_to_themselves_are_refused)
{
    head("<referenceableParamGroup id=\"a\"><referenceableParamGroupRef ref=\"b\"/></referenceableParamGroup>"
         "<referenceableParamGroup id=\"b\"><referenceableParamGroupRef "
         "ref=\"a\"/></referenceableParamGroup>");
    expect_refusal("refers to groups more than 8 deep");
}

Test(index, groups_that_multiply_are_refused)
{
    char groups[8192];
    int n = snprintf(groups, sizeof groups,
                     "<referenceableParamGroup id=\"g0\"><userParam name=\"a\"/></referenceableParamGroup>");
    for (int level = 1; level <= 6; level++) {
        n += snprintf(groups + n, sizeof groups - (size_t)n, "<referenceableParamGroup id=\"g%d\">", level);
        for (int i = 0; i < 20; i++)
            n += snprintf(groups + n, sizeof groups - (size_t)n, "<referenceableParamGroupRef ref=\"g%d\"/>",
                          level - 1);
        n += snprintf(groups + n, sizeof groups - (size_t)n, "</referenceableParamGroup>");
    }
    head(groups);
    expect_refusal("holds more than 4096 parameters");
}

Test(index, a_header_that_refers_to_a_large_group_everywhere_is_refused)
{
    static char group[49152];
    size_t n = (size_t)sprintf(group, "<referenceableParamGroup id=\"big\">");
    while (n < sizeof group - 200)
        n += (size_t)sprintf(group + n, "<userParam name=\"a\"/>");
    sprintf(group + n, "</referenceableParamGroup>");
    sample.n = 0;
    static char content[4096];
    n = (size_t)sprintf(content, "%s", SAMPLE_CONTENT);
    for (int i = 0; i < 40; i++)
        n += (size_t)sprintf(content + n, "<referenceableParamGroupRef ref=\"big\"/>");
    sample_head(&sample, content, group, "", 1);
    spectrum_with(POSITION);
    expect_refusal("hold more than 65536 parameters together");
}

/* Found by fuzzing: the parameters of the header moved while its groups pointed to them. */
Test(index, parameters_between_spectra_are_no_part_of_the_header)
{
    head("");
    spectrum(POSITION, "mz", PLACE("16", "2", "16"), "intensity", PLACE("32", "2", "8"));
    for (int i = 0; i < 300; i++)
        sample_add(&sample, SAMPLE_CV("MS:1000031", "model %d", ""), i);
    sample_add(&sample, "<referenceableParamGroupRef ref=\"mz\"/><userParam name=\"late\" value=\"1\"/>\n");
    spectrum(POSITION, "mz", PLACE("16", "2", "16"), "intensity", PLACE("32", "2", "8"));
    parse_well();
    cr_expect(eq(int, entry_at(1)->fault, MZG_ENTRY_OK));
    for (int64_t i = 0; i < document.header.n; i++)
        cr_expect(ne(str, document.header.params[i].name, (char *)"late"));
}

Test(index, a_missing_group_is_a_finding)
{
    head("<referenceableParamGroup id=\"odd\"><referenceableParamGroupRef "
         "ref=\"lost\"/></referenceableParamGroup>");
    spectrum("<referenceableParamGroupRef ref=\"nowhere\"/>" POSITION, "mz", PLACE("16", "2", "16"), "gone",
             PLACE("32", "2", "8"));
    parse_well();
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_GROUP_MISSING], 3));
    cr_expect(eq(str, document.findings.first[MZG_FOUND_GROUP_MISSING], "\"lost\" in group \"odd\""));
    cr_expect(eq(int, entry_at(0)->fault, MZG_ENTRY_NO_ARRAY));
    cr_expect(eq(int, mzg_entry_fault_array(entry_at(0)), MZG_INTENSITY));
}

Test(index, numbers_that_are_none)
{
    static const struct {
        const char *place;
        int fault;
    } cases[] = {
        {PLACE("NA", "2", "16"), MZG_ENTRY_BAD_OFFSET},
        {PLACE("1.6e1", "2", "16"), MZG_ENTRY_OK},
        {PLACE("", "2", "16"), MZG_ENTRY_BAD_OFFSET},
        {PLACE("16", "two", "16"), MZG_ENTRY_BAD_LENGTH},
        {PLACE("16", "2.0", "16"), MZG_ENTRY_OK},
        {PLACE("16", "-2", "16"), MZG_ENTRY_BAD_LENGTH},
        {PLACE("16", "2", "16 bytes"), MZG_ENTRY_BAD_ENCODED},
        {PLACE("16", "2", "-16"), MZG_ENTRY_BAD_ENCODED},
        {PLACE("16", "2", "0"), MZG_ENTRY_OK},
        {PLACE("16", "2", "17"), MZG_ENTRY_ENCODED},
        {PLACE("NA", "0", "NA"), MZG_ENTRY_LENGTHS_DIFFER},
        {PLACE("-1", "2", "16"), MZG_ENTRY_OUTSIDE},
        {"<cvParam accession=\"IMS:1000103\" value=\"2\"/>", MZG_ENTRY_BAD_OFFSET},
        {"<cvParam accession=\"IMS:1000102\" value=\"16\"/>", MZG_ENTRY_BAD_LENGTH},
        {"<cvParam accession=\"IMS:1000102\" value=\"16\"/><cvParam accession=\"IMS:1000103\" value=\"2\"/>",
         MZG_ENTRY_OK}};
    enum { N = sizeof cases / sizeof *cases };
    head("");
    for (int i = 0; i < N; i++)
        spectrum_with_mz(cases[i].place);
    parse_well();
    for (int i = 0; i < N; i++)
        cr_expect(eq(int, entry_at(i)->fault, cases[i].fault), "%s", cases[i].place);
}

Test(index, missing_kinds_and_types)
{
    head("<referenceableParamGroup id=\"untyped\"><cvParam "
         "accession=\"MS:1000514\"/></referenceableParamGroup>");
    spectrum(POSITION, "untyped", PLACE("16", "2", "16"), "intensity", PLACE("32", "2", "8"));
    spectrum(POSITION, NULL, PLACE("16", "2", "16"), "intensity", PLACE("32", "2", "8"));
    sample_add(&sample, "<spectrum>" POSITION "</spectrum>");
    sample_add(&sample, "<spectrum/>");
    parse_well();
    cr_expect(eq(int, entry_at(0)->fault, MZG_ENTRY_NO_TYPE));
    cr_expect(eq(int, mzg_entry_fault_array(entry_at(0)), MZG_MZ));
    cr_expect(eq(int, entry_at(1)->fault, MZG_ENTRY_NO_ARRAY));
    cr_expect(eq(int, entry_at(2)->fault, MZG_ENTRY_NO_ARRAY));
    cr_expect(eq(int, entry_at(3)->fault, MZG_ENTRY_NO_POSITION));
}

Test(index, further_arrays_are_left_out)
{
    head("<referenceableParamGroup id=\"mobility\"><cvParam accession=\"MS:1003006\"/><cvParam "
         "accession=\"MS:1000523\"/>"
         "<cvParam accession=\"MS:1002312\"/></referenceableParamGroup>");
    sample_add(&sample, "<spectrum>" POSITION "<binaryDataArrayList>");
    sample_array(&sample, "mobility", PLACE("999999", "2", "16"));
    sample_array(&sample, "intensity", PLACE("32", "2", "8"));
    sample_array(&sample, "mz", PLACE("16", "2", "16"));
    sample_array(&sample, "mz", PLACE("17", "2", "16"));
    sample_array(&sample, NULL, "<cvParam accession=\"MS:1000786\" value=\"my own\"/>");
    sample_add(&sample, "</binaryDataArrayList></spectrum>");
    parse_well();
    cr_expect(eq(int, entry_at(0)->fault, MZG_ENTRY_OK));
    cr_expect(eq(i64, entry_at(0)->array[MZG_MZ].offset, 16), "of two m/z arrays the first counts");
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_EXTRA_ARRAY], 2));
    cr_expect(eq(str, document.findings.first[MZG_FOUND_EXTRA_ARRAY], "a second m/z array in spectrum 1"));
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_MOBILITY], 1));
    cr_expect(eq(str, document.findings.first[MZG_FOUND_MOBILITY],
                 "MS:1003006 mean inverse reduced ion mobility array in spectrum 1"));
}

Test(index, further_arrays_are_named)
{
    static const struct {
        const char *params, *name;
    } cases[] = {{"<cvParam accession=\"MS:1000516\"/>", "MS:1000516 charge array"},
                 {"<cvParam accession=\"MS:1000517\"/><cvParam accession=\"MS:1000521\"/>",
                  "MS:1000517 signal to noise array"},
                 {"<cvParam accession=\"MS:1000786\" value=\"mine\"/>", "MS:1000786 non-standard data array"},
                 {"<cvParam accession=\"MS:1000523\"/>", "an array of no known kind"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char wanted[100];
        head("");
        sample_add(&sample, "<spectrum>" POSITION "<binaryDataArrayList>");
        sample_array(&sample, "mz", PLACE("16", "2", "16"));
        sample_array(&sample, "intensity", PLACE("32", "2", "8"));
        sample_array(&sample, NULL, cases[i].params);
        sample_add(&sample, "</binaryDataArrayList></spectrum>");
        parse_well();
        snprintf(wanted, sizeof wanted, "%s in spectrum 1", cases[i].name);
        cr_expect(eq(str, document.findings.first[MZG_FOUND_EXTRA_ARRAY], wanted));
        mzg_imzml_document_destroy(&document);
    }
}

Test(index, encodings_that_cannot_be_read_are_refused_by_name)
{
    head("");
    spectrum_with_mz(PLACE("16", "2", "16") "<cvParam accession=\"MS:1002312\"/>");
    expect_refusal("x.imzML: line 9: spectrum 1: the m/z array is stored with MS:1002312 MS-Numpress linear");
}

Test(index, zlib_by_group_and_by_element)
{
    head("<referenceableParamGroup id=\"packed\"><cvParam accession=\"MS:1000515\"/><cvParam "
         "accession=\"MS:1000519\"/>"
         "<cvParam accession=\"MS:1000574\"/></referenceableParamGroup>");
    spectrum(POSITION, "mz", PLACE("16", "2", "11") "<cvParam accession=\"MS:1000574\"/>", "packed",
             PLACE("32", "2", "9"));
    parse_well();
    cr_expect(eq(int, entry_at(0)->fault, MZG_ENTRY_OK));
    cr_expect(mzg_entry_is_zlib(entry_at(0), MZG_MZ),
              "the element wins over \"no compression\" of its group");
    cr_expect(mzg_entry_is_zlib(entry_at(0), MZG_INTENSITY));
    cr_expect(eq(int, (int)mzg_entry_type(entry_at(0), MZG_INTENSITY), (int)MZG_ARRAY_INT32));
}

#define TWO_TYPES                                                                                            \
    "<referenceableParamGroup id=\"two\"><cvParam accession=\"MS:1000514\"/><cvParam "                       \
    "accession=\"MS:1000521\"/>"                                                                             \
    "<cvParam accession=\"MS:1000523\"/></referenceableParamGroup>"

Test(index, of_two_types_the_encoded_length_proves_one)
{
    head(TWO_TYPES);
    spectrum(POSITION, "two", PLACE("16", "2", "8"), "intensity", PLACE("32", "2", "8"));
    spectrum(POSITION, "two", PLACE("16", "2", "16"), "intensity", PLACE("32", "2", "8"));
    spectrum(POSITION, "two", PLACE("16", "2", "11"), "intensity", PLACE("32", "2", "8"));
    spectrum(POSITION, "two", PLACE("16", "0", "0"), "intensity", PLACE("32", "0", "0"));
    parse_well();
    cr_expect(eq(int, (int)mzg_entry_type(entry_at(0), MZG_MZ), (int)MZG_ARRAY_FLOAT32));
    cr_expect(eq(int, (int)mzg_entry_type(entry_at(1), MZG_MZ), (int)MZG_ARRAY_FLOAT64));
    cr_expect(eq(int, entry_at(2)->fault, MZG_ENTRY_ENCODED), "fits neither");
    cr_expect(eq(int, entry_at(3)->fault, MZG_ENTRY_OK), "nothing to read");
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_TWO_TYPES], 2));
}

Test(index, of_two_types_nothing_proves_one_without_encoded_length)
{
    head(TWO_TYPES);
    spectrum(
        POSITION, "two",
        "<cvParam accession=\"IMS:1000102\" value=\"16\"/><cvParam accession=\"IMS:1000103\" value=\"2\"/>",
        "intensity", PLACE("32", "2", "8"));
    expect_refusal("declares both 32-bit float and 64-bit float, and nothing proves which is right");
}

Test(index, of_two_types_nothing_proves_one_in_zlib)
{
    head(TWO_TYPES);
    spectrum(POSITION, "two", PLACE("16", "2", "16") "<cvParam accession=\"MS:1000574\"/>", "intensity",
             PLACE("32", "2", "8"));
    expect_refusal("nothing proves which is right");
}

Test(index, repeated_terms)
{
    head("");
    spectrum_with(POSITION POSITION);
    spectrum_with(POSITION "<cvParam accession=\"IMS:1000050\" value=\"44\"/>");
    parse_well();
    cr_expect(eq(i32, entry_at(1)->position[0], 4), "the first counts");
    cr_expect(eq(i64, document.findings.count[MZG_FOUND_REPEATED_TERM], 1));
    cr_expect(eq(str, document.findings.first[MZG_FOUND_REPEATED_TERM], "position x of spectrum 2"));
}

Test(index, more_spectra_than_a_block)
{
    enum { N = 2 * MZG_ENTRY_BLOCK + 3 };
    static char text[N * 140 + 4096];
    sample.n = 0;
    sample_head(&sample, SAMPLE_CONTENT, "", "", N);
    size_t n = sample.n;
    memcpy(text, sample.text, n);
    for (int i = 0; i < N; i++)
        n += (size_t)sprintf(text + n,
                             "<spectrum><cvParam accession=\"IMS:1000050\" value=\"%d\"/><cvParam "
                             "accession=\"IMS:1000051\" value=\"1\"/></spectrum>",
                             i);
    n += (size_t)sprintf(text + n, "</spectrumList></run></mzML>");
    struct mzg_error err = {0};
    cr_assert(
        eq(int, (int)mzg_imzml_parse_bytes(text, (int64_t)n, 1 << 20, "x", &whole, &document, &err), MZG_OK),
        "%s", err.text);
    cr_assert(eq(i64, document.index.entries.n, N));
    static struct mzg_imzml_entry entries[N];
    mzg_entry_list_move(&document.index.entries, entries);
    for (int i = 0; i < N; i++)
        cr_assert(eq(i32, entries[i].position[0], i));
    cr_expect(eq(i64, document.index.entries.n, 0));
}
