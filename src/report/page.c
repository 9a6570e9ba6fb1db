/* The page as a whole: its head, a summary, the sections, the numbers of its charts. */
#include <core/file.h>
#include <core/format.h>
#include <core/own_file.h>
#include <mzgrid/version.h>
#include <openssl/evp.h>
#include <picture/colours.h>
#include <report/subject.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Arrays that the build makes of files (CMakeLists.txt). */
extern const char mzg_report_style[], mzg_report_script[];
extern const char mzg_report_charts_style[], mzg_report_charts_script[], mzg_report_charts_licence[];

/* Of every report, of all versions. */
static const char first_bytes[] = "<!DOCTYPE html>\n<!-- mzgrid report -->\n";

enum { SHADES = 16 };

/* What of a script the policy of the page allows: just these bytes. */
static void add_digest(struct mzg_html *html, const char *script)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    if (EVP_Digest(script, strlen(script), digest, &n, EVP_sha256(), NULL) != 1) {
        if (html->err.status == MZG_OK)
            mzg_fail(&html->err, MZG_ENOMEM, "the digest of a script cannot be computed");
        return;
    }
    mzg_html_markup(html, " 'sha256-");
    mzg_html_base64(html, digest, n);
    mzg_html_markup(html, "'");
}

/* Nothing is loaded from anywhere, and no script runs but those of this page: not even if some text of an
 * input were taken for markup. */
static void add_policy(struct mzg_html *html)
{
    mzg_html_markup(html,
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src "
                    "data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; script-src");
    add_digest(html, mzg_report_charts_script);
    add_digest(html, mzg_report_script);
    mzg_html_markup(html, "\">\n");
}

static void add_ramp(struct mzg_html *html)
{
    char text[20];
    mzg_html_markup(html, ".ramp{background:linear-gradient(to right");
    for (int i = 0; i <= SHADES; i++) {
        snprintf(text, sizeof text, ",#%06x", (unsigned)mzg_colour(0, (double)i / SHADES));
        mzg_html_markup(html, text);
    }
    mzg_html_markup(html, ")}\n");
}

static void add_head(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    mzg_html_markup(html, first_bytes);
    mzg_html_markup(html, "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    add_policy(html);
    MZG_HTML_FILL(html,
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta "
                  "name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"mzgrid "
                  "~\">\n<title>~ – mzgrid report</title>\n<style>\n",
                  mzg_version(), subject->name);
    mzg_html_markup(html, mzg_report_charts_style);
    mzg_html_markup(html, mzg_report_style);
    add_ramp(html);
    mzg_html_markup(html, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the content</a>\n");
}

static void add_contents(struct mzg_html *html)
{
    static const char *const sections[][2] = {
        {"h-tic", "Total ion current"}, {"h-spectra", "Spectra"},   {"h-peaks", "Strongest peaks"},
        {"h-skipped", "Skipped"},       {"h-warnings", "Warnings"}, {"h-input", "Input"},
        {"h-axis", "Axis and method"},  {"h-time", "Time"},         {"h-origin", "Provenance"}};
    mzg_html_markup(html, "<nav aria-label=\"Contents\"><ul>\n");
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        MZG_HTML_FILL(html, "<li><a href=\"#~\">~</a></li>\n", sections[i][0], sections[i][1]);
    mzg_html_markup(html, "</ul></nav>\n");
}

static void add_fact(struct mzg_html *html, const char *name, const char *text)
{
    MZG_HTML_FILL(html, "<div><dt>~</dt><dd>~</dd></div>\n", name, text);
}

/* How much is wrong, before all else. */
static void add_state(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    char count[MZG_FORMAT_SIZE], warnings[MZG_FORMAT_SIZE];
    const json_t *list = json_object_get(subject->record, "warnings");
    int64_t n = (int64_t)json_array_size(list);
    int64_t skipped = subject->skipped.n;
    mzg_format_count(count, sizeof count, skipped);
    mzg_format_count(warnings, sizeof warnings, n);
    if (skipped == 0 && n == 0) {
        MZG_HTML_FILL(html, "<p class=\"state good\">~</p>\n",
                      !subject->skipped.is_there ? "The store is complete."
                      : json_is_array(list)
                          ? "The store is complete: no pixel was skipped, and there was no warning."
                          : "The store is complete: no pixel was skipped.");
        return;
    }
    mzg_html_markup(html, "<p class=\"state notice\">The store is complete.");
    if (skipped > 0)
        MZG_HTML_FILL(html, " <a href=\"#h-skipped\">~ pixel~ skipped</a>.", count,
                      skipped == 1 ? " was" : "s were");
    if (n > 0)
        MZG_HTML_FILL(html, " There ~ <a href=\"#h-warnings\">~ warning~</a>.", n == 1 ? "was" : "were",
                      warnings, n == 1 ? "" : "s");
    mzg_html_markup(html, "</p>\n");
}

static void add_summary(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const struct mzg_view *view = subject->view;
    const json_t *description = subject->description;
    const char *method =
        json_string_value(json_object_get(json_object_get(subject->made, "resampling"), "method"));
    char text[120], count[MZG_FORMAT_SIZE];
    mzg_html_markup(html, "<header>\n<p class=\"small\">mzgrid report</p>\n");
    MZG_HTML_FILL(html, "<h1>~</h1>\n", subject->name);
    add_state(subject, html);
    mzg_html_markup(html, "<dl class=\"facts\">\n");
    add_fact(html, "pixels", mzg_format_count(count, sizeof count, view->n_pixels));
    add_fact(html, "bins", mzg_format_count(count, sizeof count, view->n_bins));
    snprintf(text, sizeof text, "%.5g to %.5g", view->mz_low, view->mz_high);
    add_fact(html, "m/z", text);
    if (subject->place.in_micrometres) {
        snprintf(text, sizeof text, "%.5g × %.5g µm", subject->place.size_x, subject->place.size_y);
        add_fact(html, "pixel size", text);
    }
    if (method)
        add_fact(html, "method", method);
    add_fact(html, "size of the store",
             mzg_format_data(count, sizeof count, json_integer_value(json_object_get(description, "bytes"))));
    mzg_html_markup(html, "</dl>\n");
    add_contents(html);
    mzg_html_markup(html, "</header>\n");
}

/* A text of several lines. */
static void add_lines(struct mzg_html *html, const char *text)
{
    while (*text) {
        char line[1000];
        size_t n = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)(n < sizeof line ? n : sizeof line - 1), text);
        mzg_html_text(html, line[0] == '\t' ? line + 1 : line);
        mzg_html_markup(html, "\n");
        text += n + (text[n] == '\n');
    }
}

static void add_foot(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    MZG_HTML_FILL(
        html,
        "<footer>\n<p class=\"small\">Made by mzgrid ~. This page loads nothing; its charts are drawn "
        "by dygraphs.</p>\n<details><summary>Licence of dygraphs</summary>\n<pre tabindex=\"0\" "
        "role=\"region\" "
        "aria-label=\"Licence of dygraphs\">",
        mzg_version());
    add_lines(html, mzg_report_charts_licence);
    mzg_html_markup(html,
                    "</pre></details>\n</footer>\n<script type=\"application/json\" id=\"numbers\">\n{");
    mzg_report_spectra_numbers(subject, html);
    mzg_html_markup(html, ",\n");
    mzg_report_time_numbers(subject, html);
    mzg_html_markup(html, "}\n</script>\n<script>");
    mzg_html_markup(html, mzg_report_charts_script);
    mzg_html_markup(html, "</script>\n<script>");
    mzg_html_markup(html, mzg_report_script);
    mzg_html_markup(html, "</script>\n</body>\n</html>\n");
}

static void make_page(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    add_head(subject, html);
    add_summary(subject, html);
    mzg_html_markup(html, "<main id=\"main\">\n");
    mzg_report_tic(subject, html);
    mzg_report_spectra(subject, html);
    mzg_report_peaks(subject, html);
    mzg_report_skipped(subject, html);
    mzg_report_warnings(subject, html);
    mzg_report_input(subject, html);
    mzg_report_decisions(subject, html);
    mzg_report_time(subject, html);
    mzg_report_provenance(subject, html);
    mzg_html_markup(html, "</main>\n");
    add_foot(subject, html);
}

enum mzg_status mzg_report_write(const char *store, const struct mzg_report_facts *facts, const char *path,
                                 bool replace, struct mzg_error *err)
{
    struct mzg_report_subject subject;
    struct mzg_html html = {0};
    if (mzg_report_subject_read(store, facts, &subject, err) == MZG_OK) {
        make_page(&subject, &html);
        *err = html.err;
    }
    if (mzg_view_check_same(subject.view, err) == MZG_OK)
        mzg_aside_write(path, replace, html.text, (size_t)html.n, "the report", err);
    mzg_report_subject_destroy(&subject);
    mzg_html_destroy(&html);
    return err->status;
}

static bool is_report(const char *path)
{
    char read[sizeof first_bytes - 1];
    struct stat info;
    struct mzg_error unread = {0};
    int64_t size;
    int fd = -1;
    bool ours = lstat(path, &info) == 0 && S_ISREG(info.st_mode) &&
                mzg_open_regular(path, &fd, &size, &unread) == MZG_OK &&
                mzg_read_at(fd, read, sizeof read, 0) == 0 && memcmp(read, first_bytes, sizeof read) == 0;
    if (fd >= 0)
        close(fd);
    return ours;
}

enum mzg_status mzg_report_check(const char *path, struct mzg_error *err)
{
    struct stat info;
    if (lstat(path, &info) == 0 && !is_report(path))
        mzg_fail(
            err, MZG_EIO,
            "%s: exists, and is not the report of an earlier run, which this run would replace; move it, "
            "give the output another name, or give --no-report",
            path);
    return err->status;
}

enum mzg_status mzg_report_remove(const char *path, struct mzg_error *err)
{
    if (is_report(path) && unlink(path) != 0)
        mzg_fail(err, MZG_EIO, "%s: the report of the store that was replaced cannot be removed", path);
    return err->status;
}
