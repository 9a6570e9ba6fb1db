/* `--print-config`: what holds, in TOML, one option a line, each with where it comes from. */
#include <cli/numbers.h>
#include <cli/sources.h>
#include <core/escape.h>

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COMMENT_COLUMN = 40 };

/* Where `option` is given for the last time, or NULL. */
static const struct mzg_argument *find_given(const struct mzg_arguments *arguments,
                                             const struct mzg_option *option)
{
    const struct mzg_argument *found = NULL;
    for (int i = 0; i < arguments->n_given; i++)
        if (arguments->given[i].option == option)
            found = &arguments->given[i];
    return found;
}

/* What stands in a string of TOML; returns how many columns that takes, more or less. */
static int print_characters(FILE *file, const char *text)
{
    int width = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            width += fprintf(file, "\\%c", *c);
        else if (*c < 0x20 || *c == 0x7F)
            width += fprintf(file, "\\u%04x", *c);
        else
            width += fputc(*c, file) != EOF;
    }
    return width;
}

static int print_string(FILE *file, const char *text)
{
    fputc('"', file);
    int width = print_characters(file, text);
    fputc('"', file);
    return width + 2;
}

/* How often -v was given in all; elsewhere than on the command line there is one number. */
static int count_repeats(const struct mzg_arguments *arguments, const struct mzg_option *option)
{
    int n = 0;
    for (int i = 0; i < arguments->n_given; i++)
        if (arguments->given[i].option == option) {
            const char *text = arguments->given[i].text;
            n = !text ? n + 1 : strcmp(text, "true") == 0 ? 1 : atoi(text);
        }
    return n;
}

/* All that was given of an option that adds up, in one string. */
static int print_all(FILE *file, const struct mzg_arguments *arguments, const struct mzg_option *option)
{
    int width = 2;
    bool is_first = true;
    fputc('"', file);
    for (int i = 0; i < arguments->n_given; i++)
        if (arguments->given[i].option == option) {
            width += is_first ? 0 : fprintf(file, "\\n");
            width += print_characters(file, arguments->given[i].text);
            is_first = false;
        }
    fputc('"', file);
    return width;
}

static int print_value(FILE *file, const struct mzg_arguments *arguments, const struct mzg_option *option,
                       const char *text)
{
    double number;
    int64_t integer;
    if (option->kind == MZG_OPTION_FLAG)
        return fprintf(file, "%s", text ? text : "true");
    if (option->adds)
        return print_all(file, arguments, option);
    if (option->kind == MZG_OPTION_REPEAT)
        return fprintf(file, "%d", count_repeats(arguments, option));
    if (option->kind == MZG_OPTION_INTEGER && mzg_read_integer(text, &integer))
        return fprintf(file, "%lld", (long long)integer);
    if (option->kind == MZG_OPTION_NUMBER && mzg_read_number(text, NULL, &number)) {
        char digits[40]; /* the shortest that is this number */
        if (number == trunc(number) && fabs(number) < 1e15)
            return fprintf(file, "%.0f", number);
        for (int precision = 1; precision <= 17; precision++) {
            snprintf(digits, sizeof digits, "%.*g", precision, number);
            if (strtod(digits, NULL) == number)
                break;
        }
        return fprintf(file, "%s", digits);
    }
    return print_string(file, text);
}

static void print_origin(FILE *file, const struct mzg_argument *argument, int column)
{
    fprintf(file, "%*s# ", column < COMMENT_COLUMN ? COMMENT_COLUMN - column : 2, "");
    if (argument->origin == MZG_FROM_COMMAND_LINE)
        fprintf(file, "command line");
    else
        mzg_escape_print(file, argument->place);
    fputc('\n', file);
}

/* Default values that are no words of TOML are sentences. */
static void print_standard(FILE *file, const struct mzg_option *option)
{
    int column = fprintf(file, "# %s", option->name);
    double number;
    const char *standard = option->standard;
    if (mzg_option_is_flag(option))
        column += fprintf(file, " = %s", option->kind == MZG_OPTION_FLAG ? "false" : "0");
    else if (standard && (option->kind == MZG_OPTION_CHOICE || !strchr(standard, ' ')))
        column += fprintf(file, mzg_read_number(standard, NULL, &number) ? " = %s" : " = \"%s\"", standard);
    else if (standard) {
        fprintf(file, "%*s# default: %s\n", column < COMMENT_COLUMN ? COMMENT_COLUMN - column : 2, "",
                standard);
        return;
    }
    fprintf(file, "%*s# %s\n", column < COMMENT_COLUMN ? COMMENT_COLUMN - column : 2, "",
            standard || mzg_option_is_flag(option) ? "default" : "not given");
}

/* TOML is UTF-8; paths need not be. */
static enum mzg_status check_text(const struct mzg_argument *argument, struct mzg_error *err)
{
    json_t *text = json_string(argument->text ? argument->text : "");
    json_decref(text);
    if (!text)
        return mzg_fail(err, MZG_EUSAGE,
                        "--print-config: the value of %s is not UTF-8, which TOML cannot hold",
                        argument->option->name);
    return MZG_OK;
}

enum mzg_status mzg_config_print(FILE *file, const struct mzg_arguments *arguments, struct mzg_error *err)
{
    if (mzg_arguments_check(arguments, err) != MZG_OK)
        return err->status;
    fprintf(file, "# The options of mzgrid %s; --config takes this file.\n[%s]\n", arguments->command->name,
            arguments->command->name);
    for (const struct mzg_option *option = arguments->command->options; option->name; option++) {
        const struct mzg_argument *given = find_given(arguments, option);
        if (option->kind == MZG_OPTION_GROUP)
            fprintf(file, "\n# %s\n", option->name);
        else if (!given && !option->only_typed)
            print_standard(file, option);
        else if (given && !option->only_typed) {
            if (check_text(given, err) != MZG_OK)
                return err->status;
            int column = fprintf(file, "%s = ", option->name);
            column += print_value(file, arguments, option, given->text);
            print_origin(file, given, column);
        }
    }
    return MZG_OK;
}
