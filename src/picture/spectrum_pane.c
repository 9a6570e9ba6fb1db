/* A spectrum: the largest value at each dot, as a line from zero, and the m/z of the highest peaks. */
#include <picture/drawing.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT = 256, LABELS = 12, TRIES = 500 };
static const uint32_t ink = 0x222222, pale = 0x666666, line = 0x1f4e79;

/* Where the pane's numbers lie on the sheet. */
struct frame {
    double x, y, width, height; /* of the box of the axes */
    double mz_low, mz_high, low, high;
};

static double across(const struct frame *frame, double mz)
{
    return frame->x + (mz - frame->mz_low) / (frame->mz_high - frame->mz_low) * frame->width;
}

static double up(const struct frame *frame, double value)
{
    return frame->y + frame->height - (value - frame->low) / (frame->high - frame->low) * frame->height;
}

static void find_range(const struct mzg_spectrum_pane *pane, struct frame *frame)
{
    frame->mz_low = pane->mz[0];
    frame->mz_high = pane->mz[pane->n - 1];
    if (!(frame->mz_high > frame->mz_low)) {
        frame->mz_low -= 0.5;
        frame->mz_high += 0.5;
    }
    double space = (frame->mz_high - frame->mz_low) / 100; /* beside the first and the last peak */
    frame->mz_low -= space;
    frame->mz_high += space;
    for (int64_t i = 0; i < pane->n; i++)
        if (isfinite(pane->values[i])) {
            frame->low = fmin(frame->low, pane->values[i]);
            frame->high = fmax(frame->high, pane->values[i]);
        }
    frame->high = frame->high > frame->low ? frame->low + (frame->high - frame->low) * 1.12 : frame->low + 1;
}

/* What is drawn at one dot of the width. */
struct stroke {
    double low, high;
    int64_t peak; /* the bin with the largest value; -1: none */
};

/* Of the bins at each dot the largest and, below zero, the smallest; NULL without memory. */
static struct stroke *gather_strokes(const struct mzg_spectrum_pane *pane, const struct frame *frame, int n)
{
    struct stroke *strokes = malloc((size_t)n * sizeof *strokes);
    for (int i = 0; strokes && i < n; i++)
        strokes[i] = (struct stroke){.peak = -1};
    for (int64_t i = 0; strokes && i < pane->n; i++) {
        double value = pane->values[i], dot = across(frame, pane->mz[i]) - frame->x;
        struct stroke *stroke = &strokes[(int)fmin(n - 1, fmax(0, floor(dot)))];
        if (!isfinite(value))
            continue;
        stroke->low = fmin(stroke->low, value);
        if (value > stroke->high) {
            stroke->high = value;
            stroke->peak = i;
        }
    }
    return strokes;
}

static void draw_values(cairo_t *cairo, const struct mzg_spectrum_pane *pane, const struct frame *frame,
                        const struct stroke *strokes, int n)
{
    mzg_set_colour(cairo, line);
    cairo_set_line_width(cairo, pane->n * 4 < n ? 3 : 2);
    for (int i = 0; i < n; i++)
        if (strokes[i].high > strokes[i].low) {
            cairo_move_to(cairo, frame->x + i + 0.5, up(frame, strokes[i].low));
            cairo_line_to(cairo, frame->x + i + 0.5, up(frame, strokes[i].high));
        }
    cairo_stroke(cairo);
}

/* Where a number stands, in dots. */
struct label {
    double left, right, top, bottom;
};

/* Whether neither a line nor another label crosses it. */
static bool is_free(const struct label *label, const struct label *others, int n_others,
                    const struct frame *frame, const struct stroke *strokes, int n)
{
    for (int k = 0; k < n_others; k++)
        if (label->left < others[k].right && label->right > others[k].left && label->top < others[k].bottom &&
            label->bottom > others[k].top)
            return false;
    int first = (int)fmax(0, floor(label->left - frame->x));
    int end = (int)fmin(n, ceil(label->right - frame->x));
    for (int i = first; i < end; i++)
        if (up(frame, strokes[i].high) < label->bottom)
            return false;
    return true;
}

/* The dot whose value comes next behind that of dot `last` (-1: the first), from the largest; -1: none. */
static int next_peak(const struct stroke *strokes, int n, int last)
{
    int best = -1;
    for (int i = 0; i < n; i++) {
        bool is_left = last < 0 || strokes[i].high < strokes[last].high ||
                       (strokes[i].high == strokes[last].high && i > last);
        if (strokes[i].peak >= 0 && is_left && (best < 0 || strokes[i].high > strokes[best].high))
            best = i;
    }
    return best;
}

/* The m/z of the highest peaks, if there is room above them. */
static void label_peaks(cairo_t *cairo, const struct mzg_spectrum_pane *pane, const struct frame *frame,
                        const struct stroke *strokes, int n, double size)
{
    struct label labels[LABELS];
    char text[TEXT];
    int n_labels = 0, dot = -1;
    mzg_set_colour(cairo, ink);
    for (int tries = 0; tries < TRIES && n_labels < LABELS; tries++) {
        dot = next_peak(strokes, n, dot);
        if (dot < 0 || strokes[dot].high < 0.05 * frame->high)
            return;
        snprintf(text, sizeof text, "%.4f", pane->mz[strokes[dot].peak]);
        double half = mzg_text_width(cairo, size, text) / 2;
        double at = fmin(fmax(frame->x + dot + 0.5, frame->x + half + 4), frame->x + frame->width - half);
        double tip = up(frame, strokes[dot].high);
        struct label label = {at - half - 0.2 * size, at + half + 0.2 * size, tip - 1.2 * size, tip - 4};
        if (!is_free(&label, labels, n_labels, frame, strokes, n))
            continue;
        labels[n_labels++] = label;
        mzg_draw_text(cairo, at, tip - 0.65 * size, size, MZG_CENTRE, text);
    }
}

static void draw_axes(cairo_t *cairo, const struct mzg_spectrum_pane *pane, const struct frame *frame,
                      const struct mzg_ticks *heights, double left, double size)
{
    char text[TEXT];
    struct mzg_ticks ticks =
        mzg_ticks_of(frame->mz_low, frame->mz_high, (int)fmax(2, frame->width / (5 * size)), false);
    double bottom = frame->y + frame->height, zero = up(frame, 0);
    mzg_set_colour(cairo, ink);
    mzg_draw_line(cairo, frame->x, frame->y, frame->x, bottom, 2);
    mzg_draw_line(cairo, frame->x, bottom, frame->x + frame->width, bottom, 2);
    if (zero < bottom - 1)
        mzg_draw_line(cairo, frame->x, zero, frame->x + frame->width, zero, 1);
    for (int i = 0; i < ticks.n; i++) {
        double at = across(frame, mzg_tick_value(&ticks, i));
        mzg_draw_line(cairo, at, bottom, at, bottom + size / 3, 2);
        mzg_tick_text(&ticks, i, text, sizeof text);
        mzg_draw_text(cairo, at, bottom + size, size, MZG_CENTRE, text);
    }
    for (int i = 0; i < heights->n; i++) {
        double at = up(frame, mzg_tick_value(heights, i));
        mzg_draw_line(cairo, frame->x - size / 3, at, frame->x, at, 2);
        mzg_tick_text(heights, i, text, sizeof text);
        mzg_draw_text(cairo, frame->x - 0.6 * size, at, size, MZG_RIGHT, text);
    }
    mzg_draw_text(cairo, frame->x + frame->width / 2, bottom + 2.4 * size, size, MZG_CENTRE, "m/z");
    mzg_tick_label(heights, pane->label, text, sizeof text);
    mzg_draw_text_upwards(cairo, left + 0.8 * size, frame->y + frame->height / 2, size, text);
}

enum mzg_status mzg_spectrum_draw(cairo_t *cairo, const struct mzg_spectrum_pane *pane, double x, double y,
                                  double width, double height, double size, struct mzg_error *err)
{
    struct frame frame = {.y = y + 3.4 * size, .height = height - 6.8 * size};
    char text[TEXT];
    double widest = 0;
    find_range(pane, &frame);
    struct mzg_ticks heights =
        mzg_ticks_of(frame.low, frame.high, (int)fmax(2, frame.height / (3 * size)), true);
    for (int i = 0; i < heights.n; i++) {
        mzg_tick_text(&heights, i, text, sizeof text);
        widest = fmax(widest, mzg_text_width(cairo, size, text));
    }
    frame.x = round(x + widest + 2.6 * size);
    frame.width = x + width - 1.5 * size - frame.x;
    mzg_set_colour(cairo, ink);
    mzg_draw_text(cairo, frame.x + frame.width / 2, y + 0.9 * size, 1.2 * size, MZG_CENTRE, pane->title);
    mzg_set_colour(cairo, pale);
    mzg_draw_text(cairo, frame.x + frame.width / 2, y + 2.3 * size, 0.9 * size, MZG_CENTRE, pane->subtitle);
    int n = (int)fmax(1, ceil(frame.width));
    struct stroke *strokes = gather_strokes(pane, &frame, n);
    if (!strokes)
        return mzg_fail(err, MZG_ENOMEM, "no memory to draw a spectrum %d dots wide", n);
    draw_values(cairo, pane, &frame, strokes, n);
    label_peaks(cairo, pane, &frame, strokes, n, size);
    free(strokes);
    draw_axes(cairo, pane, &frame, &heights, x, size);
    return MZG_OK;
}
