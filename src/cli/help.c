#include <cli/help.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 80, OPTION_COLUMN = 30, COMMAND_COLUMN = 17 };

/* Prints the words of `text` from column `*column` on, and continues lines at column `indent`. */
static void print_wrapped(FILE *file, const char *text, int indent, int *column)
{
    bool at_start = true;
    while (*(text += strspn(text, " "))) {
        int length = (int)strcspn(text, " ");
        if (!at_start && *column + 1 + length > WIDTH) {
            fprintf(file, "\n%*s", indent, "");
            *column = indent;
        } else if (!at_start) {
            fputc(' ', file);
            ++*column;
        }
        fprintf(file, "%.*s", length, text);
        *column += length;
        text += length;
        at_start = false;
    }
}

/* Appends to a string of `size` bytes, as far as it fits. */
__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, size - used, format, args);
    va_end(args);
}

static void print_row(FILE *file, int help_column, const char *left, const char *help)
{
    int column = fprintf(file, "  %s", left);
    if (column + 2 > help_column) {
        fputc('\n', file);
        column = 0;
    }
    fprintf(file, "%*s", help_column - column, "");
    column = help_column;
    print_wrapped(file, help, help_column, &column);
    fputc('\n', file);
}

static void print_option(FILE *file, const struct mzg_option *option)
{
    char left[96] = "";
    if (option->letter)
        append(left, sizeof left, "-%c, ", option->letter);
    append(left, sizeof left, "--%s", option->name);
    if (option->argument)
        append(left, sizeof left, " %s", option->argument);

    char help[1024] = "";
    append(help, sizeof help, "%s", option->help);
    for (int i = 0; option->kind == MZG_OPTION_CHOICE && option->choice(i); i++)
        append(help, sizeof help, "%s %s", i ? "," : " One of", option->choice(i));
    if (option->kind == MZG_OPTION_CHOICE)
        append(help, sizeof help, ".");
    if (option->standard)
        append(help, sizeof help, " Default: %s.", option->standard);
    print_row(file, OPTION_COLUMN, left, help);
}

static void print_examples(FILE *file, const char *examples)
{
    if (examples)
        fputs("\nExamples:\n", file);
    for (const char *line = examples; line && *line;) {
        int length = (int)strcspn(line, "\n");
        fprintf(file, "  %.*s\n", length, line);
        line += length + (line[length] != '\0');
    }
}

void mzg_help_command(FILE *file, const struct mzg_command *command)
{
    fprintf(file, "Usage: mzgrid %s", command->name);
    for (int i = 0; i < MZG_MAX_OPERANDS && command->operands[i]; i++)
        fprintf(file, " %s", command->operands[i]);
    if (command->repeats)
        fprintf(file, "...");
    fprintf(file, "%s%s [options]\n\n", command->needed ? " " : "", command->needed ? command->needed : "");
    int column = 0;
    print_wrapped(file, command->description, 0, &column);
    fputc('\n', file);
    print_examples(file, command->examples);
    const struct mzg_option *option;
    for (int i = 0; (option = mzg_command_option(command, i)); i++) {
        if (option->kind == MZG_OPTION_GROUP)
            fprintf(file, "\n%s:\n", option->name);
        else
            print_option(file, option);
    }
}

void mzg_help_program(FILE *file, const struct mzg_command *const *commands)
{
    fprintf(file, "Usage: mzgrid COMMAND [arguments] [options]\n"
                  "       mpirun -n RANKS mzgrid COMMAND [arguments] [options]\n\n");
    int column = 0;
    print_wrapped(
        file,
        "Resamples mass spectrometry imaging data (imzML) onto one mass axis, in parallel, and writes it "
        "as a SpatialData Zarr store.",
        0, &column);
    fprintf(file, "\n\nCommands:\n");
    for (int i = 0; commands[i]; i++)
        print_row(file, COMMAND_COLUMN, commands[i]->name, commands[i]->summary);
    print_row(file, COMMAND_COLUMN, "help", "Show the help of a command: mzgrid help COMMAND.");
    print_row(file, COMMAND_COLUMN, "completion", "Print what completes command lines in bash, zsh or fish.");
    fprintf(file, "\nOptions:\n");
    print_row(file, COMMAND_COLUMN, "-h, --help", "Show this text; after a command, its options.");
    print_row(file, COMMAND_COLUMN, "-V, --version", "Show the versions of mzgrid and of its libraries.");
    fprintf(file, "\nExit status:\n");
    print_row(file, COMMAND_COLUMN, "0", "done");
    print_row(file, COMMAND_COLUMN, "1",
              "failed: nothing stands under the name of the output; or validate found something");
    print_row(file, COMMAND_COLUMN, "2",
              "the command line cannot be understood, or asks for something impossible");
    print_row(file, COMMAND_COLUMN, "3", "done with --keep-going, but more pixels were skipped than allowed");
    print_row(file, COMMAND_COLUMN, "4",
              "told to stop by a signal, such as Ctrl-C or the end of a job's time");
}
