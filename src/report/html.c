#include <report/html.h>

#include <core/array.h>
#include <core/escape.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_TEXT = 4000 };

void mzg_html_destroy(struct mzg_html *html)
{
    free(html->text);
    *html = (struct mzg_html){0};
}

void mzg_html_bytes(struct mzg_html *html, const void *bytes, int64_t n)
{
    if (html->err.status != MZG_OK || mzg_array_grow(&html->text, 1, html->n + n + 1, &html->capacity,
                                                     "bytes of the report", &html->err) != MZG_OK)
        return;
    memcpy(html->text + html->n, bytes, (size_t)n);
    html->n += n;
    html->text[html->n] = '\0';
}

void mzg_html_markup(struct mzg_html *html, const char *markup)
{
    mzg_html_bytes(html, markup, (int64_t)strlen(markup));
}

static const char *entity_of(char c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void mzg_html_text(struct mzg_html *html, const char *text)
{
    char escaped[MZG_ESCAPE_SIZE(LONGEST_TEXT)];
    if (!text)
        return;
    size_t length = strlen(text);
    mzg_escape(text, length, escaped, length > LONGEST_TEXT ? LONGEST_TEXT : sizeof escaped);
    for (const char *at = escaped; *at;) {
        size_t plain = strcspn(at, "<>&\"'");
        mzg_html_bytes(html, at, (int64_t)plain);
        at += plain;
        if (*at)
            mzg_html_markup(html, entity_of(*at++));
    }
}

void mzg_html_fill(struct mzg_html *html, const char *markup, ...)
{
    va_list texts;
    va_start(texts, markup);
    for (const char *at = markup; *at;) {
        size_t plain = strcspn(at, "~");
        mzg_html_bytes(html, at, (int64_t)plain);
        at += plain;
        if (*at == '~') {
            mzg_html_text(html, va_arg(texts, const char *));
            at++;
        }
    }
    va_end(texts);
}

void mzg_html_base64(struct mzg_html *html, const void *bytes, int64_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = bytes;
    int64_t length = (n + 2) / 3 * 4;
    if (html->err.status != MZG_OK || mzg_array_grow(&html->text, 1, html->n + length + 1, &html->capacity,
                                                     "bytes of the report", &html->err) != MZG_OK)
        return;
    char *out = html->text + html->n;
    for (int64_t i = 0; i < n; i += 3) {
        uint32_t three = (uint32_t)in[i] << 16;
        three |= i + 1 < n ? (uint32_t)in[i + 1] << 8 : 0;
        three |= i + 2 < n ? (uint32_t)in[i + 2] : 0;
        *out++ = digits[three >> 18];
        *out++ = digits[three >> 12 & 63];
        *out++ = i + 1 < n ? digits[three >> 6 & 63] : '=';
        *out++ = i + 2 < n ? digits[three & 63] : '=';
    }
    *out = '\0';
    html->n += length;
}

void mzg_html_json(struct mzg_html *html, const json_t *json)
{
    /* ASCII alone, so that U+2028 is \u2028; "</" and "<!" do not appear, because each < is \u003c. */
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9)) : NULL;
    if (!text && html->err.status == MZG_OK)
        mzg_fail(&html->err, MZG_ENOMEM, "no memory for the numbers of the report");
    for (const char *at = text; at && *at;) {
        size_t plain = strcspn(at, "<");
        mzg_html_bytes(html, at, (int64_t)plain);
        at += plain;
        if (*at) {
            mzg_html_markup(html, "\\u003c");
            at++;
        }
    }
    free(text);
}
