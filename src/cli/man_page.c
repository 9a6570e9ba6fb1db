#include <cli/man_page.h>

#include <ctype.h>
#include <string.h>

/* Text as roff has it: a dash that is to be typed is \-, and no line begins with a dot or a quote. */
static void print_roff(FILE *file, const char *text)
{
    if (strchr(".'", text[0]) && text[0])
        fputs("\\&", file);
    for (const char *c = text; *c; c++) {
        if (*c == '\\')
            fputs("\\e", file);
        else if (*c == '-')
            fputs("\\-", file);
        else
            fputc(*c, file);
    }
}

/* How many bytes of `text` are the name of an option, dashes included; 0: it does not begin with one. */
static size_t option_length(const char *text)
{
    size_t n = 2;
    if (strncmp(text, "--", 2) != 0 || !islower((unsigned char)text[2]))
        return 0;
    while (islower((unsigned char)text[n]) || isdigit((unsigned char)text[n]) ||
           (text[n] == '-' && islower((unsigned char)text[n + 1])))
        n++;
    return n;
}

/* Sentences, one a line, names of options in bold. */
static void print_sentences(FILE *file, const char *text)
{
    bool at_start = true;
    for (const char *c = text; *c;) {
        char piece[80];
        size_t length = option_length(c);
        if (length > 0 && length < sizeof piece) {
            snprintf(piece, sizeof piece, "%.*s", (int)length, c);
            fputs("\\fB", file);
            print_roff(file, piece);
            fputs("\\fR", file);
            c += length;
        } else if (c[0] == ' ' && c > text && c[-1] == '.' && isupper((unsigned char)c[1])) {
            fputc('\n', file);
            c++;
            at_start = true;
            continue;
        } else {
            char letter[] = {*c++, '\0'};
            if (!at_start && strchr(".'", letter[0]))
                fputc(letter[0], file);
            else
                print_roff(file, letter);
        }
        at_start = false;
    }
    fputc('\n', file);
}

static void print_option(FILE *file, const struct mzg_option *option)
{
    fprintf(file, ".TP\n\\fB");
    if (option->letter)
        fprintf(file, "\\-%c\\fR, \\fB", option->letter);
    fprintf(file, "\\-\\-");
    print_roff(file, option->name);
    fprintf(file, "\\fR");
    if (option->argument) {
        fprintf(file, " \\fI");
        print_roff(file, option->argument);
        fprintf(file, "\\fR");
    }
    fputc('\n', file);
    print_sentences(file, option->help);
    if (option->kind == MZG_OPTION_CHOICE) {
        for (int i = 0; option->choice(i); i++) {
            fputs(i ? ", " : "One of ", file);
            print_roff(file, option->choice(i));
        }
        fputs(".\n", file);
    }
    if (option->standard) {
        fputs("Default: ", file);
        print_roff(file, option->standard);
        fputs(".\n", file);
    }
}

static void print_synopsis(FILE *file, const struct mzg_command *command)
{
    fprintf(file, ".br\n.B mzgrid %s\n", command->name);
    for (int i = 0; i < MZG_MAX_OPERANDS && command->operands[i]; i++) {
        fprintf(file, "\\fI");
        print_roff(file, command->operands[i]);
        fprintf(file, "\\fR\n");
    }
    if (command->repeats)
        fprintf(file, "\\&...\n");
    if (command->needed) {
        print_roff(file, command->needed);
        fputc('\n', file);
    }
    fprintf(file, "[options]\n");
}

static void print_rows(FILE *file, const struct mzg_option *table)
{
    int groups = 0;
    for (const struct mzg_option *option = table; option->name; option++)
        groups += option->kind == MZG_OPTION_GROUP;
    for (const struct mzg_option *option = table; option->name; option++) {
        if (option->kind != MZG_OPTION_GROUP)
            print_option(file, option);
        else if (groups > 1)
            fprintf(file, ".SS %s\n", option->name);
    }
}

static void print_options(FILE *file, const struct mzg_command *command)
{
    fputs(".SH OPTIONS OF ", file);
    for (const char *c = command->name; *c; c++)
        fputc(toupper((unsigned char)*c), file);
    fputc('\n', file);
    print_rows(file, command->options);
}

void mzg_man_print(FILE *file, const struct mzg_command *const *commands)
{
    for (int i = 0; commands[i]; i++)
        print_synopsis(file, commands[i]);
    fputs(".\\\" OPTIONS\n", file);
    for (int i = 0; commands[i]; i++)
        print_options(file, commands[i]);

    fputs(".SH OPTIONS OF EVERY COMMAND\n", file);
    print_rows(file, mzg_common_options);
}
