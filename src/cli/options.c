#include <cli/numbers.h>
#include <cli/options.h>
#include <cli/other_names.h>
#include <cli/suggest.h>

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
const struct mzg_option mzg_common_options[] = {
    {.kind = MZG_OPTION_GROUP, .name = "Every command"},
    {.kind = MZG_OPTION_TEXT, .name = "config", .argument = "FILE", .offset = offsetof(struct mzg_arguments, config),
     .standard = "the file that MZGRID_CONFIG names",
     .help = "Read options from FILE, in TOML: lines such as 'threads = 4' under [convert], or at the top for every command. "
             "Variables such as MZGRID_THREADS override FILE, and the command line overrides both; --no-NAME turns a flag off."},
    {.kind = MZG_OPTION_FLAG, .name = "print-config", .offset = offsetof(struct mzg_arguments, print_config),
     .help = "Print the options that would apply, as such a file, with the source of each, and stop."},
    {.kind = MZG_OPTION_FLAG, .name = "help", .letter = 'h', .offset = offsetof(struct mzg_arguments, help),
     .help = "Show this text."},
    {0},
};
/* clang-format on */

bool mzg_option_is_flag(const struct mzg_option *option)
{
    return option->kind == MZG_OPTION_FLAG || option->kind == MZG_OPTION_REPEAT;
}

enum { LEAST_BARE_SIZE = 1 << 20 }; /* bytes; a smaller one lacks its letter */

static const struct mzg_option *find_row(const struct mzg_option *table, const char *name, size_t length)
{
    for (const struct mzg_option *option = table; option->name; option++) {
        if (option->kind != MZG_OPTION_GROUP && strlen(option->name) == length &&
            memcmp(option->name, name, length) == 0)
            return option;
    }
    return NULL;
}

const struct mzg_option *mzg_command_find(const struct mzg_command *command, const char *name, size_t length)
{
    return find_row(command->options, name, length);
}

const struct mzg_option *mzg_command_option(const struct mzg_command *command, int number)
{
    int n = 0;
    while (command->options[n].name)
        n++;
    const struct mzg_option *option =
        number < n ? &command->options[number] : &mzg_common_options[number - n];
    return option->name ? option : NULL;
}

static enum mzg_status fail_unknown(const struct mzg_command *command, const char *name, size_t length,
                                    struct mzg_error *err)
{
    char shown[64], *typed = shown + 2;
    snprintf(shown, sizeof shown, "--%.*s", (int)(length < 60 ? length : 60), name);
    struct mzg_suggestion suggestion = {.typed = typed};
    const struct mzg_option *option;
    for (int i = 0; (option = mzg_command_option(command, i)); i++) {
        if (option->kind != MZG_OPTION_GROUP)
            mzg_suggest(&suggestion, option->name);
    }
    return mzg_refuse_option(command, shown, suggestion.word, err);
}

/* `word` begins with a letter that no option has; it may be a long option with one dash. */
static enum mzg_status fail_letter(const struct mzg_command *command, const char *word, char letter,
                                   struct mzg_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 1, "="), word + 1);
    const struct mzg_option *option = mzg_command_find(command, name, strlen(name));
    if (!word[2] || option || mzg_is_other_name(command, name))
        return mzg_refuse_option(command, word, option ? option->name : NULL, err);
    return mzg_fail(err, MZG_EUSAGE, "unknown option '-%c' in '%s'", letter, word);
}

static enum mzg_status apply_one(const struct mzg_argument *argument, void *target, struct mzg_error *err);

/* Options of every command go where they belong at once. */
static void give(struct mzg_arguments *arguments, const struct mzg_option *option, const char *text)
{
    struct mzg_error none = {0}; /* texts and flags are always taken */
    struct mzg_argument argument = {option, text, NULL, MZG_FROM_COMMAND_LINE};
    if (find_row(mzg_common_options, option->name, strlen(option->name)) == option)
        apply_one(&argument, (char *)arguments + option->offset, &none);
    else
        arguments->given[arguments->n_given++] = argument;
}

/* The flag that --no-NAME undoes, or NULL. */
static const struct mzg_option *find_undone(const struct mzg_command *command, const char *name,
                                            size_t length)
{
    if (length <= 3 || strncmp(name, "no-", 3) != 0)
        return NULL;
    const struct mzg_option *option = mzg_command_find(command, name + 3, length - 3);
    return option && mzg_option_is_flag(option) ? option : NULL;
}

/* --name, --name=value or --name value; `next` is the word behind it, or NULL. Sets `*used_next`. */
static enum mzg_status parse_long(struct mzg_arguments *arguments, const char *word, const char *next,
                                  bool *used_next, struct mzg_error *err)
{
    const char *name = word + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] ? name + length + 1 : NULL;
    const struct mzg_option *option = mzg_command_find(arguments->command, name, length);
    const struct mzg_option *undone = option ? NULL : find_undone(arguments->command, name, length);
    if (!option)
        option = undone ? undone : find_row(mzg_common_options, name, length);
    if (!option)
        return fail_unknown(arguments->command, name, length, err);
    if (mzg_option_is_flag(option)) {
        if (value)
            return mzg_fail(err, MZG_EUSAGE, "--%.*s takes no value, got '%s'", (int)length, name, value);
        give(arguments, option, undone ? "false" : NULL);
        return MZG_OK;
    }
    /* A forgotten value must not swallow the option behind it. */
    if (!value && next && strncmp(next, "--", 2) != 0) {
        value = next;
        *used_next = true;
    }
    if (!value || !value[0])
        return mzg_fail(err, MZG_EUSAGE, "--%s needs a value: --%s %s", option->name, option->name,
                        option->argument);
    give(arguments, option, value);
    return MZG_OK;
}

static const struct mzg_option *find_letter(const struct mzg_command *command, char letter)
{
    const struct mzg_option *option;
    for (int i = 0; (option = mzg_command_option(command, i)); i++)
        if (option->letter == letter)
            return option;
    return NULL;
}

/* -v, or several such letters in one word, as -vv; or -o VALUE, -oVALUE. `next` as for parse_long(). */
static enum mzg_status parse_letters(struct mzg_arguments *arguments, const char *word, const char *next,
                                     bool *used_next, struct mzg_error *err)
{
    for (const char *letter = word + 1; *letter; letter++) {
        const struct mzg_option *option = find_letter(arguments->command, *letter);
        if (!option)
            return fail_letter(arguments->command, word, *letter, err);
        if (!mzg_option_is_flag(option)) {
            const char *value = letter[1] ? letter + 1 : next;
            *used_next = value == next;
            if (!value || !value[0] || (*used_next && next[0] == '-'))
                return mzg_fail(err, MZG_EUSAGE, "-%c needs a value: -%c %s", *letter, *letter,
                                option->argument);
            give(arguments, option, value);
            return MZG_OK;
        }
        give(arguments, option, NULL);
    }
    return MZG_OK;
}

static int count_operands(const struct mzg_command *command)
{
    int n = 0;
    while (n < MZG_MAX_OPERANDS && command->operands[n])
        n++;
    return n;
}

static enum mzg_status take_operand(struct mzg_arguments *arguments, const char *word, int *n_operands,
                                    int wanted, struct mzg_error *err)
{
    const struct mzg_command *command = arguments->command;
    int number = *n_operands;
    if (number == wanted && !command->repeats)
        return mzg_fail(err, MZG_EUSAGE, "'%s' is one argument too many", word);
    if (number == wanted)
        number--;
    if (!word[0])
        return mzg_fail(err, MZG_EUSAGE, "%s is empty", command->operands[number]);
    if (command->repeats && number == wanted - 1)
        arguments->repeated[arguments->n_repeated++] = word;
    if (*n_operands < wanted)
        arguments->operands[(*n_operands)++] = word;
    return MZG_OK;
}

static enum mzg_status parse_words(struct mzg_arguments *arguments, int first, struct mzg_error *err)
{
    int wanted = count_operands(arguments->command);
    int n_operands = 0;
    bool only_operands = false;
    for (int i = first; i < arguments->argc && !arguments->help; i++) {
        const char *word = arguments->argv[i];
        const char *next = i + 1 < arguments->argc ? arguments->argv[i + 1] : NULL;
        bool used_next = false;
        if (only_operands || word[0] != '-' || word[1] == '\0') {
            if (take_operand(arguments, word, &n_operands, wanted, err) != MZG_OK)
                return err->status;
        } else if (strcmp(word, "--") == 0) {
            only_operands = true;
        } else if (word[1] != '-') {
            if (parse_letters(arguments, word, next, &used_next, err) != MZG_OK)
                return err->status;
        } else if (parse_long(arguments, word, next, &used_next, err) != MZG_OK) {
            return err->status;
        }
        i += used_next;
    }
    if (!arguments->help && !arguments->print_config && n_operands < wanted)
        return mzg_fail(err, MZG_EUSAGE, "%s is missing", arguments->command->operands[n_operands]);
    return MZG_OK;
}

enum mzg_status mzg_arguments_parse(const struct mzg_command *command, int argc, char **argv, int first,
                                    struct mzg_arguments *arguments, struct mzg_error *err)
{
    *arguments = (struct mzg_arguments){.command = command, .argc = argc, .argv = argv};
    /* Every letter of a word such as -vv is one option. */
    size_t most = 1;
    for (int i = first; i < argc; i++)
        most += argv[i][0] == '-' && argv[i][1] != '-' ? strlen(argv[i]) : 1;
    arguments->given = calloc(most, sizeof *arguments->given);
    arguments->repeated = calloc((size_t)argc + 1, sizeof *arguments->repeated);
    if (!arguments->given || !arguments->repeated)
        return mzg_fail(err, MZG_ENOMEM, "no memory for the command line");
    return parse_words(arguments, first, err);
}

void mzg_arguments_destroy(struct mzg_arguments *arguments)
{
    free(arguments->given);
    free(arguments->repeated);
    free(arguments->sources);
    *arguments = (struct mzg_arguments){0};
}

bool mzg_arguments_has(const struct mzg_arguments *arguments, const char *name)
{
    bool has = false;
    for (int i = 0; i < arguments->n_given; i++) {
        const struct mzg_argument *argument = &arguments->given[i];
        if (strcmp(argument->option->name, name) == 0)
            has = !mzg_option_is_flag(argument->option) || !argument->text ||
                  strcmp(argument->text, "false") != 0;
    }
    return has;
}

/* What messages call it: as it was typed, or where it stands. */
static const char *call(const struct mzg_argument *argument, char *text, size_t size)
{
    const char *name = argument->option->name;
    if (argument->origin == MZG_FROM_ENVIRONMENT)
        return argument->place;
    if (argument->origin == MZG_FROM_FILE)
        snprintf(text, size, "%s: %s", argument->place, name);
    else
        snprintf(text, size, "--%s", name);
    return text;
}

static enum mzg_status set_integer(const struct mzg_option *option, const char *name, const char *text,
                                   int64_t *target, struct mzg_error *err)
{
    int64_t value;
    if (mzg_read_integer(text, &value) && value >= option->least && value <= option->most) {
        *target = value;
        return MZG_OK;
    }
    if (option->most == INT64_MAX)
        return mzg_fail(err, MZG_EUSAGE, "%s: '%s' is not a whole number of %" PRId64 " or more", name, text,
                        option->least);
    return mzg_fail(err, MZG_EUSAGE, "%s: '%s' is not a whole number from %" PRId64 " to %" PRId64, name,
                    text, option->least, option->most);
}

static enum mzg_status set_number(const struct mzg_option *option, const char *name, const char *text,
                                  double *target, struct mzg_error *err)
{
    double value;
    double high = option->high > 0 ? option->high : HUGE_VAL;
    if (mzg_read_number(text, NULL, &value) && value <= high &&
        (option->above_low ? value > option->low : value >= option->low)) {
        *target = value;
        return MZG_OK;
    }
    char most[48] = "";
    if (option->high > 0)
        snprintf(most, sizeof most, " and at most %.10g", option->high);
    return mzg_fail(err, MZG_EUSAGE, "%s: '%s' is not a number %s %.10g%s", name, text,
                    option->above_low ? "above" : "of at least", option->low, most);
}

/* None of the words of a row. */
static enum mzg_status fail_choice(const struct mzg_option *option, const char *name, const char *text,
                                   struct mzg_error *err)
{
    struct mzg_suggestion suggestion = {.typed = text};
    char words[512] = "";
    size_t used = 0;
    for (int i = 0; option->choice(i); i++) {
        const char *word = option->choice(i);
        mzg_suggest(&suggestion, word);
        int length = snprintf(words + used, sizeof words - used, "%s%s", i ? ", " : "", word);
        if (length > 0 && used + (size_t)length < sizeof words)
            used += (size_t)length;
    }
    if (suggestion.word)
        return mzg_fail(err, MZG_EUSAGE, "%s: unknown value '%s' (did you mean '%s'?), expected one of %s",
                        name, text, suggestion.word, words);
    return mzg_fail(err, MZG_EUSAGE, "%s: unknown value '%s', expected one of %s", name, text, words);
}

static enum mzg_status set_choice(const struct mzg_option *option, const char *name, const char *text,
                                  int *target, struct mzg_error *err)
{
    for (int i = 0; option->choice(i); i++)
        if (mzg_same_word(option->choice(i), text)) {
            *target = i;
            return MZG_OK;
        }
    return fail_choice(option, name, text, err);
}

static enum mzg_status set_text(const struct mzg_option *option, const char *name, const char *text,
                                const char **target, struct mzg_error *err)
{
    char word[64];
    size_t length = strcspn(text, ":");
    snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : sizeof word - 1), text);
    bool is_known = !option->choice;
    for (int i = 0; !is_known && option->choice(i); i++)
        is_known = mzg_same_word(option->choice(i), word);
    if (!is_known)
        return fail_choice(option, name, word, err);
    *target = text;
    return MZG_OK;
}

/* Setters say what they expected; which option it was about is added here. */
static enum mzg_status set_own(const struct mzg_option *option, const char *name, const char *text,
                               void *target, struct mzg_error *err)
{
    struct mzg_error inner = {0};
    if (option->set(text, target, &inner) == MZG_OK)
        return MZG_OK;
    return mzg_fail(err, inner.status, "%s: %s", name, inner.text);
}

/* Once more on the command line; elsewhere, and after --no-NAME, how often. */
static enum mzg_status set_repeat(const char *name, const char *text, int *target, struct mzg_error *err)
{
    int64_t times = (*target) + 1;
    if (text && strcmp(text, "false") == 0)
        times = 0;
    else if (text && strcmp(text, "true") == 0)
        times = 1;
    else if (text && (!mzg_read_integer(text, &times) || times < 0 || times > 9))
        return mzg_fail(err, MZG_EUSAGE, "%s: '%s' is not a whole number from 0 to 9", name, text);
    *target = (int)times;
    return MZG_OK;
}

static enum mzg_status apply_one(const struct mzg_argument *argument, void *target, struct mzg_error *err)
{
    char text[400];
    const struct mzg_option *option = argument->option;
    const char *name = call(argument, text, sizeof text);
    switch (option->kind) {
    case MZG_OPTION_GROUP:
        break;
    case MZG_OPTION_FLAG:
        *(bool *)target = !argument->text || strcmp(argument->text, "false") != 0;
        break;
    case MZG_OPTION_REPEAT:
        return set_repeat(name, argument->text, target, err);
    case MZG_OPTION_TEXT:
        return set_text(option, name, argument->text, target, err);
    case MZG_OPTION_INTEGER:
        return set_integer(option, name, argument->text, target, err);
    case MZG_OPTION_NUMBER:
        return set_number(option, name, argument->text, target, err);
    case MZG_OPTION_SIZE:
        if (!mzg_read_size(argument->text, target))
            return mzg_fail(err, MZG_EUSAGE, "%s: '%s' is not a size such as 512M, 1.5G or 16GB", name,
                            argument->text);
        if (*(const int64_t *)target < LEAST_BARE_SIZE &&
            isdigit((unsigned char)argument->text[strlen(argument->text) - 1]))
            return mzg_fail(
                err, MZG_EUSAGE,
                "%s: '%s' is a number of bytes, too few for any run; give its unit, as in 512M, 1.5G or 16GB",
                name, argument->text);
        break;
    case MZG_OPTION_CHOICE:
        return set_choice(option, name, argument->text, target, err);
    case MZG_OPTION_OWN:
        return set_own(option, name, argument->text, target, err);
    }
    return MZG_OK;
}

enum mzg_status mzg_arguments_apply(const struct mzg_arguments *arguments, void *settings,
                                    struct mzg_error *err)
{
    for (int i = 0; i < arguments->n_given; i++) {
        const struct mzg_argument *argument = &arguments->given[i];
        if (apply_one(argument, (char *)settings + argument->option->offset, err) != MZG_OK)
            return err->status;
    }
    return MZG_OK;
}

enum mzg_status mzg_arguments_check(const struct mzg_arguments *arguments, struct mzg_error *err)
{
    max_align_t target[512]; /* more than what any row fills in */
    for (int i = 0; i < arguments->n_given; i++) {
        memset(target, 0, sizeof target);
        if (apply_one(&arguments->given[i], target, err) != MZG_OK)
            return err->status;
    }
    return MZG_OK;
}
