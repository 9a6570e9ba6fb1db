/* The sections that show ion images: the total ion current, and the strongest peaks. */
#include <core/format.h>
#include <inttypes.h>
#include <math.h>
#include <picture/colours.h>
#include <picture/picture.h>
#include <report/lay_out.h>
#include <report/subject.h>
#include <stdio.h>
#include <stdlib.h>

enum { TIC_SIDE = 1000, TIC_SHOWN = 640, PEAK_SIDE = 200, PEAK_SHOWN = 200 };
static const double percentile = 99.5;
/* What may be read for images: a tenth of a second. */
static const double most_values = 30e6;

/* A raster as a picture with its scale and colours. `what` begins the text that stands for it. */
static void add_image(struct mzg_html *html, const struct mzg_raster *raster, int side, double shown,
                      const char *what)
{
    struct mzg_limits limits;
    struct mzg_indexed indexed = {0};
    unsigned char *png = NULL;
    int64_t n;
    char alt[MZG_REPORT_TEXT], low[MZG_FORMAT_SIZE], high[MZG_FORMAT_SIZE];
    if (html->err.status != MZG_OK || mzg_limits_of(raster, percentile, &limits, &html->err) != MZG_OK ||
        mzg_indexed_new(raster, &limits, 0, side, &indexed, &html->err) != MZG_OK)
        return;
    if (mzg_indexed_png(&indexed, &png, &n, &html->err) == MZG_OK) {
        mzg_format_value(low, sizeof low, limits.low, 3);
        mzg_format_value(high, sizeof high, limits.high, 3);
        snprintf(alt, sizeof alt, "%s: image of %" PRId64 " by %" PRId64 " cells, colours from %s to %s%s",
                 what, raster->width, raster->height, low, high,
                 limits.has_more ? ", the 99.5th percentile" : "");
        mzg_html_markup(html, "<div class=\"image\">\n");
        mzg_report_picture(html, png, n, raster, shown, alt);
        mzg_report_scale(html, raster);
        MZG_HTML_FILL(html,
                      "<div class=\"colours\"><span>~</span><span class=\"ramp\"></span><span>~~</span></div>"
                      "\n</div>\n",
                      low, limits.has_more ? "≥ " : "", high);
    }
    free(png);
    free(indexed.dots);
}

static const char *extent_of(const struct mzg_report_subject *subject, char *text, size_t size)
{
    const struct mzg_view_raster *place = &subject->place;
    double width = (double)place->width * place->size_x, height = (double)place->height * place->size_y;
    if (place->in_micrometres)
        snprintf(text, size, "%.4g mm × %.4g mm, pixels of %.6g µm × %.6g µm", width / 1000, height / 1000,
                 place->size_x, place->size_y);
    else
        snprintf(text, size, "%" PRId64 " × %" PRId64 " pixels; the input does not tell how large a pixel is",
                 place->width, place->height);
    return text;
}

/* What numbers say of the image. */
static void tell_of_tic(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const struct mzg_view *view = subject->view;
    const struct mzg_view_raster *place = &subject->place;
    double least = HUGE_VAL, most = -HUGE_VAL, sum = 0;
    int64_t brightest = 0, cell = -1;
    char text[MZG_REPORT_TEXT], where[120] = "", extent[200], count[MZG_FORMAT_SIZE], plane[120] = "";
    char lowest[MZG_FORMAT_SIZE], highest[MZG_FORMAT_SIZE], mean[MZG_FORMAT_SIZE];
    for (int64_t i = 0; i < view->n_pixels; i++) {
        if (subject->tic[i] > most)
            brightest = i;
        least = fmin(least, subject->tic[i]);
        most = fmax(most, subject->tic[i]);
        sum += subject->tic[i];
    }
    for (int64_t i = 0; i < place->width * place->height && cell < 0; i++)
        if (place->rows[i] == brightest)
            cell = i;
    int64_t row = cell / place->width;
    if (cell >= 0 && place->in_micrometres)
        snprintf(where, sizeof where, ", the largest at %.6g µm, %.6g µm",
                 place->origin_x + ((double)(cell - row * place->width) + 0.5) * place->size_x,
                 place->origin_y + ((double)row + 0.5) * place->size_y);
    if (place->n_planes > 1)
        snprintf(plane, sizeof plane, " Shown is z = %" PRId64 ", the first of %" PRId64 " planes.", place->z,
                 place->n_planes);
    snprintf(text, sizeof text,
             "The sum of all intensities of each of %s pixels: %s to %s, on average %s%s. %s.%s The "
             "brightest colour stands for the 99.5th percentile.",
             mzg_format_count(count, sizeof count, view->n_pixels),
             mzg_format_value(lowest, sizeof lowest, least, 4),
             mzg_format_value(highest, sizeof highest, most, 4),
             mzg_format_value(mean, sizeof mean, sum / (double)view->n_pixels, 4), where,
             extent_of(subject, extent, sizeof extent), plane);
    MZG_HTML_FILL(html, "<figcaption>~</figcaption>\n", text);
}

void mzg_report_tic(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    struct mzg_raster raster;
    float *cells = NULL;
    mzg_html_markup(html, "<section aria-labelledby=\"h-tic\">\n<h2 id=\"h-tic\">Total ion current</h2>\n");
    if (subject->no_images[0]) {
        MZG_HTML_FILL(html, "<p>~</p>\n", subject->no_images);
    } else if (html->err.status == MZG_OK &&
               mzg_lay_out(&subject->place, subject->tic, &cells, &raster, &html->err) == MZG_OK) {
        mzg_html_markup(html, "<figure class=\"large\">\n");
        add_image(html, &raster, TIC_SIDE, TIC_SHOWN, "Total ion current");
        tell_of_tic(subject, html);
        mzg_html_markup(html, "</figure>\n");
    }
    free(cells);
    mzg_html_markup(html, "</section>\n");
}

/* How many values take reading the images of all peaks, of all of their bins or of their tops. */
static double cost_of(const struct mzg_report_subject *subject, bool of_tops)
{
    const struct mzg_view *view = subject->view;
    int64_t bytes;
    double cost = (double)mzg_view_cost(view, MZG_VIEW_IMAGES, &bytes);
    if (cost > 0)
        return cost;
    for (int p = 0; p < subject->n_peaks; p++) {
        const struct mzg_peak *peak = &subject->peaks[p];
        if (view->dense) {
            int64_t chunk = mzg_zarr_input_shape(view->dense)->chunk[1];
            int64_t width = of_tops ? 1 : peak->end - peak->first;
            int64_t read = (width + chunk - 1) / chunk * chunk;
            cost += (double)view->n_pixels * (double)read;
        }
        for (int64_t k = peak->first; k < peak->end && !view->dense; k++)
            if (!of_tops || k == peak->top)
                cost += subject->n_pixels[k];
    }
    return cost;
}

static void add_peak_button(const struct mzg_report_subject *subject, const struct mzg_peak *peak,
                            const char *mz, struct mzg_html *html)
{
    const struct mzg_view *view = subject->view;
    char at[40], half[40];
    double width = view->mz[peak->end - 1] - view->mz[peak->first];
    double step = (view->mz_high - view->mz_low) / (double)view->n_bins;
    snprintf(at, sizeof at, "%.9g", view->mz[peak->top]);
    snprintf(half, sizeof half, "%.6g", 3 * fmax(width, 5 * step));
    MZG_HTML_FILL(html,
                  "<button type=\"button\" class=\"peak needs-script\" data-mz=\"~\" data-half=\"~\" "
                  "aria-label=\"Show m/z ~ in the spectrum\">show</button>",
                  at, half, mz);
}

static void add_peak_image(const struct mzg_report_subject *subject, const struct mzg_peak *peak,
                           bool of_tops, double *values, struct mzg_html *html)
{
    const struct mzg_view *view = subject->view;
    struct mzg_view_window window = {
        .mz = view->mz[peak->top], .first = of_tops ? peak->top : peak->first, .end = peak->end};
    window.end = of_tops ? peak->top + 1 : peak->end;
    struct mzg_raster raster;
    float *cells = NULL;
    char title[60], mz[40];
    snprintf(mz, sizeof mz, "%.4f", view->mz[peak->top]);
    snprintf(title, sizeof title, "m/z %s", mz);
    if (html->err.status != MZG_OK ||
        mzg_view_images(view, &window, 1, MZG_NORM_NONE, values, &html->err) != MZG_OK ||
        mzg_lay_out(&subject->place, values, &cells, &raster, &html->err) != MZG_OK)
        return;
    mzg_html_markup(html, "<li><figure>\n");
    add_image(html, &raster, PEAK_SIDE, PEAK_SHOWN, title);
    MZG_HTML_FILL(html, "<figcaption>~ ", title);
    add_peak_button(subject, peak, mz, html);
    mzg_html_markup(html, "</figcaption>\n</figure></li>\n");
    free(cells);
}

static void add_gallery(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    bool of_tops = cost_of(subject, false) > most_values;
    double cost = cost_of(subject, of_tops);
    char count[MZG_FORMAT_SIZE];
    if (subject->no_images[0]) {
        MZG_HTML_FILL(html, "<p>~</p>\n", subject->no_images);
        return;
    }
    if (cost > most_values) {
        MZG_HTML_FILL(html,
                      "<p>Their images are left out, because they take reading ~ values of this layout. "
                      "<code>mzgrid image</code> draws them.</p>\n",
                      mzg_format_count(count, sizeof count, (int64_t)cost));
        return;
    }
    double *values = malloc((size_t)subject->view->n_pixels * sizeof *values);
    if (!values) {
        mzg_fail(&html->err, MZG_ENOMEM, "%s: no memory for images of its peaks", subject->view->store);
        return;
    }
    MZG_HTML_FILL(html, "<p>Each image ~. Its brightest colour stands for its own 99.5th percentile.</p>\n",
                  of_tops ? "is that of the bin at the top of the peak" : "adds up the bins of the peak");
    mzg_html_markup(html, "<ol class=\"gallery\">\n");
    for (int p = 0; p < subject->n_peaks; p++)
        add_peak_image(subject, &subject->peaks[p], of_tops, values, html);
    mzg_html_markup(html, "</ol>\n");
    free(values);
}

static void add_peak_row(const struct mzg_report_subject *subject, int p, struct mzg_html *html)
{
    const struct mzg_view *view = subject->view;
    const struct mzg_peak *peak = &subject->peaks[p];
    char mz[40], range[80], share[40];
    char mean[MZG_FORMAT_SIZE], most[MZG_FORMAT_SIZE], count[MZG_FORMAT_SIZE];
    snprintf(mz, sizeof mz, "%.4f", view->mz[peak->top]);
    snprintf(range, sizeof range, "%.4f to %.4f", view->mz[peak->first], view->mz[peak->end - 1]);
    snprintf(share, sizeof share, " (%.3g %%)", 100 * subject->n_pixels[peak->top] / (double)view->n_pixels);
    MZG_HTML_FILL(html,
                  "<tr><th scope=\"row\">~</th><td>~</td><td>~</td><td>~</td><td>~~</td><td class=\"act\">",
                  mz, range, mzg_format_value(mean, sizeof mean, subject->mean[peak->top], 4),
                  mzg_format_value(most, sizeof most, subject->maximum[peak->top], 4),
                  mzg_format_count(count, sizeof count, (int64_t)subject->n_pixels[peak->top]), share);
    add_peak_button(subject, peak, mz, html);
    mzg_html_markup(html, "</td></tr>\n");
}

void mzg_report_peaks(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    char found[MZG_FORMAT_SIZE], shown[20];
    mzg_html_markup(html, "<section aria-labelledby=\"h-peaks\">\n<h2 id=\"h-peaks\">Strongest peaks</h2>\n");
    if (subject->n_peaks == 0) {
        mzg_html_markup(html, "<p><code>mzgrid peaks</code> picks no peak of the mean spectrum at S/N "
                              "10.</p>\n</section>\n");
        return;
    }
    snprintf(shown, sizeof shown, "%d", subject->n_peaks);
    MZG_HTML_FILL(html, "<p>The ~ highest of ~ peaks that <code>mzgrid peaks</code> picks at S/N 10.</p>\n",
                  shown, mzg_format_count(found, sizeof found, subject->n_found));
    add_gallery(subject, html);
    mzg_html_markup(
        html, "<div class=\"wide\" role=\"region\" aria-label=\"Table of the strongest peaks\" "
              "tabindex=\"0\">\n<table class=\"numbers\">\n<caption>The strongest peaks, by the mean at "
              "their top</caption>\n<thead><tr><th scope=\"col\">m/z</th><th scope=\"col\">bins from, "
              "to</th><th scope=\"col\">mean</th><th scope=\"col\">maximum</th><th "
              "scope=\"col\">pixels</th><th scope=\"col\" class=\"act\"><span "
              "class=\"hidden\">in the spectrum</span></th></tr></thead>\n<tbody>\n");
    for (int p = 0; p < subject->n_peaks; p++)
        add_peak_row(subject, p, html);
    mzg_html_markup(html, "</tbody>\n</table>\n</div>\n</section>\n");
}
