/*
 * Exact sums of floating-point numbers: fixed-point numbers wide enough for every finite value of a type and
 * 2^31 of them, so that a sum does not depend on the order of its terms and is rounded once, at the end.
 *
 * A sum is an array of limbs, two's complement, least significant limb first, in units of the smallest
 * denormal number of the type; all zero is the sum of nothing:
 *
 *     type       unit        the largest value    2^31 of them    limbs
 *     float32    2^-149      bit  277             bit  308           5
 *     float64    2^-1074     bit 2098             bit 2129          34
 */
#ifndef MZG_CORE_EXACT_SUM_H
#define MZG_CORE_EXACT_SUM_H

#include <stdint.h>
#include <string.h>

enum { MZG_EXACT_SUM_MAX_LIMBS = 34 };

/* What the terms of a sum are. */
struct mzg_exact_sum_kind {
    int limbs;
    int unit_exponent;
};

extern const struct mzg_exact_sum_kind mzg_exact_sum_float32;
extern const struct mzg_exact_sum_kind mzg_exact_sum_float64;

/* Adds `term`, another sum of that kind. */
void mzg_exact_sum_merge(const struct mzg_exact_sum_kind *kind, uint64_t *sum, const uint64_t *term);

/* Adds `value` << position units, which the limbs must hold. */
void mzg_exact_sum_add_shifted(const struct mzg_exact_sum_kind *kind, uint64_t *sum, __int128 value,
                               uint32_t position);

/* The sum as the nearest double, ties to even; infinite where it is beyond all of them. */
double mzg_exact_sum_round(const struct mzg_exact_sum_kind *kind, const uint64_t *sum);

/* The sum, rounded so to 53 bits, divided by n; finite where n values of the type were added. */
double mzg_exact_sum_mean(const struct mzg_exact_sum_kind *kind, const uint64_t *sum, int64_t n);

/* A finite float is `mantissa` << `position` units of its kind; the mantissa has 24 bits and a sign. */
static inline void mzg_exact_sum_split_float32(float value, int64_t *mantissa, uint32_t *position)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t exponent = bits >> 23 & 0xff;
    int64_t magnitude = (bits & 0x7fffff) | (exponent ? 0x800000u : 0);
    *mantissa = bits >> 31 ? -magnitude : magnitude;
    *position = exponent ? exponent - 1 : 0;
}

/* Likewise a finite double; 53 bits and a sign. */
static inline void mzg_exact_sum_split_float64(double value, int64_t *mantissa, uint32_t *position)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t exponent = (uint32_t)(bits >> 52) & 0x7ff;
    int64_t magnitude = (int64_t)((bits & 0xfffffffffffff) | (exponent ? UINT64_C(1) << 52 : 0));
    *mantissa = bits >> 63 ? -magnitude : magnitude;
    *position = exponent ? exponent - 1 : 0;
}

#endif
