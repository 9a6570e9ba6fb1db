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

/* Adds a finite value. Inline, for it stands in the innermost loop over all stored values. */
static inline void mzg_exact_sum_add(struct mzg_exact_sum *sum, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t exponent = bits >> 23 & 0xff;
    uint64_t mantissa = (bits & 0x7fffff) | (exponent ? 0x800000u : 0);
    uint32_t position = exponent ? exponent - 1 : 0; /* of the mantissa's lowest bit */
    uint32_t limb = position / 64, shift = position % 64;
    unsigned __int128 wide = (unsigned __int128)mantissa << shift;
    uint64_t parts[2] = {(uint64_t)wide, (uint64_t)(wide >> 64)};
    unsigned long long carry;

    if (bits >> 31) {
        carry = __builtin_sub_overflow(sum->limbs[limb], parts[0], &sum->limbs[limb]);
        parts[1] += carry; /* below 2^24, so this cannot overflow */
        carry = __builtin_sub_overflow(sum->limbs[limb + 1], parts[1], &sum->limbs[limb + 1]);
        for (uint32_t i = limb + 2; carry && i < MZG_EXACT_SUM_LIMBS; i++)
            carry = __builtin_sub_overflow(sum->limbs[i], 1, &sum->limbs[i]);
    } else {
        carry = __builtin_add_overflow(sum->limbs[limb], parts[0], &sum->limbs[limb]);
        parts[1] += carry;
        carry = __builtin_add_overflow(sum->limbs[limb + 1], parts[1], &sum->limbs[limb + 1]);
        for (uint32_t i = limb + 2; carry && i < MZG_EXACT_SUM_LIMBS; i++)
            carry = __builtin_add_overflow(sum->limbs[i], 1, &sum->limbs[i]);
    }
}

#endif
