#include <core/exact_sum.h>

#include <math.h>
#include <stdbool.h>

const struct mzg_exact_sum_kind mzg_exact_sum_float32 = {.limbs = 5, .unit_exponent = -149};
const struct mzg_exact_sum_kind mzg_exact_sum_float64 = {.limbs = 34, .unit_exponent = -1074};

void mzg_exact_sum_merge(const struct mzg_exact_sum_kind *kind, uint64_t *sum, const uint64_t *term)
{
    unsigned __int128 carry = 0;
    for (int i = 0; i < kind->limbs; i++) {
        carry += (unsigned __int128)sum[i] + term[i];
        sum[i] = (uint64_t)carry;
        carry >>= 64;
    }
}

void mzg_exact_sum_add_shifted(const struct mzg_exact_sum_kind *kind, uint64_t *sum, __int128 value,
                               uint32_t position)
{
    uint32_t shift = position % 64;
    uint64_t sign = value < 0 ? UINT64_MAX : 0;
    uint64_t low = (uint64_t)value, high = (uint64_t)(value >> 64);
    const uint64_t term[3] = {low << shift, shift ? high << shift | low >> (64 - shift) : high,
                              shift ? sign << shift | high >> (64 - shift) : sign};
    unsigned __int128 carry = 0;
    for (int i = (int)(position / 64), digit = 0; i < kind->limbs; i++, digit++) {
        carry += (unsigned __int128)sum[i] + (digit < 3 ? term[digit] : sign);
        sum[i] = (uint64_t)carry;
        carry >>= 64;
        if (digit >= 2 && carry == (sign & 1))
            return; /* neither the sign nor a carry changes the limbs above */
    }
}

static void negate(const struct mzg_exact_sum_kind *kind, uint64_t *sum)
{
    uint64_t carry = 1;
    for (int i = 0; i < kind->limbs; i++) {
        sum[i] = ~sum[i] + carry;
        carry = carry && sum[i] == 0;
    }
}

static bool bit_is_set(const uint64_t *sum, int bit)
{
    return sum[bit / 64] >> (bit % 64) & 1;
}

static bool any_bit_below(const uint64_t *sum, int bit)
{
    for (int i = 0; i < bit / 64; i++)
        if (sum[i])
            return true;
    return bit % 64 && sum[bit / 64] << (64 - bit % 64);
}

/* The bits of `magnitude` from `lowest` to `top`, of which there are at most 53. */
static uint64_t bits_of(const uint64_t *magnitude, int lowest, int top)
{
    uint64_t bits = 0;
    for (int bit = top; bit >= lowest; bit--)
        bits = bits << 1 | bit_is_set(magnitude, bit);
    return bits;
}

/* Rounds the sum to a whole number of 53 bits and a power of 2. */
static double round_to_mantissa(const struct mzg_exact_sum_kind *kind, const uint64_t *sum, int *exponent)
{
    uint64_t magnitude[MZG_EXACT_SUM_MAX_LIMBS];
    memcpy(magnitude, sum, (size_t)kind->limbs * sizeof *sum);
    bool negative = magnitude[kind->limbs - 1] >> 63;
    if (negative)
        negate(kind, magnitude);

    int limb = kind->limbs - 1;
    while (limb >= 0 && magnitude[limb] == 0)
        limb--;
    *exponent = 0;
    if (limb < 0)
        return 0;
    int top = 64 * limb + 63 - __builtin_clzll(magnitude[limb]);
    int lowest = top > 52 ? top - 52 : 0; /* of the 53 bits that a double keeps */
    uint64_t mantissa = bits_of(magnitude, lowest, top);
    if (lowest > 0 && bit_is_set(magnitude, lowest - 1) &&
        (any_bit_below(magnitude, lowest - 1) || (mantissa & 1)))
        mantissa++;
    *exponent = lowest + kind->unit_exponent;
    return negative ? -(double)mantissa : (double)mantissa;
}

double mzg_exact_sum_round(const struct mzg_exact_sum_kind *kind, const uint64_t *sum)
{
    int exponent;
    double mantissa = round_to_mantissa(kind, sum, &exponent);
    return ldexp(mantissa, exponent);
}

double mzg_exact_sum_mean(const struct mzg_exact_sum_kind *kind, const uint64_t *sum, int64_t n)
{
    int exponent;
    double mantissa = round_to_mantissa(kind, sum, &exponent);
    double rounded = ldexp(mantissa, exponent);
    return isfinite(rounded) ? rounded / (double)n : ldexp(mantissa / (double)n, exponent);
}
