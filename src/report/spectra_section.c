/* The mean and the largest spectrum, as a chart that zooms. */
#include <core/format.h>
#include <math.h>
#include <report/subject.h>
#include <report/thin.h>
#include <stdio.h>
#include <stdlib.h>

/* Bins that are drawn at most, and of each strong peak all bins that are that near. */
enum { MOST_BINS = 40000, AROUND = 100 };

void mzg_report_spectra(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const struct mzg_view *view = subject->view;
    char bins[MZG_FORMAT_SIZE], low[40], high[40], label[MZG_REPORT_TEXT];
    snprintf(low, sizeof low, "%.4f", view->mz_low);
    snprintf(high, sizeof high, "%.4f", view->mz_high);
    mzg_format_count(bins, sizeof bins, view->n_bins);
    snprintf(label, sizeof label,
             "Mean and maximum spectrum, m/z %s to %s. Plus and minus zoom, arrow keys move, 0 shows all.",
             low, high);
    mzg_html_markup(html, "<section aria-labelledby=\"h-spectra\">\n<h2 id=\"h-spectra\">Mean and maximum "
                          "spectrum</h2>\n");
    MZG_HTML_FILL(
        html,
        "<p>Mean and largest value of each of ~ bins over all pixels. Drag to zoom, double-click to "
        "see all again.~</p>\n",
        bins,
        view->n_bins <= MOST_BINS
            ? ""
            : " Drawn are the largest and smallest bins of each stretch of the axis, and all bins "
              "around the strongest peaks; the store has all of them.");
    mzg_html_markup(html, "<noscript><p>The chart needs JavaScript. The strongest peaks are listed "
                          "below.</p></noscript>\n");
    MZG_HTML_FILL(html,
                  "<div class=\"needs-script\">\n"
                  "<p class=\"legend\"><span class=\"key mean\"></span>mean <span class=\"key "
                  "maximum\"></span>maximum <output id=\"readout\"></output></p>\n"
                  "<div id=\"spectra\" role=\"application\" tabindex=\"0\" aria-label=\"~\">\n"
                  "<div id=\"spectrum-mean\" class=\"chart\"></div>\n"
                  "<div id=\"spectrum-maximum\" class=\"chart low\"></div>\n</div>\n",
                  label);
    MZG_HTML_FILL(html,
                  "<form class=\"tools\" id=\"tools\">\n"
                  "<button type=\"button\" data-do=\"in\">Zoom in</button>\n"
                  "<button type=\"button\" data-do=\"out\">Zoom out</button>\n"
                  "<button type=\"button\" data-do=\"left\" aria-label=\"Move to lower m/z\">←</button>\n"
                  "<button type=\"button\" data-do=\"right\" aria-label=\"Move to higher m/z\">→</button>\n"
                  "<button type=\"button\" data-do=\"all\">All</button>\n"
                  "<label>m/z from <input id=\"from\" inputmode=\"decimal\" size=\"9\" value=\"~\"></label>\n"
                  "<label>to <input id=\"to\" inputmode=\"decimal\" size=\"9\" value=\"~\"></label>\n"
                  "<button type=\"submit\">Show</button>\n"
                  "<label><input id=\"logarithmic\" type=\"checkbox\"> logarithmic</label>\n"
                  "</form>\n<p id=\"window\" class=\"small\" aria-live=\"polite\"></p>\n</div>\n</section>\n",
                  low, high);
}

/* A number of JSON, with a comma before all but the first. */
static void add_number(struct mzg_html *html, int64_t i, const char *format, double value)
{
    char text[60] = "null";
    if (isfinite(value))
        snprintf(text, sizeof text, format, value);
    if (i > 0)
        mzg_html_bytes(html, ",", 1);
    mzg_html_markup(html, text);
}

static void add_drawn(struct mzg_html *html, const char *name, const double *values, const char *format,
                      const unsigned char *is_drawn, int64_t n)
{
    int64_t count = 0;
    MZG_HTML_FILL(html, "\"~\":[", name);
    for (int64_t i = 0; i < n; i++)
        if (is_drawn[i])
            add_number(html, count++, format, values[i]);
    mzg_html_markup(html, "]");
}

/* As many digits as tell bins apart. */
static const char *format_of(const struct mzg_view *view, char *format, size_t size)
{
    double least = HUGE_VAL;
    for (int64_t i = 1; i < view->n_bins; i++)
        least = fmin(least, view->mz[i] - view->mz[i - 1]);
    double digits = isfinite(least) && least > 0 ? ceil(-log10(least)) + 1 : 4;
    snprintf(format, size, "%%.%df", (int)fmin(9, fmax(2, digits)));
    return format;
}

void mzg_report_spectra_numbers(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const struct mzg_view *view = subject->view;
    struct mzg_thin_range ranges[MZG_REPORT_PEAKS];
    char format[16];
    unsigned char *is_drawn = malloc((size_t)view->n_bins);
    if (!is_drawn) {
        mzg_fail(&html->err, MZG_ENOMEM, "%s: no memory for its spectra", view->store);
        return;
    }
    for (int p = 0; p < subject->n_peaks; p++) {
        int64_t top = subject->peaks[p].top;
        ranges[p].first = top > AROUND ? top - AROUND : 0;
        ranges[p].end = top + AROUND < view->n_bins ? top + AROUND : view->n_bins;
    }
    mzg_thin(subject->mean, subject->maximum, view->n_bins, MOST_BINS, ranges, subject->n_peaks, is_drawn);
    format_of(view, format, sizeof format);
    add_drawn(html, "mz", view->mz, format, is_drawn, view->n_bins);
    mzg_html_markup(html, ",\n");
    add_drawn(html, "mean", subject->mean, "%.4g", is_drawn, view->n_bins);
    mzg_html_markup(html, ",\n");
    add_drawn(html, "maximum", subject->maximum, "%.4g", is_drawn, view->n_bins);
    MZG_HTML_FILL(html, ",\n\"sticks\":~,\n", mzg_report_is_sticks(subject) ? "true" : "false");
    mzg_html_markup(html, "\"ends\":[");
    add_number(html, 0, "%.9g", view->mz_low);
    add_number(html, 1, "%.9g", view->mz_high);
    mzg_html_markup(html, "]");
    free(is_drawn);
}
