/* The sections of words: what was read, what was decided and why, warnings, and how to make it again. */
#include <core/format.h>
#include <inttypes.h>
#include <math.h>
#include <mzgrid/version.h>
#include <report/subject.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LINES = 60 };

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

void mzg_report_row(struct mzg_html *html, const char *name, const char *text)
{
    if (text && *text)
        MZG_HTML_FILL(html, "<tr><th scope=\"row\">~</th><td>~</td></tr>\n", name, text);
}

/* A string, number or boolean as text. */
static const char *value_text(const json_t *value, char *text, size_t size)
{
    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_integer(value))
        snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(text, size, "%.9g", json_real_value(value));
    else if (json_is_boolean(value))
        snprintf(text, size, "%s", json_is_true(value) ? "yes" : "no");
    else
        return NULL;
    return text;
}

/* The items of a list, one below the other, of which there may be many. */
static void add_list_row(struct mzg_html *html, const char *name, const json_t *list)
{
    char text[80];
    size_t n = json_array_size(list);
    if (n == 0)
        return;
    MZG_HTML_FILL(html, "<tr><th scope=\"row\">~</th><td><ul>", name);
    for (size_t i = 0; i < n && i < MOST_LINES; i++)
        MZG_HTML_FILL(html, "<li>~</li>", value_text(json_array_get(list, i), text, sizeof text));
    snprintf(text, sizeof text, "%zu", n - MOST_LINES);
    if (n > MOST_LINES)
        MZG_HTML_FILL(html, "<li>and ~ more</li>", text);
    mzg_html_markup(html, "</ul></td></tr>\n");
}

static void add_pixels(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const struct mzg_view_raster *place = &subject->place;
    char text[200], count[MZG_FORMAT_SIZE];
    mzg_report_row(html, "pixels", mzg_format_count(count, sizeof count, subject->view->n_pixels));
    if (place->n_regions > 1)
        return;
    if (place->n_planes > 1)
        snprintf(text, sizeof text, "%" PRId64 " × %" PRId64 " cells, %" PRId64 " planes", place->width,
                 place->height, place->n_planes);
    else
        snprintf(text, sizeof text, "%" PRId64 " × %" PRId64 " cells", place->width, place->height);
    mzg_report_row(html, "grid", text);
    if (place->in_micrometres)
        snprintf(text, sizeof text, "%.6g µm × %.6g µm", place->size_x, place->size_y);
    mzg_report_row(html, "pixel size", place->in_micrometres ? text : "not known");
}

static void add_part(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const json_t *part = json_object_get(json_object_get(subject->made, "options"), "part");
    char text[120];
    if (!part)
        return;
    snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " pixels",
             json_integer_value(json_object_get(part, "pixels")),
             json_integer_value(json_object_get(part, "of")));
    mzg_report_row(html, "part of the input", text);
}

/* The UUID and the checksum, and whether they hold. */
static void add_identity(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const json_t *agrees = json_object_get(subject->input, "uuid_agrees");
    const char *uuid = text_of(subject->input, "uuid"), *checksum = text_of(subject->input, "checksum");
    char text[300];
    if (uuid) {
        snprintf(text, sizeof text, "%.120s%s", uuid,
                 json_is_true(agrees)    ? ", the same in both files"
                 : json_is_false(agrees) ? ", but the .ibd has another one"
                                         : "");
        mzg_report_row(html, "UUID", text);
    }
    if (checksum) {
        const char *type = text_of(subject->input, "checksum_type");
        const char *status = text_of(subject->input, "checksum_status");
        snprintf(text, sizeof text, "%.20s %.140s%s%.40s", type ? type : "", checksum, status ? ", " : "",
                 status ? status : "");
        mzg_report_row(html, "checksum of the .ibd", text);
    }
}

static const struct {
    const char *key, *name;
} header_lists[] = {{"instruments", "instruments"},   {"samples", "samples"},
                    {"contact", "contact"},           {"scan_settings", "scan settings"},
                    {"software", "software"},         {"data_processing", "data processing"},
                    {"source_files", "source files"}, {"file_content", "file content"}};

static void add_header(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    mzg_html_markup(html, "<details>\n<summary>Terms of its header</summary>\n<div class=\"wide\" "
                          "role=\"region\" aria-label=\"Terms of the header\" tabindex=\"0\">\n<table>\n"
                          "<caption>Terms of the header</caption>\n<tbody>\n");
    for (size_t i = 0; i < sizeof header_lists / sizeof *header_lists; i++)
        add_list_row(html, header_lists[i].name, json_object_get(subject->input, header_lists[i].key));
    mzg_html_markup(html, "</tbody>\n</table>\n</div>\n</details>\n");
}

void mzg_report_input(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const json_t *input = subject->input;
    const char *key, *path = text_of(subject->record, "input");
    json_t *value;
    char text[80];
    mzg_html_markup(html, "<section aria-labelledby=\"h-input\">\n<h2 id=\"h-input\">What was read</h2>\n"
                          "<table>\n<caption class=\"hidden\">What was read</caption>\n<tbody>\n");
    mzg_report_row(html, "input", path);
    if (subject->is_synthetic) {
        /* Its own words: format, full, kind, points, seed. */
        json_object_foreach(subject->input, key, value)
            mzg_report_row(html, key, value_text(value, text, sizeof text));
    } else {
        mzg_report_row(html, "format", text_of(input, "format"));
        mzg_report_row(html, "mode", text_of(input, "mode"));
        mzg_report_row(html, "polarity", text_of(input, "polarity"));
    }
    mzg_report_row(html, "spectra", text_of(json_object_get(subject->made, "resampling"), "spectrum_type"));
    add_pixels(subject, html);
    add_part(subject, html);
    add_identity(subject, html);
    add_list_row(html, "oddities found", json_object_get(input, "findings"));
    mzg_html_markup(html, "</tbody>\n</table>\n");
    if (input && !subject->is_synthetic)
        add_header(subject, html);
    mzg_html_markup(html, "</section>\n");
}

static void add_decision(struct mzg_html *html, const char *name, const char *what, const char *why)
{
    if (what && *what)
        MZG_HTML_FILL(html, "<tr><th scope=\"row\">~</th><td>~</td><td>~</td></tr>\n", name, what,
                      why ? why : "");
}

void mzg_report_decisions(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const struct mzg_view *view = subject->view;
    const json_t *axis = json_object_get(subject->made, "mass_axis");
    const json_t *resampling = json_object_get(subject->made, "resampling");
    char text[200], count[MZG_FORMAT_SIZE];
    double gap = json_number_value(json_object_get(resampling, "max_gap"));
    mzg_html_markup(html,
                    "<section aria-labelledby=\"h-axis\">\n<h2 id=\"h-axis\">Mass axis and method</h2>\n"
                    "<table>\n<caption class=\"hidden\">What was decided, and why</caption>\n<thead><tr><th "
                    "scope=\"col\">what</th><th scope=\"col\">chosen</th><th "
                    "scope=\"col\">why</th></tr></thead>\n<tbody>\n");
    add_decision(html, "mass axis", text_of(axis, "type"), text_of(axis, "type_reason"));
    snprintf(text, sizeof text, "m/z %.6g to %.6g", view->mz_low, view->mz_high);
    add_decision(html, "range", text, text_of(axis, "range_reason"));
    int64_t n = view->n_bins;
    if (n > 2)
        snprintf(text, sizeof text, "%s, %.3g Da wide at m/z %.5g, %.3g Da at %.5g",
                 mzg_format_count(count, sizeof count, n), view->mz[1] - view->mz[0], view->mz[0],
                 view->mz[n - 1] - view->mz[n - 2], view->mz[n - 1]);
    else
        mzg_format_count(text, sizeof text, n);
    add_decision(html, "bins", text, text_of(axis, "width_reason"));
    add_decision(html, "spectra taken as", text_of(resampling, "spectrum_type"),
                 text_of(resampling, "spectrum_type_reason"));
    add_decision(html, "method", text_of(resampling, "method"), text_of(resampling, "method_reason"));
    add_decision(html, "values are", text_of(resampling, "values"), NULL);
    snprintf(text, sizeof text, "of more than %.4g sampling steps", gap);
    add_decision(html, "gaps read as zeros", gap > 0 ? text : NULL, NULL);
    mzg_html_markup(html, "</tbody>\n</table>\n</section>\n");
}

void mzg_report_warnings(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const json_t *warnings = json_object_get(subject->record, "warnings");
    mzg_html_markup(html, "<section aria-labelledby=\"h-warnings\">\n<h2 id=\"h-warnings\">Warnings</h2>\n");
    if (!subject->record)
        MZG_HTML_FILL(html, "<p>Not known: ~.</p>\n", subject->no_record);
    else if (!warnings)
        mzg_html_markup(html, "<p>Not known: the run record does not list them.</p>\n");
    else if (json_array_size(warnings) == 0)
        mzg_html_markup(html, "<p>None.</p>\n");
    else
        mzg_html_markup(html, "<ul class=\"warnings\">\n");
    for (size_t i = 0; i < json_array_size(warnings); i++)
        MZG_HTML_FILL(html, "<li>~</li>\n", json_string_value(json_array_get(warnings, i)));
    if (json_array_size(warnings) > 0)
        mzg_html_markup(html, "</ul>\n");
    mzg_html_markup(html, "</section>\n");
}

static bool is_plain(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,@%+-";
    return *word && word[strspn(word, plain)] == '\0';
}

/* A word as a shell reads it. */
static void add_word(struct mzg_html *html, const char *word)
{
    if (is_plain(word)) {
        mzg_html_text(html, word);
        return;
    }
    mzg_html_text(html, "'");
    for (const char *at = word; *at;) {
        char run[1000];
        size_t n = strcspn(at, "'");
        n = n < sizeof run - 1 ? n : sizeof run - 1;
        memcpy(run, at, n);
        run[n] = '\0';
        mzg_html_text(html, run);
        at += n;
        if (*at == '\'') {
            mzg_html_text(html, "'\\''");
            at++;
        }
    }
    mzg_html_text(html, "'");
}

/* Options that came from elsewhere, as a file of them or the environment. */
static void add_other_options(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const json_t *options = json_object_get(subject->record, "options");
    json_t *places = json_object_get(subject->record, "options_from"), *place;
    const char *name;
    json_object_foreach(places, name, place)
    {
        const json_t *value = json_object_get(options, name);
        const char *from = json_string_value(place), *text = json_string_value(value);
        if (!from || strcmp(from, "command line") == 0 || json_is_false(value))
            continue;
        MZG_HTML_FILL(html, " --~", name);
        if (text) {
            mzg_html_markup(html, " ");
            add_word(html, text);
        }
    }
}

static void add_command(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const json_t *words = json_object_get(subject->record, "command_line");
    char ranks[80];
    int64_t n = json_integer_value(json_object_get(subject->record, "ranks"));
    mzg_html_markup(html, "<h3>The command that makes it again</h3>\n<pre tabindex=\"0\" role=\"region\" "
                          "aria-label=\"Command\"><code id=\"command\">");
    snprintf(ranks, sizeof ranks, "mpirun -n %" PRId64 " ", n);
    if (n > 1)
        mzg_html_text(html, ranks);
    for (size_t i = 0; i < json_array_size(words); i++) {
        const char *word = json_string_value(json_array_get(words, i));
        if (i > 0)
            mzg_html_text(html, " ");
        add_word(html, word ? word : "");
    }
    add_other_options(subject, html);
    mzg_html_markup(html, "</code></pre>\n<p class=\"small\">In the directory in which it was run. The same "
                          "input, options and versions give the same store, on any number of ranks.</p>\n");
}

static void add_hosts(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    json_t *hosts = json_object_get(subject->record, "hosts"), *host;
    const char *name;
    int n = 0;
    json_object_foreach(hosts, name, host)
    {
        char text[200];
        int64_t ranks = json_integer_value(json_object_get(host, "ranks"));
        int64_t threads = json_integer_value(json_object_get(host, "threads"));
        snprintf(text, sizeof text, "%.100s: %" PRId64 " rank%s, %" PRId64 " thread%s", name, ranks,
                 ranks == 1 ? "" : "s", threads, threads == 1 ? "" : "s");
        if (n++ < MOST_LINES)
            mzg_report_row(html, "host", text);
    }
}

static void add_libraries(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    json_t *libraries = json_object_get(subject->record, "libraries"), *version;
    const char *name;
    char text[600] = "";
    json_object_foreach(libraries, name, version)
    {
        size_t used = strlen(text);
        const char *number = json_string_value(version);
        snprintf(text + used, sizeof text - used, "%s%.40s %.40s", used > 0 ? ", " : "", name,
                 number ? number : "");
    }
    mzg_report_row(html, "libraries", text);
}

void mzg_report_provenance(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const json_t *axis = json_object_get(subject->made, "mass_axis");
    json_t *options = json_object_get(subject->made, "options"), *value;
    const char *key;
    char text[200], size[MZG_FORMAT_SIZE];
    mzg_html_markup(html, "<section aria-labelledby=\"h-origin\">\n<h2 id=\"h-origin\">Provenance</h2>\n");
    if (subject->record)
        add_command(subject, html);
    else
        MZG_HTML_FILL(html, "<p>The command is not known: ~.</p>\n", subject->no_record);
    mzg_html_markup(html, "<table>\n<caption>Where it comes from</caption>\n<tbody>\n");
    mzg_report_row(html, "store", subject->name);
    mzg_report_row(html, "table", subject->view->name);
    snprintf(text, sizeof text, "%s, %s", subject->view->layout,
             mzg_format_data(size, sizeof size,
                             json_integer_value(json_object_get(subject->description, "bytes"))));
    mzg_report_row(html, "matrix, size of the store", text);
    mzg_report_row(html, "made by mzgrid", subject->view->version);
    mzg_report_row(html, "started", text_of(subject->record, "started"));
    add_hosts(subject, html);
    add_libraries(subject, html);
    mzg_report_row(html, "SHA-256 of the bins' edges", text_of(axis, "edges_sha256"));
    json_object_foreach(options, key, value)
    {
        snprintf(text, sizeof text, "option: %.100s", key);
        char number[80];
        mzg_report_row(html, text, value_text(value, number, sizeof number));
    }
    mzg_html_markup(html, "</tbody>\n</table>\n</section>\n");
}
