/*
 * One interval of a curve as a polynomial of the weight w = (c - left) / width, 0 at its left end and 1 at
 * its right. Every way to look a curve up goes through these few lines, so that all give the same bits.
 */
#ifndef MZG_RESAMPLE_STRETCH_H
#define MZG_RESAMPLE_STRETCH_H

#include <math.h>
#include <stdbool.h>

struct mzg_stretch {
    double level; /* level + w (first + w (second + w third)); for a line second and third are not used */
    double first;
    double second;
    double third;
};

static inline double mzg_stretch_weight(double center, double left, double per_width)
{
    return (center - left) * per_width;
}

static inline struct mzg_stretch mzg_stretch_line(double left, double right)
{
    return (struct mzg_stretch){.level = left, .first = right - left};
}

/* The cubic with those values at its ends and those slopes there. */
static inline struct mzg_stretch mzg_stretch_cubic(double left, double right, double width, double slope_left,
                                                   double slope_right)
{
    double rise = right - left;
    double rise_left = width * slope_left;
    double rise_right = width * slope_right;
    return (struct mzg_stretch){.level = left,
                                .first = rise_left,
                                .second = (rise - rise_left) * 3.0 - (rise_right - rise_left),
                                .third = (rise_left - rise) + (rise_right - rise)};
}

/* Whether the cubic between two zeros is nowhere above 0, the lowest value allowed: it falls from the left
 * one and rises to the right one. With `lowest` -INFINITY, whether it is 0 all over. */
static inline bool mzg_stretch_is_dead(double left, double right, double slope_left, double slope_right,
                                       double lowest)
{
    double steepest = lowest == 0.0 ? INFINITY : 0.0;
    return (left == 0.0) & (right == 0.0) & (slope_left <= 0.0) & (slope_right >= 0.0) &
           (slope_left >= -steepest) & (slope_right <= steepest);
}

static inline double mzg_stretch_value(struct mzg_stretch s, int is_line, double weight)
{
    if (is_line)
        return s.level + weight * s.first;
    return s.level + weight * (s.first + weight * (s.second + weight * s.third));
}

#endif
