/* One ion image with its axes, scale bar and colour bar, or channels of colour with their names. */
#include <picture/colours.h>
#include <picture/drawing.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LARGEST_SIDE = 2000, LEAST_SIDE = 100, LEAST_BAR = 8, TEXT = 256 };
static const uint32_t ink = 0x222222, pale = 0x666666;

/* How large cells are drawn: whole dots if they are larger than one, whole cells in a dot if smaller. What is
 * long and narrow becomes longer, that its width can be seen. */
static double dots_per_cell(const struct mzg_raster *raster, double side, double *x, double *y)
{
    double across = (double)raster->width * raster->size_x, down = (double)raster->height * raster->size_y;
    double longest = fmax(across, down), shortest = fmin(across, down);
    side = fmin(LARGEST_SIDE, fmax(side, LEAST_SIDE * longest / shortest));
    double scale = side / longest; /* dots per unit */
    double smaller = fmin(raster->size_x, raster->size_y), dots = scale * smaller;
    if (dots >= 1)
        dots = floor(dots);
    else
        dots = longest / smaller <= LARGEST_SIDE ? 1 : 1 / ceil(longest / smaller / LARGEST_SIDE);
    *x = dots * raster->size_x / smaller;
    *y = dots * raster->size_y / smaller;
    return dots;
}

static int at_least_one(double dots)
{
    return dots < 1 ? 1 : (int)lround(dots);
}

static const char *unit_of(const struct mzg_raster *raster)
{
    return raster->in_micrometres ? "µm" : "pixels";
}

/* `room` is how many dots a number takes along the axis. */
static struct mzg_ticks ticks_along(double origin, double extent, double dots, double room)
{
    return mzg_ticks_pair(origin, origin + extent, (int)fmax(2, dots / room));
}

static double widest_tick(cairo_t *cairo, const struct mzg_ticks *ticks, double size)
{
    double widest = 0;
    char text[TEXT];
    for (int i = 0; i < ticks->n; i++) {
        mzg_tick_text(ticks, i, text, sizeof text);
        widest = fmax(widest, mzg_text_width(cairo, size, text));
    }
    return widest;
}

static struct mzg_ticks bar_ticks(const struct mzg_image_pane *pane, double height, double size)
{
    return mzg_ticks_of(pane->limits[0].low, pane->limits[0].high, (int)fmax(2, height / (2 * size)), true);
}

/* Whether a number at `at` has room behind the one before, at `*last`, which then is this one. */
static bool has_room(double at, double room, double *last)
{
    bool is_free = fabs(at - *last) >= room;
    if (is_free)
        *last = at;
    return is_free;
}

/* The bar that tells a size. */
struct scale {
    double dots; /* its length */
    char text[TEXT];
};

static void find_scale(const struct mzg_raster *raster, const struct mzg_image_layout *layout,
                       struct scale *scale)
{
    double extent = (double)raster->width * raster->size_x;
    double longest = fmax(extent, (double)raster->height * raster->size_y);
    double length = mzg_scale_bar_length(longest, raster->size_x);
    scale->dots = length / extent * layout->image_width;
    if (raster->in_micrometres && length >= 1000)
        snprintf(scale->text, TEXT, "%g mm", length / 1000);
    else
        snprintf(scale->text, TEXT, "%g %s", length,
                 !raster->in_micrometres && length == 1 ? "pixel" : unit_of(raster));
}

void mzg_image_measure(cairo_t *cairo, const struct mzg_image_pane *pane, double side,
                       struct mzg_image_layout *layout)
{
    const struct mzg_raster *raster = &pane->raster[0];
    double x, y;
    *layout = (struct mzg_image_layout){0};
    dots_per_cell(raster, side, &x, &y);
    layout->image_width = at_least_one(x * (double)raster->width);
    layout->image_height = at_least_one(y * (double)raster->height);
    double longest = fmax(layout->image_width, layout->image_height);
    double size = layout->size = fmin(56, fmax(28, fmax(side, longest) / 34));
    struct mzg_ticks ticks = ticks_along(raster->origin_y, (double)raster->height * raster->size_y,
                                         layout->image_height, 2.5 * size);
    layout->left = widest_tick(cairo, &ticks, size) + 3 * size;
    layout->top = 3.9 * size;
    double right = size;
    if (pane->n_channels == 1) {
        layout->bar = 1.2 * size;
        layout->bar_height = fmax(layout->image_height, LEAST_BAR * size);
        layout->gap = 0.8 * size;
        if (layout->bar_height > layout->image_height) { /* it ends beside the numbers of x */
            ticks = ticks_along(raster->origin_x, (double)raster->width * raster->size_x, layout->image_width,
                                5 * size);
            layout->gap = fmax(layout->gap, widest_tick(cairo, &ticks, size) / 2 + 0.5 * size);
        }
        ticks = bar_ticks(pane, layout->bar_height, size);
        right = layout->gap + layout->bar + 0.8 * size + widest_tick(cairo, &ticks, size) + 2.4 * size;
    }
    layout->width = layout->left + layout->image_width + right;
    layout->height = layout->top + fmax(layout->image_height + 5.4 * size, layout->bar_height + 2 * size);
    struct scale scale;
    find_scale(raster, layout, &scale);
    layout->width =
        fmax(layout->width, layout->left + scale.dots + 1.5 * size + mzg_text_width(cairo, size, scale.text));
    /* Titles are centred over the image, and may be wider than that. */
    double widest = fmax(mzg_text_width(cairo, 1.2 * size, pane->title),
                         mzg_text_width(cairo, 0.9 * size, pane->subtitle));
    for (int c = 0; pane->n_channels > 1 && c < pane->n_channels; c++)
        widest = fmax(widest, mzg_text_width(cairo, size, pane->names[c]) * pane->n_channels + 6 * size);
    double beside = (widest - layout->image_width) / 2 + 0.5 * size; /* how far they reach beside the image */
    double left = layout->left;
    layout->left = fmax(left, beside);
    layout->width = fmax(layout->width + layout->left - left, layout->left + layout->image_width + beside);
}

static double share_of(const struct mzg_limits *limits, double value)
{
    return fmin(1, fmax(0, (value - limits->low) / (limits->high - limits->low)));
}

static uint32_t colour_at(const struct mzg_image_pane *pane, int64_t x0, int64_t x1, int64_t y0, int64_t y1)
{
    uint32_t rgb = 0;
    bool is_there = false;
    if (pane->n_channels == 1) {
        double value = mzg_raster_mean(&pane->raster[0], x0, x1, y0, y1);
        return isnan(value) ? mzg_colour_of_none(pane->colours)
                            : mzg_colour(pane->colours, share_of(&pane->limits[0], value));
    }
    for (int c = 0; c < pane->n_channels && c < MZG_PICTURE_CHANNELS; c++) {
        double value = mzg_raster_mean(&pane->raster[c], x0, x1, y0, y1);
        is_there = is_there || !isnan(value);
        uint32_t part = isnan(value) ? 0 : (uint32_t)lround(255 * share_of(&pane->limits[c], value));
        rgb |= part << (16 - 8 * c);
    }
    return is_there ? rgb : 0xffffff;
}

static void paint_dots(const struct mzg_image_pane *pane, const struct mzg_image_layout *layout,
                       cairo_surface_t *surface)
{
    unsigned char *bytes = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    int64_t width = pane->raster[0].width, height = pane->raster[0].height;
    cairo_surface_flush(surface);
    for (int i = 0; i < layout->image_height; i++) {
        uint32_t *row = (uint32_t *)(void *)(bytes + (size_t)i * (size_t)stride);
        int64_t y0 = i * height / layout->image_height, y1 = (i + 1) * height / layout->image_height;
        for (int j = 0; j < layout->image_width; j++) {
            int64_t x0 = j * width / layout->image_width, x1 = (j + 1) * width / layout->image_width;
            row[j] = colour_at(pane, x0, x1 > x0 ? x1 : x0 + 1, y0, y1 > y0 ? y1 : y0 + 1);
        }
    }
    cairo_surface_mark_dirty(surface);
}

static enum mzg_status draw_cells(cairo_t *cairo, const struct mzg_image_pane *pane, double x, double y,
                                  const struct mzg_image_layout *layout, struct mzg_error *err)
{
    cairo_surface_t *cells =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, layout->image_width, layout->image_height);
    if (cairo_surface_status(cells) != CAIRO_STATUS_SUCCESS) {
        mzg_fail(err, MZG_ENOMEM, "no memory to draw an image of %d x %d dots", layout->image_width,
                 layout->image_height);
    } else {
        paint_dots(pane, layout, cells);
        cairo_set_source_surface(cairo, cells, x, y);
        cairo_paint(cairo);
    }
    cairo_surface_destroy(cells);
    return err->status;
}

/* Ticks and numbers below and left of the image at `x`, `y`. */
static void draw_axes(cairo_t *cairo, const struct mzg_image_pane *pane, double x, double y,
                      const struct mzg_image_layout *layout)
{
    const struct mzg_raster *raster = &pane->raster[0];
    double size = layout->size, tick = size / 3, width = layout->image_width, height = layout->image_height;
    double extent_x = (double)raster->width * raster->size_x;
    double extent_y = (double)raster->height * raster->size_y;
    char text[TEXT];
    mzg_set_colour(cairo, ink);
    cairo_rectangle(cairo, x - 1, y - 1, width + 2, height + 2);
    cairo_set_line_width(cairo, 2);
    cairo_stroke(cairo);
    struct mzg_ticks ticks = ticks_along(raster->origin_x, extent_x, width, 5 * size);
    double last = -INFINITY, room = widest_tick(cairo, &ticks, size) + 0.3 * size;
    for (int i = 0; i < ticks.n; i++) {
        double at = x + (mzg_tick_value(&ticks, i) - raster->origin_x) / extent_x * width;
        mzg_draw_line(cairo, at, y + height, at, y + height + tick, 2);
        mzg_tick_text(&ticks, i, text, sizeof text);
        if (has_room(at, room, &last))
            mzg_draw_text(cairo, at, y + height + tick + 0.7 * size, size, MZG_CENTRE, text);
    }
    ticks = ticks_along(raster->origin_y, extent_y, height, 2.5 * size);
    double widest = widest_tick(cairo, &ticks, size);
    last = -INFINITY;
    for (int i = 0; i < ticks.n; i++) {
        double at = y + (mzg_tick_value(&ticks, i) - raster->origin_y) / extent_y * height;
        mzg_draw_line(cairo, x - tick, at, x, at, 2);
        mzg_tick_text(&ticks, i, text, sizeof text);
        if (has_room(at, 1.1 * size, &last))
            mzg_draw_text(cairo, x - tick - 0.3 * size, at, size, MZG_RIGHT, text);
    }
    snprintf(text, sizeof text, "x [%s]", unit_of(raster));
    mzg_draw_text(cairo, x + width / 2, y + height + 2.5 * size, size, MZG_CENTRE, text);
    snprintf(text, sizeof text, "y [%s]", unit_of(raster));
    mzg_draw_text_upwards(cairo, x - widest - tick - 1.2 * size, y + height / 2, size, text);
}

/* Below the image, that it covers no pixel. */
static void draw_scale(cairo_t *cairo, const struct mzg_image_pane *pane, double x, double y,
                       const struct mzg_image_layout *layout)
{
    struct scale scale;
    double size = layout->size;
    find_scale(&pane->raster[0], layout, &scale);
    y += layout->image_height + 4.1 * size;
    mzg_set_colour(cairo, ink);
    cairo_rectangle(cairo, x, y - 0.15 * size, scale.dots, 0.3 * size);
    cairo_fill(cairo);
    mzg_draw_text(cairo, x + scale.dots + 0.5 * size, y, size, MZG_LEFT, scale.text);
}

static void draw_bar(cairo_t *cairo, const struct mzg_image_pane *pane, double x, double y,
                     const struct mzg_image_layout *layout)
{
    const struct mzg_limits *limits = &pane->limits[0];
    double size = layout->size, height = layout->bar_height, bar = layout->bar;
    struct mzg_ticks ticks = bar_ticks(pane, height, size);
    char text[TEXT];
    x += layout->image_width + layout->gap;
    for (int i = 0; i < height; i++) {
        mzg_set_colour(cairo, mzg_colour(pane->colours, 1 - (i + 0.5) / height));
        cairo_rectangle(cairo, x, y + i, bar, 1);
        cairo_fill(cairo);
    }
    if (limits->has_more) { /* a head like that of an arrow: some values lie above */
        mzg_set_colour(cairo, mzg_colour(pane->colours, 1));
        cairo_move_to(cairo, x, y);
        cairo_line_to(cairo, x + bar / 2, y - 0.7 * bar);
        cairo_line_to(cairo, x + bar, y);
        cairo_close_path(cairo);
        cairo_fill_preserve(cairo);
        mzg_set_colour(cairo, ink);
        cairo_set_line_width(cairo, 2);
        cairo_stroke(cairo);
    }
    mzg_set_colour(cairo, ink);
    cairo_rectangle(cairo, x - 1, y - 1, bar + 2, height + 2);
    cairo_set_line_width(cairo, 2);
    cairo_stroke(cairo);
    for (int i = 0; i < ticks.n; i++) {
        double at = y + height * (1 - share_of(limits, mzg_tick_value(&ticks, i)));
        mzg_draw_line(cairo, x + bar, at, x + bar + size / 3, at, 2);
        mzg_tick_text(&ticks, i, text, sizeof text);
        mzg_draw_text(cairo, x + bar + 0.6 * size, at, size, MZG_LEFT, text);
    }
    mzg_tick_label(&ticks, pane->label, text, sizeof text);
    double middle = fmax(height / 2, mzg_text_width(cairo, size, text) / 2 - 3.5 * size); /* not above all */
    mzg_draw_text_upwards(cairo, x + bar + 0.8 * size + widest_tick(cairo, &ticks, size) + size, y + middle,
                          size, text);
}

/* The channels of colour, by a square and a name each, in place of a colour bar. */
static void draw_names(cairo_t *cairo, const struct mzg_image_pane *pane, double middle, double y,
                       double size)
{
    double width = 0;
    for (int c = 0; c < pane->n_channels; c++)
        width += mzg_text_width(cairo, size, pane->names[c]) + 2.4 * size;
    double x = middle - (width - size) / 2;
    for (int c = 0; c < pane->n_channels; c++) {
        mzg_set_colour(cairo, 0xff0000U >> (8 * c));
        cairo_rectangle(cairo, x, y - size / 2, size, size);
        cairo_fill(cairo);
        mzg_set_colour(cairo, ink);
        mzg_draw_text(cairo, x + 1.3 * size, y, size, MZG_LEFT, pane->names[c]);
        x += mzg_text_width(cairo, size, pane->names[c]) + 2.4 * size;
    }
}

enum mzg_status mzg_image_draw(cairo_t *cairo, const struct mzg_image_pane *pane, double x, double y,
                               const struct mzg_image_layout *layout, struct mzg_error *err)
{
    double size = layout->size, middle = x + layout->left + layout->image_width / 2.0;
    x = round(x + layout->left);
    y = round(y);
    mzg_set_colour(cairo, ink);
    if (pane->n_channels > 1)
        draw_names(cairo, pane, middle, y + size, size);
    else
        mzg_draw_text(cairo, middle, y + 0.9 * size, 1.2 * size, MZG_CENTRE, pane->title);
    mzg_set_colour(cairo, pale);
    mzg_draw_text(cairo, middle, y + 2.3 * size, 0.9 * size, MZG_CENTRE, pane->subtitle);
    y = round(y + layout->top);
    if (draw_cells(cairo, pane, x, y, layout, err) != MZG_OK)
        return err->status;
    draw_axes(cairo, pane, x, y, layout);
    draw_scale(cairo, pane, x, y, layout);
    if (pane->n_channels == 1)
        draw_bar(cairo, pane, x, y, layout);
    return MZG_OK;
}
