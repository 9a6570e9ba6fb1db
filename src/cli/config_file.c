#include <cli/config_file.h>
#include <cli/suggest.h>
#include <cli/toml.h>
#include <core/file.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 20, MOST_OPTIONS = 1024 };

struct reading {
    const struct mzg_command *const *commands;
    const struct mzg_command *command; /* the one that runs */
    const struct mzg_toml *toml;
    FILE *records;
    const struct mzg_command *table; /* that the present lines are for; NULL: all */
    bool had_table[64];              /* by the number of its command */
    struct {
        const struct mzg_command *table;
        const struct mzg_option *option;
    } had[MOST_OPTIONS];
    int n_had;
};

void mzg_config_record(FILE *records, enum mzg_origin origin, int number, const char *text, const char *place)
{
    fprintf(records, "%c%d%c%s%c%s%c", origin == MZG_FROM_FILE ? 'F' : 'E', number, 0, text, 0, place, 0);
}

static enum mzg_status begin_table(struct reading *r, const struct mzg_toml_item *item, struct mzg_error *err)
{
    struct mzg_suggestion suggestion = {.typed = item->table};
    for (int i = 0; r->commands[i]; i++) {
        mzg_suggest(&suggestion, r->commands[i]->name);
        if (strcmp(r->commands[i]->name, item->table) != 0)
            continue;
        if (r->had_table[i])
            return mzg_fail(err, MZG_EUSAGE,
                            "%s, line %d: [%s] a second time; put its options below the first", r->toml->name,
                            item->line, item->table);
        r->had_table[i] = true;
        r->table = r->commands[i];
        return MZG_OK;
    }
    return mzg_fail(err, MZG_EUSAGE, "%s, line %d: unknown command [%s]%s%s%s", r->toml->name, item->line,
                    item->table, suggestion.word ? " (did you mean [" : "",
                    suggestion.word ? suggestion.word : "", suggestion.word ? "]?)" : "");
}

/* Names may be written as those of variables in programs. */
static const struct mzg_option *find(const struct mzg_command *command, const char *key)
{
    char name[64];
    size_t length = strlen(key);
    if (length >= sizeof name)
        return NULL;
    for (size_t i = 0; i <= length; i++)
        name[i] = key[i] == '_' ? '-' : key[i];
    return mzg_command_find(command, name, length);
}

/* The option of the table, or above all tables that of the command, or of the first that has it. */
static const struct mzg_option *find_option(const struct reading *r, const char *key)
{
    if (r->table)
        return find(r->table, key);
    const struct mzg_option *option = find(r->command, key);
    for (int i = 0; !option && r->commands[i]; i++)
        option = find(r->commands[i], key);
    return option;
}

static enum mzg_status fail_unknown(const struct reading *r, const struct mzg_toml_item *item,
                                    struct mzg_error *err)
{
    struct mzg_suggestion suggestion = {.typed = item->key};
    for (int i = 0; r->commands[i]; i++)
        for (const struct mzg_option *option = r->commands[i]->options; option->name; option++)
            if (option->kind != MZG_OPTION_GROUP && (!r->table || r->table == r->commands[i]))
                mzg_suggest(&suggestion, option->name);
    return mzg_fail(err, MZG_EUSAGE, "%s, line %d: unknown option '%s'%s%s%s%s%s", r->toml->name, item->line,
                    item->key, r->table ? " of " : "", r->table ? r->table->name : "",
                    suggestion.word ? " (did you mean '" : "", suggestion.word ? suggestion.word : "",
                    suggestion.word ? "'?)" : "");
}

/* What a row takes in TOML; NULL if the item is that. */
static const char *wanted_type(const struct mzg_option *option, enum mzg_toml_kind kind)
{
    bool is_number = kind == MZG_TOML_INTEGER || kind == MZG_TOML_FLOAT;
    bool is_string = kind == MZG_TOML_STRING;
    switch (option->kind) {
    case MZG_OPTION_FLAG:
        return kind == MZG_TOML_BOOLEAN ? NULL : "true or false";
    case MZG_OPTION_REPEAT:
        return kind == MZG_TOML_BOOLEAN || kind == MZG_TOML_INTEGER ? NULL
                                                                    : "a whole number, or true or false";
    case MZG_OPTION_INTEGER:
        return is_number ? NULL : "a whole number, without quotes";
    case MZG_OPTION_NUMBER:
        return is_number ? NULL : "a number, without quotes";
    case MZG_OPTION_TEXT:
    case MZG_OPTION_CHOICE:
        return is_string ? NULL : "a string in quotes";
    case MZG_OPTION_SIZE:
        return is_string || is_number ? NULL : "a string such as \"16GB\", or a number of bytes";
    case MZG_OPTION_OWN:
    case MZG_OPTION_GROUP:
        break;
    }
    return is_string || is_number ? NULL : "a string in quotes, or a number";
}

static enum mzg_status take_option(struct reading *r, const struct mzg_toml_item *item, struct mzg_error *err)
{
    char place[512];
    snprintf(place, sizeof place, "%s, line %d", r->toml->name, item->line);
    const struct mzg_option *option = find_option(r, item->key);
    if (!option)
        return fail_unknown(r, item, err);
    for (int i = 0; i < r->n_had; i++)
        if (r->had[i].table == r->table && r->had[i].option == option)
            return mzg_fail(err, MZG_EUSAGE, "%s: %s a second time", place, item->key);
    if (r->n_had == MOST_OPTIONS)
        return mzg_fail(err, MZG_EUSAGE, "%s: more than %d options", place, MOST_OPTIONS);
    r->had[r->n_had].table = r->table;
    r->had[r->n_had++].option = option;
    const char *wanted = wanted_type(option, item->kind);
    if (wanted)
        return mzg_fail(err, MZG_EUSAGE, "%s: %s is %s%s%s, expected %s", place, item->key,
                        item->kind == MZG_TOML_STRING ? "'" : "", item->text,
                        item->kind == MZG_TOML_STRING ? "'" : "", wanted);
    if (!mzg_option_is_flag(option) && !item->text[0])
        return mzg_fail(err, MZG_EUSAGE, "%s: %s is empty", place, item->key);
    if (option->only_typed)
        return mzg_fail(err, MZG_EUSAGE, "%s: %s can be given on the command line only", place, item->key);
    if (find(r->command, item->key) == option && (!r->table || r->table == r->command))
        mzg_config_record(r->records, MZG_FROM_FILE, (int)(option - r->command->options), item->text, place);
    return MZG_OK;
}

enum mzg_status mzg_config_read_text(const char *name, char *bytes, size_t n,
                                     const struct mzg_command *const *commands,
                                     const struct mzg_command *command, FILE *records, struct mzg_error *err)
{
    struct mzg_toml toml;
    struct mzg_toml_item item;
    struct reading *r = calloc(1, sizeof *r);
    if (!r)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory to read it", name);
    *r = (struct reading){.commands = commands, .command = command, .toml = &toml, .records = records};
    mzg_toml_begin(&toml, name, bytes, n, err);
    while (err->status == MZG_OK && mzg_toml_next(&toml, &item, err)) {
        if (item.kind == MZG_TOML_TABLE)
            begin_table(r, &item, err);
        else
            take_option(r, &item, err);
    }
    free(r);
    return err->status;
}

enum mzg_status mzg_config_read(const char *path, const struct mzg_command *const *commands,
                                const struct mzg_command *command, FILE *records, struct mzg_error *err)
{
    int fd = -1;
    int64_t size = 0;
    char *bytes = NULL;
    struct mzg_error inner = {0};
    if (mzg_open_regular(path, &fd, &size, &inner) != MZG_OK)
        return mzg_fail(err, inner.status, "--config: %s", inner.text);
    if (size > MOST_BYTES) {
        mzg_fail(err, MZG_EUSAGE, "--config: %s: has %lld bytes, expected a file of options of at most 1 MiB",
                 path, (long long)size);
        goto cleanup;
    }
    bytes = malloc((size_t)size + 1);
    int code = bytes ? mzg_read_at(fd, bytes, size, 0) : 0;
    if (!bytes)
        mzg_fail(err, MZG_ENOMEM, "--config: %s: no memory to read it", path);
    else if (code != 0)
        mzg_fail(err, MZG_EIO, "--config: %s: cannot be read: %s", path, strerror(code));
    else
        mzg_config_read_text(path, bytes, (size_t)size, commands, command, records, err);

cleanup:
    free(bytes);
    close(fd);
    return err->status;
}
