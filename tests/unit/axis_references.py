"""Prints axis_references.h: mass axes by mpmath at 60 digits, from the formulas of docs/mathematics.md alone.

Usage: python tests/unit/axis_references.py | clang-format --style=file >tests/unit/axis_references.h
"""
import mpmath
from mpmath import mpf

mpmath.mp.dps = 60
A, B = mpf("2"), mpf(0.001)
LAWS = {  # T, its inverse, w up to a factor
    "CONSTANT": (lambda m: m, lambda t: t, lambda m: mpf(1)),
    "LINEAR_TOF": (lambda m: 2 * mpmath.sqrt(m), lambda t: (t / 2) ** 2, mpmath.sqrt),
    "REFLECTOR_TOF": (mpmath.log, mpmath.exp, lambda m: m),
    "ORBITRAP": (lambda m: -2 / mpmath.sqrt(m), lambda t: 4 / t**2, lambda m: m ** mpf(1.5)),
    "FTICR": (lambda m: -1 / m, lambda t: -1 / t, lambda m: m * m),
    "TOF": (
        lambda m: 2 / mpmath.sqrt(B) * mpmath.asinh(mpmath.sqrt(B * m / A)),
        lambda t: A / B * mpmath.sinh(t * mpmath.sqrt(B) / 2) ** 2,
        lambda m: mpmath.sqrt(A * m + B * m * m),
    ),
}
SETS = [  # lowest and highest m/z, width, its reference, bins
    (100.0, 2000.0, 0.005, 1000.0, 0),
    (100.0, 2000.0, 0.0, 0.0, 100003),
    (0.25, 20000.0, 1.0, 300.0, 0),
    (1.0, 1000000.0, 0.0, 0.0, 200000),
]
HEAD = """/*
 * Mass axes computed with mpmath at 60 digits from the formulas alone, rounded to doubles, by
 * axis_references.py: h, edges 1, N / 3 and N - 1, and centre N / 3. The first six rows are 5 mDa at m/z 1000.
 */
#ifndef AXIS_REFERENCES_H
#define AXIS_REFERENCES_H

#include <mzgrid/axis.h>

/* The two-term law of these rows. */
#define TOF_A 2.0
#define TOF_B 0.001

static const struct {
    enum mzg_axis_type type;
    double min_mz, max_mz, bin_width, reference_mz;
    int64_t bins;
    int64_t n_bins;
    double step;
    double edges[3];
    double center;
} references[] = {"""


def row(name, low, high, width, reference, bins):
    transform, inverse, scale = LAWS[name]
    lo, hi = transform(mpf(low)), transform(mpf(high))
    if bins:
        begin, step, n = lo, (hi - lo) / bins, bins
    else:  # edges at whole multiples of the step
        step = mpf(width) / scale(mpf(reference))
        first = mpmath.floor(lo / step + mpf("1e-9"))
        n = int(mpmath.ceil(hi / step - mpf("1e-9")) - first)
        begin = first * step

    def at(k):
        return float(inverse(begin + k * step)).hex()

    edges = ", ".join(at(k) for k in (1, n // 3, n - 1))
    center = at(n // 3 + mpf(0.5))
    return (f"{{MZG_AXIS_{name}, {low}, {high}, {width}, {reference}, {bins}, {n}, {float(step).hex()}, "
            f"{{{edges}}}, {center}}},")


print(HEAD)
for numbers in SETS:
    for law in LAWS:
        print(row(law, *numbers))
print("};\n\n#endif")
