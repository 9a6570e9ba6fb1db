/*
 * The table of laws. dT/dm = 1/w(m): the transforms are the integrals of what a bin's width is divided by, so
 * bins of equal length in T have widths proportional to w.
 *
 * Products and square roots are computed as double-doubles. ln, asinh and their inverses are computed as long
 * doubles: their results are not magnified by more than the logarithm of the m/z range, for which 11 extra
 * bits do.
 */
#include <axis/law.h>

#define UNUSED_SPEC const struct mzg_axis_spec *spec __attribute__((unused))

static struct mzg_dd constant_width(struct mzg_dd mz __attribute__((unused)), UNUSED_SPEC)
{
    return dd_from(1.0);
}

static struct mzg_dd constant_transform(struct mzg_dd mz, UNUSED_SPEC)
{
    return mz;
}

static double constant_fast(double mz, UNUSED_SPEC)
{
    return mz;
}

static struct mzg_dd linear_tof_width(struct mzg_dd mz, UNUSED_SPEC)
{
    return dd_sqrt(mz);
}

static struct mzg_dd linear_tof_transform(struct mzg_dd mz, UNUSED_SPEC)
{
    return dd_mul(dd_from(2.0), dd_sqrt(mz));
}

static struct mzg_dd linear_tof_inverse(struct mzg_dd t, UNUSED_SPEC)
{
    struct mzg_dd half = dd_mul(dd_from(0.5), t);
    return dd_mul(half, half);
}

static double linear_tof_fast(double mz, UNUSED_SPEC)
{
    return 2.0 * sqrt(mz);
}

static struct mzg_dd reflector_tof_width(struct mzg_dd mz, UNUSED_SPEC)
{
    return mz;
}

static struct mzg_dd reflector_tof_transform(struct mzg_dd mz, UNUSED_SPEC)
{
    return dd_from_long(logl(dd_to_long(mz)));
}

static struct mzg_dd reflector_tof_inverse(struct mzg_dd t, UNUSED_SPEC)
{
    return dd_from_long(expl(dd_to_long(t)));
}

static double reflector_tof_fast(double mz, UNUSED_SPEC)
{
    return log(mz);
}

static struct mzg_dd orbitrap_width(struct mzg_dd mz, UNUSED_SPEC)
{
    return dd_mul(mz, dd_sqrt(mz));
}

static struct mzg_dd orbitrap_transform(struct mzg_dd mz, UNUSED_SPEC)
{
    return dd_div(dd_from(-2.0), dd_sqrt(mz));
}

static struct mzg_dd orbitrap_inverse(struct mzg_dd t, UNUSED_SPEC)
{
    return t.hi < 0.0 ? dd_div(dd_from(4.0), dd_mul(t, t)) : dd_from(INFINITY);
}

static double orbitrap_fast(double mz, UNUSED_SPEC)
{
    return -2.0 / sqrt(mz);
}

static struct mzg_dd fticr_width(struct mzg_dd mz, UNUSED_SPEC)
{
    return dd_mul(mz, mz);
}

static struct mzg_dd fticr_transform(struct mzg_dd mz, UNUSED_SPEC)
{
    return dd_div(dd_from(-1.0), mz);
}

static struct mzg_dd fticr_inverse(struct mzg_dd t, UNUSED_SPEC)
{
    return t.hi < 0.0 ? dd_div(dd_from(-1.0), t) : dd_from(INFINITY);
}

static double fticr_fast(double mz, UNUSED_SPEC)
{
    return -1.0 / mz;
}

static struct mzg_dd tof_width(struct mzg_dd mz, const struct mzg_axis_spec *spec)
{
    long double m = dd_to_long(mz);
    return dd_from_long(sqrtl(m * ((long double)spec->tof_a + (long double)spec->tof_b * m)));
}

static struct mzg_dd tof_transform(struct mzg_dd mz, const struct mzg_axis_spec *spec)
{
    long double a = spec->tof_a;
    long double b = spec->tof_b;
    return dd_from_long(2.0L / sqrtl(b) * asinhl(sqrtl(b * dd_to_long(mz) / a)));
}

static struct mzg_dd tof_inverse(struct mzg_dd t, const struct mzg_axis_spec *spec)
{
    long double a = spec->tof_a;
    long double b = spec->tof_b;
    long double root = sinhl(dd_to_long(t) * sqrtl(b) / 2.0L);
    return dd_from_long(a / b * root * root);
}

static double tof_fast(double mz, const struct mzg_axis_spec *spec)
{
    return 2.0 / sqrt(spec->tof_b) * asinh(sqrt(spec->tof_b * mz / spec->tof_a));
}

const struct mzg_law mzg_laws[MZG_AXIS_LAWS] = {
    [MZG_AXIS_CONSTANT] = {"constant", 0.0, constant_width, constant_transform, constant_transform,
                           constant_fast},
    [MZG_AXIS_LINEAR_TOF] = {"linear_tof", 0.5, linear_tof_width, linear_tof_transform, linear_tof_inverse,
                             linear_tof_fast},
    [MZG_AXIS_REFLECTOR_TOF] = {"reflector_tof", 1.0, reflector_tof_width, reflector_tof_transform,
                                reflector_tof_inverse, reflector_tof_fast},
    [MZG_AXIS_ORBITRAP] = {"orbitrap", 1.5, orbitrap_width, orbitrap_transform, orbitrap_inverse,
                           orbitrap_fast},
    [MZG_AXIS_FTICR] = {"fticr", 2.0, fticr_width, fticr_transform, fticr_inverse, fticr_fast},
    [MZG_AXIS_TOF] = {"tof", NAN, tof_width, tof_transform, tof_inverse, tof_fast},
};
