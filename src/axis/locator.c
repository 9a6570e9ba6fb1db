/*
 * The closed forms, as loops that compilers turn into vector code. T(m) - T(lo), lo the first edge, is
 * written as a product with m - lo where that is possible, which loses no digits to cancellation. With r =
 * sqrt(lo):
 *
 *     constant       (m - lo) / h
 *     linear_tof     2 (m - lo) / (h (sqrt m + r))
 *     reflector_tof  ln(m / lo) / h
 *     orbitrap       2 (m - lo) / (h r (m + r sqrt m))
 *     fticr          (m - lo) / (h lo m)
 *     tof            ln(s(m) / s(lo)) 2 / (h sqrt B),  s(m) = sqrt x + sqrt(1 + x),  x = m B / A
 */
#include <axis/clones.h>
#include <axis/locator.h>
#include <axis/native.h>

#include <float.h>
#include <math.h>
#include <string.h>

/* Roundings in the closed forms, in h and in the edges are together worth less than this many relative
 * roundings of the m/z. */
static const double roundings = 64.0;

enum { block = 512 };

static double tof_root(const struct mzg_axis_spec *spec, double mz)
{
    double x = mz * (spec->tof_b / spec->tof_a);
    return sqrt(x) + sqrt(1.0 + x);
}

static double widest(double a, double b)
{
    return a > b ? a : b;
}

void mzg_locator_init(const struct mzg_axis *axis, struct mzg_locator *locator)
{
    const struct mzg_axis_spec *spec = &axis->spec;
    double lo = axis->first_edge;
    double h = axis->step;
    *locator = (struct mzg_locator){.axis = axis};
    if (spec->type == MZG_AXIS_NATIVE)
        return;
    switch (spec->type) {
    case MZG_AXIS_LINEAR_TOF:
        locator->inner = sqrt(lo);
        locator->outer = 2.0 / h;
        break;
    case MZG_AXIS_REFLECTOR_TOF:
        locator->inner = 1.0 / lo;
        locator->outer = 1.0 / h;
        break;
    case MZG_AXIS_ORBITRAP:
        locator->inner = sqrt(lo);
        locator->outer = 2.0 / (h * sqrt(lo));
        break;
    case MZG_AXIS_FTICR:
        locator->outer = 1.0 / (h * lo);
        break;
    case MZG_AXIS_TOF:
        locator->inner = 1.0 / tof_root(spec, lo);
        locator->outer = 2.0 / (h * sqrt(spec->tof_b));
        break;
    case MZG_AXIS_CONSTANT:
        locator->outer = 1.0 / h;
        break;
    case MZG_AXIS_NATIVE:
    case MZG_AXIS_TYPES:
        break;
    }
    /* An error of the m/z shifts it by so many bins, most at one of the ends: m/w(m) has no maximum between.
     */
    int64_t n = axis->n_bins;
    double bins_per_mz = widest(axis->edges[0] / (axis->edges[1] - axis->edges[0]),
                                axis->edges[n] / (axis->edges[n] - axis->edges[n - 1]));
    locator->margin = roundings * DBL_EPSILON * widest(bins_per_mz, (double)n);
}

/* ln x for x > 0, within a few roundings: x = 2^k m with m in [sqrt(1/2), sqrt 2), and
 * ln m = 2 artanh s = 2 (s + s^3 P(s^2)) with s = (m - 1) / (m + 1), |s| < 0.172. P(q) approximates 1/3 + q/5
 * + q^2/7 + ... at the Chebyshev points of that range, to 5e-18 of ln m. */
static inline double log_of(double x)
{
    static const double two_52 = 0x1p52;
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint64_t exponent_bits = (bits >> 52) | 0x4330000000000000U; /* 2^52 + the biased exponent */
    uint64_t mantissa_bits = (bits & 0x000fffffffffffffU) | 0x3ff0000000000000U;
    double exponent;
    double m;
    memcpy(&exponent, &exponent_bits, sizeof exponent);
    memcpy(&m, &mantissa_bits, sizeof m);
    double high = m > 1.4142135623730951 ? 1.0 : 0.0;
    m = m - 0.5 * high * m;
    exponent = exponent - (two_52 + 1023.0) + high;

    double s = (m - 1.0) / (m + 1.0);
    double q = s * s;
    double series = 0x1.2b5900de53b32p-4;
    series = series * q + 0x1.39fe51a7c18f9p-4;
    series = series * q + 0x1.7462b51cb66b1p-4;
    series = series * q + 0x1.c71c62e3f11e6p-4;
    series = series * q + 0x1.2492492df281ap-3;
    series = series * q + 0x1.99999999952d7p-3;
    series = series * q + 0x1.5555555555558p-2;
    return exponent * 0.69314718055994531 + 2.0 * (s + s * (q * series));
}

MZG_CLONES
static void find_positions(const struct mzg_locator *locator, const double *mz, int64_t n, double *positions)
{
    const struct mzg_axis_spec *spec = &locator->axis->spec;
    double lo = locator->axis->first_edge;
    double inner = locator->inner;
    double outer = locator->outer;
    double ratio = spec->tof_b / spec->tof_a;
    switch (spec->type) {
    case MZG_AXIS_NATIVE: /* has no positions */
    case MZG_AXIS_TYPES:
        for (int64_t i = 0; i < n; i++)
            positions[i] = 0.0;
        break;
    case MZG_AXIS_CONSTANT:
        for (int64_t i = 0; i < n; i++)
            positions[i] = (mz[i] - lo) * outer;
        break;
    case MZG_AXIS_LINEAR_TOF:
        for (int64_t i = 0; i < n; i++)
            positions[i] = (mz[i] - lo) * outer / (sqrt(mz[i]) + inner);
        break;
    case MZG_AXIS_REFLECTOR_TOF:
        for (int64_t i = 0; i < n; i++)
            positions[i] = log_of(mz[i] * inner) * outer;
        break;
    case MZG_AXIS_ORBITRAP:
        for (int64_t i = 0; i < n; i++)
            positions[i] = (mz[i] - lo) * outer / (mz[i] + inner * sqrt(mz[i]));
        break;
    case MZG_AXIS_FTICR:
        for (int64_t i = 0; i < n; i++)
            positions[i] = (mz[i] - lo) * outer / mz[i];
        break;
    case MZG_AXIS_TOF:
        for (int64_t i = 0; i < n; i++) {
            double x = mz[i] * ratio;
            positions[i] = log_of((sqrt(x) + sqrt(1.0 + x)) * inner) * outer;
        }
        break;
    }
}

void mzg_locator_positions(const struct mzg_locator *locator, const double *mz, int64_t n, double *positions)
{
    find_positions(locator, mz, n, positions);
}

static int32_t clamp_position(double position, double last)
{
    double clamped = position > 0.0 ? position : 0.0;
    return (int32_t)(clamped < last ? clamped : last);
}

/* The whole parts of the positions; returns how many of them are too close to a whole number, or outside. */
MZG_CLONES
static int64_t split_positions(const double *positions, int64_t n, double margin, double last, int32_t *bins)
{
    int64_t doubtful = 0;
    for (int64_t i = 0; i < n; i++) {
        double clamped = positions[i] > 0.0 ? positions[i] : 0.0;
        int32_t bin = (int32_t)(clamped < last ? clamped : last);
        double part = positions[i] - (double)bin;
        bins[i] = bin;
        doubtful += (part < margin) | (part > 1.0 - margin);
    }
    return doubtful;
}

static int64_t repair(const struct mzg_axis *axis, double mz, int64_t bin)
{
    while (bin > 0 && mz < axis->edges[bin])
        bin--;
    while (bin < axis->n_bins - 1 && mz >= axis->edges[bin + 1])
        bin++;
    return bin;
}

void mzg_locator_bins(const struct mzg_locator *locator, const double *mz, int64_t n, int32_t *bins)
{
    const struct mzg_axis *axis = locator->axis;
    if (axis->spec.type == MZG_AXIS_NATIVE) {
        mzg_native_bins(axis, mz, n, bins);
        return;
    }
    double margin = locator->margin;
    double positions[block];
    for (int64_t begin = 0; begin < n; begin += block) {
        int64_t count = n - begin < block ? n - begin : block;
        mzg_locator_positions(locator, mz + begin, count, positions);
        int64_t doubtful =
            split_positions(positions, count, margin, (double)(axis->n_bins - 1), bins + begin);
        for (int64_t i = 0; doubtful > 0 && i < count; i++) {
            double part = positions[i] - (double)bins[begin + i];
            if (part < margin || part > 1.0 - margin) {
                bins[begin + i] = (int32_t)repair(axis, mz[begin + i], bins[begin + i]);
                doubtful--;
            }
        }
    }
}

int64_t mzg_locator_first_center(const struct mzg_locator *locator, double mz)
{
    const struct mzg_axis *axis = locator->axis;
    if (mz < axis->edges[0])
        return 0;
    if (mz > axis->edges[axis->n_bins])
        return axis->n_bins;
    if (axis->spec.type == MZG_AXIS_NATIVE)
        return mzg_native_first_center(axis, mz);
    double position;
    mzg_locator_positions(locator, &mz, 1, &position);
    int64_t bin = clamp_position(position, (double)(axis->n_bins - 1));
    while (bin > 0 && axis->centers[bin - 1] >= mz)
        bin--;
    while (bin < axis->n_bins && axis->centers[bin] < mz)
        bin++;
    return bin;
}
