/* The parser of command lines, on a table of its own with every kind of option. */
#include <cli/help.h>
#include <cli/options.h>
#include <cli/suggest.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    bool flag;
    int repeat;
    const char *text;
    int64_t integer;
    double number;
    int64_t size;
    int choice;
    char own;
};

static const char *fruit(int number)
{
    static const char *const names[] = {"apple", "pear", NULL};
    return names[number];
}

static enum mzg_status set_letter(const char *text, void *target, struct mzg_error *err)
{
    if (strlen(text) != 1)
        return mzg_fail(err, MZG_EUSAGE, "'%s' is not one letter", text);
    *(char *)target = text[0];
    return MZG_OK;
}

#define AT(field) offsetof(struct settings, field)

static const struct mzg_option table[] = {
    {.kind = MZG_OPTION_GROUP, .name = "First group"},
    {.kind = MZG_OPTION_FLAG, .name = "a-flag", .letter = 'f', .help = "A flag.", .offset = AT(flag)},
    {.kind = MZG_OPTION_REPEAT, .name = "verbose", .letter = 'v', .help = "More.", .offset = AT(repeat)},
    {.kind = MZG_OPTION_TEXT,
     .name = "text",
     .letter = 't',
     .argument = "T",
     .help = "Any text.",
     .offset = AT(text)},
    {.kind = MZG_OPTION_INTEGER,
     .name = "integer",
     .argument = "N",
     .help = "A number.",
     .standard = "seven",
     .offset = AT(integer),
     .least = 1,
     .most = 100},
    {.kind = MZG_OPTION_GROUP, .name = "Second group"},
    {.kind = MZG_OPTION_NUMBER,
     .name = "number",
     .argument = "X",
     .help = "A number whose description is so long that it has to be continued on a second line.",
     .offset = AT(number),
     .above_low = true,
     .high = 10},
    {.kind = MZG_OPTION_SIZE, .name = "size", .argument = "SIZE", .help = "Bytes.", .offset = AT(size)},
    {.kind = MZG_OPTION_CHOICE,
     .name = "a-choice-with-a-long-name",
     .argument = "FRUIT",
     .help = "A fruit.",
     .offset = AT(choice),
     .choice = fruit},
    {.kind = MZG_OPTION_OWN,
     .name = "letter",
     .argument = "L",
     .help = "One.",
     .offset = AT(own),
     .set = set_letter},
    {0},
};

static const struct mzg_command command = {
    .name = "test", .summary = "", .description = "Tests.", .operands = {"IN", "OUT"}, .options = table};

/* Parses and applies the words of `line`, which are separated by one blank each; "" stands for an empty word.
 */
static enum mzg_status parse(const char *line, struct settings *settings, struct mzg_arguments *arguments,
                             struct mzg_error *err)
{
    static char words[512];
    static char *argv[32];
    int argc = 0;
    snprintf(words, sizeof words, "mzgrid test %s", line);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
        argv[argc++] = strcmp(word, "\"\"") == 0 ? word + 2 : word;
    *err = (struct mzg_error){0};
    *settings = (struct settings){0};
    if (mzg_arguments_parse(&command, argc, argv, 2, arguments, err) == MZG_OK && !arguments->help)
        mzg_arguments_apply(arguments, settings, err);
    return err->status;
}

static void expect_refusal(const char *line, const char *text)
{
    struct settings settings;
    struct mzg_arguments arguments;
    struct mzg_error err;
    cr_expect(eq(int, parse(line, &settings, &arguments, &err), MZG_EUSAGE), "'%s'", line);
    cr_expect(eq(str, err.text, (char *)text), "'%s'", line);
    mzg_arguments_destroy(&arguments);
}

Test(cli_options, every_kind_is_read_with_blank_and_with_equals)
{
    static const char *const lines[] = {"in --a-flag --text t=1 --integer 42 --number 2.5 --size 2K "
                                        "--a-choice-with-a-long-name pear --letter z -v -v out",
                                        "-fvv --text=t=1 --integer=42 --number=2.5 --size=2K in out "
                                        "--a-choice-with-a-long-name=pear --letter=z"};
    for (int i = 0; i < 2; i++) {
        struct settings settings;
        struct mzg_arguments arguments;
        struct mzg_error err;
        cr_assert(eq(int, parse(lines[i], &settings, &arguments, &err), MZG_OK), "%s", err.text);
        cr_expect(settings.flag);
        cr_expect(eq(int, settings.repeat, 2));
        cr_expect(eq(str, (char *)settings.text, "t=1"));
        cr_expect(eq(i64, settings.integer, 42));
        cr_expect(eq(dbl, settings.number, 2.5));
        cr_expect(eq(i64, settings.size, 2048));
        cr_expect(eq(int, settings.choice, 1));
        cr_expect(eq(chr, settings.own, 'z'));
        cr_expect(eq(str, (char *)arguments.operands[0], "in"));
        cr_expect(eq(str, (char *)arguments.operands[1], "out"));
        cr_expect(eq(int, arguments.n_given, 9));
        cr_expect(mzg_arguments_has(&arguments, "size"));
        mzg_arguments_destroy(&arguments);
    }
}

Test(cli_options, last_of_repeated_options_holds)
{
    struct settings settings;
    struct mzg_arguments arguments;
    struct mzg_error err;
    cr_expect(eq(int, parse("a b --integer 3 --integer=4", &settings, &arguments, &err), MZG_OK));
    cr_expect(eq(i64, settings.integer, 4));
    cr_expect(not(mzg_arguments_has(&arguments, "number")));
    mzg_arguments_destroy(&arguments);
}

Test(cli_options, two_dashes_end_the_options_and_one_is_an_operand)
{
    struct settings settings;
    struct mzg_arguments arguments;
    struct mzg_error err;
    cr_expect(eq(int, parse("- -- --a-flag", &settings, &arguments, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(str, (char *)arguments.operands[0], "-"));
    cr_expect(eq(str, (char *)arguments.operands[1], "--a-flag"));
    cr_expect(not(settings.flag));
    mzg_arguments_destroy(&arguments);
}

Test(cli_options, help_wins_over_what_follows_it)
{
    static const char *const lines[] = {"--help", "a --help --unknown", "-vh", "-h x y z"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct settings settings;
        struct mzg_arguments arguments;
        struct mzg_error err;
        cr_expect(eq(int, parse(lines[i], &settings, &arguments, &err), MZG_OK), "'%s'", lines[i]);
        cr_expect(arguments.help, "'%s'", lines[i]);
        mzg_arguments_destroy(&arguments);
    }
}

Test(cli_options, a_word_of_many_letters_has_room)
{
    char line[300] = "a b -";
    memset(line + 5, 'v', 200);
    line[205] = '\0';
    struct settings settings;
    struct mzg_arguments arguments;
    struct mzg_error err;
    cr_expect(eq(int, parse(line, &settings, &arguments, &err), MZG_OK));
    cr_expect(eq(int, settings.repeat, 200));
    mzg_arguments_destroy(&arguments);
}

Test(cli_options, wrong_words)
{
    expect_refusal("", "IN is missing");
    expect_refusal("a", "OUT is missing");
    expect_refusal("a \"\"", "OUT is empty");
    expect_refusal("a b c", "'c' is one argument too many");
    expect_refusal("a b --nonsense", "unknown option '--nonsense'");
    expect_refusal("a b --intgeer 3", "unknown option '--intgeer' (did you mean '--integer'?)");
    expect_refusal("a b --intgeer=3", "unknown option '--intgeer' (did you mean '--integer'?)");
    expect_refusal("a b --First", "unknown option '--First'");
    expect_refusal("a b -vx", "unknown option '-x' in '-vx'");
}

Test(cli_options, wrong_values)
{
    expect_refusal("a b --a-flag=yes", "--a-flag takes no value, got 'yes'");
    expect_refusal("a b --text", "--text needs a value: --text T");
    expect_refusal("a b --text=", "--text needs a value: --text T");
    expect_refusal("a b --text --a-flag", "--text needs a value: --text T");
    expect_refusal("a b --integer 0", "--integer: '0' is not a whole number from 1 to 100");
    expect_refusal("a b --integer 101", "--integer: '101' is not a whole number from 1 to 100");
    expect_refusal("a b --integer 5x", "--integer: '5x' is not a whole number from 1 to 100");
    expect_refusal("a b --number 0", "--number: '0' is not a number above 0 and at most 10");
    expect_refusal("a b --number -1", "--number: '-1' is not a number above 0 and at most 10");
    expect_refusal("a b --number 10.5", "--number: '10.5' is not a number above 0 and at most 10");
    expect_refusal("a b --number nan", "--number: 'nan' is not a number above 0 and at most 10");
    expect_refusal("a b --size 16",
                   "--size: '16' is a number of bytes, too few for any run; give its unit, as in 512M, "
                   "1.5G or 16GB");
    expect_refusal("a b --size 5XB", "--size: '5XB' is not a size such as 512M, 1.5G or 16GB");
    expect_refusal("a b --a-choice-with-a-long-name kiwi",
                   "--a-choice-with-a-long-name: unknown value 'kiwi', expected one of apple, pear");
    expect_refusal("a b --a-choice-with-a-long-name peer",
                   "--a-choice-with-a-long-name: unknown value 'peer' (did you mean 'pear'?), expected one "
                   "of apple, pear");
    expect_refusal("a b --letter xy", "--letter: 'xy' is not one letter");
}

Test(cli_options, help_lists_every_row_within_80_columns)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    mzg_help_command(file, &command);
    fclose(file);
    cr_expect(eq(str, text,
                 "Usage: mzgrid test IN OUT [options]\n"
                 "\n"
                 "Tests.\n"
                 "\n"
                 "First group:\n"
                 "  -f, --a-flag                A flag.\n"
                 "  -v, --verbose               More.\n"
                 "  -t, --text T                Any text.\n"
                 "  --integer N                 A number. Default: seven.\n"
                 "\n"
                 "Second group:\n"
                 "  --number X                  A number whose description is so long that it has\n"
                 "                              to be continued on a second line.\n"
                 "  --size SIZE                 Bytes.\n"
                 "  --a-choice-with-a-long-name FRUIT\n"
                 "                              A fruit. One of apple, pear.\n"
                 "  --letter L                  One.\n"
                 "\n"
                 "Every command:\n"
                 "  --config FILE               Read options from FILE, in TOML: lines such as\n"
                 "                              'threads = 4' under [convert], or at the top for\n"
                 "                              every command. Variables such as MZGRID_THREADS\n"
                 "                              override FILE, and the command line overrides\n"
                 "                              both; --no-NAME turns a flag off. Default: the\n"
                 "                              file that MZGRID_CONFIG names.\n"
                 "  --print-config              Print the options that would apply, as such a\n"
                 "                              file, with the source of each, and stop.\n"
                 "  -h, --help                  Show this text.\n"));
    free(text);
}

static const char *suggestion_for(const char *typed)
{
    struct mzg_suggestion suggestion = {.typed = typed};
    mzg_suggest(&suggestion, "bins");
    mzg_suggest(&suggestion, "bin-width");
    mzg_suggest(&suggestion, "min-intensity");
    mzg_suggest(&suggestion, "max-mz");
    mzg_suggest(&suggestion, "min-mz");
    return suggestion.word ? suggestion.word : "";
}

Test(cli_suggest, near_words_are_found_and_far_ones_are_not)
{
    cr_expect(eq(str, (char *)suggestion_for("bin-with"), "bin-width"));
    cr_expect(eq(str, (char *)suggestion_for("binwidth"), "bin-width"));
    cr_expect(eq(str, (char *)suggestion_for("bin-wdith"), "bin-width"));
    cr_expect(eq(str, (char *)suggestion_for("bin"), "bins"));
    cr_expect(eq(str, (char *)suggestion_for("min-inten"), "min-intensity"));
    cr_expect(eq(str, (char *)suggestion_for("mni-mz"), "min-mz"));
    cr_expect(eq(str, (char *)suggestion_for("m"), ""));
    cr_expect(eq(str, (char *)suggestion_for("layout"), ""));
    cr_expect(eq(str, (char *)suggestion_for("a-word-that-is-longer-than-any-option-could-ever-be"), ""));
}

Test(cli_options, a_letter_takes_its_value_from_the_same_word_or_the_next)
{
    static const char *const lines[] = {"in out -t word", "in out -tword", "in -vt word out"};
    for (int i = 0; i < 3; i++) {
        struct settings settings;
        struct mzg_arguments arguments;
        struct mzg_error err;
        cr_assert(eq(int, parse(lines[i], &settings, &arguments, &err), MZG_OK), "%s", err.text);
        cr_expect(eq(str, (char *)settings.text, "word"));
        cr_expect(eq(int, settings.repeat, i == 2));
        mzg_arguments_destroy(&arguments);
    }
    expect_refusal("in out -t", "-t needs a value: -t T");
    expect_refusal("in out -t -v", "-t needs a value: -t T");
    expect_refusal("in out -t \"\"", "-t needs a value: -t T");
}

Test(cli_options, the_last_operand_may_be_repeated)
{
    struct mzg_command several = command;
    several.repeats = true;
    char *argv[] = {"mzgrid", "test", "in", "one", "-v", "two", "three"};
    struct mzg_arguments arguments;
    struct mzg_error err = {0};
    cr_assert(eq(int, mzg_arguments_parse(&several, 7, argv, 2, &arguments, &err), MZG_OK), "%s", err.text);
    cr_expect(eq(str, (char *)arguments.operands[0], "in"));
    cr_expect(eq(str, (char *)arguments.operands[1], "one"));
    cr_assert(eq(int, arguments.n_repeated, 3));
    for (int i = 0; i < 3; i++)
        cr_expect(eq(str, (char *)arguments.repeated[i], argv[i == 0 ? 3 : i + 4]));
    mzg_arguments_destroy(&arguments);

    err = (struct mzg_error){0};
    cr_expect(eq(int, mzg_arguments_parse(&several, 3, argv, 2, &arguments, &err), MZG_EUSAGE));
    cr_expect(eq(str, err.text, "OUT is missing"));
    mzg_arguments_destroy(&arguments);
}
