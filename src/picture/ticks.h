/* The numbers at an axis, and the length of a scale bar. All pure. */
#ifndef MZG_PICTURE_TICKS_H
#define MZG_PICTURE_TICKS_H

#include <stdbool.h>

/* Round numbers in an interval: the multiples of `step` in it. */
struct mzg_ticks {
    double first, step;
    int n;
    int digits;   /* behind the point */
    int exponent; /* of ten, that numbers are divided by; 0: none */
};
/* At most about `wanted` of them. With `scaled` large and small numbers are divided by a power of ten. */
struct mzg_ticks mzg_ticks_of(double low, double high, int wanted, bool scaled);
/* Some more if that were less than two, which tell no scale; fewer only if there are no two round numbers. */
struct mzg_ticks mzg_ticks_pair(double low, double high, int wanted);
void mzg_tick_text(const struct mzg_ticks *ticks, int i, char *text, int size);
/* The round length of the bar that tells the scale of an image whose longer side is `longest`: an eighth to a
 * fifth of that, no less than a `cell`; a cell, if nothing round lies between. */
double mzg_scale_bar_length(double longest, double cell);
double mzg_tick_value(const struct mzg_ticks *ticks, int i);
/* `label`, and what its numbers are divided by: "intensity (×10⁶)". */
void mzg_tick_label(const struct mzg_ticks *ticks, const char *label, char *text, int size);

#endif
