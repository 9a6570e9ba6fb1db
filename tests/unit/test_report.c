/* The pure parts of reports: escaping, base64, JSON in a page, and which bins are drawn. */
#include <report/html.h>
#include <report/thin.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <string.h>

static char *text_of(const struct mzg_html *html)
{
    return html->text ? html->text : "";
}

static void expect_text(const char *text, const char *expected)
{
    struct mzg_html html = {0};
    mzg_html_text(&html, text);
    cr_expect(eq(int, html.err.status, MZG_OK));
    cr_expect(eq(str, text_of(&html), (char *)expected));
    cr_expect(eq(i64, html.n, (int64_t)strlen(expected)));
    mzg_html_destroy(&html);
}

Test(report, text_is_no_markup)
{
    expect_text("</title><script>alert(1)</script>", "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
    expect_text("\" onload='x' a=\"&amp;", "&quot; onload=&#39;x&#39; a=&quot;&amp;amp;");
    expect_text("µm ü 表", "µm ü 表");
    expect_text("a\nb\x1b[31m", "a\\nb\\x1b[31m");
    expect_text("\xff\xfe", "\\xff\\xfe");
    expect_text("\u202egpj.exe\u2028", "\\u{202e}gpj.exe\\u{2028}");
    expect_text("", "");
    expect_text(NULL, "");
}

Test(report, long_texts_end_with_dots)
{
    static char text[10001];
    struct mzg_html html = {0};
    memset(text, 'a', sizeof text - 1);
    mzg_html_text(&html, text);
    cr_expect(html.n < 4100);
    cr_expect(eq(str, text_of(&html) + html.n - 4, "a..."));
    mzg_html_destroy(&html);
}

Test(report, texts_fill_the_gaps_of_markup)
{
    struct mzg_html html = {0};
    MZG_HTML_FILL(&html, "<a href=\"~\">~</a>", "x\"y", "<b>~");
    cr_expect(eq(str, text_of(&html), "<a href=\"x&quot;y\">&lt;b&gt;~</a>"));
    mzg_html_destroy(&html);
}

/* The examples of RFC 4648. */
Test(report, base64)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct mzg_html html = {0};
        mzg_html_base64(&html, pairs[i][0], (int64_t)strlen(pairs[i][0]));
        cr_expect(eq(str, text_of(&html), (char *)pairs[i][1]));
        mzg_html_destroy(&html);
    }
}

Test(report, json_does_not_end_its_script)
{
    struct mzg_html html = {0};
    json_t *json = json_pack("{s:s}", "a", "</script><!--\u2028");
    mzg_html_json(&html, json);
    cr_expect(eq(str, text_of(&html), "{\"a\":\"\\u003c/script>\\u003c!--\\u2028\"}"));
    json_decref(json);
    mzg_html_destroy(&html);
}

Test(report, no_json_is_a_lack_of_memory)
{
    struct mzg_html html = {0};
    mzg_html_json(&html, NULL);
    cr_expect(eq(int, html.err.status, MZG_ENOMEM));
    mzg_html_markup(&html, "more");
    cr_expect(eq(str, text_of(&html), ""));
    mzg_html_destroy(&html);
}

Test(report, a_short_spectrum_is_drawn_whole)
{
    static const double values[] = {1, 2, 3, 4, 5};
    unsigned char is_drawn[5];
    cr_expect(eq(i64, mzg_thin(values, values, 5, 5, NULL, 0, is_drawn), 5));
    for (int i = 0; i < 5; i++)
        cr_expect(eq(int, is_drawn[i], 1));
}

/* 20 bins, at most 8: two parts of ten. */
Test(report, a_long_spectrum_keeps_its_ends)
{
    static const double one[20] = {3, 3, 9, 3, 3, 1, 3, 3, 3, 3, 5, 5, 5, 5, 0, 5, 5, 8, 5, 5};
    static const double other[20] = {0, 0, 0, 7, 0, 0, 0, 0, 0, 0, NAN, 0, 0, 0, 0, 0, 0, 0, 6, 0};
    const struct mzg_thin_range range = {12, 14};
    unsigned char is_drawn[20];
    char drawn[21] = "";
    cr_expect(eq(i64, mzg_thin(one, other, 20, 8, &range, 1, is_drawn), 10));
    for (int i = 0; i < 20; i++)
        drawn[i] = is_drawn[i] ? 'x' : '.';
    cr_expect(eq(str, drawn, "x.xx.x......xxx..xxx"));
}

/* The largest bin of all is drawn wherever it lies, and parts leave nothing out. */
Test(report, no_peak_is_lost)
{
    enum { N = 1003, MOST = 40 };
    static double values[N];
    unsigned char is_drawn[N];
    for (int at = 0; at < N; at++) {
        values[at] = 1;
        cr_expect(mzg_thin(values, values, N, MOST, NULL, 0, is_drawn) <= MOST);
        cr_expect(is_drawn[at], "%d", at);
        values[at] = 0;
    }
}
