/* The pixels that were left out: on the map, how many for which reason, and each of the first. */
#include <core/format.h>
#include <inttypes.h>
#include <math.h>
#include <picture/picture.h>
#include <report/subject.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAP_SIDE = 480, MAP_SHOWN = 480, MOST_LISTED = 200, MOST_REASONS = 20 };
enum { NONE, CONVERTED, SKIPPED };

/* The cells of the map: the box around the pixels and those skipped, in blocks of block x block. */
struct map {
    int64_t x, y, width, height, block; /* in pixels */
    struct mzg_indexed indexed;
    int64_t outside; /* pixels of the list that do not lie on it */
};

static bool has_place(const struct mzg_view_skipped *skipped, int64_t i)
{
    return skipped->x[i] > INT32_MIN && skipped->x[i] <= INT32_MAX && skipped->y[i] >= INT32_MIN &&
           skipped->y[i] <= INT32_MAX;
}

static bool is_position(double x, double y, double z)
{
    return fabs(x) <= -(double)INT32_MIN && fabs(y) <= -(double)INT32_MIN && fabs(z) <= -(double)INT32_MIN;
}

/* The box grows by what was skipped, but not to more than four times as many cells: one far pixel would make
 * all others a dot. */
static void find_box(const struct mzg_view_skipped *skipped, int64_t plane, const double *x, const double *y,
                     int64_t n, struct map *map)
{
    double x0 = HUGE_VAL, x1 = -HUGE_VAL, y0 = HUGE_VAL, y1 = -HUGE_VAL;
    for (int64_t i = 0; i < n; i++) {
        x0 = fmin(x0, x[i]);
        x1 = fmax(x1, x[i]);
        y0 = fmin(y0, y[i]);
        y1 = fmax(y1, y[i]);
    }
    double most = 4 * (x1 - x0 + 1) * (y1 - y0 + 1) + 100;
    for (int64_t i = 0; i < skipped->n; i++) {
        double at_x = (double)skipped->x[i], at_y = (double)skipped->y[i];
        double left = fmin(x0, at_x), right = fmax(x1, at_x), top = fmin(y0, at_y), bottom = fmax(y1, at_y);
        if (!has_place(skipped, i) || skipped->z[i] != plane ||
            (right - left + 1) * (bottom - top + 1) > most)
            continue;
        x0 = left;
        x1 = right;
        y0 = top;
        y1 = bottom;
    }
    map->x = (int64_t)x0;
    map->y = (int64_t)y0;
    map->width = (int64_t)(x1 - x0) + 1;
    map->height = (int64_t)(y1 - y0) + 1;
    int64_t longest = map->width > map->height ? map->width : map->height;
    map->block = (longest + MAP_SIDE - 1) / MAP_SIDE;
}

/* Marks a dot, and if dots are small those around it. */
static void mark(struct map *map, int64_t x, int64_t y)
{
    struct mzg_indexed *indexed = &map->indexed;
    int reach = indexed->width > 160 || indexed->height > 160 ? 1 : 0;
    int64_t column = (x - map->x) / map->block, row = (y - map->y) / map->block;
    for (int64_t i = row - reach; i <= row + reach; i++)
        for (int64_t j = column - reach; j <= column + reach; j++)
            if (i >= 0 && i < indexed->height && j >= 0 && j < indexed->width)
                indexed->dots[i * indexed->width + j] = SKIPPED;
}

static enum mzg_status draw_map(const struct mzg_view_skipped *skipped, int64_t plane, const double *x,
                                const double *y, const double *z, int64_t n, struct map *map,
                                struct mzg_error *err)
{
    for (int64_t i = 0; i < n; i++)
        if (!is_position(x[i], y[i], z[i]))
            return mzg_fail(err, MZG_EFORMAT, "row %" PRId64 " of the table has no position", i);
    find_box(skipped, plane, x, y, n, map);
    map->indexed = (struct mzg_indexed){.width = (int)((map->width + map->block - 1) / map->block),
                                        .height = (int)((map->height + map->block - 1) / map->block),
                                        .colours = {0xffffff, 0x8c959f, 0xd55e00},
                                        .n_colours = 3,
                                        .first_is_clear = true};
    map->indexed.dots = calloc((size_t)map->indexed.width * (size_t)map->indexed.height, 1);
    if (!map->indexed.dots)
        return mzg_fail(err, MZG_ENOMEM, "no memory for a map of the skipped pixels");
    for (int64_t i = 0; i < n; i++)
        if ((int64_t)z[i] == plane)
            map->indexed.dots[((int64_t)y[i] - map->y) / map->block * map->indexed.width +
                              ((int64_t)x[i] - map->x) / map->block] = CONVERTED;
    for (int64_t i = 0; i < skipped->n; i++) {
        bool is_inside = has_place(skipped, i) && skipped->z[i] == plane && skipped->x[i] >= map->x &&
                         skipped->x[i] < map->x + map->width && skipped->y[i] >= map->y &&
                         skipped->y[i] < map->y + map->height;
        if (is_inside)
            mark(map, skipped->x[i], skipped->y[i]);
        else
            map->outside++;
    }
    return MZG_OK;
}

static void add_map(const struct mzg_report_subject *subject, const struct map *map, struct mzg_html *html)
{
    const struct mzg_view_raster *place = &subject->place;
    const struct mzg_raster raster = {.width = map->width,
                                      .height = map->height,
                                      .size_x = place->size_x,
                                      .size_y = place->size_y,
                                      .in_micrometres = place->in_micrometres};
    char count[MZG_FORMAT_SIZE], outside[MZG_FORMAT_SIZE], plane[60] = "", alt[MZG_REPORT_TEXT];
    unsigned char *png = NULL;
    int64_t n;
    if (mzg_indexed_png(&map->indexed, &png, &n, &html->err) != MZG_OK)
        return;
    mzg_format_count(count, sizeof count, subject->skipped.n - map->outside);
    mzg_format_count(outside, sizeof outside, map->outside);
    if (place->n_planes > 1)
        snprintf(plane, sizeof plane, " of the plane z = %" PRId64, place->z);
    snprintf(alt, sizeof alt, "Map of the pixels%s: %s of them, marked, were skipped", plane, count);
    mzg_html_markup(html, "<figure class=\"large\">\n<div class=\"image\">\n");
    mzg_report_picture(html, png, n, &raster, MAP_SHOWN, alt);
    mzg_report_scale(html, &raster);
    mzg_html_markup(html, "<p class=\"legend\"><span class=\"key converted\"></span>converted <span "
                          "class=\"key skipped\"></span>skipped</p>\n</div>\n");
    MZG_HTML_FILL(html, "<figcaption>Where they lie~.~~~</figcaption>\n</figure>\n", plane,
                  map->outside > 0 ? " Not on the map: " : "", map->outside > 0 ? outside : "",
                  map->outside > 0 ? ", in other planes, far away or without a position." : "");
    free(png);
}

static void add_map_of(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const struct mzg_view *view = subject->view;
    double *x = NULL, *y = NULL, *z = NULL;
    struct map map = {0};
    struct mzg_error *err = &html->err;
    if (err->status == MZG_OK && mzg_view_pixels(view, "x", &x, err) == MZG_OK &&
        mzg_view_pixels(view, "y", &y, err) == MZG_OK && mzg_view_pixels(view, "z", &z, err) == MZG_OK &&
        draw_map(&subject->skipped, subject->place.z, x, y, z, view->n_pixels, &map, err) == MZG_OK)
        add_map(subject, &map, html);
    free(map.indexed.dots);
    free(x);
    free(y);
    free(z);
}

/* A reason and how many pixels have it. */
struct reason {
    const char *text;
    int64_t n;
};

static int by_number(const void *a, const void *b)
{
    const struct reason *one = a, *other = b;
    return one->n != other->n ? (one->n < other->n ? 1 : -1) : strcmp(one->text, other->text);
}

/* Reasons are words of this program; of a store that has more of them the rest is one. */
static int count_reasons(const struct mzg_view_skipped *skipped, struct reason *reasons)
{
    int n = 0;
    for (int64_t i = 0; i < skipped->n; i++) {
        int found = 0;
        while (found < n && strcmp(reasons[found].text, skipped->reasons.items[i]) != 0)
            found++;
        if (found == MOST_REASONS) {
            found = n - 1;
            reasons[found].text = "others";
        }
        if (found == n)
            reasons[n++] = (struct reason){.text = skipped->reasons.items[i]};
        reasons[found].n++;
    }
    qsort(reasons, (size_t)n, sizeof *reasons, by_number);
    return n;
}

static void add_reasons(const struct mzg_view_skipped *skipped, struct mzg_html *html)
{
    struct reason reasons[MOST_REASONS];
    char count[MZG_FORMAT_SIZE];
    int n = count_reasons(skipped, reasons);
    mzg_html_markup(html, "<table>\n<caption>Reasons</caption>\n<thead><tr><th scope=\"col\">reason</th><th "
                          "scope=\"col\">pixels</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < n; i++)
        MZG_HTML_FILL(html, "<tr><th scope=\"row\">~</th><td>~</td></tr>\n", reasons[i].text,
                      mzg_format_count(count, sizeof count, reasons[i].n));
    mzg_html_markup(html, "</tbody>\n</table>\n");
}

static void add_list(const struct mzg_view_skipped *skipped, struct mzg_html *html)
{
    int64_t n = skipped->n < MOST_LISTED ? skipped->n : MOST_LISTED;
    char number[40], position[80];
    snprintf(number, sizeof number, "%" PRId64, n);
    MZG_HTML_FILL(html,
                  "<details~>\n<summary>~ ~</summary>\n<div class=\"wide\" role=\"region\" "
                  "aria-label=\"List of skipped pixels\" tabindex=\"0\">\n<table>\n<caption>Skipped "
                  "pixels~</caption>\n<thead><tr><th scope=\"col\">spectrum</th><th scope=\"col\">x, y, "
                  "z</th><th scope=\"col\">reason</th><th scope=\"col\">detail</th></tr></thead>\n<tbody>\n",
                  n <= 10 ? " open" : "", n < skipped->n ? "The first" : "All", number,
                  n < skipped->n ? "; all are listed in uns[\"skipped_pixels\"] of the table" : "");
    for (int64_t i = 0; i < n; i++) {
        snprintf(number, sizeof number, "%" PRId64, skipped->spectrum[i] + 1); /* as messages count */
        snprintf(position, sizeof position, "%" PRId64 ", %" PRId64 ", %" PRId64, skipped->x[i],
                 skipped->y[i], skipped->z[i]);
        MZG_HTML_FILL(html,
                      "<tr><th scope=\"row\">~</th><td class=\"place\">~</td><td>~</td><td>~</td></tr>\n",
                      number, has_place(skipped, i) ? position : "none", skipped->reasons.items[i],
                      skipped->details.n > 0 ? skipped->details.items[i] : "");
    }
    mzg_html_markup(html, "</tbody>\n</table>\n</div>\n</details>\n");
}

void mzg_report_skipped(const struct mzg_report_subject *subject, struct mzg_html *html)
{
    const struct mzg_view_skipped *skipped = &subject->skipped;
    char count[MZG_FORMAT_SIZE], share[40];
    mzg_html_markup(html,
                    "<section aria-labelledby=\"h-skipped\">\n<h2 id=\"h-skipped\">Skipped pixels</h2>\n");
    if (!skipped->is_there) {
        mzg_html_markup(html, "<p>This table has no list of skipped pixels of its own.</p>\n");
    } else if (skipped->n == 0) {
        mzg_html_markup(html, "<p>None: each pixel that was asked for is in the store.</p>\n");
    } else {
        snprintf(share, sizeof share, "%.3g",
                 100 * (double)skipped->n / (double)(skipped->n + subject->view->n_pixels));
        MZG_HTML_FILL(html, "<p>~ of the pixels (~ %) could not be read and are not in the store.</p>\n",
                      mzg_format_count(count, sizeof count, skipped->n), share);
        if (!subject->no_images[0])
            add_map_of(subject, html);
        add_reasons(skipped, html);
        add_list(skipped, html);
    }
    mzg_html_markup(html, "</section>\n");
}
