/*
 * One item is one line: a key or a table, a value, perhaps a comment. Lines are terminated where they end,
 * and strings decoded where they stand, because no escape is shorter than what it stands for.
 */
#include <cli/toml.h>
#include <core/escape.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *const blanks = " \t";
static const char *const digits = "0123456789";

static enum mzg_status fail(const struct mzg_toml *toml, const char *what, struct mzg_error *err)
{
    return mzg_fail(err, MZG_EUSAGE, "%s, line %d: %s", toml->name, toml->line, what);
}

enum mzg_status mzg_toml_begin(struct mzg_toml *toml, const char *name, char *bytes, size_t n,
                               struct mzg_error *err)
{
    *toml = (struct mzg_toml){.name = name, .rest = bytes, .table = ""};
    bytes[n] = '\0';
    if (!mzg_is_utf8(bytes, n) || memchr(bytes, '\0', n))
        return mzg_fail(err, MZG_EUSAGE,
                        "%s: is not text in UTF-8, expected options in TOML, such as threads = 4", name);
    if (strncmp(bytes, "\xEF\xBB\xBF", 3) == 0) /* so begin texts of some editors */
        toml->rest += 3;
    return MZG_OK;
}

/* The next line, terminated, without blanks before it. */
static char *take_line(struct mzg_toml *toml)
{
    char *line = toml->rest;
    char *end = strchr(line, '\n');
    toml->rest = end ? end + 1 : NULL;
    toml->line++;
    if (end) {
        *end = '\0';
        if (end > line && end[-1] == '\r')
            end[-1] = '\0';
    }
    return line + strspn(line, blanks);
}

/* Whether nothing but a comment stands at `rest`. */
static bool is_end(const char *rest)
{
    rest += strspn(rest, blanks);
    return *rest == '\0' || *rest == '#';
}

/* Comments may hold no control characters either. */
static bool has_controls(const char *line)
{
    for (const unsigned char *c = (const unsigned char *)line; *c; c++)
        if ((*c < 0x20 && *c != '\t') || *c == 0x7F)
            return true;
    return false;
}

/* Writes a character as UTF-8; false if there is no such character. */
static bool put_character(uint32_t code, char **to)
{
    static const struct {
        uint32_t end;
        unsigned char mark;
    } lengths[] = {{0x80, 0}, {0x800, 0xC0}, {0x10000, 0xE0}, {0x110000, 0xF0}};
    int more = 0;
    while (more < 4 && code >= lengths[more].end)
        more++;
    if (more == 4 || (code >= 0xD800 && code < 0xE000) || code == 0)
        return false;
    *(*to)++ = (char)(lengths[more].mark | code >> 6 * more);
    while (more-- > 0)
        *(*to)++ = (char)(0x80 | (code >> 6 * more & 0x3F));
    return true;
}

/* Exactly n hexadecimal digits; -1 if they are not. */
static int64_t read_hexadecimal(const char *text, int n)
{
    static const char small[] = "0123456789abcdef", large[] = "0123456789ABCDEF";
    int64_t value = 0;
    for (int i = 0; i < n; i++) {
        const char *digit = text[i] ? strchr(small, text[i]) : NULL;
        const char *capital = text[i] ? strchr(large, text[i]) : NULL;
        if (!digit && !capital)
            return -1;
        value = 16 * value + (digit ? digit - small : capital - large);
    }
    return value;
}

/* The escape behind a backslash; moves `*from` behind it. */
static bool decode_escape(const char **from, char **to)
{
    static const char letters[] = "btnfr\"\\", meant[] = "\b\t\n\f\r\"\\";
    char letter = **from;
    const char *known = letter ? strchr(letters, letter) : NULL;
    if (known) {
        *(*to)++ = meant[known - letters];
        ++*from;
        return true;
    }
    int n = letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
    int64_t code = n ? read_hexadecimal(*from + 1, n) : -1;
    if (code < 0 || !put_character((uint32_t)code, to))
        return false;
    *from += 1 + n;
    return true;
}

/* A string in "" or '' at `text`, decoded in place; `*rest` is what follows it. NULL if it is none. */
static const char *read_string(const struct mzg_toml *toml, char *text, char **rest, struct mzg_error *err)
{
    char quote = *text;
    char *to = text + 1;
    const char *from = text + 1;
    if (from[0] == quote && from[1] == quote) {
        fail(toml, "a text of several lines, which no option takes", err);
        return NULL;
    }
    while (*from && *from != quote) {
        if (*from != '\\' || quote == '\'') {
            *to++ = *from++;
            continue;
        }
        from++;
        if (!decode_escape(&from, &to)) {
            fail(toml, "an escape that TOML does not know; write a backslash as \\\\, or the string in ''",
                 err);
            return NULL;
        }
    }
    if (!*from) {
        fail(toml, "a string without the quote at its end", err);
        return NULL;
    }
    *rest = text + (from + 1 - text);
    *to = '\0';
    return text + 1;
}

/* A bare or quoted name at `text`; `*rest` is what follows it. A bare one is terminated by who looked at
 * that. */
static const char *read_name(const struct mzg_toml *toml, char *text, char **rest, struct mzg_error *err)
{
    static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (*text == '"' || *text == '\'')
        return read_string(toml, text, rest, err);
    *rest = text + strspn(text, bare);
    if (*rest > text)
        return text;
    fail(toml, "expected option = value, or [command]", err);
    return NULL;
}

/* A number as TOML writes it, cleared of "_" and "+". False if it is none. */
static bool read_number(char *text, enum mzg_toml_kind *kind)
{
    char *from = text, *to = text;
    *kind = MZG_TOML_INTEGER;
    if (*from == '-')
        *to++ = *from;
    from += *from == '-' || *from == '+';
    if (from[0] == '0' && from[1] && strchr("0123456789_", from[1]))
        return false;
    for (bool is_power = false; *from; from++) {
        bool behind_digit = to > text && strchr(digits, to[-1]);
        bool before_digit = from[1] && strchr(digits, from[1]);
        if (strchr(digits, *from)) {
            *to++ = *from;
        } else if (*from == '_' && behind_digit && before_digit) {
            continue;
        } else if (*from == '.' && behind_digit && before_digit && *kind == MZG_TOML_INTEGER) {
            *to++ = *from;
            *kind = MZG_TOML_FLOAT;
        } else if ((*from == 'e' || *from == 'E') && behind_digit && !is_power) {
            *to++ = *from;
            *kind = MZG_TOML_FLOAT;
            is_power = true;
            if (from[1] == '-')
                *to++ = '-';
            from += from[1] == '-' || from[1] == '+';
        } else {
            return false;
        }
    }
    *to = '\0';
    return to > text && strchr(digits, to[-1]);
}

/* `first` is how the value begins; 0: there is none. */
static enum mzg_status refuse_value(const struct mzg_toml *toml, const char *key, char first,
                                    struct mzg_error *err)
{
    char where[400];
    snprintf(where, sizeof where, "%s, line %d", toml->name, toml->line);
    if (!first)
        return mzg_fail(err, MZG_EUSAGE, "%s: %s has no value", where, key);
    if (first == '[' || first == '{')
        return mzg_fail(err, MZG_EUSAGE,
                        "%s: %s is a %s, which no option takes; write several values as one string, such as "
                        "\"798.54,616.18\"",
                        where, key, first == '[' ? "list" : "table");
    return mzg_fail(err, MZG_EUSAGE,
                    "%s: the value of %s is none of a string in quotes, a decimal number, true and false",
                    where, key);
}

/* The value at `text`, which ends with its line. */
static enum mzg_status read_value(const struct mzg_toml *toml, char *text, struct mzg_toml_item *item,
                                  struct mzg_error *err)
{
    char *rest = text + strcspn(text, " \t#");
    char first = rest == text ? '\0' : *text;
    item->text = text;
    if (*text == '"' || *text == '\'') {
        item->kind = MZG_TOML_STRING;
        item->text = read_string(toml, text, &rest, err);
        if (item->text && !is_end(rest))
            fail(toml, "something stands behind the value; a line holds one option", err);
        return err->status;
    }
    if (!first || first == '[' || first == '{')
        return refuse_value(toml, item->key, first, err);
    if (!is_end(rest))
        return fail(
            toml, "something stands behind the value; a line holds one option, and a string has quotes", err);
    *rest = '\0';
    item->kind = MZG_TOML_BOOLEAN;
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0 && !read_number(text, &item->kind))
        return refuse_value(toml, item->key, first, err);
    return MZG_OK;
}

static enum mzg_status read_table(struct mzg_toml *toml, char *text, struct mzg_toml_item *item,
                                  struct mzg_error *err)
{
    char *rest;
    if (*text == '[')
        return fail(toml, "a list of tables, expected one [command]", err);
    text += strspn(text, blanks);
    const char *name = read_name(toml, text, &rest, err);
    if (!name)
        return err->status;
    char *end = rest;
    rest += strspn(rest, blanks);
    if (*rest == '.')
        return fail(toml, "a table in a table, expected one [command]", err);
    if (*rest != ']' || !is_end(rest + 1))
        return fail(toml, "expected [command] and nothing behind it", err);
    *end = '\0';
    toml->table = name;
    *item = (struct mzg_toml_item){.kind = MZG_TOML_TABLE, .table = name, .line = toml->line};
    return MZG_OK;
}

static enum mzg_status read_option(const struct mzg_toml *toml, char *text, struct mzg_toml_item *item,
                                   struct mzg_error *err)
{
    char *rest;
    *item = (struct mzg_toml_item){.table = toml->table, .line = toml->line};
    item->key = read_name(toml, text, &rest, err);
    if (!item->key)
        return err->status;
    char *end = rest;
    rest += strspn(rest, blanks);
    if (*rest == '.')
        return fail(toml, "a dot in the name of an option; write the command as [command] above its options",
                    err);
    if (*rest != '=')
        return fail(toml, "expected option = value, or [command]", err);
    *end = '\0';
    rest++;
    return read_value(toml, rest + strspn(rest, blanks), item, err);
}

bool mzg_toml_next(struct mzg_toml *toml, struct mzg_toml_item *item, struct mzg_error *err)
{
    while (toml->rest) {
        char *line = take_line(toml);
        if (has_controls(line))
            fail(toml, "a control character, which in a string is written as \\u001b", err);
        else if (is_end(line))
            continue;
        else if (*line == '[')
            read_table(toml, line + 1, item, err);
        else
            read_option(toml, line, item, err);
        return err->status == MZG_OK;
    }
    return false;
}
