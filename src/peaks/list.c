#include <peaks/list.h>

#include <core/array.h>
#include <core/escape.h>
#include <core/number.h>
#include <core/search.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_FIELDS = 64, MAX_NUMBER = 40 };

/* A field of a line: borrowed, without its quotes. */
struct field {
    const char *p;
    size_t n;
    bool was_quoted; /* each quote in it stands twice */
};

/* What the first line says of the columns; -1: there is none. */
struct columns {
    char separator; /* ' ': any white space, or a comma or semicolon; then only the first field counts */
    int mz, width, name;
    bool width_is_ppm;
    int n; /* all of them */
};

struct parser {
    const char *path;
    int64_t line;
    struct columns columns;
    struct mzg_peak_list *list;
    int64_t capacity;
    struct field rest;  /* what stands behind the m/z of the last line of a list; borrowed */
    int64_t comma_line; /* the first line that may have a decimal comma, 0: none */
    bool has_no_commas; /* another line shows that they are none */
};

void mzg_peak_list_destroy(struct mzg_peak_list *list)
{
    for (int64_t i = 0; i < list->n; i++)
        free(list->items[i].name);
    free(list->items);
    *list = (struct mzg_peak_list){0};
}

static struct field trim_blanks(struct field field)
{
    while (field.n > 0 && strchr(" \t\r", field.p[0])) {
        field.p++;
        field.n--;
    }
    while (field.n > 0 && strchr(" \t\r", field.p[field.n - 1]))
        field.n--;
    return field;
}

static struct field trim(struct field field)
{
    field = trim_blanks(field);
    if (field.n < 2 || field.p[0] != '"' || field.p[field.n - 1] != '"')
        return field;
    return trim_blanks((struct field){field.p + 1, field.n - 2, true});
}

/* Makes one quote of each two. */
static void undouble(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (from[0] == '"' && from[1] == '"')
            from++;
        *to++ = *from;
    }
    *to = '\0';
}

/* Cuts a line at a separator that is not between quotes. Returns the number of fields. */
static int split(struct field line, char separator, struct field fields[MAX_FIELDS])
{
    int n = 0;
    bool quoted = false;
    size_t begin = 0;
    for (size_t i = 0; i <= line.n && n < MAX_FIELDS; i++) {
        if (i < line.n && line.p[i] == '"')
            quoted = !quoted;
        if (i == line.n || (line.p[i] == separator && !quoted)) {
            fields[n++] = trim((struct field){.p = line.p + begin, .n = i - begin});
            begin = i + 1;
        }
    }
    return n;
}

/* A plain decimal number; with semicolons between fields its point may be a comma. */
static bool read_number(struct field field, bool comma_is_point, double *value)
{
    char text[MAX_NUMBER + 1];
    char *end;
    if (field.n == 0 || field.n > MAX_NUMBER || memchr(field.p, 0, field.n))
        return false;
    memcpy(text, field.p, field.n);
    text[field.n] = '\0';
    char *comma = comma_is_point ? strchr(text, ',') : NULL;
    if (comma)
        *comma = '.';
    if (text[strspn(text, "+-.0123456789eE")])
        return false;
    *value = mzg_number_read(text, &end);
    return !*end && isfinite(*value);
}

static bool contains(struct field field, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= field.n; i++)
        if (strncasecmp(field.p + i, word, length) == 0)
            return true;
    return false;
}

static bool equals(struct field field, const char *word)
{
    return field.n == strlen(word) && strncasecmp(field.p, word, field.n) == 0;
}

static enum mzg_status bad(const struct parser *parser, struct field field, const char *expected,
                           struct mzg_error *err)
{
    return mzg_fail(err, MZG_EFORMAT, "%s: line %" PRId64 ": '%.*s'; expected %s", parser->path, parser->line,
                    (int)(field.n < 60 ? field.n : 60), field.p ? field.p : "", expected);
}

/* The first line of a table names its columns. */
static enum mzg_status read_header(struct parser *parser, struct field line, struct mzg_error *err)
{
    static const char separators[] = ";\t,";
    static const char *const names[] = {"name", "ion", "moleculeNames", "label", "formula"};
    struct field fields[MAX_FIELDS];
    struct columns *columns = &parser->columns;
    size_t chosen = 0;
    while (separators[chosen] && !memchr(line.p, separators[chosen], line.n))
        chosen++;
    columns->separator = separators[chosen] ? separators[chosen] : ',';
    int n = columns->n = split(line, columns->separator, fields);
    size_t rank = sizeof names / sizeof *names;
    for (int i = 0; i < n; i++) {
        if (columns->mz < 0 && (equals(fields[i], "mz") || equals(fields[i], "m/z")))
            columns->mz = i;
        if (columns->width < 0 && (contains(fields[i], "interval") || equals(fields[i], "tolerance"))) {
            columns->width = i;
            columns->width_is_ppm = contains(fields[i], "ppm");
        }
        for (size_t k = 0; k < rank; k++)
            if (equals(fields[i], names[k])) {
                columns->name = i;
                rank = k;
            }
    }
    if (columns->mz < 0)
        return bad(parser, trim(line), "an m/z above 0, or a line that names a column m/z or mz", err);
    return MZG_OK;
}

static enum mzg_status add(struct parser *parser, double mz, struct mzg_tolerance tolerance,
                           struct field name, struct mzg_error *err)
{
    struct mzg_peak_list *list = parser->list;
    if (mzg_array_grow(&list->items, sizeof *list->items, list->n + 1, &parser->capacity, "peaks of a list",
                       err) != MZG_OK)
        return err->status;
    char *copy = malloc(MZG_ESCAPE_SIZE(name.n)); /* the store takes nothing but UTF-8 */
    if (!copy)
        return mzg_fail(err, MZG_ENOMEM, "%s: no memory for its peaks", parser->path);
    mzg_escape(name.n ? name.p : "", name.n, copy, MZG_ESCAPE_SIZE(name.n));
    if (name.was_quoted)
        undouble(copy);
    list->items[list->n++] =
        (struct mzg_listed_peak){.mz = mz, .tolerance = tolerance, .name = copy, .line = parser->line};
    return MZG_OK;
}

/* A line of a table. */
static enum mzg_status read_row(struct parser *parser, struct field line, struct mzg_error *err)
{
    const struct columns *columns = &parser->columns;
    struct field fields[MAX_FIELDS], none = {.p = ""};
    struct mzg_tolerance tolerance = {.is_ppm = columns->width_is_ppm};
    bool commas = columns->separator == ';';
    double mz;
    int n = split(line, columns->separator, fields);
    for (int i = columns->n; i < n; i++) /* of a decimal comma, or a name that is cut */
        if (fields[i].n > 0)
            return bad(
                parser, line,
                "no more columns than the first line names: points in numbers, quotes around a name that "
                "has the separator in it",
                err);
    struct field at = columns->mz < n ? fields[columns->mz] : none;
    if (!read_number(at, commas, &mz) || mz <= 0)
        return bad(parser, at, "an m/z above 0", err);
    if (columns->width >= 0) {
        at = columns->width < n ? fields[columns->width] : none;
        if (!read_number(at, commas, &tolerance.value) || tolerance.value <= 0)
            return bad(parser, at, "a tolerance above 0", err);
    }
    return add(parser, mz, tolerance, columns->name >= 0 && columns->name < n ? fields[columns->name] : none,
               err);
}

/* Notes whether the m/z of a line of a list may have a decimal comma: digits, and nothing but digits up to
 * the end or the next field. */
static void look_at_comma(struct parser *parser, struct field first, struct field rest)
{
    size_t n = 1;
    if (rest.n == 0 || rest.p[0] != ',')
        return;
    while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
        n++;
    bool may = n > 1 && (n == rest.n || strchr(";\t", rest.p[n])) && !memchr(first.p, '.', first.n);
    parser->has_no_commas |= !may;
    if (parser->comma_line == 0)
        parser->comma_line = parser->line;
}

/* A line of a list: m/z, and what follows is the name. */
static enum mzg_status read_line(struct parser *parser, struct field line, struct mzg_error *err)
{
    size_t length = 0;
    double mz;
    while (length < line.n && !strchr(" \t,;", line.p[length]))
        length++;
    struct field first = {.p = line.p, .n = length}, rest = {.p = line.p + length, .n = line.n - length};
    bool is_number = read_number(first, false, &mz);
    if (!is_number && parser->list->n == 0 && parser->columns.mz < 0)
        return read_header(parser, line, err);
    if (!is_number || mz <= 0)
        return bad(parser, first, "an m/z above 0", err);
    look_at_comma(parser, first, rest);
    rest = trim(rest);
    if (rest.n > 0 && (rest.p[0] == ',' || rest.p[0] == ';'))
        rest = trim((struct field){.p = rest.p + 1, .n = rest.n - 1});
    parser->rest = rest;
    return add(parser, mz, (struct mzg_tolerance){0}, rest, err);
}

/* A list on one line, of which only the first m/z would count. */
static enum mzg_status refuse_row(const struct parser *parser, struct field rest, struct mzg_error *err)
{
    double value;
    int n_numbers = 0;
    for (size_t i = 0; i < rest.n;) {
        size_t begin = i;
        while (i < rest.n && !strchr(" \t,;", rest.p[i]))
            i++;
        if (i > begin && !read_number((struct field){.p = rest.p + begin, .n = i - begin}, false, &value))
            return MZG_OK;
        n_numbers += i > begin;
        i += i == begin;
    }
    if (n_numbers < 2) /* one may be an intensity */
        return MZG_OK;
    return mzg_fail(err, MZG_EFORMAT, "%s: %d numbers stand on one line; expected an m/z on each line",
                    parser->path, 1 + n_numbers);
}

/* What spreadsheets write that is no text. */
static enum mzg_status refuse_binary(const char *path, const char *text, size_t size, struct mzg_error *err)
{
    if (size >= 4 && memcmp(text, "PK\3\4", 4) == 0)
        return mzg_fail(err, MZG_EFORMAT, "%s: it is a workbook of a spreadsheet; save it as CSV", path);
    if (size >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return mzg_fail(err, MZG_EFORMAT, "%s: it is text in UTF-16; save it as CSV in UTF-8", path);
    return MZG_OK;
}

static int compare_mz(const void *a, const void *b)
{
    const struct mzg_listed_peak *x = a, *y = b;
    if (x->mz != y->mz)
        return x->mz < y->mz ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

/* Whether `names`, with "; " between them, has `name`. */
static bool has_name(const char *names, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = names; (at = strstr(at, name)); at++)
        if ((at == names || (at - names >= 2 && strncmp(at - 2, "; ", 2) == 0)) &&
            (at[length] == '\0' || strncmp(at + length, "; ", 2) == 0))
            return true;
    return false;
}

/* Joins peaks of the same m/z, which are neighbours: names of a kind are told once. */
static enum mzg_status join(struct parser *parser, struct mzg_error *err)
{
    struct mzg_peak_list *list = parser->list;
    int64_t n = 0;
    qsort(list->items, (size_t)list->n, sizeof *list->items, compare_mz);
    for (int64_t i = 0; i < list->n; i++) {
        struct mzg_listed_peak *item = &list->items[i], *last = n > 0 ? &list->items[n - 1] : NULL;
        if (!last || last->mz != item->mz) {
            list->items[n++] = *item;
            continue;
        }
        list->n_repeated++;
        char *both = NULL;
        if (*item->name && !has_name(last->name, item->name)) {
            if (asprintf(&both, "%s%s%s", last->name, *last->name ? "; " : "", item->name) < 0)
                both = NULL;
            if (!both && err->status == MZG_OK)
                mzg_fail(err, MZG_ENOMEM, "%s: no memory for its names", parser->path);
        }
        free(item->name);
        if (both) {
            free(last->name);
            last->name = both;
        }
    }
    list->n = n;
    return err->status;
}

int64_t mzg_peak_list_memory(int64_t size, int64_t n_lines)
{
    enum { LEAST_NAME = 32 }; /* what malloc() takes for the shortest one */
    /* The text, its names escaped, and of each line an item: twice, because they are moved as they grow. */
    return size + (int64_t)MZG_ESCAPE_SIZE(size) +
           n_lines * (2 * (int64_t)sizeof(struct mzg_listed_peak) + LEAST_NAME);
}

enum mzg_status mzg_peak_list_parse(const char *path, const char *text, size_t size,
                                    struct mzg_peak_list *list, struct mzg_error *err)
{
    struct mzg_peak_list read = {0};
    struct parser parser = {
        .path = path, .columns = {.separator = ' ', .mz = -1, .width = -1, .name = -1}, .list = &read};
    if (refuse_binary(path, text, size, err) != MZG_OK)
        return err->status;
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* a mark that it is UTF-8 */
        text += 3;
        size -= 3;
    }
    for (const char *at = text, *end = text + size; at < end && err->status == MZG_OK;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        struct field line = {.p = at, .n = (size_t)((newline ? newline : end) - at)};
        at = newline ? newline + 1 : end;
        parser.line++;
        while (line.n > 0 && strchr(" \t\r", line.p[line.n - 1]))
            line.n--;
        while (line.n > 0 && strchr(" \t", line.p[0])) {
            line.p++;
            line.n--;
        }
        bool names_separator =
            parser.line == 1 && line.n == 5 && strncasecmp(line.p, "sep=", 4) == 0; /* for Excel */
        if (line.n == 0 || line.p[0] == '#' || names_separator)
            continue;
        if (parser.columns.mz >= 0)
            read_row(&parser, line, err);
        else
            read_line(&parser, line, err);
    }
    if (err->status == MZG_OK && parser.comma_line > 0 && !parser.has_no_commas)
        mzg_fail(err, MZG_EFORMAT,
                 "%s: line %" PRId64
                 ": its m/z seems to have a decimal comma; use points, or begin with a line m/z;name and put "
                 "semicolons between the columns",
                 path, parser.comma_line);
    if (err->status == MZG_OK && read.n == 1 && parser.columns.mz < 0)
        refuse_row(&parser, parser.rest, err);
    if (err->status == MZG_OK && read.n == 0)
        mzg_fail(err, MZG_EFORMAT, "%s: it lists no peak; expected an m/z on each line", path);
    if (err->status == MZG_OK)
        join(&parser, err);
    if (err->status == MZG_OK)
        *list = read;
    else
        mzg_peak_list_destroy(&read);
    return err->status;
}

enum mzg_status mzg_peak_list_place(const struct mzg_peak_list *list, struct mzg_tolerance standard,
                                    const struct mzg_spectra *spectra, const double *edges,
                                    struct mzg_peaks *peaks, struct mzg_error *err)
{
    int64_t n_bins = spectra->n_bins;
    struct mzg_peak *items = calloc((size_t)list->n + 1, sizeof *items);
    if (!items)
        return mzg_fail(err, MZG_ENOMEM, "no memory for %" PRId64 " peaks", list->n);
    for (int64_t i = 0; i < list->n; i++) {
        double mz = list->items[i].mz;
        struct mzg_tolerance tolerance =
            list->items[i].tolerance.value > 0 ? list->items[i].tolerance : standard;
        double distance = tolerance.is_ppm ? mz * tolerance.value * 1e-6 : tolerance.value;
        struct mzg_peak peak = {.top = -1, .prominence = NAN, .noise = NAN, .source = MZG_PEAK_LIST};
        peak.first = mzg_count_below(spectra->mz, n_bins, mz - distance);
        peak.end = mzg_count_up_to(spectra->mz, n_bins, mz + distance);
        if (peak.first == peak.end && mz >= edges[0] && mz <= edges[n_bins]) {
            peak.first = mzg_count_up_to(edges, n_bins, mz) - 1;
            peak.first = peak.first < 0 ? 0 : peak.first;
            peak.end = peak.first + 1;
        }
        for (int64_t k = peak.first; k < peak.end; k++)
            if (peak.top < 0 || spectra->mean[k] > spectra->mean[peak.top])
                peak.top = k;
        peak.height = peak.top < 0 ? 0 : spectra->mean[peak.top];
        items[i] = peak;
    }
    *peaks = (struct mzg_peaks){list->n, items};
    return MZG_OK;
}
