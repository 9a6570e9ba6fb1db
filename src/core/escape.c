#include <core/escape.h>

#include <stdint.h>
#include <string.h>

enum {
    LONGEST = 8,    /* bytes of one escape: \u{2028} */
    PRINTED = 2000, /* bytes of one text on a line */
};

/* The character that begins at `text`: its bytes, of `n` > 0 that there are; 0 if they are no UTF-8 (also
 * surrogates, overlong forms and what is beyond U+10FFFF). */
static size_t decode(const unsigned char *text, size_t n, uint32_t *character)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t c = text[0];
    size_t length = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;
    if (length == 0 || length > n)
        return 0;
    if (length > 1)
        c &= 0x7fu >> length;
    for (size_t i = 1; i < length; i++) {
        if (text[i] >> 6 != 2)
            return 0;
        c = c << 6 | (text[i] & 0x3fu);
    }
    if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    *character = c;
    return length;
}

/* Whether a character does something other than appear. */
static bool is_control(uint32_t c)
{
    return c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0x061c || c == 0x200e ||
           c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* How the character or byte at `text` is shown: in `shown`, its length returned. `used`: how many bytes it
 * takes there. */
static size_t show(const unsigned char *text, size_t n, char shown[LONGEST + 1], size_t *used)
{
    uint32_t c = 0;
    size_t length = decode(text, n, &c);
    *used = length == 0 ? 1 : length;
    if (length > 0 && !is_control(c)) {
        memcpy(shown, text, length);
        return length;
    }
    if (length == 1 && (c == '\n' || c == '\t' || c == '\r'))
        return (size_t)snprintf(shown, LONGEST + 1, "\\%c", c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
    return (size_t)snprintf(shown, LONGEST + 1, length > 1 ? "\\u{%x}" : "\\x%02x",
                            length > 1 ? (unsigned)c : (unsigned)text[0]);
}

size_t mzg_escape(const char *text, size_t n, char *escaped, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t written = 0, fits = 0; /* `fits`: as much as leaves room for the dots */
    for (size_t at = 0, used; at < n; at += used) {
        char shown[LONGEST + 1];
        size_t length = show(bytes + at, n - at, shown, &used);
        if (written + length >= size) {
            memcpy(escaped + fits, "...", sizeof "...");
            return fits + strlen("...");
        }
        memcpy(escaped + written, shown, length);
        written += length;
        if (written + strlen("...") < size)
            fits = written;
    }
    escaped[written] = '\0';
    return written;
}

void mzg_escape_print(FILE *file, const char *text)
{
    char escaped[MZG_ESCAPE_SIZE(PRINTED)];
    size_t n = strlen(text), most = PRINTED;
    uint32_t c;
    while (n > PRINTED && most > PRINTED - 3 && decode((const unsigned char *)text + most, n - most, &c) == 0)
        most--; /* not in the middle of a character */
    mzg_escape(text, n > PRINTED ? most : n, escaped, sizeof escaped);
    fprintf(file, "%s%s", escaped, n > PRINTED ? "..." : "");
}

void mzg_escape_print_json(FILE *file, const char *json)
{
    const unsigned char *bytes = (const unsigned char *)json;
    size_t n = strlen(json);
    for (size_t at = 0, used; at < n; at += used) {
        uint32_t c = 0;
        used = decode(bytes + at, n - at, &c);
        if (used == 0) /* jansson lets none pass */
            used = 1;
        if (c >= 0x7f && is_control(c))
            fprintf(file, "\\u%04x", (unsigned)c);
        else
            fwrite(bytes + at, 1, used, file);
    }
}

bool mzg_is_utf8(const char *text, size_t n)
{
    uint32_t c;
    for (size_t at = 0, used; at < n; at += used)
        if ((used = decode((const unsigned char *)text + at, n - at, &c)) == 0)
            return false;
    return true;
}

void mzg_escape_trim(char *text)
{
    size_t n = strlen(text), tail = 1;
    uint32_t c;
    while (tail < 4 && tail < n && ((unsigned char)text[n - tail] >> 6) == 2)
        tail++;
    if (n == 0 || tail > n || (unsigned char)text[n - tail] < 0xc0)
        return;
    if (decode((const unsigned char *)text + n - tail, tail, &c) == 0)
        text[n - tail] = '\0';
}
