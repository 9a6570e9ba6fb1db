/*
 * Exact sums of floats: a fixed-point number wide enough for every float32 and 2^31 of them, so that a sum
 * does not depend on the order of its terms and is rounded once, at the end.
 *
 * 320 bits, two's complement, least significant limb first, in units of 2^-149, the smallest denormal
 * float32: the largest float32 reaches bit 277, and 2^31 of them bit 308.
 */
#ifndef MZG_CORE_EXACT_SUM_H
#define MZG_CORE_EXACT_SUM_H

#include <stdint.h>
#include <string.h>

enum { MZG_EXACT_SUM_LIMBS = 5 };

/* All zero is the sum of nothing. */
struct mzg_exact_sum {
    uint64_t limbs[MZG_EXACT_SUM_LIMBS];
};

/* Adds `b` to `sum`. */
void mzg_exact_sum_merge(struct mzg_exact_sum *sum, const struct mzg_exact_sum *b);

/* The sum as the nearest double, ties to even. */
double mzg_exact_sum_round(const struct mzg_exact_sum *sum);

/* Adds `value` << `position` units, position at most 253. */
void mzg_exact_sum_add_shifted(struct mzg_exact_sum *sum, int64_t value, uint32_t position);

/* A finite float is `mantissa` << `position` units. */
static inline void mzg_exact_sum_split(float value, int64_t *mantissa, uint32_t *position)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t exponent = bits >> 23 & 0xff;
    int64_t magnitude = (bits & 0x7fffff) | (exponent ? 0x800000u : 0);
    *mantissa = bits >> 31 ? -magnitude : magnitude;
    *position = exponent ? exponent - 1 : 0;
}

/* Adds a finite value. */
void mzg_exact_sum_add(struct mzg_exact_sum *sum, float value);

#endif
