/* Numbers as writers print them, accessions, units. */
#include <core/json_text.h>
#include <imzml/terms.h>
#include <input/text.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <jansson.h>
#include <shared_data.h>
#include <stdlib.h>

static bool to_int64(const char *text, int64_t *value)
{
    return mzg_text_to_int64(mzg_text_of(text), value);
}

Test(text, whole_numbers)
{
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0},
                {"16", 16},
                {"-16", -16},
                {"+7", 7},
                {" 42\n", 42},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN},
                {"1.156e+09", 1156000000},
                {"3.000000", 3},
                {"1E3", 1000}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t value = -1;
        cr_expect(to_int64(good[i].text, &value), "%s", good[i].text);
        cr_expect(eq(i64, value, good[i].value), "%s", good[i].text);
    }
}

Test(text, what_is_no_whole_number)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "NA",
                                      "12a",
                                      "1.5",
                                      "0x10",
                                      "inf",
                                      "nan",
                                      "1e400",
                                      "1e30",
                                      "--1",
                                      "1 2",
                                      "9223372036854775808",
                                      "1e",
                                      ".",
                                      "1,000",
                                      "٣"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t value = 77;
        cr_expect(not(to_int64(bad[i], &value)), "%s", bad[i]);
        cr_expect(eq(i64, value, 77), "%s", bad[i]);
    }
    int64_t value;
    cr_expect(not(mzg_text_to_int64((struct mzg_text){NULL, 0}, &value)));
}

Test(text, a_number_ends_where_its_text_ends)
{
    int64_t value;
    cr_expect(mzg_text_to_int64((struct mzg_text){"123456", 3}, &value));
    cr_expect(eq(i64, value, 123));
}

Test(text, a_number_of_a_thousand_digits_is_none)
{
    char digits[1001];
    memset(digits, '1', 1000);
    digits[1000] = '\0';
    double value;
    cr_expect(not(mzg_text_to_double(mzg_text_of(digits), &value)));
}

Test(text, decimal_numbers)
{
    double value;
    cr_expect(mzg_text_to_double(mzg_text_of("4.406250e+00"), &value));
    cr_expect(eq(dbl, value, 4.40625));
    cr_expect(mzg_text_to_double(mzg_text_of("-.5"), &value));
    cr_expect(eq(dbl, value, -0.5));
    cr_expect(not(mzg_text_to_double(mzg_text_of("1.5.2"), &value)));
    cr_expect(not(mzg_text_to_double(mzg_text_of("0x1p3"), &value)));
}

Test(text, half_of_the_last_digit)
{
    cr_expect(epsilon_eq(dbl, mzg_text_half_digit(mzg_text_of("100.1")), 0.05, 1e-15));
    cr_expect(eq(dbl, mzg_text_half_digit(mzg_text_of("100")), 0.5));
    cr_expect(eq(dbl, mzg_text_half_digit(mzg_text_of("100.")), 0.5));
    cr_expect(eq(dbl, mzg_text_half_digit(mzg_text_of("1e2")), 50));
    cr_expect(epsilon_eq(dbl, mzg_text_half_digit(mzg_text_of("1.25e-3")), 0.5e-5, 1e-19));
}

Test(text, copies_are_terminated)
{
    char *copy = mzg_text_copy((struct mzg_text){"abcdef", 3});
    cr_expect(eq(str, copy, "abc"));
    free(copy);
    copy = mzg_text_copy((struct mzg_text){NULL, 0});
    cr_expect(eq(str, copy, ""));
    free(copy);
    cr_expect(mzg_text_equals((struct mzg_text){"abcdef", 3}, "abc"));
    cr_expect(not(mzg_text_equals((struct mzg_text){"abcdef", 3}, "abcdef")));
    cr_expect(not(mzg_text_equals((struct mzg_text){NULL, 0}, "")));
}

Test(terms, accessions)
{
    cr_expect(eq(int, mzg_term_parse(mzg_text_of("IMS:1000050")), MZG_TERM_POSITION_X));
    cr_expect(eq(int, mzg_term_parse(mzg_text_of("MS:1000514")), MZG_TERM_MZ_ARRAY));
    cr_expect(eq(int, mzg_term_parse(mzg_text_of("UO:0000017")), MZG_TERM_MICROMETRE));
    cr_expect(eq(int, mzg_term_parse(mzg_text_of("IMS:1100001")), MZG_TERM_INT16));
    static const char *const unknown[] = {
        "", "IMS:", "IMS:X1", "1000050", "PATO:0000001", "MS:1000514x", "ms:1000514", "MS:10005140000"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        cr_expect(eq(int, mzg_term_parse(mzg_text_of(unknown[i])), MZG_TERM_UNKNOWN), "%s", unknown[i]);
}

Test(terms, units_of_length)
{
    cr_expect(eq(dbl, mzg_term_micrometres(MZG_TERM_MICROMETRE), 1));
    cr_expect(eq(dbl, mzg_term_micrometres(mzg_term_parse(mzg_text_of("UO:0000018"))), 1e-3));
    cr_expect(eq(dbl, mzg_term_micrometres(mzg_term_parse(mzg_text_of("UO:0000016"))), 1e3));
    cr_expect(eq(dbl, mzg_term_micrometres(mzg_term_parse(mzg_text_of("UO:0000015"))), 1e4));
    cr_expect(eq(dbl, mzg_term_micrometres(MZG_TERM_UNKNOWN), 1), "an absent unit is a micrometre");
    cr_expect(eq(dbl, mzg_term_micrometres(mzg_term_parse(mzg_text_of("UO:0000010"))), 0),
              "a second is no length");
}

Test(terms, encodings_that_cannot_be_read_have_a_name)
{
    cr_expect(eq(str, (char *)mzg_term_unsupported(MZG_MS(1002312)),
                 "MS:1002312 MS-Numpress linear prediction compression"));
    for (int term = 1002746; term <= 1002748; term++)
        cr_expect(mzg_term_unsupported(MZG_MS(term)) != NULL);
    cr_expect(mzg_term_unsupported(MZG_TERM_ZLIB) == NULL);
    cr_expect(mzg_term_unsupported(MZG_TERM_FLOAT32) == NULL);
}

/* Every name is that of the ontology. */
Test(terms, encodings_are_called_what_the_ontology_calls_them)
{
    char path[1100], line[1000], accession[16] = "", expected[1100];
    int n = 0;
    if (!shared_path(__FILE__, "imzml/psi-ms.obo", path, sizeof path))
        return;
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        sscanf(line, "id: %15s", accession);
        const char *name = strncmp(line, "name: ", 6) == 0
                               ? mzg_term_unsupported(mzg_term_parse(mzg_text_of(accession)))
                               : NULL;
        if (!name)
            continue;
        snprintf(expected, sizeof expected, "%s %s", accession, line + 6);
        cr_expect(eq(str, (char *)name, expected));
        n++;
    }
    fclose(file);
    cr_expect(eq(int, n, 17));
}

Test(json_text, bytes_beyond_ascii_are_kept_where_they_are_utf8)
{
    static const struct {
        const char *text, *kept;
    } cases[] = {{"plain", "plain"},
                 {"\xc2\xb5m", "\xc2\xb5m"},
                 {"\xb5m", "\\xb5m"},
                 {"cut \xc2", "cut \\xc2"},
                 {"", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *string = mzg_json_text(cases[i].text);
        cr_assert_not_null(string);
        cr_expect(eq(str, (char *)json_string_value(string), (char *)cases[i].kept));
        json_decref(string);
    }
}
