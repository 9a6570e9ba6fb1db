#include <core/exact_sum.h>

#include <math.h>
#include <stdbool.h>

enum { UNIT_EXPONENT = -149 };

void mzg_exact_sum_merge(struct mzg_exact_sum *sum, const struct mzg_exact_sum *b)
{
    unsigned __int128 carry = 0;
    for (int i = 0; i < MZG_EXACT_SUM_LIMBS; i++) {
        carry += (unsigned __int128)sum->limbs[i] + b->limbs[i];
        sum->limbs[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

void mzg_exact_sum_add_shifted(struct mzg_exact_sum *sum, int64_t value, uint32_t position)
{
    struct mzg_exact_sum term;
    uint64_t sign = value < 0 ? UINT64_MAX : 0;
    for (uint32_t i = 0; i < MZG_EXACT_SUM_LIMBS; i++)
        term.limbs[i] = i < position / 64 ? 0 : sign;
    __int128 wide = (__int128)value * ((__int128)1 << position % 64);
    term.limbs[position / 64] = (uint64_t)wide;
    term.limbs[position / 64 + 1] = (uint64_t)(wide >> 64);
    mzg_exact_sum_merge(sum, &term);
}

void mzg_exact_sum_add(struct mzg_exact_sum *sum, float value)
{
    int64_t mantissa;
    uint32_t position;
    mzg_exact_sum_split(value, &mantissa, &position);
    mzg_exact_sum_add_shifted(sum, mantissa, position);
}

static void negate(struct mzg_exact_sum *sum)
{
    uint64_t carry = 1;
    for (int i = 0; i < MZG_EXACT_SUM_LIMBS; i++) {
        sum->limbs[i] = ~sum->limbs[i] + carry;
        carry = carry && sum->limbs[i] == 0;
    }
}

static bool bit_is_set(const struct mzg_exact_sum *sum, int bit)
{
    return sum->limbs[bit / 64] >> (bit % 64) & 1;
}

static bool any_bit_below(const struct mzg_exact_sum *sum, int bit)
{
    for (int i = 0; i < bit / 64; i++)
        if (sum->limbs[i])
            return true;
    return bit % 64 && sum->limbs[bit / 64] << (64 - bit % 64);
}

double mzg_exact_sum_round(const struct mzg_exact_sum *sum)
{
    struct mzg_exact_sum magnitude = *sum;
    bool negative = magnitude.limbs[MZG_EXACT_SUM_LIMBS - 1] >> 63;
    if (negative)
        negate(&magnitude);

    int top = 64 * MZG_EXACT_SUM_LIMBS - 1;
    while (top >= 0 && !bit_is_set(&magnitude, top))
        top--;
    if (top < 0)
        return 0;

    int lowest = top > 52 ? top - 52 : 0; /* of the 53 bits that a double keeps */
    uint64_t mantissa = 0;
    for (int bit = top; bit >= lowest; bit--)
        mantissa = mantissa << 1 | bit_is_set(&magnitude, bit);
    if (lowest > 0 && bit_is_set(&magnitude, lowest - 1) &&
        (any_bit_below(&magnitude, lowest - 1) || (mantissa & 1)))
        mantissa++;
    double rounded = ldexp((double)mantissa, lowest + UNIT_EXPONENT);
    return negative ? -rounded : rounded;
}
