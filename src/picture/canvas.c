/* A picture as SVG or PNG, whatever paints it. */
#include <picture/drawing.h>

#include <cairo-svg.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LARGEST = 30000 };
static const char font[] = "DejaVu Sans"; /* or what else fontconfig finds, or cairo has */

cairo_t *mzg_cairo_new(cairo_surface_t *surface)
{
    cairo_t *cairo = cairo_create(surface);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(cairo, options);
    cairo_font_options_destroy(options);
    cairo_select_font_face(cairo, font, CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    return cairo;
}

/* Where SVG goes, and what became of that. */
struct stream {
    int fd, code;
};

static cairo_status_t write_bytes(void *context, const unsigned char *bytes, unsigned n)
{
    struct stream *stream = context;
    while (n > 0 && stream->code == 0) {
        ssize_t written = write(stream->fd, bytes, n);
        if (written < 0 && errno != EINTR)
            stream->code = errno;
        if (written > 0) {
            bytes += written;
            n -= (unsigned)written;
        }
    }
    return stream->code == 0 ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

enum mzg_status mzg_canvas_write(double width, double height, bool as_svg, mzg_paint_fn *paint,
                                 const void *what, int fd, const char *path, struct mzg_error *err)
{
    struct stream stream = {.fd = fd};
    if (width > LARGEST || height > LARGEST)
        return mzg_fail(err, MZG_ERANGE, "the picture would have %.0f x %.0f dots, expected at most %d",
                        width, height, LARGEST);
    cairo_surface_t *surface =
        as_svg ? cairo_svg_surface_create_for_stream(write_bytes, &stream, width, height)
               : cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(width), (int)ceil(height));
    cairo_t *cairo = mzg_cairo_new(surface);
    mzg_set_colour(cairo, 0xffffff);
    cairo_paint(cairo);
    paint(cairo, what);
    cairo_status_t status = cairo_status(cairo);
    cairo_destroy(cairo);
    if (as_svg)
        cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(surface);
    if (stream.code)
        mzg_fail(err, MZG_EIO, "%s: the picture cannot be written: %s", path, strerror(stream.code));
    else if (status != CAIRO_STATUS_SUCCESS)
        mzg_fail(err, MZG_EIO, "%s: the picture cannot be drawn: %s", path, cairo_status_to_string(status));
    else if (!as_svg)
        mzg_png_write(surface, fd, path, err);
    cairo_surface_destroy(surface);
    return err->status;
}

double mzg_draw_wrapped(cairo_t *cairo, double x, double y, double size, double width, const char *text,
                        bool is_drawn)
{
    char line[512] = "";
    size_t used = 0;
    for (const char *word = text; *word;) {
        size_t length = strcspn(word, " ");
        if (length > 100)
            length = 100;
        size_t before = used;
        used +=
            (size_t)snprintf(line + used, sizeof line - used, "%s%.*s", used ? " " : "", (int)length, word);
        if (before > 0 && (mzg_text_width(cairo, size, line) > width || used > sizeof line - 110)) {
            line[before] = '\0';
            if (is_drawn)
                mzg_draw_text(cairo, x, y, size, MZG_LEFT, line);
            y += 1.4 * size;
            used = (size_t)snprintf(line, sizeof line, "%.*s", (int)length, word);
        }
        word += length;
        word += strspn(word, " ");
    }
    if (is_drawn && line[0])
        mzg_draw_text(cairo, x, y, size, MZG_LEFT, line);
    return y + 1.4 * size;
}
