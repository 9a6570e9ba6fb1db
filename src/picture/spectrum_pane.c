/* A spectrum: the largest value at each dot, as a line from zero, and the m/z of the highest peaks. */
#include <picture/drawing.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT = 256, LABELS = 10 };
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

/* Of the bins at each dot the largest and, below zero, the smallest. */
static void draw_values(cairo_t *cairo, const struct mzg_spectrum_pane *pane, const struct frame *frame)
{
    int64_t i = 0;
    mzg_set_colour(cairo, line);
    cairo_set_line_width(cairo, pane->n * 4 < (int64_t)frame->width ? 3 : 1.5);
    while (i < pane->n) {
        double dot = floor(across(frame, pane->mz[i])), low = 0, high = 0;
        for (; i < pane->n && floor(across(frame, pane->mz[i])) == dot; i++)
            if (isfinite(pane->values[i])) {
                low = fmin(low, pane->values[i]);
                high = fmax(high, pane->values[i]);
            }
        if (high > low) {
            cairo_move_to(cairo, dot + 0.5, up(frame, low));
            cairo_line_to(cairo, dot + 0.5, up(frame, high));
        }
    }
    cairo_stroke(cairo);
}

/* The bin with the largest value that is free; -1: none. */
static int64_t find_peak(const struct mzg_spectrum_pane *pane, const struct frame *frame, const double *taken,
                         int n, double width)
{
    int64_t best = -1;
    for (int64_t i = 0; i < pane->n; i++) {
        if (!isfinite(pane->values[i]) || pane->values[i] <= 0 ||
            (best >= 0 && pane->values[i] <= pane->values[best]))
            continue;
        double at = across(frame, pane->mz[i]);
        bool is_free = true;
        for (int k = 0; k < n && is_free; k++)
            is_free = fabs(at - taken[k]) > width;
        if (is_free)
            best = i;
    }
    return best;
}

static void label_peaks(cairo_t *cairo, const struct mzg_spectrum_pane *pane, const struct frame *frame,
                        double size)
{
    double taken[LABELS], width = mzg_text_width(cairo, 0.8 * size, "1000.0000") * 1.05;
    char text[TEXT];
    mzg_set_colour(cairo, ink);
    for (int n = 0; n < LABELS; n++) {
        int64_t peak = find_peak(pane, frame, taken, n, width);
        if (peak < 0 || pane->values[peak] < 0.05 * frame->high)
            return;
        taken[n] = across(frame, pane->mz[peak]);
        snprintf(text, sizeof text, "%.4f", pane->mz[peak]);
        double half = mzg_text_width(cairo, 0.8 * size, text) / 2;
        double at = fmin(fmax(taken[n], frame->x + half + 2), frame->x + frame->width - half - 2);
        mzg_draw_text(cairo, at, up(frame, pane->values[peak]) - 0.6 * size, 0.8 * size, MZG_CENTRE, text);
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

void mzg_spectrum_draw(cairo_t *cairo, const struct mzg_spectrum_pane *pane, double x, double y, double width,
                       double height, double size)
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
    draw_values(cairo, pane, &frame);
    label_peaks(cairo, pane, &frame, size);
    draw_axes(cairo, pane, &frame, &heights, x, size);
}
