/* The reader of TOML: what it takes, what it refuses and at which line. tests/conformance/test_config.py
 * holds it against another reader. */
#include <cli/toml.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All items of `text` in one line each, "LINE TABLE KEY KIND TEXT"; then the error. The caller frees it. */
static char *read_all(const char *text, size_t n)
{
    static const char *const kinds[] = {"table", "string", "integer", "float", "boolean"};
    char *bytes = malloc(n + 1), *all = NULL;
    size_t size;
    memcpy(bytes, text, n);
    FILE *file = open_memstream(&all, &size);
    struct mzg_toml toml;
    struct mzg_toml_item item;
    struct mzg_error err = {0};
    mzg_toml_begin(&toml, "f", bytes, n, &err);
    while (err.status == MZG_OK && mzg_toml_next(&toml, &item, &err))
        fprintf(file, "%d [%s] %s %s %s\n", item.line, item.table, item.key ? item.key : "-",
                kinds[item.kind], item.text ? item.text : "-");
    fputs(err.text, file);
    fclose(file);
    free(bytes);
    return all;
}

static void expect(const char *text, const char *items)
{
    char *all = read_all(text, strlen(text));
    cr_expect(eq(str, all, (char *)items), "%s", text);
    free(all);
}

Test(cli_toml, items_of_every_kind)
{
    expect("", "");
    expect("# only a comment", "");
    expect("\xEF\xBB\xBF"
           "a = 1\r\n\r\n[ b ]\t# c\r\n'x y' = \"z\"\r\n",
           "1 [] a integer 1\n3 [b] - table -\n4 [b] x y string z\n");
    expect(
        "a=1_000\nb=+2.50\nc = -1e-3 # x\nd=6E+02\ne=true\nf = false\ng = 0\nh = -0.0",
        "1 [] a integer 1000\n2 [] b float 2.50\n3 [] c float -1e-3\n4 [] d float 6E02\n5 [] e boolean true\n"
        "6 [] f boolean false\n7 [] g integer 0\n8 [] h float -0.0\n");
    expect(
        "a = \"# \\\"q\\\" \\u00B5m \\\\ \\t|\"\nb = 'C:\\d # \"'\nc = \"\"\nd = ''\n\"e\\u0041\" = 1",
        "1 [] a string # \"q\" \xC2\xB5m \\ \t|\n2 [] b string C:\\d # \"\n3 [] c string \n4 [] d string \n"
        "5 [] eA integer 1\n");
    expect("a = \"\\U0001F600\"", "1 [] a string \xF0\x9F\x98\x80\n");
}

Test(cli_toml, what_is_no_number)
{
    static const char *const values[] = {"1__0",  "_1",   "1_",         "01",   "1.",  ".5",  "1e",
                                         "1e1.5", "--1",  "+-1",        "0x10", "inf", "nan", "1.2.3",
                                         "yes",   "True", "1979-05-27", "-",    "+",   "1e+", "1._5"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char text[40];
        snprintf(text, sizeof text, "\na = %s", values[i]);
        expect(text,
               "f, line 2: the value of a is none of a string in quotes, a decimal number, true and false");
    }
}

Test(cli_toml, what_is_refused_says_where)
{
    expect("a = 1\nb", "1 [] a integer 1\nf, line 2: expected option = value, or [command]");
    expect("= 1", "f, line 1: expected option = value, or [command]");
    expect("a =", "f, line 1: a has no value");
    expect("a = # 1", "f, line 1: a has no value");
    expect("a = 1 2",
           "f, line 1: something stands behind the value; a line holds one option, and a string has quotes");
    expect("a = \"x\" y", "f, line 1: something stands behind the value; a line holds one option");
    expect("a = \"x", "f, line 1: a string without the quote at its end");
    expect("a = 'x\n'", "f, line 1: a string without the quote at its end");
    expect("a = \"\\x\"",
           "f, line 1: an escape that TOML does not know; write a backslash as \\\\, or the string in ''");
    expect("a = \"\\uD800\"",
           "f, line 1: an escape that TOML does not know; write a backslash as \\\\, or the string in ''");
    expect("a = \"\\u00",
           "f, line 1: an escape that TOML does not know; write a backslash as \\\\, or the string in ''");
    expect("a = \"\"\"x\"\"\"", "f, line 1: a text of several lines, which no option takes");
    expect("a = [1]",
           "f, line 1: a is a list, which no option takes; write several values as one string, such as "
           "\"798.54,616.18\"");
    expect("a = {b = 1}",
           "f, line 1: a is a table, which no option takes; write several values as one string, such as "
           "\"798.54,616.18\"");
    expect("a.b = 1",
           "f, line 1: a dot in the name of an option; write the command as [command] above its options");
    expect("[a.b]", "f, line 1: a table in a table, expected one [command]");
    expect("[[a]]", "f, line 1: a list of tables, expected one [command]");
    expect("[a", "f, line 1: expected [command] and nothing behind it");
    expect("[a] b = 1", "f, line 1: expected [command] and nothing behind it");
    expect("[]", "f, line 1: expected option = value, or [command]");
    expect("a = 1\rb = 2", "f, line 1: a control character, which in a string is written as \\u001b");
    expect("a = \"\x1b[2J\"", "f, line 1: a control character, which in a string is written as \\u001b");
}

Test(cli_toml, bytes_that_are_no_text)
{
    static const char no_text[] = "f: is not text in UTF-8, expected options in TOML, such as threads = 4";
    expect("a = \"\xff\"", no_text);
    expect("\xFF\xFE"
           "a",
           no_text);
    char *all = read_all("a = 1\0b", 7);
    cr_expect(eq(str, all, (char *)no_text));
    free(all);
}
