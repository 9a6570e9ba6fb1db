/* A picture on the page: its dots as a data URI, stretched to the shape that its cells have, and a scale. */
#include <math.h>
#include <picture/picture.h>
#include <report/subject.h>
#include <stdio.h>

/* Nothing is drawn thinner than that share of its length. */
static const double least_share = 1.0 / 25;

void mzg_report_picture(struct mzg_html *html, const void *png, int64_t n, const struct mzg_raster *raster,
                        double shown, const char *alt)
{
    char style[160];
    double width = (double)raster->width * raster->size_x, height = (double)raster->height * raster->size_y;
    double longest = fmax(width, height);
    width = fmax(width, longest * least_share);
    height = fmax(height, longest * least_share);
    /* Cells that are larger than a dot of the screen stay squares with edges. */
    bool has_large_cells = (double)(raster->width > raster->height ? raster->width : raster->height) < shown;
    snprintf(style, sizeof style, "width:%.0fpx;aspect-ratio:%.6g/%.6g", fmax(1, shown * width / longest),
             width, height);
    MZG_HTML_FILL(html, "<img class=\"~\" style=\"~\" alt=\"~\" src=\"data:image/png;base64,",
                  has_large_cells ? "dots cells" : "dots", style, alt);
    mzg_html_base64(html, png, n);
    mzg_html_markup(html, "\">");
}

void mzg_report_scale(struct mzg_html *html, const struct mzg_raster *raster)
{
    char share[40], length[60];
    double width = (double)raster->width * raster->size_x, wanted = width / 3;
    double power = pow(10, floor(log10(wanted))), factor = wanted / power;
    double bar = power * (factor >= 5 ? 5 : factor >= 2 ? 2 : 1);
    bool is_long = raster->in_micrometres && bar >= 1000;
    if (!raster->in_micrometres && bar < 1)
        return;
    snprintf(share, sizeof share, "width:%.4g%%", 100 * bar / width);
    snprintf(length, sizeof length, "%.10g %s", is_long ? bar / 1000 : bar,
             is_long                  ? "mm"
             : raster->in_micrometres ? "µm"
             : bar == 1               ? "pixel"
                                      : "pixels");
    MZG_HTML_FILL(html, "<div class=\"scale\"><span class=\"bar\" style=\"~\"></span><span>~</span></div>\n",
                  share, length);
}
