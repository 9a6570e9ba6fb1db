/* Text of an input, made fit to be printed. */
#include <core/escape.h>
#include <mzgrid/error.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

static void expect(const char *text, const char *expected)
{
    char escaped[400];
    size_t n = mzg_escape(text, strlen(text), escaped, sizeof escaped);
    cr_expect(eq(str, escaped, (char *)expected));
    cr_expect(eq(sz, n, strlen(expected)));
}

Test(escape, text_that_can_be_printed_stays)
{
    expect("", "");
    expect("a b~", "a b~");
    expect("\xc2\xb5m, \xe2\x82\xac, \xf0\x9f\x94\xac, C:\\data",
           "\xc2\xb5m, \xe2\x82\xac, \xf0\x9f\x94\xac, C:\\data");
    expect("\xc2\xa0", "\xc2\xa0"); /* U+00A0, the first behind the C1 controls */
}

Test(escape, controls_are_shown)
{
    expect("a\nmzgrid: b", "a\\nmzgrid: b");
    expect("\t\r\x1b[2J\x7f\x01", "\\t\\r\\x1b[2J\\x7f\\x01");
    expect("\xc2\x9b"
           "31m \xc2\x80 \xc2\x9f",
           "\\u{9b}31m \\u{80} \\u{9f}");
    expect("\xe2\x80\xa8 \xe2\x80\xa9", "\\u{2028} \\u{2029}");
    expect("\xe2\x80\xaa \xe2\x80\xae", "\\u{202a} \\u{202e}");
    expect("\xe2\x81\xa6 \xe2\x81\xa9", "\\u{2066} \\u{2069}");
    expect("\xe2\x80\x8e \xe2\x80\x8f \xd8\x9c", "\\u{200e} \\u{200f} \\u{61c}");
}

Test(escape, bytes_that_are_no_utf8_are_shown)
{
    expect("\xe9t\xe9", "\\xe9t\\xe9");                 /* Latin-1 */
    expect("\xc0\x8a", "\\xc0\\x8a");                   /* a line end in two bytes */
    expect("\xe0\x80\x8a", "\\xe0\\x80\\x8a");          /* and in three */
    expect("\xed\xa0\x80", "\\xed\\xa0\\x80");          /* half a surrogate pair */
    expect("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* beyond U+10FFFF */
    expect("\x9b"
           "31m",
           "\\x9b"
           "31m");
    expect("a\xe2\x82", "a\\xe2\\x82");
    expect("\xff\xfe", "\\xff\\xfe");
}

Test(escape, escaping_again_changes_nothing)
{
    expect("\\n\\x1b\\u{202e}", "\\n\\x1b\\u{202e}");
}

Test(escape, what_does_not_fit_is_cut_at_a_whole_character)
{
    char escaped[8];
    cr_expect(eq(sz, mzg_escape("1234567", 7, escaped, sizeof escaped), 7));
    cr_expect(eq(str, escaped, "1234567"));
    mzg_escape("12345678", 8, escaped, sizeof escaped);
    cr_expect(eq(str, escaped, "1234..."));
    mzg_escape("12\n4567", 7, escaped, sizeof escaped);
    cr_expect(eq(str, escaped, "12\\n..."));
    mzg_escape("123\n567", 7, escaped, sizeof escaped);
    cr_expect(eq(str, escaped, "123..."));
    mzg_escape("123\xc2\xb5"
               "678",
               8, escaped, sizeof escaped);
    cr_expect(eq(str, escaped, "123..."));
    char least[4];
    cr_expect(eq(sz, mzg_escape("\xe2\x80\xae", 3, least, sizeof least), 3));
    cr_expect(eq(str, least, "..."));
}

Test(escape, every_text_fits_into_the_room_promised)
{
    char text[256], escaped[MZG_ESCAPE_SIZE(256)];
    for (int i = 0; i < 256; i++)
        text[i] = (char)i;
    size_t n = mzg_escape(text, 256, escaped, sizeof escaped);
    cr_expect(eq(sz, n, strlen(escaped)));
    cr_expect(not(eq(str, escaped + n - 3, "...")));
}

static char *print(void (*print_text)(FILE *, const char *), const char *text)
{
    char *printed = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&printed, &size);
    print_text(file, text);
    fclose(file);
    return printed;
}

Test(escape, long_texts_are_cut_when_printed)
{
    char text[2103], expected[2010] = "";
    memset(text, 'a', 2102);
    memcpy(text + 1999, "\xc2\xb5", 2);
    text[2102] = '\0';
    memset(expected, 'a', 1999);
    memcpy(expected + 1999, "...", 4);
    char *printed = print(mzg_escape_print, text);
    cr_expect(eq(str, printed, expected));
    free(printed);
}

Test(escape, json_stays_json)
{
    char *printed = print(mzg_escape_print_json, "[\"\xc2\xb5 \\n \xc2\x9b \xe2\x80\xae \x7f\"]\n");
    cr_expect(eq(str, printed, "[\"\xc2\xb5 \\n \\u009b \\u202e \\u007f\"]\n"));
    free(printed);
}

Test(escape, utf_8_is_known_from_other_bytes)
{
    cr_expect(mzg_is_utf8("a\0\xc2\xb5\xf0\x9f\x94\xac", 8));
    cr_expect(mzg_is_utf8("\xff", 0));
    cr_expect(not(mzg_is_utf8("a\xff", 2)));
    cr_expect(not(mzg_is_utf8("\xc2\xb5\xe2\x82", 4)));
    cr_expect(not(mzg_is_utf8("\xed\xa0\x80", 3)), "a surrogate");
}

Test(escape, a_cut_character_is_taken_off)
{
    char whole[] = "a\xe2\x82\xac", cut[] = "a\xe2\x82", less[] = "a\xe2", four[] = "\xf0\x9f\x94",
         none[] = "";
    mzg_escape_trim(whole);
    mzg_escape_trim(cut);
    mzg_escape_trim(less);
    mzg_escape_trim(four);
    mzg_escape_trim(none);
    cr_expect(eq(str, whole, "a\xe2\x82\xac"));
    cr_expect(eq(str, cut, "a"));
    cr_expect(eq(str, less, "a"));
    cr_expect(eq(str, four, ""));
    cr_expect(eq(str, none, ""));
}

Test(escape, errors_are_cut_at_a_whole_character)
{
    struct mzg_error err = {0};
    mzg_fail(&err, MZG_EIO, "%01018d\xc2\xb5", 0);
    cr_expect(eq(sz, strlen(err.text), 1018));
}
