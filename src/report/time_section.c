/* Where time and memory went. */
#include <core/format.h>
#include <inttypes.h>
#include <report/subject.h>
#include <stdio.h>

enum { LEAST_POINTS = 6, PHASES = 5 };
static const char *const phases[PHASES] = {"open", "axis", "stream", "assemble", "finish"};
static const char *const meanings[PHASES] = {
    "open input and output, read the index", "decide on axis and method", "read and resample the spectra",
    "put the matrix in order and write the store", "sync and rename"};

static double seconds_of(const struct mzg_report_subject *subject, const char *phase)
{
    return json_number_value(
        json_object_get(json_object_get(json_object_get(subject->record, "report"), "seconds"), phase));
}

static int64_t number_of(const struct mzg_report_subject *subject, const char *key)
{
    return json_integer_value(json_object_get(json_object_get(subject->record, "report"), key));
}

static bool has_chart(const struct mzg_report_subject *subject)
{
    return subject->facts->n_points >= LEAST_POINTS;
}

static void add_phases(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    double total = seconds_of(subject, "total");
    char time[MZG_FORMAT_SIZE], share[40];
    mzg_html_markup(html,
                    "<div class=\"wide\" role=\"region\" aria-label=\"Table of phases\" tabindex=\"0\">\n"
                    "<table class=\"numbers phases\">\n<caption>Phases</caption>\n<thead><tr><th "
                    "scope=\"col\">phase</th><th scope=\"col\">what</th><th scope=\"col\">time</th><th "
                    "scope=\"col\">share</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < PHASES; i++) {
        double seconds = seconds_of(subject, phases[i]), percent = total > 0 ? 100 * seconds / total : 0;
        snprintf(share, sizeof share, "%.1f", percent < 100 ? percent : 100);
        MZG_HTML_FILL(html,
                      "<tr><th scope=\"row\">~</th><td class=\"words\">~</td><td>~</td><td class=\"share\">"
                      "<span class=\"strip\" style=\"width:~%\"></span>~ %</td></tr>\n",
                      phases[i], meanings[i], mzg_format_duration(time, sizeof time, seconds), share, share);
    }
    mzg_html_markup(html, "</tbody>\n</table>\n</div>\n");
}

static void add_chart(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const struct mzg_report_facts *facts = subject->facts;
    char end[MZG_FORMAT_SIZE], label[MZG_REPORT_TEXT], memory[MZG_FORMAT_SIZE];
    int64_t most = 0;
    for (int i = 0; i < facts->n_points; i++)
        most = facts->points[i].memory > most ? facts->points[i].memory : most;
    snprintf(label, sizeof label,
             "Pixels per second and memory of rank 0 over %s; memory at most %s. The table below has the "
             "phases.",
             mzg_format_duration(end, sizeof end, facts->points[facts->n_points - 1].seconds),
             mzg_format_memory(memory, sizeof memory, most));
    mzg_html_markup(html, "<noscript><p>The chart needs JavaScript.</p></noscript>\n");
    MZG_HTML_FILL(html,
                  "<div class=\"needs-script\">\n"
                  "<p class=\"legend\"><span class=\"key rate\"></span>pixels per second (left) <span "
                  "class=\"key memory\"></span>memory of rank 0, MiB (right) <output "
                  "id=\"time-readout\"></output></p>\n"
                  "<div id=\"time\" class=\"chart low\" role=\"img\" aria-label=\"~\"></div>\n</div>\n",
                  label);
}

static void tell_of_run(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    char a[MZG_FORMAT_SIZE], b[MZG_FORMAT_SIZE], c[MZG_FORMAT_SIZE], d[MZG_FORMAT_SIZE], text[300];
    double total = seconds_of(subject, "total");
    int64_t ranks = json_integer_value(json_object_get(subject->record, "ranks"));
    mzg_html_markup(html, "<dl class=\"facts\">\n");
    mzg_format_duration(a, sizeof a, total);
    MZG_HTML_FILL(html, "<div><dt>time</dt><dd>~</dd></div>\n", a);
    mzg_format_rate(b, sizeof b, (double)number_of(subject, "pixels"), total);
    MZG_HTML_FILL(html, "<div><dt>pixels per second</dt><dd>~</dd></div>\n", b);
    snprintf(text, sizeof text, "%s (%s MB/s)",
             mzg_format_data(a, sizeof a, number_of(subject, "bytes_read")),
             mzg_format_rate(b, sizeof b, 1e-6 * (double)number_of(subject, "bytes_read"), total));
    MZG_HTML_FILL(html, "<div><dt>read</dt><dd>~</dd></div>\n", text);
    MZG_HTML_FILL(html, "<div><dt>written</dt><dd>~</dd></div>\n",
                  mzg_format_data(c, sizeof c, number_of(subject, "bytes_written")));
    snprintf(text, sizeof text, "%s, %" PRId64 " rank%s",
             mzg_format_memory(d, sizeof d, number_of(subject, "peak_memory")), ranks,
             ranks == 1 ? "" : "s together");
    MZG_HTML_FILL(html, "<div><dt>memory at most</dt><dd>~</dd></div>\n", text);
    mzg_html_markup(html, "</dl>\n");
}

void mzg_report_time(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    mzg_html_markup(html, "<section aria-labelledby=\"h-time\">\n<h2 id=\"h-time\">Time and memory</h2>\n");
    if (!subject->record) {
        MZG_HTML_FILL(html, "<p>Not known: ~.</p>\n", subject->no_record);
    } else {
        tell_of_run(subject, html);
        if (has_chart(subject))
            add_chart(subject, html);
        else if (subject->facts->n_points > 0)
            mzg_html_markup(html, "<p>The run was too short for a curve.</p>\n");
        else
            mzg_html_markup(html, "<p>How speed and memory went over time is not known, because this report "
                                  "was made after the run.</p>\n");
        add_phases(subject, html);
    }
    mzg_html_markup(html, "</section>\n");
}

void mzg_report_time_numbers(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const struct mzg_report_facts *facts = subject->facts;
    char text[120];
    double at = 0;
    mzg_html_markup(html, "\"time\":[");
    for (int i = 1; subject->record && has_chart(subject) && i < facts->n_points; i++) {
        const struct mzg_report_point *point = &facts->points[i];
        double seconds = point->seconds - point[-1].seconds;
        snprintf(text, sizeof text, "%s[%.3f,%.4g,%.4g]", i > 1 ? "," : "", point->seconds,
                 seconds > 0 ? (double)(point->pixels - point[-1].pixels) / seconds : 0,
                 (double)point->memory / 1048576);
        mzg_html_markup(html, text);
    }
    mzg_html_markup(html, "],\n\"phases\":[");
    for (int i = 0; subject->record && i < PHASES; i++) {
        at += seconds_of(subject, phases[i]);
        snprintf(text, sizeof text, "%s[\"%s\",%.3f]", i > 0 ? "," : "", phases[i], at);
        mzg_html_markup(html, text);
    }
    mzg_html_markup(html, "]");
}
