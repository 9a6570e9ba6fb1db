/*
 * Double-double numbers: the unevaluated sum of two doubles, about 106 bits. The edges of the orbitrap and
 * fticr laws come from differences such as 1/lo - k h, which magnify every rounding of h by the ratio hi/lo;
 * with twice the bits the magnified error still vanishes when the result is rounded to a double.
 */
#ifndef MZG_AXIS_DD_H
#define MZG_AXIS_DD_H

#include <math.h>

struct mzg_dd {
    double hi; /* the number, rounded to a double */
    double lo; /* what is missing, at most half an ulp of hi */
};

static inline struct mzg_dd dd_from(double x)
{
    return (struct mzg_dd){.hi = x, .lo = 0.0};
}

static inline struct mzg_dd dd_from_long(long double x)
{
    double hi = (double)x;
    return (struct mzg_dd){.hi = hi, .lo = isfinite(hi) ? (double)(x - (long double)hi) : 0.0};
}

static inline long double dd_to_long(struct mzg_dd x)
{
    return (long double)x.hi + (long double)x.lo;
}

/* hi + lo for |hi| >= |lo|, normalised. */
static inline struct mzg_dd dd_normal(double hi, double lo)
{
    double sum = hi + lo;
    return (struct mzg_dd){.hi = sum, .lo = isfinite(sum) ? lo - (sum - hi) : 0.0};
}

static inline struct mzg_dd dd_neg(struct mzg_dd a)
{
    return (struct mzg_dd){.hi = -a.hi, .lo = -a.lo};
}

static inline struct mzg_dd dd_add(struct mzg_dd a, struct mzg_dd b)
{
    double sum = a.hi + b.hi;
    double part = sum - a.hi;
    double error = (a.hi - (sum - part)) + (b.hi - part);
    double sum_lo = a.lo + b.lo;
    double part_lo = sum_lo - a.lo;
    double error_lo = (a.lo - (sum_lo - part_lo)) + (b.lo - part_lo);
    struct mzg_dd first = dd_normal(sum, error + sum_lo);
    return dd_normal(first.hi, first.lo + error_lo);
}

static inline struct mzg_dd dd_sub(struct mzg_dd a, struct mzg_dd b)
{
    return dd_add(a, dd_neg(b));
}

static inline struct mzg_dd dd_mul(struct mzg_dd a, struct mzg_dd b)
{
    double product = a.hi * b.hi;
    double error = fma(a.hi, b.hi, -product);
    return dd_normal(product, error + (a.hi * b.lo + a.lo * b.hi));
}

static inline struct mzg_dd dd_div(struct mzg_dd a, struct mzg_dd b)
{
    double quotient = a.hi / b.hi;
    struct mzg_dd rest = dd_sub(a, dd_mul(dd_from(quotient), b));
    double second = rest.hi / b.hi;
    rest = dd_sub(rest, dd_mul(dd_from(second), b));
    struct mzg_dd sum = dd_normal(quotient, second);
    return dd_normal(sum.hi, sum.lo + rest.hi / b.hi);
}

/* For a >= 0. */
static inline struct mzg_dd dd_sqrt(struct mzg_dd a)
{
    double root = sqrt(a.hi);
    if (!(root > 0.0) || !isfinite(root))
        return dd_from(root);
    struct mzg_dd rest = dd_sub(a, dd_mul(dd_from(root), dd_from(root)));
    return dd_normal(root, rest.hi / (2.0 * root));
}

#endif
