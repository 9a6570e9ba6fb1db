/*
 * The laws that bin widths follow, as a table. A further law is one row.
 */
#ifndef MZG_AXIS_LAW_H
#define MZG_AXIS_LAW_H

#include <axis/dd.h>
#include <mzgrid/axis.h>

/* The functions take m/z (or t) and the specification, because a law may have parameters there. They are
 * exact enough for their results, rounded to doubles, to be within 1 ulp, and so are edges computed from
 * them. */
struct mzg_law {
    const char *name;
    double exponent;                                                                /* p; NAN: none */
    struct mzg_dd (*width)(struct mzg_dd mz, const struct mzg_axis_spec *spec);     /* w(m), up to a factor */
    struct mzg_dd (*transform)(struct mzg_dd mz, const struct mzg_axis_spec *spec); /* T(m) */
    struct mzg_dd (*inverse)(struct mzg_dd t, const struct mzg_axis_spec *spec);    /* T^-1(t) */
    double (*transform_fast)(double mz, const struct mzg_axis_spec *spec); /* T(m), within a few ulp */
};

extern const struct mzg_law mzg_laws[MZG_AXIS_LAWS];

#endif
