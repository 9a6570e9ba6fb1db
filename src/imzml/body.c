#include <imzml/body.h>
#include <input/text.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    FIRST_LOOK = 1 << 16,
    MAX_LOOK = 1 << 25 /* bytes at either end; few real files have as many kilobytes */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

const char *mzg_imzml_find_spectrum(const char *bytes, int64_t n)
{
    static const char word[] = "<spectrum"; /* of <spectrumList>, too */
    const int64_t length = sizeof word - 1;
    const char *end = bytes + n;
    while (end - bytes > length && (bytes = memmem(bytes, (size_t)(end - bytes), word, sizeof word - 1))) {
        if (end - bytes <= length)
            return NULL;
        if (is_space(bytes[length]) || bytes[length] == '>' || bytes[length] == '/')
            return bytes;
        bytes += length;
    }
    return NULL;
}

static const char *find_last_list_end(const char *bytes, int64_t n)
{
    static const char word[] = "</spectrumList";
    const char *end = bytes + n;
    const char *at = end;
    while ((at = memrchr(bytes, '<', (size_t)(at - bytes))))
        if (end - at >= (int64_t)sizeof word - 1 && memcmp(at, word, sizeof word - 1) == 0)
            return at;
    return NULL;
}

/* Reads `n` bytes from the front, or the back, and looks there; the offset in the source, or -1. */
static int64_t look(const struct mzg_imzml_source *source, bool at_front, int64_t n)
{
    struct mzg_error err = {0};
    int64_t offset = at_front ? 0 : source->size - n;
    char *bytes = malloc((size_t)n + 1);
    const char *found = NULL;
    if (bytes && mzg_imzml_source_read(source, offset, n, bytes, &err) == MZG_OK)
        found = at_front ? mzg_imzml_find_spectrum(bytes, n) : find_last_list_end(bytes, n);
    int64_t at = found ? offset + (found - bytes) : -1;
    free(bytes);
    return at;
}

/* Looks at more and more bytes. */
static int64_t search(const struct mzg_imzml_source *source, bool at_front)
{
    int64_t at = -1, n = 0;
    for (int64_t most = FIRST_LOOK; at < 0 && n < source->size && most <= MAX_LOOK; most *= 8) {
        n = source->size < most ? source->size : most;
        at = look(source, at_front, n);
    }
    return at;
}

bool mzg_imzml_body_find(const struct mzg_imzml_source *source, struct mzg_imzml_body *body)
{
    body->begin = search(source, true);
    body->end = body->begin < 0 ? -1 : search(source, false);
    return body->end > body->begin;
}

/* Goes over `word`, white space before it allowed. */
static bool take(const char **at, const char *word)
{
    while (is_space(**at))
        (*at)++;
    size_t n = strlen(word);
    if (strncmp(*at, word, n) != 0)
        return false;
    *at += n;
    return true;
}

/* ="value" */
static bool take_value(const char **at, struct mzg_text *value)
{
    if (!take(at, "="))
        return false;
    char quote[2] = "\"";
    if (!take(at, quote)) {
        quote[0] = '\'';
        if (!take(at, quote))
            return false;
    }
    *value = (struct mzg_text){*at, strcspn(*at, quote)};
    *at += value->n + 1;
    return (*at)[-1] == quote[0];
}

bool mzg_imzml_body_is_ascii(const char *head, int64_t n, struct mzg_imzml_body *body)
{
    static const char *const encodings[] = {"UTF-8", "ISO-8859-1", "windows-1252", "US-ASCII"};
    char text[128];
    size_t length = n < (int64_t)sizeof text - 1 ? (size_t)n : sizeof text - 1;
    memcpy(text, head, length);
    text[length] = '\0';

    const char *at = text;
    struct mzg_text value;
    body->is_utf8 = true;
    take(&at, "\xef\xbb\xbf");
    if (!take(&at, "<?xml"))
        return true;
    if (!take(&at, "version") || !take_value(&at, &value))
        return false;
    if (!take(&at, "encoding"))
        return take(&at, "?>");
    if (!take_value(&at, &value))
        return false;
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
        body->is_utf8 = i == 0;
        if (value.n == strlen(encodings[i]) && strncasecmp(value.p, encodings[i], value.n) == 0)
            return true;
    }
    return false;
}
