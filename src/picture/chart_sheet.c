/* What happened over the time of a run: phases as bands, lines below each other, a map of ranks. */
#include <picture/drawing.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    WIDTH = 1700,
    SIZE = 24,
    PHASES = 90,
    PANE = 330,
    GAP = 64,
    LEFT = 190,
    RIGHT = 40,
    MOST_MAP = 700,
    TEXT = 256
};
static const uint32_t ink = 0x222222, pale = 0x666666, grid = 0xe2e2e2, nothing = 0xf2f2f2;

/* Apart for the colour-blind, and dark enough for lines on white; and as dashes, for print without colours.
 */
static const uint32_t colours[] = {0x0072b2, 0xd55e00, 0x007f5f, 0x8a4d76};
static const uint32_t tints[] = {0x9fd3f3, 0xf7c873, 0x8fd6bf, 0xf0a58a, 0xd9b3d0, 0xf2ec8a};

struct place {
    double x, y, width, height;
};

static double across(const struct mzg_chart *line, const struct place *place, double at)
{
    return place->x + fmin(fmax(at / line->seconds, 0), 1) * place->width;
}

static void draw_phases(cairo_t *cairo, const struct mzg_chart *line, const struct place *place)
{
    char text[TEXT], narrow[TEXT] = "";
    size_t used = 0;
    for (int i = 0; i < line->n_phases; i++) {
        const struct mzg_chart_phase *phase = &line->phases[i];
        double x = across(line, place, phase->begin), end = across(line, place, phase->end);
        cairo_rectangle(cairo, x, place->y, end - x, place->height);
        mzg_set_colour(cairo, tints[(size_t)i % (sizeof tints / sizeof *tints)]);
        cairo_fill(cairo);
        snprintf(text, sizeof text, "%s %.3g s", phase->name, phase->end - phase->begin);
        mzg_set_colour(cairo, ink);
        if (mzg_text_width(cairo, 0.9 * SIZE, text) > end - x - 8)
            snprintf(text, sizeof text, "%s", phase->name);
        if (mzg_text_width(cairo, 0.9 * SIZE, text) <= end - x - 8)
            mzg_draw_text(cairo, (x + end) / 2, place->y + place->height / 2, 0.9 * SIZE, MZG_CENTRE, text);
        else if (used + 40 < sizeof narrow)
            used += (size_t)snprintf(narrow + used, sizeof narrow - used, "%s%s %.3g s", used ? ", " : "",
                                     phase->name, phase->end - phase->begin);
    }
    if (used > 0) { /* those whose bands have no room for a name */
        char also[TEXT + 16];
        snprintf(also, sizeof also, "also %s", narrow);
        mzg_set_colour(cairo, pale);
        mzg_draw_text(cairo, place->x, place->y + place->height + 0.8 * SIZE, 0.85 * SIZE, MZG_LEFT, also);
    }
}

/* The axis of time below a pane, and lines through it. */
static void draw_time(cairo_t *cairo, const struct mzg_chart *line, const struct place *place, bool is_last)
{
    char text[TEXT];
    struct mzg_ticks ticks = mzg_ticks_of(0, line->seconds, 10, false);
    double bottom = place->y + place->height;
    for (int i = 0; i < ticks.n; i++) {
        double x = across(line, place, mzg_tick_value(&ticks, i));
        mzg_set_colour(cairo, ink);
        mzg_draw_line(cairo, x, bottom, x, bottom + 8, 2);
        mzg_tick_text(&ticks, i, text, sizeof text);
        mzg_draw_text(cairo, x, bottom + SIZE, 0.85 * SIZE, MZG_CENTRE, text);
    }
    if (is_last)
        mzg_draw_text(cairo, place->x + place->width / 2, bottom + 2.4 * SIZE, SIZE, MZG_CENTRE,
                      "seconds since the run began");
}

static double highest(const struct mzg_chart_pane *pane)
{
    double high = pane->least_height;
    for (int s = 0; s < pane->n_series; s++)
        for (int i = 0; i < pane->series[s].n; i++)
            if (isfinite(pane->series[s].values[i]))
                high = fmax(high, pane->series[s].values[i]);
    return high > 0 ? 1.05 * high : 1;
}

/* Each value holds from its beginning to its end. */
static void draw_series(cairo_t *cairo, const struct mzg_chart *line, const struct place *place,
                        const struct mzg_chart_series *series, int number, double high)
{
    static const double dashes[] = {14, 6};
    cairo_save(cairo);
    mzg_set_colour(cairo, colours[number % 4]);
    cairo_set_line_width(cairo, 3.5);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    if (number > 0)
        cairo_set_dash(cairo, dashes, number, 0);
    double last = -1;
    for (int i = 0; i < series->n; i++) {
        double x = across(line, place, series->begins[i]), end = across(line, place, series->ends[i]);
        double y = place->y + place->height * (1 - fmax(series->values[i], 0) / high);
        if (last < 0 || x > last + 1.5)
            cairo_move_to(cairo, x, y);
        else
            cairo_line_to(cairo, x, y);
        cairo_line_to(cairo, end, y);
        last = end;
    }
    cairo_stroke(cairo);
    cairo_restore(cairo);
}

static void draw_legend(cairo_t *cairo, const struct mzg_chart_pane *pane, const struct place *place)
{
    static const double dashes[] = {14, 6};
    double x = place->x + mzg_text_width(cairo, SIZE, pane->title) + 2 * SIZE, y = place->y - 0.9 * SIZE;
    mzg_set_colour(cairo, ink);
    mzg_draw_text(cairo, place->x, y, SIZE, MZG_LEFT, pane->title);
    for (int s = 0; s < pane->n_series && pane->series[s].name; s++) {
        cairo_save(cairo);
        mzg_set_colour(cairo, colours[s % 4]);
        if (s > 0)
            cairo_set_dash(cairo, dashes, s, 0);
        mzg_draw_line(cairo, x, y, x + 2.4 * SIZE, y, 4);
        cairo_restore(cairo);
        mzg_set_colour(cairo, ink);
        mzg_draw_text(cairo, x + 2.8 * SIZE, y, 0.85 * SIZE, MZG_LEFT, pane->series[s].name);
        x += 3.8 * SIZE + mzg_text_width(cairo, 0.85 * SIZE, pane->series[s].name);
    }
}

static void draw_pane(cairo_t *cairo, const struct mzg_chart *line, const struct mzg_chart_pane *pane,
                      const struct place *place, bool is_last)
{
    char text[TEXT];
    double high = highest(pane);
    struct mzg_ticks ticks = mzg_ticks_of(0, high, 5, true);
    for (int i = 0; i < ticks.n; i++) {
        double y = place->y + place->height * (1 - mzg_tick_value(&ticks, i) / high);
        mzg_set_colour(cairo, grid);
        mzg_draw_line(cairo, place->x, y, place->x + place->width, y, 1.5);
        mzg_set_colour(cairo, ink);
        mzg_tick_text(&ticks, i, text, sizeof text);
        mzg_draw_text(cairo, place->x - 12, y, 0.85 * SIZE, MZG_RIGHT, text);
    }
    for (int s = 0; s < pane->n_series; s++)
        draw_series(cairo, line, place, &pane->series[s], s, high);
    mzg_set_colour(cairo, ink);
    mzg_draw_line(cairo, place->x, place->y, place->x, place->y + place->height, 2);
    mzg_draw_line(cairo, place->x, place->y + place->height, place->x + place->width,
                  place->y + place->height, 2);
    mzg_tick_label(&ticks, pane->label, text, sizeof text);
    mzg_draw_text_upwards(cairo, SIZE, place->y + place->height / 2, 0.9 * SIZE, text);
    draw_legend(cairo, pane, place);
    draw_time(cairo, line, place, is_last);
}

/* White to dark by how much of the time a rank waited. */
static uint32_t shade(float share)
{
    double s = fmin(fmax((double)share, 0), 1);
    return (uint32_t)lround(253 - 175 * s) << 16 | (uint32_t)lround(246 - 238 * s) << 8 |
           (uint32_t)lround(227 - 165 * s);
}

static void draw_map(cairo_t *cairo, const struct mzg_chart *line, const struct place *place)
{
    char text[TEXT];
    const struct mzg_chart_map *map = &line->map;
    double row = place->height / map->n_rows;
    cairo_rectangle(cairo, place->x, place->y, place->width, place->height);
    mzg_set_colour(cairo, nothing);
    cairo_fill(cairo);
    cairo_save(cairo);
    cairo_set_antialias(cairo, CAIRO_ANTIALIAS_NONE);
    for (int i = 0; i < map->n_columns; i++)
        for (int r = 0; r < map->n_rows; r++) {
            float share = map->values[(int64_t)i * map->n_rows + r];
            double x = across(line, place, map->begins[i]), end = across(line, place, map->ends[i]);
            if (!isfinite(share))
                continue;
            cairo_rectangle(cairo, x, place->y + r * row, fmax(end - x, 1), row);
            mzg_set_colour(cairo, shade(share));
            cairo_fill(cairo);
        }
    cairo_restore(cairo);
    mzg_set_colour(cairo, ink);
    mzg_draw_text(cairo, place->x, place->y - 0.9 * SIZE, SIZE, MZG_LEFT, map->title);
    double x = place->x + mzg_text_width(cairo, SIZE, map->title) + 2 * SIZE, y = place->y - 0.9 * SIZE;
    for (int i = 0; i <= 10; i++) {
        cairo_rectangle(cairo, x + i * SIZE, y - SIZE / 2.0, SIZE + 0.5, SIZE);
        mzg_set_colour(cairo, shade((float)i / 10));
        cairo_fill(cairo);
    }
    mzg_set_colour(cairo, ink);
    mzg_draw_text(cairo, x + 11.5 * SIZE, y, 0.85 * SIZE, MZG_LEFT, "0 to 100 % of the time");
    int step = 1;
    while (map->n_rows / step > 10 || step * row < 1.1 * SIZE)
        step *= step == 2 || step == 20 || step == 200 ? 5 : 2;
    for (int r = 0; r < map->n_rows; r += step) {
        snprintf(text, sizeof text, "%lld", (long long)map->ranks_of_row * r);
        mzg_draw_text(cairo, place->x - 12, place->y + (r + 0.5) * row, 0.85 * SIZE, MZG_RIGHT, text);
    }
    mzg_draw_text_upwards(cairo, SIZE, place->y + place->height / 2, 0.9 * SIZE, "rank");
    draw_time(cairo, line, place, true);
}

static double map_height(const struct mzg_chart *line)
{
    return line->map.n_rows > 0 ? fmin(MOST_MAP, fmax(90, 34.0 * line->map.n_rows)) : 0;
}

static void paint(cairo_t *cairo, const void *what)
{
    const struct mzg_chart *line = what;
    struct place place = {.x = LEFT, .y = 4.6 * SIZE, .width = WIDTH - LEFT - RIGHT, .height = PHASES - 20};
    mzg_set_colour(cairo, ink);
    mzg_draw_text(cairo, LEFT, 1.3 * SIZE, 1.2 * SIZE, MZG_LEFT, line->title);
    mzg_set_colour(cairo, pale);
    mzg_draw_text(cairo, LEFT, 2.9 * SIZE, 0.85 * SIZE, MZG_LEFT, line->subtitle);
    draw_phases(cairo, line, &place);
    place.y += PHASES + GAP;
    place.height = PANE - GAP - 20;
    for (int i = 0; i < line->n_panes; i++) {
        draw_pane(cairo, line, &line->panes[i], &place, i + 1 == line->n_panes && line->map.n_rows == 0);
        place.y += PANE + 20;
    }
    place.height = map_height(line);
    if (line->map.n_rows > 0)
        draw_map(cairo, line, &place);
}

enum mzg_status mzg_chart_write(const struct mzg_chart *line, bool as_svg, int fd, const char *path,
                                struct mzg_error *err)
{
    double height = 4.6 * SIZE + PHASES + GAP + line->n_panes * (PANE + 20) + map_height(line) + 3 * SIZE;
    return mzg_canvas_write(WIDTH, height, as_svg, paint, line, fd, path, err);
}
