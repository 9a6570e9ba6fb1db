/*
 * A form is the text of one spectrum with its free values, and the events that it makes. The values of
 * parameters are free, and all attributes of <spectrum> and <binaryDataArray>:
 *
 *     <spectrum id="scan=1">…<cvParam accession="IMS:1000050" name="position x" value="17"/>…</spectrum>\n
 *     ~~~~~~~~~~~~~~      ~~~~                                                         ~~
 *     literal       free  literal                                                  free  literal …
 *
 * A spectrum of the same form has the same literals, between free values of its own, and makes the same
 * events with these values.
 */
#include <imzml/scan.h>

#include <stdlib.h>
#include <string.h>

enum {
    N_FORMS = 4, /* kept: spectra with and without points often differ */
    MAX_TEXT = 1 << 15,
    MAX_EVENTS = 512,
    MAX_FREE = 512,
    MAX_DEPTH = 16,
    MAX_ATTRIBUTES = 16,
    MAX_NAME = 100
};

/* A start or an end tag, of an element that the index knows. */
struct event {
    bool is_end;
    int free_value; /* which one tag.value is; -1: none */
    struct mzg_imzml_tag tag;
};

/* Part of the text of a form. */
struct span {
    int32_t begin, end;
};

struct form {
    int32_t n; /* of its text; 0: no form is kept here */
    int n_events;
    int n_free;
    struct event events[MAX_EVENTS];
    struct span free[MAX_FREE];
    char text[MAX_TEXT];
};

struct mzg_imzml_scanner {
    struct form forms[N_FORMS];
    int recent;
    struct mzg_text values[MAX_FREE]; /* of the spectrum at hand */
};

/* A spectrum that is taken apart. */
struct reading {
    const char *begin;
    const char *at;
    struct form *form;
    struct mzg_text open[MAX_DEPTH]; /* names of the elements that are open */
    int depth;
};

/* What a character may be part of. The terminator is part of nothing, so that nothing is read beyond it. */
enum { SPACE = 1, NAME = 2, VALUE = 4, FREE = 8 };

static bool is(char c, int class)
{
    enum { V = VALUE | FREE };
    static const unsigned char classes[256] = {
        ['\t'] = SPACE,
        ['\n'] = SPACE,
        ['\r'] = SPACE,
        [' '] = SPACE | V,
        ['!'] = V,
        ['"'] = VALUE,
        ['#' ... '%'] = V,
        ['\''] = VALUE,
        ['(' ... ';'] = V,
        ['=' ... '@'] = V,
        ['A' ... 'Z'] = NAME | V,
        ['[' ... '`'] = V,
        ['a' ... 'z'] = NAME | V,
        ['{' ... '~'] = V,
    };
    return (classes[(unsigned char)c] & class) != 0;
}

struct mzg_imzml_scanner *mzg_imzml_scanner_new(void)
{
    return calloc(1, sizeof(struct mzg_imzml_scanner));
}

void mzg_imzml_scanner_free(struct mzg_imzml_scanner *scanner)
{
    free(scanner);
}

static const char *skip_space(const char *at)
{
    while (is(*at, SPACE))
        at++;
    return at;
}

/* An empty text where there is no name that is believed. */
static struct mzg_text read_name(struct reading *reading)
{
    const char *begin = reading->at;
    while (is(*reading->at, NAME))
        reading->at++;
    size_t n = (size_t)(reading->at - begin);
    return (struct mzg_text){begin, n <= MAX_NAME ? n : 0};
}

static bool read_value(struct reading *reading, struct mzg_text *value)
{
    char quote = *reading->at;
    if (quote != '"' && quote != '\'')
        return false;
    const char *begin = ++reading->at;
    while (is(*reading->at, VALUE) && *reading->at != quote)
        reading->at++;
    *value = (struct mzg_text){begin, (size_t)(reading->at - begin)};
    return *reading->at++ == quote;
}

static bool same_text(struct mzg_text a, struct mzg_text b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* Notes a free value; the number that it has, or -1 if there are too many. */
static int note_free(struct reading *reading, struct mzg_text value)
{
    struct form *form = reading->form;
    if (form->n_free == MAX_FREE || value.p + value.n - reading->begin > MAX_TEXT)
        return -1;
    int32_t begin = (int32_t)(value.p - reading->begin);
    form->free[form->n_free] = (struct span){begin, begin + (int32_t)value.n};
    return form->n_free++;
}

/* Takes what the index reads of an attribute. */
static bool note_attribute(struct reading *reading, struct event *event, struct mzg_text name,
                           struct mzg_text value)
{
    struct mzg_imzml_tag *tag = &event->tag;
    switch (tag->element) {
    case MZG_ELEMENT_CV_PARAM:
    case MZG_ELEMENT_USER_PARAM:
        if (mzg_text_equals(name, "accession")) {
            tag->term = mzg_term_parse(value);
        } else if (mzg_text_equals(name, "name")) {
            tag->name = value;
        } else if (mzg_text_equals(name, "value")) {
            tag->value = value;
            event->free_value = note_free(reading, value);
            return event->free_value >= 0;
        }
        return true;
    case MZG_ELEMENT_GROUP_REF:
        if (mzg_text_equals(name, "ref"))
            tag->ref = value;
        return true;
    case MZG_ELEMENT_SPECTRUM:
    case MZG_ELEMENT_BINARY_DATA_ARRAY:
        return note_free(reading, value) >= 0;
    default:
        return true;
    }
}

/* The attributes up to the end of the tag, ">" or "/>", which stays. */
static bool read_attributes(struct reading *reading, struct event *event)
{
    struct mzg_text names[MAX_ATTRIBUTES];
    for (int n = 0; n <= MAX_ATTRIBUTES; n++) {
        const char *before = reading->at;
        reading->at = skip_space(before);
        if (*reading->at == '>' || *reading->at == '/')
            return true;
        if (reading->at == before || n == MAX_ATTRIBUTES)
            return false;
        struct mzg_text value;
        names[n] = read_name(reading);
        if (names[n].n == 0 || *reading->at++ != '=' || !read_value(reading, &value) ||
            mzg_text_equals(names[n], "xmlns"))
            return false;
        for (int i = 0; i < n; i++)
            if (same_text(names[i], names[n]))
                return false;
        if (!note_attribute(reading, event, names[n], value))
            return false;
    }
    return false;
}

static bool add_event(struct form *form, const struct event *event)
{
    if (event->tag.element == MZG_ELEMENT_OTHER)
        return true;
    if (form->n_events == MAX_EVENTS)
        return false;
    form->events[form->n_events++] = *event;
    return true;
}

static bool add_end(struct form *form, struct mzg_text name)
{
    struct event event = {.is_end = true, .free_value = -1, .tag.element = mzg_element_parse(name)};
    return add_event(form, &event);
}

static bool read_end_tag(struct reading *reading)
{
    struct mzg_text name = read_name(reading);
    if (reading->depth == 0 || name.n == 0 || !same_text(name, reading->open[--reading->depth]))
        return false;
    return *reading->at++ == '>' && add_end(reading->form, name);
}

static bool read_start_tag(struct reading *reading)
{
    struct mzg_text name = read_name(reading);
    struct event event = {.free_value = -1, .tag.element = mzg_element_parse(name)};
    if (name.n == 0 || (reading->depth == 0) != (event.tag.element == MZG_ELEMENT_SPECTRUM))
        return false;
    if (!read_attributes(reading, &event) || !add_event(reading->form, &event))
        return false;
    if (*reading->at == '/') {
        reading->at++;
        if (!add_end(reading->form, name))
            return false;
    } else if (reading->depth == MAX_DEPTH) {
        return false;
    } else {
        reading->open[reading->depth++] = name;
    }
    return *reading->at++ == '>';
}

/* Takes the spectrum at `begin` apart into `form`, whose texts still lie where they are read; its end, or
 * NULL. */
static const char *read_spectrum(const char *begin, struct form *form)
{
    struct reading reading = {.begin = begin, .at = begin, .form = form};
    form->n = form->n_events = form->n_free = 0;
    do {
        reading.at = skip_space(reading.at);
        if (*reading.at++ != '<')
            return NULL;
        bool is_end = *reading.at == '/';
        reading.at += is_end;
        if (!(is_end ? read_end_tag(&reading) : read_start_tag(&reading)))
            return NULL;
    } while (reading.depth > 0);
    return reading.at;
}

static void rebase(struct mzg_text *text, const char *from, const char *to)
{
    if (text->p)
        text->p = to + (text->p - from);
}

/* Makes `form` independent of the n bytes that it was read from. */
static void keep_form(struct form *form, const char *begin, int64_t n)
{
    if (n > MAX_TEXT)
        return;
    memcpy(form->text, begin, (size_t)n);
    for (int i = 0; i < form->n_events; i++) {
        struct mzg_imzml_tag *tag = &form->events[i].tag;
        rebase(&tag->name, begin, form->text);
        rebase(&tag->value, begin, form->text);
        rebase(&tag->ref, begin, form->text);
    }
    form->n = (int32_t)n;
}

/* The bytes of the spectrum at `begin`, if it has that form; else 0. */
static int64_t match_form(const struct form *form, const char *begin, const char *end,
                          struct mzg_text *values)
{
    const char *at = begin;
    int32_t literal = 0;
    for (int i = 0; i <= form->n_free; i++) {
        int32_t n = (i < form->n_free ? form->free[i].begin : form->n) - literal;
        if (end - at < n || memcmp(at, form->text + literal, (size_t)n) != 0)
            return 0;
        at += n;
        if (i == form->n_free)
            break;
        const char *value = at;
        while (is(*at, FREE))
            at++;
        values[i] = (struct mzg_text){value, (size_t)(at - value)};
        literal = form->free[i].end;
    }
    return at - begin;
}

static bool feed(struct form *form, const struct mzg_text *values, struct mzg_imzml_index *index)
{
    struct mzg_error err = {0};
    for (int i = 0; i < form->n_events; i++) {
        struct event *event = &form->events[i];
        if (event->is_end) {
            if (mzg_imzml_index_end(index, event->tag.element, &err) != MZG_OK)
                return false;
            continue;
        }
        if (event->free_value >= 0)
            event->tag.value = values[event->free_value];
        if (mzg_imzml_index_start(index, &event->tag, &err) != MZG_OK)
            return false;
    }
    return true;
}

/* One spectrum; where it ends, or NULL. */
static const char *scan_spectrum(struct mzg_imzml_scanner *scanner, const char *at, const char *end,
                                 struct mzg_imzml_index *index)
{
    for (int i = 0; i < N_FORMS; i++) {
        int which = (scanner->recent + i) % N_FORMS;
        struct form *form = &scanner->forms[which];
        int64_t n = form->n > 0 ? match_form(form, at, end, scanner->values) : 0;
        if (n == 0)
            continue;
        scanner->recent = which;
        return feed(form, scanner->values, index) ? at + n : NULL;
    }

    scanner->recent = (scanner->recent + 1) % N_FORMS;
    struct form *form = &scanner->forms[scanner->recent];
    const char *after = read_spectrum(at, form);
    if (!after)
        return NULL;
    for (int i = 0; i < form->n_free; i++) {
        const struct span *span = &form->free[i];
        scanner->values[i] = (struct mzg_text){at + span->begin, (size_t)(span->end - span->begin)};
    }
    bool fed = feed(form, scanner->values, index);
    keep_form(form, at, after - at);
    return fed ? after : NULL;
}

bool mzg_imzml_scan(struct mzg_imzml_scanner *scanner, const char *bytes, int64_t n,
                    struct mzg_imzml_index *index)
{
    const char *end = bytes + n;
    const char *at = skip_space(bytes);
    while (at && at < end) {
        at = scan_spectrum(scanner, at, end, index);
        if (at)
            at = skip_space(at);
    }
    return at != NULL;
}
