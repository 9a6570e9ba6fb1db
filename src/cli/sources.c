/*
 * Rank 0 writes what it finds as records of three texts, "ORIGIN number-of-the-row", the value, and the
 * place, each with a zero byte behind it; all ranks read the records.
 */
#include <cli/config_file.h>
#include <cli/numbers.h>
#include <cli/sources.h>
#include <cli/suggest.h>
#include <core/agree.h>
#include <core/log.h>
#include <core/mpi.h>

#include <stdlib.h>
#include <string.h>

extern char **environ;

static const char prefix[] = "MZGRID_";

char *mzg_variable_name(const struct mzg_option *option, char *name, size_t size)
{
    snprintf(name, size, "%s%s", prefix, option->name);
    for (char *c = name; *c; c++)
        *c = *c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    return name;
}

/* A flag in words, as TOML has it. */
static const char *truth_of(const char *text)
{
    static const char *const words[][2] = {{"1", "0"}, {"true", "false"}, {"yes", "no"}, {"on", "off"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        for (int is_false = 0; is_false < 2; is_false++)
            if (mzg_same_word(text, words[i][is_false]))
                return words[1][is_false];
    return NULL;
}

/* An empty variable is as good as none. */
static enum mzg_status read_variables(const struct mzg_command *command, FILE *records, struct mzg_error *err)
{
    for (int i = 0; command->options[i].name; i++) {
        const struct mzg_option *option = &command->options[i];
        char name[80];
        const char *text = getenv(mzg_variable_name(option, name, sizeof name));
        if (option->kind == MZG_OPTION_GROUP || option->only_typed || !text || !*text)
            continue;
        if (option->kind == MZG_OPTION_FLAG && !(text = truth_of(text)))
            return mzg_fail(err, MZG_EUSAGE, "%s: '%s' is neither true nor false", name, getenv(name));
        mzg_config_record(records, MZG_FROM_ENVIRONMENT, i, text, name);
    }
    return MZG_OK;
}

/* Other programs have variables that begin like ours: only what is almost an option is told of. */
static void warn_of_variables(const struct mzg_context *context, const struct mzg_command *const *commands)
{
    for (char **variable = environ; *variable; variable++) {
        char typed[64], name[80];
        size_t length = strcspn(*variable, "=");
        if (strncmp(*variable, prefix, strlen(prefix)) != 0 || length >= sizeof typed)
            continue;
        memcpy(typed, *variable, length);
        typed[length] = '\0';
        struct mzg_suggestion suggestion = {.typed = typed + strlen(prefix)};
        bool is_known = strcmp(suggestion.typed, "CONFIG") == 0;
        const struct mzg_option *meant = NULL;
        for (int i = 0; commands[i]; i++)
            for (const struct mzg_option *option = commands[i]->options; option->name; option++) {
                char *word = mzg_variable_name(option, name, sizeof name) + strlen(prefix);
                is_known |= option->kind != MZG_OPTION_GROUP && strcmp(word, suggestion.typed) == 0;
                const char *before = suggestion.word;
                int distance = suggestion.distance;
                if (option->kind != MZG_OPTION_GROUP)
                    mzg_suggest(&suggestion, word);
                if (suggestion.word != before || suggestion.distance != distance)
                    meant = option;
            }
        if (!is_known && meant)
            mzg_log_line(context->log, MZG_LOG_WARNING, "the variable %s is no option (did you mean %s?)",
                         typed, mzg_variable_name(meant, name, sizeof name));
    }
}

/* On rank 0, or where there are no ranks. The caller frees `*records`. */
static enum mzg_status look(const struct mzg_context *context, const struct mzg_command *const *commands,
                            const struct mzg_arguments *arguments, char **records, size_t *size,
                            struct mzg_error *err)
{
    const char *path = arguments->config ? arguments->config : getenv("MZGRID_CONFIG");
    FILE *file = open_memstream(records, size);
    if (!file)
        return mzg_fail(err, MZG_ENOMEM, "no memory for options");
    if (path && *path)
        mzg_config_read(path, commands, arguments->command, file, err);
    if (err->status == MZG_OK)
        read_variables(arguments->command, file, err);
    if ((fclose(file) != 0 || !*records) && err->status == MZG_OK)
        mzg_fail(err, MZG_ENOMEM, "no memory for options");
    if (err->status == MZG_OK)
        warn_of_variables(context, commands);
    return err->status;
}

static bool names_rival(const struct mzg_option *option, const char *name)
{
    size_t length = strlen(name);
    for (const char *word = option->rivals; word && *word; word += strspn(word, " ")) {
        size_t n = strcspn(word, " ");
        if (n == length && memcmp(word, name, n) == 0)
            return true;
        word += n;
    }
    return false;
}

/* Whether something that counts more than `argument` takes its place. */
static bool is_replaced(const struct mzg_argument *argument, const struct mzg_argument *all, int n)
{
    for (int i = 0; i < n; i++) {
        const struct mzg_option *other = all[i].option;
        if (all[i].origin > argument->origin &&
            (other == argument->option || names_rival(other, argument->option->name) ||
             names_rival(argument->option, other->name)))
            return true;
    }
    return false;
}

/* Puts the records before what was typed. */
static enum mzg_status take_records(struct mzg_arguments *arguments, size_t size, struct mzg_error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++)
        n += arguments->sources[i] == '\0';
    n /= 3;
    struct mzg_argument *all = calloc(n + (size_t)arguments->n_given + 1, sizeof *all);
    if (!all)
        return mzg_fail(err, MZG_ENOMEM, "no memory for options");
    const char *text = arguments->sources;
    for (size_t i = 0; i < n; i++) {
        all[i].origin = text[0] == 'F' ? MZG_FROM_FILE : MZG_FROM_ENVIRONMENT;
        all[i].option = &arguments->command->options[atoi(text + 1)];
        all[i].text = text + strlen(text) + 1;
        all[i].place = all[i].text + strlen(all[i].text) + 1;
        text = all[i].place + strlen(all[i].place) + 1;
    }
    if (arguments->n_given > 0)
        memcpy(all + n, arguments->given, (size_t)arguments->n_given * sizeof *all);
    int n_all = (int)n + arguments->n_given, left = 0;
    struct mzg_argument *kept = calloc((size_t)n_all + 1, sizeof *kept);
    for (int i = 0; kept && i < n_all; i++)
        if (!is_replaced(&all[i], all, n_all))
            kept[left++] = all[i];
    free(all);
    if (!kept)
        return mzg_fail(err, MZG_ENOMEM, "no memory for options");
    free(arguments->given);
    arguments->given = kept;
    arguments->n_given = left;
    return MZG_OK;
}

enum mzg_status mzg_sources_add(const struct mzg_context *context, const struct mzg_command *const *commands,
                                struct mzg_arguments *arguments, struct mzg_error *err)
{
    char *records = NULL;
    size_t size = 0;
    bool is_alone = context->comm == MPI_COMM_NULL;
    if (is_alone || context->rank == 0)
        look(context, commands, arguments, &records, &size, err);
    if (mzg_agree(context->comm, err) != MZG_OK)
        goto cleanup;
    if (!is_alone) {
        uint64_t bytes = size;
        MZG_MPI(MPI_Bcast(&bytes, 1, MPI_UINT64_T, 0, context->comm));
        size = (size_t)bytes;
        if (context->rank != 0 && !(records = malloc(size + 1)))
            mzg_fail(err, MZG_ENOMEM, "no memory for options");
        if (mzg_agree(context->comm, err) != MZG_OK)
            goto cleanup;
        MZG_MPI(MPI_Bcast(records, (int)size, MPI_CHAR, 0, context->comm));
    }
    if (size > 0) {
        arguments->sources = records;
        records = NULL;
        take_records(arguments, size, err);
    }
    mzg_agree(context->comm, err);

cleanup:
    free(records);
    return err->status;
}
