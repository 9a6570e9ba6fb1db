/*
 * HTML as it grows. What comes from an input goes through mzg_html_fill() or mzg_html_text(), which escape
 * it; what a caller writes as a literal is markup. A failure, for lack of memory, stays: only the end needs
 * to be looked at. All local.
 */
#ifndef MZG_REPORT_HTML_H
#define MZG_REPORT_HTML_H

#include <jansson.h>
#include <mzgrid/error.h>
#include <stdint.h>

/* All zero is an empty page. */
struct mzg_html {
    char *text; /* n bytes, and a zero byte behind them as soon as there are any */
    int64_t n, capacity;
    struct mzg_error err;
};
void mzg_html_destroy(struct mzg_html *html);

/* Markup as it is. */
void mzg_html_markup(struct mzg_html *html, const char *markup);
void mzg_html_bytes(struct mzg_html *html, const void *bytes, int64_t n);

/* Text between tags or in an attribute in quotes: control characters, marks that turn the direction of
 * writing and what is no UTF-8 become visible (core/escape.h), < > & " ' entities. Of a text longer than 4000
 * bytes the first 4000 and "...". NULL is "". */
void mzg_html_text(struct mzg_html *html, const char *text);

/* Markup with a text, escaped, in place of each '~'; the texts end with NULL. MZG_HTML_FILL() puts it there.
 */
void mzg_html_fill(struct mzg_html *html, const char *markup, ...) __attribute__((sentinel));
#define MZG_HTML_FILL(html, ...) mzg_html_fill(html, __VA_ARGS__, NULL)

/* Bytes as base64. */
void mzg_html_base64(struct mzg_html *html, const void *bytes, int64_t n);

/* JSON for a <script>: no character of it ends that, or begins a comment. NULL is a lack of memory. */
void mzg_html_json(struct mzg_html *html, const json_t *json);

#endif
