/* What the files that draw share. */
#ifndef MZG_PICTURE_DRAWING_H
#define MZG_PICTURE_DRAWING_H

#include <cairo.h>
#include <picture/picture.h>
#include <picture/ticks.h>

/* Where a text stands: `x`, `y` is its left or right end, or its middle; vertically its middle. */
enum mzg_align { MZG_LEFT, MZG_CENTRE, MZG_RIGHT };
void mzg_draw_text(cairo_t *cairo, double x, double y, double size, enum mzg_align align, const char *text);
/* Upwards, its middle at `x`, `y`. */
void mzg_draw_text_upwards(cairo_t *cairo, double x, double y, double size, const char *text);
double mzg_text_width(cairo_t *cairo, double size, const char *text);
void mzg_draw_line(cairo_t *cairo, double x0, double y0, double x1, double y1, double width);
void mzg_set_colour(cairo_t *cairo, uint32_t rgb);

/* How large a pane becomes. */
struct mzg_image_layout {
    double size;          /* of letters */
    double width, height; /* of all */
    double left, top;     /* where the image begins */
    int image_width, image_height;
    double gap, bar, bar_height; /* before the colour bar, its width and height; 0: none */
};
/* With the longer side of the image `side` dots long, or more if it has more cells. */
void mzg_image_measure(cairo_t *cairo, const struct mzg_image_pane *pane, double side,
                       struct mzg_image_layout *layout);
enum mzg_status mzg_image_draw(cairo_t *cairo, const struct mzg_image_pane *pane, double x, double y,
                               const struct mzg_image_layout *layout, struct mzg_error *err);

enum mzg_status mzg_spectrum_draw(cairo_t *cairo, const struct mzg_spectrum_pane *pane, double x, double y,
                                  double width, double height, double size, struct mzg_error *err);

/* A context that measures and draws text. */
cairo_t *mzg_cairo_new(cairo_surface_t *surface);

/* Paints `what` on white, and writes it as SVG or PNG into `fd`; `path` is its name for messages. */
typedef void mzg_paint_fn(cairo_t *cairo, const void *what);
enum mzg_status mzg_canvas_write(double width, double height, bool as_svg, mzg_paint_fn *paint,
                                 const void *what, int fd, const char *path, struct mzg_error *err);

/* Text in lines of at most `width`, the first one's middle at `y`, or only their measure; returns where the
 * next line would be. */
double mzg_draw_wrapped(cairo_t *cairo, double x, double y, double size, double width, const char *text,
                        bool is_drawn);

/* The picture as PNG, without an alpha channel. */
enum mzg_status mzg_png_write(cairo_surface_t *surface, int fd, const char *path, struct mzg_error *err);

#endif
